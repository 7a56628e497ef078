import E2B
import Interpreter
import Responder
import Store

/// The settings alone, as `nginx -t` looks at its own. Nothing is opened but the files that they name.
struct SettingsCheck {
    let environment: [String: String]
    /// nil if it has mistakes.
    let configuration: Configuration?
    private let complaints: [String]
    private let place: String

    private static let subject = "settings"

    init(envFile: String?) {
        place = envFile ?? "the environment and .env"
        var environment: [String: String] = [:]
        var configuration: Configuration?
        var complaints: [String] = []
        do {
            environment = try makeEnvironment(envFile: envFile)
            configuration = try Configuration(environment: environment)
        } catch let error as ConfigurationError {
            complaints = error.complaints
        } catch {
            complaints = ["\(error)"]
        }
        (self.environment, self.configuration, self.complaints) = (environment, configuration, complaints)
    }

    func findings() -> [Finding] {
        let warnings = SettingName.warnings(about: environment.keys)
        guard let configuration else {
            return complaints.map { .failed(Self.subject, $0) } + warnings.map { .warning(Self.subject, $0) }
        }
        let count = Setting.all.count { environment[$0.name] != nil }
        let of = count == 1 ? "1 of \(Setting.all.count) is" : "\(count) of \(Setting.all.count) are"
        return [.ok(Self.subject, "in order; \(of) set in \(place)")]
            + (warnings + configuration.warnings).map { .warning(Self.subject, $0) }
    }

    /// The values that no line may show, by any names.
    var secrets: [String: String] {
        guard let configuration else { return [:] }
        var secrets = configuration.secretVariables
        secrets["E2B_API_KEY"] = configuration.e2b.apiKey
        for key in configuration.keys { secrets["E2B_FCGI_KEYS \(key.name)"] = key.secret }
        for name in ["E2B_FCGI_LINK_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            secrets[name] = environment[name]
        }
        return secrets.filter { !$0.value.isEmpty }
    }
}
