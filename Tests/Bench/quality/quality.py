"""Measures the gate's pictures against those of other tools, at equal size and bytes. See quality.sh."""

import argparse
import concurrent.futures
import ctypes
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import numpy
from PIL import Image

import gallery
import measure
import peers
import pictures

#: How much SSIM may be lost to the best peer. Less than this nobody sees.
TOLERANCE = 0.002


@dataclass
class Result:
    name: str
    has_text: bool
    kind: str
    size: tuple
    data: bytes
    score: tuple
    reference: numpy.ndarray
    #: CPU milliseconds: ours, and of the C program that only decodes, averages and encodes once.
    cpu: float
    floor: float
    peers: dict = field(default_factory=dict)

    @property
    def verdict(self):
        others = [best[0][0] for best in self.peers.values() if best]
        if not others:
            return "best: nothing else fits" if self.peers else "passed"
        lead = self.score[0] - max(others)
        word = "better" if lead > TOLERANCE else "worse" if lead < -TOLERANCE else "equal"
        return f"{word} ({lead:+.4f})"


def adopt_orphans():
    """Our grandchildren become our children when their parent ends: Linux's PR_SET_CHILD_SUBREAPER."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
        sys.exit(f"quality: prctl: {os.strerror(ctypes.get_errno())}")


def cpu_of(*command):
    """Milliseconds of CPU; the least of three. The gate decodes in processes of its own, which may outlive it a little."""
    times = []
    for _ in range(3):
        with open(os.devnull, "w") as null:
            child = subprocess.Popen(command, stdout=null, stderr=null)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"quality: {' '.join(command)} ended with {child.returncode}")
        seconds = usage.ru_utime + usage.ru_stime
        while True:
            try:
                _, _, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            seconds += usage.ru_utime + usage.ru_stime
        times.append(seconds * 1000)
    return min(times)


def measured(index, options):
    name, has_text, kind, make = pictures.PICTURES[index]
    with tempfile.TemporaryDirectory(prefix="e2b-quality.") as folder:
        path = f"{folder}/{name}.{kind}"
        make(path)
        open(f"{folder}/env", "w").close()  # not the settings of whoever works here
        # Started, and an image of one pixel admitted: not the image's cost.
        Image.new("RGB", (1, 1)).save(f"{folder}/dot.png")
        admit = [f"{options.bin}/e2b-fcgi", "admit"]
        settings = ["--env-file", f"{folder}/env", "--bytes", str(options.bytes)]
        start = cpu_of(*admit, f"{folder}/dot.png", f"{folder}/ours", *settings)
        cpu = max(0, cpu_of(*admit, path, f"{folder}/ours", *settings) - start)
        floor = 0.0
        if options.floor and kind == "png":
            floor = min(float(subprocess.run([options.floor, path], check=True, capture_output=True, text=True)
                              .stdout.split(" ms")[0].split()[-1]) for _ in range(3))
        with open(f"{folder}/ours", "rb") as file:
            data = file.read()
        with Image.open(io.BytesIO(data)) as image:
            size = image.size
            form = f"JPEG {image.mode}" if data[:2] == b"\xff\xd8" else f"PNG {image.mode}"
            if image.mode == "P":
                form += f" {len(image.palette.palette) // 3}"
        # Sixteen bits are more than Pillow reads.
        original = measure.decoded(pictures.deep(2400, 1400) if name.startswith("deep") else path)
        references = measure.references(original, size)
        result = Result(name, has_text, form, size, data, measure.score(measure.decoded(io.BytesIO(data)), references),
                        references[0], cpu, floor)
        with open(path, "rb") as file:
            is_passed = size == original.shape[1::-1] and len(file.read()) <= options.bytes
        if not is_passed and not options.alone:
            result.peers = peers.all_of(path, size, references, len(data), folder)
        return result


def cell(best):
    return f"{best[0][0]:.4f} {best[0][1]:4.1f}" if best else "   –       "


def row(result):
    found = [cell(result.peers.get(name)) for name in ("vips", "Pillow", "ImageMagick")]
    width, height = result.size
    cost = f"{result.cpu:5.0f} / {result.floor:3.0f}" if result.floor else f"{result.cpu:5.0f} /   –"
    return (f"{result.name:22} {f'{width}×{height}':>10} {len(result.data):7} {result.kind:11} "
            f"{cell((result.score,))}   {'   '.join(found)}  {cost}   {result.verdict}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--floor")
    parser.add_argument("--bytes", type=int, default=100_000)
    parser.add_argument("--gallery")
    parser.add_argument("--keep", help="a folder for our pictures")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("names", nargs="*", help="parts of names of pictures; all if there are none")
    options = parser.parse_args()
    chosen = [index for index, entry in enumerate(pictures.PICTURES)
              if not options.names or any(name in entry[0] for name in options.names)]
    print(f"{'':22} {'size':>10} {'bytes':>7} {'form':11} {'ours: SSIM':11}   {'vips':11}   {'Pillow':11}   "
          f"{'ImageMagick':11}  CPU ms / floor  against the best", flush=True)
    results = []
    with concurrent.futures.ProcessPoolExecutor(max_workers=2, initializer=adopt_orphans) as pool:
        for result in pool.map(measured, chosen, [options] * len(chosen)):
            print(row(result), flush=True)
            results.append(result)
            if options.keep:
                extension = "jpg" if result.kind.startswith("JPEG") else "png"
                with open(f"{options.keep}/{result.name}.{extension}", "wb") as file:
                    file.write(result.data)
    if options.gallery:
        gallery.write(options.gallery, results)
    over = [result.name for result in results if len(result.data) > options.bytes]
    worse = [result.name for result in results if result.verdict.startswith("worse")]
    pressed = [result for result in results if result.floor and result.peers]
    cost = sum(result.cpu for result in pressed) / max(1e-9, sum(result.floor for result in pressed))
    print(f"\nover the budget: {' '.join(over) or 'none'}; worse than the best: {' '.join(worse) or 'none'}; "
          f"CPU of PNGs that do not pass: {cost:.2f} of the floor")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
