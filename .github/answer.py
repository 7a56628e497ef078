"""Draws .github/answer.png, the picture of the README: what a user sees of a call, laid out as LibreChat does.

    .github/answer.py [http://127.0.0.1:3001/mcp]      needs a service (`make run`), chromium and Pillow

The code's answer and its plot are the service's own; the words around them are made up.
"""
import base64
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from PIL import Image

CODE = """import numpy as np
import matplotlib.pyplot as plt

x = np.linspace(0, 10, 200)
plt.plot(x, np.sin(x))
plt.title("Sine Wave")
plt.show()
print(f"highest at x = {x[np.sin(x).argmax()]:.2f}")"""

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ font: 15px/1.5 "DejaVu Sans", sans-serif; color: #212121; background: #fff; margin: 0; padding: 20px 28px; width: 664px }}
.user {{ background: #f4f4f4; border-radius: 18px; padding: 8px 16px; width: fit-content; margin-left: auto }}
.tool {{ color: #666; font-size: 13px; margin: 14px 0 6px }}
pre {{ font: 12px/1.45 "DejaVu Sans Mono", monospace; background: #0d0d0d; color: #ececec; border-radius: 8px; padding: 10px 14px; margin: 0 }}
pre + pre {{ background: #f4f4f4; color: #212121; margin-top: 4px }}
img {{ display: block; width: 430px; margin: 12px 0 8px; border: 1px solid #e3e3e3; border-radius: 8px }}
</style>
<div class="user">Plot a sine wave, please. Where is it highest?</div>
<div class="tool">&#9881;&nbsp; Ran <b>run_code</b> &middot; sandbox</div>
<pre>{code}</pre><pre>{output}</pre>
<img src="data:{type};base64,{data}">
<div>Here it is, from 0 to 10. It is highest at <b>x&nbsp;=&nbsp;{highest}</b>, and again one period later.</div>
"""


def answer(url):
    call = {"name": "run_code", "arguments": {"code": CODE}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    text, image = json.load(urllib.request.urlopen(request))["result"]["content"][:2]
    return text["text"].split("```")[1].strip(), image


def main(url="http://127.0.0.1:3001/mcp"):
    output, image = answer(url)
    page = PAGE.format(
        code=CODE, output=output, type=image["mimeType"], data=image["data"], highest=output.split()[-1])
    with tempfile.TemporaryDirectory() as folder:
        html, shot = (pathlib.Path(folder, name) for name in ("page.html", "page.png"))
        html.write_text(page)
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=720,900",
             f"--screenshot={shot}", html.as_uri()], check=True, stderr=subprocess.DEVNULL)
        picture = Image.open(io.BytesIO(shot.read_bytes())).convert("RGB")
    # Up to the last row that is not white, and no more colours than it needs.
    bottom = picture.point(lambda value: 255 - value).getbbox()[3]
    picture = picture.crop((0, 0, 720, bottom + 20)).quantize(32, dither=Image.Dither.NONE)
    picture.save(pathlib.Path(__file__).with_name("answer.png"), optimize=True)


main(*sys.argv[1:])
