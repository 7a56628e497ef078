import E2B
import ImageGate
import LibreChat
import TestSupport
import Testing

@testable import Responder

struct GalleryTests {
    @Test func `of a result's forms the first is shown: PNG, JPEG, SVG, GIF, WebP`() {
        var result = ExecutionResult(text: "a plot")
        let hidden = HiddenValues([:])
        #expect(result.image(hidden) == nil)
        var shown: [ImageType?] = []
        // From the last to the first: each goes before those that are there already.
        for add in [
            { $0.webp = .success([]) }, { $0.gif = .success([]) }, { $0.svg = "" }, { $0.jpeg = .success([]) },
            { $0.png = .failure(MalformedBase64()) },
        ] as [(inout ExecutionResult) -> Void] {
            add(&result)
            shown.append(result.image(hidden)?.type)
        }
        #expect(shown == [.webp, .gif, .svg, .jpeg, .png])
    }

    @Test func `a line says what an image was, and only where it is not shown as it was made`() async {
        var gallery = Gallery(limit: 2, owner: "a")
        let gate = ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        let pixel: [UInt8] =
            Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
            + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0]
        gallery.add(CapturedImage(bytes: .success(pixel + [0x3B]), type: .gif), gate)
        gallery.add(CapturedImage(bytes: .success(pixel + pixel[19...] + [0x3B]), type: .gif), gate)
        gallery.add(CapturedImage(bytes: .success([]), type: .gif), gate)
        let (admitted, notes) = await gallery.images(within: .seconds(60))
        #expect(admitted.map(\.type) == [.png, .png])
        #expect(
            notes == [
                "Image 1: GIF, shown as PNG at 1×1", "Image 2: first frame of a GIF, shown at 1×1",
                "1 more left out: an answer carries at most 2 images",
            ])
    }

    @Test(.timeLimit(.minutes(2))) func `an answer goes without the images that it would wait for too long`() async {
        var gallery = Gallery(limit: 9, owner: "a")
        let gate = ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        let image = SampleImages.png(width: 3000, height: 3000)
        for _ in 0..<9 { gallery.add(CapturedImage(bytes: .success(image), type: .png), gate) }
        // They are decoded one after the other: the last ones cannot have been by now.
        let (admitted, notes) = await gallery.images(within: .zero)
        #expect(admitted.count < 9)
        #expect(notes.last == "Image 9: left out, there was no time to decode it within 0 seconds")
    }
}
