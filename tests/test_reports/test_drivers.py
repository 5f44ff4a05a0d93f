from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum.schema import published
from reports import drivers
from reports.page import render
from reports.query import SMALL
from reports.summary import summarise

TABLES = (
    *("marts.user_scores", "marts.segments", "marts.item_performance", "marts.weekly_kpis"),
    "features.user_snapshot",
)


def people(con, *groups):
    """Groups of people: (how many, state, columns of their snapshot)."""
    number = 0
    for count, state, columns in groups:
        con.execute(
            """INSERT INTO marts.user_scores BY NAME SELECT 'u' || i AS user_id, ? AS lifecycle_state
               FROM range(?, ?) r(i)""",
            [state, number, number + count],
        )
        chosen = "".join(f", {value} AS {name}" for name, value in columns.items())
        con.execute(
            f"""INSERT INTO features.user_snapshot BY NAME SELECT 'u' || i AS user_id,
                DATE '2026-07-20' AS as_of{chosen} FROM range(?, ?) r(i)""",
            [number, number + count],
        )
        number += count


def small_release():
    """A release of nothing but the tables that these queries read, empty."""
    con = duckdb.connect()
    for schema in ("marts", "features", "history"):
        con.execute(f"CREATE SCHEMA {schema}")
    for made in published():
        if made.name in TABLES:
            con.execute(made.ddl())
    for name in ("user_scores", "segments"):
        con.execute(f"CREATE TABLE history.{name} AS SELECT NULL::DATE AS as_of, * FROM marts.{name} WHERE false")
    return con


def told(con, support, name):
    return drivers.figures(con, as_of=support.AS_OF)[name]["value"]


def changes(rows):
    return sum(Decimal(str(row["change"])) for row in rows)


def test_active_people_by_channel_add_up_to_the_change(support):
    con = small_release()
    app, web = {"channel": "'app'"}, {"channel": "'web'"}
    people(
        con, (40, "active", app), (30, "at_risk", app), (12, "new", app), (25, "active", web), (11, "returned", web)
    )
    rows = told(con, support, "wau_by_channel")
    assert [(row["name_zh"], row["before"], row["now"], row["change"]) for row in rows] == [
        ("app", 70, 52, -18),  # 40 + 30 were there; 40 + 12 are
        ("web", 25, 36, 11),
    ]
    assert changes(rows) == (40 + 12 + 25 + 11) - (40 + 30 + 25)


def test_a_small_part_takes_the_next_one_with_it(support):
    con = small_release()
    groups = [(3, "active", "tv"), (15, "active", "web"), (40, "active", "app"), (60, "active", "search")]
    people(con, *((count, state, {"channel": f"'{name}'"}) for count, state, name in groups))
    rows = told(con, support, "wau_by_channel")
    assert [(row["kind"], row["name_zh"], row["now"]) for row in rows] == [
        *(("group", "app", 40), ("group", "search", 60), ("rest", None, 18))
    ]


def test_where_all_together_are_few_nothing_is_told(support):
    con = small_release()
    people(con, (4, "active", {"channel": "'tv'"}), (3, "new", {"channel": "'app'"}))
    row = told(con, support, "wau_by_channel")[0]
    assert (row["kind"], row["people_now"], row["now"], row["change"]) == ("rest", SMALL, "withheld", "withheld")


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_add_up_and_none_is_small(support, drawn):
    con = small_release()
    states = ("active", "at_risk", "new")
    people(
        con,
        *(
            (count, state, {"channel": f"'c{place}'"})
            for place, counts in enumerate(drawn)
            for count, state in zip(counts, states, strict=True)
        ),
    )
    rows = told(con, support, "wau_by_channel")
    now, before = (sum(counts[0] + counts[at] for counts in drawn) for at in (2, 1))
    if any(row["now"] == "withheld" or row["before"] == "withheld" for row in rows):
        assert len(rows) == 1 or min(now, before) < 10
        return
    assert (sum(row["now"] for row in rows), sum(row["before"] for row in rows)) == (now, before)
    assert changes(rows) == now - before
    assert not [row for row in rows if 0 < row["now"] < 10 or 0 < row["before"] < 10]


def test_segments_are_those_of_before_both_weeks(support):
    con = small_release()
    people(con, (30, "active", {}), (20, "at_risk", {}), (12, "new", {}))
    assert told(con, support, "wau_by_segment") == []  # no segments were published two weeks before
    for day in (14, 7):
        con.execute(
            """INSERT INTO history.user_scores BY NAME SELECT ? AS as_of, 'u' || i AS user_id,
               CASE WHEN ? = 14 THEN 1 ELSE 2 END AS segment_id FROM range(50) r(i)""",
            [support.AS_OF - timedelta(days=day), day],
        )
        segment = {"segment_id": 1 if day == 14 else 2, "name_zh": f"旧{day}", "name_en": f"old {day}", "users": 50}
        support.plant(con, "history.segments", [segment | {"as_of": support.AS_OF - timedelta(days=day)}])
    rows = told(con, support, "wau_by_segment")
    assert [(row["kind"], row["name_en"], row["change"]) for row in rows] == [
        ("group", "old 14", -20),
        ("joined", None, 12),
    ]


