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
CHUNK = 1 << 20
BOMB_BYTES, BOMB_RATIO = 64 << 20, 300  # logs shrink 5 to 50 times; what shrinks 300 times is no log


@dataclass(frozen=True)
class Delivered:
    """One file as the digest pass found it.

    `name` is its path below the data folder, `digest` the SHA-256 of its bytes, `lines` its physical lines (0 for
    Parquet). `plain` says that the text is UTF-8 without NUL bytes and lone carriage returns.
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
        InputError: a match is no regular file, or a link leads out of the folder.
    """
    inside = data.resolve()
    found = []
    for path in data.glob(files.glob):
        name = path.relative_to(data).as_posix()
        if not path.is_file():
            raise InputError(f"{name} is no regular file.", remedy=f"[files.{files.name}] means files: remove it.")
        if not path.resolve().is_relative_to(inside):
            raise InputError(f"{name} is a link out of the data folder.", remedy="Deliver the file itself.")
        found.append((name, path.resolve()))
    return sorted(found)


def inspect(name: str, path: Path, files: FileSet, /) -> Delivered:
    """Read the whole file once: digest, lines, compression verified to its end.

    Raises:
        InputError: cannot be read, is cut off or damaged, is UTF-16, or unpacks to more than a log can.
    """
    stamp = _stamp(path, name)
    try:
        with path.open("rb") as raw:
            hashed = _Hashed(raw)
            lines, plain = (0, True) if files.format == "parquet" else _scan(_unpacked(path, hashed), hashed, name)
            hashed.drain()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(name) from error
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


def _stamp(path: Path, name: str) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        raise InputError(f"{name} vanished while it was read.", remedy="Deliver it again.") from None
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
    """The unpacked bytes of a delivered file."""
    with path.open("rb", buffering=0) as raw:
        yield _unpacked(path, raw)


def _scan(stream: IO[bytes], hashed: _Hashed, name: str) -> tuple[int, bool]:
    """The number of physical lines, and whether the text is plain."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, size, plain, last = 0, 0, True, b"\n"
    while chunk := stream.read(CHUNK):
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)
        if not size:
            _refuse_utf16(chunk, name)
        lines, size, last = lines + chunk.count(b"\n"), size + len(chunk), chunk[-1:]
        if size > BOMB_BYTES and size > BOMB_RATIO * hashed.count:
            raise InputError(f"{name} unpacks to more than {BOMB_RATIO} times its size.", remedy="This is no log.")
        plain = plain and _is_plain(chunk, decoder)
    return lines + (last != b"\n"), plain and not decoder.getstate()[0]


def _is_plain(chunk: bytes, decoder: codecs.IncrementalDecoder) -> bool:
    if b"\0" in chunk or (b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n")):
        return False
    if chunk.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        decoder.reset()
        return False
    return True


def _refuse_utf16(start: bytes, name: str) -> None:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{name} is UTF-16.", remedy="Convert it: `iconv -f UTF-16 -t UTF-8`.")
