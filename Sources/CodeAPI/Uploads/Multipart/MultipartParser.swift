internal import CGNU

/// Reads a form (`multipart/form-data`) that arrives in pieces of any size. The content of parts is handed over as it comes,
/// so that a file is never in memory as a whole.
///
/// Give it a piece with ``feed(_:)``, and take events with ``next()`` until there are none. It holds one piece, and of the pieces
/// before it what may be the beginning of a delimiter or of a part's headers.
package struct MultipartParser: Sendable {
    package enum Event: Equatable, Sendable {
        case part(MultipartPart)
        /// Bytes of the part. There may be any number of these events, or none.
        case content([UInt8])
        case partEnd
    }

    /// The largest number of bytes of one part's headers. A file's name may be some hundreds of bytes, each as `%XX`.
    package static let headLimit = 8 << 10
    /// The largest number of bytes before the first part.
    package static let preambleLimit = 4 << 10
    /// The largest number of blanks between a boundary and the end of its line.
    private static let paddingLimit = 64

    private enum State {
        case preamble
        /// At the line break after a boundary.
        case head
        case content
        case epilogue
    }

    /// What stands where a delimiter may be.
    private enum Candidate {
        /// Another part follows. Its line break is at `end`.
        case next(end: Int)
        case last(end: Int)
        case none
        /// What has arrived does not tell.
        case undecided
    }

    private let delimiter: [UInt8]
    private let partLimit: Int
    private var state = State.preamble
    /// What has not been read begins at `position`.
    private var buffer: [UInt8]
    private var position = 0
    /// The bytes at `position` that do not belong to the content: the line break that a delimiter would begin with is that of the
    /// headers, or of none before the first part.
    private var lead = 2
    private var isFinished = false
    private var partCount = 0
    private var preambleCount = 0

    /// - Parameter partLimit: the largest number of parts.
    package init(_ boundary: MultipartBoundary, partLimit: Int) {
        delimiter = boundary.delimiter
        self.partLimit = partLimit
        // A form without a preamble begins with a delimiter that lacks its line break.
        buffer = Array("\r\n".utf8)
    }

    /// Adds the next piece of the body. Take all events first.
    package mutating func feed(_ piece: consuming [UInt8]) {
        if position == buffer.count {
            buffer = piece
        } else {
            buffer.removeFirst(position)
            buffer += piece
        }
        position = 0
    }

    /// The body has ended. Further events may follow.
    package mutating func finish() { isFinished = true }

    /// - Returns: nil if there is no event before the next piece. After ``finish()``: if the form is at its end.
    package mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch state {
            case .preamble: guard try skipPreamble() else { return nil }
            case .head:
                guard let part = try takeHead() else { return nil }
                return .part(part)
            case .content: return try takeContent()
            case .epilogue:
                try skipEpilogue()
                return nil
            }
        }
    }

    // MARK: - Parts of a form

    /// - Returns: false if more has to arrive.
    private mutating func skipPreamble() throws(MultipartError) -> Bool {
        let (end, candidate) = scan()
        preambleCount += end - position
        guard preambleCount <= Self.preambleLimit else { throw .preambleTooLong(limit: Self.preambleLimit) }
        position = end
        switch candidate {
        case .next(let line): begin(.head, at: line)
        case .last(let line): begin(.epilogue, at: line)
        case .none, .undecided:
            if isFinished { throw .noParts }
            return false
        }
        return true
    }

    private mutating func takeHead() throws(MultipartError) -> MultipartPart? {
        let room = min(buffer.count, position + Self.headLimit)
        guard let end = buffer.firstPlace(of: Array("\r\n\r\n".utf8), in: position..<room) else {
            if room - position == Self.headLimit { throw .headTooLong(limit: Self.headLimit) }
            if isFinished { throw .missingEnd }
            return nil
        }
        partCount += 1
        guard partCount <= partLimit else { throw .tooManyParts(limit: partLimit) }
        let part = try MultipartPart(head: buffer[position..<end])
        // A part without content may end with the line break of its headers.
        begin(.content, at: end + 2)
        lead = 2
        return part
    }

    private mutating func takeContent() throws(MultipartError) -> Event? {
        let (end, candidate) = scan()
        let start = position + lead
        if start < end {
            let isWhole = start == 0 && end == buffer.count
            lead = 0
            position = end
            guard isWhole else { return .content(Array(buffer[start..<end])) }
            // The piece is handed on as it is.
            defer { buffer = [] }
            position = 0
            return .content(buffer)
        }
        switch candidate {
        case .next(let line): begin(.head, at: line)
        case .last(let line): begin(.epilogue, at: line)
        case .none, .undecided:
            if isFinished { throw .missingEnd }
            return nil
        }
        return .partEnd
    }

    /// What follows the end of the form has no meaning, but must not be a part.
    private mutating func skipEpilogue() throws(MultipartError) {
        let (end, candidate) = scan()
        switch candidate {
        case .next, .last: throw .boundaryInContent
        case .none, .undecided: position = end
        }
    }

    private mutating func begin(_ state: State, at place: Int) {
        self.state = state
        position = place
        lead = 0
    }

    // MARK: - Delimiters

    /// Finds the next delimiter.
    ///
    /// - Returns: its place, and what follows it. If there is none, the place from which on bytes may be the beginning of one.
    private func scan() -> (end: Int, Candidate) {
        var from = position
        while let place = buffer.firstPlace(of: delimiter, in: from..<buffer.count) {
            switch candidate(after: place + delimiter.count) {
            case .none: from = place + 1
            case let candidate: return (place, candidate)
            }
        }
        let tail = isFinished ? 0 : buffer.countAtEnd(beginning: delimiter, from: from)
        return (buffer.count - tail, .none)
    }

    private func candidate(after place: Int) -> Candidate {
        let hyphen = UInt8(ascii: "-")
        var end = place
        var isLast = false
        if end < buffer.count, buffer[end] == hyphen {
            guard end + 1 < buffer.count else { return isFinished ? .none : .undecided }
            guard buffer[end + 1] == hyphen else { return .none }
            isLast = true
            end += 2
        }
        let lineStart = end
        while end < buffer.count, buffer[end].isBlank, end - lineStart < Self.paddingLimit { end += 1 }
        guard end + 1 < buffer.count else {
            let isCut = end == buffer.count || buffer[end] == UInt8(ascii: "\r")
            guard isFinished else { return isCut ? .undecided : .none }
            // The line of the last boundary may lack its end.
            return isLast && isCut ? .last(end: buffer.count) : .none
        }
        guard buffer[end] == UInt8(ascii: "\r"), buffer[end + 1] == UInt8(ascii: "\n") else { return .none }
        return isLast ? .last(end: end) : .next(end: end)
    }
}

extension [UInt8] {
    /// The first place of the bytes that lies in the range as a whole.
    fileprivate func firstPlace(of bytes: [UInt8], in range: Range<Int>) -> Int? {
        withUnsafeBytes { buffer in
            guard !range.isEmpty, let base = buffer.baseAddress,
                let found = memmem(base + range.lowerBound, range.count, bytes, bytes.count)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// The number of bytes at the end that are the beginning of other bytes, but not all of them.
    fileprivate func countAtEnd(beginning bytes: [UInt8], from start: Int) -> Int {
        for length in stride(from: Swift.min(bytes.count - 1, count - start), to: 0, by: -1)
        where self[count - length] == bytes[0] && self[(count - length)...].elementsEqual(bytes[..<length]) {
            return length
        }
        return 0
    }
}
