"""What became of earlier lists, from a real lake, counted by hand; and printed figures that late logs change."""

import gzip
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from lyceum import engine, releases
from lyceum.errors import UsageError
from lyceum.schema import with_history
from lyceum.tables import readout as tables
from lyceum.tables.prediction import EARLY_WARNINGS
from lyceum.tables.scorecards import WEEKLY_KPIS
from pipelines import warning_outcomes
from pipelines.ingest import ingest
from pipelines.keeping import Keeper
from pipelines.readout import outcomes_table, readout
from pipelines.restating import restated, restatements_table
from pipelines.score_growth import kpi_table
from pipelines.workspace import workspace

SOURCE = """
name = "school"
title = "A school"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "already pseudonymous"
duplicates = "drop"

[files.events]
glob = "events*.csv"
format = "csv"
columns = ["id", "user", "at", "type", "amount"]

[files.contacts]
glob = "contacts.csv"
format = "csv"
columns = ["user", "at", "list"]

[files.consents]
glob = "consents.csv"
format = "csv"
columns = ["user", "at", "purpose", "granted"]

[[events]]
file = "events"
[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "instant(at, '%Y-%m-%d %H:%M:%S')"
amount = "money(amount)"

[[contacts]]
file = "contacts"
[contacts.columns]
user_id = "user"
contacted_at = "instant(at, '%Y-%m-%d %H:%M:%S')"
list_as_of = "CAST(list AS DATE)"

[[consents]]
file = "consents"
[consents.columns]
user_id = "user"
at = "instant(at, '%Y-%m-%d %H:%M:%S')"
purpose = "purpose"
granted = "whole(granted)"
"""
LISTED = date(2026, 6, 1)  # the Monday of the list that is told of
OVER = LISTED + timedelta(days=28)
BEFORE = LISTED - timedelta(days=7)
OWN, HELD = [f"own{n:02d}" for n in range(32)], [f"held{n:02d}" for n in range(30)]
IDLE = "idle"  # on the list, and nobody may contact them
EVENTS = """\
own00,2026-06-01 00:00:00,view,
own01,2026-06-14 23:59:59,view,
own02,2026-06-15 00:00:00,view,
own03,2026-06-28 23:59:59,view,
own04,2026-06-29 00:00:00,view,
own05,2026-05-31 23:59:59,view,
own06,2026-06-03 08:00:00,login,
own07,2026-06-03 08:00:00,purchase,30.00
own07,2026-06-20 08:00:00,refund,10.00
own08,2026-06-30 08:00:00,purchase,99.00
own09,2026-06-04 08:00:00,complain,
held00,2026-06-01 00:00:00,view,
held01,2026-06-20 08:00:00,purchase,12.50
idle,2026-06-02 08:00:00,view,
"""
CONTACTS = """\
own00,2026-06-01 10:00:00,2026-06-01
own01,2026-06-20 10:00:00,2026-06-01
own02,2026-06-07 23:59:59,
own03,2026-06-08 00:00:00,
own04,2026-06-02 10:00:00,2026-05-25
own05,2026-05-31 23:59:59,2026-06-01
held02,2026-06-02 10:00:00,2026-06-01
"""
CONSENTS = """\
own10,2026-06-28 23:59:59,marketing,0
own11,2026-06-29 00:00:00,marketing,0
own12,2026-06-02 10:00:00,marketing,1
held03,2026-06-01 00:00:00,push,0
"""


@pytest.fixture
def school(deliveries, tmp_path):
    made = deliveries(SOURCE, tmp_path / "platform")
    rows = [f"{user},2026-05-20 09:00:00,search," for user in (*OWN, *HELD, IDLE)] + EVENTS.splitlines()
    made.deliver("events.csv", "id,user,at,type,amount\n" + "".join(f"e{n},{row}\n" for n, row in enumerate(rows)))
    made.deliver("contacts.csv", "user,at,list\n" + CONTACTS)
    made.deliver("consents.csv", "user,at,purpose,granted\n" + CONSENTS)
    ctx = made.context()
    ingest(ctx, init_key=True)
    return made, replace(ctx, platform=ctx.home.platform())


@contextmanager
def keeper(ctx, as_of=OVER):
    with workspace(ctx) as space:
        yield Keeper(space, as_of)


def keep_list(ctx, people, *, as_of=LISTED, held=(), rule="going_quiet"):
    rows = [{"user_id": user, "rank": n, "rule": rule, "holdout": user in held} for n, user in enumerate(people, 1)]
    if IDLE in people:
        rows[-1]["rule"] = "complaint_pause"
    with keeper(ctx, as_of) as own:
        own.keep(EARLY_WARNINGS, pd.DataFrame(rows))


def told(ctx, table=tables.OUTCOMES, as_of=OVER):
    with workspace(ctx) as space:
        where = f"as_of = DATE '{as_of}'"
        return space.stored(ctx.scored, with_history(table), where=where, order=table.key)


