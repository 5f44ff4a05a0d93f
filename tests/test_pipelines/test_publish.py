"""What is published: every table with its comments, whole keys, and nothing that should not be there."""

import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from lyceum import releases
from lyceum.schema import published
from lyceum.tables import quality
from lyceum.tables.canonical import EVENTS, ITEMS
from pipelines.digest import digest
from pipelines.steps import WHY

pytestmark = pytest.mark.slow

TABLES = {table.name: table for table in releases.contents()}
SMALL = ("activity_effects", "outcomes", "restatements", "course_drop_off")  # no course has 30 starters
FILLED = {  # on a platform with courses, shop and community, every table but these has rows
    name for name in TABLES if name.partition(".")[2] not in SMALL
} - {"marts.model_coefficients", "history.model_coefficients"}
PROBABILITIES = [
    (table.name, column.name) for table in TABLES.values() for column in table.columns if column.unit == "probability"
]


@pytest.fixture(scope="module")
def con(finished):
    with duckdb.connect(str(releases.current(finished.home).database), read_only=True) as con:
        yield con


def one(con, sql: str):
    return con.execute(sql).fetchall()[0][0]


def test_the_release_has_exactly_the_declared_tables(con):
    found = con.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
    assert {name for (name,) in found} == set(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_is_as_declared_and_every_column_explains_itself(con, table):
    schema, _, short = table.name.partition(".")
    where = f"WHERE schema_name = '{schema}' AND table_name = '{short}'"
    assert con.execute(f"SELECT comment FROM duckdb_tables() {where}").fetchall() == [(table.meaning,)]
    columns = con.execute(
        f"SELECT column_name, data_type, comment FROM duckdb_columns() {where} ORDER BY column_index"
    ).fetchall()
    assert columns == [(column.name, column.type, column.comment) for column in table.columns]
    assert all(comment for _, _, comment in columns)


@pytest.mark.parametrize("name", sorted(FILLED))
def test_a_table_is_filled(con, name):
    assert one(con, f"SELECT count(*) FROM {name}") > 0


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_keys_are_unique_and_nothing_required_is_missing(con, table):
    key = ", ".join(f'"{name}"' for name in table.key)
    assert con.execute(f"SELECT {key} FROM {table.name} GROUP BY ALL HAVING count(*) > 1").fetchall() == []
    needed = {column.name for column in table.columns if column.required} | set(table.key)
    if table.name == "quality.checks":
        needed.discard("column_name")  # a check of a whole table judges no column
    for name in sorted(needed):
        assert one(con, f'SELECT count(*) FROM {table.name} WHERE "{name}" IS NULL') == 0, name


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_what_is_unknown_is_null_and_never_nan(con, table):
    for column in table.columns:
        if column.type == "DOUBLE":
            assert one(con, f'SELECT count(*) FROM {table.name} WHERE NOT isfinite("{column.name}")') == 0, (
                column.name
            )
        if column.type == "VARCHAR":
            odd = f"\"{column.name}\" IN ('nan', 'None', 'NaN', 'NaT', '<NA>')"
            assert one(con, f"SELECT count(*) FROM {table.name} WHERE {odd}") == 0, column.name


@pytest.mark.parametrize(("table", "column"), PROBABILITIES)
def test_probabilities_lie_between_0_and_1(con, table, column):
    assert one(con, f'SELECT count(*) FROM {table} WHERE "{column}" NOT BETWEEN 0 AND 1') == 0


@pytest.mark.parametrize(
    ("table", "column"),
    [(t.name, c.name) for t in published() for c in t.columns if "JSON" in c.unit],
)
def test_json_columns_hold_json(con, table, column):
    for (text,) in con.execute(f'SELECT DISTINCT "{column}" FROM {table} WHERE "{column}" IS NOT NULL').fetchall():
        assert isinstance(json.loads(text), list | dict)


def test_scores_and_churn_fit_together(con):
    scores = con.execute(
        "SELECT count(*) FILTER (eligible), count(retention_28d), count(churn_28d), "
        "max(abs(churn_28d + retention_28d - 1)), count(*) FILTER (NOT eligible AND (retention_28d IS NOT NULL "
        "OR retention_7d IS NOT NULL OR purchase_14d IS NOT NULL OR purchase_28d IS NOT NULL)) FROM marts.user_scores"
    ).fetchall()[0]
    assert scores[0] == scores[1] == scores[2] > 30
    assert scores[3] < 1e-12
    assert scores[4] == 0
    statuses = con.execute("SELECT DISTINCT eligible, score_status FROM marts.user_scores ORDER BY 1").fetchall()
    assert statuses == [(False, "not_eligible"), (True, "scored")]


def test_people_and_segments_are_the_same_everywhere(con):
    people = "SELECT user_id FROM marts.user_scores"
    assert one(con, f"SELECT count(*) FROM ({people}) FULL JOIN features.user_snapshot s USING (user_id)") == one(
        con, "SELECT count(*) FROM marts.user_scores"
    )
    for name in ("recommendations", "early_warnings", "interests", "community_members", "leaderboard"):
        assert one(con, f"SELECT count(*) FROM marts.{name} WHERE user_id NOT IN ({people})") == 0, name
    used = "SELECT DISTINCT segment_id FROM marts.user_scores WHERE segment_id IS NOT NULL"
    assert (
        con.execute(f"{used} ORDER BY 1").fetchall()
        == con.execute("SELECT segment_id FROM marts.segments ORDER BY 1").fetchall()
    )
    assert con.execute(
        "SELECT s.users = count(u.user_id) FROM marts.segments s JOIN marts.user_scores u USING (segment_id) "
        "GROUP BY s.segment_id, s.users"
    ).fetchall() == [(True,)] * one(con, "SELECT count(*) FROM marts.segments")
    assert (
        one(con, "SELECT count(*) FROM marts.user_scores WHERE segment_id IS NULL AND segment_name IS NOT NULL") == 0
    )


def test_nobody_is_shown_what_is_owned_or_not_on_sale(con, finished):
    as_of = finished.weeks[-1]
    con.execute(f"CREATE OR REPLACE TEMP VIEW happened AS {finished.ctx.lake.source(EVENTS)}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW wares AS {finished.ctx.lake.source(ITEMS)}")
    assert one(con, "SELECT count(*) FROM marts.recommendations") > 100
    owned = (
        "SELECT count(*) FROM marts.recommendations r JOIN happened e USING (user_id, item_id) "
        f"WHERE e.event_type IN ('enrol', 'purchase') AND e.event_date < DATE '{as_of}' AND NOT EXISTS "
        "(SELECT 1 FROM wares i WHERE i.item_id = r.item_id AND i.repeatable = 1) AND NOT EXISTS "
        "(SELECT 1 FROM happened b WHERE b.user_id = r.user_id AND b.item_id = r.item_id AND b.event_type = 'refund')"
    )
    assert one(con, owned) == 0
    until = f"(TIMESTAMP '{as_of}' AT TIME ZONE 'Asia/Shanghai')"
    known = f"SELECT item_id, arg_max(wares, known_at) AS w FROM wares WHERE known_at <= {until} GROUP BY 1"
    gone = f"w IS NULL OR w.withdrawn_at <= {until} OR w.published_at > {until}"
    assert (
        one(con, f"SELECT count(*) FROM marts.recommendations LEFT JOIN ({known}) k USING (item_id) WHERE {gone}")
        == 0
    )
    assert one(con, f"SELECT count(*) FROM ({known}) WHERE {gone}") > 0, "the world has no such item to leave out"


@pytest.mark.parametrize(("name", "group"), [("recommendations", "user_id"), ("item_to_item", "item_id")])
def test_ranks_run_from_1_without_gap_and_scores_fall(con, name, group):
    gaps = f"SELECT {group} FROM marts.{name} GROUP BY 1 HAVING min(rank) <> 1 OR max(rank) <> count(*)"
    assert con.execute(gaps).fetchall() == []
    assert one(con, f"SELECT max(rank) FROM marts.{name}") <= 20


def test_every_part_left_out_says_why(con):
    skipped = con.execute("SELECT part, code, why FROM quality.runs WHERE status = 'skipped'").fetchall()
    assert skipped
    for part, code, why in skipped:
        assert code in WHY, part
        assert why.startswith(WHY[code])
    assert {status for (status,) in con.execute("SELECT DISTINCT status FROM quality.runs").fetchall()} <= {
        "done",
        "skipped",
        "failed",
    }
    steps = {step for (step,) in con.execute("SELECT DISTINCT step FROM quality.runs").fetchall()}
    assert steps == {"ingest", "validate", "featurise", "train", "score"}


def test_an_empty_mart_was_left_out_with_a_reason(con):
    excused = {part for (part,) in con.execute("SELECT part FROM quality.runs WHERE status = 'skipped'").fetchall()}
    empty = {name for name in TABLES if name.startswith("marts.") and one(con, f"SELECT count(*) FROM {name}") == 0}
    assert empty - {"marts.restatements"} <= excused  # that nothing was restated is no want


def test_history_holds_both_weeks_and_its_newest_is_the_mart(con, finished):
    for table in TABLES.values():
        if not table.name.startswith("history."):
            continue
        columns = ", ".join(f'"{name}"' for name in table.names if name != "as_of")
        newest = f"SELECT {columns} FROM {table.name} WHERE as_of = DATE '{finished.weeks[-1]}'"
        mart = f"SELECT {columns} FROM marts.{table.short}"
        differing = f"SELECT count(*) FROM (({newest} EXCEPT ALL {mart}) UNION ALL ({mart} EXCEPT ALL {newest}))"
        assert one(con, differing) == 0, table.name
    weeks = con.execute("SELECT DISTINCT as_of FROM history.user_scores ORDER BY 1").fetchall()
    assert [week for (week,) in weeks] == finished.weeks


def test_the_accounts_add_up_to_the_row(con):
    parts = "mapped + skipped + anonymous + duplicate + rejected + blank"
    assert one(con, f"SELECT count(*) FROM quality.deliveries WHERE rows <> {parts}") == 0
    assert one(con, "SELECT sum(rejected) FROM quality.deliveries") == one(
        con, "SELECT count(*) FROM quality.rejects"
    )


def test_the_manifest_says_what_is_there(con, finished):
    manifest = releases.current(finished.home).manifest()
    assert list(manifest["tables"]) == sorted(TABLES)
    assert {name: digest(con, TABLES[name]) for name in TABLES} == manifest["tables"]
    assert (manifest["platform"], manifest["as_of"]) == ("demo", str(finished.weeks[-1]))
    assert manifest["provisional"] is False


RAW_UID = re.compile(rb"(?<![0-9A-Za-z])u1[0-9]{6}(?![0-9A-Za-z])")


def test_the_pattern_of_a_raw_id_finds_one_in_the_deliveries(landing):
    file = sorted((landing[0] / "users").glob("*.csv"))[0]
    assert RAW_UID.search(file.read_bytes())


def written_files(home) -> list[Path]:
    folders = (home.lake, home.features, home.models, home.releases, home.reports, home.runs)
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def test_no_raw_id_stands_in_anything_that_was_written(finished):
    """Raw lines are kept in lake/rejects alone, for the owner alone."""
    for file in written_files(finished.home):
        if file.is_relative_to(finished.home.lake / "rejects"):
            assert file.stat().st_mode & 0o777 == 0o600
            continue
        assert not RAW_UID.search(file.read_bytes()), file
        if file.suffix == ".parquet":
            text = "\n".join(
                str(value)
                for column in pq.ParquetFile(file).read().columns
                for value in column.unique().to_pylist()
                if isinstance(value, str)
            )
            assert not RAW_UID.search(text.encode()), file
    for release in releases.listing(finished.home):
        with duckdb.connect(str(release.database), read_only=True) as con:
            for name, table in TABLES.items():
                for column in (column.name for column in table.columns if column.type == "VARCHAR"):
                    found = con.execute(
                        f'SELECT count(*) FROM {name} WHERE regexp_matches("{column}", ?)',
                        [r"(^|[^0-9A-Za-z])u1[0-9]{6}([^0-9A-Za-z]|$)"],
                    ).fetchall()
                    assert found == [(0,)], (name, column)


def test_published_rejects_quote_nothing(con):
    assert one(con, "SELECT count(*) FROM quality.rejects") > 0
    assert "raw" not in TABLES[quality.REJECTS.name].names
