"""The pictures that are measured: what programs in a sandbox draw. The same pixels every time."""

import io
import struct
import zlib

import matplotlib
import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

matplotlib.use("Agg")
from matplotlib import pyplot

FONTS = "/usr/share/fonts/truetype/dejavu"


def random(seed):
    return numpy.random.Generator(numpy.random.PCG64(seed))


# MARK: Files


def saved(pixels, path, kind="png"):
    image = Image.fromarray(pixels) if isinstance(pixels, numpy.ndarray) else pixels
    if kind == "jpeg":
        image.save(path, "JPEG", quality=95, subsampling=0)
    else:
        image.save(path, "PNG")


def png(path, pixels, color_type, depth=8, interlaced=False):
    """What Pillow does not write: 16-bit colour, and Adam7."""
    height, width = pixels.shape[:2]
    passes = [(0, 1, 0, 1)]
    if interlaced:
        passes = [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
    data = b""
    for x, step_x, y, step_y in passes:
        part = pixels[y::step_y, x::step_x]
        rows = part.reshape(part.shape[0], -1).astype(">u2" if depth == 16 else "u1")
        data += b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data, 6)))
        file.write(chunk(b"IEND", b""))


def figure(path, draw, dpi, size=(8, 5), **options):
    pyplot.close("all")
    drawn = pyplot.figure(figsize=size)
    draw(drawn)
    drawn.savefig(path, dpi=dpi, **options)
    pyplot.close("all")


# MARK: Plots


def lines(drawn):
    axes = drawn.subplots()
    x = numpy.linspace(0, 12, 600)
    for phase in range(8):
        axes.plot(x, numpy.sin(x + phase / 2) * numpy.exp(-x / (6 + phase)), label=f"phase {phase / 2:.1f}")
    axes.set(title="Damped oscillation, eight phases", xlabel="time in seconds", ylabel="amplitude in mV")
    axes.grid(alpha=0.4)
    axes.legend(ncol=2, fontsize="small")


def panels(drawn):
    drawn.set_layout_engine("tight")
    for index, axes in enumerate(drawn.subplots(4, 5).flat):
        axes.plot(random(index).normal(size=300).cumsum(), linewidth=0.7, color=f"C{index % 10}")
        axes.set_title(f"Sensor {index + 1:02}, drift {index * 0.137:.3f}", fontsize=6)
        axes.tick_params(labelsize=5)


def scatter(drawn):
    axes = drawn.subplots()
    source = random(3)
    x, y = source.normal(size=(2, 20000))
    points = axes.scatter(x, y + x * x / 3, c=numpy.hypot(x, y), s=source.uniform(1, 30, 20000), alpha=0.35, cmap="turbo")
    drawn.colorbar(points, label="distance")
    axes.set(title="Twenty thousand points", xlabel="first component", ylabel="second component")


def smooth_heat(drawn):
    axes = drawn.subplots()
    y, x = numpy.mgrid[-3:3:400j, -4:4:500j]
    drawn.colorbar(axes.imshow(numpy.sin(x * x + y) * numpy.exp(-y * y / 5), cmap="viridis", interpolation="bilinear"))
    axes.set(title="A smooth field", xlabel="column", ylabel="row")


def noisy_heat(drawn):
    axes = drawn.subplots()
    drawn.colorbar(axes.imshow(random(4).normal(size=(250, 400)), cmap="magma"), label="residual")
    axes.set(title="Residuals, 250 by 400", xlabel="column", ylabel="row")


def correlation(drawn):
    axes = drawn.subplots()
    values = numpy.corrcoef(random(5).normal(size=(14, 40)))
    axes.imshow(values, cmap="coolwarm", vmin=-1, vmax=1)
    for row in range(14):
        for column in range(14):
            axes.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", fontsize=5)


def surface(drawn):
    axes = drawn.add_subplot(projection="3d")
    y, x = numpy.mgrid[-3:3:120j, -3:3:120j]
    axes.plot_surface(x, y, numpy.cos(x * y) * numpy.exp(-(x * x + y * y) / 8), cmap="plasma", rstride=1, cstride=1)
    axes.set(title="A surface of 14,400 patches")


