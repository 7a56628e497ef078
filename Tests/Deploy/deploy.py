"""Runs the service behind each web server, with the samples of nginx/, and looks at what a user would notice.

    deploy.py [SERVER…]      BIN=DIR    where e2b-fcgi is; default: the release build

Each server gets: a request without its key and with it, a picture, an upload of 40 MB, an answer of 8 MB, a client that hangs up, and
a graceful restart with requests in flight, of the web server and, where it is a process of its own, of the responder; also the page,
/metrics and /status. The sandboxes are those of Tests/Soak/e2b.py, which costs nothing. A server that is not installed is left out, by name.
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import pwd
import grp
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAMPLES = ROOT / "nginx"
BIN = pathlib.Path(os.environ.get("BIN") or ROOT / ".build/release").resolve()
KEY = "a-key-for-the-deployment"
# Where the samples say that things are.
SOCKET, PROGRAM = "/run/e2b-fcgi/e2b-fcgi.sock", "/usr/local/bin/e2b-fcgi"
MB = 1_000_000
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Failed(Exception):
    pass


def expect(condition, *words):
    if not condition:
        raise Failed(" ".join(map(str, words)))


def until(test, seconds=60):
    end = time.monotonic() + seconds
    while not (value := test()):
        if time.monotonic() > end:
            return None
        time.sleep(0.05)
    return value


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Case:
    """A web server with its sample, in a folder that its user may enter."""

    # What has to be there, as a program or a file.
    needs = ()
    # Whether a client that hangs up ends its execution at once; otherwise its time limit does.
    hangup = True
    # Whether the web server takes bodies whose length it is not told.
    chunked = True
    # Whether the responder is a process of its own, beside the web server.
    responder = True

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.base = ""
        self.processes = {}
        self.socket = folder / "e2b-fcgi.sock"
        self.user = pwd.getpwuid(os.getuid()).pw_name if os.getuid() else "www-data"

    # Parts

    def spawn(self, name, *command, **options):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
            start_new_session=True, **options)
        self.processes[name] = process
        return process

    def sample(self, name, to=None, **replaced):
        """A copy of a sample, with this machine's paths in it."""
        text = (SAMPLES / name).read_text()
        for old, new in {SOCKET: self.socket, PROGRAM: self.folder / "e2b-fcgi", **replaced}.items():
            text = text.replace(old, str(new))
        path = self.folder / (to or pathlib.Path(name).name)
        path.write_text(text)
        path.chmod((SAMPLES / name).stat().st_mode)
        return path

    def start(self):
        self.folder.chmod(0o755)
        shutil.copy(BIN / "e2b-fcgi", self.folder)
        port = self.folder / "e2b.port"
        self.spawn("e2b", sys.executable, "-B", ROOT / "Tests/Soak/e2b.py", port)
        expect(until(port.exists), "E2B's stand-in did not start")
        self.e2b = int(port.read_text())
        self.store = self.folder / "store"
        self.store.mkdir()
        self.give(self.store)
        self.settings = {
            "E2B_API_KEY": "e2b_" + "0" * 40, "E2B_API_URL": f"http://127.0.0.1:{self.e2b}",
            "E2B_SANDBOX_URL": f"http://127.0.0.1:{self.e2b}", "E2B_FCGI_KEYS": f"deploy:{KEY}",
            "E2B_FCGI_TRUSTED_KEYS": "deploy", "E2B_FCGI_STORE": str(self.store),
            # Ten of them are 8 MB and more in base64.
            "E2B_FCGI_IMAGE_BYTES": "700000",
        }
        if self.responder:
            self.start_responder()
        self.start_server()
        expect(until(lambda: accepts(self.port)), "the web server did not start")

    def give(self, path):
        """To the web server's user, as a package would."""
        if os.getuid() == 0:
            shutil.chown(path, self.user, grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name)

    def start_responder(self):
        self.spawn("responder", self.folder / "e2b-fcgi", "--listen", f"unix:{self.socket}", env=self.environment())
        expect(until(self.socket.exists), "the responder did not start")
        self.give(self.socket)

    def environment(self):
        return {**{n: v for n, v in os.environ.items() if not n.startswith(("E2B_", "LISTEN_", "NOTIFY_"))}, **self.settings}

    def settings_file(self, name):
        path = self.folder / name
        path.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        path.chmod(0o600)
        self.give(path)
        return path

    def restart_responder(self):
        self.processes["responder"].terminate()
        self.processes["responder"].wait(60)
        self.start_responder()

    def stop(self):
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    # Requests

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def client(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def ask(self, method, path, body=None, key=KEY, **headers):
        connection = self.connect()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        try:
            connection.request(method, self.base + path, body, headers, encode_chunked=not isinstance(body, (str, bytes, type(None))))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def run(self, code, **options):
        return self.ask("POST", "/execute", {"code": code}, **options)

    def alive(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.e2b, timeout=60)
        connection.request("GET", "/soak/stats")
        return json.load(connection.getresponse())["alive"]

    def created(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.e2b, timeout=60)
        connection.request("GET", "/soak/stats")
        return json.load(connection.getresponse())["created"]

    # What is looked at

    def key(self):
        status, _ = self.run("text without", key=None)
        expect(status == 401, "without a key: status", status)
        status, body = self.run("text with")
        expect(status == 200 and b"with" in body, "with a key:", status, body[:300])
        expect(self.ask("GET", "/health", key=None)[0] == 200, "no /health")
        status, body = self.ask("GET", f"/k/{KEY}/v1/health", key=None)
        expect(status == 200, "a key in the path:", status, body[:300])
        status, body = self.ask("GET", "/metrics")
        expect(status == 200 and b"# TYPE " in body, "/metrics:", status, body[:300])
        status, body = self.ask("GET", "/status")
        expect(status == 200 and body.startswith(b"pool:"), "/status:", status, body[:300])
        status, body = self.ask("GET", "/e2b-fcgi/", key=None)
        expect(status == 200 and body[:15].lower() == b"<!doctype html>", "no page:", status, body[:300])

    def picture(self):
        status, body = self.run("plot 1")
        expect(status == 200 and b"data:image/png;base64," in body, "no picture:", status, body[:300])

    def upload(self):
        content = random.Random(1).randbytes(40 * MB)
        boundary = "deployment"
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("kind", "user"), ("id", "user-1")))
        form = [f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="data.bin"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n".encode()]
        form += [content[at : at + 65536] for at in range(0, len(content), 65536)] + [f"\r\n--{boundary}--\r\n".encode()]
        kind = {"Content_Type": f"multipart/form-data; boundary={boundary}", "User_Id": "user-1"}
        # LibreChat sends its uploads in chunks, without a length.
        for body in [b"".join(form)] + ([iter(form)] if self.chunked else []):
            extra = {} if isinstance(body, bytes) else {"Transfer_Encoding": "chunked"}
            status, answer = self.ask("POST", "/v1/upload", body, **kind, **extra)
            expect(status == 200, "upload:", status, answer[:300])
            stored = json.loads(answer)
            path = f"/v1/download/{stored['storage_session_id']}/{stored['files'][0]['fileId']}"
            status, back = self.ask("GET", path, User_Id="user-1")
            expect(status == 200, "download:", status, back[:300])
            expect(hashlib.sha256(back).digest() == hashlib.sha256(content).digest(), "the file came back otherwise")

    def answer(self):
        status, body = self.run("album 1")
        expect(status == 200 and len(body) > 8 * MB, "status", status, "and", len(body), "bytes:", body[:300])
        text, shown = json.loads(body)
        urls = [part["image_url"]["url"] for part in shown["content"]]
        expect(len(urls) == 10 and all(len(url) > 0.8 * MB for url in urls), [len(url) for url in urls], text)

    def hang_up(self):
        expect(until(lambda: self.alive() == 0), "a sandbox was left before")
        limit = 300 if self.hangup else 5
        client = self.client()
        body = json.dumps({"code": "hang 1", "timeout": limit})
        client.sendall(
            f"POST {self.base}/execute HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        expect(until(lambda: self.alive() == 1), "no sandbox was made")
        time.sleep(1)
        client.close()
        # After 40 s of silence it would end in any case.
        expect(until(lambda: self.alive() == 0, 30), "the sandbox outlives its client")

    def restart(self):
        for what in (self.restart_server, self.restart_responder if self.responder else None):
            if what is None:
                continue
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                requests = [pool.submit(self.run, f"slow n{i}") for i in range(8)]
                # They have been taken, and none is answered.
                expect(until(lambda: self.alive() == 8), "not all of them run")
                what()
                for i, request in enumerate(requests):
                    status, body = request.result()
                    expect(status == 200 and f"n{i}".encode() in body, what.__name__, "lost a request:", status, body[:300])
            status, body = until(lambda: (answer := self.tried("text after")) and answer[0] == 200 and answer, 20) or (0, b"")
            expect(status == 200, "after", what.__name__, "no request is answered")

    def under_load(self, what, clients=8):
        """Does it while requests come, each of which has to be answered. How many there were."""
        over = threading.Event()

        def ask(name):
            count = 0
            while not over.is_set() or count < 5:
                status, body = self.run(f"text {name}-{count}.")
                expect(status == 200 and f"{name}-{count}.".encode() in body, "lost a request:", status, body[:300])
                count += 1
            return count

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            loads = [pool.submit(ask, f"client-{i}") for i in range(clients)]
            try:
                time.sleep(0.5)
                what()
            finally:
                over.set()
            return sum(load.result() for load in loads)

    def tried(self, code):
        try:
            return self.run(code)
        except OSError:
            return None

    def extra(self):
        """What only this sample promises."""


class Nginx(Case):
    needs = ("nginx",)
    site = "site/root.conf"

    def start_server(self):
        (self.folder / "temp").mkdir()
        snippet = self.sample("e2b-fcgi.conf")
        self.sample(self.site, "site.conf", **self.own(snippet))
        (self.folder / "nginx.conf").write_text(
            ("user root;\n" if os.getuid() == 0 else "") + "daemon off; pid nginx.pid; error_log stderr warn;\n"
            "events { worker_connections 4096; }\nhttp {\naccess_log off;\n"
            + "".join(f"{kind}_temp_path temp/{kind};\n" for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
            + "include site.conf;\n}\n")
        self.spawn("nginx", "nginx", "-e", "stderr", "-p", self.folder, "-c", self.folder / "nginx.conf")

    def own(self, snippet):
        return {"/usr/local/share/e2b-fcgi/nginx/e2b-fcgi.conf": snippet, "listen 80;": f"listen 127.0.0.1:{self.port};"}

    def restart_server(self):
        self.processes["nginx"].send_signal(signal.SIGHUP)
        time.sleep(0.3)


class NginxBase(Nginx):
    needs = ("nginx", "bash")
    site = "site/base.conf"

    def own(self, snippet):
        self.base = "/code"
        made = self.folder / "e2b-fcgi-base.conf"
        made.write_bytes(subprocess.run([SAMPLES / "packaging/base.sh"], check=True, capture_output=True).stdout)
        other = free_port()
        (self.folder / "other.conf").write_text(
            f"server {{ listen 127.0.0.1:{other}; location / {{ return 200 'the site itself: $request_uri'; }} }}")
        return super().own(snippet) | {
            "/usr/local/share/e2b-fcgi/nginx/e2b-fcgi-base.conf": made, "http://127.0.0.1:3080": f"http://127.0.0.1:{other}",
            "server {": f"include {self.folder}/other.conf;\nserver {{"}

    def extra(self):
        base, self.base = self.base, ""
        try:
            for path in ("/", "/health", "/v1/health", "/execute", "/code", "/code/other?a=b", "/codex/health", "/e2b-fcgi/"):
                answer = self.ask("GET", path)
                expect(answer == (200, f"the site itself: {path}".encode()), path, answer)
            for path in ("/code/", "/code/e2b-fcgi/"):
                status, body = self.ask("GET", path, key=None)
                expect(status == 200 and b"<!doctype html" in body[:100].lower(), "no page at", path, status, body[:300])
            # A name of the snippet's own leads nowhere from outside.
            expect(self.ask("GET", "/e2b-fcgi-base/health")[0] == 404, "/e2b-fcgi-base/ can be asked for")
        finally:
            self.base = base


class NginxTwo(Nginx):
    """Two responders, of which one is always there."""

    site = "site/two.conf"

    def own(self, snippet):
        self.sample("upstream.conf", **{f"/run/e2b-fcgi/{name}.sock": self.folder / f"{name}.sock" for name in "ab"})
        return super().own(snippet) | {"/usr/local/share/e2b-fcgi/nginx/upstream.conf": self.folder / "upstream.conf"}

    def start_responder(self):
        for name in "ab":
            self.start_one(name)

    def start_one(self, name):
        socket = self.folder / f"{name}.sock"
        self.spawn(f"responder-{name}", self.folder / "e2b-fcgi", "--listen", f"unix:{socket}", env=self.environment())
        expect(until(socket.exists), "the responder did not start")
        self.give(socket)

    def restart_responder(self):
        for name in "ab":
            self.processes[f"responder-{name}"].terminate()
            self.processes[f"responder-{name}"].wait(60)
            self.start_one(name)

    def extra(self):
        before = self.created()
        asked = self.under_load(self.restart_responder)
        made = self.created() - before
        expect(made == asked, "of", asked, "requests there were", made, "sandboxes")
        return f"{asked} requests, "


class NginxTLS(Nginx):
    needs = ("nginx", "openssl")
    site = "site/tls.conf"

    def own(self, snippet):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
             "-keyout", self.folder / "key.pem", "-out", self.folder / "certificate.pem"], check=True, capture_output=True)
        self.plain = free_port()
        return super().own(snippet) | {
            "listen 80;": f"listen 127.0.0.1:{self.plain};", "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/ssl/certs/sandbox.example.pem": self.folder / "certificate.pem",
            "/etc/ssl/private/sandbox.example.key": self.folder / "key.pem"}

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=120, context=ssl._create_unverified_context())

    def client(self):
        return ssl._create_unverified_context().wrap_socket(super().client())

    def extra(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=60)
        connection.request("POST", "/execute?a=b", "{}", {"Host": "sandbox.example"})
        answer = connection.getresponse()
        expect((answer.status, answer.getheader("Location")) == (308, "https://sandbox.example/execute?a=b"), answer.status)


