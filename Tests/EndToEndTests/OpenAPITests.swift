import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// The document that LibreChat makes its tools of, by the rules of LibreChat's parser.
    @Suite(.timeLimit(.minutes(10)))
    struct OpenAPITests {
        private func operations() async throws -> [String: JSONTree] {
            let document = try await JSONTree(parsing: SharedStack.client.get("/openapi.json").body)
            var operations: [String: JSONTree] = [:]
            for (path, item) in try #require(document["paths"].members) {
                // Every member of a path is taken for a method.
                #expect(Set(item.members?.keys ?? [:].keys) == ["post"], "\(path)")
                operations[path] = item["post"]
            }
            return operations
        }

        @Test func `it has both operations, and the address it was asked at`() async throws {
            let client = try SharedStack.client
            let document = try await JSONTree(parsing: client.get("/openapi.json").body)
            #expect(document["servers"] == [["url": .text(client.base)]])
            #expect(try await Set(operations().keys) == ["/execute", "/e2bcode"])
        }

        @Test func `every operation has an id that stays within a tool's name, and words for the model`() async throws {
            var ids: Set<String> = []
            for (path, operation) in try await operations() {
                let id = try #require(operation["operationId"].string)
                #expect(id.wholeMatch(of: #/[A-Za-z0-9_-]{1,46}/#) != nil, "\(id)")
                ids.insert(id)
                // A summary would hide the description.
                #expect(operation["summary"] == .missing && operation["parameters"] == .missing, "\(path)")
                #expect((20...4000).contains(operation["description"].string?.count ?? 0), "\(path)")
            }
            #expect(ids.count == 2)
        }

        @Test func `every body is one flat object of simple types, inline`() async throws {
            let known: Set<String> = [
                "type", "description", "enum", "minLength", "maxLength", "minimum", "maximum", "items", "properties",
                "required",
            ]
            let text = try await SharedStack.client.get("/openapi.json").text
            #expect(
                !text.contains("$ref") && !text.contains("oneOf") && !text.contains("anyOf") && !text.contains("allOf"))
            for (path, operation) in try await operations() {
                let content = try #require(operation["requestBody"]["content"].members)
                #expect(Array(content.keys) == ["application/json"])
                let schema = content["application/json"]?["schema"] ?? .missing
                #expect(schema["type"] == "object" && schema["required"].list?.isEmpty == false, "\(path)")
                let properties = try #require(schema["properties"].members)
                for (name, property) in properties {
                    let isKnown = Set(property.members?.keys ?? [:].keys).subtracting(known).isEmpty
                    #expect(isKnown && property["description"].string?.isEmpty == false, "\(path) \(name): \(property)")
                    let types = ["string", "number", "integer", "boolean", "array", "object"]
                    #expect(types.contains(property["type"].string ?? ""), "\(path) \(name): \(property)")
                    if property["type"] == "array" { #expect(property["items"]["type"] == "string") }
                    if property["enum"] != .missing {
                        #expect(
                            property["type"] == "string"
                                && property["enum"].list?.allSatisfy { $0.string != nil } == true)
                    }
                }
                for name in schema["required"].list ?? [] { #expect(properties[name.string ?? ""] != nil) }
            }
        }

        @Test func `the actions' operation offers every action that help lists, and their parameters`() async throws {
            let operation = try #require(try await operations()["/e2bcode"])
            let properties = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
            let offered = (properties["action"]["enum"].list ?? []).compactMap(\.string)
            let help = try #require(try await SharedStack.client.act("help")["message"].string)
            let listed = help.split(separator: "\n").dropFirst().compactMap {
                $0.split(separator: ":").first.map(String.init)
            }
            #expect(Set(offered) == Set(listed) && offered.count == 20, "\(help)")
            for action in offered {
                let lines = try #require(
                    try await SharedStack.client.act("help", ["command_name": .text(action)])["message"].string)
                for match in lines.matches(of: #/\n- `(\w+)`(?: \(or `(\w+)`\))?/#) {
                    let isOffered = [match.1, match.2 ?? match.1].contains { properties[String($0)] != .missing }
                    #expect(isOffered, "\(action): \(match.1)")
                }
            }
        }
    }
}
