"""Images for images.sh, and what a program takes for one.

    images.py make FOLDER IMAGE    writes rgba.png, as IMAGE with alpha, and dot.png, one pixel
    images.py run COMMAND…         runs it, and prints cpu_ms=… peak_kb=… of it and its children
"""

import ctypes
import os
import sys


def make(folder, source):
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source) as image:
        alpha = Image.linear_gradient("L").resize(image.size)
        image.putalpha(alpha)
        image.save(f"{folder}/rgba.png", compress_level=3)
    Image.new("RGB", (1, 1)).save(f"{folder}/dot.png")


def run(command):
    # What a child leaves running (the gate's helpers end after it) becomes ours, and is waited for and counted as well.
    if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        sys.exit("prctl failed")
    # Spawned, a child's peak begins with ours, which is small: little is imported.
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    cpu = peak = 0
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        if ended == child and status != 0:
            sys.exit(f"{' '.join(command)} ended with status {status}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
    print(f"cpu_ms={cpu * 1000:.1f} peak_kb={peak}")


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    run(sys.argv[2:])
