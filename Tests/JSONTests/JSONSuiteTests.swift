import Foundation
import TestSupport
import Testing

@testable import JSON

/// The cases of JSONTestSuite, which `suite.py` makes.
@Suite(.timeLimit(.minutes(10))) struct JSONSuiteTests {
    struct Case: Sendable {
        let name: String
        let bytes: [UInt8]
        /// JSON in ASCII; nil where a reader need not accept the case.
        let value: String?
    }

    /// What the reader makes of a case that is its own to decide.
    enum Decision: Sendable {
        case refused, taken
        /// A number that no `Int` holds; what it is as a `Double`.
        case number(Double)
        /// A string, with U+FFFD for what is no character.
        case repaired(String)
    }

    /// All `i_` cases. Numbers are kept as they are written, whatever their size, and only a text that is asked for as a number
    /// becomes one. What is no character is repaired, not refused: one odd byte should not cost an execution its output. A byte
    /// order mark (RFC 8259, section 8.1) and other encodings than UTF-8 are refused, and so is what is nested too deep.
    static let decisions: [String: Decision] = [
        "i_number_double_huge_neg_exp": .number(0),
        "i_number_huge_exp": .number(.infinity),
        "i_number_neg_int_huge_exp": .number(-.infinity),
        "i_number_pos_double_huge_exp": .number(.infinity),
        "i_number_real_neg_overflow": .number(-.infinity),
        "i_number_real_pos_overflow": .number(.infinity),
        "i_number_real_underflow": .number(0),
        "i_number_too_big_neg_int": .number(-1.23123123123123123123123123123e29),
        "i_number_too_big_pos_int": .number(1e20),
        "i_number_very_big_negative_int": .number(-2.37462374673276894279832749832423479823246327846e47),
        "i_object_key_lone_2nd_surrogate": .repaired("\u{FFFD}"),
        "i_string_1st_surrogate_but_2nd_missing": .repaired("\u{FFFD}"),
        "i_string_1st_valid_surrogate_2nd_invalid": .repaired("\u{FFFD}\u{1234}"),
        "i_string_UTF-8_invalid_sequence": .repaired("日ш\u{FFFD}"),
        "i_string_UTF8_surrogate_U+D800": .repaired("\u{FFFD}\u{FFFD}\u{FFFD}"),
        "i_string_incomplete_surrogate_and_escape_valid": .repaired("\u{FFFD}\n"),
        "i_string_incomplete_surrogate_pair": .repaired("\u{FFFD}a"),
        "i_string_incomplete_surrogates_escape_valid": .repaired("\u{FFFD}\u{FFFD}\n"),
        "i_string_invalid_lonely_surrogate": .repaired("\u{FFFD}"),
        "i_string_invalid_surrogate": .repaired("\u{FFFD}abc"),
        "i_string_invalid_utf-8": .repaired("\u{FFFD}"),
        "i_string_inverted_surrogates_U+1D11E": .repaired("\u{FFFD}\u{FFFD}"),
        "i_string_iso_latin_1": .repaired("\u{FFFD}"),
        "i_string_lone_second_surrogate": .repaired("\u{FFFD}"),
        "i_string_lone_utf8_continuation_byte": .repaired("\u{FFFD}"),
        "i_string_not_in_unicode_range": .repaired(String(repeating: "\u{FFFD}", count: 4)),
        "i_string_overlong_sequence_2_bytes": .repaired("\u{FFFD}\u{FFFD}"),
        "i_string_overlong_sequence_6_bytes": .repaired(String(repeating: "\u{FFFD}", count: 6)),
        "i_string_overlong_sequence_6_bytes_null": .repaired(String(repeating: "\u{FFFD}", count: 6)),
        "i_string_truncated-utf-8": .repaired("\u{FFFD}\u{FFFD}"),
        "i_string_UTF-16LE_with_BOM": .refused,
        "i_string_utf16BE_no_BOM": .refused,
        "i_string_utf16LE_no_BOM": .refused,
        "i_structure_500_nested_arrays": .refused,
        "i_structure_UTF-8_BOM_empty_object": .taken,
    ]

    private static let all = Task {
        let script = Binaries.repository.appending(path: "Tests/JSONTests/suite.py").path
        let folder = FileManager.default.temporaryDirectory.appending(path: "json-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = try await ChildProcess(Binaries.system("python3"), ["-B", script], in: folder)
        let exit = await program.ended()
        guard exit == .status(0) else { throw HarnessError.ended(program: "suite.py", exit: exit, log: program.log) }
        return String(decoding: program.output, as: UTF8.self).split(separator: "\n").map { line in
            let fields = line.split(separator: "\t")
            let digits = Array(fields[1].utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { at in
                UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16) ?? 0
            }
            return Case(
                name: String(fields[0]), bytes: bytes, value: fields.count == 3 ? String(fields[2]) : nil)
        }
    }

    private static func cases(_ prefix: String) async throws -> [Case] {
        try await all.value.filter { $0.name.hasPrefix(prefix) }
    }

    /// The whole text, as Foundation would have it.
    private func read(_ bytes: [UInt8]) throws -> NSObject {
        try bytes.withUnsafeBytes { try object(JSONScanner.value(of: $0)) }
    }

    private func object(_ value: JSONValue) throws -> NSObject {
        switch value.kind {
        case .null: return NSNull()
        case .true: return true as NSNumber
        case .false: return false as NSNumber
        case .number: return try #require(value.double) as NSNumber
        case .plainString, .escapedString: return try #require(value.string) as NSString
        case .array:
            var elements: [JSONValue] = []
            try value.elements { elements.append($0) }
            return try elements.map(object) as NSArray
        case .object:
            var members: [(JSONValue, JSONValue)] = []
            try value.members { members.append(($0, $1)) }
            let object = NSMutableDictionary()
            for (key, value) in members { object[try #require(key.string)] = try self.object(value) }
            return object
        }
    }

    @Test func `what must be accepted is, and means what it should`() async throws {
        let cases = try await Self.cases("y_")
        #expect(cases.count == 95)
        for example in cases {
            let json = try #require(example.value)
            let expected = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
            let value = try? read(example.bytes)
            #expect(value == expected as? NSObject, "\(example.name)")
        }
    }

    @Test func `what must be refused is`() async throws {
        let cases = try await Self.cases("n_")
        #expect(cases.count == 188)
        for example in cases { #expect(throws: MalformedJSON.self, "\(example.name)") { try read(example.bytes) } }
    }

    @Test func `what is free is decided`() async throws {
        let cases = try await Self.cases("i_")
        #expect(Set(cases.map(\.name)) == Set(Self.decisions.keys))
        for example in cases {
            try example.bytes.withUnsafeBytes { bytes in
                let value = try? JSONScanner.value(of: bytes)
                // The one string or number that is in the array or the object.
                var inner: JSONValue?
                try value?.elements { inner = $0 }
                try value?.members { key, _ in inner = key }
                switch try #require(Self.decisions[example.name]) {
                case .refused: #expect(value == nil, "\(example.name)")
                case .taken: #expect(value != nil, "\(example.name)")
                case .number(let number):
                    #expect(inner?.double == number && inner?.integer == nil, "\(example.name)")
                case .repaired(let text): #expect(inner?.string == text, "\(example.name)")
                }
                // An escape that is no character is not repaired where a caller's own text is read.
                if inner?.kind == .escapedString { #expect(inner?.exactString == nil, "\(example.name)") }
            }
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"\":", "[0,"])
    func `nesting without an end is refused at once`(start: String) {
        let text = String(repeating: start, count: 1_000_000)
        #expect(throws: MalformedJSON.self) { try read(Array(text.utf8)) }
    }

    /// What stands before a million times a digit, the digit, and what the number is.
    private static let longNumbers: [(start: String, digit: Character, value: Double)] = [
        ("", "9", .infinity), ("0.", "0", 0), ("0.", "1", 1.0 / 9), ("1e", "9", .infinity), ("-1e", "0", -1),
        ("1e-", "9", 0),
    ]

    @Test(arguments: longNumbers)
    func `a number of a million digits is read in a moment`(start: String, digit: Character, expected: Double) throws {
        let text = start + String(repeating: digit, count: 1_000_000)
        try Array(text.utf8).withUnsafeBytes { bytes in
            let value = try JSONScanner.value(of: bytes)
            #expect(value.double == expected)
            #expect(value.integer == nil)
        }
    }

    @Test func `a text of escapes alone, and one of a million values, are read in a moment`() throws {
        let count = 1_000_000
        let escapes = Array(("\"" + String(repeating: "\\ud83c", count: count) + "\"").utf8)
        try escapes.withUnsafeBytes { bytes in
            let value = try JSONScanner.value(of: bytes)
            #expect(value.string?.unicodeScalars.count == count)
            #expect(value.exactString == nil)
        }
        let values = Array(("[" + String(repeating: "{\"a\":[]},", count: count) + "0]").utf8)
        try values.withUnsafeBytes { bytes in
            var elements = 0
            try JSONScanner.value(of: bytes).elements { _ in elements += 1 }
            #expect(elements == count + 1)
        }
    }
}
