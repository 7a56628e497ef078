/// What an execution's stream says, in the order in which it says it.
public enum ExecutionEvent: Equatable, Sendable {
    /// The code was accepted. The count restarts at 1 when the context lost its state; 0 when E2B did not say it.
    case started(count: Int)
    /// Text as the kernel flushed it: a fragment, a line or many.
    case stdout(String)
    case stderr(String)
    case result(ExecutionResult)
    /// May come twice, and results may follow. The first one is the cause.
    case failed(ExecutionFailure)
}

/// One display of an object, with its formats.
public struct ExecutionResult: Equatable, Sendable {
    public var text: String?
    public var html: String?
    public var markdown: String?
    public var latex: String?
    public var javascript: String?
    /// SVG source.
    public var svg: String?
    /// Decoded from base64; `.failure` when it was not base64.
    public var png: Result<[UInt8], MalformedBase64>?
    public var jpeg: Result<[UInt8], MalformedBase64>?
    public var gif: Result<[UInt8], MalformedBase64>?
    public var webp: Result<[UInt8], MalformedBase64>?
    public var pdf: Result<[UInt8], MalformedBase64>?
    /// JSON text.
    public var json: String?
    /// MIME types of formats that are not kept, `image/avif` for example: what a caller can say it left out.
    public var extra: [String]
    /// True for the last expression's value.
    public var isMainResult: Bool

    public init(text: String? = nil, isMainResult: Bool = false) {
        self.text = text
        self.extra = []
        self.isMainResult = isMainResult
    }
}

public struct MalformedBase64: Error, Equatable, Sendable {
    public init() {}
}

/// An exception in the code, or the end of its kernel.
public struct ExecutionFailure: Equatable, Sendable {
    public var name: String
    public var value: String
    /// Jupyter's frames, without separators between them.
    public var traceback: String

    public init(name: String, value: String, traceback: String) {
        self.name = name
        self.value = value
        self.traceback = traceback
    }
}
