/// One event of an execution's stream.
public enum ExecutionEvent: Equatable, Sendable {
    /// The code was accepted. The count begins at 1 again if the context has lost its state. It is 0 if E2B did not tell it.
    case started(count: Int)
    /// Text as the kernel flushed it, which may be a part of a line or many lines.
    case stdout(String)
    case stderr(String)
    /// Its value is stored apart, because it is large, and each call that an event passes through would keep room for it.
    indirect case result(ExecutionResult)
    /// The code failed. This event may come twice, and results may follow it. The first one tells the cause.
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
    /// The bytes that base64 stood for; `.failure` if it was not base64.
    public var png: Result<[UInt8], MalformedBase64>?
    public var jpeg: Result<[UInt8], MalformedBase64>?
    public var gif: Result<[UInt8], MalformedBase64>?
    public var webp: Result<[UInt8], MalformedBase64>?
    public var pdf: Result<[UInt8], MalformedBase64>?
    /// JSON text.
    public var json: String?
    /// JSON text: what was drawn, as far as E2B could tell, in a result without a picture of it.
    public var chart: String?
    /// JSON text: a table by columns, in a result without any other form of it.
    public var data: String?
    /// The MIME types of formats that are not kept, such as `image/avif`, so that a caller can say what it left out.
    public var extra: [String]
    /// Whether this is the value of the last expression.
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
    /// The traceback as Jupyter formats it, without separators between its frames.
    public var traceback: String

    public init(name: String, value: String, traceback: String) {
        self.name = name
        self.value = value
        self.traceback = traceback
    }
}
