internal import Synchronization

extension BodySource {
    /// The stream with a rule's faults: garbage at the beginning, no end envelope, or an end after so many bytes.
    ///
    /// - Parameter isConnect: whether each piece is an envelope of a Connect stream. Otherwise each is a line.
    func damaged(by fault: FaultRule?, isConnect: Bool) -> BodySource {
        guard let fault, fault.cut != nil || fault.hasGarbage || fault.lacksEnd else { return self }
        let injector = FaultInjector(fault, isConnect: isConnect, source: self)
        return BodySource(pull: { try await injector.next() }, finish: {})
    }

    /// A body that consists of one piece.
    static func once(_ bytes: [UInt8]) -> BodySource {
        let rest = Mutex(bytes)
        let source = BodySource(
            pull: {
                rest.withLock { rest in
                    defer { rest = [] }
                    return rest.isEmpty ? nil : rest
                }
            }, finish: {})
        return source
    }
}

private final class FaultInjector: Sendable {
    private struct CutError: Error {}

    private struct State {
        /// The number of further bytes that are passed on; nil for all.
        var bytesLeft: Int?
        var hasGarbage: Bool
    }

    private let source: BodySource
    private let isConnect: Bool
    private let lacksEnd: Bool
    private let state: Mutex<State>

    init(_ fault: FaultRule, isConnect: Bool, source: BodySource) {
        self.source = source
        self.isConnect = isConnect
        lacksEnd = fault.lacksEnd
        state = Mutex(State(bytesLeft: fault.cut, hasGarbage: fault.hasGarbage))
    }

    func next() async throws -> [UInt8]? {
        if state.withLock({ $0.bytesLeft == 0 }) { throw CutError() }
        if takeGarbage() {
            let text = Array("this is not JSON".utf8)
            return cut(isConnect ? ConnectEnvelope(payload: text).bytes : "this line is not JSON\n".utf8 + [])
        }
        guard let piece = try await source.next() else { return nil }
        if isConnect, lacksEnd, ConnectEnvelope.isEnd(piece) { return nil }
        return cut(piece)
    }

    private func takeGarbage() -> Bool {
        state.withLock { state in
            defer { state.hasGarbage = false }
            return state.hasGarbage
        }
    }

    private func cut(_ piece: [UInt8]) -> [UInt8] {
        state.withLock { state in
            guard let left = state.bytesLeft else { return piece }
            state.bytesLeft = max(0, left - piece.count)
            return Array(piece.prefix(left))
        }
    }
}
