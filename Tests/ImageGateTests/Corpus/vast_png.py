"""Writes a black PNG that is small in bytes and slow to decode, as base64."""

import base64, struct, zlib


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


side = 9000
header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
rows = zlib.compress(bytes((side + 1) * side))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
print(base64.b64encode(png).decode())
