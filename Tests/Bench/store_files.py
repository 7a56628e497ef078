#!/usr/bin/python3
"""Fills the folder of an owner with stored files, as the store lays them out: store_files.py OWNER-FOLDER COUNT."""
import hashlib
import json
import os
import random
import sys

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

folder, count = sys.argv[1], int(sys.argv[2])
content = b"a,b\n1,2\n"
digest = hashlib.sha256(content).hexdigest()
for number in range(count):
    prefix = "".join(random.choices(ALPHABET, k=12))
    session = prefix + "".join(ALPHABET[byte & 63] for byte in hashlib.sha256(prefix.encode()).digest()[:9])
    file = prefix + "".join(random.choices(ALPHABET, k=9))
    os.mkdir(f"{folder}/{session}", 0o750)
    with open(f"{folder}/{session}/{file}", "wb") as bytes_:
        bytes_.write(content)
    details = {
        "name": f"{number}.csv", "content_type": "text/csv", "size": len(content), "sha256": digest,
        "created": 1767225600, "kind": "user",
    }
    with open(f"{folder}/{session}/{file}.json", "w") as sidecar:
        json.dump(details, sidecar)
