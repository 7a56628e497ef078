import E2B
import Foundation
import ImageGate
import Interpreter
import Testing

@testable import Responder

/// Every setting at its edges: a complaint that names it, or a configuration that works.
@Suite(.timeLimit(.minutes(10)))
struct SettingEdgeTests {
    private static let edges = [
        "", "0", "-0", "-1", "1", "+1", "2", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551616", "99999999999999999999", "1e3", "1.5", " 5 ", "5 ", "0x0", "0x10", "0x1", "1x0", "1x1",
        "x",
        "xx", "1x", "x1", "1x-1", "-1x1", "1x1x1", "20000x20000", "20001x20001", "1x20000", "1x99999999999999999999",
        "٣",
        "３", "²", "1_000", "1,000", "nan", "inf", "true", "on", "off", "ON", "=", ",", ":", ",,", "a:b", "/", "//",
        "/dev/null",
        "http://", "https://", "http:///", "http://:", "http://[", "http://a:b@c:99999/", "http://x:0", "\u{1}", "\n",
        "é", "🙂",
        String(repeating: "9", count: 100_000), String(repeating: "x", count: 100_000),
    ]

    /// Those that are numbers, and the bounds that each names, with their neighbours.
    private static func values(of setting: Setting) -> [String] {
        guard
            case .failure(let error) = configuration([setting.name: "many"]),
            let bounds = error.complaints.first?.firstMatch(of: /a whole number from (\d+) to (\d+)/),
            let low = Int(bounds.1), let high = Int(bounds.2)
        else { return edges }
        return edges + [low - 1, low, low + 1, high - 1, high, high + 1].map(String.init)
    }

    private static func configuration(_ environment: [String: String]) -> Result<Configuration, ConfigurationError> {
        Result { () throws(ConfigurationError) in try Configuration(environment: environment) }
    }

    @Test(arguments: Setting.all.map(\.name))
    func `a value is refused by name, or it works`(name: String) async throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        for value in Self.values(of: setting) {
            let shown = "\(name)=\(value.prefix(40))"
            var environment = ["E2B_API_KEY": "e2b_0"]
            environment[name.replacing("*", with: "EDGE")] = value
            switch Self.configuration(environment) {
            case .failure(let error):
                #expect(
                    !error.complaints.isEmpty && error.complaints.allSatisfy { $0.contains(name.prefix { $0 != "*" }) },
                    "\(shown): \(error)")
            case .success(let configuration): try await use(configuration, name, shown)
            }
        }
    }

    /// What is made of a configuration at the start, and what multiplies and adds up its numbers.
    private func use(_ configuration: Configuration, _ name: String, _ shown: String) async throws {
        var client: E2BClient?
        if configuration.isAPIKeyConfigured {
            do throws(E2BError) {
                client = try E2BClient(configuration.e2b)
            } catch {
                guard case .invalidConfiguration = error else {
                    Issue.record("\(shown): \(error)")
                    return
                }
            }
        }
        _ = try Responder(configuration, client: client, log: EventLog(isLoggingRequests: false))
        await client?.stop()
        #expect(configuration.grace + StopTime.afterGrace > .zero)
        #expect(configuration.limits.time.standard <= configuration.limits.time.maximum)
        #expect(configuration.limits.time.maximum + .seconds(30) > .zero)
        #expect(configuration.limits.bodyWithFile > 0)
        guard name.contains("IMAGE") || name.contains("SVG") else { return }
        let gate = try ImageGate(policy: configuration.imagePolicy, threads: 1, decoding: .inProcess)
        for (image, type) in [(Self.png, ImageType.png), (Self.svg, .svg)] {
            // What it comes to is the gate's to say: it comes to something.
            do { _ = try await gate.admit(image, claimed: type) } catch {}
        }
    }

    private static let svg = Array(
        "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><rect width='9' height='9'/></svg>".utf8)

    /// One pixel.
    private static let png = [UInt8](
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
            ?? Data())

    @Test func `nginx/run.sh waits for longer than the end may take`() throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "nginx/run.sh")
        let text = try String(contentsOf: script, encoding: .utf8)
        let seconds = try #require(text.firstMatch(of: /grace \+ (\d+)/).flatMap { Int($0.1) })
        #expect(.seconds(seconds) > StopTime.afterGrace)
        let standard = try Configuration(environment: [:]).grace
        #expect(text.contains("grace=\(standard.components.seconds)"))
    }
}
