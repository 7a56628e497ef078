"""What Pillow sees: reads images, base64, one a line; answers each with a line: width, height, RGBA in base64, or "-"."""

import base64
import io
import sys
import warnings

from PIL import Image, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = 1 << 20

for line in sys.stdin:
    try:
        with Image.open(io.BytesIO(base64.b64decode(line)), formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
            image.load()
            # The gate turns a WebP as its Exif says, and a JPEG with it, too, which the tests of that look at.
            seen = ImageOps.exif_transpose(image) if image.format == "WEBP" else image
            pixels = seen.convert("RGBA").tobytes()
            print(*seen.size, base64.b64encode(pixels).decode())
    except Exception:  # Its decoders raise whatever occurs to them.
        print("-")
