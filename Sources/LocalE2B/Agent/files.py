"""Files of the sandbox: paths as E2B resolves them, entries as it describes them."""

from __future__ import annotations

import base64
import datetime
import errno
import grp
import os
import pwd
import shutil
import stat
from typing import Any, Iterator

from wire import Failure

CHUNK = 192 << 10  # 256 KiB of base64
ENTRY_LIMIT = 100_000

CODES = {
    errno.ENOENT: "not_found", errno.EACCES: "permission_denied", errno.EPERM: "permission_denied",
    errno.EROFS: "permission_denied", errno.EEXIST: "already_exists", errno.ENOSPC: "resource_exhausted",
    errno.EDQUOT: "resource_exhausted", errno.EFBIG: "resource_exhausted", errno.ENOTDIR: "invalid_argument",
    errno.EISDIR: "invalid_argument", errno.ENAMETOOLONG: "invalid_argument", errno.ELOOP: "invalid_argument",
    errno.EINVAL: "invalid_argument", errno.ENXIO: "invalid_argument",
}


def failure(error: OSError, path: str) -> Failure:
    code = CODES.get(error.errno or 0, "internal")
    if code == "not_found":
        return Failure.rpc(code, f"path '{path}' does not exist")
    if code == "resource_exhausted":
        return Failure.rpc(code, "not enough disk space available")
    return Failure.rpc(code, f"{os.strerror(error.errno or errno.EIO).lower()}: '{path}'")


def readable(name: str) -> str:
    """A file's name as JSON can hold it: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(name).decode(errors="replace")


class Paths:
    """Resolves accounts: `user` is the one that runs the agent; `root` is another one, unless root runs it."""

    def __init__(self, home: str) -> None:
        self._home = home

    def check_user(self, user: str | None) -> str:
        """The home of an account that exists."""
        if user == "root" and os.geteuid() != 0:
            # With fewer rights than were asked for the program would fail later, and less clearly.
            raise Failure.rpc("permission_denied", "the local sandbox has no root: everything in it runs as 'user'")
        if user not in (None, "", "user", "root"):
            raise Failure.rpc("unauthenticated", f"invalid username: '{user}'")
        return self._home

    def resolve(self, path: str | None, user: str | None) -> str:
        home = self.check_user(user)
        path = path or ""
        if "\0" in path:
            raise Failure.rpc("invalid_argument", "a path has no NUL")
        try:
            path.encode()
        except UnicodeEncodeError as error:
            raise Failure.rpc("invalid_argument", "a path is valid Unicode") from error
        if path == "~" or path.startswith("~/"):
            path = home + path[1:]
        elif path.startswith("~"):
            raise Failure.rpc("invalid_argument", "other users' homes are not available")
        # An absolute second part replaces the first; `.` and `..` go, links stay.
        return os.path.normpath(os.path.join(home, path))


def owner(id: int) -> str:
    try:
        return pwd.getpwuid(id).pw_name
    except KeyError:
        return str(id)


def group(id: int) -> str:
    try:
        return grp.getgrgid(id).gr_name
    except KeyError:
        return str(id)


def kind(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return "FILE_TYPE_FILE"
    return "FILE_TYPE_DIRECTORY" if stat.S_ISDIR(mode) else None


def entry(path: str) -> dict[str, Any]:
    """EntryInfo in JSON: defaults are left out, 64 bit numbers are strings. A link is described by its target."""
    link = os.lstat(path)
    status = link
    fields: dict[str, Any] = {"name": readable(os.path.basename(path)) or "/", "type": None, "path": readable(path)}
    if stat.S_ISLNK(link.st_mode):
        fields["symlinkTarget"] = readable(os.path.realpath(path))
        try:
            status = os.stat(path)
        except OSError:
            # The link is broken, so only the link itself can be described.
            fields["type"] = "FILE_TYPE_SYMLINK"
    fields["type"] = fields["type"] or kind(status.st_mode)
    mode = stat.S_IMODE(status.st_mode)
    modified = datetime.datetime.fromtimestamp(status.st_mtime_ns // 10**9, datetime.timezone.utc)
    fields |= {
        "size": str(status.st_size) if status.st_size else None,
        "mode": mode & 0o777 or None,
        "permissions": permissions(status.st_mode),
        "owner": owner(status.st_uid), "group": group(status.st_gid),
        "modifiedTime": f"{modified:%Y-%m-%dT%H:%M:%S}.{status.st_mtime_ns % 10**9:09d}Z",
    }
    return {name: value for name, value in fields.items() if value is not None}


def permissions(mode: int) -> str:
    """Formats a mode as Go does: `-` for a file, `d`, `L` and so on, and then the bits."""
    letter = "d" if stat.S_ISDIR(mode) else "L" if stat.S_ISLNK(mode) else "-"
    return letter + stat.filemode(mode & 0o777)[1:]


class Upload:
    """A file that is being written. Chunks arrive in order; the first error decides the answer."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._failure: Failure | None = None
        self._file: int | None = None
        try:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            # Opening must not wait for the other side of a FIFO.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise IsADirectoryError(errno.EISDIR, "not a regular file")
            os.ftruncate(self._file, 0)
        except OSError as error:
            self._fail(error)

    def write(self, chunk: bytes) -> None:
        if self._file is None:
            return
        try:
            view = memoryview(chunk)
            while view:
                view = view[os.write(self._file, view):]
        except OSError as error:
            self._fail(error)

    def finish(self) -> dict[str, Any]:
        self.close()
        if self._failure is not None:
            raise self._failure
        return {"path": self.path, "name": os.path.basename(self.path), "type": "file"}

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fail(self, error: OSError) -> None:
        if error.errno in (errno.EISDIR, errno.ENXIO):
            # Opening a FIFO that nobody reads fails with ENXIO.
            what = "is a directory" if os.path.isdir(self.path) else "is not a regular file"
            self._failure = Failure.rpc("invalid_argument", f"path '{self.path}' {what}")
        elif error.errno == errno.EEXIST:
            self._failure = Failure.rpc("invalid_argument", f"a folder of the path '{self.path}' is a file")
        else:
            self._failure = failure(error, self.path)
        self.close()


