import E2B
import ImageGate
import TestSupport
import Testing

@testable import Interpreter

struct ResultImagesTests {
    @Test func `of a result's forms the first is shown: PNG, JPEG, SVG, GIF, WebP`() {
        var result = ExecutionResult(text: "a plot")
        let secrets = SecretRedactor.none
        #expect(result.image(secrets) == nil)
        var shown: [ImageType?] = []
        // From the last to the first: each goes before those that are there already.
        for add in [
            { $0.webp = .success([]) }, { $0.gif = .success([]) }, { $0.svg = "" }, { $0.jpeg = .success([]) },
            { $0.png = .failure(MalformedBase64()) },
        ] as [(inout ExecutionResult) -> Void] {
            add(&result)
            shown.append(result.image(secrets)?.type)
        }
        #expect(shown == [.webp, .gif, .svg, .jpeg, .png])
    }

    @Test(arguments: [
        "<text>s3c<!-- -->ret-value</text>", "<text>s3c<?a b?>ret-value</text>",
        "<text>s3c<tspan x='>'>ret</tspan>-value</text>",
        "<text>s3c<![CDATA[ret-]]>value</text>", "<text>s3c<script>1</script>ret-value</text>",
        "<text>s3c<b/>ret&#45;value</text>", "<text>s3c<b/>&#x72;et-value</text>", "<t>s3cret<t>-<t>value",
    ])
    func `a drawing whose text is a hidden value only when it is seen is rejected`(text: String) async throws {
        var result = ExecutionResult()
        result.svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>\(text)</svg>"
        var resultImages = ResultImages(limit: 1, owner: "a")
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        if let image = result.image(SecretRedactor(["TOKEN": "s3cret-value"])) { resultImages.add(image, gate) }
        let (admitted, notes) = await resultImages.images(within: .seconds(60))
        #expect(admitted.isEmpty)
        #expect(notes == ["Image 1: rejected, SVG with the hidden variable TOKEN in its text"])
    }

    @Test func `a drawing with a hidden value in its source loses it, and is drawn`() {
        var result = ExecutionResult()
        result.svg = "<svg><!-- s3cret-value --><text a='s3cret-value'>s3cret-value, s3c &lt; ret</text></svg>"
        let bytes = try? result.image(SecretRedactor(["TOKEN": "s3cret-value"]))?.bytes.get()
        #expect(
            bytes.map { String(decoding: $0, as: UTF8.self) }
                == "<svg><!-- [hidden:TOKEN] --><text a='[hidden:TOKEN]'>[hidden:TOKEN], s3c &lt; ret</text></svg>")
    }

    @Test func `a line says what an image was, and only where it is not shown as it was made`() async throws {
        var resultImages = ResultImages(limit: 2, owner: "a")
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        let pixel: [UInt8] =
            Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
            + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0]
        resultImages.add(CapturedImage(bytes: .success(pixel + [0x3B]), type: .gif), gate)
        resultImages.add(CapturedImage(bytes: .success(pixel + pixel[19...] + [0x3B]), type: .gif), gate)
        resultImages.add(CapturedImage(bytes: .success([]), type: .gif), gate)
        let (admitted, notes) = await resultImages.images(within: .seconds(60))
        #expect(admitted.map(\.type) == [.png, .png])
        #expect(
            notes == [
                "Image 1: GIF, shown as PNG at 1×1", "Image 2: first frame of a GIF, shown at 1×1",
                "1 more left out: an answer carries at most 2 images",
            ])
    }

    @Test(.timeLimit(.minutes(10))) func `an answer goes without the images that it would wait for too long`()
        async throws
    {
        var resultImages = ResultImages(limit: 9, owner: "a")
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        let image = SampleImages.png(width: 3000, height: 3000)
        for _ in 0..<9 { resultImages.add(CapturedImage(bytes: .success(image), type: .png), gate) }
        // They are decoded one after the other: the last ones cannot have been by now.
        let (admitted, notes) = await resultImages.images(within: .zero)
        #expect(admitted.count < 9)
        #expect(notes.last == "Image 9: left out, there was no time to decode it within 0 seconds")
    }
}
