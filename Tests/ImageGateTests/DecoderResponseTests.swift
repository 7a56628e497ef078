import TestSupport
import Testing

@testable import ImageGate

/// What the gate believes of what a decoder says.
struct DecoderResponseTests {
    private let png = SampleImages.png(width: 30, height: 20)

    private func request(_ type: ImageType = .png, _ treatment: ImagePolicy.SVGTreatment = .rasterise) -> DecoderRequest
    {
        var policy = ImagePolicy.box(40, 60, budget: 5000)
        policy.svg = treatment
        return DecoderRequest(policy, type: type, processorTime: .seconds(1), byteCount: 1)
    }

    private func image(_ change: (inout AdmittedImage) -> Void = { _ in }) -> AdmittedImage {
        var image = AdmittedImage(
            bytes: png, type: .png, width: 30, height: 20, originalWidth: 300, originalHeight: 200,
            treatment: .thumbnailed)
        change(&image)
        return image
    }

    /// As it would come over the socket.
    private func received(
        _ response: DecoderResponse, _ request: DecoderRequest
    ) throws(DecoderError) -> AdmissionResult {
        let head = try DecoderResponse.Head(response.head.words, to: request)
        return try DecoderResponse(head: head, bytes: response.bytes).result(of: request)
    }

    @Test func `a request arrives as it was sent`() {
        for type in ImageType.allCases {
            #expect(DecoderRequest(request(type, .sanitise).words) == request(type, .sanitise))
            #expect(DecoderRequest(request(type).words) == request(type))
        }
        var words = request().words
        words[10] = -1
        #expect(DecoderRequest(words) == nil)
        words[10] = words[3] + 1
        #expect(DecoderRequest(words) == nil)
        #expect(DecoderRequest([]) == nil)
    }

    @Test(arguments: [
        ImageGateError.empty, .unknownType, .typeMismatch(claimed: .jpeg, actual: .svg),
        .tooManyBytes(count: 9, limit: 8), .tooManyPixels(width: 3, height: 4, limit: 11), .truncated(.jpeg),
        .trailingData(.png, count: 12), .malformed(.svg, why: "SVG line 1: no"), .forbidden(.svg, what: "scripts"),
        .overBudget(limit: 3), .outOfMemory,
    ])
    func `a rejection arrives as it was sent`(rejection: ImageGateError) throws {
        #expect(try received(DecoderResponse(.failure(rejection), to: request()), request()) == .failure(rejection))
    }

    @Test(arguments: [
        ImageGateError.cancelled, .decoderUnavailable, .decoderCrashed(.png), .decoderTooSlow(.png),
        .decoderMisbehaved(.png),
    ])
    func `what only the gate can know is not believed`(rejection: ImageGateError) {
        #expect(throws: DecoderError.protocolViolation) {
            try received(DecoderResponse(.failure(rejection), to: request()), request())
        }
    }

    @Test func `words about a rejection are short and printable`() throws {
        let hostile = "a\u{1B}[2J\n\u{202E}\0" + String(repeating: "x", count: 10_000)
        let response = DecoderResponse(.failure(.malformed(.png, why: hostile)), to: request())
        guard case .failure(.malformed(.png, let why)) = try received(response, request()) else {
            Issue.record("another rejection")
            return
        }
        #expect(why.hasPrefix("a [2J   xxx") && why.utf8.count <= 400)
    }

    @Test func `an image arrives as it was sent`() throws {
        #expect(try received(DecoderResponse(.success(image()), to: request()), request()) == .success(image()))
        let drawn = image { $0.treatment = .rasterised }
        #expect(try received(DecoderResponse(.success(drawn), to: request(.svg)), request(.svg)) == .success(drawn))
        let drawing = image { $0 = $0.asDrawing }
        let asIs = request(.svg, .sanitise)
        #expect(try received(DecoderResponse(.success(drawing), to: asIs), asIs) == .success(drawing))
        for type in [ImageType.gif, .webp] {
            for treatment in [AdmittedImage.Treatment.converted(from: type), .firstFrame(of: type)] {
                let converted = image { $0.treatment = treatment }
                let response = DecoderResponse(.success(converted), to: request(type))
                #expect(try received(response, request(type)) == .success(converted))
            }
        }
    }

    @Test func `an image that cannot come of the request is not believed`() {
        let lies: [AdmittedImage] = [
            image { $0.width = 31 }, image { $0.height = 0 }, image { $0.width = -1 }, image { $0.type = .jpeg },
            image { $0.bytes = [] }, image { $0.bytes = Array("<html>".utf8) }, image { $0.treatment = .rasterised },
            image { $0.originalWidth = .max }, image { $0.originalHeight = 0 },
            image { ($0.originalWidth, $0.originalHeight) = (1_000_000, 1_000_000) },
            // Over the box, and over the budget.
            image { ($0.width, $0.height, $0.bytes) = (41, 41, SampleImages.png(width: 41, height: 41)) },
            image { $0.bytes += Array(repeating: 0, count: 5000) },
            image { $0 = $0.asDrawing },
        ]
        for lie in lies {
            #expect(throws: DecoderError.protocolViolation) {
                try received(DecoderResponse(.success(lie), to: request()), request())
            }
        }
        let asIs = request(.svg, .sanitise)
        let drawings: [AdmittedImage] = [
            image(),
            image {
                $0 = $0.asDrawing; $0.width = 31
            },
            image {
                $0 = $0.asDrawing; $0.height = 21
            },
            image {
                $0 = $0.asDrawing; $0.type = .png
            }, image { $0 = $0.asDrawing(of: "<script>x()</script>") },
            image { $0 = $0.asDrawing(of: "<g onload=\"x()\"/>") }, image { $0 = $0.asDrawing(of: "<!---->") },
            image {
                $0 = $0.asDrawing; $0.bytes += Array("<html>".utf8)
            },
        ]
        for lie in drawings {
            #expect(throws: DecoderError.protocolViolation) {
                try received(DecoderResponse(.success(lie), to: asIs), asIs)
            }
        }
        for type in ImageType.allCases {
            let words = [0, type.code, 30, 20, 30, 20, 3, 0, png.count]
            #expect(throws: DecoderError.protocolViolation) {
                let head = try DecoderResponse.Head(words, to: request(type))
                _ = try DecoderResponse(head: head, bytes: png).result(of: request(type))
            }
        }
        for count in [-1, 5001, Int.min, Int.max] {
            #expect(throws: DecoderError.protocolViolation) {
                try DecoderResponse.Head([0, 0, 30, 20, 30, 20, 0, 0, count], to: request())
            }
        }
        for kind in [-1, 12, Int.min, Int.max] {
            #expect(throws: DecoderError.protocolViolation) {
                let head = try DecoderResponse.Head([kind, 0, 0, 0, 0, 0, 0, 0, 0], to: request())
                _ = try DecoderResponse(head: head, bytes: []).result(of: request())
            }
        }
    }
}

extension AdmittedImage {
    fileprivate var asDrawing: AdmittedImage { asDrawing(of: "<g/>") }

    fileprivate func asDrawing(of content: String) -> AdmittedImage {
        var drawing = self
        let document = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\">\(content)</svg>"
        (drawing.bytes, drawing.type, drawing.treatment) = (Array(document.utf8), .svg, .passed)
        return drawing
    }
}
