"""One page that shows what was measured, side by side. Everything is in the file."""

import base64
import html
import io

import numpy
from PIL import Image

HEAD = """<!doctype html><meta charset=utf-8><title>What fits the budget</title><style>
body{font:14px sans-serif;margin:2em;background:#eee;color:#222}section{margin:0 0 3em}
div{display:flex;gap:8px;overflow-x:auto}figure{margin:0;flex:none}figcaption{padding:4px 0}
img{display:block;max-height:768px;background:repeating-conic-gradient(#fff 0 25%,#ddd 0 50%) 0 0/16px 16px}
.worse{color:#b00}</style><h1>What fits the budget</h1>
<p>The reference (area average in linear light), ours, and what others make of the same original at the same size in no more bytes.
A click opens the picture alone.</p>"""


def uri(data):
    kind = "jpeg" if data[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def reference_png(reference):
    out = io.BytesIO()
    Image.fromarray((reference * 255).round().astype(numpy.uint8)).save(out, "PNG")
    return out.getvalue()


def figure(name, data, words):
    address = uri(data)
    return (f'<figure><a href="{address}"><img src="{address}" alt=""></a><figcaption><b>{html.escape(name)}</b> '
            f"{html.escape(words)}</figcaption></figure>")


def section(result):
    parts = [figure("reference", reference_png(result.reference), "")]
    parts.append(figure("ours", result.data, f"{result.kind}, {len(result.data)} bytes, SSIM {result.score[0]:.4f}, "
                        f"{result.score[1]:.1f} dB"))
    for name, best in result.peers.items():
        if best is None:
            parts.append(f"<figure><figcaption><b>{name}</b> nothing fits</figcaption></figure>")
            continue
        (similarity, noise), data, words = best
        parts.append(figure(name, data, f"{words}, {len(data)} bytes, SSIM {similarity:.4f}, {noise:.1f} dB"))
    verdict = html.escape(result.verdict)
    kind = " class=worse" if verdict.startswith("worse") else ""
    return f"<section><h2>{html.escape(result.name)}</h2><p{kind}>{verdict}</p><div>{''.join(parts)}</div></section>"


def write(path, results):
    with open(path, "w") as file:
        file.write(HEAD + "".join(section(result) for result in results))
