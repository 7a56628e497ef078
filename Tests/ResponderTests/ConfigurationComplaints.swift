import Responder

/// The sentences about what is wrong with settings; none if they are in order.
func complaints(_ environment: [String: String]) -> [String] {
    do {
        _ = try Configuration(environment: environment)
        return []
    } catch {
        return error.complaints
    }
}
