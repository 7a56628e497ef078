/// The document that an operator pastes into LibreChat's Actions (OpenAPI 3.1).
///
/// LibreChat reads `servers[0].url`, and for each operation its id, description and an inline schema of one flat object; it
/// resolves no references below the top level.
package struct OpenAPIDocument: Sendable {
    /// Where LibreChat finds the service: scheme, host and base path, without a slash at the end.
    private let server: String
    private let languages: [String]
    /// Seconds.
    private let maximumTimeout: Int

    package init(server: String, languages: [String], maximumTimeout: Int) {
        self.server = server
        self.languages = languages
        self.maximumTimeout = maximumTimeout
    }

    /// JSON, in UTF-8.
    package func encoded() -> [UInt8] {
        var json: [UInt8] = []
        func literal(_ text: String) { json.append(contentsOf: text.utf8) }
        literal(#"{"openapi":"3.1.0","info":{"title":"Code interpreter","version":"1"},"servers":[{"url":"#)
        json.append(quoted: server)
        literal(#"}],"paths":{"/execute":{"post":{"operationId":"execute_code","description":"#)
        json.append(quoted: Self.description)
        literal(
            #","requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"#)
        literal(#""code":{"type":"string","description":"The complete program."},"#)
        literal(#""language":{"type":"string","enum":["#)
        for (index, language) in languages.enumerated() {
            if index > 0 { literal(",") }
            json.append(quoted: language)
        }
        literal(#"],"description":"Default python."},"#)
        literal(#""timeout":{"type":"number","minimum":1,"maximum":\#(maximumTimeout),"description":"Seconds."}"#)
        literal(
            #"},"required":["code"]}}}},"responses":{"200":{"description":"Output, results, errors and images."}}}}}}"#)
        return json
    }

    private static let description = """
        Run a program in a fresh sandbox and get its output, the value of its last expression, and its plots. \
        Nothing is kept between calls. In Python, numpy, pandas and matplotlib are there; show a plot with plt.show().
        """
}