class NginxLimit(Nginx):
    site = "site/limit.conf"

    def extra(self):
        shapes = {
            "/execute": lambda body: body[0][0]["text"], "/e2bcode": lambda body: body["error"],
            "/mcp": lambda body: body["error"]["message"], "/v1/exec": lambda body: body["message"],
            f"/k/{KEY}/v1/exec": lambda body: body["message"],
        }
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            for path, words in shapes.items():
                answers = list(pool.map(lambda _: self.ask("POST", path, {}), range(40)))
                refused = [json.loads(body) for status, body in answers if status == 429]
                expect(len(refused) >= 10, path, "refused", len(refused))
                expect(all("Too many requests" in words(body) for body in refused), refused[0])
                time.sleep(2)


class Apache(Case):
    needs = ("apache2", "/usr/lib/apache2/modules/mod_proxy_fcgi.so")
    modules = ("proxy", "proxy_fcgi")
    # A client's hang-up does not reach the responder.
    hangup = False

    def start_server(self):
        (self.folder / "www").mkdir()
        self.configure()
        modules = ("mpm_event", "authz_core", "setenvif", "env", "alias", "rewrite", "mime", *self.modules)
        (self.folder / "apache.conf").write_text(
            "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in modules)
            + f"ServerRoot {self.folder}\nPidFile {self.folder}/apache.pid\nErrorLog {self.folder}/error.log\n"
            f"DefaultRuntimeDir {self.folder}\nMutex file:{self.folder} default\nServerName localhost\n"
            f"Listen 127.0.0.1:{self.port}\nGracefulShutdownTimeout 60\nTypesConfig /etc/mime.types\n"
            + (f"User {self.user}\nGroup {self.user}\n" if os.getuid() == 0 else "")
            + self.main()
            + f"<VirtualHost *>\nDocumentRoot {self.folder}/www\n<Directory {self.folder}/www>\nRequire all granted\n"
            f"AllowOverride All\n</Directory>\n{self.site()}\n</VirtualHost>\n")
        self.spawn("apache2", "apache2", "-f", self.folder / "apache.conf", "-DFOREGROUND")

    def configure(self):
        self.sample("apache/proxy_fcgi.conf")

    def main(self):
        return ""

    def site(self):
        return f"Include {self.folder}/proxy_fcgi.conf"

    def restart_server(self):
        self.processes["apache2"].send_signal(signal.SIGUSR1)
        time.sleep(1.5)


