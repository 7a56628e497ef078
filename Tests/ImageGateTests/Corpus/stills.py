"""Writes GIFs and WebPs of many kinds as Pillow makes them, one a line: a name, whether it is animated, the file in base64."""

import base64
import io
import random

from PIL import Image

random.seed(5)
WIDTH, HEIGHT = 37, 29


def write(name, image, format, more=(), **options):
    file = io.BytesIO()
    if more:
        options.update(save_all=True, append_images=list(more), duration=50)
    image.save(file, format, **options)
    print(name, int(bool(more)), base64.b64encode(file.getvalue()).decode())


def picture(shift=0, size=(WIDTH, HEIGHT)):
    image = Image.new("RGB", size)
    image.putdata([((x * 7 + shift) & 255, y * 8 & 255, (x * y) & 255) for y in range(size[1]) for x in range(size[0])])
    return image


def translucent():
    image = picture().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    return image


noise = Image.frombytes("L", (120, 90), random.randbytes(120 * 90))
colors = picture().quantize(64)
two = Image.new("1", (WIDTH, HEIGHT))
two.putdata([(x ^ y) & 1 for y in range(HEIGHT) for x in range(WIDTH)])
frames = [picture(shift).quantize(32) for shift in (40, 80, 120)]

for interlace in (0, 1):
    write(f"gif-colors-{interlace}", colors, "GIF", interlace=interlace)
    write(f"gif-two-{interlace}", two, "GIF", interlace=interlace)
    write(f"gif-noise-{interlace}", noise, "GIF", interlace=interlace)
    write(f"gif-plain-{interlace}", Image.new("P", (300, 200), 3), "GIF", interlace=interlace)
    write(f"gif-transparent-{interlace}", colors, "GIF", interlace=interlace, transparency=5)
write("gif-pixel", Image.new("P", (1, 1)), "GIF")
write("gif-comment", colors, "GIF", comment=b"a comment" * 50)
write("gif-animated", frames[0], "GIF", frames[1:], loop=0)
write("gif-animated-palettes", picture().quantize(16), "GIF", frames, disposal=2)

exif = Image.Exif()
exif[0x0112] = 6
for name, image in (("rgb", picture()), ("rgba", translucent()), ("grey", noise), ("pixel", Image.new("RGB", (1, 1)))):
    for quality in (5, 60, 100):
        write(f"webp-lossy-{name}-{quality}", image, "WEBP", quality=quality, method=1)
    write(f"webp-lossless-{name}", image, "WEBP", lossless=True)
write("webp-metadata", picture(), "WEBP", exif=exif.tobytes(), icc_profile=bytes(333), xmp=b"<x/>")
write("webp-metadata-alpha", translucent(), "WEBP", exif=exif.tobytes())
for lossless in (False, True):
    write(f"webp-animated-{lossless}", picture(), "WEBP", [picture(40), picture(80)], lossless=lossless)
    write(f"webp-animated-alpha-{lossless}", translucent(), "WEBP", [picture(40)], lossless=lossless)
