internal import Glibc

/// An IPv4 or IPv6 address. An IPv4 address equals the IPv6 address that it is mapped to (`::ffff:a.b.c.d`), because
/// the kernel reports the one or the other, depending on the socket.
package struct IPAddress: Hashable, Sendable {
    /// The IPv6 address, or the mapped IPv4 address, in network order.
    private let bytes: [UInt8]

    /// Parses an address without brackets, port or zone, such as `127.0.0.1` or `::1`, with inet_pton(3).
    package init?(_ text: String) {
        // inet_pton would stop at a zero byte, and ignore what follows.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = Self.bytes(of: v4)
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        bytes = withUnsafeBytes(of: v6) { Array($0) }
    }

    init(_ address: in_addr) {
        bytes = Self.bytes(of: address)
    }

    init(_ address: in6_addr) {
        bytes = withUnsafeBytes(of: address) { Array($0) }
    }

    private static func bytes(of address: in_addr) -> [UInt8] { v4Prefix + withUnsafeBytes(of: address) { Array($0) } }

    private static let v4Prefix = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]

    private var isV4: Bool { bytes.starts(with: Self.v4Prefix) }

    /// Whether the address is in 127.0.0.0/8, or is `::1`.
    package var isLoopback: Bool {
        isV4 ? bytes[12] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        if isV4 { return bytes[12...].map(String.init).joined(separator: ".") }
        return bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
                guard
                    let text = inet_ntop(
                        AF_INET6, bytes.baseAddress, buffer.baseAddress, socklen_t(INET6_ADDRSTRLEN))
                else { return "" }
                return String(cString: text)
            }
        }
    }
}