class ApacheFcgid(Apache):
    needs = ("apache2", "/usr/lib/apache2/modules/mod_fcgid.so")
    modules = ("fcgid",)
    responder = False

    def configure(self):
        (self.folder / "program").mkdir()
        (self.folder / "fcgid").mkdir()
        self.give(self.folder / "fcgid")
        settings = self.settings_file("fcgid.env")
        self.sample("apache/e2b-fcgi.fcgi", "program/e2b-fcgi.fcgi", **{"/etc/e2b-fcgi/fcgid.env": settings})
        self.sample("apache/fcgid.conf", **{"/usr/local/share/e2b-fcgi/apache": self.folder / "program"})

    def main(self):
        return (f"FcgidIPCDir {self.folder}/fcgid\nFcgidProcessTableFile {self.folder}/fcgid/shm\n"
                f"Include {self.folder}/fcgid.conf\n")

    def site(self):
        return ""


class ApacheCGI(Apache):
    needs = ("apache2", "/usr/lib/apache2/modules/mod_cgid.so")
    modules = ("cgid",)
    responder = False
    # CGI programs are told a length or that there is no body.
    chunked = False

    def configure(self):
        home = self.folder / "home"
        (home / "bin").mkdir(parents=True)
        os.link(self.folder / "e2b-fcgi", home / "bin/e2b-fcgi")
        self.settings_file("home/e2b-fcgi.env")
        (self.folder / "www/code").mkdir()
        self.base = "/code"
        self.sample("apache/cgi/.htaccess", "www/code/.htaccess")
        self.sample("apache/cgi/e2b-fcgi.cgi", "www/code/e2b-fcgi.cgi", **{"/home/me/e2b-fcgi": home})

    def main(self):
        return f"ScriptSock {self.folder}/cgid.sock\nTimeout 420\n"

    def site(self):
        return ""


