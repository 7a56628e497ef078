import Testing

@testable import Responder

/// A misspelt name would be a setting that silently does nothing, keys first of all.
struct SettingNameTests {
    private func complaint(_ name: String) -> String? {
        do {
            _ = try Configuration(environment: [name: "value-of-this"])
            return nil
        } catch {
            return error.complaints.first
        }
    }

    @Test(arguments: [
        ("E2B_FGCI_KEYS", "E2B_FCGI_KEYS"), ("E2B_FCGI_KEY", "E2B_FCGI_KEYS"), ("E2B_FCGI_KEYZ", "E2B_FCGI_KEYS"),
        ("E2BFCGI_KEYS", "E2B_FCGI_KEYS"), ("E2B_FCGIKEYS", "E2B_FCGI_KEYS"), ("E2B_FCG_KEYS", "E2B_FCGI_KEYS"),
        ("e2b_fcgi_keys", "E2B_FCGI_KEYS"), ("E2b_Fcgi_Keys", "E2B_FCGI_KEYS"), ("E2B-FCGI-KEYS", "E2B_FCGI_KEYS"),
        ("E2B_APIKEY", "E2B_API_KEY"), ("E2B_API_KEYS", "E2B_API_KEY"), ("E2B_AIP_KEY", "E2B_API_KEY"),
        ("E2B_PAI_KEY", "E2B_API_KEY"), ("E2B_DOMAINE", "E2B_DOMAIN"), ("E2B_SANDBOXURL", "E2B_SANDBOX_URL"),
        ("E2B_SANDBOX_ULR", "E2B_SANDBOX_URL"), ("E2B_FCGI_ORIGIN", "E2B_FCGI_ORIGINS"),
        ("E2B_CODE_ENV_TOKEN", "E2B_CODE_EV_*"), ("E2B_CODE_EVTOKEN", "E2B_CODE_EV_*"),
        ("E2B_CDOE_EV_TOKEN", "E2B_CODE_EV_*"), ("E2B_CODE_VE_TOKEN", "E2B_CODE_EV_*"),
    ])
    func `a misspelt name is told, with the one that is meant`(name: String, intended: String) {
        #expect(complaint(name) == "\(name): there is no such setting. Is \(intended) meant?")
    }

    @Test(arguments: ["E2B_FCGI_COLOUR", "E2B_FCGI_", "E2B_FGCI_COLOUR"])
    func `an unknown name of ours is told, too`(name: String) {
        #expect(complaint(name) == "\(name): there is no such setting. `e2b-fcgi --help` lists them.")
    }

    @Test(arguments: [
        "E2B_DEBUG", "E2B_ACCESS_TOKEN", "E2B_TEMPLATE_ID", "E2B_SANDBOX_ID", "E2B_TEAM_ID", "E2B_SANDBOX", "E2B_OTHER",
        "PATH", "HOME", "API_KEY", "B2B_API_KEY", "NEXT_PUBLIC_BASE_URL", "FCGI_ROLE", "PORTS", "E2", "E2B", "",
    ])
    func `what belongs to others is left alone`(name: String) { #expect(complaint(name) == nil) }

    @Test(arguments: [
        "E2B_ACCESS_TOKEN", "E2B_API_HEADERS", "E2B_VALIDATE_API_KEY", "E2B_MAX_CONNECTIONS", "E2B_LOCAL_API_KEY",
        "E2B_LOCAL_FAULTS", "E2B_CODE_EV_ANYTHING", "E2B_CODE_EV_E2B_FGCI_KEYS",
    ])
    func `E2B's own variables, the local sandbox's and the code's are no mistakes`(name: String) {
        #expect(complaint(name) == nil)
        #expect(SettingName.warnings(about: [name]) == [])
    }

    @Test(arguments: [
        ("EB2_FCGI_KEYS", "E2B_FCGI_KEYS"), ("E2_FCGI_KEYS", "E2B_FCGI_KEYS"), ("EB2_FGCI_KEY", "E2B_FCGI_KEYS"),
        ("2EB_API_KEY", "E2B_API_KEY"), ("EB_API_KEY", "E2B_API_KEY"), ("X2B_FCGI_IMAGES", "E2B_FCGI_IMAGES"),
        ("FCGI_WEB_SERVER_ADDR", "FCGI_WEB_SERVER_ADDRS"), ("PUBLIC_BASEURL", "PUBLIC_BASE_URL"),
        ("PUBLIC_BASE_ULR", "PUBLIC_BASE_URL"), ("public_base_url", "PUBLIC_BASE_URL"),
    ])
    func `a name that may be another program's is warned of, and the service starts`(name: String, intended: String) {
        #expect(complaint(name) == nil)
        #expect(
            SettingName.warnings(about: ["PATH", name, "HOME"]) == ["\(name) has no effect. Is \(intended) meant?"])
    }

    @Test(arguments: [
        "PATH", "HOME", "API_KEY", "B2B_API_KEY", "NEXT_PUBLIC_BASE_URL", "FCGI_ROLE", "PORTS", "PORT", "E2", "", "_",
        "HTTP_E2B_FCGI_KEYS", "SERVER_PORT", "FASTCGI_KEYS", "AWS_ACCESS_KEY_ID", "OPENAI_API_KEY", "XDG_STATE_HOME",
        String(repeating: "E2", count: 100_000),
    ])
    func `what is plainly another program's is not warned of`(name: String) {
        #expect(SettingName.warnings(about: [name]) == [])
    }

    @Test func `no two settings are so alike that one could pass for the other`() {
        for name in Setting.all.map(\.name) { #expect(SettingName.standing(of: name) == .known) }
    }

    @Test(arguments: [
        ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "axc", 1), ("abc", "xabc", 1),
        ("abcd", "badc", 2), ("kitten", "sitting", 3),
    ])
    func `mistakes are counted`(a: String, b: String, count: Int) {
        #expect(SettingName.distance(Array(a.utf8), Array(b.utf8)) == count)
    }
}
