// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// `SANITIZED=1`: only what is tested under AddressSanitizer, and what that needs. Nothing else is compiled for it.
let isSanitized = Context.environment["SANITIZED"] != nil

/// A target of our own Swift code: the same language settings everywhere.
func target(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: settings)
}

/// The readers of strangers' bytes under libFuzzer, whose main program takes the place of ours: `make fuzz`. Otherwise the same
/// checks on what fuzzing has found, as tests like all others; nothing needs libFuzzer then.
func fuzz(_ dependencies: [Target.Dependency]) -> Target {
    let dependencies = dependencies + ["TestSupport"]
    let exclude = ["Findings", "run.sh", "seeds.py"]
    return Context.environment["FUZZ"] != nil
        ? .executableTarget(
            name: "Fuzz", dependencies: dependencies, path: "Tests/Fuzz", exclude: exclude + ["FindingsTests.swift"],
            swiftSettings: settings)
        : .testTarget(
            name: "FuzzTests", dependencies: dependencies, path: "Tests/Fuzz", exclude: exclude + ["Fuzz.swift"],
            swiftSettings: settings)
}

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "e2b-fcgi",
    products: [
        .library(name: "E2B", targets: ["E2B"]),
        .executable(name: "e2b-fcgi", targets: ["e2b-fcgi"]),
        .executable(name: "e2b-local", targets: ["e2b-local"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // The HTTP server of the local sandbox only: small, and quick to build. Before 1.0 a minor version may change what
        // we call (Semantic Versioning 2.0.0, section 4), so only its patches are taken unseen.
        .package(url: "https://github.com/swhitty/FlyingFox", .upToNextMinor(from: "0.27.1")),
    ],
    targets: [
        // The C boundary.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CGNU"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CRSVG", pkgConfig: "librsvg-2.0", providers: [.apt(["librsvg2-dev"])]),
        .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CLCMS", pkgConfig: "lcms2", providers: [.apt(["liblcms2-dev"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CCurlShim", dependencies: ["CCurl"]),
        .target(
            name: "CImage", dependencies: ["CPNG", "CTurboJPEG", "CRSVG", "CXML"],
            linkerSettings: [.linkedLibrary("z"), .linkedLibrary("fontconfig")]),

        // What Linux says, for all that is above.
        target("System", ["CGNU", "CLinux"]),

        // The responder.
        target("JSON", []),
        target("EventLoop", ["CLinux", "System"]),
        target("FastCGI", ["CLinux", "EventLoop", "System"]),
        target("Fetch", ["CCrypto", "CCurl", "CCurlShim", "CLinux", "EventLoop", "System"]),
        target("E2B", ["CCrypto", "EventLoop", "Fetch", "JSON"]),
        target("ImageGate", ["CGNU", "CImage", "CLCMS", "CTurboJPEG", "CWebP", "JSON", "System"]),
        target("Store", ["CCrypto", "Fetch", "JSON", "System"]),
        target("Interpreter", ["E2B", "ImageGate", "JSON", "Store", "System"]),
        target("LibreChat", ["E2B", "ImageGate", "Interpreter", "JSON"]),
        target("MCP", ["E2B", "ImageGate", "Interpreter", "JSON"]),
        target(
            "CodeAPI", ["E2B", "ImageGate", "Interpreter", "JSON", "Store", "System", "CGNU"],
            resources: [.embedInCode("Programmatic/Runner")]),
        target(
            "Responder",
            [
                "CodeAPI", "EventLoop", "FastCGI", "Fetch", "E2B", "ImageGate", "Interpreter", "JSON", "LibreChat",
                "MCP",
                "Store", "System",
                "CCrypto", "CGNU", "CYAML",
            ],
            resources: [.embedInCode("Endpoints/Page/Resources")]),
        .executableTarget(
            name: "e2b-fcgi",
            dependencies: [
                "EventLoop", "Responder", "FastCGI", "E2B", "Fetch", "ImageGate", "Interpreter", "Store", "CLinux",
                "System", arguments,
            ],
            swiftSettings: settings),

        // The embedded default. It shares nothing with the responder but what Linux says.
        target(
            "LocalE2B",
            [
                "CCrypto", "CGNU", "System", .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            resources: [.embedInCode("Agent")]),
        .executableTarget(name: "e2b-local", dependencies: ["LocalE2B", "System", arguments], swiftSettings: settings),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["CCrypto", "System"], path: "Tests/TestSupport",
            resources: [.copy("Recordings"), .copy("Programs.json"), .copy("MCPRequests.jsonl")],
            swiftSettings: settings),
        tests("SystemTests", ["System"]),
        tests("EventLoopTests", ["EventLoop", "System"]),
        tests("JSONTests", ["JSON"], exclude: ["suite.py"]),
        tests("FastCGITests", ["FastCGI", "Interpreter", "System"]),
        tests("FetchTests", ["Fetch"]),
        tests("E2BTests", ["E2B", "JSON"] + (isSanitized ? [] : ["e2b-local"])),
        tests("ImageGateTests", ["ImageGate", "System", "e2b-fcgi"], exclude: ["Corpus"]),
        tests("StoreTests", ["Fetch", "Store", "System"]),
        tests("InterpreterTests", ["Interpreter", "Store"], exclude: ["Redaction/forms.py"]),
        tests("LibreChatTests", ["E2B", "ImageGate", "Interpreter", "JSON", "LibreChat"]),
        tests("MCPTests", ["E2B", "ImageGate", "Interpreter", "JSON", "MCP"]),
        tests("CodeAPITests", ["CodeAPI", "E2B", "ImageGate", "Interpreter", "JSON", "Store"]),
        tests("ResponderTests", ["CCrypto", "Fetch", "Interpreter", "JSON", "Responder", "Store"]),
        tests(
            "LocalE2BTests", ["LocalE2B", "e2b-local"],
            exclude: ["agent_test.py", "sdk_check.py", "stub_agent.py", "walls_check.py"]),
        tests(
            "EndToEndTests", ["e2b-fcgi", "e2b-local"], exclude: ["mcp_cancel.py", "mcp_check.py", "page_check.py"]),
        tests("FaultTests", ["Store", "e2b-fcgi", "e2b-local"]),
        fuzz(["CodeAPI", "FastCGI", "E2B", "ImageGate", "Interpreter", "JSON", "LibreChat", "MCP", "Responder"]),
    ]
)

if isSanitized {
    // What touches C, and the client of it. The local sandboxes are none of it: these tests take those of the ordinary build.
    let tests = ["E2BTests", "FastCGITests", "FetchTests", "ImageGateTests"]
    let others = ["LocalE2B", "e2b-local"]
    package.products.removeAll { others.contains($0.name) }
    package.targets.removeAll { others.contains($0.name) || ($0.type == .test && !tests.contains($0.name)) }
}
