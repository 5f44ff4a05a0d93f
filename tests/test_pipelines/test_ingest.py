"""The ingest step on small deliveries: every row accounted for, nothing twice, nothing half, no id in the clear."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum import schema
from lyceum.adopting import adopt
from lyceum.errors import HomeError, InputError
from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.privacy import load_key, pseudonym
from lyceum.settings import Settings
from lyceum.sources import SHIPPED
from pipelines.context import Context
from pipelines.ingest import ingest

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
PARTS = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")
SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "drop"

[files.orders]
glob = "orders*.csv*"
format = "csv"
columns = ["user", "at", "type", "price", "course", "to"]

[files.people]
glob = "people*.jsonl"
format = "jsonl"
columns = ["uid", "since", "by", "city"]

[files.courses]
glob = "courses.csv"
format = "csv"
columns = ["id", "title"]

[lookup.courses]
file = "courses"
key = ["id"]
columns = ["title"]

[[events]]
file = "orders"
join = { courses = ["course"] }
filter = { name = "test order", keep = "coalesce(course, '') <> 'test'" }

[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
amount = "money(price)"
target_user_id = '"to"'
channel = "courses.title"

[[users]]
file = "people"

[users.columns]
user_id = "uid"
registered_at = "iso(since)"
invited_by = "by"
attributes = "json_object('city', city)"
"""
HEADER = "user,at,type,price,course,to\n"
GOOD = "u-raw-1,2026-07-14T20:00:00Z,purchase,199.00,c9,u-raw-2\n"


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LYCEUM_SECRET", raising=False)
    return load_key("shop", create=True)


