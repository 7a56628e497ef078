"""What other tools make of a picture at a given size within given bytes: the best of what each offers."""

import io
import subprocess

import numpy
from PIL import Image

import measure

COLORS = [256, 128, 64, 32, 16, 12, 8, 6, 5, 4]


def run(*command):
    subprocess.run([str(word) for word in command], check=True, timeout=120, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Contest:
    """Keeps the best try of one peer that is small enough."""

    def __init__(self, references, limit):
        self.references, self.limit = references, limit
        self.best = None

    def enter(self, data, name):
        if len(data) > self.limit:
            return False
        found = measure.score(measure.decoded(io.BytesIO(data)), self.references)
        if self.best is None or found > self.best[0]:
            self.best = (found, data, name)
        return True

    def bisect(self, encode, name):
        """The best quality that fits."""
        low, high, found = 1, 100, None
        while low <= high:
            middle = (low + high) // 2
            data = encode(middle)
            if len(data) <= self.limit:
                low, found = middle + 1, (data, middle)
            else:
                high = middle - 1
        if found:
            self.enter(found[0], f"{name} q{found[1]}")

    def colors(self, encode, name):
        """The most colours that fit."""
        for count in COLORS:
            if self.enter(encode(count), f"{name} {count}"):
                return


def best_resize(choices, references):
    """Of ways to make a picture smaller, the one that is nearest before it is encoded."""
    return max(choices, key=lambda image: measure.score(numpy.asarray(image.convert("RGBA"), numpy.float32) / 255, references))


def is_opaque(image):
    return image.mode != "RGBA" or image.getextrema()[3][0] == 255


def pillow(path, size, references, limit):
    contest = Contest(references, limit)
    with Image.open(path) as image:
        has_alpha = "A" in image.mode or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    if image.size != size:
        plain = image.convert("RGBa") if has_alpha else image
        choices = [plain.resize(size, method) for method in (Image.LANCZOS, Image.BOX, Image.BICUBIC)]
        image = best_resize([choice.convert(image.mode) for choice in choices], references)

    def png(image):
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def jpeg(quality, subsampling):
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=True)
        return out.getvalue()

    opaque = is_opaque(image)
    if opaque:
        rgb = image.convert("RGB")
        image = rgb.convert("L") if all(numpy.ptp(numpy.asarray(rgb), 2).ravel() == 0) else rgb
    if not contest.enter(png(image), "png"):
        methods = [(Image.LIBIMAGEQUANT, "imagequant"), (Image.FASTOCTREE, "octree")]
        for method, name in methods + ([(Image.MEDIANCUT, "median cut")] if opaque else []):
            source = image if not opaque else image.convert("RGB")
            contest.colors(lambda count: png(source.quantize(count, method)), name)
            if method == Image.LIBIMAGEQUANT:
                contest.colors(lambda count: png(source.quantize(count, method, dither=Image.Dither.NONE)), f"{name} plain")
    if opaque:
        for subsampling, name in ((0, "444"), (2, "420")):
            contest.bisect(lambda quality: jpeg(quality, subsampling), f"jpeg {name}")
    return contest.best


def vips(path, size, references, limit, folder):
    contest = Contest(references, limit)
    choices = []
    for option in ([], ["--linear"]):
        run("vipsthumbnail", path, "--size", f"{size[0]}x{size[1]}!", *option, "-o", f"{folder}/vips.png[compression=1]")
        with Image.open(f"{folder}/vips.png") as image:
            choices.append(image.convert("RGBA"))
    image = best_resize(choices, references)
    opaque = is_opaque(image)
    (image.convert("RGB") if opaque else image).save(f"{folder}/small.png")

    def encode(name, *options):
        run("vips", name, f"{folder}/small.png", f"{folder}/out", *options)
        with open(f"{folder}/out", "rb") as file:
            return file.read()

    fits = [contest.enter(encode("pngsave", "--compression", 9, "--filter", filter), "png") for filter in ("none", "all")]
    if not any(fits):
        for bits in (8, 4, 2):
            if contest.enter(encode("pngsave", "--compression", 9, "--palette", "--bitdepth", bits), f"palette {1 << bits}"):
                break
    if opaque:
        for mode in ("on", "off"):
            contest.bisect(
                lambda quality: encode("jpegsave", "--Q", quality, "--optimize-coding", "--interlace",
                                       "--subsample-mode", mode), f"jpeg subsampling {mode}")
    return contest.best


def imagemagick(path, size, references, limit, folder):
    contest = Contest(references, limit)
    choices = []
    for filter in ("Lanczos", "Box"):
        run("convert", path, "-colorspace", "RGB", "-filter", filter, "-resize", f"{size[0]}x{size[1]}!", "-colorspace",
            "sRGB", "-depth", 8, f"PNG32:{folder}/magick.png")
        with Image.open(f"{folder}/magick.png") as image:
            choices.append(image.convert("RGBA"))
    image = best_resize(choices, references)
    opaque = is_opaque(image)
    (image.convert("RGB") if opaque else image).save(f"{folder}/small.png")

    def encode(kind, *options):
        run("convert", f"{folder}/small.png", *options, f"{kind}:{folder}/out")
        with open(f"{folder}/out", "rb") as file:
            return file.read()

    hard = ["-define", "png:compression-level=9"]
    fits = [contest.enter(encode("PNG", *hard, "-define", f"png:compression-filter={filter}"), "png") for filter in (0, 5)]
    if not any(fits):
        for way, name in ((["-dither", "FloydSteinberg"], "colors"), (["+dither"], "colors plain")):
            contest.colors(lambda count: encode("PNG8" if opaque else "PNG", *way, "-colors", count, *hard), name)
    if opaque:
        for factor in ("1x1", "2x2"):
            contest.bisect(lambda quality: encode("JPEG", "-interlace", "JPEG", "-sampling-factor", factor, "-quality",
                                                  quality), f"jpeg {factor}")
    return contest.best


def all_of(path, size, references, limit, folder):
    return {
        "vips": vips(path, size, references, limit, folder),
        "Pillow": pillow(path, size, references, limit),
        "ImageMagick": imagemagick(path, size, references, limit, folder),
    }
