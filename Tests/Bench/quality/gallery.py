"""One page that shows what was measured, side by side. Everything is in the file.

Every picture is shown pixel for pixel, a part of each, and all parts of a row move together. A picture under the pointer
gives way to the reference while the button is held.
"""

import base64
import html
import io

import numpy
from PIL import Image

HEAD = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>What fits the budget</title><style>
:root{color-scheme:light dark;--paper:light-dark(#f6f6f4,#1b1c1e);--ink:light-dark(#222,#ddd);--line:light-dark(#ccc,#444)}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;background:var(--paper);color:var(--ink)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:0}p{max-width:46rem;margin:.3rem 0 1rem}
table{border-collapse:collapse;margin:1rem 0 3rem;font-variant-numeric:tabular-nums}
td,th{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid var(--line)}td+td,th+th{text-align:right}
section{margin:0 0 3rem}.row{display:flex;gap:8px;overflow-x:auto}figure{margin:0;flex:1 0 0;min-width:340px}
figcaption{padding:4px 0;min-height:3em}b{font-weight:600}
.view{height:360px;overflow:auto;border:1px solid var(--line);scrollbar-width:thin;cursor:crosshair;
background:repeating-conic-gradient(#fff 0 25%,#ddd 0 50%) 0 0/16px 16px}
.view.dark{background:#1e1e1e}img{display:block;max-width:none;image-rendering:pixelated}
.better{color:light-dark(#17692b,#7ecb92)}.worse{color:light-dark(#b00,#ff8a80)}</style>
<h1>What fits the budget</h1>
<p>Each picture as the gate lets it out, beside what others make of the same original at the same size in no more bytes. All are shown
pixel for pixel. Scroll one and its neighbours follow; hold the button on one to see the reference in its place; double-click for the whole
row on a dark page.</p>"""

SCRIPT = """<script>
for (const row of document.querySelectorAll('.row')) {
  const views = [...row.querySelectorAll('.view')], reference = views[0].firstChild.src;
  let leader = null;
  for (const view of views) {
    const image = view.firstChild, own = image.src;
    view.onpointerenter = () => leader = view;
    view.onscroll = () => {
      if (leader !== view) return;
      for (const other of views) if (other !== view) other.scrollTo(view.scrollLeft, view.scrollTop);
    };
    image.onpointerdown = event => { image.src = reference; event.preventDefault(); };
    image.onpointerup = image.onpointerleave = () => image.src = own;
    view.ondblclick = () => { for (const other of views) other.classList.toggle('dark'); };
  }
}
</script>"""


def uri(data):
    kind = "jpeg" if data[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def reference_png(reference):
    out = io.BytesIO()
    Image.fromarray((reference * 255).round().astype(numpy.uint8)).save(out, "PNG")
    return out.getvalue()


def figure(name, data, words):
    width, height = Image.open(io.BytesIO(data)).size
    return (f'<figure><div class=view tabindex=0><img src="{uri(data)}" width={width} height={height} '
            f'alt="{html.escape(name)}"></div><figcaption><b>{html.escape(name)}</b> {html.escape(words)}</figcaption></figure>')


def words_of(form, data, score):
    return f"{form}, {len(data):,} bytes, SSIM {score[0]:.4f}, {score[1]:.1f} dB"


def verdict(result):
    word = result.verdict.split()[0]
    kind = f" class={word}" if word in ("better", "worse") else ""
    return f"<span{kind}>{html.escape(result.verdict)}</span>"


def section(result):
    parts = [figure("reference", reference_png(result.reference), "averaged in linear light")]
    parts.append(figure("ours", result.data, words_of(result.kind, result.data, result.score)))
    for name, best in result.peers.items():
        if best is None:
            parts.append(f"<figure><figcaption><b>{name}</b> nothing fits</figcaption></figure>")
        else:
            parts.append(figure(name, best[1], words_of(best[2], best[1], best[0])))
    width, height = result.size
    return (f'<section id="{html.escape(result.name)}"><h2>{html.escape(result.name)}</h2><p>{width}×{height}, '
            f"{verdict(result)}</p><div class=row>{''.join(parts)}</div></section>")


def summary(results):
    rows = []
    for result in results:
        others = [best[0][0] for best in result.peers.values() if best]
        best = f"{max(others):.4f}" if others else "–"
        rows.append(f'<tr><td><a href="#{html.escape(result.name)}">{html.escape(result.name)}</a><td>'
                    f"{result.size[0]}×{result.size[1]}<td>{len(result.data):,}<td>{html.escape(result.kind)}"
                    f"<td>{result.score[0]:.4f}<td>{best}<td>{verdict(result)}")
    return ("<table><tr><th>picture<th>size<th>bytes<th>form<th>SSIM<th>best of the others<th>against it"
            + "".join(rows) + "</table>")


def write(path, results):
    with open(path, "w") as file:
        file.write(HEAD + summary(results) + "".join(section(result) for result in results) + SCRIPT)