def contours(drawn):
    axes = drawn.subplots()
    y, x = numpy.mgrid[-3:3:300j, -3:3:300j]
    filled = axes.contourf(x, y, numpy.sin(x * y) + x / 3, levels=30, cmap="Spectral")
    axes.clabel(axes.contour(x, y, numpy.sin(x * y) + x / 3, levels=12, colors="black", linewidths=0.5), fontsize=6)
    drawn.colorbar(filled)


# MARK: Screens, drawings, photographs


def screen(width, height, size, dark):
    """An editor: a page of code in six colours."""
    paper, inks = (255, 255, 255), [(0, 0, 0), (0, 0, 200), (160, 20, 20), (0, 110, 60), (120, 120, 120), (120, 0, 140)]
    if dark:
        paper, inks = (30, 30, 30), [(212, 212, 212), (86, 156, 214), (206, 145, 120), (106, 153, 85), (128, 128, 128), (197, 134, 192)]
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(f"{FONTS}/DejaVuSansMono.ttf", size)
    words = "for index in range(count): total += values[index] * weight # def return self.name == None print(f'{x:.3f}')".split()
    source = random(width + dark)
    for y in range(6, height - size, size + size // 3):
        x = 10 + 4 * size * int(source.integers(0, 3))
        while x < width * 0.9:
            word = words[source.integers(0, len(words))]
            draw.text((x, y), word, font=font, fill=inks[source.integers(0, 6)])
            x += int(draw.textlength(word + " ", font=font))
    return image


def photograph(width, height, seed, roughness=1.6):
    """Noise as nature has it, most of it coarse, with objects that have edges, and a sensor's grain."""
    source = random(seed)
    frequencies = numpy.hypot(*numpy.meshgrid(numpy.fft.rfftfreq(width) * width, numpy.fft.fftfreq(height) * height))
    frequencies[0, 0] = 1
    channels = []
    shared = source.normal(size=(height, width))
    for _ in range(3):
        noise = shared + 0.25 * source.normal(size=(height, width))
        field = numpy.fft.irfft2(numpy.fft.rfft2(noise) / frequencies**roughness, s=(height, width))
        channels.append(field / field.std() * 42 + 120)
    pixels = numpy.stack(channels, -1)
    y, x = numpy.mgrid[0:height, 0:width]
    for _ in range(25):
        radius = source.uniform(0.02, 0.12) * height
        inside = (x - source.uniform(0, width)) ** 2 + (y - source.uniform(0, height)) ** 2 < radius**2
        pixels[inside] = pixels[inside] * 0.5 + source.uniform(0, 130, 3)
    pixels += source.normal(size=(height, width, 1)) * 3
    return numpy.clip(pixels, 0, 255).astype(numpy.uint8)


def line_art(width, height):
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(f"{FONTS}/DejaVuSerif.ttf", 34)
    for index in range(60):
        angle = index / 60 * numpy.pi
        dx, dy = numpy.cos(angle) * height * 0.4, numpy.sin(angle) * height * 0.4
        draw.line((height / 2 - dx, height / 2 - dy, height / 2 + dx, height / 2 + dy), fill=0, width=1 + index % 4)
        x = height + index * 22
        draw.line((x, 60, x + 300, height - 60), fill=0, width=1 + index % 3)
        if index % 5 == 0:
            draw.text((x, 12 + index % 3 * 12), f"{index}°", font=font, fill=0)
    return image


def logo(width, height):
    """Flat shapes and words, with a soft shadow, on nothing."""
    shape = Image.new("L", (width, height))
    draw = ImageDraw.Draw(shape)
    font = ImageFont.truetype(f"{FONTS}/DejaVuSans-Bold.ttf", height // 5)
    draw.rounded_rectangle((width * 0.08, height * 0.1, width * 0.45, height * 0.9), height // 8, fill=255)
    draw.text((width * 0.48, height * 0.35), "Swift & C", font=font, fill=255)
    shadow = shape.filter(ImageFilter.GaussianBlur(height // 40))
    image = Image.new("RGBA", (width, height))
    image.paste((0, 0, 0, 160), (height // 60, height // 60), shadow)
    flat = Image.new("RGBA", (width, height))
    flat.paste((225, 80, 40, 255), (0, 0), shape)
    return Image.alpha_composite(image, flat)


def vignette(width, height):
    """A photograph that fades out: alpha of every value."""
    y, x = numpy.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    alpha = numpy.clip(1.3 - numpy.hypot(x, y), 0, 1)[..., None] * 255
    return numpy.concatenate([photograph(width, height, 9), alpha.astype(numpy.uint8)], -1)


def deep(width, height):
    """Sixteen bits: a dark gradient with fine print."""
    image = numpy.asarray(screen(width, height, 30, False), dtype=numpy.float64) / 255
    ramp = numpy.linspace(0.15, 1, width)[None, :, None] * [1, 0.9, 0.8]
    return (image * ramp * 65535).round().astype(numpy.uint16)


def interlaced(path):
    buffer = io.BytesIO()
    figure(buffer, lines, 300)
    png(path, numpy.asarray(Image.open(buffer).convert("RGB")), 2, interlaced=True)


# MARK: The set

#: Name, whether it has text that must stay readable, file type, how it is made. Sizes are what dpi 100 to 600 give.
PICTURES = [
    ("plot-lines-150dpi", True, "png", lambda path: figure(path, lines, 150)),
    ("plot-lines-300dpi", True, "png", lambda path: figure(path, lines, 300)),
    ("plot-lines-600dpi", True, "png", lambda path: figure(path, lines, 600)),
    ("plot-panels-200dpi", True, "png", lambda path: figure(path, panels, 200, (12, 8))),
    ("plot-scatter-140dpi", True, "png", lambda path: figure(path, scatter, 140)),
    ("plot-scatter-300dpi", True, "png", lambda path: figure(path, scatter, 300)),
    ("plot-contours-200dpi", True, "png", lambda path: figure(path, contours, 200)),
    ("plot-surface-200dpi", True, "png", lambda path: figure(path, surface, 200)),
    ("heat-smooth-200dpi", True, "png", lambda path: figure(path, smooth_heat, 200)),
    ("heat-noisy-150dpi", True, "png", lambda path: figure(path, noisy_heat, 150)),
    ("heat-numbers-250dpi", True, "png", lambda path: figure(path, correlation, 250, (6, 6))),
    ("screen-light-1100", True, "png", lambda path: saved(screen(1100, 760, 15, False), path)),
    ("screen-light-2560", True, "png", lambda path: saved(screen(2560, 1440, 26, False), path)),
    ("screen-dark-1920", True, "png", lambda path: saved(screen(1920, 1080, 20, True), path)),
    ("photo-1100", False, "png", lambda path: saved(photograph(1100, 740, 1), path)),
    ("photo-3000", False, "png", lambda path: saved(photograph(3000, 2000, 2), path)),
    ("photo-rough-2400", False, "png", lambda path: saved(photograph(2400, 1600, 6, 1.1), path)),
    ("photo-grey-2000", False, "png", lambda path: saved(photograph(2000, 1500, 7)[..., 1], path)),
    ("photo-3600-jpeg", False, "jpeg", lambda path: saved(photograph(3600, 2400, 8), path, "jpeg")),
    ("line-art-2400", True, "png", lambda path: saved(line_art(2400, 1100), path)),
    ("line-art-1-bit", True, "png", lambda path: saved(line_art(2400, 1100).convert("1", dither=0), path)),
    ("alpha-logo-2400", True, "png", lambda path: saved(logo(2400, 900), path)),
    ("alpha-plot-300dpi", True, "png", lambda path: figure(path, panels, 200, (12, 8), transparent=True)),
    ("alpha-photo-1600", False, "png", lambda path: saved(vignette(1600, 1100), path)),
    ("deep-16-bit-2400", True, "png", lambda path: png(path, deep(2400, 1400), 2, 16)),
    ("palette-photo-1600", False, "png", lambda path: saved(Image.fromarray(photograph(1600, 1100, 10)).quantize(200), path)),
    ("interlaced-plot", True, "png", interlaced),
]