class Shop:
    """A delivery folder, a home and the way to ingest the one into the other."""

    def __init__(self, root: Path, source: str = SOURCE, limit: float = 1.0):
        self.data, self.home = root / "data", Home(root / "home")
        self.data.mkdir(parents=True, exist_ok=True)
        self.source = root / "shop.toml"
        self.source.write_text(source, encoding="utf-8")
        platform = Platform("shop", str(self.source), self.data, "Asia/Shanghai", "CNY", "zh")
        self.said: list[str] = []
        self.ctx = Context(Settings(reject_limit=limit), self.home, platform, NOW, self.said.append)
        self.deliver("courses.csv", "id,title\nc9,写作课\n")

    def deliver(self, name: str, text: str | bytes) -> None:
        (self.data / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def ingest(self):
        result = ingest(self.ctx)
        assert list(self.home.staging.glob("*")) == []
        return result

    def rows(self, name: str, columns: str = "*") -> list[tuple]:
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            return con.execute(
                f"SELECT {columns} FROM ({Lake(self.home.lake).source(schema.table(name))})"
            ).fetchall()

    def account(self, mapping: str = "events.orders") -> dict[str, int]:
        found = self.rows("deliveries", f"mapping, rows, {', '.join(PARTS)}")
        sums = [row[1:] for row in found if row[0].startswith(mapping + "#")]
        assert all(row[0] == sum(row[1:]) for row in sums)
        return dict(zip(("rows", *PARTS), map(sum, zip(*sums, strict=True)), strict=True))


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_every_reason_and_the_account_to_the_row(shop):
    lines = [
        GOOD,
        ",2026-07-14T16:30:00+08:00,view,,c9,\n",  # anonymous
        GOOD,  # equal in every column: a duplicate
        "u-raw-2,2026-07-14T20:00:00Z,purchase,5,test,\n",  # skipped by the filter
        "\n",  # blank
        "u-raw-3,yesterday,view,,c9,\n",
        "u-raw-3,,view,,c9,\n",
        "u-raw-3,2026-07-14T20:00:00Z,buy,,c9,\n",
        "u-raw-3,2026-07-14T20:00:00Z,,,c9,\n",
        "u-raw-3,2026-07-14T20:00:00Z,purchase,free,c9,\n",
        "u-raw-3,2026-07-14T20:00:00Z,purchase\n",
        'u-raw-3,"2026\n',
        "u-raw-4,2026-07-14T20:00:00Z,view,,c404,\n",  # not in the lookup: a miss, no reject
    ]
    shop.deliver("orders.csv", HEADER + "".join(lines))
    result = shop.ingest()
    assert shop.account() == {
        **{"rows": 13, "mapped": 2, "skipped": 1, "anonymous": 1, "duplicate": 1, "rejected": 7, "blank": 1},
    }
    assert sorted(shop.rows("rejects", "line, code")) == [
        *((7, "bad_occurred_at"), (8, "missing_occurred_at"), (9, "unknown_event_type")),
        *((10, "missing_event_type"), (11, "bad_amount"), (12, "ragged"), (13, "unclosed_quote")),
    ]
    assert result.misses == {"courses": 1}
    assert ("u-raw-3,yesterday,view,,c9,",) in shop.rows("rejects", "raw")
    for (sentence,) in shop.rows("rejects", "sentence"):
        assert not re.search("yesterday|free|buy|u-raw", sentence)
    assert shop.rows("deliveries", "skip_reason") == [("test order",)]


def test_values_arrive_as_the_schema_says(shop, key):
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.ingest()
    columns = (
        "user_id, target_user_id, event_type, occurred_at, event_date::VARCHAR, item_id, amount, currency, channel"
    )
    assert shop.rows("events", columns) == [
        (
            *(pseudonym(key, "u-raw-1"), pseudonym(key, "u-raw-2"), "purchase"),
            *(datetime(2026, 7, 14, 20, tzinfo=UTC), "2026-07-15", "c9", Decimal("199.00"), "CNY", "写作课"),
        )
    ]
    assert shop.rows("events", "source, ingested_at") == [("shop", NOW)]


def test_users_are_versions_known_since_they_registered(shop, key):
    people = [
        {"uid": "u-raw-1", "since": "2026-07-01T00:00:00Z", "by": "u-raw-2", "city": "杭州"},
        {"uid": "u-raw-2", "since": None},
        {"uid": "u-raw-1", "since": "2026-07-01T00:00:00Z", "city": "上海"},
    ]
    shop.deliver("people.jsonl", "".join(json.dumps(one) + "\n" for one in people) + "{broken\n")
    shop.ingest()
    assert sorted(shop.rows("users", "user_id, invited_by, attributes, known_at")) == sorted(
        [
            (
                *(pseudonym(key, "u-raw-1"), pseudonym(key, "u-raw-2"), '{"city":"杭州"}'),
                datetime(2026, 7, 1, tzinfo=UTC),
            ),
            (pseudonym(key, "u-raw-2"), None, "{}", datetime(1970, 1, 1, tzinfo=UTC)),
        ]
    )
    account = shop.account("users.people")
    assert (account["mapped"], account["duplicate"], account["rejected"]) == (2, 1, 1)


def test_a_second_ingest_changes_nothing(shop):
    shop.deliver("orders.csv", HEADER + GOOD)
    assert shop.ingest().files == 1
    versions = {
        table.name: shop.ctx.lake.version(table) for table in schema.tables().values() if "." not in table.name
    }
    again = shop.ingest()
    assert (again.files, again.known, again.receipts) == (0, 1, ())
    for table in schema.tables().values():
        if "." not in table.name:
            assert shop.ctx.lake.version(table) == versions[table.name]


def test_a_row_that_comes_again_in_another_file_lands_once(shop):
    shop.deliver("orders-1.csv", HEADER + GOOD)
    shop.ingest()
    shop.deliver("orders-2.csv", HEADER + GOOD + GOOD.replace("c9", "c8"))
    shop.deliver("orders-1-copy.csv", HEADER + GOOD)  # known by content
    result = shop.ingest()
    assert (result.files, result.known) == (1, 2)
    assert len(shop.rows("events")) == 2
    assert shop.account() == {
        **{"rows": 3, "mapped": 2, "skipped": 0, "anonymous": 0, "duplicate": 1, "rejected": 0, "blank": 0},
    }


def test_equal_rows_are_kept_where_they_may_be_real(tmp_path):
    shop = Shop(tmp_path, SOURCE.replace('duplicates = "drop"', 'duplicates = "keep"'))
    shop.deliver("orders-1.csv", HEADER + GOOD * 3)
    shop.ingest()
    shop.deliver("orders-2.csv", HEADER + GOOD * 2)  # the same two again
    shop.ingest()
    assert len(shop.rows("events", "DISTINCT event_id")) == 3
    assert shop.account()["duplicate"] == 2


def test_an_event_with_an_id_of_its_own_lands_once(tmp_path):
    source = SOURCE.replace('user_id = "user"', 'event_id = "price"\nuser_id = "user"', 1)
    shop = Shop(tmp_path, source)
    shop.deliver("orders.csv", HEADER + GOOD + GOOD.replace("c9", "c8") + GOOD.replace("199.00", "5"))
    shop.ingest()
    assert sorted(shop.rows("events", "event_id, item_id")) == [("199.00", "c9"), ("5", "c9")]
    assert shop.account()["duplicate"] == 1


def test_no_raw_id_is_in_any_byte_of_the_lake_or_in_a_message(shop):
    shop.deliver("orders.csv", HEADER + GOOD + GOOD.replace("u-raw-1", "u-raw-7") + "\n")
    shop.deliver("people.jsonl", '{"uid": "u-raw-9", "by": "u-raw-8"}\n')
    shop.ingest()
    files = [path for path in shop.home.root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in files)
    assert not [path for path in files if b"u-raw" in path.read_bytes()]
    with duckdb.connect() as con:  # Parquet is compressed: read every text column
        for path in shop.home.lake.rglob("*.parquet"):
            assert "u-raw" not in str(con.execute(f"SELECT * FROM '{path}'").fetchall())
    assert "u-raw" not in "".join(shop.said)


def test_a_derived_id_cannot_be_found_by_trying(shop, tmp_path, monkeypatch):
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.ingest()
    monkeypatch.setenv("LYCEUM_SECRET", "another secret of thirty-two bytes or so")
    other = Shop(tmp_path / "other")
    other.deliver("orders.csv", HEADER + GOOD)
    other.ingest()
    assert shop.rows("events", "event_id") != other.rows("events", "event_id")
    assert shop.rows("events", "user_id") != other.rows("events", "user_id")


def test_another_key_is_refused_and_a_missing_one_named(shop, monkeypatch):
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.ingest()
    monkeypatch.setenv("LYCEUM_SECRET", "another secret of thirty-two bytes or so")
    with pytest.raises(HomeError, match="key"):
        shop.ingest()
    monkeypatch.delenv("LYCEUM_SECRET")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(shop.data))
    with pytest.raises(HomeError, match="--init-key"):
        shop.ingest()
    assert ingest(replace(shop.ctx, home=Home(shop.data.parent / "new")), init_key=True).files == 1


