import Glibc
import System
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct DescriptorTests {
    @Test(arguments: [true, false])
    func `whatever is opened is close-on-exec, and waits only where that was asked for`(isBlocking: Bool) throws {
        let (one, other) = try Descriptor.socketPair(isBlocking: isBlocking)
        let (first, second) = try Descriptor.socketPair(isBlocking: isBlocking, keepsMessages: true)
        let pipe = try Descriptor.pipe(isBlocking: isBlocking)
        let socket = try Descriptor.socket(AF_INET, isBlocking: isBlocking)
        for descriptor in [one, other, first, second, pipe.read, pipe.write, socket] {
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            #expect((fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0) == isBlocking)
            close(descriptor)
        }
    }

    @Test func `a descriptor from elsewhere can be made so`() throws {
        let copy = dup(STDERR_FILENO)
        defer { close(copy) }
        #expect(fcntl(copy, F_GETFD) & FD_CLOEXEC == 0)
        Descriptor.closeOnExec(copy)
        #expect(fcntl(copy, F_GETFD) & FD_CLOEXEC != 0)
        let event = try EventDescriptor(isBlocking: true)
        Descriptor.makeNonBlocking(event.descriptor)
        // Waits for ever if it is not.
        event.clear()
    }

    @Test func `a file that is not there is told with the call`() {
        #expect(throws: SystemError("open", code: ENOENT)) { try Descriptor.open("/nowhere/at/all", O_RDONLY) }
    }

    @Test(arguments: [true, false])
    func `all of it is written, however slowly it is read`(isBlocking: Bool) async throws {
        let pipe = try Descriptor.pipe(isBlocking: true)
        if !isBlocking { Descriptor.makeNonBlocking(pipe.write) }
        let bytes = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        onThread {
            try? Descriptor.write(bytes[...], to: pipe.write)
            close(pipe.write)
        }
        let received = await withCheckedContinuation { (done: CheckedContinuation<[UInt8], Never>) in
            onThread {
                var received: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 3000)
                while let count = try? piece.withUnsafeMutableBytes({ try Descriptor.read(pipe.read, into: $0) }),
                    count > 0
                {
                    received += piece[..<count]
                }
                done.resume(returning: received)
            }
        }
        close(pipe.read)
        #expect(received == bytes)
    }

    @Test(arguments: [0, 1, 99_999, 100_000, 100_001])
    func `a file is read up to its limit, and no further`(limit: Int) throws {
        let path = "/tmp/system-tests-\(getpid())-\(limit)"
        let bytes = [UInt8](repeating: 7, count: 100_000)
        let output = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL)
        defer { unlink(path) }
        try Descriptor.write(bytes[...], to: output)
        close(output)
        let input = try Descriptor.open(path, O_RDONLY)
        defer { close(input) }
        let copy = try Descriptor.copy(of: input)
        defer { close(copy) }
        #expect(fcntl(copy, F_GETFD) & FD_CLOEXEC != 0)
        #expect(try Descriptor.readAll(copy, limit: limit) == (limit >= 100_000 ? bytes : nil))
    }

    @Test func `a reader that is gone is told, and does not end the process`() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try Descriptor.pipe()
        defer { close(pipe.write) }
        close(pipe.read)
        #expect(throws: SystemError("write", code: EPIPE)) { try Descriptor.write([1][...], to: pipe.write) }
    }

    @Test func `an event is readable from its signal until it is cleared`() throws {
        let event = try EventDescriptor()
        var interest = pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&interest, 1, 0) == 0)
        event.signal()
        event.signal()
        #expect(poll(&interest, 1, 0) == 1)
        event.clear()
        #expect(poll(&interest, 1, 0) == 0)
        #expect(fcntl(event.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }
}
