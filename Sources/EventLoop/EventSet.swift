internal import CLinux
internal import Glibc

/// The descriptors that an ``EventLoop`` watches for one of its sources.
package struct EventSet: Sendable {
    let epoll: CInt
    let source: Int

    /// Watches a descriptor, or watches it for other events than before.
    ///
    /// - Parameters:
    ///   - id: less than 2^56.
    ///   - events: as in `EPOLLIN`.
    /// - Returns: false without memory, or if the system does not know the descriptor.
    package func watch(_ descriptor: CInt, as id: UInt64, for events: UInt32, isKnown: Bool) -> Bool {
        var event = epoll_event(events: events, data: epoll_data(u64: UInt64(source) << Self.sourceShift | id))
        return epoll_ctl(epoll, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    /// A descriptor that is closed needs no call, where nobody shares it.
    package func forget(_ descriptor: CInt) {
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    static let sourceShift: UInt64 = 56
    /// As many as the rest of an identifier can tell apart, without ``EventLoop``'s own.
    static let mostSources = 255
}
