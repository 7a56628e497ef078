"""Writes values as ordinary programs do. In: JSON, a list of values. Out: JSON, for each value its forms by name."""

import base64, email.mime.text, html, json, os, pprint, quopri, shlex, shutil, subprocess, sys, unicodedata
import urllib.parse
import xml.sax.saxutils

NODE = r"""
const util = require("util");
const written = value => {
  const url = new URL("http://h/"); url.username = "user"; url.password = value;
  return {
    "encodeURIComponent": encodeURIComponent(value), "encodeURI": encodeURI(value), "escape": escape(value),
    "userinfo of a URL": url.href, "query of a URL": new URL("http://h/?key=" + value.replaceAll("#", "%23")).href,
    "fragment of a URL": new URL("http://h/#" + value).href, "URLSearchParams": new URLSearchParams({key: value}).toString(),
    "JSON.stringify": JSON.stringify({value}), "util.inspect": util.inspect({value}), "base64 of node": btoa(unescape(encodeURIComponent(value))),
    "buffer": util.inspect(Buffer.from(value)), "JSON of a buffer": JSON.stringify(Buffer.from(value)), "hex of node": Buffer.from(value).toString("hex"),
  };
};
console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(written)));
"""

BASH = r"""
name() { printf '%s\0' "$1"; }
name 'export -p'; export -p | grep -a '^declare -x VALUE='; printf '\0'
name 'printf %q'; printf '%q\0' "$VALUE"
name '${@Q}'; printf '%s\0' "${VALUE@Q}"
name '${@A}'; printf '%s\0' "${VALUE@A}"
name 'set'; set | grep -a '^VALUE='; printf '\0'
name 'env'; env | grep -a '^VALUE='; printf '\0'
name 'base64'; printf %s "key: $VALUE" | base64 -w 20; printf '\0'
name 'od'; printf %s "$VALUE" | od -An -tx1; printf '\0'
"""


def in_python(value):
    text = "user:" * 9 + value
    yield "as it is", value
    for form in "NFC", "NFD":
        yield form, unicodedata.normalize(form, value)
        yield f"{form}, percent-encoded", urllib.parse.quote(unicodedata.normalize(form, value))
    yield "JSON", json.dumps(value)
    yield "JSON without ASCII escapes", json.dumps(value, ensure_ascii=False)
    yield "JSON with escaped slashes", json.dumps(value).replace("/", "\\/")
    yield "JSON in capital digits", json.dumps(value).replace("\\ud", "\\uD").replace("\\u00f", "\\u00F")
    yield "JSON in JSON", json.dumps(json.dumps({"key": value}))
    yield "JSON in JSON in JSON", json.dumps(json.dumps(json.dumps({"key": value})))
    yield "repr", repr(value)
    yield "ascii", ascii(value)
    yield "ascii in capital digits", ascii(value).replace("\\xf", "\\xF")
    yield "repr of bytes", repr(value.encode())
    yield "repr of repr", repr(ascii(value))
    yield "unicode_escape", value.encode("unicode_escape").decode()
    yield "pprint", pprint.pformat({"key": value, "other": ["lorem ipsum " * 3 + value]}, width=30)
    yield "quote", urllib.parse.quote(value)
    yield "quote with nothing safe", urllib.parse.quote(value, safe="")
    yield "quote_plus", urllib.parse.quote_plus(value)
    yield "urlencode", urllib.parse.urlencode({"key": value})
    yield "lower-case percent-encoding", "".join(f"%{byte:02x}" if not 48 <= byte < 123 else chr(byte) for byte in value.encode())
    yield "quote of a quote", urllib.parse.quote(urllib.parse.quote(value, safe=""), safe="")
    # What requests leaves alone (requests.utils.requote_uri).
    yield "requests", urllib.parse.quote(value, safe="!#$%&'()*+,/:;=?@[]~")
    yield "html.escape", html.escape(value)
    yield "html.escape twice", html.escape(html.escape(value))
    yield "XML", xml.sax.saxutils.escape(value, {'"': "&quot;", "'": "&apos;"})
    yield "decimal references", html.escape(value).encode("ascii", "xmlcharrefreplace").decode()
    yield "hexadecimal references", "".join(c if ord(c) < 128 and c.isalnum() else f"&#x{ord(c):x};" for c in value)
    yield "HEXADECIMAL references", "".join(c if ord(c) < 128 and c.isalnum() else f"&#X{ord(c):X};" for c in value)
    yield "named references", "".join(f"&{html.entities.codepoint2name[ord(c)]};" if ord(c) in html.entities.codepoint2name else c for c in value)
    yield "hex", value.encode().hex()
    yield "HEX", value.encode().hex().upper()
    yield "hex with colons", value.encode().hex(":")
    yield "hex in C", ", ".join(f"0x{byte:02x}" for byte in value.encode())
    yield "hex escapes", "".join(f"\\x{byte:02x}" for byte in value.encode())
    yield "list of bytes", repr(list(value.encode()))
    for offset in range(3):
        for end in "", "z", "zz":
            data = ("u" * offset + value + end).encode()
            yield f"base64 after {offset}, before {len(end)}", base64.b64encode(data).decode()
            yield f"base64 for URLs after {offset}, before {len(end)}", base64.urlsafe_b64encode(data).decode()
    yield "Basic", "Basic " + base64.b64encode(f"api:{value}".encode()).decode()
    yield "wrapped base64", base64.encodebytes(text.encode()).decode()
    yield "repr of wrapped base64", repr(base64.encodebytes(text.encode()))
    yield "base64 in JSON", json.dumps(base64.b64encode(value.encode()).decode()).replace("/", "\\/")
    yield "base64 in a URL", urllib.parse.quote(base64.b64encode(value.encode()).decode(), safe="")
    yield "base64 of UTF-16", base64.b64encode(value.encode("utf-16-le")).decode()
    for offset in range(5):
        yield f"base32 after {offset}", base64.b32encode(("u" * offset + value).encode()).decode()
    yield "quoted-printable", quopri.encodestring(text.encode()).decode()
    yield "mail", email.mime.text.MIMEText(text).as_string()
    yield "shlex.quote", shlex.quote(value)
    yield "Latin-1 for UTF-8", value.encode().decode("latin-1")
    if sum(c.isascii() and c.isalnum() for c in value) >= 6:
        yield "with question marks", value.encode("ascii", "replace").decode()


def in_bash(value, locale):
    environment = {"PATH": os.environ["PATH"], "VALUE": value, "LC_ALL": locale}
    said = subprocess.run(["bash", "-c", BASH], env=environment, capture_output=True, check=True).stdout
    fields = said.decode("utf-8", "replace").split("\0")
    return {f"{name} in {locale}": form for name, form in zip(fields[::2], fields[1::2])}


values = json.load(sys.stdin)
forms = [dict(in_python(value)) for value in values]
for value, known in zip(values, forms):
    for locale in "C.UTF-8", "C":
        known.update(in_bash(value, locale))
if shutil.which("node"):
    said = subprocess.run(["node", "-e", NODE], input=json.dumps(values), text=True, capture_output=True, check=True).stdout
    for known, further in zip(forms, json.loads(said)):
        known.update(further)
json.dump([{"value": value, "forms": known} for value, known in zip(values, forms)], sys.stdout)
