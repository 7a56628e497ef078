import Testing

@testable import LocalE2B

@Suite struct ConnectEnvelopeTests {
    @Test func `the protocol's vectors`() {
        #expect(ConnectEnvelope.success.bytes.hex == "02000000027b7d")
        let start = #"{"event":{"start":{"pid":1234}}}"#
        #expect(ConnectEnvelope(payload: Array(start.utf8)).bytes.hex.hasPrefix("0000000020"))
    }

    @Test func `a failure is an end envelope with its code`() throws {
        let bytes = ConnectEnvelope.failure(ConnectError(code: .notFound, message: "no \"x\"")).bytes
        #expect(bytes.first == 2)
        let text = String(decoding: bytes.dropFirst(5), as: UTF8.self)
        #expect(text.contains(#""code":"not_found""#) && text.contains(#""message":"no \"x\"""#))
    }

    @Test func `a body is cut into its envelopes`() throws {
        let one = ConnectEnvelope(payload: Array("{}".utf8))
        let two = ConnectEnvelope(payload: [UInt8](repeating: 7, count: 70_000))
        let body = one.bytes + two.bytes + ConnectEnvelope.success.bytes
        #expect(try ConnectEnvelope.all(in: body, limit: 70_000) == [one, two, .success])
        #expect(try ConnectEnvelope.all(in: [], limit: 10).isEmpty)
    }

    @Test func `every truncation is refused`() {
        let body = ConnectEnvelope(payload: Array("{}".utf8)).bytes
        for count in 1..<body.count {
            #expect(throws: ConnectEnvelope.ParseError.truncated) {
                try ConnectEnvelope.all(in: Array(body.prefix(count)), limit: 100)
            }
        }
    }

    @Test func `compressed and oversized envelopes are refused`() {
        #expect(throws: ConnectEnvelope.ParseError.compressed) {
            try ConnectEnvelope.all(in: [1, 0, 0, 0, 0], limit: 100)
        }
        #expect(throws: ConnectEnvelope.ParseError.tooLarge(0xFFFF_FFFF)) {
            try ConnectEnvelope.all(in: [0, 255, 255, 255, 255], limit: 100)
        }
        #expect(throws: ConnectEnvelope.ParseError.tooLarge(3)) {
            try ConnectEnvelope.all(in: [0, 0, 0, 0, 3, 1, 1, 1], limit: 2)
        }
    }
}

extension [UInt8] {
    var hex: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