class Lighttpd(Case):
    needs = ("lighttpd",)
    # A client's hang-up does not reach the responder.
    hangup = False

    def start_server(self):
        self.sample("lighttpd/e2b-fcgi.conf")
        (self.folder / "www").mkdir()
        (self.folder / "lighttpd.conf").write_text(
            f'server.document-root = "{self.folder}/www"\nserver.bind = "127.0.0.1"\nserver.port = {self.port}\n'
            f'server.errorlog = "{self.folder}/error.log"\nserver.upload-dirs = ( "{self.folder}" )\n'
            'server.modules = ( "mod_accesslog" )\n'
            f'server.feature-flags = ( "server.graceful-shutdown-timeout" => 60 )\ninclude "{self.folder}/e2b-fcgi.conf"\n')
        self.spawn("lighttpd", "lighttpd", "-D", "-f", self.folder / "lighttpd.conf")

    def restart_server(self):
        self.processes["lighttpd"].send_signal(signal.SIGUSR1)
        time.sleep(0.5)


class Caddy(Case):
    needs = ("caddy",)
    # Caddy 2.6 passes such bodies on with the length 0.
    chunked = False
    # It does not notice that a client is gone before it has something to write.
    hangup = False

    def start_server(self):
        self.admin = free_port()
        sample = self.sample("caddy/Caddyfile", **{"sandbox.example {": f"http://127.0.0.1:{self.port} {{"})
        sample.write_text(f"{{\n\tadmin localhost:{self.admin}\n\tauto_https off\n}}\n" + sample.read_text())
        environment = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        self.spawn("caddy", "caddy", "run", "--config", sample, env=environment)

    def restart_server(self):
        subprocess.run(
            ["caddy", "reload", "--force", "--address", f"localhost:{self.admin}", "--config", self.folder / "Caddyfile"],
            check=True, capture_output=True)


