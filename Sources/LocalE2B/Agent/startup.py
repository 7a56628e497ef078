"""The Python kernel: ipykernel, set up so that its answers have the shape of E2B's.

It is forked from a process that has imported it, or started as a script with the agent's process id and a connection
file. Preloading draws a plot once, so that the user's first plot takes no longer than the second. Nothing of it is left
in the user's namespace.
"""

from __future__ import annotations

import array
import codecs
import contextlib
import fcntl
import inspect
import io
import json
import logging
import math
import os
import pathlib
import select
import signal
import site
import sys
import termios
import threading
import time
import warnings
from importlib import machinery
from typing import Any

import afterfork
from processtools import end_with

OURS = __name__
if OURS == "__main__":
    # The folder of this script is the agent's: user code neither imports from it nor is shadowed by it.
    sys.path[0] = ""
# ipykernel works without its debugger, which nobody could reach, and which takes 0.2 s to load.
sys.modules["debugpy"] = None  # type: ignore[assignment]

import stack_data  # noqa: E402
import zmq  # noqa: E402
from ipykernel.iostream import OutStream  # noqa: E402
from ipykernel.kernelapp import IPKernelApp  # noqa: E402
from IPython.core import ultratb  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from jupyter_client.jsonutil import json_clean, json_default  # noqa: E402
from traitlets import DottedObjectName, ObjectName, Unicode  # noqa: E402
from traitlets.config import Config  # noqa: E402

del sys.modules["debugpy"]

# The largest number of characters in a message of output.
FLUSH_SIZE = 16 << 20
# The largest message in bytes: more than any reader takes, and less than fits into the agent's memory.
MESSAGE_SIZE = 256 << 20
BACKEND = "module://matplotlib_inline.backend_inline"


class CellStream(OutStream):
    """stdout or stderr of the running cell."""

    _unsent = 0
    _bytes_read_from_children = 0
    _decoder: codecs.IncrementalDecoder | None = None

    def write(self, string: str) -> int | None:
        # A thread belongs to the cell that started it, and what it prints after that cell is dropped. Without this
        # it would appear in whichever cell runs next.
        cell = getattr(threading.current_thread(), "e2b_cell", None)
        if cell is not None and cell != self.parent_header.get("msg_id"):
            return len(string)
        self._wait_for_children()
        if len(string) <= FLUSH_SIZE:
            return self._write_piece(string)
        for start in range(0, len(string), FLUSH_SIZE):
            self._write_piece(string[start:start + FLUSH_SIZE])
        return len(string)

    def _write_piece(self, string: str) -> int | None:
        if self._unsent + len(string) > FLUSH_SIZE:
            self.flush()
        return self._append(string)

    def _append(self, string: str) -> int | None:
        count = super().write(string)
        self._unsent += len(string)
        return count

    def _flush(self) -> None:
        self._unsent = 0
        super()._flush()

    def _watch_pipe_fd(self) -> None:
        # This replaces a loop that dies at the first UTF-8 sequence cut by its 1,000 byte reads, and then blocks every
        # child process for ever. The original also copied all output to the kernel's stderr, which is the host's log.
        decoder = self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while self._should_watch and select.select([self._fid], [], []):
            # The lock is held while bytes are neither in the pipe nor in the buffer, which flush() has to wait for.
            with self._buffer_lock:
                chunk = os.read(self._fid, 65536)
                self._bytes_read_from_children += len(chunk)
                if text := decoder.decode(chunk):
                    self._append(text)
            # Not with the lock: it waits for the thread that sends, which takes it, too.
            if self._unsent > FLUSH_SIZE:
                self.flush()

    def flush(self) -> None:
        self._wait_for_children()
        if self._decoder is not None and threading.current_thread() is threading.main_thread():
            # An incomplete character of a child is dropped.
            with self._buffer_lock:
                if text := self._decoder.decode(b"", True):
                    super().write(text)
        super().flush()

    def _wait_for_children(self) -> None:
        """Passes on what child processes have written so far, and no more, because one may never stop."""
        if threading.current_thread() is not threading.main_thread() or not self._is_master_process():
            return
        if not hasattr(self, "_fid"):
            return
        with self._buffer_lock:
            waiting = array.array("i", [0])
            fcntl.ioctl(self._fid, termios.FIONREAD, waiting)
            end = self._bytes_read_from_children + waiting[0]
        deadline = time.monotonic() + 1
        while self._bytes_read_from_children < end and time.monotonic() < deadline:
            time.sleep(0.0005)


class KernelApp(IPKernelApp):
    outstream_class = DottedObjectName(f"{OURS}.CellStream")

    def init_iopub(self, context: zmq.Context) -> None:
        # By default a publisher drops messages past its high-water mark. Output must not be lost, so the kernel
        # buffers them, and the agent stops the process while its reader is behind.
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)


