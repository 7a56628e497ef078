/// What an easy handle was last prepared for. What is still the same is not set again.
struct LastRequest {
    var url = ""
    var isNegotiable: Bool?
    var keepsConnection: Bool?
    var receiveSize: Int?
    var method: Method?
    var signature: AWSSignature?
    /// Whether libcurl holds a copy of the body.
    var hasCopiedBody = false

    /// What decides how libcurl is told the method.
    struct Method: Equatable {
        var name: String
        var hasBody: Bool
    }
}