class Download:
    """A regular file, opened."""

    def __init__(self, path: str) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise failure(error, path) from error
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._file)
            what = "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
            raise Failure.rpc("invalid_argument", f"path '{path}' {what}")
        self._rest = status.st_size
        self.description = {"size": status.st_size, "modified": int(status.st_mtime), "path": path}

    def chunks(self) -> Iterator[str]:
        """Reads exactly as many bytes as announced, or fewer if the file shrinks meanwhile."""
        try:
            while self._rest > 0 and (chunk := os.read(self._file, min(CHUNK, self._rest))):
                self._rest -= len(chunk)
                yield base64.b64encode(chunk).decode()
        finally:
            os.close(self._file)


class Files:
    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def stat(self, request: dict[str, Any]) -> dict[str, Any]:
        path = self._path(request)
        try:
            return entry(path)
        except OSError as error:
            raise failure(error, path) from error

    def list_dir(self, request: dict[str, Any]) -> dict[str, Any]:
        path = self._path(request)
        try:
            if not stat.S_ISDIR(os.stat(path).st_mode):
                raise Failure.rpc("invalid_argument", f"path is not a directory: {path}")
            return {"entries": list(self._walk(path, max(int(request.get("depth") or 1), 1)))}
        except OSError as error:
            raise failure(error, path) from error

    def make_dir(self, request: dict[str, Any]) -> dict[str, Any]:
        path = self._path(request)
        if os.path.isdir(path):
            raise Failure.rpc("already_exists", f"directory already exists: {path}")
        if os.path.lexists(path):
            raise Failure.rpc("invalid_argument", f"path already exists but it is not a directory: {path}")
        try:
            os.makedirs(path, mode=0o755, exist_ok=True)
            return entry(path)
        except OSError as error:
            raise failure(error, path) from error

    def move(self, request: dict[str, Any]) -> dict[str, Any]:
        source = self._paths.resolve(request["source"], request.get("user"))
        destination = self._paths.resolve(request["destination"], request.get("user"))
        try:
            os.lstat(source)
            os.makedirs(os.path.dirname(destination), mode=0o755, exist_ok=True)
            try:
                os.rename(source, destination)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                shutil.move(source, destination)
            return entry(destination)
        except OSError as error:
            raise failure(error, source) from error

    def remove(self, request: dict[str, Any]) -> dict[str, Any]:
        path = self._path(request)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise failure(error, path) from error
        return {}

    def download(self, request: dict[str, Any]) -> Download:
        return Download(self._path(request))

    def upload(self, request: dict[str, Any]) -> Upload:
        return Upload(self._path(request))

    def _walk(self, folder: str, depth: int, seen: list[int] | None = None) -> Iterator[dict[str, Any]]:
        """Lists a folder depth first, by name. Links are listed and not followed."""
        seen = [0] if seen is None else seen
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            seen[0] += 1
            if seen[0] > ENTRY_LIMIT:
                raise Failure.rpc("resource_exhausted", "the directory has too many entries")
            try:
                yield entry(path)
            except FileNotFoundError:
                continue
            if depth > 1 and os.path.isdir(path) and not os.path.islink(path):
                try:
                    yield from self._walk(path, depth - 1, seen)
                except PermissionError:
                    continue

    def _path(self, request: dict[str, Any]) -> str:
        return self._paths.resolve(request.get("path"), request.get("user"))