def pack(message: Any) -> bytes:
    """Serializes a part of a message.

    The usual packer fails at a lone surrogate; and Python's surrogates for bytes that are not UTF-8 it writes as those
    bytes. Here both reach the agent, which replaces them by U+FFFD.
    """
    try:
        text = json.dumps(message, default=json_default, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        text = json.dumps(json_clean(message), default=json_default, ensure_ascii=False, allow_nan=False)
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MESSAGE_SIZE:
        raise ValueError(f"what is displayed has {len(data)} bytes; {MESSAGE_SIZE} are allowed")
    return data


def remember_cells_of_threads() -> None:
    """Records for each thread which cell has started it."""
    start = threading.Thread.start

    def start_in_cell(thread: threading.Thread) -> None:
        cell = getattr(threading.current_thread(), "e2b_cell", None)
        thread.e2b_cell = cell or getattr(sys.stdout, "parent_header", {}).get("msg_id")  # type: ignore[attr-defined]
        start(thread)

    threading.Thread.start = start_in_cell  # type: ignore[method-assign]


class CurrentTraceback:
    """Tracebacks as a current IPython writes them; Debian 12's is 8.5."""

    # How many lines of a cell are shown on either side of the one that failed.
    CONTEXT = 4

    def __init__(self) -> None:
        self._records = ultratb.VerboseTB.get_records
        self._format = ultratb.VerboseTB.format_record
        self._filename = ultratb._format_filename

    @classmethod
    def install(cls) -> None:
        self = cls()
        # These are functions, because a class attribute becomes a method only then.
        ultratb.VerboseTB.get_records = lambda tb, *arguments: self.get_records(tb, *arguments)
        ultratb.VerboseTB.format_record = lambda tb, record: self.format_record(tb, record)
        ultratb._format_filename = self.format_filename

    def get_records(self, tb: Any, *arguments: Any) -> list[Any]:
        """Leaves out IPython's own frames, which are of no use to the user."""
        return [record for record in self._records(tb, *arguments)
                if isinstance(record, stack_data.RepeatedFrames) or not self._is_ours(record)]

    def format_record(self, tb: Any, record: Any) -> str:
        """Shows the lines around the error in a cell, including empty ones, and the statements around it in a file."""
        text = self._format(tb, record)
        shell = InteractiveShell.instance()
        if isinstance(record, stack_data.RepeatedFrames) or record.filename not in shell.compile._filename_map:
            return text
        try:
            lines, _ = inspect.getsourcelines(record.frame)
        except (OSError, TypeError):
            return text
        first = record.frame.f_code.co_firstlineno
        start = max(record.lineno - first - self.CONTEXT, 0)
        shown = []
        for number, line in enumerate(lines[start:record.lineno - first + self.CONTEXT], first + start):
            mark = f"{'-' * (5 - len(str(number)))}> {number}" if number == record.lineno else f"{number:>7}"
            shown.append(f"{mark} {line.rstrip()}\n")
        return text.split("\n", 1)[0] + "\n" + "".join(shown)

    def format_filename(self, *arguments: Any, **options: Any) -> str:
        return self._filename(*arguments, **options).replace("Cell In [", "Cell In[", 1)

    @staticmethod
    def _is_ours(record: Any) -> bool:
        return record.frame.f_globals.get("__name__", "").split(".")[0] == "IPython"


def format_warning(message: Any, category: type, filename: str, lineno: int, line: str | None = None) -> str:
    """Formats a warning as E2B's template does."""
    return f"{filename}:{lineno}: {category.__name__}:\n\n{message}\n\n"


def plain(value: Any, depth: int = 0) -> Any:
    """Converts `value` for JSON: no NaN, no numpy scalar, keys are strings. Raises TypeError if it cannot."""
    if depth > 100:
        raise TypeError("nested too deeply")
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(plain(key)): plain(item, depth + 1)
                for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return plain(value.tolist(), depth + 1)
    raise TypeError(f"{type(value).__name__} is not JSON")


def json_of(value: Any) -> Any:
    try:
        return plain(value)
    except (TypeError, ValueError, RecursionError):
        return None


def data_of(frame: Any) -> dict[str, list[Any]] | None:
    """A DataFrame by columns."""
    def cell(value: Any) -> Any:
        try:
            return plain(value)
        except (TypeError, ValueError, RecursionError):
            return str(value)

    return {str(name): [cell(value) for value in frame[name].tolist()] for name in frame.columns}


def jpeg_of(image: Any) -> bytes | None:
    """The JPEG that newer versions of Pillow show besides the PNG; None for modes that JPEG does not have."""
    if image.mode not in ("1", "L", "RGB", "CMYK", "YCbCr"):
        return None
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def show_saved_images() -> None:
    """Makes saving an image to a path display it, as in E2B's template. This covers matplotlib's savefig as well."""
    from PIL import Image

    save = Image.Image.save

    def save_and_show(self: Image.Image, fp: Any, format: str | None = None, **params: Any) -> None:
        save(self, fp, format, **params)
        if isinstance(fp, str):
            from IPython.display import display

            display(self)

    Image.Image.save = save_and_show  # type: ignore[method-assign]


def add_formatters(shell: InteractiveShell) -> None:
    formatters = shell.display_formatter.formatters
    formatters["application/json"].for_type(dict, json_of)
    formatters["application/json"].for_type(list, json_of)
    formatters["image/jpeg"].for_type_by_name("PIL.Image", "Image", jpeg_of)

    class DataFormatter(type(formatters["application/json"])):  # type: ignore[misc]
        """The MIME type under which E2B carries a DataFrame."""

        format_type = Unicode("e2b/data")
        print_method = ObjectName("_repr_e2b_data_")

    formatters["e2b/data"] = DataFormatter(parent=shell.display_formatter)
    formatters["e2b/data"].for_type_by_name("pandas.core.frame", "DataFrame", data_of)


def see_packages_to_come() -> None:
    """Makes importable at once what pip installs for the user while the kernel runs.

    Python leaves the user's folder out of its path if it does not exist at the start, and remembers for good that a
    missing folder is empty. A finder for the folder looks again.
    """
    folder = site.getusersitepackages()
    if folder not in sys.path:
        # It comes before Debian's packages, as it would have at the start.
        first = next((index for index, path in enumerate(sys.path) if path.endswith("-packages")), len(sys.path))
        sys.path.insert(first, folder)
    loaders = ((machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
               (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
               (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES))
    sys.path_importer_cache[folder] = machinery.FileFinder(folder, *loaders)


def preload() -> None:
    """Imports what cells are likely to import, with one thread and without a kernel, for later forks."""
    threads = [f"{name}_NUM_THREADS" for name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR")]
    os.environ |= {name: "1" for name in threads} | {"MPLBACKEND": BACKEND}
    try:
        warm()
    except ImportError as error:
        print(f"not preloaded: {error}", file=sys.stderr)
    for name in (*threads, "MPLBACKEND"):
        del os.environ[name]
    for thread in threading.enumerate():
        # matplotlib starts a timer to warn that building the font cache is slow; it is cancelled by now.
        if thread is not threading.current_thread():
            thread.join(10)


def warm() -> None:
    """Imports matplotlib and draws once, which loads the font cache, the backend, the renderer and the encoder."""
    import matplotlib
    from matplotlib import font_manager, pyplot

    figure, axes = pyplot.subplots()
    axes.plot([0, 1], label="x")
    axes.legend()
    axes.set_title("x")
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    pyplot.close(figure)
    # Only fonts that a sandbox has as well.
    fonts = font_manager.fontManager
    fonts.ttflist = [font for font in fonts.ttflist if font.fname.startswith("/usr/")]
    fonts.afmlist = [font for font in fonts.afmlist if font.fname.startswith("/usr/")]
    for file in pathlib.Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        afterfork.FONT_FILES[file.name] = file.read_bytes()
    import pandas  # noqa: F401


def connect_figures() -> None:
    """Connects matplotlib's backend to the kernel, as importing it would; here it was imported before."""
    if backend := sys.modules.get("matplotlib_inline.backend_inline"):
        backend._enable_matplotlib_integration()


def forget_ours() -> None:
    """Forgets our modules, because user code may have modules of the same names."""
    folder = os.path.dirname(__file__)
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", "") != "__main__"]
    for name, module in list(sys.modules.items()):
        if os.path.dirname(getattr(module, "__file__", None) or "") == folder:
            del sys.modules[name]
    sys.path[:] = ["", *(path for path in sys.path if path not in ("", folder))]


def run() -> None:
    """Runs the kernel until it ends. Its arguments are those of the command line."""
    afterfork.renew()
    config = Config()
    config.InteractiveShell.colors = "NoColor"
    # The kernel's own messages may quote the code, which must not get into the log.
    config.KernelApp.log_level = logging.CRITICAL
    config.HistoryManager.enabled = False
    config.InlineBackend.figure_formats = {"png"}
    config.Session.packer = f"{OURS}.pack"
    CurrentTraceback.install()
    warnings.formatwarning = format_warning
    app = KernelApp.instance(config=config)
    app.initialize(sys.argv[1:])
    add_formatters(app.shell)
    # Without Pillow there are no images.
    with contextlib.suppress(ImportError):
        show_saved_images()
    connect_figures()
    see_packages_to_come()
    remember_cells_of_threads()
    forget_ours()
    app.start()


def main() -> None:
    end_with(int(sys.argv.pop(1)))
    run()


if __name__ == "__main__":
    main()
