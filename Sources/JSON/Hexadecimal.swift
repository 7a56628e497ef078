/// Hexadecimal digits, in ASCII.
enum Hexadecimal {
    /// Returns the digit for a value.
    ///
    /// - Parameter value: less than 16.
    static func digit(_ value: UInt8, isUppercase: Bool = false) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: isUppercase ? "A" : "a") + value - 10
    }

    /// Returns the value of an uppercase or lowercase digit; nil if `digit` is not one.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
