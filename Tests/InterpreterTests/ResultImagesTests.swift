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
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        var resultImages = ResultImages(limit: 1, owner: "a")
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
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        var resultImages = ResultImages(limit: 2, owner: "a")
        let pixel: [UInt8] =
            Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
            + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0]
        resultImages.add(CapturedImage(bytes: .success(pixel + [0x3B]), type: .gif), gate)
        resultImages.add(CapturedImage(bytes: .success(pixel + pixel[19...] + [0x3B]), type: .gif), gate)
        let (admitted, notes) = await resultImages.images(within: .seconds(60))
        #expect(admitted.map(\.type) == [.png, .png])
        #expect(notes == ["Image 1: GIF, shown as PNG at 1×1", "Image 2: first frame of a GIF, shown at 1×1"])
    }

    @Test func `a line says that a white ground was put behind an image`() async throws {
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        var resultImages = ResultImages(limit: 2, owner: "a")
        let bytes = SampleImages.png(width: 9, height: 9, colorType: 6, bitDepth: 8) { x, y in
            [0, 0, 0, x > 2 && x < 6 && y > 2 && y < 6 ? 255 : 0]
        }
        resultImages.add(CapturedImage(bytes: .success(bytes), type: .png), gate)
        let notes = await resultImages.images(within: .seconds(60)).notes
        #expect(notes == ["Image 1: shown at 9×9 as made, on a white ground behind dark ink on transparency"])
    }

    /// The sizes of the pictures that come through, of pictures of these widths.
    private func shown(_ widths: [Int], limit: Int) async throws -> (widths: [Int], notes: [String]) {
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        var resultImages = ResultImages(limit: limit, owner: "a")
        for width in widths {
            let bytes = SampleImages.png(width: width, height: 2)
            let image = CapturedImage(bytes: .success(bytes), type: .png)
            if resultImages.isNew(image) { resultImages.add(image, gate) }
        }
        let (admitted, notes) = await resultImages.images(within: .seconds(60))
        return (admitted.map(\.width), notes)
    }

    @Test func `the same picture is shown once, wherever it comes again`() async throws {
        let (widths, notes) = try await shown([3, 4, 3, 3, 5, 4], limit: 10)
        #expect(widths == [3, 4, 5] && notes.isEmpty)
    }

    @Test(arguments: [
        (1, [12], 11), (2, [1, 12], 10), (3, [1, 11, 12], 9),
        (10, [1, 2, 3, 4, 5, 8, 9, 10, 11, 12], 2),
        (11, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12], 1),
    ])
    func `of too many pictures the first and the last ones stay`(limit: Int, kept: [Int], leftOut: Int) async throws {
        let (widths, notes) = try await shown(Array(1...12), limit: limit)
        #expect(widths == kept)
        #expect(
            notes == [
                "\(leftOut) of 12 left out: an answer carries at most \(limit) images, the first and the last ones"
            ])
    }

    @Test(.timeLimit(.minutes(10))) func `an answer goes without the images that it would wait for too long`()
        async throws
    {
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        var resultImages = ResultImages(limit: 9, owner: "a")
        for more in 0..<9 {
            let image = SampleImages.png(width: 1000 + more, height: 1000)
            resultImages.add(CapturedImage(bytes: .success(image), type: .png), gate)
        }
        // They are decoded one after the other: the last ones cannot have been by now.
        let (admitted, notes) = await resultImages.images(within: .zero)
        #expect(admitted.count < 9)
        #expect(notes.last == "Image 9: left out, there was no time to decode it within 0 seconds")
    }
}
