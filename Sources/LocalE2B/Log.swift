internal import Foundation

/// Lines for the person at the terminal. Never code, output or tokens.
enum Log {
    static func note(_ text: String) {
        FileHandle.standardError.write(Data("e2b-local: \(text)\n".utf8))
    }
}
