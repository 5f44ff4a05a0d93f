"""Finding delivered files, and the one pass over their bytes that everything later is held against."""

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from lyceum.errors import InputError
from lyceum.source_records import FileSet

MARK = codecs.BOM_UTF8
_FOREIGN = {  # how files begin that are no text, whatever their name says: what they are, what to do
    codecs.BOM_UTF16_LE: ("UTF-16", "Convert it: `iconv -f UTF-16 -t UTF-8`."),
    codecs.BOM_UTF16_BE: ("UTF-16", "Convert it: `iconv -f UTF-16 -t UTF-8`."),
    b"\x1f\x8b": ("gzip", "Name it .gz."),
    b"\x28\xb5\x2f\xfd": ("zstd", "Name it .zst."),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "Deliver what is in it as CSV."),
    b"PAR1": ("Parquet", "Say so in the source, or deliver text."),
}
LONG = 8  # chunks without the end of a line: 2 MiB, beyond which the engine's reader has no rule but many errors
CHUNK = 1 << 18  # stays in the cache of a core while it is hashed and judged
BOMB_BYTES, BOMB_RATIO = 64 << 20, 300  # logs shrink 5 to 50 times; what shrinks 300 times is no log


@dataclass(frozen=True)
class Delivered:
    """One file as the digest pass found it.

    `name` is its path below the data folder, `digest` the SHA-256 of its bytes, `lines` its physical lines (0 for
    Parquet). `plain` says that the text is UTF-8 without NUL bytes and lone carriage returns, and that its lines
    are not too long for the engine.
    """

    path: Path
    name: str
    digest: str
    lines: int
    plain: bool
    stamp: tuple[int, int, int]

    def check_unchanged(self) -> None:
        """InputError if the file is no longer the one that was digested."""
        if _stamp(self.path, self.name) != self.stamp:
            raise InputError(
                f"{self.name} changed while it was read.",
                remedy="Deliver by renaming a finished file, then try again.",
            )


def find(data: Path, files: FileSet, /) -> list[tuple[str, Path]]:
    """The files that match, by their names relative to `data`, in the order of the names.

    Raises:
        InputError: a match is no regular file, has a name that is not UTF-8, or is a link out of the folder.
    """
    inside = data.resolve()
    found = []
    for path in inside.glob(files.glob):
        name = path.relative_to(inside).as_posix()
        shown = name.encode(errors="backslashreplace").decode()
        if shown != name:
            raise InputError(f"The file name {shown} is not UTF-8.", remedy="Rename the file.")
        if not path.is_file():
            raise InputError(f"{name} is no regular file.", remedy=f"[files.{files.name}] means files: remove it.")
        if not path.resolve().is_relative_to(inside):
            raise InputError(f"{name} is a link out of the data folder.", remedy="Deliver the file itself.")
        found.append((name, path))  # a link keeps its name, which says how the file is compressed
    return sorted(found)


def inspect(name: str, path: Path, files: FileSet, /) -> Delivered:
    """Read the whole file once: digest, lines, compression verified to its end.

    Raises:
        InputError: cannot be read, is cut off or damaged, is no text, or unpacks to more than a log can.
    """
    stamp = _stamp(path, name)
    try:
        with path.open("rb") as raw:
            hashed = _Hashed(raw)
            lines, plain = (0, True) if files.format == "parquet" else _scan(_unpacked(path, hashed), hashed, name)
            hashed.drain()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(name) from error
    except FileNotFoundError:
        raise _vanished(name) from None
    except OSError as error:
        if path.suffix == ".zst":
            raise _damaged(name) from error
        raise InputError(f"{name} cannot be read: {error.strerror}.", remedy="Check its permissions.") from None
    return Delivered(path, name, hashed.digest, lines, plain, stamp)


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} is damaged: it is cut off, fails its checksum, or is not compressed as its name says.",
        remedy="Deliver it again; nothing of this delivery was taken.",
    )