class SpawnFcgi(Nginx):
    needs = ("nginx", "spawn-fcgi")

    def start_responder(self):
        settings = self.settings_file("settings.env")
        start = self.sample("spawn-fcgi/start.sh", **{"/etc/e2b-fcgi/e2b-fcgi.env": settings, "/run/e2b-fcgi": self.folder})
        users = ["-U", "www-data", "-G", "www-data", "-u", "e2b-fcgi", "-g", "e2b-fcgi"]
        text = start.read_text()
        # Here the user is the web server's, or whoever runs this.
        new = ["-U", self.user, "-u", self.user] if os.getuid() == 0 else []
        expect(" ".join(users) in text, "the sample is another than this test knows")
        start.write_text(text.replace(" ".join(users), " ".join(new)))
        subprocess.run([start], check=True, capture_output=True)
        self.pid = int((self.folder / "e2b-fcgi.pid").read_text())

    def restart_responder(self):
        self.start_responder()

    def extra(self):
        return f"{self.under_load(self.restart_responder)} requests, "

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        super().stop()


CASES = {
    "nginx": Nginx, "nginx-base": NginxBase, "nginx-two": NginxTwo, "nginx-tls": NginxTLS, "nginx-limit": NginxLimit,
    "apache-proxy_fcgi": Apache, "apache-fcgid": ApacheFcgid, "apache-cgi": ApacheCGI, "lighttpd": Lighttpd, "caddy": Caddy,
    "spawn-fcgi": SpawnFcgi,
}


