"""Adapts a forked kernel: what it must not share with its siblings, and what packages found out outside the sandbox."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import multiprocessing.process
import os
import platform
import site
import sys
import sysconfig
import tempfile
import threading

# matplotlib's font caches, which take a while to build: the content of each file by its name.
FONT_FILES: dict[str, bytes] = {}


def renew() -> None:
    """To call in a fork that has the sandbox's environment. `random`, `ssl` and `uuid` see to themselves."""
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    process = multiprocessing.process.current_process()
    process.authkey = os.urandom(32)
    tempfile.tempdir = None
    sys.dont_write_bytecode = False
    # Names of threads are numbered from the start.
    threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined]
    forget_machine()
    look_at_home()
    if matplotlib := sys.modules.get("matplotlib"):
        forget_folders(matplotlib)
    use_all_processors()


def forget_machine() -> None:
    """Forgets what was cached about the machine outside, such as its name."""
    for name in ("_uname_cache", "_platform_cache"):
        cache = getattr(platform, name, None)
        if isinstance(cache, dict):
            cache.clear()
        elif cache is not None:
            setattr(platform, name, None)


def look_at_home() -> None:
    """Makes the sandbox's home the place of the user's packages."""
    site.USER_BASE = site.USER_SITE = None
    site.getusersitepackages()
    sysconfig.get_config_vars()["userbase"] = site.getuserbase()


def forget_folders(matplotlib: object) -> None:
    """Gives matplotlib its folders in the sandbox, which it would cache for good."""
    for name, words in (("get_configdir", "CONFIGDIR=%s"), ("get_cachedir", "CACHEDIR=%s")):
        function = getattr(matplotlib, name)
        if hasattr(function, "__wrapped__"):
            setattr(matplotlib, name, matplotlib._logged_cached(words)(function.__wrapped__))
    # A full home must not keep the kernel from starting.
    with contextlib.suppress(OSError):
        write_folders(matplotlib)


def write_folders(matplotlib: object) -> None:
    if texmanager := sys.modules.get("matplotlib.texmanager"):
        folder = os.path.join(matplotlib.get_cachedir(), "tex.cache")
        for name in ("texcache", "_texcache"):
            if hasattr(texmanager.TexManager, name):
                setattr(texmanager.TexManager, name, folder)
    for name, content in FONT_FILES.items():
        file = os.path.join(matplotlib.get_cachedir(), name)
        if not os.path.exists(file):
            with open(file, "wb") as output:
                output.write(content)


def use_all_processors() -> None:
    """Gives numerical libraries their threads. They were loaded with one, because a fork keeps no other."""
    count = len(os.sched_getaffinity(0))
    for function in blas_functions():
        function(count)
    if numexpr := sys.modules.get("numexpr"):
        numexpr.set_num_threads(min(count, 8))


def blas_functions() -> list[object]:
    """The functions that set the number of threads of each loaded OpenBLAS: Debian's, or one from a wheel."""
    with open("/proc/self/maps") as file:
        paths = {line.split(maxsplit=5)[5].strip() for line in file if "blas" in line.rpartition("/")[2]}
    names = ("openblas_set_num_threads", "openblas_set_num_threads64_", "scipy_openblas_set_num_threads64_")
    functions = []
    for path in sorted(paths):
        try:
            library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD)
        except OSError:
            # The sandbox has no library of this name.
            continue
        functions += [getattr(library, name) for name in names if hasattr(library, name)][:1]
    return functions
