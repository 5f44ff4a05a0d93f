"""Parquet of every make."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace as Case

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

AT = [datetime(2026, 7, 14, 20), datetime(2026, 7, 14, 21, 30)]
SEEN = [(when.replace(tzinfo=UTC),) for when in AT]


def columns(slug: str) -> dict[str, pa.Array]:
    return {
        "user": pa.array(["u1", "u2"]),
        "at": pa.array(AT, pa.timestamp("us")),
        "type": pa.array(["view", "view"]),
        "price": pa.array([Decimal("9.90"), None], pa.decimal128(9, 2)),
        "course": pa.array([f"{slug}-1", f"{slug}-2"]),
        "title": pa.array(["课程", None]),
    }


def parquet(change: Callable[[dict], dict] = dict, **options: object) -> Callable[[str], bytes]:
    """Makes the file of the two rows, with other columns and options of the writer."""

    def make(slug: str) -> bytes:
        out = io.BytesIO()
        pq.write_table(pa.table(change(columns(slug))), out, **options)
        return out.getvalue()

    return make


def damaged(at: float, *, length: int = 40) -> Callable[[str], bytes]:
    def make(slug: str) -> bytes:
        data = bytearray(parquet(compression="zstd")(slug))
        start = int(at * len(data))
        data[start : start + length] = b"\xff" * length
        return bytes(data)

    return make


def as_type(type_: pa.DataType) -> Callable[[str], bytes]:
    return parquet(lambda made: {**made, "at": made["at"].cast(type_)})


SAME = {"kind": "parquet", "mapped": 2}
TIMES = {**SAME, "columns": "occurred_at", "values": SEEN}
TITLES = {**SAME, "columns": "channel"}
LANDED = {
    "as it should be": Case(
        make=parquet(),
        **SAME,
        columns="user_id, amount::VARCHAR, channel",
        values=[("u1", "9.90", "课程"), ("u2", None, None)],
    ),
    "int96 times": Case(make=parquet(use_deprecated_int96_timestamps=True), **TIMES),
    "nanoseconds": Case(make=as_type(pa.timestamp("ns")), **TIMES),
    "milliseconds": Case(make=as_type(pa.timestamp("ms")), **TIMES),
    "times with a zone": Case(make=as_type(pa.timestamp("us", "Asia/Shanghai")), **TIMES),
    "times as texts": Case(
        make=parquet(lambda made: {**made, "at": pa.array(["2026-07-14T20:00:00Z", "2026-07-14T23:30:00+02:00"])}),
        **TIMES,
    ),
    "times that are null": Case(
        make=parquet(lambda made: {**made, "at": pa.array([None, AT[1]], pa.timestamp("us"))}),
        **{**TIMES, "mapped": 1, "items": ("2",), "values": SEEN[1:], "rejected": {"missing_occurred_at": 1}},
    ),
    "numbers as ids": Case(
        make=parquet(lambda made: {**made, "user": pa.array([7, None])}),
        **{**SAME, "mapped": 1, "anonymous": 1},
        columns="user_id",
        values=[("7",), (None,)],
    ),
    "amounts as floats": Case(
        make=parquet(lambda made: {**made, "price": pa.array([19.9, float("nan")])}),
        **{
            **SAME,
            "mapped": 1,
            "items": ("1",),
            "rejected": {"bad_amount": 1},
            "columns": "amount::VARCHAR",
            "values": [("19.90",)],
        },
    ),
    "other order and extra columns": Case(
        make=parquet(
            lambda made: {'a "b"': pa.array([1, 2]), "标题 2": pa.array([1, 2]), **dict(reversed(made.items()))}
        ),
        **TIMES,
    ),
    "a column in two spellings": Case(
        make=parquet(lambda made: {"Title": pa.array(["x", "y"]), **made}),
        **TITLES,
        values=[("课程",), (None,)],
    ),
    "nested titles": Case(
        make=parquet(lambda made: {**made, "title": pa.array([{"a": [1]}, None])}),
        **TITLES,
        values=[('{"a":[1]}',), (None,)],
    ),
    "dictionaries": Case(
        make=parquet(lambda made: {**made, "title": made["title"].dictionary_encode()}),
        **TITLES,
        values=[("课程",), (None,)],
    ),
    "one row per group": Case(make=parquet(row_group_size=1), **TIMES),
    "zstd inside": Case(make=parquet(compression="zstd"), **TIMES),
    "version 1": Case(make=parquet(version="1.0", data_page_version="1.0"), **TIMES),
    "no rows": Case(
        make=parquet(lambda made: {name: column[:0] for name, column in made.items()}), kind="parquet", items=()
    ),
}
REFUSED = {
    "cut off": Case(make=lambda slug: parquet()(slug)[:-100], refused="no readable Parquet"),
    "without its footer": Case(make=lambda slug: parquet()(slug)[:200], refused="no readable Parquet"),
    "empty": Case(make=lambda slug: b"", refused="no readable Parquet"),
    "CSV": Case(make=lambda slug: b"user,at\nu-secret,x\n", refused="no readable Parquet"),
    "another schema": Case(
        make=parquet(lambda made: {"student": made["user"], "when": made["at"]}), refused="has no column user"
    ),
    "a column less": Case(
        make=parquet(lambda made: {name: column for name, column in made.items() if name != "price"}),
        refused="has no column price",
    ),
    "a damaged page": Case(make=damaged(0.02), refused="cannot be read as Parquet"),
    "a damaged footer": Case(make=damaged(0.8), refused="Parquet"),
}


@pytest.mark.parametrize("name", LANDED)
def test_every_row_is_accounted_for(landed, name):
    landed(name)


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence_refuses_the_file_and_the_lake_stays(refused, name):
    REFUSED[name].kind = "parquet"
    refused(name)