def _vanished(name: str) -> InputError:
    return InputError(f"{name} vanished while it was read.", remedy="Deliver it again.")


def _stamp(path: Path, name: str) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        raise _vanished(name) from None
    return status.st_ino, status.st_size, status.st_mtime_ns


class _Hashed(io.RawIOBase):
    """A file whose bytes are digested as they pass."""

    def __init__(self, inner: IO[bytes]) -> None:
        super().__init__()
        self._inner = inner
        self._hash = hashlib.sha256()
        self.count = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the buffer protocol has no name in Python 3.11
        count = cast(io.BufferedReader, self._inner).readinto(buffer)
        self._hash.update(memoryview(buffer)[:count])
        self.count += count
        return count

    def drain(self) -> None:
        while self.read(CHUNK):
            pass


def _unpacked(path: Path, raw: io.RawIOBase) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=io.BufferedReader(raw, CHUNK)))
    if path.suffix == ".zst":
        import pyarrow as pa

        return cast(IO[bytes], io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), CHUNK))
    return cast(IO[bytes], io.BufferedReader(raw, CHUNK))


@contextmanager
def opened(path: Path, /) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a delivered file.

    Raises:
        InputError: it is gone, or no longer the whole file that was inspected.
    """
    try:
        raw = path.open("rb", buffering=0)
    except OSError:
        raise _vanished(path.name) from None
    with raw:
        try:
            yield _unpacked(path, raw)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _damaged(path.name) from error


def _scan(stream: IO[bytes], hashed: _Hashed, name: str) -> tuple[int, bool]:
    """The number of physical lines, and whether the text is plain."""
    lines, size, plain, last, cut, unbroken = 0, 0, True, b"\n", b"", 0
    while chunk := stream.read(CHUNK):
        if not size:
            _refuse_foreign(chunk, name)
        size, last, joined = size + len(chunk), chunk[-1:], cut + chunk
        if size > BOMB_BYTES and size > BOMB_RATIO * hashed.count:
            raise InputError(f"{name} unpacks to more than {BOMB_RATIO} times its size.", remedy="This is no log.")
        cut = _cut_off(joined)
        found, good = _judge(joined[: len(joined) - len(cut)] if cut else joined)
        unbroken = 0 if found else unbroken + 1
        lines, plain = lines + found, plain and good and unbroken < LONG
    return lines + (last != b"\n"), plain and not cut


def _cut_off(chunk: bytes) -> bytes:
    """What the end of the chunk holds of a character, or of a line's end, that goes on in the next one."""
    if chunk.endswith(b"\r"):
        return b"\r"
    for length in (1, 2, 3):
        byte = chunk[-length] if len(chunk) >= length else 0
        if byte >= 0xC0:  # begins a character of 2, 3 or 4 bytes
            return chunk[-length:] if length < 2 + (byte >= 0xE0) + (byte >= 0xF0) else b""
        if byte < 0x80:
            break
    return b""


def _judge(chunk: bytes) -> tuple[int, bool]:
    """The ends of lines in whole characters, and whether they are UTF-8 without NUL and lone carriage returns.

    Arrow and NumPy do here in a tenth of the time what bytes.count and bytes.decode do.
    """
    import numpy as np

    marks = np.frombuffer(chunk, np.uint8)
    ends = marks == 10
    good = b"\0" not in chunk and _is_utf8(chunk)
    if good and b"\r" in chunk:
        good = not np.any((marks[:-1] == 13) & ~ends[1:]) and not chunk.endswith(b"\r")
    return int(np.count_nonzero(ends)), bool(good)


def _is_utf8(chunk: bytes) -> bool:
    import pyarrow as pa

    bounds = pa.py_buffer(len(chunk).to_bytes(8, "little").rjust(16, b"\0"))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(chunk)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _refuse_foreign(start: bytes, name: str) -> None:
    for mark, (what, remedy) in _FOREIGN.items():
        if start.startswith(mark):
            raise InputError(f"{name} holds {what}, not text.", remedy=remedy)
