import E2B
import Fetch
import FoundationEssentials
import ImageGate
import Responder

/// `POST /execute`: a program draws a sine wave, and its picture comes back.
struct ExecuteCheck: ServiceCheck {
    let surface: Surface

    private static let subject = "POST \(EndpointPath.execute)"

    func findings() async -> [Finding] {
        [
            await Finding.about(Self.subject) {
                let begin = ContinuousClock.now
                let response = try await surface.post(EndpointPath.execute, Surface.sineWave)
                let time = begin.elapsed
                guard let answer = try Answer(response) else {
                    throw surface.problem(of: response, at: EndpointPath.execute)
                }
                guard response.head.status == 200 else {
                    throw Failure("\(surface.shownURL) answered \(response.head.status): \(answer.text)")
                }
                if answer.isLinked { return .ok(Self.subject, "a plot came as a link, in \(time)") }
                guard !answer.images.isEmpty else {
                    throw Failure("\(surface.shownURL) answered without an image: \(answer.text)")
                }
                var descriptions: [String] = []
                for (bytes, type) in answer.images {
                    descriptions.append(try await surface.description(of: bytes, type))
                }
                let count = answer.images.count == 1 ? "1 image" : "\(answer.images.count) images"
                return .ok(Self.subject, "\(count), \(descriptions.joined(separator: "; ")), in \(time)")
            }
        ]
    }

    /// The texts and the images of a response, which is LibreChat's two-element array.
    private struct Answer {
        private(set) var text = ""
        /// A picture is a link (E2B_FCGI_IMAGES_AS).
        var isLinked: Bool { images.isEmpty && text.contains("![image 1](http") }
        private(set) var images: [(bytes: [UInt8], type: ImageType)] = []

        private struct Text: Decodable { let text: String }
        private struct Content: Decodable {
            struct Part: Decodable {
                struct Address: Decodable { let url: String }
                let image_url: Address
            }
            let content: [Part]
        }
        private struct Pair: Decodable {
            let texts: [Text]
            let content: Content
            init(from decoder: any Decoder) throws {
                var array = try decoder.unkeyedContainer()
                texts = try array.decode([Text].self)
                content = try array.decode(Content.self)
            }
        }

        /// - Returns: nil if it is something else.
        init?(_ response: FetchResponse) throws {
            guard let pair = try? JSONDecoder().decode(Pair.self, from: Data(response.body)) else { return nil }
            text = pair.texts.map(\.text).joined(separator: "\n")
            for part in pair.content.content {
                let halves = part.image_url.url.split(separator: ";base64,", maxSplits: 1)
                let type = [ImageType.png, .jpeg, .svg].first { halves.first.map(String.init) == "data:\($0.mimeType)" }
                guard halves.count == 2, let type, let bytes = Data(base64Encoded: String(halves[1])) else {
                    throw Failure("An image in the answer is not a data URI.")
                }
                images.append(([UInt8](bytes), type))
            }
        }
    }
}
