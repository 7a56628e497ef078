import Glibc

/// A port of loopback that nobody listens on. Somebody may take it before it is used: that test fails, and says so.
package func freePort() throws(HarnessError) -> Int {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard handle >= 0 else { throw .noFreePort }
    defer { close(handle) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(handle, address, length) == 0 && getsockname(handle, address, &length) == 0
        }
    }
    guard result else { throw .noFreePort }
    return Int(UInt16(bigEndian: address.sin_port))
}
