/// A request to a decoder process, which precedes the bytes of an image. It consists of integers in native byte order,
/// because both ends are the same program.
struct DecoderRequest: Equatable {
    let policy: ImagePolicy
    let type: ImageType
    /// The processor time for the image in milliseconds.
    let processorTime: Int
    let byteCount: Int

    static let wordCount = 11

    init(_ policy: ImagePolicy, type: ImageType, processorTime: Duration, byteCount: Int) {
        self.policy = policy
        self.type = type
        self.processorTime = Int(processorTime / .milliseconds(1))
        self.byteCount = byteCount
    }

    var words: [Int] {
        [
            policy.shortSide, policy.longSide, policy.byteBudget, policy.inputByteLimit, policy.pixelLimit,
            policy.sideLimit, policy.svg.code, policy.ground.code, type.code, processorTime, byteCount,
        ]
    }

    /// Reads a request; nil if the gate cannot have sent it.
    init?(_ words: [Int]) {
        guard words.count == Self.wordCount, let svg = ImagePolicy.SVGTreatment(code: words[6]),
            let ground = ImagePolicy.Ground(code: words[7]), let type = ImageType(code: words[8]),
            0...words[3] ~= words[10]
        else { return nil }
        var policy = ImagePolicy()
        (policy.shortSide, policy.longSide, policy.byteBudget) = (words[0], words[1], words[2])
        (policy.inputByteLimit, policy.pixelLimit, policy.sideLimit) = (words[3], words[4], words[5])
        (policy.svg, policy.ground) = (svg, ground)
        self.policy = policy
        self.type = type
        processorTime = words[9]
        byteCount = words[10]
    }
}

extension CaseIterable where Self: Equatable, AllCases == [Self] {
    /// The case's index among all cases, which represents it between two processes of the same program.
    var code: Int { Self.allCases.firstIndex(of: self) ?? -1 }

    init?(code: Int) {
        guard Self.allCases.indices.contains(code) else { return nil }
        self = Self.allCases[code]
    }
}
