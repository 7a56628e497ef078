"""Writes what fuzzing starts from, a folder for each reader: seeds.py FOLDER.

Small inputs of every kind: the images of the tests' corpus, recorded answers of the real code interpreter, requests.
"""

import base64
import io
import json
import pathlib
import struct
import sys

from PIL import Image

tests = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(tests / "ImageGateTests/Corpus"))
sys.dont_write_bytecode = True
import png_suite  # noqa: E402

folder = pathlib.Path(sys.argv[1])


def seed(reader, data):
    place = folder / reader
    place.mkdir(parents=True, exist_ok=True)
    count = sum(1 for _ in place.iterdir())
    (place / f"{count:04}").write_bytes(data if isinstance(data, bytes) else data.encode())


def pngs():
    suite = []
    png_suite.write = lambda name, png, *picture, **shown: suite.append(png)
    for part in ("basic", "transparency", "ancillary", "compression", "broken"):
        getattr(png_suite, part)()
    # One of each kind or so; every one is tried in a moment.
    return suite[::7]


def recipes():
    """Format, width, height and palette, then rows: see PNGRecipe."""
    for kind in range(30):
        yield bytes([kind, 8 + kind, 40 - kind, kind * 8]) + bytes(range(256)) * 4


def jpegs():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    # Over the small box, and in it: there, around the small budget.
    for width, height in ((24, 17), (12, 17), (12, 28)):
        picture = Image.new("RGB", (width, height))
        picture.putdata([(x * 19 % 256, y * 74 % 256, x * y % 256) for y in range(height) for x in range(width)])
        for mode in ("RGB", "L", "CMYK"):
            for options in ({}, {"progressive": True}, {"quality": 30, "optimize": True}, {"exif": exif},
                            {"restart_marker_blocks": 2}, {"comment": b"none"}, {"quality": 99, "subsampling": 0}):
                out = io.BytesIO()
                picture.convert(mode).save(out, "JPEG", **options)
                yield out.getvalue()


def others():
    """Of the types that Pillow writes and browsers show, each in its kinds, known to the gate or not."""
    picture = Image.new("RGBA", (24, 17))
    picture.putdata([(x * 9 % 256, y * 14 % 256, x * y % 256, x * 30 % 256) for y in range(17) for x in range(24)])
    turned = [picture.rotate(angle) for angle in (90, 180)]
    several = {"save_all": True, "append_images": turned, "duration": 40}
    for image, kind, options in (
            (picture, "PNG", {}), (picture.convert("RGB"), "JPEG", {}), (picture, "GIF", {}),
            (picture.convert("L"), "GIF", {"interlace": 1}), (picture, "GIF", {**several, "loop": 0, "comment": b"c"}),
            (picture.convert("RGB"), "GIF", {**several, "disposal": 2}), (picture, "WEBP", {}),
            (picture, "WEBP", {"lossless": True}), (picture.convert("RGB"), "WEBP", {"quality": 30}),
            (picture, "WEBP", {"quality": 50, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}), (picture, "WEBP", several),
            (picture.convert("RGB"), "BMP", {}), (picture.convert("P"), "TIFF", {})):
        out = io.BytesIO()
        image.save(out, kind, **options)
        yield out.getvalue()


def drawings():
    png = base64.b64encode(pngs()[0]).decode()
    start = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="9em" '
    for content in (
            'viewBox="0 0 9 9"><rect id="r" width="9" height="9" fill="red"/><use href="#r" x="1"/><use xlink:href="#r"/>',
            '><style>@import url(http://a.b/c);rect{fill:url(#g)} /* c */ .a,#b > c::before{color:red!important}</style>',
            '><defs><linearGradient id="g"><stop offset="1"/></linearGradient><clipPath id="c"><path d="M0 0h1z"/>'
            '</clipPath></defs><g clip-path="url(#c)" style="fill:url(#g);stroke:red;background:url(http://a.b)"/>',
            '><script>alert(1)</script><foreignObject><iframe/></foreignObject><a href="javascript:x()"><text>&#60;&amp;'
            '</text></a><animate/><filter id="f"><feGaussianBlur stdDeviation="1 200"/><feFlood/></filter>',
            '><path fill="url(#g)" stroke="url( \'#g\' ) red" mask="url(http://a.b/c#d)" filter="url(&quot;//a.b&quot;)" d="M0"/>'
            '<use href="http://a.b#c"/><text clip-path="url(data:,x)" marker="u\\72l(//a)" stroke-width="1e9">a</text>',
            f'><image href="data:image/png;base64,{png}"/><image href="http://a.b/c.png"/>',
            '><!-- c --><g onload="x()" xml:space="preserve"><text x="1">a<tspan>b</tspan><![CDATA[<c>]]></text></g>'):
        yield f'<?xml version="1.0"?><!-- {len(content)} -->{start}{content}</svg>'
    # As the writer writes it.
    yield ('<svg xmlns="http://www.w3.org/2000/svg" width="9"><g id="a" style="fill:url(#a)" xml:space="preserve">'
           '<text x="1">a &amp;\n&#13;</text><use href="#b"/></g><style>.a &gt; b{fill:red}\n</style></svg>')


