"""How bytes become lines: encodings, line ends, compression, and lines of any length."""

import gzip
import struct
import zlib
from types import SimpleNamespace as Case

import pyarrow as pa
import pytest

HEAD = "user,at,type,price,course,title\n"
ONE = "u1,2026-07-14T20:00:00Z,view,9.90,@-1,课程\n"
TWO = "u2,2026-07-14T21:00:00Z,view,,@-2,a\n"
BAD = "u3,2026-07-14T22:00:00Z,view,,@-3,"
GOOD = HEAD + ONE + TWO


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def in_two(data: bytes) -> bytes:
    return gzip.compress(data[:50]) + gzip.compress(b"") + gzip.compress(data[50:])


def long_line(size: int):
    return lambda: (HEAD + ONE + BAD + "x" * size + "\n" + TWO).encode()


BETWEEN = (HEAD + ONE + BAD).encode(), b"\n" + TWO.encode()
LANDED = {
    "byte-order mark": Case(data="\ufeff" + GOOD, mapped=2, columns="channel", values=[("课程",), ("a",)]),
    "byte-order mark in JSON lines": Case(
        kind="json",
        data='\ufeff{"user": "u1", "at": "2026-07-14T20:00:00Z", "type": "view", "course": "@-1"}\n',
        **{"mapped": 1, "items": ["1"], "columns": "user_id", "values": [("u1",)]},
    ),
    "NUL byte": Case(data=b"\0".join(BETWEEN), mapped=2, rejected={"nul_byte": 1}),
    "UTF-16 without its mark": Case(data=HEAD + ONE + TWO + "u\0,\x002\0\n", mapped=2, rejected={"nul_byte": 1}),
    "GB18030": Case(data="写作".encode("gb18030").join(BETWEEN), mapped=2, rejected={"invalid_utf8": 1}),
    "invalid UTF-8": Case(data=b"\xff".join(BETWEEN), mapped=2, rejected={"invalid_utf8": 1}),
    "overlong UTF-8": Case(data=b"\xc0\xaf".join(BETWEEN), mapped=2, rejected={"invalid_utf8": 1}),
    "lone surrogate": Case(data=b"\xed\xa0\x80".join(BETWEEN), mapped=2, rejected={"invalid_utf8": 1}),
    "CRLF": Case(data=GOOD.replace("\n", "\r\n"), mapped=2, columns="channel", values=[("课程",), ("a",)]),
    "CRLF and LF mixed": Case(
        data=GOOD.replace("课程\n", "课程\r\n"), mapped=2, columns="channel", values=[("课程",), ("a",)]
    ),
    "lone CR within a line": Case(data=b"x\ry".join(BETWEEN), mapped=2, rejected={"bad_csv": 1}),
    "blank lines": Case(data=GOOD.replace("\n", "\n\n\r\n"), mapped=2, blank=6),
    "half-written last line": Case(data=GOOD + BAD[:20], mapped=2, rejected={"ragged": 1}),
    "last line without its end": Case(
        data=GOOD.rstrip("\n"), mapped=2, columns="channel", values=[("课程",), ("a",)]
    ),
    "header only": Case(data=HEAD, items=[]),
    "header only without its end": Case(data=HEAD.strip(), items=[]),
    "empty JSON lines": Case(kind="json", data="", items=[]),
    "line of 10 MB": Case(
        data=long_line(10_000_000),
        mapped=3,
        items=["1", "2", "3"],
        columns="length(channel)",
        values=[(2,), (1,), (10_000_000,)],
    ),
    "line of 2.1 MB": Case(data=long_line(2_100_000), mapped=3, items=["1", "2", "3"]),
    "line of 40 MB": Case(data=long_line(40_000_000), mapped=2, rejected={"line_too_long": 1}),
    "gzip": Case(
        suffix="csv.gz", data=GOOD, pack=gzip.compress, mapped=2, columns="channel", values=[("课程",), ("a",)]
    ),
    "gzip of several members": Case(suffix="csv.gz", data=GOOD, pack=in_two, mapped=2),
    "gzip with zeros after it": Case(
        suffix="csv.gz",
        data=GOOD,
        pack=lambda data: gzip.compress(data) + bytes(512),
        mapped=2,
    ),
    "gzip with a bad line": Case(
        suffix="csv.gz", data=b"\xff".join(BETWEEN), pack=gzip.compress, mapped=2, rejected={"invalid_utf8": 1}
    ),
    "zstd": Case(
        suffix="csv.zst", data=GOOD, pack=zstd, mapped=2, columns="amount::DOUBLE", values=[(9.9,), (None,)]
    ),
    "zstd of several frames": Case(
        suffix="csv.zst", data=GOOD, pack=lambda data: zstd(data[:50]) + zstd(data[50:]), mapped=2
    ),
    "zstd with a bad line": Case(
        suffix="csv.zst", data=b"\0".join(BETWEEN), pack=zstd, mapped=2, rejected={"nul_byte": 1}
    ),
    "zstd of JSON lines": Case(
        **{"kind": "json", "suffix": "jsonl.zst", "pack": zstd, "mapped": 1, "items": ["1"]},
        data='{"user": "u1", "at": "2026-07-14T20:00:00Z", "type": "view", "course": "@-1"}\n',
    ),
}


