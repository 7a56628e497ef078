"""Writes image.png, 6000 by 4000 and about 8 MB, and image.ndjson, the execution that answers with it.

The same bytes every time: a plot as people make them (flat colour, thin lines) with a band of noise for the size.
"""

import base64
import json
import sys

import numpy
from PIL import Image, ImageDraw

width, height, noisy = 6000, 4000, 1180
pixels = numpy.full((height, width, 3), 255, dtype=numpy.uint8)
random = numpy.random.Generator(numpy.random.PCG64(1))
# Five bits of noise in a third of the picture, so that it compresses as a photograph does.
pixels[:noisy] = (random.integers(0, 32, (noisy, width, 1)) + 100).astype(numpy.uint8)
pixels[:noisy, :, 1] += numpy.linspace(0, 90, width).astype(numpy.uint8)
image = Image.fromarray(pixels)
draw = ImageDraw.Draw(image)
x = numpy.arange(width)
for phase in range(8):
    y = noisy + 1200 + 900 * numpy.sin(x / 400 + phase)
    draw.line(list(zip(x.tolist(), y.tolist())), fill=(31, 119 + 10 * phase, 180), width=7)

folder = sys.argv[1]
image.save(f"{folder}/image.png", compress_level=6)
with open(f"{folder}/image.png", "rb") as file:
    png = base64.b64encode(file.read()).decode()
lines = [
    {"type": "number_of_executions", "execution_count": 1},
    {"type": "result", "text": "<Figure size 6000x4000 with 1 Axes>", "png": png, "is_main_result": True},
    {"type": "end_of_execution"},
]
with open(f"{folder}/image.ndjson", "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
