import Glibc
import System
import Testing

struct SystemErrorTests {
    @Test func `an error names the call, and says it in the system's words`() {
        #expect(open("/nowhere/at/all", O_RDONLY) == -1)
        let error = SystemError.last("open")
        #expect(error == SystemError("open", code: ENOENT))
        #expect(error.reason == "No such file or directory")
        #expect("\(error)" == "open: No such file or directory")
    }

    @Test(arguments: [
        ("socket", EMFILE, "ulimit -Hn"), ("eventfd", EMFILE, "LimitNOFILE"), ("pipe", ENFILE, "fs.file-max"),
        ("pthread_create", EAGAIN, "ulimit -u"), ("posix_spawn", EAGAIN, "ulimit -u"), ("fork", ENOMEM, "ulimit -v"),
        ("bind", EADDRINUSE, "something else"),
    ])
    func `what helps is said where it is known`(call: String, code: CInt, word: String) {
        let error = SystemError(call, code: code)
        #expect(error.remedy?.contains(word) == true)
        #expect("\(error)" == "\(call): \(error.reason) (\(error.remedy ?? ""))")
    }

    @Test func `an error that the system has no word for is a number`() {
        #expect(SystemError("call", code: 12345).reason.contains("12345"))
        #expect(SystemError("call", code: 12345).remedy == nil)
    }

    @Test func `a call that a signal interrupts is made again, and one that fails otherwise is not`() {
        var codes = [EINTR, EINTR, EAGAIN, 0]
        let status = uninterrupted { () -> CInt in
            errno = codes.removeFirst()
            return -1
        }
        #expect(status == -1 && errno == EAGAIN && codes == [0])
        #expect(uninterrupted { 3 } == 3)
    }
}