def wrong_check(data: bytes) -> bytes:
    packed = gzip.compress(data)
    return packed[:-8] + struct.pack("<I", zlib.crc32(data) ^ 1) + packed[-4:]


def broken(data: bytes) -> bytes:
    packed = zstd(data)
    return packed[:6] + b"\xff" * 8 + packed[14:]


def wrong_sum(data: bytes) -> bytes:
    """A zstd frame by hand: one raw block, and four bytes that are not its checksum."""
    block = (1 | len(data) << 3).to_bytes(3, "little") + data
    return b"\x28\xb5\x2f\xfd\xa4" + struct.pack("<I", len(data)) + block + b"\0\0\0\0"


REFUSED = {
    "UTF-16": Case(data=GOOD, pack=lambda data: data.decode().encode("utf-16"), refused="holds UTF-16"),
    "UTF-16 big endian": Case(
        data="\ufeff" + GOOD, pack=lambda data: data.decode().encode("utf-16-be"), refused="UTF-16"
    ),
    "GB18030 header": Case(data="用户,时间\n".encode("gb18030"), refused="does not begin with a header line"),
    "empty file": Case(data="", refused="has no column user"),
    "gzip cut off": Case(
        suffix="csv.gz", data=GOOD, pack=lambda data: gzip.compress(data)[:-9], refused="is damaged"
    ),
    "gzip without its last byte": Case(
        suffix="csv.gz", data=GOOD, pack=lambda data: gzip.compress(data)[:-1], refused="is damaged"
    ),
    "gzip with a wrong CRC": Case(suffix="csv.gz", data=GOOD, pack=wrong_check, refused="is damaged"),
    "gzip with garbage after it": Case(
        suffix="csv.gz", data=GOOD, pack=lambda data: gzip.compress(data) + b"garbage", refused="is damaged"
    ),
    "gz that is plain": Case(suffix="csv.gz", data=GOOD, refused="is damaged"),
    "gz that is zstd": Case(suffix="csv.gz", data=GOOD, pack=zstd, refused="is damaged"),
    "plain name of a gzip": Case(data=GOOD, pack=gzip.compress, refused="holds gzip, not text. Name it .gz."),
    "plain name of JSON lines in zstd": Case(
        kind="json", suffix="jsonl", data="{}\n", pack=zstd, refused="holds zstd, not text. Name it .zst."
    ),
    "gzip in gzip": Case(
        suffix="csv.gz", data=GOOD, pack=lambda data: gzip.compress(gzip.compress(data)), refused="holds gzip"
    ),
    "spreadsheet": Case(data=b"PK\x03\x04" + b"x" * 90, refused="holds a zip archive or a spreadsheet"),
    "zip bomb": Case(
        suffix="csv.gz",
        data=lambda: HEAD.encode() + b"\n" * (70 << 20),
        pack=gzip.compress,
        refused="300 times its size",
    ),
    "zip bomb of zstd": Case(
        suffix="csv.zst", data=lambda: HEAD.encode() + bytes(70 << 20), pack=zstd, refused="300 times its size"
    ),
    "zstd cut off": Case(suffix="csv.zst", data=GOOD * 50, pack=lambda data: zstd(data)[:-5], refused="is damaged"),
    "zstd of one frame and a half": Case(
        suffix="csv.zst", data=GOOD, pack=lambda data: zstd(data) + zstd(data)[:-5], refused="is damaged"
    ),
    "zstd corrupted": Case(suffix="csv.zst", data=GOOD, pack=broken, refused="is damaged"),
    "zstd with a wrong checksum": Case(suffix="csv.zst", data=GOOD, pack=wrong_sum, refused="is damaged"),
    "zst that is plain": Case(suffix="csv.zst", data=GOOD, refused="is damaged"),
    "empty gzip file": Case(suffix="csv.gz", data="", refused="has no column user"),
}


@pytest.mark.parametrize("name", LANDED)
def test_every_row_is_accounted_for(landed, name):
    landed(name)


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence_refuses_the_file_and_the_lake_stays(refused, name):
    refused(name)
