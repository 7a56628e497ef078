import ImageGate
import Interpreter
import TestSupport
import Testing

@testable import MCP

/// LibreChat makes pictures of what we answer.
struct LibreChatReadingTests {
    private let server = MCPServer(secrets: .none, imageBudget: 100_000, version: "1.2.3")

    private func reading(_ result: ToolResult, tool: String = "run_code") throws -> LibreChatReading {
        let request = #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"\#(tool)"}}"#
        switch server.read(Array(request.utf8), MCPHeaders(version: "2025-11-25")) {
        case .answered(let answer): return try LibreChatReading(answer.body)
        case .calls(let calls): return try LibreChatReading(server.answer(to: calls, [result]).body)
        }
    }

    private func image(_ bytes: [UInt8], _ type: ImageType = .png) -> AdmittedImage {
        AdmittedImage(
            bytes: bytes, type: type, width: 40, height: 31, originalWidth: 40, originalHeight: 31, treatment: .passed)
    }

    @Test func `pictures become an artifact, and the model is told that they are shown`() throws {
        let plot = SampleImages.png(width: 40, height: 31)
        let photograph: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 1]
        let reading = try reading(ToolResult("42", images: [image(plot), image(photograph, .jpeg)]))
        #expect(
            reading.pictures == [
                .init(mimeType: "image/png", bytes: plot), .init(mimeType: "image/jpeg", bytes: photograph),
            ])
        #expect(reading.text.hasPrefix("42") && reading.text.contains("already shown to the user"))
        #expect(!reading.isFailure)
    }

    /// Base64 ends in one of three ways.
    @Test(arguments: 1...9) func `a picture of any length comes whole`(count: Int) throws {
        let bytes = (0..<count).map { UInt8($0 * 31 & 0xFF) }
        #expect(try reading(ToolResult("", images: [image(bytes)])).pictures.map(\.bytes) == [bytes])
    }

    @Test func `a failure is read as a text, and so the model knows of it`() throws {
        let reading = try reading(ToolResult("ZeroDivisionError: division by zero", isError: true))
        #expect(reading.text == "ZeroDivisionError: division by zero")
        #expect(reading.isFailure && reading.pictures.isEmpty)
    }

    @Test func `what LibreChat cannot draw is not sent as a picture`() throws {
        let reading = try reading(ToolResult("a", images: [image(Array("<svg/>".utf8), .svg)]))
        #expect(reading.pictures.isEmpty)
    }

    @Test func `a model of 128,000 tokens sees all pictures of an answer`() throws {
        let images = (0..<4).map { _ in image(Array(repeating: 7, count: 25_000)) }
        let reading = try reading(ToolResult(String(repeating: "x", count: 16_000), images: images))
        #expect(reading.pictures.count == 4)
        #expect(reading.isSeen(byModelOf: 128_000))
    }

    @Test func `a tool that is not there is no reason to log in`() throws {
        #expect {
            _ = try reading(ToolResult(""), tool: "nothing")
        } throws: { error in
            "\(error)".hasPrefix("tool call failed: There is no tool nothing")
        }
    }
}