def missing(case):
    return [need for need in case.needs if not (shutil.which(need) or os.path.exists(need))]


def test(name, case):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="e2b-deploy."))
    service = case(folder)
    failed = 0
    try:
        service.start()
        for check in (service.key, service.picture, service.upload, service.answer, service.hang_up, service.extra, service.restart):
            start = time.monotonic()
            try:
                said = check()
                print(f"ok    {name}: {check.__name__} ({said or ''}{time.monotonic() - start:.1f} s)", flush=True)
            except (Failed, OSError, http.client.HTTPException, subprocess.SubprocessError, ValueError, KeyError) as reason:
                failed += 1
                print(f"FAILED {name}: {check.__name__}: {reason!r}", flush=True)
    except (Failed, OSError, subprocess.SubprocessError) as reason:
        failed += 1
        print(f"FAILED {name}: {reason}", flush=True)
    finally:
        service.stop()
        if failed:
            for log in sorted(folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    return failed


def main(names):
    for name in names:
        expect(name in CASES, "there is no", name)
    expect(os.access(BIN / "e2b-fcgi", os.X_OK), f"there is no {BIN}/e2b-fcgi: make build")
    passed = failed = skipped = 0
    for name in names or CASES:
        if lacking := missing(CASES[name]):
            skipped += 1
            print(f"SKIPPED {name}: not installed: {' '.join(lacking)}", flush=True)
        elif test(name, CASES[name]):
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as reason:
        sys.exit(f"deploy: {reason}")
