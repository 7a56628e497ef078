import Glibc
import TestSupport
import Testing

@testable import System

struct PassedDescriptorsTests {
    private func passed(_ environment: [String: String]) -> PassedDescriptors {
        PassedDescriptors(environment: environment, process: 42)
    }

    @Test func `descriptors begin at 3, and have the names that are given`() {
        #expect(
            passed(["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:"]).entries
                == [.init(descriptor: 3, name: "web"), .init(descriptor: 4, name: nil)])
        #expect(passed(["LISTEN_PID": "42", "LISTEN_FDS": "1"]).entries == [.init(descriptor: 3, name: nil)])
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "41", "LISTEN_FDS": "1"], ["LISTEN_PID": "", "LISTEN_FDS": "1"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "0"], ["LISTEN_PID": "41", "LISTEN_FDS": "nonsense"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""],
    ])
    func `what is for another process, or nothing, is nothing`(environment: [String: String]) {
        #expect(passed(environment).entries.isEmpty && passed(environment).problem == nil)
    }

    @Test(arguments: [
        ["LISTEN_PID": "42"], ["LISTEN_PID": "42", "LISTEN_FDS": ""], ["LISTEN_PID": "42", "LISTEN_FDS": "-1"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "1001"], ["LISTEN_PID": "42", "LISTEN_FDS": "99999999999999999999"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a"],
    ])
    func `what makes no sense is said`(environment: [String: String]) {
        #expect(passed(environment).entries.isEmpty)
        #expect(passed(environment).problem?.hasPrefix("LISTEN_FD") == true)
    }
}

struct NotifySocketTests {
    private static let names = ["/tmp/e2b-notify-", "@e2b-notify-"].map { $0 + String(UInt64.random(in: 0 ... .max)) }

    @Test(arguments: names) func `a service manager hears what is sent`(name: String) throws {
        let peer = try NotificationPeer(name)
        let socket = try #require(NotifySocket(name))
        socket.send([("READY", "1"), ("STATUS", "two\nlines")])
        socket.send([("STOPPING", "1")])
        #expect(peer.messages == ["READY=1\nSTATUS=two lines", "STOPPING=1"])
    }

    @Test(arguments: ["", "@", "/", "relative", "vsock:2:1234", "/" + String(repeating: "x", count: 107)])
    func `what is no socket's name is none`(name: String) { #expect(NotifySocket(name) == nil) }

    @Test(arguments: ["/tmp/e2b-nobody", "@e2b-nobody"])
    func `that nobody listens does no harm`(name: String) { NotifySocket(name)?.send([("READY", "1")]) }

    @Test func `a service manager that reads nothing holds nobody up for long`() async throws {
        let name = "@e2b-silent-\(UInt64.random(in: 0 ... .max))"
        let peer = try NotificationPeer(name)
        let socket = try #require(NotifySocket(name))
        await withCheckedContinuation { continuation in
            onThread {
                // The kernel's queue of datagrams is full at some time, by default after 11.
                for _ in 0..<12 { socket.send([("STATUS", String(repeating: "x", count: 100))]) }
                continuation.resume()
            }
        }
        #expect(!peer.messages.isEmpty)
    }
}
