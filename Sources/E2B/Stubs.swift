public import FoundationEssentials

extension E2BClient {
    @discardableResult
    public func run(
        _ process: ProcessRequest, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit { throw E2BError.shutDown }
    public func start(_ process: ProcessRequest, in sandbox: Sandbox) async throws(E2BError) -> UInt32 {
        throw .shutDown
    }
    @discardableResult
    public func attach(
        to process: ProcessSelector, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit { throw E2BError.shutDown }
    public func processes(in sandbox: Sandbox) async throws(E2BError) -> [RunningProcess] { throw .shutDown }
    @discardableResult
    public func signal(
        _ signal: ProcessSignal, to process: ProcessSelector, in sandbox: Sandbox
    ) async throws(E2BError) -> Bool { throw .shutDown }
    public func send(input bytes: [UInt8], to process: ProcessSelector, in sandbox: Sandbox) async throws(E2BError) {
        throw .shutDown
    }
    public func closeInput(of process: ProcessSelector, in sandbox: Sandbox) async throws(E2BError) { throw .shutDown }

    @discardableResult
    public func write(
        _ bytes: [UInt8], to path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> WrittenFile { throw .shutDown }
    public func read(
        _ path: String, user: String? = nil, limit: Int, in sandbox: Sandbox
    ) async throws(E2BError) -> [UInt8] { throw .shutDown }
    public func downloadURL(
        of path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String { throw .shutDown }
    public func uploadURL(
        to path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String { throw .shutDown }

    public func entry(
        at path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> FileEntry { throw .shutDown }
    public func entries(
        of path: String, depth: Int = 1, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> [FileEntry] { throw .shutDown }
    @discardableResult
    public func makeDirectory(
        at path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> Bool { throw .shutDown }
    @discardableResult
    public func move(
        _ path: String, to target: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> FileEntry { throw .shutDown }
    public func remove(_ path: String, user: String? = nil, in sandbox: Sandbox) async throws(E2BError) {
        throw .shutDown
    }

    public func createContext(
        language: String? = nil, cwd: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> CodeContext { throw .shutDown }
    public func contexts(in sandbox: Sandbox) async throws(E2BError) -> [CodeContext] { throw .shutDown }
    public func restartContext(_ id: String, in sandbox: Sandbox) async throws(E2BError) { throw .shutDown }
    public func deleteContext(_ id: String, in sandbox: Sandbox) async throws(E2BError) { throw .shutDown }

    public func address(ofPort port: Int, in sandbox: Sandbox) -> SandboxAddress { SandboxAddress(host: "", url: "") }
    public func isAlive(_ sandbox: Sandbox) async throws(E2BError) -> Bool { throw .shutDown }
    public func sandbox(_ id: String) async throws(E2BError) -> (sandbox: Sandbox, info: SandboxInfo) {
        throw .shutDown
    }
}
