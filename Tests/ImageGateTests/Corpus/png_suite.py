"""Writes PNGs of every kind, one JSON object a line: name, png, and the pixels that a viewer shows, or none if it is broken.

The kinds are those of PngSuite (http://www.schaik.com/pngsuite/), whose names they have; the pictures are made here. The
pixels are computed from the samples that are encoded: no decoder has a part in it.
"""

import base64
import json
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
FORMATS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
           (6, 8), (6, 16)]
ADAM7 = [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]


def chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width, height, depth, color, interlace=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))


def colors(depth):
    return [(index * 7 & 255, index * 31 & 255, 255 - index) for index in range(1 << depth)]


def palette(depth):
    return chunk(b"PLTE", bytes(sum(colors(depth), ())))


class Picture:
    """Samples without a pattern that a wrong filter, order or bit could survive."""

    def __init__(self, color, depth, width=32, height=32):
        self.color, self.depth, self.width, self.height = color, depth, width, height
        self.limit = (1 << depth) - 1
        self.rows = [[[self.sample(x, y, channel) for channel in range(CHANNELS[color])] for x in range(width)]
                     for y in range(height)]

    def sample(self, x, y, channel):
        return ((x * 37 + y * 101 + channel * 59 + x * y * 13) * 2654435 >> 7) & self.limit

    def pixels(self, transparent=None, alphas=(), gamma=None):
        """RGBA, 8 bits each."""
        def shown(value, limit):
            unit = value / limit
            if gamma is not None and abs(gamma - 1 / 2.2) > 0.02:
                light = unit ** (1 / gamma)
                unit = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
            return round(unit * 255)

        result = bytearray()
        for row in self.rows:
            for samples in row:
                alpha = 255
                if self.color == 3:
                    index = samples[0]
                    rgb = [shown(value, 255) for value in colors(self.depth)[index]]
                    alpha = alphas[index] if index < len(alphas) else 255
                else:
                    if self.color & 4:
                        alpha = round(samples[-1] / self.limit * 255)
                        samples = samples[:-1]
                    elif transparent == tuple(samples):
                        alpha = 0
                    rgb = [shown(value, self.limit) for value in samples]
                result += bytes(rgb * 3 if len(rgb) == 1 else rgb) + bytes([alpha])
        return bytes(result)

    def packed(self, row):
        samples = [sample for pixel in row for sample in pixel]
        if self.depth == 16:
            return struct.pack(f">{len(samples)}H", *samples)
        bits = 0
        for sample in samples:
            bits = bits << self.depth | sample
        padding = -len(samples) * self.depth % 8
        return (bits << padding).to_bytes((len(samples) * self.depth + padding) // 8, "big")

    def raw(self, interlaced=False, filters=(0,)):
        """Filtered rows. `filters` are taken in turn."""
        step = max(1, CHANNELS[self.color] * self.depth // 8)
        result = bytearray()
        for column, columns, first, rows in ADAM7 if interlaced else [(0, 1, 0, 1)]:
            if column >= self.width:
                continue
            above = None
            for number, y in enumerate(range(first, self.height, rows)):
                row = self.packed(self.rows[y][column::columns])
                method = filters[number % len(filters)]
                result += bytes([method]) + filtered(row, above or bytes(len(row)), step, method)
                above = row
        return bytes(result)

    def png(self, interlaced=False, before=b"", after=b"", filters=(0,), compress=zlib.compress, pieces=None):
        if self.color == 3:
            before = palette(self.depth) + before
        data = compress(self.raw(interlaced, filters))
        size = -(-len(data) // pieces) if pieces else len(data)
        idat = b"".join(chunk(b"IDAT", data[start:start + size]) for start in range(0, len(data), size))
        return (SIGNATURE + header(self.width, self.height, self.depth, self.color, int(interlaced)) + before + idat
                + after + chunk(b"IEND"))


def filtered(row, above, step, method):
    """PNG (Third Edition), section 9.2."""
    def left(line, index):
        return line[index - step] if index >= step else 0

    def paeth(a, b, c):
        p = a + b - c
        return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]

    predicted = [
        lambda index: 0,
        lambda index: left(row, index),
        lambda index: above[index],
        lambda index: (left(row, index) + above[index]) // 2,
        lambda index: paeth(left(row, index), above[index], left(above, index)),
    ][method]
    return bytes((row[index] - predicted(index)) & 255 for index in range(len(row)))


def write(name, png, picture=None, tolerance=0, **shown):
    pixels = picture and base64.b64encode(picture.pixels(**shown)).decode()
    print(json.dumps({
        "name": name, "png": base64.b64encode(png).decode(), "rgba": pixels, "tolerance": tolerance,
        "width": picture.width if picture else 0, "height": picture.height if picture else 0}))


def deflater(level=6, bits=15, strategy=zlib.Z_DEFAULT_STRATEGY):
    def compress(data):
        stream = zlib.compressobj(level, zlib.DEFLATED, bits, 9, strategy)
        return stream.compress(data) + stream.flush()
    return compress


def basic():
    for color, depth in FORMATS:
        picture = Picture(color, depth)
        tolerance = 1 if depth == 16 else 0
        kind = f"{color}-{depth:02}"
        for interlaced in (False, True):
            mark = "in"[not interlaced]
            write(f"bas{mark}{kind}", picture.png(interlaced), picture, tolerance)
            for method in range(5):
                png = picture.png(interlaced, filters=(method,))
                write(f"f0{method}{mark}{kind}", png, picture, tolerance)
            write(f"f99{mark}{kind}", picture.png(interlaced, filters=(4, 2, 0, 3, 1)), picture, tolerance)
            for name, pieces in (("oi2", 2), ("oi4", 4), ("oi9", 1 << 16)):
                write(f"{name}{mark}{kind}", picture.png(interlaced, pieces=pieces), picture, tolerance)


def sizes():
    for side in range(1, 41):
        for interlaced in (False, True):
            for color, depth in ((3, 1), (3, 2), (3, 4), (0, 1), (2, 8), (6, 16)):
                if (depth, color) != (min(depth, 4), 3) and side % 8 not in (0, 1, 7):
                    continue
                width, height = side, side if depth < 8 else 41 - side
                picture = Picture(color, depth, width, height)
                name = f"s{side:02}{'in'[not interlaced]}{color}-{depth:02}"
                write(name, picture.png(interlaced, filters=(0, 1, 2, 3, 4)), picture, 1 if depth == 16 else 0)


def transparency():
    for color, depth in FORMATS:
        picture = Picture(color, depth)
        tolerance = 1 if depth == 16 else 0
        size = {0: ">H", 4: ">H", 3: "B"}.get(color, ">HHH")
        channels = {0: 1, 4: 1, 3: 1}.get(color, 3)
        background = chunk(b"bKGD", struct.pack(size, *[picture.limit // 2] * channels))
        write(f"bg{color}-{depth:02}", picture.png(before=background), picture, tolerance)
        for mark, extra in (("n", b""), ("b", background)):
            for interlaced in (False, True):
                name = f"t{mark}{'in'[not interlaced]}{color}-{depth:02}"
                if color == 3:
                    for count in {1, 2, 1 << depth}:
                        alphas = [0, 128, 255, 3, 77][:count] + [index & 255 for index in range(5, count)]
                        png = picture.png(interlaced, before=chunk(b"tRNS", bytes(alphas)) + extra)
                        write(f"{name}-{count}", png, picture, alphas=alphas)
                elif color in (0, 2):
                    for x in (0, 5, 31):
                        color_key = tuple(picture.rows[7][x])
                        key = chunk(b"tRNS", struct.pack(size, *color_key))
                        png = picture.png(interlaced, before=key + extra)
                        write(f"{name}-{x}", png, picture, tolerance, transparent=color_key)


def ancillary():
    for name, gamma in (("03", .35), ("04", .45), ("05", .55), ("07", .7), ("10", 1), ("25", 2.5)):
        for color, depth in FORMATS:
            picture = Picture(color, depth)
            gama = chunk(b"gAMA", struct.pack(">I", round(gamma * 100000)))
            write(f"g{name}n{color}-{depth:02}", picture.png(before=gama), picture, 1, gamma=gamma)
    picture = Picture(2, 8)
    chunks = {
        "pp0n": palette(8), "ps1n": chunk(b"sPLT", b"six\0\x08" + bytes(range(60))),
        "ps2n": chunk(b"sPLT", b"six\0\x10" + bytes(range(100))),
        "ccwn": chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        "cdfn": chunk(b"pHYs", struct.pack(">IIB", 1, 4, 0)), "cdun": chunk(b"pHYs", struct.pack(">IIB", 1000, 1000, 1)),
        "cs3n": chunk(b"sBIT", b"\3\3\3"), "cm9n": chunk(b"tIME", struct.pack(">H5B", 1999, 12, 31, 23, 59, 59)),
        "ct1n": chunk(b"tEXt", b"Title\0PngSuite") + chunk(b"tEXt", b"Author\0somebody"),
        "ctzn": chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"PngSuite" * 99)),
        "cten": chunk(b"iTXt", b"Title\0\1\0en\0Title\0" + zlib.compress("Ünï".encode())),
        "exif": chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0"), "srgb": chunk(b"sRGB", b"\0"),
    }
    for name, extra in chunks.items():
        write(f"{name}2-08", picture.png(before=extra), picture)
        if name[:2] not in ("pp", "ps", "cc", "cd", "cs", "sr"):
            write(f"{name}2-08 late", picture.png(after=extra), picture)
    indexed = Picture(3, 8)
    write("ch2n3-08", indexed.png(before=chunk(b"hIST", bytes(512))), indexed)


def gammas():
    """gAMA with whatever else says something about the same samples."""
    gama = chunk(b"gAMA", struct.pack(">I", 100000))
    for color, depth in FORMATS:
        picture = Picture(color, depth)
        kind = f"{color}-{depth:02}"
        size = {0: ">H", 2: ">HHH"}.get(color)
        key = tuple(picture.rows[7][5])
        alphas = [0, 128, 255][:1 << depth]
        shown = {"alphas": alphas} if color == 3 else {"transparent": key} if size else {}
        trns = chunk(b"tRNS", bytes(alphas) if color == 3 else struct.pack(size, *key)) if shown else b""
        for interlaced in (False, True):
            name = f"g{'in'[not interlaced]}{kind}"
            write(f"{name} and tRNS", picture.png(interlaced, before=gama + trns), picture, 1, gamma=1, **shown)
            write(f"{name} after tRNS", picture.png(interlaced, before=trns + gama), picture, 1, gamma=1, **shown)
        exact = 1 if depth == 16 else 0
        for name, extra in {
                "sRGB": gama + chunk(b"sRGB", b"\0"), "sRGB first": chunk(b"sRGB", b"\0") + gama,
                "none": chunk(b"gAMA", bytes(4)), "hardly any": chunk(b"gAMA", struct.pack(">I", 1)),
                "vast": chunk(b"gAMA", b"\xff" * 4), "usual": chunk(b"gAMA", struct.pack(">I", 45455))}.items():
            write(f"g{kind} {name}", picture.png(before=extra), picture, exact)
        write(f"g{kind} late", picture.png(after=gama), picture, exact)
        twice = gama + chunk(b"gAMA", struct.pack(">I", 250000))
        write(f"g{kind} twice", picture.png(before=twice), picture, 1, gamma=1)


def near():
    """A transparent colour is compared in all its bits, and has no place where there is alpha."""
    for color in (0, 2):
        picture = Picture(color, 16)
        for x in range(1, 17):
            picture.rows[0][x] = [value ^ 1 << (x - 1) for value in picture.rows[0][0]]
        key = tuple(picture.rows[0][0])
        for interlaced in (False, True):
            png = picture.png(interlaced, before=chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
            write(f"near{'in'[not interlaced]}{color}-16", png, picture, 1, transparent=key)
    for color, depth in ((4, 8), (4, 16), (6, 8), (6, 16)):
        picture = Picture(color, depth)
        key = picture.rows[0][0][:-1]
        png = picture.png(before=chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
        write(f"alpha twice {color}-{depth:02}", png)


def shapes():
    """Passes that have no rows, or no columns, or one."""
    sides = {(width, height) for width in range(1, 10) for height in range(1, 10)}
    sides |= {shape for side in range(10, 33) for shape in ((side, 1), (1, side), (side, 3), (5, side))}
    for number, (width, height) in enumerate(sorted(sides)):
        color, depth = FORMATS[number % len(FORMATS)]
        picture = Picture(color, depth, width, height)
        png = picture.png(True, filters=(4, 3, 1, 2))
        write(f"w{width}h{height}i{color}-{depth:02}", png, picture, 1 if depth == 16 else 0)


def orders():
    """Orders that are allowed and seldom seen."""
    picture, indexed = Picture(2, 8), Picture(3, 4)
    gama, chrm = (chunk(b"gAMA", struct.pack(">I", 45455)),
                  chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)))
    phys, time = chunk(b"pHYs", struct.pack(">IIB", 1, 1, 0)), chunk(b"tIME", struct.pack(">H5B", 1999, 1, 1, 0, 0, 0))
    text, back = chunk(b"tEXt", b"k\0v"), chunk(b"bKGD", bytes(6))
    for name, before in {"reversed": phys + chrm + gama, "text between": text + gama + text + chrm + text,
                         "palette first": palette(8) + phys, "palette last": time + phys + palette(8) + back}.items():
        write(name, picture.png(before=before, after=text + time + text), picture)
    data = zlib.compress(indexed.raw())
    transparent, empty = chunk(b"tRNS", b"\0\x80"), chunk(b"IDAT")
    idat = chunk(b"IDAT", data)
    usual = palette(4) + transparent
    for name, body in {
            "before the palette": text + phys + gama + chrm + usual + idat,
            "after the palette": palette(4) + phys + transparent + text + time + idat,
            "transparency last": palette(4) + chunk(b"bKGD", b"\1") + chunk(b"hIST", bytes(32)) + transparent + idat,
            "empty first": usual + empty * 3 + idat,
            "empty last": usual + idat + empty * 3,
            "empty between": usual + chunk(b"IDAT", data[:9]) + empty + chunk(b"IDAT", data[9:]),
            "a byte each": usual + b"".join(
                chunk(b"IDAT", data[index:index + 1]) + empty for index in range(len(data)))}.items():
        png = SIGNATURE + header(32, 32, 4, 3) + body + chunk(b"IEND")
        write(name, png, indexed, alphas=[0, 128])


def compression():
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
    for color, depth in ((2, 8), (3, 4), (0, 16)):
        picture = Picture(color, depth)
        tolerance = 1 if depth == 16 else 0
        for level in range(10):
            for strategy in strategies:
                png = picture.png(compress=deflater(level, 15, strategy), filters=(4, 1))
                write(f"z0{level}n{color}-{depth:02}-{strategy}", png, picture, tolerance)
        for bits in range(9, 16):
            png = picture.png(compress=deflater(9, bits))
            write(f"window{bits}n{color}-{depth:02}", png, picture, tolerance)


def broken():
    picture = Picture(0, 8)
    good = picture.png()
    ihdr, rest = good[8:33], good[33:]
    data = zlib.compress(picture.raw())

    def with_header(depth, color, interlace=0, width=32, height=32, methods=b"\0\0"):
        fields = struct.pack(">IIBB", width, height, depth, color) + methods + bytes([interlace])
        return SIGNATURE + chunk(b"IHDR", fields) + rest

    cases = {
        "xs1": b"\x88" + good[1:], "xs2": good[:1] + b"pNG" + good[4:], "xs4": good[:3] + b"g" + good[4:],
        "xs7": good[:7] + b"\x0b" + good[8:], "xcr": good.replace(b"\r\n\x1a\n", b"\r\x1a\r", 1),
        "xlf": good.replace(b"\r\n\x1a\n", b"\n\x1a\n", 1), "xhd": SIGNATURE + ihdr[:-1] + b"\0" + rest,
        "xdt": SIGNATURE + ihdr + chunk(b"IEND"), "xcs": good[:-13] + bytes([good[-13] ^ 1]) + good[-12:],
        "zlib method": SIGNATURE + ihdr + chunk(b"IDAT", b"\x79" + data[1:]) + chunk(b"IEND"),
        "zlib dictionary": SIGNATURE + ihdr + chunk(b"IDAT", b"\x78\x20" + data[2:]) + chunk(b"IEND"),
        "adler": SIGNATURE + ihdr + chunk(b"IDAT", data[:-1] + bytes([data[-1] ^ 1])) + chunk(b"IEND"),
        "no adler": SIGNATURE + ihdr + chunk(b"IDAT", data[:-4]) + chunk(b"IEND"),
        "half": SIGNATURE + ihdr + chunk(b"IDAT", data[:len(data) // 2]) + chunk(b"IEND"),
        "empty IDAT": SIGNATURE + ihdr + chunk(b"IDAT") + chunk(b"IEND"),
        "raw deflate": SIGNATURE + ihdr + chunk(b"IDAT", data[2:-4]) + chunk(b"IEND"),
        "methods 1": with_header(8, 0, methods=b"\1\0"), "methods 2": with_header(8, 0, methods=b"\0\1"),
        "interlace 2": with_header(8, 0, interlace=2), "no palette": with_header(8, 3),
        "unix to dos": good.replace(b"\n", b"\r\n"), "dos to unix": good.replace(b"\r\n", b"\n"),
        "7 bits": bytes(byte & 127 for byte in good), "text": good.replace(b"\0", b" "),
        "byte order": SIGNATURE + chunk(b"IHDR", struct.pack("<IIBBBBB", 32, 32, 8, 0, 0, 0, 0)) + rest,
    }
    for cut in (1, 2, 3):
        cases[f"adler short by {cut}"] = SIGNATURE + ihdr + chunk(b"IDAT", data[:-cut]) + chunk(b"IEND")
    # The end of the stream in chunks of their own, and then not right.
    for split in range(1, 9):
        start = SIGNATURE + ihdr + chunk(b"IDAT", data[:-split])
        wrong = data[:-1] + bytes([data[-1] ^ 1])
        longer = zlib.compress(picture.raw() + b"\0")
        cases[f"adler wrong at {split}"] = start + chunk(b"IDAT", wrong[-split:]) + chunk(b"IEND")
        cases[f"data after {split}"] = start + chunk(b"IDAT", data[-split:] + b"\0") + chunk(b"IEND")
        cases[f"chunk after {split}"] = start + chunk(b"IDAT", data[-split:]) + chunk(b"IDAT", b"\0") + chunk(b"IEND")
        cases[f"missing after {split}"] = start + chunk(b"IDAT", data[-split:-1]) + chunk(b"IEND")
        cases[f"row after {split}"] = (SIGNATURE + ihdr + chunk(b"IDAT", longer[:-split])
                                       + chunk(b"IDAT", longer[-split:]) + chunk(b"IEND"))
    for color in range(256):
        valid = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.get(color, ())
        for depth in (0, 1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 32, 99, 255) if color < 8 else (8,):
            if depth not in valid:
                cases[f"xc{color}d{depth}"] = with_header(depth, color)
    for method in range(5, 256, 25):
        raw = bytearray(picture.raw())
        raw[33 * 31] = method
        cases[f"filter {method}"] = SIGNATURE + ihdr + chunk(b"IDAT", zlib.compress(bytes(raw))) + chunk(b"IEND")
    for name, png in cases.items():
        write(name, png)


if __name__ == "__main__":
    basic()
    sizes()
    transparency()
    ancillary()
    gammas()
    near()
    shapes()
    orders()
    compression()
    broken()
