"""A small club that is asked to forget people: its deliveries, its home, and a search for ids in every byte.

anna does things, ben only has things done to him, cleo only invited somebody, dora only runs a group.
"""

import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lyceum import engine, privacy, releases
from lyceum.home import Home
from lyceum.lake import Lake
from lyceum.schema import DATE, VARCHAR, Column, Table, with_history
from lyceum.schema import table as declared
from lyceum.settings import Settings
from pipelines.context import Context
from pipelines.digest import digest
from pipelines.ingest import ingest
from pipelines.opening import open_home
from pipelines.prepared import FOLDER as PREPARED

SECRET = "a secret that is only used in tests, 32"
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
SOURCE = """
name = "club"
title = "A club"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "IDS"
duplicates = "drop"

[files.log]
glob = "log*.jsonl"
format = "jsonl"
columns = ["id", "user", "at", "type", "whom"]

[files.people]
glob = "people*.csv"
format = "csv"
columns = ["user", "since", "by"]

[files.groups]
glob = "groups*.csv"
format = "csv"
columns = ["group", "owner"]

[files.texts]
glob = "texts*.csv"
format = "csv"
columns = ["text", "user", "body"]

[[events]]
file = "log"
filter = { name = "test", keep = "coalesce(type, '') <> 'test'" }
[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
target_user_id = "whom"

[[users]]
file = "people"
[users.columns]
user_id = "user"
registered_at = "iso(since)"
invited_by = "by"

[[communities]]
file = "groups"
[communities.columns]
community_id = '"group"'
owner_id = "owner"

[[posts]]
file = "texts"
[posts.columns]
object_id = "text"
user_id = "user"
body = "body"
"""
GONE, STAY = ("anna-01", "ben-02", "cleo-03", "dora-04"), ("emil-05", "fay-06")
WEEKS = date(2026, 7, 6), date(2026, 7, 13)


def event(number: int, user: str | None, *, day: int, type: str = "view", whom: str | None = None) -> str:
    return json.dumps(
        {"id": f"e{number}", "user": user, "at": f"2026-07-{day:02}T03:00:00Z", "type": type, "whom": whom}
    )


LOG = [
    event(1, "anna-01", day=1),
    event(2, "anna-01", day=2, type="like", whom="emil-05"),
    event(3, "emil-05", day=2, type="follow", whom="ben-02"),
    event(4, "emil-05", day=3, type="follow", whom="fay-06"),
    event(5, "fay-06", day=3),
    event(6, None, day=3),
    event(7, "anna-01", day=8),  # alone on its day
    event(8, "anna-01", day=3, type="test"),
    event(9, "anna-01", day=3, type="juggle"),  # no word of the vocabulary
    event(10, "fay-06", day=3, type="juggle"),
]
FILES = {
    "log-1.jsonl": "".join(f"{line}\n" for line in LOG),
    "people-1.csv": "user,since,by\n"
    "anna-01,2026-06-01T00:00:00Z,\nemil-05,2026-06-02T00:00:00Z,anna-01\nfay-06,2026-06-03T00:00:00Z,cleo-03\n",
    "groups-1.csv": "group,owner\ng1,dora-04\ng2,fay-06\n",
    "texts-1.csv": "text,user,body\nt1,anna-01,good morning\nt2,fay-06,good evening\n",
}


def by_id(person: str) -> str:
    return privacy.pseudonym(privacy.Key(SECRET.encode()), person)


def delivered(make, folder: Path, *, ids: str = "raw"):
    """The club's first deliveries, taken in; `make` is the fixture deliveries."""
    made = make(SOURCE.replace("IDS", ids), folder / "club")
    for name, content in FILES.items():
        made.deliver(name, content)
    ingest(made.context(), init_key=True)
    return made


def copied(made, folder: Path):
    """A copy of a club, to write into."""
    other = replace(made, root=folder / "club")
    shutil.copytree(made.root, other.root, symlinks=True)
    return other


def context(made, *, now: datetime = NOW) -> Context:
    """As `lyceum forget` opens the home."""
    found = open_home(made.home, settings=Settings(reject_limit=1.0), now=now, say=lambda _line: None)
    return replace(found, platform=replace(found.platform, data=made.data))


