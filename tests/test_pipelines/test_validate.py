"""A week that must not be published is not, and leaves a page of verdicts that the error names."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from lyceum import releases
from lyceum.errors import CheckError
from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import quality
from lyceum.tables.canonical import EVENTS, USERS
from lyceum.tables.features import USER_SNAPSHOT
from lyceum.tables.marts import USER_SCORES
from pipelines.context import Context
from pipelines.validate import validate
from pipelines.week import perform, run_week

AS_OF = dt.date(2024, 5, 6)
BATCH = {"source": "s", "batch_id": "b", "ingested_at": dt.datetime(2024, 5, 6, tzinfo=dt.UTC)}


@pytest.fixture
def ctx(tmp_path) -> Context:
    """A platform of 70 events, ten a day, in a folder whose name is no word."""
    home = Home(tmp_path / "a home <1>")
    platform = Platform("<b>demo</b>", "demo", tmp_path, "Asia/Shanghai", "CNY", "zh")
    days = [AS_OF - dt.timedelta(days=1 + number % 7) for number in range(70)]
    rows = [
        {
            **{"event_id": f"e{number}", "user_id": "u1", "event_type": "view", "event_date": day, **BATCH},
            "occurred_at": dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC),
        }
        for number, day in enumerate(days)
    ]
    fill(Lake(home.lake), EVENTS, rows)
    return Context(Settings(), home, platform, dt.datetime(2024, 5, 6, 1, tzinfo=dt.UTC), lambda _line: None)


def fill(lake, table, rows):
    lake.append(table, pa.Table.from_pylist(rows, schema=table.arrow()).to_reader())


def kept(ctx, as_of=AS_OF):
    import duckdb

    with duckdb.connect() as con:
        source = ctx.scored.source(with_history(quality.CHECKS), where=f"as_of = DATE '{as_of}'")
        return con.execute(f"SELECT suite, rule, success, unexpected FROM ({source})").fetchall()


def test_a_clean_lake_leaves_its_verdicts_and_three_pages(ctx):
    (part,) = validate(ctx, AS_OF)
    assert (part.part, part.rows) == ("quality.checks", len(kept(ctx)))
    assert {suite for suite, *_ in kept(ctx)} == {"events"}
    assert all(success for _, _, success, _ in kept(ctx))
    folder = ctx.home.reports / str(AS_OF)
    assert sorted(file.name for file in folder.iterdir()) == ["checks.en.html", "checks.html", "checks.zh.html"]
    assert (folder / "checks.html").read_bytes() == (folder / "checks.zh.html").read_bytes()
    assert "&lt;b&gt;demo&lt;/b&gt;" in (folder / "checks.en.html").read_text()


def test_a_failed_check_stops_the_week_and_names_the_page_that_explains_it(ctx):
    bad = {"event_id": "<script>x</script>", "event_type": "view", "event_date": AS_OF - dt.timedelta(days=1)}
    when = {"occurred_at": dt.datetime(2024, 5, 5, 12, tzinfo=dt.UTC)}
    fill(ctx.lake, EVENTS, [{**bad, **when, "amount": Decimal(-1), "currency": "CNY", **BATCH}])
    fill(ctx.lake, USERS, [{"user_id": "secret-person", **BATCH}] * 2)
    with pytest.raises(CheckError) as caught:
        list(validate(ctx, AS_OF))
    page = ctx.home.reports / str(AS_OF) / "checks.html"
    said = str(caught.value)
    assert said.startswith(f"2 of {len(kept(ctx))} checks failed for the week before 2024-05-06. events: No amount")
    assert said.endswith(f"all verdicts: {page}")
    assert "<script>" not in said
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    assert "<script" not in text
    assert "secret-person" not in text + said
    assert ("events", "amount.negative", False, 1) in kept(ctx)


def test_validating_again_replaces_the_week_and_leaves_others(ctx):
    list(validate(ctx, AS_OF))
    rows = kept(ctx)
    list(validate(ctx, AS_OF))
    assert kept(ctx) == rows
    assert kept(ctx, AS_OF - dt.timedelta(days=7)) == []


@pytest.fixture
def altered(copied, finished):
    """Runs a query over the newest week's partition of a table and puts its rows in the partition's place."""
    import duckdb

    ctx, week = copied(), finished.weeks[-1]

    def alter(table, query):
        lake = ctx.features if table.name.startswith("features.") else ctx.scored
        stored = with_history(table)
        with duckdb.connect() as con:
            source = lake.source(stored, where=f"as_of = DATE '{week}'")
            con.execute(f"CREATE TABLE stored AS {source}")
            rows = con.sql(query).to_arrow_table().cast(stored.arrow())
            lake.replace(stored, rows.to_reader(), partition={"as_of": [str(week)]})
        return ctx

    return alter


TWICE = "SELECT * FROM stored UNION ALL (SELECT * FROM stored ORDER BY user_id LIMIT 1)"
RISKY = "SELECT * REPLACE (if(eligible, 1.5, NULL) AS purchase_28d) FROM stored"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "query", "said"),
    [
        (USER_SNAPSHOT, TWICE, "features.user_snapshot: No two rows"),
        (USER_SCORES, TWICE, "marts.user_scores: No two rows"),
        (USER_SCORES, RISKY, "marts.user_scores: purchase_28d lies between 0 and 1"),
    ],
)
def test_a_week_whose_features_or_scores_fail_is_not_published(altered, finished, table, query, said):
    week = finished.weeks[-1]
    ctx = altered(table, query)
    before = [release.name for release in releases.listing(ctx.home)]
    with pytest.raises(CheckError, match=said):
        perform(ctx, "publish", as_of=week)
    assert [release.name for release in releases.listing(ctx.home)] == before
    assert releases.current(ctx.home).name == before[-1]
    assert not list(ctx.home.releases.glob(".staging-*"))
    assert table.name in (ctx.home.reports / str(week) / "checks.en.html").read_text()


@pytest.mark.slow
def test_the_verdicts_on_lake_snapshots_and_scores_stand_together_in_a_release(finished):
    import duckdb

    with duckdb.connect(str(releases.current(finished.home).database), read_only=True) as con:
        families = con.execute("SELECT DISTINCT split_part(suite, '.', 1) FROM quality.checks ORDER BY 1").fetchall()
        failed = con.execute("SELECT suite, rule, unexpected FROM quality.checks WHERE NOT success").fetchall()
    assert {name for (name,) in families} >= {"events", "features", "marts", "users"}
    assert [rule for rule in failed if rule[0] not in ("events", "users", "items")] == []


def test_a_failed_check_of_the_lake_lets_nothing_be_learnt_from_it(ctx):
    """The features, made at the same time, stand; no model, score or release was made of them."""
    bad = {"event_id": "e-bad", "event_type": "view", "event_date": AS_OF - dt.timedelta(days=1), **BATCH}
    when = {"occurred_at": dt.datetime(2024, 5, 5, 12, tzinfo=dt.UTC)}
    fill(ctx.lake, EVENTS, [{**bad, **when, "amount": Decimal(-1), "currency": "CNY"}])
    with pytest.raises(CheckError, match=r"events: .*negative"):
        run_week(ctx, as_of=AS_OF)
    assert sorted(file.stem for file in (ctx.home.runs / str(AS_OF)).glob("*.json")) == ["featurise"]
    assert not ctx.home.models.exists() and not releases.listing(ctx.home)


def test_where_the_features_cannot_be_made_either_the_verdict_says_why(ctx):
    bad = {"event_id": "e-bad", "event_type": "view", "event_date": AS_OF - dt.timedelta(days=1), **BATCH}
    when = {"occurred_at": dt.datetime(2024, 5, 5, 12, tzinfo=dt.UTC)}
    fill(ctx.lake, EVENTS, [{**bad, **when, "amount": Decimal(-1), "currency": "CNY"}])
    ctx.home.features.mkdir(parents=True)
    (ctx.home.features / "prepared").write_text("a file where a folder should be")
    with pytest.raises(CheckError):
        run_week(ctx, as_of=AS_OF)
