/// What a service that runs can take of an environment that was read again.
package struct Reconfiguration: Sendable {
    package let configuration: Configuration
    /// The environment that the configuration was made of, secrets of files included. The next one is compared with it.
    package let environment: [String: String]
    /// The names of variables with another value than before, which only a start takes.
    package let keptNames: [String]

    /// The names of variables that only a start reads. Those of a bucket's keys are here because the store is opened once.
    private static let fixedNames =
        Setting.fixed.map(\.name) + AWSVariable.secrets + ["AWS_REGION", "AWS_DEFAULT_REGION"]

    /// - Parameter current: ``environment`` of the configuration that the service has.
    /// - Throws: ``ConfigurationError`` with a sentence for every wrong value, also for those that only the next start would take.
    package init(_ environment: [String: String], replacing current: [String: String]) throws(ConfigurationError) {
        let asked = try Self(start: environment)
        var taken = asked.environment
        var kept: [String] = []
        for name in Self.fixedNames where taken[name] != current[name] {
            kept.append(name)
            taken[name] = current[name]
        }
        self.environment = taken
        keptNames = kept
        configuration = kept.isEmpty ? asked.configuration : try Configuration(environment: taken)
    }

    /// The configuration of a start.
    package init(start environment: [String: String]) throws(ConfigurationError) {
        let files = SecretFiles(environment)
        guard files.complaints.isEmpty else {
            // With the sentences about all else.
            _ = try Configuration(environment: environment)
            throw ConfigurationError(complaints: files.complaints)
        }
        self.environment = files.environment
        configuration = try Configuration(environment: files.environment)
        keptNames = []
    }
}
