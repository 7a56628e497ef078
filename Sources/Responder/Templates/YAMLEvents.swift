import CYAML

/// The events of libyaml's parser as Swift values.
///
/// Aliases and tags are refused: an alias can expand a small file to any size, and a tag can change the meaning of a
/// value.
struct YAMLEvents: ~Copyable {
    enum Event: Equatable {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
        case scalar(String, isPlain: Bool)
    }

    // The parser is at a fixed address, because its input handler keeps a pointer to it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    // The parser reads from this buffer until it is deleted.
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter bytes: the text in UTF-8, with or without a byte order mark.
    init(_ bytes: [UInt8]) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(line: nil, reason: "there is no memory to read it")
        }
        self.parser = parser
        // The byte order mark is skipped here: if libyaml is told the encoding, it takes the mark for indentation of
        // the first line.
        let text = bytes.starts(with: Self.byteOrderMark) ? bytes.dropFirst(Self.byteOrderMark.count) : bytes[...]
        input = .allocate(capacity: text.count)
        _ = input.initialize(from: text)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// Returns the next event, and the line on which it begins. Do not call this after `streamEnd` or an error.
    mutating func next() throws(YAMLError) -> (event: Event, line: Int) {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw problem }
        defer { yaml_event_delete(&raw) }
        let line = raw.start_mark.line + 1
        switch raw.type {
        case YAML_STREAM_START_EVENT: return (.streamStart, line)
        case YAML_STREAM_END_EVENT: return (.streamEnd, line)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, line)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, line)
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: raw.data.sequence_start.anchor, tag: raw.data.sequence_start.tag, line)
            return (.sequenceStart, line)
        case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, line)
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: raw.data.mapping_start.anchor, tag: raw.data.mapping_start.tag, line)
            return (.mappingStart, line)
        case YAML_MAPPING_END_EVENT: return (.mappingEnd, line)
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, line)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return (.scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), line)
        case YAML_ALIAS_EVENT: throw YAMLError(line: line, reason: "aliases are not taken")
        default: throw YAMLError(line: line, reason: "it cannot be read")
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ line: Int
    ) throws(YAMLError) {
        if anchor != nil { throw YAMLError(line: line, reason: "anchors are not taken") }
        if tag != nil { throw YAMLError(line: line, reason: "tags are not taken") }
    }

    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// The parser's error. Its messages are constants, which contain nothing of the file.
    private var problem: YAMLError {
        let words = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        switch parser.pointee.error {
        case YAML_READER_ERROR:
            // The reader found this error in bytes ahead of the parser, so there is an offset, but no line number.
            let before = input.prefix(parser.pointee.problem_offset)
            return YAMLError(line: before.count { $0 == UInt8(ascii: "\n") } + 1, reason: words)
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR:
            return YAMLError(line: parser.pointee.problem_mark.line + 1, reason: words)
        default:
            return YAMLError(line: nil, reason: "there is no memory to read it")
        }
    }
}
