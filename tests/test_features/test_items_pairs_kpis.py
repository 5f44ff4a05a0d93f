from datetime import UTC, date, datetime
from decimal import Decimal

import ibis
import pandas as pd

from features import kpis, pairs
from features.items import item_snapshot
from features.kpi_history import weekly_kpis
from lyceum.events import EVENT_TYPES, SIGNALS
from lyceum.tables.features import ITEM_SNAPSHOT

from .conftest import AS_OF

LOGGED = dict.fromkeys((*EVENT_TYPES, *SIGNALS), date(2000, 1, 1))
BEFORE = ibis.literal(datetime(2024, 5, 5, 16, tzinfo=UTC))  # Monday 00:00 in Shanghai


def items(world):
    rows = item_snapshot(world.events, world.backend.table("items"), as_of=AS_OF, before=BEFORE, first_seen=LOGGED)
    return world.frame(rows, ("item_id",))


def test_an_item_nobody_described_and_one_nobody_touched_are_both_there(world):
    world.add("a", 1, "learn", item_id="touched")
    world.insert("items", {"item_id": "described", "title": "T"})
    rows = items(world)
    assert list(rows["touched"]) == ITEM_SNAPSHOT.names
    assert (rows["touched"]["learners_7d"], rows["touched"]["on_sale"]) == (1, True)
    assert (rows["described"]["users_84d"], rows["described"]["title"]) == (0, "T")


def test_the_version_known_before_the_week_counts(world):
    for day, title in ((1, "old"), (4, "new"), (7, "from the future")):
        world.insert("items", {"item_id": "c", "title": title, "known_at": datetime(2024, 5, day, tzinfo=UTC)})
    assert items(world)["c"]["title"] == "new"


def test_on_sale_is_between_publication_and_withdrawal(world):
    def shelf(name, published, withdrawn):
        world.insert("items", {"item_id": name, "published_at": published, "withdrawn_at": withdrawn})

    shelf("now", datetime(2024, 1, 1, tzinfo=UTC), None)
    shelf("later", datetime(2024, 6, 1, tzinfo=UTC), None)
    shelf("gone", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC))
    rows = items(world)
    assert {name: row["on_sale"] for name, row in rows.items()} == {"now": True, "later": False, "gone": False}


def test_item_revenue_is_net(world):
    world.add("a", 2, "purchase", item_id="c", amount=Decimal("20.00"))
    world.add("a", 1, "refund", item_id="c", amount=Decimal("20.00"))
    row = items(world)["c"]
    assert (row["item_purchases_7d"], row["item_refunds_7d"], row["item_revenue_7d"]) == (1, 1, Decimal("0.00"))


def test_what_was_owned_long_ago_is_known_without_weight(world):
    world.add("a", 200, "enrol", item_id="old")
    world.add("a", 1, "learn", item_id="new")
    world.add("a", 2, "learn", item_id="new")
    world.add("a", 200, "learn", item_id="forgotten")
    rows = world.frame(pairs.interactions(world.events, as_of=AS_OF, window_days=28), ("item_id",))
    assert {name: (row["weight"], row["owned"]) for name, row in rows.items()} == {
        "old": (0.0, True),
        "new": (2.0, False),
    }


def test_weeks_are_mondays(world):
    world.add("a", 1, "learn")  # Sunday 5 May
    world.add("a", 7, "learn")  # Monday 29 April
    world.add("a", 8, "learn")  # Sunday 28 April
    weeks = world.frame(pairs.user_weeks(world.days, as_of=AS_OF), ("week",))
    assert set(weeks) == {date(2024, 4, 22), date(2024, 4, 29)}


def numbers(world, signals=LOGGED):
    def rows(expression):
        return world.con.sql(world.backend.compile(expression)).to_arrow_table().to_pandas().astype({"week": "str"})

    counts, voices = (
        rows(kpis.weekly_counts(world.days, as_of=AS_OF)),
        rows(kpis.weekly_voices(world.events, as_of=AS_OF)),
    )
    table = weekly_kpis(counts, voices, signals=signals)
    return {(row.week.date(), row.kpi): row for row in table.itertuples()}


def test_weekly_numbers_by_hand(world):
    for user in range(40):
        world.add(f"u{user}", 8, "learn", duration_ms=120_000)  # week of 22 April, all new
    for user in range(10):
        world.add(f"u{user}", 1, "learn")  # week of 29 April
        world.add(f"u{user}", 2, "view")
    world.add("u0", 1, "purchase", amount=Decimal("50.00"))
    world.add("u0", 1, "refund", amount=Decimal("20.00"))
    found = numbers(world)
    before, last = date(2024, 4, 22), date(2024, 4, 29)
    assert [found[before, name].value for name in ("wau", "new_users", "learning_minutes")] == [40, 40, 80]
    assert [found[last, name].value for name in ("wau", "new_users", "payers", "gmv", "net")] == [10, 0, 1, 50, 30]
    kept = found[last, "week1_retention"]
    assert (kept.numerator, kept.denominator, kept.value) == (10, 40, 0.25)
    stickiness = found[last, "stickiness"]
    assert (stickiness.numerator, stickiness.denominator) == (20, 70)
    assert found[last, "wau"].previous == 40
    assert pd.isna(found[last, "rating_mean"].value)  # a rate without 30 ratings is no figure


def test_numbers_of_what_is_not_logged_are_unknown(world):
    world.add("a", 1, "learn")
    found = numbers(world, signals={"learn"})
    assert pd.isna(found[date(2024, 4, 29), "gmv"].value)
    assert found[date(2024, 4, 29), "wau"].value == 1


def test_a_week_without_events_is_zero_and_eight_weeks_make_unusual(world):
    for week in range(10):
        if week == 5:
            continue
        people = 3 + week % 2 if week else 30  # week 0 is the newest
        for user in range(people):
            world.add(f"u{user}", 1 + 7 * week, "learn")
    found = numbers(world)
    empty = date(2024, 4, 29) - pd.Timedelta(weeks=5).to_pytimedelta()
    assert found[empty, "wau"].value == 0
    assert found[date(2024, 4, 29), "wau"].unusual
