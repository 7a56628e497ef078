import ArgumentParser
import E2B
import FoundationEssentials
import Glibc
import Interpreter
import Responder

/// Lists and ends the sandboxes that the service has made, by what E2B knows of them.
struct Sandboxes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List or end the sandboxes that this service has made, of one key or of all.",
        discussion: """
            E2B itself is asked, so sandboxes that a crash has left are found as well. Those of other programs on the same E2B \
            account are neither listed nor ended.
            """,
        subcommands: [List.self, Kill.self], defaultSubcommand: List.self)

    struct Selection: ParsableArguments {
        @Option(help: "Only those of this key, and of all of its users; or of one user: \"KEY USER\".")
        var owner: String?

        @Option(help: "Only those that have existed for this long: 90s, 30m, 2h, 1d.", transform: { try age($0) })
        var olderThan: Duration?

        @Option(help: "A file of settings, instead of .env in the working directory.")
        var envFile: String?

        private static func age(_ text: String) throws -> Duration {
            let units = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = units[String(text.suffix(1))], let count = Int(text.dropLast()),
                (0...100_000).contains(count)
            else { throw ValidationError("A time is a whole number and s, m, h or d: 30m.") }
            return .seconds(count * unit)
        }

        /// Finds the sandboxes, and passes them to `body`.
        func withSandboxes(_ body: (ServiceSandboxes, [ServiceSandboxes.Entry]) async throws -> Void) async throws {
            StopSignals.shared.leaveToSystem()
            let configuration = try Configuration(environment: makeEnvironment(envFile: envFile))
            guard configuration.isAPIKeyConfigured else { throw Failure("E2B_API_KEY is not set.") }
            let client = try E2BClient(configuration.e2b)
            let sandboxes = ServiceSandboxes(client)
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(sandboxes, try await sandboxes.list(of: owner, olderThan: olderThan ?? .zero)))
            } catch {
                result = .failure((error as? E2BError).map { Failure("\($0)") } ?? error)
            }
            await client.stop()
            try result.get()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them, the oldest first (the default).")

        @OptionGroup var selection: Selection

        mutating func run() async throws {
            try await selection.withSandboxes { _, entries in
                for entry in entries { print(entry.line) }
                StandardError.lines.write(entries.count == 1 ? "1 sandbox\n" : "\(entries.count) sandboxes\n")
            }
        }
    }

    struct Kill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End them, and all that is in them.",
            discussion: "The exit status is 1 if one could not be ended.")

        @OptionGroup var selection: Selection

        @Flag(help: "Those of all keys.")
        var all = false

        mutating func validate() throws {
            guard all != (selection.owner != nil) else {
                throw ValidationError("Whose? Give either --owner KEY or --all.")
            }
        }

        mutating func run() async throws {
            try await selection.withSandboxes { sandboxes, entries in
                var failures = 0
                for entry in entries {
                    do throws(E2BError) {
                        let wasThere = try await sandboxes.kill(entry)
                        print("\(entry.id) \(wasThere ? "ended" : "was gone already")")
                    } catch {
                        failures += 1
                        StandardError.lines.write("\(entry.id): \(error)\n")
                    }
                }
                guard failures == 0 else {
                    throw Failure("\(failures) of \(entries.count) could not be ended. They end by their own timeouts.")
                }
            }
        }
    }
}

extension ServiceSandboxes.Entry {
    /// Id, state, start, end, owner and session, with tabs between them.
    fileprivate var line: String {
        let fields = [
            id, isPaused ? "paused" : "running", startedAt.written, endsAt.written, owner ?? "-", session ?? "-",
        ]
        return fields.map { field in String(String.UnicodeScalarView(field.unicodeScalars.filter { $0.value >= 0x20 }))
        }
        .joined(separator: "\t")
    }
}
