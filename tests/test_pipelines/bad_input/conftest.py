"""One home that takes in the files of a whole list of cases, and what became of each of them.

A case is what a file holds and where its rows went. `data` is its text, in which @ stands for the case; `pack` makes
the bytes of it, or `make` makes them for the case's name. `kind` names the file set below, `suffix` says how the file
ends. The parts of the account that are not named are 0; `rejected` gives the reason codes. `items` are the ends of
the item ids that landed, in order, and `values` the landed rows' `columns`.
A case with `refused` stops the run with a sentence that holds this text.
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from lyceum import schema
from lyceum.errors import LyceumError
from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.settings import Settings
from pipelines.context import Context
from pipelines.ingest import ingest

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
PARTS = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")
KINDS = {  # file set -> format, suffix of the glob, when it happened
    "csv": ("csv", "csv*", "iso(at)"),
    "json": ("jsonl", "jsonl*", "iso(at)"),
    "parquet": ("parquet", "parquet", "iso(at, 'UTC')"),
    "local": ("csv", "csv", "instant(at, '%Y-%m-%d %H:%M:%S', 'America/New_York')"),
    "zoned": ("csv", "csv", "iso(at, 'America/New_York')"),
    "named": ("csv", "csv", "instant(at, '%d/%b/%Y:%H:%M:%S %z')"),
    "seconds": ("csv", "csv", "epoch_s(at)"),
    "millis": ("csv", "csv", "epoch_ms(at)"),
    "micros": ("csv", "csv", "epoch_us(at)"),
}
HEADING = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "already pseudonymous"
duplicates = "drop"
"""
ONE_KIND = """
[files.{kind}]
glob = "{kind}-*.{suffix}"
format = "{format}"
columns = ["user", "at", "type", "price", "course", "title"]

[[events]]
file = "{kind}"
filter = {{ name = "test order", keep = "coalesce(course, '') NOT LIKE '%-test'" }}

[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "{at}"
item_id = "course"
amount = "money(price)"
channel = "title"
"""
SOURCE = HEADING + "".join(
    ONE_KIND.format(kind=kind, format=form, suffix=suffix, at=at) for kind, (form, suffix, at) in KINDS.items()
)


class Desk:
    """A delivery folder, a home, and the way from the one into the other."""

    def __init__(self, root: Path, *, home: Path | None = None):
        self.data, self.home = root / "data", Home(home or root / "home")
        self.data.mkdir(parents=True)
        self.source = root / "shop.toml"
        self.source.write_text(SOURCE, encoding="utf-8")
        platform = Platform("shop", str(self.source), self.data, "Asia/Shanghai", "CNY", "zh")
        self.ctx = Context(Settings(reject_limit=1.0), self.home, platform, NOW, lambda line: None)

    def deliver(self, name: str, case: SimpleNamespace) -> Path:
        """Write the file of a case."""
        parts = {"pack": bytes, "kind": "csv", "suffix": ""} | vars(case)
        path = self.data / f"{parts['kind']}-{slug(name)}.{parts['suffix'] or KINDS[parts['kind']][1].rstrip('*')}"
        if "make" in parts:
            path.write_bytes(parts["make"](slug(name)))
        else:
            raw = parts["data"]() if callable(parts["data"]) else parts["data"]
            raw = raw.encode() if isinstance(raw, str) else raw
            path.write_bytes(parts["pack"](raw.replace(b"@", slug(name).encode())))
        return path

    def ingest(self):
        result = ingest(self.ctx)
        assert list(self.home.staging.glob("*")) == []
        return result

    def rows(self, table: str, columns: str, where: str) -> list[tuple]:
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            lake = Lake(self.home.lake).source(schema.table(table))
            return con.execute(f"SELECT {columns} FROM ({lake}) WHERE {where} ORDER BY ALL").fetchall()

    def account(self, file: str) -> dict[str, int]:
        """What became of the rows of a file, without what is 0; it adds up."""
        ((rows, *parts),) = self.rows("deliveries", f"rows, {', '.join(PARTS)}", f"file = '{file}'")
        assert rows == sum(parts)
        return {part: n for part, n in zip(PARTS, parts, strict=True) if n}

    def lake(self) -> dict[str, bytes]:
        """Every byte of the lake."""
        return {str(path): path.read_bytes() for path in self.home.lake.rglob("*") if path.is_file()}

    def refusal(self) -> str:
        """The one sentence that refuses what lies there, with the lake untouched."""
        before = self.lake()
        with pytest.raises(LyceumError) as caught:
            self.ingest()
        assert caught.value.exit_code == 1
        assert caught.value.remedy
        assert len(str(caught.value)) < 600
        assert self.lake() == before
        return str(caught.value)


def slug(name: str) -> str:
    """The name of a case as it stands in its file's name and in its item ids."""
    return "".join(mark if mark.isascii() and mark.isalnum() else "_" for mark in name)


@pytest.fixture(scope="session")
def make_desk():
    return Desk


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def shared(request, tmp_path_factory) -> Desk:
    """The module's LANDED cases in one home, by one ingest."""
    desk = Desk(tmp_path_factory.mktemp("landed"))
    for name, case in request.module.LANDED.items():
        desk.deliver(name, case)
    desk.ingest()
    return desk


@pytest.fixture
def landed(request, shared):
    """The check that the rows of one of the LANDED cases went where it says."""

    def check(name: str) -> None:
        compare(shared, name, request.module.LANDED[name])

    return check


def compare(desk: Desk, name: str, case: SimpleNamespace) -> None:
    said = {"kind": "csv", "rejected": {}, "items": ("1", "2"), "columns": "", "values": ()} | vars(case)
    (file,) = [path.name for path in desk.data.glob(f"{said['kind']}-{slug(name)}.*")]
    account = desk.account(file)
    codes = Counter(code for (code,) in desk.rows("rejects", "code", f"file = '{file}'"))
    assert codes == said["rejected"]
    assert account.pop("rejected", 0) == sum(said["rejected"].values())
    assert account == {part: said[part] for part in PARTS if part != "rejected" and part in said}
    mine = f"starts_with(item_id, '{slug(name)}-')"
    found = desk.rows("events", f"item_id{said['columns'] and ', ' + said['columns']}", mine)
    assert [row[0] for row in found] == [f"{slug(name)}-{end}" for end in said["items"]]
    assert [row[1:] for row in found] == list(said["values"]) or not said["columns"]


@pytest.fixture(scope="module")
def refused(request, tmp_path_factory):
    """The check that one of the module's REFUSED cases leaves a lake that holds rows as it is."""
    desk = Desk(tmp_path_factory.mktemp("refused"))
    good = "user,at,type,price,course,title\nu1,2026-07-14T20:00:00Z,view,,@-1,\n"
    desk.deliver("good", SimpleNamespace(data=good))
    desk.ingest()

    def check(name: str) -> None:
        case = request.module.REFUSED[name]
        path = desk.deliver(name, case)
        try:
            sentence = desk.refusal()
        finally:
            path.unlink()
        assert path.name in sentence
        assert case.refused in sentence
        assert "u-secret" not in sentence

    return check
