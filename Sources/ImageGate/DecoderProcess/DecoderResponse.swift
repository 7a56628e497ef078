/// A response of a decoder process: a head of integers, and then the bytes of the admitted image, or the text of the
/// rejection.
///
/// A process that an image has taken over may send anything. The gate therefore limits the number of bytes that it
/// reads, and passes an image on only if a correct decoder could have made it from the request.
struct DecoderResponse {
    struct Head {
        static let count = 9
        /// The largest number of bytes of a rejection's text.
        static let textLimit = 400

        /// The kind of response, its values, padding with zeros, and the number of bytes that follow.
        let words: [Int]
        var byteCount: Int { words[8] }
        var isAdmission: Bool { words[0] == 0 }

        init(_ words: [Int], to request: DecoderRequest) throws(DecoderError) {
            self.words = words
            let limit = words[0] == 0 ? request.policy.byteBudget : Self.textLimit
            guard 0...limit ~= words[8] else { throw .protocolViolation }
        }

        fileprivate init(kind: Int, _ words: [Int], byteCount: Int) {
            self.words = [kind] + words + Array(repeating: 0, count: 7 - words.count) + [byteCount]
        }
    }

    let head: Head
    let bytes: [UInt8]

    init(head: Head, bytes: [UInt8]) { (self.head, self.bytes) = (head, bytes) }

    // MARK: The decoder's side

    init(_ result: AdmissionResult, to request: DecoderRequest) {
        switch result {
        case .success(let image):
            bytes = image.bytes
            let words = [
                image.type.code, image.width, image.height, image.originalWidth, image.originalHeight,
                request.treatments.firstIndex(of: image.treatment) ?? -1, image.isOnWhite ? 1 : 0,
            ]
            head = Head(kind: 0, words, byteCount: bytes.count)
        case .failure(let error):
            let (kind, words, text) = error.record
            bytes = Array(text.utf8.prefix(Head.textLimit))
            head = Head(kind: kind, words, byteCount: bytes.count)
        }
    }

    // MARK: The gate's side

    func result(of request: DecoderRequest) throws(DecoderError) -> AdmissionResult {
        guard head.isAdmission else {
            guard let error = ImageGateError(kind: head.words[0], head.words[1...], text: Self.printable(bytes))
            else { throw .protocolViolation }
            return .failure(error)
        }
        let words = head.words
        let treatments = request.treatments
        guard let type = ImageType(code: words[1]), treatments.indices.contains(words[6]) else {
            throw .protocolViolation
        }
        let image = AdmittedImage(
            bytes: bytes, type: type, width: words[2], height: words[3], originalWidth: words[4],
            originalHeight: words[5], treatment: treatments[words[6]], isOnWhite: words[7] == 1)
        guard image.canCome(of: request) else { throw .protocolViolation }
        return .success(image)
    }

    /// Replaces characters by spaces that a terminal could take for a command, or that break a line.
    private static func printable(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            text.append(scalar.properties.generalCategory.isPrintable ? scalar : " ")
        }
        return String(text)
    }
}

extension DecoderRequest {
    /// The treatments that an image of the request's type can have had.
    fileprivate var treatments: [AdmittedImage.Treatment] {
        switch type {
        case .png: [.passed, .thumbnailed, .firstFrame(of: .png)]
        case .jpeg: [.passed, .thumbnailed]
        case .svg: policy.svg == .rasterise ? [.rasterised, .rasterisedInPart] : [.passed]
        case .gif, .webp: [.converted(from: type), .firstFrame(of: type)]
        }
    }
}

extension AdmittedImage {
    fileprivate func canCome(of request: DecoderRequest) -> Bool {
        let policy = request.policy
        let isDrawing = request.type == .svg && policy.svg == .sanitise
        guard (type == .svg) == isDrawing, !isOnWhite || policy.ground == .white else { return false }
        let sides = 1...max(policy.sideLimit, Int(SVGLimit.naturalSide))
        guard sides ~= originalWidth, sides ~= originalHeight, sides ~= width, sides ~= height else { return false }
        guard !isDrawing else {
            let drawing = SVGImage(sanitised: bytes, policy: policy)
            return drawing?.width == width && drawing?.height == height
        }
        return (request.type == .svg || originalWidth * originalHeight <= policy.pixelLimit)
            && min(width, height) <= policy.shortSide && max(width, height) <= policy.longSide
            && PixelSize(statedIn: bytes, of: type) == PixelSize(width: width, height: height)
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isPrintable: Bool {
        switch self {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
