internal import Foundation

/// A program for seccomp(2) that refuses some system calls and allows all others, for the processor it is made on.
///
/// The kernel reads it as an array of `struct sock_filter`. Rules are tried in order, and the first rule for a call
/// decides.
struct SeccompFilter {
    enum Action {
        case allow
        case fail(CInt)

        fileprivate var value: UInt32 {
            switch self {
            case .allow: 0x7FFF_0000  // SECCOMP_RET_ALLOW
            case .fail(let error): 0x0005_0000 | UInt32(error)  // SECCOMP_RET_ERRNO
            }
        }
    }

    private enum Instruction {
        /// BPF_LD | BPF_W | BPF_ABS: four bytes of `struct seccomp_data`.
        static let load: UInt16 = 0x20
        /// BPF_JMP | BPF_K with BPF_JEQ, BPF_JGE and BPF_JSET.
        static let ifEqual: UInt16 = 0x15
        static let ifAtLeast: UInt16 = 0x35
        static let ifAnyBit: UInt16 = 0x45
        /// BPF_RET | BPF_K.
        static let returnValue: UInt16 = 0x06
    }

    /// Offsets in `struct seccomp_data`.
    private enum Offset {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4

        /// The low half of an argument. All arguments that are compared are ints in the kernel, or flags that fit.
        static func argument(_ index: Int) -> UInt32 { 16 + 8 * UInt32(index) }
    }

    /// The program. Each instruction has eight bytes.
    private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - architecture: `AUDIT_ARCH_…`. Calls of another architecture have other numbers, and fail with ENOSYS.
    ///   - newest: the highest call that the rules take into account. Higher ones fail with ENOSYS, as on a kernel
    ///     without them.
    init(architecture: UInt32, newest: Int32) {
        add(Instruction.load, Offset.architecture)
        add(Instruction.ifEqual, architecture, then: 1, otherwise: 0)
        end(.fail(ENOSYS))
        add(Instruction.load, Offset.number)
        // x32 shares its architecture with x86-64; its numbers have a high bit set.
        add(Instruction.ifAtLeast, UInt32(newest) + 1, then: 0, otherwise: 1)
        end(.fail(ENOSYS))
    }

    mutating func refuse(_ calls: [Int32], _ error: CInt) {
        for call in calls { rule(call) { $0.end(.fail(error)) } }
    }

    /// Refuses a call where a bit of `mask` is set in an argument.
    mutating func refuse(_ call: Int32, _ error: CInt, argument: Int, anyOf mask: UInt32) {
        rule(call) { filter in
            filter.add(Instruction.load, Offset.argument(argument))
            filter.add(Instruction.ifAnyBit, mask, then: 0, otherwise: 1)
            filter.end(.fail(error))
            filter.end(.allow)
        }
    }

    /// Refuses a call where an argument is one of `values`, or where it is none of them.
    mutating func refuse(_ call: Int32, _ error: CInt, argument: Int, in values: [UInt32]) {
        choose(call, argument, values, .fail(error), otherwise: .allow)
    }

    mutating func refuse(_ call: Int32, _ error: CInt, argument: Int, notIn values: [UInt32]) {
        choose(call, argument, values, .allow, otherwise: .fail(error))
    }

    /// Refuses a call where an argument is larger.
    mutating func refuse(_ call: Int32, _ error: CInt, argument: Int, above limit: UInt32) {
        rule(call) { filter in
            // The high half of the argument has to be zero.
            filter.add(Instruction.load, Offset.argument(argument) + 4)
            filter.add(Instruction.ifEqual, 0, then: 1, otherwise: 0)
            filter.end(.fail(error))
            filter.add(Instruction.load, Offset.argument(argument))
            filter.add(Instruction.ifAtLeast, limit + 1, then: 0, otherwise: 1)
            filter.end(.fail(error))
            filter.end(.allow)
        }
    }

    /// Ends the filter. Call it after the last rule.
    mutating func allowTheRest() {
        end(.allow)
    }

    private mutating func choose(
        _ call: Int32, _ argument: Int, _ values: [UInt32], _ action: Action, otherwise: Action
    ) {
        rule(call) { filter in
            filter.add(Instruction.load, Offset.argument(argument))
            for value in values {
                filter.add(Instruction.ifEqual, value, then: 0, otherwise: 1)
                filter.end(action)
            }
            filter.end(otherwise)
        }
    }

    /// Adds a rule for a call. `body` has to end the program in each case, because the call's number is not loaded
    /// again after it.
    private mutating func rule(_ call: Int32, _ body: (inout SeccompFilter) -> Void) {
        var consequence = self
        consequence.bytes = []
        body(&consequence)
        add(Instruction.ifEqual, UInt32(call), then: 0, otherwise: UInt8(consequence.bytes.count / 8))
        bytes += consequence.bytes
    }

    private mutating func end(_ action: Action) {
        add(Instruction.returnValue, action.value)
    }

    private mutating func add(_ code: UInt16, _ value: UInt32, then: UInt8 = 0, otherwise: UInt8 = 0) {
        withUnsafeBytes(of: code.littleEndian) { bytes += $0 }
        bytes += [then, otherwise]
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
