extension Configuration {
    /// What the operator should know of values that are valid: a sentence each, without secrets.
    package var warnings: [String] {
        var warnings: [String] = []
        if !isAPIKeyConfigured { warnings.append("E2B_API_KEY is not set: no code can be run") }
        if keys.isEmpty {
            warnings.append("E2B_FCGI_KEYS is not set: only programs on this machine may use the service")
        }
        let unmasked = unredactedVariables
        if !unmasked.isEmpty {
            warnings.append(
                "too short to be masked in answers: \(unmasked.map { "E2B_CODE_EV_\($0)" }.joined(separator: ", "))")
        }
        return warnings
    }
}
