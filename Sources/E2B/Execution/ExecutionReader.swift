internal import JSON

/// Makes events of an execution's stream, which may be cut into chunks anywhere.
///
///     reader.append(chunk)
///     while let event = try reader.next() { ... }
struct ExecutionReader {
    private var lines: LineSplitter
    private var lineCount = 0
    /// Whether the line that ends the stream has come. Whatever follows it is not read.
    private(set) var isEnded = false
    /// Whether an event has come, which means that the kernel works on the code or has refused it.
    private(set) var hasStarted = false

    private var trimmer: StringTrimmer?

    /// - Parameters:
    ///   - lineLimit: the largest number of bytes in a line after its strings have been trimmed.
    ///   - stringLimits: with nil, strings are not trimmed.
    init(lineLimit: Int, stringLimits: StringTrimmer.Limits? = nil) {
        lines = LineSplitter(limit: lineLimit)
        trimmer = stringLimits.map { StringTrimmer($0) }
    }

    mutating func append(_ chunk: [UInt8]) { lines.append(trimmer?.trim(chunk) ?? chunk) }

    /// The number of bytes of a line whose end has not arrived.
    var heldCount: Int { lines.heldCount + (trimmer?.heldCount ?? 0) }

    /// Returns the next event of what has arrived; nil if the rest of its line has not arrived, or after the end.
    ///
    /// - Throws: `.broken` for a line that the protocol does not know, `.tooLarge` for one above the limit.
    mutating func next() throws(E2BError) -> ExecutionEvent? {
        while !isEnded {
            let line: ExecutionLine?
            do {
                line = try lines.next(Self.read)
            } catch let error as MalformedJSON {
                throw .broken(
                    .execute, why: "line \(lineCount + 1) of the stream lacks \(error.expected) at byte \(error.offset)"
                )
            } catch {
                throw .tooLarge(.execute, limit: lines.limit)
            }
            guard let line else { return nil }
            lineCount += 1
            if let event = take(line) { return event }
        }
        return nil
    }

    /// Reads what follows the last newline. Call it at the end of the stream, whose last line may lack its newline.
    ///
    /// - Throws: `.broken` if the stream was cut.
    mutating func finish() throws(E2BError) -> ExecutionEvent? {
        guard !isEnded else { return nil }
        // An incomplete line means that the stream was cut, whatever else is wrong with it.
        let event = (try? lines.last(Self.read)).flatMap { take($0) }
        guard isEnded else { throw .broken(.execute, why: "the stream ended early") }
        return event
    }

    private mutating func take(_ line: ExecutionLine) -> ExecutionEvent? {
        switch line {
        case .event(let event):
            hasStarted = true
            return event
        case .ended:
            isEnded = true
            return nil
        case .endedEarly:
            isEnded = true
            return .failed(
                ExecutionFailure(
                    name: "UnexpectedEndOfExecution", value: "The kernel's connection ended before the execution did.",
                    traceback: ""))
        case .other: return nil
        }
    }

    private static func read(_ line: UnsafeRawBufferPointer) throws(MalformedJSON) -> ExecutionLine {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { return .other }  // blank
        return try ExecutionLine(line)
    }
}
