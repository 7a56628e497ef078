import Glibc

/// A port of loopback that nobody listens on, and that the kernel gives to nobody who asks for any port: hundreds of
/// connections that a test opens at once come from 32768 and above, and one of them would take it before it is used.
package func freePort() throws(HarnessError) -> Int {
    for _ in 0..<100 {
        let port = Int.random(in: 20_000..<32_000)
        if isFree(port) { return port }
    }
    throw .noFreePort
}

private func isFree(_ port: Int) -> Bool {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else { return false }
    defer { close(handle) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
