internal import CCrypto
internal import Foundation

/// What a service of Amazon's kind checks of a request: Signature Version 4, written from Amazon's description of it
/// ("Create a signed AWS API request") and not from any client.
package struct SigV4: Sendable {
    package var secrets: [String: String]
    package var region: String
    package var service: String
    package var sessionToken: String?

    package init(secrets: [String: String], region: String, service: String = "s3", sessionToken: String? = nil) {
        self.secrets = secrets
        self.region = region
        self.service = service
        self.sessionToken = sessionToken
    }

    /// Why the request is refused; nil if its signature holds.
    package func fault(in request: Loopback.Request) -> String? {
        var headers: [String: String] = [:]
        for line in request.headers {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            guard headers[name] == nil else { return "\(name) is there twice" }
            headers[name] = parts.count < 2 ? "" : parts[1].trimmingCharacters(in: .whitespaces)
        }
        guard let authorization = headers["authorization"] else { return "no Authorization" }
        let scheme = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(scheme) else { return "another scheme" }
        var fields: [String: String] = [:]
        for field in authorization.dropFirst(scheme.count).split(separator: ",") {
            let parts = field.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return "a field without value" }
            fields[String(parts[0])] = String(parts[1])
        }
        let credential = (fields["Credential"] ?? "").split(separator: "/").map(String.init)
        guard credential.count == 5, let secret = secrets[credential[0]] else { return "an unknown key" }
        guard Array(credential[2...]) == [region, service, "aws4_request"] else { return "another scope" }
        guard let date = headers["x-amz-date"], date.prefix(8) == credential[1], Self.isNow(date) else {
            return "another time"
        }
        guard headers["x-amz-security-token"] == sessionToken else { return "another session token" }
        let signed = (fields["SignedHeaders"] ?? "").split(separator: ";").map(String.init)
        guard signed == signed.sorted() else { return "signed headers are not sorted" }
        for name in headers.keys where name == "host" || name == "content-type" || name.hasPrefix("x-amz-") {
            guard signed.contains(name) else { return "\(name) is not signed" }
        }
        guard let hash = headers["x-amz-content-sha256"] else { return "no x-amz-content-sha256" }
        guard hash == "UNSIGNED-PAYLOAD" || hash == Self.digest(request.body) else { return "another body" }

        let line = request.line.split(separator: " ")
        let target = line[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var canonical = [String(line[0]), Self.encode(String(target[0]), except: "/")]
        canonical.append(target.count < 2 ? "" : Self.canonicalQuery(String(target[1])))
        for name in signed {
            guard let value = headers[name] else { return "\(name) is signed and not there" }
            // Spaces that follow each other count as one.
            canonical.append("\(name):\(value.split(separator: " ").joined(separator: " "))")
        }
        canonical += ["", signed.joined(separator: ";"), hash]
        let scope = credential[1...].joined(separator: "/")
        let text = [
            scheme.trimmingCharacters(in: .whitespaces), date, scope, Self.digest(canonical.joined(separator: "\n")),
        ].joined(separator: "\n")
        var key = Array("AWS4\(secret)".utf8)
        for part in credential[1...] { key = Self.code(of: part, key: key) }
        guard Self.hexadecimal(Self.code(of: text, key: key)) == fields["Signature"] else {
            return "another signature. Canonical:\n" + canonical.joined(separator: "\n")
        }
        return nil
    }

    private static func isNow(_ date: String) -> Bool {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        return format.date(from: date).map { abs($0.timeIntervalSinceNow) < 900 } ?? false
    }

    /// Whatever the client wrote: decoded, and encoded as the description says.
    private static func encode(_ text: String, except kept: String = "") -> String {
        (text.removingPercentEncoding ?? text).utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            let isKept = character.isASCII && (character.isLetter || character.isNumber)
            return isKept || "-._~\(kept)".contains(character)
                ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static func canonicalQuery(_ query: String) -> String {
        query.split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return encode(String(parts[0])) + "=" + (parts.count < 2 ? "" : encode(String(parts[1])))
        }.sorted().joined(separator: "&")
    }

    package static func digest(_ text: String) -> String { digest(Array(text.utf8)) }

    package static func digest(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = SHA256(bytes, bytes.count, &digest)
        return hexadecimal(digest)
    }

    private static func code(of text: String, key: [UInt8]) -> [UInt8] {
        let bytes = Array(text.utf8)
        var code = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = HMAC(EVP_sha256(), key, CInt(key.count), bytes, bytes.count, &code, nil)
        return code
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
