internal import Interpreter
internal import JSON

/// A tool of the caller's that a program may call as a function.
package struct ProgramTool: Equatable, Sendable {
    /// As the caller knows it.
    package let name: String
    /// As the program calls it.
    package private(set) var function: String
    /// The names of its parameters, in the order of the schema.
    package let parameters: [String]

    /// The largest number of tools.
    static let limit = 500

    /// - Returns: nil for what has no name.
    init?(_ json: JSONValue, for language: Language) throws(MalformedJSON) {
        guard let name = try json.member("name")?.string, !name.isEmpty, name.utf8.count <= 256,
            !name.utf8.contains(where: { $0 < 0x20 })
        else { return nil }
        self.name = name
        function = Self.function(name, in: language)
        var parameters: [String] = []
        try json.member("parameters")?.member("properties")?.members { key, _ in
            if let name = key.string { parameters.append(name) }
        }
        self.parameters = parameters
    }

    /// Reads a list of tools. Of two whose names would become the same the later one gets a number.
    static func list(_ json: JSONValue?, for language: Language) -> [ProgramTool] {
        let tools = (try? json?.list { element throws(MalformedJSON) in try ProgramTool(element, for: language) }) ?? []
        var taken: Set<String> = []
        return tools.prefix(limit).map { tool in
            var tool = tool
            var number = 2
            while !taken.insert(tool.function).inserted {
                tool.function = "\(function(tool.name, in: language))_\(number)"
                number += 1
            }
            return tool
        }
    }

    /// The name that callers expect a tool to have in a program: `-` and spaces become `_`, and what no name may have is left out.
    static func function(_ name: String, in language: Language) -> String {
        var function = String(
            decoding: name.utf8.compactMap { byte -> UInt8? in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    byte
                case UInt8(ascii: "-"), UInt8(ascii: " "): UInt8(ascii: "_")
                default: nil
                }
            }, as: UTF8.self)
        if function.isEmpty { function = "_" }
        if function.first?.isNumber == true { function = "_" + function }
        let keywords = language == .bash ? bashKeywords : pythonKeywords
        return keywords.contains(function) ? function + "_tool" : function
    }

    private static let pythonKeywords: Set = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ]
    private static let bashKeywords: Set = [
        "if", "then", "elif", "else", "fi", "time", "for", "in", "until", "while", "do", "done", "case", "esac",
        "coproc", "select", "function",
    ]
}
