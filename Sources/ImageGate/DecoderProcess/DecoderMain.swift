internal import CImage
internal import Glibc

/// The main program of a decoder process: it confines itself, and then decodes one image after the other.
package enum DecoderMain {
    private static let subcommand = "decode-images"

    /// Runs the decoder, and does not return, if this process was started as a decoder process. Call it before the
    /// second thread starts.
    ///
    /// - Parameter arguments: the program's arguments. For tests, numbers at their end are a system call, which the
    ///   process makes when it is confined; it then exits with the call's `errno` as its status.
    package static func runIfAsked(_ arguments: [String]) {
        guard arguments.count >= 4, arguments[1] == subcommand, let role = DecoderRole(rawValue: arguments[2]),
            let memory = Int(arguments[3]), memory > 0
        else { return }
        run(role, memory: memory, trying: arguments[4...].compactMap { Int($0) })
    }

    static func arguments(_ role: DecoderRole, memory: Int) -> [String] {
        ["e2b-fcgi", subcommand, role.rawValue, String(memory)]
    }

    private static func run(_ role: DecoderRole, memory: Int, trying call: [Int]) -> Never {
        cimage_prepare_decoder(role.processName)
        do throws(ImageGateError) {
            try DecoderWarmUp.run(role)
        } catch {
            leave(ExitStatus.unready)
        }
        let gaps = cimage_confine(role.confinement, memory)
        if !call.isEmpty { leave(cimage_try_call(Array((call + Array(repeating: 0, count: 7)).prefix(7)))) }
        write([Int(gaps)])
        while true { serve() }
    }

    private static func serve() {
        guard let words = read([Int].self, count: DecoderRequest.wordCount) else { leave(ExitStatus.done) }
        guard let request = DecoderRequest(words), let bytes = read([UInt8].self, count: request.byteCount) else {
            leave(ExitStatus.protocolViolation)
        }
        cimage_limit_processor_time(UInt32(clamping: request.processorTime))
        let admission = Admission(policy: request.policy, cancellation: Cancellation())
        let result = Result { () throws(ImageGateError) in try admission.admit(bytes, claimed: request.type) }
        cimage_limit_processor_time(0)
        let response = DecoderResponse(result, to: request)
        write(response.head.words)
        write(response.bytes)
    }

    // MARK: The socket, which is standard input

    /// Reads `count` elements; nil if the stream ends before.
    private static func read<Element: BitwiseCopyable>(_: [Element].Type, count: Int) -> [Element]? {
        let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            var rest = UnsafeMutableRawBufferPointer(buffer)[...]
            rest = rest.prefix(count * MemoryLayout<Element>.stride)
            while !rest.isEmpty {
                let piece = UnsafeMutableRawBufferPointer(rebasing: rest)
                let count = Glibc.read(STDIN_FILENO, piece.baseAddress, piece.count)
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
            initialized = count
        }
        return elements.count == count ? elements : nil
    }

    private static func write<Element: BitwiseCopyable>(_ elements: [Element]) {
        elements.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(STDIN_FILENO, piece.baseAddress, piece.count)
                guard count > 0 else { leave(ExitStatus.done) }
                rest = rest.dropFirst(count)
            }
        }
    }

    private enum ExitStatus {
        /// The gate has closed the socket.
        static let done: CInt = 0
        static let unready: CInt = 70
        static let protocolViolation: CInt = 76
    }

    /// Exits without running the exit handlers of libraries, whose system calls the filter does not allow.
    private static func leave(_ status: CInt) -> Never { _exit(status) }
}