def test_ids_that_are_pseudonyms_stay_and_need_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    shop = Shop(tmp_path, SOURCE.replace('ids = "raw"', 'ids = "already pseudonymous"'))
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.ingest()
    assert shop.rows("events", "user_id, target_user_id") == [("u-raw-1", "u-raw-2")]


def test_too_many_rejects_land_nothing_and_are_counted(tmp_path):
    shop = Shop(tmp_path, limit=0.01)
    shop.deliver("orders.csv", HEADER + GOOD * 98 + "u-raw-5,never,view,,c9,\n" + "u-raw-5\n")
    with pytest.raises(InputError, match=r"2 of 100 rows .* 1\.0%.*bad_occurred_at: 1.*ragged: 1") as error:
        shop.ingest()
    assert "never" not in str(error.value)
    assert "u-raw" not in str(error.value)
    assert not shop.home.lake.exists()
    assert not shop.home.platform_file.exists()
    assert list(shop.home.staging.glob("*")) == []


def test_a_damaged_file_among_good_ones_lands_nothing(shop):
    shop.deliver("orders-1.csv", HEADER + GOOD)
    shop.deliver("orders-2.csv.gz", gzip.compress((HEADER + GOOD).encode())[:-3])
    with pytest.raises(InputError, match=r"orders-2\.csv\.gz is damaged"):
        shop.ingest()
    assert not shop.home.lake.exists()


def test_a_missing_folder_an_empty_one_and_a_correction_are_refused(shop):
    with pytest.raises(InputError, match="holds no file"):
        shop.ingest()
    with pytest.raises(InputError, match="no data folder"):
        ingest(replace(shop.ctx, platform=replace(shop.ctx.platform, data=shop.data / "none")))
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.ingest()
    shop.deliver("orders.csv", HEADER + GOOD.replace("199", "99"))
    with pytest.raises(InputError, match="corrections"):
        shop.ingest()


