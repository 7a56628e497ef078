/// One line of an execution's stream. What an unknown type means is decided here, once: it is skipped.
public enum ExecutionEvent: Equatable, Sendable {
    case started(count: Int)
    case stdout(String)
    case stderr(String)
    case result(ExecutionResult)
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
    public var pdf: Result<[UInt8], MalformedBase64>?
    /// JSON text.
    public var json: String?
    /// True for the last expression's value.
    public var isMainResult: Bool

    public init(text: String? = nil, isMainResult: Bool = false) {
        self.text = text
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
