import FastCGI
import Interpreter
import JSON
import Testing

@testable import Responder

/// What a request to `/mcp` says beside its body: who asks, in which conversation, and in which form images are wanted.
struct MCPRequestTests {
    private let names = Identity.Headers(user: "X-Chat-User", conversation: "X-Chat")

    private func identity(_ params: [String: String], caller: String = "librechat") -> Identity {
        Identity(of: FastCGIRequest(params: params, stdin: .success([])), caller, ["librechat"], names)
    }

    // MARK: - Who asks

    @Test func `a trusted key names users and conversations, in the headers that the settings name`() {
        let named = identity(["HTTP_X_CHAT_USER": "alice", "HTTP_X_CHAT": "c1", "HTTP_X_USER_ID": "mallory"])
        #expect(named.owner == "librechat\u{1f}alice")
        #expect(named.conversation == "c1")
        let stranger = identity(["HTTP_X_CHAT_USER": "alice", "HTTP_X_CHAT": "c1"], caller: "other")
        #expect(stranger.owner == "other" && stranger.conversation == nil)
    }

    @Test func `a user's conversation has the session for which LibreChat's code interpreter asks`() {
        // As LibreChat 0.8.8 makes its hint of the two.
        let identity = identity(["HTTP_X_CHAT_USER": "user-1", "HTTP_X_CHAT": "conversation-1"])
        #expect(identity.session == "v2:conversation:ea98cd74d68a59d7c8dd012a62580520")
        #expect(self.identity(["HTTP_X_CHAT": "conversation-1"]).session == "conversation-1")
        #expect(self.identity(["HTTP_X_CHAT_USER": "user-1"]).session == nil)
    }

    @Test(arguments: ["", " ", "{{LIBRECHAT_USER_ID}}", " {{LIBRECHAT_USER_ID}} ", "user-{{LIBRECHAT_USER_ID}}", "{{"])
    func `an empty value and a placeholder count as absent`(value: String) {
        let identity = identity(["HTTP_X_CHAT_USER": value, "HTTP_X_CHAT": value])
        #expect(identity.owner == "librechat" && identity.conversation == nil)
    }

    @Test func `users whose names are too long stay apart`() {
        let (one, other) = (String(repeating: "a", count: 500), String(repeating: "a", count: 501))
        let owners = [one, other].map { identity(["HTTP_X_CHAT_USER": $0]).owner }
        #expect(owners[0] != owners[1])
        #expect(owners.allSatisfy { $0.hasPrefix("librechat\u{1f}") && $0.utf8.count < 100 })
    }

    @Test(arguments: [
        ("E2B_FCGI_USER_HEADER", "X User"), ("E2B_FCGI_USER_HEADER", "X-User:"), ("E2B_FCGI_USER_HEADER", "X_User"),
        ("E2B_FCGI_CONVERSATION_HEADER", "X-Ü"), ("E2B_FCGI_CONVERSATION_HEADER", "Authorization"),
        ("E2B_FCGI_CONVERSATION_HEADER", "x-user-id"), ("E2B_FCGI_MCP_TOOLS", "run_code,run_cod"),
        ("E2B_FCGI_MCP_TOOLS", ","), ("E2B_FCGI_MCP_IMAGES", "none"), ("E2B_FCGI_MCP_IMAGES", "inline,bob:link"),
        ("E2B_FCGI_MCP_IMAGES", "a:b:link"), ("E2B_FCGI_SESSION_END", "stop"), ("E2B_FCGI_KEEP_DAYS", "0"),
        ("E2B_FCGI_KEEP_DAYS", "3651"), ("E2B_FCGI_SESSION_IDLE", "59"),
    ])
    func `a setting of MCP that is wrong is named`(name: String, value: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try Configuration(environment: [name: value]) }
        #expect(error?.description.contains(name) == true)
    }

    // MARK: - In which form images are wanted

    private func form(
        query: String = "", header: String? = nil, caller: String = "a"
    ) throws(ArgumentError) -> ImageUse.Form {
        var params = ["QUERY_STRING": query]
        params["HTTP_X_IMAGES"] = header
        let forms = ImageForms(standard: .inline, byKey: ["blind": .link])
        return try forms.form(of: FastCGIRequest(params: params, stdin: .success([])), from: caller)
    }

    @Test func `the URL says it, else a header, else the key's setting`() throws {
        #expect(try form() == .inline)
        #expect(try form(caller: "blind") == .link)
        #expect(try form(header: "both", caller: "blind") == .both)
        #expect(try form(header: "", caller: "blind") == .link)
        #expect(try form(header: "{{IMAGES}}", caller: "blind") == .link)
        #expect(try form(query: "x=1&images=inline", header: "both", caller: "blind") == .inline)
        #expect(try form(query: "images=Link") == .link)
        #expect(try form(query: "images=", caller: "blind") == .link)
        #expect(try form(query: "images", caller: "blind") == .link)
    }

    @Test func `another form than there is is named`() {
        for error in [
            #expect(throws: ArgumentError.self) { _ = try form(query: "images=none") },
            #expect(throws: ArgumentError.self) { _ = try form(header: "base64") },
        ] {
            #expect(error?.sentence.contains("inline, link, both") == true)
        }
    }

    @Test func `keys have forms of their own`() throws {
        let configuration = try Configuration(environment: [
            "E2B_FCGI_KEYS": "one:1234567890123456,two:6543210987654321", "E2B_FCGI_MCP_IMAGES": "both, two: link",
        ])
        #expect(configuration.mcpImages == ImageForms(standard: .both, byKey: ["two": .link]))
    }
}