def short(value):
    """Long texts cut, at a length that leaves base64 whole."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    return value[:120] if isinstance(value, str) else value


def recordings():
    for file in sorted((tests / "TestSupport/Recordings").glob("*.ndjson")):
        lines = file.read_text().splitlines()[:12]
        yield "".join(json.dumps(short(json.loads(line)), ensure_ascii=len(lines) % 2 == 0) + "\n" for line in lines)


def requests():
    def record(kind, content, request=1):
        return struct.pack(">BBHHBx", 1, kind, request, len(content), 0) + content
    params = b"".join(bytes([len(name), len(value)]) + name + value for name, value in (
        (b"REQUEST_METHOD", b"POST"), (b"CONTENT_LENGTH", b"2"), (b"SCRIPT_NAME", b"/execute"), (b"EMPTY", b"")))
    params += struct.pack(">BI", 4, 1 << 31 | 130) + b"LONG" + b"x" * 130
    begin = record(1, struct.pack(">HB5x", 1, 0))
    for stray in (b"", record(9, b"\x0f\0FCGI_MPXS_CONNS", 0), record(1, bytes(8), 2), record(11, b"", 0)):
        yield "fastcgi", begin + record(4, params) + stray + record(4, b"") + record(5, b"{}") + record(5, b"")
    for body in (
            {"code": "print(1)"}, {"code": "ls", "language": "bash", "timeout": 1.5, "envs": {"A": "b", "_C1": "é"}},
            {"code": "x", "timeout": None, "language": "PY"}):
        yield "execute", json.dumps(body)
    for body in (
            {"lang": "py", "code": "print(1)", "args": ["a", 1, None], "user_id": "u", "timeout": 6e4,
             "runtime_session_hint": "v2:conversation:0", "files": [
                 {"id": "A" * 21, "name": "a/b.csv", "storage_session_id": "B" * 21, "kind": "skill", "resource_id": "s", "version": 1}]},
            {"language": "Bash 5", "code": "ls", "args": "x y", "files": [{"id": "A" * 21, "session_id": "B" * 21, "name": "../c"}]},
            {"lang": "cobol", "code": "x", "timeout": "9"}, {"code": "\u0000"}):
        yield "exec", json.dumps(body)
    for body in (
            {"action": "help", "command_name": "execute"}, {"action": "shell", "sessionId": "a", "cmd": "ls"},
            {"action": "execute", "sessionId": "s", "code": "1", "language": "py", "timeoutMs": 5, "format": "content"},
            {"action": "write_file", "sessionId": "é", "filePath": "/a", "fileContent": "YQ==", "encoding": "base64"},
            {"action": "install", "sessionId": "s", "packages": ["a", "b"], "envs": {"A": "b"}},
            {"action": "create", "sessionId": "s", "timeout": 5, "template": "t", "envs": {}},
            {"action": "start_server", "sessionId": "s", "cmd": "x", "port": 80, "logFile": "/l", "cwd": "/"},
            {"action": "command_kill", "sessionId": "s", "pid": 9}, {"action": "processinfo", "sessionId": "s", "pid": "9"}):
        yield "action", json.dumps(body)
    # Three lines for the headers, `-` for one that is not there; then the body.
    for line in (tests / "TestSupport/MCPRequests.jsonl").read_text().splitlines():
        request = json.loads(line)
        headers = (request["headers"].get(name, "-") for name in ("mcp-protocol-version", "mcp-method", "mcp-name"))
        yield "mcp", "\n".join((*headers, request["body"]))
    yield "mcp", "-\n-\n-\n" + json.dumps([{"jsonrpc": "2.0", "id": number, "method": "ping"} for number in range(3)])
    # The size of the pieces, then a form.
    for head, content in (
            ('name="file"; filename="a.csv"\r\nContent-Type: text/csv', "a,b\r\n--\r\n--Bx"), ("name=kind", "user"),
            ("name=\"f\"; filename=\"a\\\"%22\\\\/../b\"; filename*=UTF-8''%c3%a4%2e", ""), ("name=a; filename=\"C:\\d\\\"", "\r")):
        part = f"--B \r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
        for size in (0, 6):
            yield "form", bytes([size]) + f"{part}{part}--B--\r\n".encode()
            yield "form", bytes([size]) + f"text\r\n{part}--B--".encode()
    for text in (
            "- id: a\n  description: 'b'\n  cpus: 2\n  list: [1, 0x10, {c: ~}]\n", "templates:\n  - id: |\n      x\n      y\n",
            "- &a {b: *a}\n", "%YAML 1.2\n---\n- !!str 1\n...\n", '[{"id": "json"}]', "- ? a\n  : b\n- >-\n  c\n"):
        yield "templates", text


for data in [*pngs(), *recipes()]:
    seed("png", data)
for data in jpegs():
    seed("jpeg", data)
for data in others():
    seed("image", data)
for text in (r'{"fileContent": "a\ud83d\ude00\n\u00e9"}', r'{"a": [1], "fileContent": "x\ud83d", "b": null}'):
    seed("pieces", b"\x03" + text.encode())
for data in drawings():
    seed("svg", data)
for data in recordings():
    seed("execution", data)
for length in (0, 1, 2, 3, 11, 12, 13, 31, 32, 33, 47, 48, 49, 95, 96, 97, 200):
    seed("base64", bytes(range(length)))
    seed("base64", base64.b64encode(bytes(range(length))))
    seed("base64", base64.encodebytes(bytes(range(length))))
    seed("pieces", b"\x02" + base64.encodebytes(bytes(range(length))))
for reader, data in requests():
    seed(reader, data)
    if reader == "action":
        seed("pieces", b"\x06" + (data if isinstance(data, bytes) else data.encode()))