def test_learning_and_receipts_by_channel(support):
    con = small_release()
    learns = {"channel": "'app'", "learning_events_7d": 2, "learning_events_14d": 5}
    stopped = {"channel": "'app'", "learning_events_7d": 0, "learning_events_14d": 5}
    money = {"spend_28d": "10.50", "spend_56d": "30.50"}
    people(con, (20, "active", learns | money), (15, "at_risk", stopped))
    people_rows, money_rows = (told(con, support, f"{name}_by_channel") for name in ("learning", "net"))
    assert [(row["before"], row["now"], row["change"]) for row in people_rows] == [(35, 20, -15)]
    assert [(row["before"], row["now"], row["change"]) for row in money_rows] == [("400.00", "210.00", "-190.00")]


def test_the_weeks_net_receipts_fall_apart_into_orders_their_value_and_refunds(support):
    con = small_release()
    kpis = {"orders": (120, 100), "gmv": (6600, 5000), "refunds": (300, 200)}
    units = {"orders": "events", "gmv": "currency", "refunds": "currency"}
    rows = [
        {"week": support.WEEK, "kpi": name, "unit": units[name], "value": now, "previous": before}
        for name, (now, before) in kpis.items()
    ]
    support.plant(con, "marts.weekly_kpis", rows)
    # 20 orders more at the mean of 50 and 55 are 1,050; the other 550 of GMV's 1,600 are the higher value.
    row = {"change": "1500.00", "orders": "1050.00", "order_value": "550.00", "refunds": "-100.00"}
    assert told(con, support, "net_split") == [row]


def test_the_people_who_learn_fall_apart_into_how_many_came_and_how_many_of_them_learn(support):
    con = small_release()
    rows = [
        support.kpi(name, value=now, previous=before)
        for name, now, before in (("wau", 80.0, 100.0), ("wau_learning", 40.0, 40.0))
    ]
    support.plant(con, "marts.weekly_kpis", rows)
    # The share rose from 0.4 to 0.5: 20 fewer people at 0.45 are -9, made up by the share.
    assert told(con, support, "learning_split") == [{"change": 0, "reach": -9, "share": 9}]


def item(number, **columns):
    sold = {"revenue_28d": 0, "revenue_previous_28d": 0, "buyers_28d": 0, "orders_28d": 0, "paid_28d": 0, "price": 10}
    return {"item_id": f"i{number}", "title": f"Course {number}"} | sold | columns


def test_items_whose_earlier_receipts_are_those_of_few_buyers_are_not_named(support):
    con = small_release()
    many = {"buyers_28d": 30, "orders_28d": 30, "paid_28d": 300, "revenue_28d": 300}
    rows = [
        item(1, **many, revenue_previous_28d=500),
        item(2, **many, revenue_previous_28d=90),  # nine orders at most
        item(
            3, buyers_28d=12, orders_28d=12, paid_28d=1200, revenue_28d=1200, revenue_previous_28d=900
        ),  # at 100 now
        item(4, **many, revenue_previous_28d=0),
        item(5, buyers_28d=2, orders_28d=2, paid_28d=20, revenue_28d=20),
    ]
    support.plant(con, "marts.item_performance", rows)
    found = told(con, support, "net_by_item")
    assert [(row["name_zh"], row["change"]) for row in found] == [
        ("Course 4", "300.00"),
        ("Course 1", "-200.00"),
        (None, "530.00"),  # 210 + 300 + 20
    ]
    assert changes(found) == (300 + 300 + 1200 + 300 + 20) - (500 + 90 + 900)


@pytest.mark.parametrize(("language", "down"), [("zh", "↓ −18"), ("en", "↓ −18")])
def test_the_section_says_signs_in_words_and_no_cause(support, language, down):
    con = support.empty_release()
    app, web = {"channel": "'app'"}, {"channel": "'web'"}
    people(
        con, (40, "active", app), (30, "at_risk", app), (12, "new", app), (25, "active", web), (11, "returned", web)
    )
    support.plant_kpis(con)
    summary = summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release="r")
    text = render(summary, language=language)
    part = text[text.index('<section id="drivers"') :]
    part = part[: part.index("</section>")]
    assert down in part
    assert {"zh": "不说明原因", "en": "not why"}[language] in part
    assert {"zh": "合计", "en": "Total"}[language] in part