SCORES = with_history(declared("marts.user_scores"))


def furnish(made, people: Sequence[str]) -> None:
    """Scores, snapshots and releases of two weeks, and what a run that died has left."""
    scored, features = Lake(made.home.scored), Lake(made.home.features)
    snapshot = declared("features.user_snapshot")
    for week in WEEKS:
        rows = [{"as_of": week, "user_id": each, "points": place} for place, each in enumerate(people)]
        scored.replace(SCORES, reader(SCORES, rows), partition={"as_of": [str(week)]})
        features.replace(snapshot, reader(snapshot, [{"as_of": week, "user_id": each} for each in people]))
        publish_by_hand(made.home, week, people)
    prepared = Table(
        "user_days", "", (), (Column("user_id", VARCHAR, ""), Column("week", DATE, "")), partition="week"
    )
    Lake(made.home.features / PREPARED / "v1").append(
        prepared, reader(prepared, [{"user_id": each, "week": WEEKS[0]} for each in people])
    )
    (made.home.staging / "left").mkdir(parents=True)
    (made.home.staging / "left" / "half.csv").write_text("\n".join((*GONE, *people)))


def reader(table: Table, rows: list[dict]) -> pa.RecordBatchReader:
    whole = [{name: row.get(name) for name in table.names} for row in rows]
    return pa.Table.from_pylist(whole, table.arrow()).to_reader()


def publish_by_hand(home: Home, week: date, people: Sequence[str]) -> None:
    folder = releases.stage(home, week)
    with engine.connect(folder / releases.DATABASE) as con:
        for schema in ("marts", "history", "features", "quality"):
            con.execute(f"CREATE SCHEMA {schema}")
        for table in releases.contents():
            con.execute(table.ddl())
        for place, person in enumerate(people):
            con.execute("INSERT INTO marts.user_scores (user_id, points) VALUES (?, ?)", [person, place])
            con.execute("INSERT INTO history.user_scores (as_of, user_id) VALUES (?, ?)", [week, person])
        con.execute("INSERT INTO marts.weekly_kpis (week, area, kpi, value) VALUES (?, 'reach', 'wau', 6)", [week])
        con.execute("COMMENT ON TABLE marts.user_scores IS 'Everybody'")
        con.execute("CREATE VIEW marts.q_points AS SELECT sum(points) AS points FROM marts.user_scores")
        facts = {table.name: digest(con, table) for table in releases.contents()}
    (folder / "report").mkdir()
    for name in ("index.html", "index.zh.html", "index.en.html"):
        (folder / "report" / name).write_text(f"<h1>{folder.name.removeprefix(releases.STAGED)}</h1>")
    releases.switch(home, releases.commit(home, folder, {"as_of": str(week), "tables": facts}))


def content(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and all that is packed in it."""
    yield file.read_bytes()
    if file.suffix == ".gz":
        yield gzip.decompress(file.read_bytes())
    if file.suffix == ".parquet":
        for column in pq.ParquetFile(file).read().columns:
            yield repr(column.to_pylist()).encode()
    if file.suffix in (".npz", ".zip"):
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            yield from (archive.read(name).replace(b"\0", b"") for name in archive.namelist())
    if file.suffix == ".duckdb":
        with engine.connect(file, read_only=True) as con:
            listed = con.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary")
            for (name,) in listed.fetchall():
                yield repr(con.execute(f"FROM {name}").fetchall()).encode()


def traces(home: Home, ids: Sequence[str], *, without: Sequence[str] = ("landing", "truth")) -> set[str]:
    """Every file of the home in which any of `ids` stands, in the clear or packed."""
    needles = [each.encode() for each in ids]
    files = [file for file in home.root.rglob("*") if file.is_file() and not file.is_symlink()]
    return {
        str(file.relative_to(home.root))
        for file in files
        if file.relative_to(home.root).parts[0] not in without
        and any(needle in text for text in content(file) for needle in needles)
    }


def known_as(people: Sequence[str] = GONE) -> list[str]:
    """The platform's ids and what they became."""
    return [*people, *(by_id(each) for each in people)]