def test_a_lookup_must_be_there_and_have_a_unique_key(shop):
    shop.deliver("orders.csv", HEADER + GOOD)
    shop.deliver("courses.csv", "id,title\nc9,a\nc9,b\n")
    with pytest.raises(InputError, match="1 keys"):
        shop.ingest()
    (shop.data / "courses.csv").unlink()
    with pytest.raises(InputError, match="Lookup courses has no file"):
        shop.ingest()


def test_a_batch_that_died_before_its_account_is_repaired(shop, monkeypatch):
    shop.deliver("orders-1.csv", HEADER + GOOD)
    shop.ingest()
    shop.deliver("orders-2.csv", HEADER + GOOD.replace("c9", "c8") + "x\n")

    def dies(lake, table, files, /, **more):
        if table.name == "deliveries":
            raise KeyboardInterrupt
        return adopt(lake, table, files, **more)

    monkeypatch.setattr("pipelines.ingest.adopt", dies)
    with pytest.raises(KeyboardInterrupt):
        shop.ingest()
    assert (len(shop.rows("events")), len(shop.rows("deliveries"))) == (
        2,
        1,
    )  # events are there, their account is not
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(shop.data.parent / "config"))
    shop.deliver("orders-3.csv", HEADER + GOOD.replace("c9", "c7"))  # the next run need not see the same files
    shop.ingest()
    assert sorted(shop.rows("events", "item_id")) == [("c7",), ("c8",), ("c9",)]
    assert len(shop.rows("rejects")) == 1
    account = shop.account()
    assert (account["rows"], account["mapped"], account["duplicate"], account["rejected"]) == (4, 3, 0, 1)


def test_only_the_first_version_counts_where_the_source_says_so(tmp_path):
    items = """
[[items]]
file = "orders"
versions = "first"
[items.columns]
item_id = "course"
title = "type"
published_at = "iso(at)"
"""
    shop = Shop(tmp_path, SOURCE + items)
    shop.deliver("orders-1.csv", HEADER + GOOD + GOOD.replace("-07-14", "-07-15").replace("purchase", "view"))
    shop.ingest()
    shop.deliver("orders-2.csv", HEADER + GOOD.replace("-07-14", "-07-16"))
    shop.ingest()
    assert shop.rows("items", "item_id, title, known_at") == [
        ("c9", "purchase", datetime(2026, 7, 14, 20, tzinfo=UTC))
    ]
    assert shop.account("items.orders")["duplicate"] == 2


def test_the_same_delivery_gives_the_same_lake(tmp_path):
    lakes = []
    for name in ("one", "two"):
        shop = Shop(tmp_path / name)
        shop.deliver("orders.csv", HEADER + "".join(GOOD.replace("c9", f"c{n}") for n in range(50)))
        shop.ingest()
        lakes.append([shop.rows("events"), shop.rows("deliveries")])
    assert lakes[0] == lakes[1]


def test_the_readme_example_does_what_it_says(tmp_path, key):
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    source, delivery = (re.search(rf"```{kind}\n(.*?)```", readme, re.DOTALL)[1] for kind in ("toml", "csv"))
    shop = Shop(tmp_path, source)
    shop.deliver("orders.csv", delivery)
    shop.ingest()
    assert sorted(shop.rows("events", "user_id, event_type, item_id, amount, object_id"), key=str) == sorted(
        [
            (pseudonym(key, "u1001"), "purchase", "c9", Decimal("199.00"), "o1"),
            (None, "purchase", "c7", Decimal("29.90"), "o3"),
        ],
        key=str,
    )
    assert shop.account() == {
        **{"rows": 3, "mapped": 1, "skipped": 1, "anonymous": 1, "duplicate": 0, "rejected": 0, "blank": 0},
    }


garbage = st.one_of(
    st.just(GOOD.encode()),
    st.sampled_from([b"\n", b"\r\n", b",,,,,\n", b'"\n', b"a,b\n", b"u,2026-07-14T20:00:00Z,view,,test,\n"]),
    st.binary(max_size=20).map(lambda raw: raw + b"\n"),
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(garbage, max_size=10))
def test_the_account_holds_for_any_garbage(tmp_path_factory, lines):
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.deliver("orders.csv", HEADER.encode() + b"".join(lines))
    shop.ingest()
    account = shop.account()
    assert account["mapped"] == int(GOOD.encode() in lines)
    assert len(shop.rows("events")) == account["mapped"] + account["anonymous"]
    assert len(shop.rows("rejects")) == account["rejected"]
