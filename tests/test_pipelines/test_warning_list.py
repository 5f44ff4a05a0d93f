"""The list of a week from a real lake: what was told before its Monday counts, to the instant, and nothing later."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from lyceum.schema import table, with_history
from lyceum.tables.features import USER_SNAPSHOT
from lyceum.tables.prediction import EARLY_WARNINGS
from pipelines import warning_list
from pipelines.ingest import ingest
from pipelines.keeping import Keeper
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
glob = "events.csv"
format = "csv"
columns = ["id", "user", "at", "type", "amount"]

[files.contacts]
glob = "contacts.csv"
format = "csv"
columns = ["user", "at", "channel"]

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
channel = "channel"

[[consents]]
file = "consents"
[consents.columns]
user_id = "user"
at = "instant(at, '%Y-%m-%d %H:%M:%S')"
purpose = "purpose"
granted = "whole(granted)"
"""
AS_OF = date(2026, 7, 6)
SEEN = "2026-06-29 09:00:00"
SPENT = {"payer": 400, "caller": 300}
MORE_EVENTS = """\
complained,2026-07-05 23:59:59,complain,
complained_now,2026-07-06 00:00:00,complain,
complained_long_ago,2026-06-21 23:59:59,complain,
refunded,2026-06-22 00:00:00,refund,9
"""
CONTACTS = """\
contacted,2026-06-22 00:00:00,push
contacted_long_ago,2026-06-21 07:00:00,phone
contacted_long_ago,2026-05-04 10:00:00,push
contacted_now,2026-07-06 00:00:00,push
contacted_often,2026-06-29 00:00:00,push
contacted_often,2026-07-01 10:00:00,mail
contacted_often,2026-07-03 10:00:00,chat
contacted_twice,2026-06-28 23:59:59,push
contacted_twice,2026-07-01 10:00:00,mail
contacted_twice,2026-07-03 10:00:00,chat
"""
CONSENTS = """\
caller,2026-05-01 10:00:00,phone,0
caller,2026-06-01 10:00:00,phone,1
payer,2026-05-01 10:00:00,phone,1
payer,2026-06-01 10:00:00,phone,0
refuses,2026-05-01 10:00:00,marketing,1
refuses,2026-07-05 23:59:59,marketing,0
refuses_all,2026-06-01 10:00:00,personalisation,0
refuses_now,2026-07-06 00:00:00,marketing,0
"""
WHO = ("quiet", "safe", "unscored", *SPENT)
PEOPLE = sorted({*WHO, *(line.split(",")[0] for line in (MORE_EVENTS + CONTACTS + CONSENTS).splitlines())})
REASON = {"column": "recency_days", "value": 7, "contribution": 1.0, "exact": True, "zh": "七天", "en": "a week"}


WEEKS = (date(2026, 6, 15), date(2026, 6, 22), date(2026, 6, 29), AS_OF)


def snapshot(as_of):
    """What the list reads of everybody's features; the step that makes them has tests of its own."""
    given = {"recency_days": "7", "spend_84d": f"coalesce(('{json.dumps(SPENT)}'::JSON->>user_id)::INT, 0)"}
    columns = ", ".join(f"{given.get(name, 'NULL')} AS {name}" for name in USER_SNAPSHOT.names[2:])
    people = ", ".join(f"('{user}')" for user in PEOPLE)
    return f"SELECT user_id, DATE '{as_of}' AS as_of, {columns} FROM (VALUES {people}) who(user_id)"


