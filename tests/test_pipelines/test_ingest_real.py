"""Two real platforms' logs, accounted for to the row."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from lyceum import schema
from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.settings import Settings
from lyceum.sources import load
from pipelines.context import Context
from pipelines.ingest import ingest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PARTS = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")

pytestmark = pytest.mark.real


def taken_in(name, tmp_path, monkeypatch):
    """Home and accounts by mapping (rows first, then PARTS) of a real source."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"../shared/data/{name} is not here: the accounts of real logs are NOT checked")
    monkeypatch.setenv("LYCEUM_SECRET", "a secret that is only used in tests, 32")
    source = load(name)
    platform = Platform(name, name, SHARED / name, source.timezone, source.currency, source.language)
    home = Home(tmp_path)
    result = ingest(Context(Settings(), home, platform, datetime(2026, 1, 1, tzinfo=UTC), lambda _: None))
    sums: dict[str, list[int]] = {}
    for entry in result.accounts:
        assert entry["rows"] == sum(entry[part] for part in PARTS), entry
        mapping = entry["mapping"].partition("#")[0]
        before = sums.get(mapping, [0] * 7)
        sums[mapping] = [old + entry[part] for old, part in zip(before, ("rows", *PARTS), strict=True)]
    return home, sums


def query(home, sql):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name in ("events", "users", "items"):
            con.execute(f"CREATE VIEW {name} AS {Lake(home.lake).source(schema.table(name))}")
        return con.execute(sql).fetchall()


def test_oulad(tmp_path, monkeypatch):
    home, accounts = taken_in("oulad", tmp_path, monkeypatch)
    assert accounts == {
        "events.clicks": [753_564, 753_564, 0, 0, 0, 0, 0],
        "events.registrations": [32_593, 2_514, 30_078, 0, 0, 1, 0],  # one has no date
        "events.unregistrations": [32_593, 631, 31_962, 0, 0, 0, 0],
        "events.results": [32_593, 1_334, 31_259, 0, 0, 0, 0],
        "users.students": [32_593, 2_515, 30_078, 0, 0, 0, 0],
        "items.courses": [22, 3, 19, 0, 0, 0, 0],
    }
    assert query(home, "SELECT count(*), sum(quantity) FROM events WHERE event_type = 'view'") == [
        (300_023, 1_148_210)
    ]
    # AAA 2013J starts on 1 October 2013, in summer time; day -10 is 21 September, local midnight
    first = (
        "SELECT min(occurred_at), min(event_date)::VARCHAR FROM events WHERE item_id = 'AAA_2013J' AND quantity > 0"
    )
    assert query(home, first) == [(datetime(2013, 9, 20, 23, tzinfo=UTC), "2013-09-21")]
    assert query(home, "SELECT count(*) FROM users WHERE attributes LIKE '%Pass%' OR attributes LIKE '%result%'") == [
        (0,)
    ]


def test_online_retail(tmp_path, monkeypatch):
    home, accounts = taken_in("online_retail", tmp_path, monkeypatch)
    assert accounts == {
        "events.invoices": [541_909, 399_656, 5_416, 131_580, 5_257, 0, 0],
        "items.invoices": [541_909, 3_817, 5_416, 0, 532_676, 0, 0],
    }
    assert query(home, "SELECT min(amount) > 0, min(quantity) > 0, count(DISTINCT currency) FROM events") == [
        (True, True, 1)
    ]
    refunds = "SELECT count(*) FROM events WHERE (event_type = 'refund') <> starts_with(object_id, 'C')"
    assert query(home, refunds) == [(0,)]
    assert query(home, "SELECT count(*), count(DISTINCT item_id) FROM items") == [(3_817, 3_817)]
