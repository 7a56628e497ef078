internal import JSON

/// One line of an execution's stream. Only this type knows what the types of lines mean.
enum ExecutionLine: Equatable {
    case event(ExecutionEvent)
    case ended
    /// The interpreter has lost the kernel before the code ended. Nothing follows.
    case endedEarly
    /// A sign of life, or a type of a later protocol.
    case other

    /// - Throws: if the line is not a JSON object, or has no type.
    init(_ line: UnsafeRawBufferPointer) throws(MalformedJSON) {
        let fields = try Fields(line)
        guard let type = fields[.type], type.isString else { throw MalformedJSON(offset: 0, expected: "a type") }
        switch type {
        case "stdout": self = .event(.stdout(fields.text(.text) ?? ""))
        case "stderr": self = .event(.stderr(fields.text(.text) ?? ""))
        case "result": self = .event(.result(try ExecutionResult(fields)))
        case "error": self = .event(.failed(ExecutionFailure(fields)))
        case "number_of_executions": self = .event(.started(count: fields[.executionCount]?.integer ?? 0))
        case "end_of_execution": self = .ended
        case "unexpected_end_of_execution": self = .endedEarly
        default: self = .other
        }
    }
}

extension ExecutionLine {
    /// The members of a line that have a meaning, not decoded yet.
    struct Fields {
        enum Name: Int, CaseIterable {
            case type, text, html, markdown, latex, javascript, svg, png, jpeg, pdf, json, chart, data, extra,
                isMainResult
            case name, value, traceback, executionCount

            init?(_ key: JSONValue) {
                switch key {
                case "type": self = .type
                case "text": self = .text
                case "html": self = .html
                case "markdown": self = .markdown
                case "latex": self = .latex
                case "javascript": self = .javascript
                case "svg": self = .svg
                case "png": self = .png
                case "jpeg": self = .jpeg
                case "pdf": self = .pdf
                case "json": self = .json
                case "chart": self = .chart
                case "data": self = .data
                case "extra": self = .extra
                case "is_main_result": self = .isMainResult
                case "name": self = .name
                case "value": self = .value
                case "traceback": self = .traceback
                case "execution_count": self = .executionCount
                default: return nil
                }
            }
        }

        private var values = InlineArray<19, JSONValue?>(repeating: nil)

        init(_ line: UnsafeRawBufferPointer) throws(MalformedJSON) {
            var values = values
            try JSONScanner.members(of: line) { key, value in
                guard let name = Name(key) else { return }
                values[name.rawValue] = value
            }
            self.values = values
        }

        /// nil: absent or null.
        subscript(name: Name) -> JSONValue? {
            guard let value = values[name.rawValue], value.kind != .null else { return nil }
            return value
        }

        /// The member's string, or its JSON text if it is not a string.
        func text(_ name: Name) -> String? {
            guard let value = self[name] else { return nil }
            return value.string ?? value.text
        }

        func bytes(_ name: Name) -> Result<[UInt8], MalformedBase64>? {
            self[name]?.bytes
        }
    }
}

extension JSONValue {
    /// Decodes base64. Returns nil for null.
    fileprivate var bytes: Result<[UInt8], MalformedBase64>? {
        if kind == .null { return nil }
        guard isString, let bytes = withContent(Base64.decode) else { return .failure(MalformedBase64()) }
        return .success(bytes)
    }
}

extension ExecutionResult {
    /// The number of MIME types is limited, because the code chooses them.
    private static let extraLimit = 32

    init(_ fields: ExecutionLine.Fields) throws(MalformedJSON) {
        self.init(text: fields.text(.text), isMainResult: fields[.isMainResult]?.isTrue ?? false)
        html = fields.text(.html)
        markdown = fields.text(.markdown)
        latex = fields.text(.latex)
        javascript = fields.text(.javascript)
        svg = fields.text(.svg)
        png = fields.bytes(.png)
        jpeg = fields.bytes(.jpeg)
        pdf = fields.bytes(.pdf)
        json = fields[.json]?.text
        if png == nil, jpeg == nil, svg == nil { chart = fields[.chart]?.text }
        if text == nil, html == nil { data = fields[.data]?.text }
        var types: [String] = []
        var images: (gif: Result<[UInt8], MalformedBase64>?, webp: Result<[UInt8], MalformedBase64>?)
        try fields[.extra]?.members { key, value in
            switch key {
            case "image/gif": images.gif = value.bytes
            case "image/webp": images.webp = value.bytes
            default: if types.count < Self.extraLimit, let type = key.string { types.append(type) }
            }
        }
        (gif, webp) = images
        extra = types
    }
}

extension ExecutionFailure {
    init(_ fields: ExecutionLine.Fields) {
        self.init(
            name: fields.text(.name) ?? "", value: fields.text(.value) ?? "", traceback: fields.text(.traceback) ?? "")
    }
}