@pytest.fixture(scope="module")
def school(deliveries, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LYCEUM_SECRET", raising=False)
        made = deliveries(SOURCE, tmp_path_factory.mktemp("school") / "platform")
        rows = [f"{user},{SEEN},view," for user in PEOPLE] + MORE_EVENTS.splitlines()
        lines = "".join(f"e{number},{row}\n" for number, row in enumerate(rows))
        made.deliver("events.csv", "id,user,at,type,amount\n" + lines)
        made.deliver("contacts.csv", "user,at,channel\n" + CONTACTS)
        made.deliver("consents.csv", "user,at,purpose,granted\n" + CONSENTS)
        ctx = made.context()
        ingest(ctx, init_key=True)
        ctx = replace(ctx, platform=ctx.home.platform())
        with workspace(ctx) as space:
            for week in WEEKS:
                space.write(ctx.features, USER_SNAPSHOT, snapshot(week), weeks=[week])
        return ctx


@pytest.fixture
def kept(school):
    """Opens the keeper of a week under given settings, nobody held out unless asked; no list was kept before."""
    shutil.rmtree(school.home.scored, ignore_errors=True)

    @contextmanager
    def opened(as_of=AS_OF, **settings):
        chosen = school.settings.model_copy(update={"holdout_share": 0.0, **settings})
        with workspace(replace(school, settings=chosen)) as space:
            yield Keeper(space, as_of)

    return opened


def scores(**risks):
    found = pd.DataFrame({"user_id": PEOPLE, "churn_28d": 0.8, "churn_reasons": json.dumps([REASON])})
    given = {"safe": 0.2, "unscored": None, **risks}
    return found.assign(churn_28d=[given.get(user, 0.8) for user in PEOPLE])


def told(people):
    return people.set_index("user_id")["churn_reasons"]


def by_user(listed):
    return listed.set_index("user_id").to_dict("index")


def test_what_was_told_before_the_monday_decides_to_the_instant(kept):
    with kept() as keeper:
        found = by_user(warning_list.whom(keeper, scores()))
    lines = {user: row["rule"] for user, row in found.items()}
    assert lines == {
        **dict.fromkeys(("quiet", "complained_now", "complained_long_ago", "refuses_now"), "going_quiet"),
        **dict.fromkeys(("contacted_long_ago", "contacted_now"), "going_quiet"),
        **{"complained": "complaint_pause", "refunded": "complaint_pause"},
        **{"refuses": "no_rule_fits", "refuses_all": "personalisation_refused"},
        **{"payer": "high_value_message", "caller": "high_value"},
    }
    assert {user for user, row in found.items() if row["suggested_action"] == "none"} == {
        *("complained", "refunded", "refuses", "refuses_all")
    }
    assert (found["payer"]["rank"], found["payer"]["value_at_stake"]) == (1, 400.0)
    assert found["quiet"]["last_active_on"] == date(2026, 6, 29)
    # 07:00 in Shanghai is still the day before in UTC.
    assert found["contacted_long_ago"]["last_contacted_on"] == date(2026, 6, 21)
    assert pd.isna(found["contacted_now"]["last_contacted_on"])


def test_a_week_is_seven_days_to_the_instant_over_all_channels(kept):
    with kept(contact_pause_days=1) as keeper:
        found = by_user(warning_list.whom(keeper, scores()))
    assert "contacted_often" not in found
    assert found["contacted_twice"]["contacts_left"] == 1
    assert found["contacted"]["contacts_left"] == 3


def test_without_scores_there_is_no_list_and_the_week_says_why(kept):
    with kept() as keeper:
        unscored = scores().drop(columns="churn_28d")
        listed = warning_list.whom(keeper, unscored)
        assert len(listed) == 0
        assert warning_list.warnings_table(keeper, listed, None).code == "too_few_outcomes"
        calm = scores(**dict.fromkeys(PEOPLE, 0.1))
        listed = warning_list.whom(keeper, calm)
        assert warning_list.warnings_table(keeper, listed, told(calm)).code == "nobody_at_risk"


def stored(ctx, as_of):
    with workspace(ctx) as space:
        rows = space.stored(
            ctx.scored, with_history(EARLY_WARNINGS), where=f"as_of = DATE '{as_of}'", order=("rank",)
        )
    return rows


def test_the_table_holds_the_list_with_its_reasons(kept, school):
    with kept(warning_capacity=3) as keeper:
        listed = warning_list.whom(keeper, scores())
        part = warning_list.warnings_table(keeper, listed, told(scores()))
    rows = stored(school, AS_OF)
    assert part.rows == len(rows) == len(listed)
    assert rows.columns.tolist() == ["as_of", *table("marts.early_warnings").names]
    assert (rows["suggested_action"] != "none").sum() == 3
    assert rows["user_id"].tolist() == listed["user_id"].tolist()
    assert set(rows["reasons_zh"]) == {"七天"}
    assert json.loads(rows["reasons"][0]) == [REASON]
    assert set(rows["expires_on"]) == {date(2026, 7, 13)}


def test_weeks_on_the_list_are_counted_in_a_row(kept):
    first, second = date(2026, 6, 22), date(2026, 6, 29)
    away = scores(payer=0.1)
    counted = {}
    for as_of, people in ((first, scores()), (second, away), (AS_OF, scores())):
        with kept(as_of) as keeper:
            listed = warning_list.whom(keeper, people)
            warning_list.warnings_table(keeper, listed, told(people))
            counted[as_of] = {user: row["weeks_listed"] for user, row in by_user(listed).items()}
            figures = warning_list.measures(keeper, listed).set_index(["metric", "slice"])["value"]
            repeats = figures.get(("repeat_rate", "all"))
    assert set(counted[first].values()) == {1}
    assert (counted[second]["quiet"], counted[second].get("payer")) == (2, None)
    assert (counted[AS_OF]["quiet"], counted[AS_OF]["payer"]) == (3, 1)
    assert repeats == pytest.approx(sum(weeks > 1 for weeks in counted[AS_OF].values()) / len(counted[AS_OF]))
    with kept() as keeper:  # the same week once more is the same list
        assert {u: r["weeks_listed"] for u, r in by_user(warning_list.whom(keeper, scores())).items()} == counted[
            AS_OF
        ]


def test_a_week_alone_begins_to_count_and_has_nothing_to_repeat(kept):
    with kept(date(2026, 6, 15)) as keeper:
        listed = warning_list.whom(keeper, scores())
        assert set(listed["weeks_listed"]) == {1}
        rows = warning_list.measures(keeper, listed)
    assert rows.columns.tolist() == table("quality.model_metrics").names
    assert set(rows["metric"]) == {"expected_profit"}
    assert set(rows["slice"]) == {"all", *listed["suggested_action"]} - {"none"}
    assert (rows["model"] == "early_warnings").all()


def test_who_was_held_out_is_away_as_long_as_who_was_contacted(kept):
    """Else the people held out would stay on the list while those contacted leave it, week after week."""
    away = date(2026, 6, 22)
    with kept(away, holdout_share=1.0) as keeper:
        listed = warning_list.whom(keeper, scores())
        warning_list.warnings_table(keeper, listed, told(scores()))
        assert by_user(listed)["quiet"]["holdout"]
        assert by_user(listed)["refuses_all"]["holdout"]
    for as_of, there in ((date(2026, 6, 29), False), (AS_OF, False)):
        with kept(as_of) as keeper:
            found = by_user(warning_list.whom(keeper, scores()))
        assert ("quiet" in found) is there
        assert "refuses_all" in found  # nobody would have contacted them anyway
    with kept(contact_pause_days=13) as keeper:
        assert "quiet" in by_user(warning_list.whom(keeper, scores()))