def ones(frame, outcome):
    return {user for user, value in zip(frame["user_id"], frame[outcome], strict=True) if value}


def test_everybody_of_the_list_is_followed_for_28_local_days(school):
    ctx = school[1]
    keep_list(ctx, [*OWN, *HELD, IDLE], held=HELD)
    with keeper(ctx) as own:
        found = warning_outcomes.followed(own, warning_outcomes.entered(own))
    assert found["user_id"].tolist() == sorted([*OWN, *HELD])  # nobody might have contacted the last of them
    assert ones(found, "holdout") == set(HELD)
    late = {"own02", "own03"}
    assert ones(found, "back_28d") == {"own00", "own01", "own07", "own09", "held00", "held01"} | late
    assert ones(found, "back_14d") == {"own00", "own01", "own07", "own09", "held00"}
    assert ones(found, "complained_28d") == {"own09"}
    assert ones(found, "refunded_28d") == {"own07"}
    assert ones(found, "unsubscribed_28d") == {"own10", "held03"}
    assert ones(found, "reached") == {"own00", "own01", "own02", "held02"}
    spent = {user: money for user, money in zip(found["user_id"], found["net_spend_28d"], strict=True) if money}
    assert spent == {"own07": 20.0, "held01": 12.5}


def test_the_table_says_what_the_list_changed(school):
    ctx = school[1]
    keep_list(ctx, [*OWN, *HELD, IDLE], held=HELD)
    with keeper(ctx) as own:
        part = outcomes_table(own)
    rows = told(ctx)
    assert part.rows == len(rows) == 6 * 2 * 2  # outcomes, scopes, bases
    assert set(rows["outcome"]) == {
        *("back_28d", "back_14d", "net_spend_28d", "complained_28d", "refunded_28d", "unsubscribed_28d")
    }
    rows = rows[(rows["scope"] == "pooled") & (rows["basis"] == "assigned")].set_index("outcome")
    assert rows["role"].to_dict() == {
        **{"back_28d": "stated", "back_14d": "further", "net_spend_28d": "further"},
        **dict.fromkeys(("complained_28d", "refunded_28d", "unsubscribed_28d"), "harm"),
    }
    back, spent = rows.loc["back_28d"], rows.loc["net_spend_28d"]
    assert (back["contacted"], back["reached"], back["holdout"], back["holdout_reached"]) == (32, 3, 30, 1)
    assert (back["contacted_rate"], back["holdout_rate"]) == (6 / 32, 2 / 30)
    assert back["effect"] == pytest.approx(6 / 32 - 2 / 30) and back["low_95"] < 0 < back["high_95"]
    assert (spent["contacted_mean"], spent["holdout_mean"]) == (20 / 32, 12.5 / 30)
    assert (spent["unit"], spent["contacted_rate"]) == ("currency", pytest.approx(float("nan"), nan_ok=True))


def test_nothing_is_told_before_the_days_are_over(school):
    ctx = school[1]
    keep_list(ctx, [*OWN, *HELD], held=HELD)
    with keeper(ctx, OVER - timedelta(days=7)) as own:
        assert outcomes_table(own).code == "no_mature_list"


def test_a_person_counts_on_the_first_list_alone_however_old_it_is(school):
    ctx = school[1]
    long_ago = LISTED - timedelta(days=7 * 30)
    keep_list(ctx, OWN[:4], as_of=long_ago)
    keep_list(ctx, [*OWN[4:8], IDLE], as_of=BEFORE)
    keep_list(ctx, [*OWN, *HELD, IDLE], held=HELD)
    with keeper(ctx) as own:
        found = warning_outcomes.entered(own).groupby("as_of")["user_id"].agg(list).to_dict()
    assert found == {BEFORE: OWN[4:8], LISTED: sorted([*OWN[8:], *HELD])}


def test_a_platform_without_contacts_and_sales_is_told_of_what_it_has(school, deliveries, tmp_path):
    made = deliveries(SOURCE, tmp_path / "quiet")
    rows = [f"{user},2026-06-{3 + n % 2} 09:00:00,view," for n, user in enumerate((*OWN, *HELD))]
    made.deliver("events.csv", "id,user,at,type,amount\n" + "".join(f"e{n},{row}\n" for n, row in enumerate(rows)))
    ctx = made.context()
    ingest(ctx, init_key=True)
    ctx = replace(ctx, platform=ctx.home.platform())
    keep_list(ctx, [*OWN, *HELD], held=HELD)
    with keeper(ctx) as own:
        outcomes_table(own)
    rows = told(ctx)
    assert set(rows["outcome"]) == {"back_28d", "back_14d"} and set(rows["basis"]) == {"assigned"}
    assert rows["reached"].isna().all()
    assert set(rows["effect"]) == {0.0}


