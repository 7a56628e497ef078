"""Writes JPEGs of many kinds as Pillow makes them, one a line: a name, the file in base64."""

import base64
import io

from PIL import Image

WIDTH, HEIGHT = 53, 37


def write(name, image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    print(name, base64.b64encode(file.getvalue()).decode())


picture = Image.new("RGB", (WIDTH, HEIGHT))
picture.putdata([(x * 4, y * 6, (x + y) * 2) for y in range(HEIGHT) for x in range(WIDTH)])
inks = Image.merge("CMYK", (*picture.split(), Image.linear_gradient("L").resize((WIDTH, HEIGHT)).rotate(90)))

for progressive in (False, True):
    for quality in (30, 75, 95):
        for subsampling in (0, 1, 2):
            options = {"progressive": progressive, "quality": quality, "subsampling": subsampling}
            write(f"color-{progressive}-{quality}-{subsampling}", picture, **options)
        options = {"progressive": progressive, "quality": quality, "optimize": True}
        write(f"grey-{progressive}-{quality}", picture.convert("L"), **options)
        write(f"ink-{progressive}-{quality}", inks, **options)