def keep_kpis(ctx, as_of, **values):
    rows = [{"week": LISTED, "area": "money", "kpi": k, "value": v} for k, v in values.items()]
    with keeper(ctx, as_of) as own:
        own.keep(WEEKLY_KPIS, pd.DataFrame(rows))


def print_kpis(ctx, as_of):
    """A release of what was kept for a week, of this table alone."""
    folder = releases.stage(ctx.home, as_of)
    source = ctx.scored.source(with_history(WEEKLY_KPIS), where=f"as_of = DATE '{as_of}'")
    with engine.connect(folder / releases.DATABASE) as con:
        con.execute("CREATE SCHEMA marts")
        con.execute(f"CREATE TABLE {WEEKLY_KPIS.name} AS SELECT * EXCLUDE (as_of) FROM ({source})")
    (folder / "report").mkdir()
    return releases.commit(ctx.home, folder, {"as_of": str(as_of), "tables": {}})


def test_figures_that_changed_since_they_were_printed_are_told(school):
    ctx = school[1]
    week = OVER - timedelta(days=7)
    keep_kpis(ctx, week, net=100.0, payers=7.0, gmv=0.1 + 0.2, rating_mean=4.5, refund_rate=None)
    print_kpis(ctx, week)
    keep_kpis(ctx, OVER, net=126.0, payers=7.0, gmv=0.3, rating_mean=None, refund_rate=0.1)
    # The same week, made again before: what was printed counts, not what was kept since.
    keep_kpis(ctx, week, net=126.0)
    with keeper(ctx) as own:
        part = restatements_table(own)
    rows = told(ctx, tables.RESTATEMENTS).set_index("kpi")
    assert part.rows == len(rows) == 2
    assert (rows.loc["net", "published"], rows.loc["net", "restated"]) == (100.0, 126.0)
    assert rows.loc["rating_mean", "published"] == 4.5 and pd.isna(rows.loc["rating_mean", "restated"])
    assert set(rows["published_as_of"]) == {week}


def test_the_first_release_restates_nothing_nor_does_a_later_one_bear_on_it(school):
    ctx = school[1]
    keep_kpis(ctx, OVER, net=126.0)
    print_kpis(ctx, OVER)
    with keeper(ctx) as own:
        assert restatements_table(own).code == "no_predecessor"


def test_a_week_that_was_never_scored_is_refused_and_nothing_is_restated(school):
    ctx, week = school[1], OVER - timedelta(days=7)
    keep_kpis(ctx, week, net=100.0)
    print_kpis(ctx, week)
    with pytest.raises(UsageError, match="never scored"):
        list(readout(ctx, OVER))
    assert told(ctx, tables.RESTATEMENTS).empty


def test_a_release_that_cannot_be_read_does_not_stop_the_week(school):
    ctx, week = school[1], OVER - timedelta(days=7)
    for as_of in (week, OVER):
        keep_kpis(ctx, as_of, net=126.0)
    release = print_kpis(ctx, week)
    release.database.chmod(0o644)
    release.database.write_bytes(b"nothing")
    with keeper(ctx) as own:
        part = restatements_table(own)
    assert (part.code, release.name in part.why) == ("no_predecessor", True)


def test_what_was_not_known_then_is_no_restatement():
    columns = ["week", "kpi", "value"]
    printed = pd.DataFrame([(OVER, "wau", 10.0)], columns=columns)
    now = pd.DataFrame(
        [(OVER, "wau", 10.0), (OVER, "net", 5.0), (OVER + timedelta(days=7), "wau", 3.0)], columns=columns
    )
    assert restated(printed, now).empty


@pytest.mark.slow
def test_a_late_delivery_restates_the_week_that_it_tells_of(copied, finished, tmp_path):
    """Two published weeks with nothing late tell of no change; events that come after do."""
    ctx, (first, as_of) = copied(), finished.weeks
    assert told(ctx, tables.RESTATEMENTS, as_of).empty
    day = first - timedelta(days=3)
    lines = [
        f'{{"id":"late{number}","uid":"u{9_000_000 + number}","type":"view","ts":"{day}T12:00:00+08:00"}}'
        for number in range(40)
    ]
    (tmp_path / "late" / "events").mkdir(parents=True)
    with gzip.open(tmp_path / "late" / "events" / f"{day}.late.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    late = replace(ctx, platform=replace(ctx.platform, data=tmp_path / "late"))
    ingest(late)
    with keeper(ctx, as_of) as own:
        kpi_table(own)
    parts = list(readout(ctx, as_of))
    assert [part.part for part in parts] == ["marts.outcomes", "marts.restatements"]
    rows = told(ctx, tables.RESTATEMENTS, as_of)
    wau = rows[(rows["week"] == first - timedelta(days=7)) & (rows["kpi"] == "wau")].iloc[0]
    assert wau["restated"] == wau["published"] + 40
    assert set(rows["week"]) <= {first - timedelta(days=7), first}  # of the next week what looks back
