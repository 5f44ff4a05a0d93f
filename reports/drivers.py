"""The queries behind "what moved the numbers": a change taken apart into parts that add up to it.

This is arithmetic, never a cause. Each part has `before`, `now` and `change`, and the changes of a figure's rows add
up to the change of its total. A part behind which stand 1 to 9 people, before or now, is never a row of its own:
such parts are one row together (kind "rest"), and while those are 1 to 9 people too, the next larger part goes in
with them. So no small part follows from the rows that are told and the total.
"""

from datetime import date, timedelta

import duckdb

from reports.query import SMALLEST_CELL, SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection
MOST_PARTS = 8  # rows beside "the rest"
GUARDED = {"people_now": ("now", "change"), "people_before": ("before", "change")}
HERE, LAST = "('new', 'active', 'returned', 'resurrected')", "('active', 'at_risk')"
WAU = f"p.lifecycle_state IN {HERE}", f"p.lifecycle_state IN {LAST}"
LEARNT = "f.learning_events_7d > 0", "f.learning_events_14d > f.learning_events_7d"
EVERYBODY = "(SELECT user_id, lifecycle_state FROM marts.user_scores) p JOIN features.user_snapshot f USING (user_id)"
PAID = "f.spend_28d <> 0", "f.spend_56d <> f.spend_28d"


def figures(con: Connection, /, *, as_of: date) -> dict[str, Figure]:
    """All of them by name, for the week that ended before the Monday `as_of`."""
    week = as_of - timedelta(days=7)
    segment, channel = _by_segment(as_of - timedelta(days=14)), _by_channel()
    return {
        "wau_by_segment": _people(con, WAU, segment),
        "wau_by_channel": _people(con, WAU, channel),
        "learning_by_segment": _people(con, LEARNT, segment),
        "learning_by_channel": _people(con, LEARNT, channel),
        "net_by_item": _items(con, category=False),
        "net_by_category": _items(con, category=True),
        "net_by_segment": _paid(con, _by_segment(as_of - timedelta(days=56))),
        "net_by_channel": _paid(con, channel),
        "learning_split": _learning_split(con, week=week),
        "net_split": _net_split(con, week=week),
    }


def _told(parts: str, /) -> str:
    """The query that gives the rows of `parts` {kind, name_zh, name_en, people_now, people_before, now, before}."""
    few = f"BETWEEN 1 AND {SMALLEST_CELL - 1}"
    return f"""WITH parts AS ({parts}), sized AS (SELECT *,
          least(nullif(people_now, 0), nullif(people_before, 0)) AS cell FROM parts
          WHERE people_now > 0 OR people_before > 0),
        folded AS (SELECT *, coalesce(cell < {SMALLEST_CELL}, true) OR row_number() OVER
          (ORDER BY abs(now - before) DESC, kind, name_zh, name_en) > {MOST_PARTS} AS fold FROM sized),
        placed AS (SELECT *, row_number() OVER sofar AS place, sum(people_now) OVER sofar AS sum_now,
          sum(people_before) OVER sofar AS sum_before, count(*) FILTER (fold) OVER () AS folds FROM folded
          WINDOW sofar AS (ORDER BY fold DESC, cell, kind, name_zh, name_en ROWS UNBOUNDED PRECEDING)),
        cut AS (SELECT CASE WHEN max(folds) = 0 THEN 0 ELSE coalesce(min(place) FILTER (place >= folds
          AND sum_now NOT {few} AND sum_before NOT {few}), max(place)) END AS last FROM placed)
        SELECT * FROM (SELECT CASE WHEN place <= last THEN 'rest' ELSE kind END AS kind,
          CASE WHEN place > last THEN name_zh END AS name_zh, CASE WHEN place > last THEN name_en END AS name_en,
          CAST(sum(people_before) AS BIGINT) AS people_before, CAST(sum(people_now) AS BIGINT) AS people_now,
          sum(before) AS before, sum(now) AS now, sum(now) - sum(before) AS change
        FROM placed, cut GROUP BY ALL) ORDER BY kind = 'rest', abs(change) DESC, kind, name_zh, name_en"""


def _people(con: Connection, ways: tuple[str, str], grouping: tuple[str, str], /) -> Figure:
    """People this week and the week before by group; `ways` says who counts, now and then."""
    group, joins = grouping
    now, before = (f"CAST(count(*) FILTER ({way}) AS BIGINT)" for way in ways)
    parts = f"""SELECT {group}, {now} AS people_now, {before} AS people_before, people_now AS now,
        people_before AS before FROM {EVERYBODY} {joins}
        GROUP BY ALL"""
    return ask(con, _told(parts), table="features.user_snapshot", cells=GUARDED)


def _paid(con: Connection, grouping: tuple[str, str], /) -> Figure:
    """Net receipts of 28 days and of the 28 before, by group; anonymous orders are in none."""
    group, joins = grouping
    people = ", ".join(
        f"count(*) FILTER ({way}) AS {name}" for way, name in zip(PAID, ("people_now", "people_before"), strict=True)
    )
    parts = f"""SELECT {group}, {people}, CAST(coalesce(sum(f.spend_28d), 0) AS DECIMAL(18,2)) AS now,
        CAST(coalesce(sum(f.spend_56d - f.spend_28d), 0) AS DECIMAL(18,2)) AS before
        FROM {EVERYBODY} {joins} GROUP BY ALL"""
    return ask(con, _told(parts), table="features.user_snapshot", cells=GUARDED)


def _items(con: Connection, /, *, category: bool) -> Figure:
    """Net receipts of 28 days and of the 28 before, by item or by category.

    How many bought in the 28 days before is not published: at least as many orders stand behind a sum as it holds
    prices, the higher of the list price and what an order brings now.
    """
    price = "nullif(greatest(price, paid_28d / nullif(orders_28d, 0)), 0)"
    items = f"""SELECT *, coalesce(revenue_28d, 0) AS now, coalesce(revenue_previous_28d, 0) AS before,
        CASE WHEN now = 0 AND coalesce(buyers_28d, 0) = 0 THEN 0 ELSE greatest(coalesce(buyers_28d, 1), 1) END
        AS bought, CASE WHEN before = 0 THEN 0 ELSE greatest(coalesce(CAST(floor(before / {price}) AS BIGINT), 1), 1)
        END AS bought_before FROM marts.item_performance"""
    group = "'group' AS kind, coalesce(title, item_id) AS name_zh, item_id AS name_en"
    if category:
        group = (
            "CASE WHEN category IS NULL THEN 'none' ELSE 'group' END AS kind, category AS name_zh, NULL AS name_en"
        )
    only = " WHERE EXISTS (SELECT 1 FROM marts.item_performance WHERE category IS NOT NULL)" if category else ""
    parts = f"""SELECT {group}, sum(bought) AS people_now, sum(bought_before) AS people_before,
        CAST(sum(now) AS DECIMAL(18,2)) AS now, CAST(sum(before) AS DECIMAL(18,2)) AS before
        FROM ({items}){only} GROUP BY ALL"""
    return ask(con, _told(parts), table="marts.item_performance", cells=GUARDED)


def _by_channel() -> tuple[str, str]:
    """The channel of each person; nothing where no channel is known at all."""
    group = "CASE WHEN f.channel IS NULL THEN 'none' ELSE 'group' END AS kind, f.channel AS name_zh, NULL AS name_en"
    return group, "WHERE EXISTS (SELECT 1 FROM features.user_snapshot WHERE channel IS NOT NULL)"


def _by_segment(as_of: date, /) -> tuple[str, str]:
    """Each person's segment as published on `as_of`, before both spans that are compared; nothing if none was.

    Segments are made of what people did: those of this week or the last would show the numbers that made them.
    """
    group = """CASE WHEN b.user_id IS NULL THEN 'joined' WHEN s.segment_id IS NULL THEN 'none' ELSE 'group' END
        AS kind, s.name_zh, s.name_en"""
    then = f"as_of = DATE '{as_of}'"
    return (
        group,
        f"""LEFT JOIN (SELECT user_id, segment_id FROM history.user_scores WHERE {then}) b USING (user_id)
        LEFT JOIN (SELECT segment_id, name_zh, name_en FROM history.segments WHERE {then}) s USING (segment_id)
        WHERE EXISTS (SELECT 1 FROM history.user_scores WHERE {then} AND segment_id IS NOT NULL)""",
    )


def _learning_split(con: Connection, /, *, week: date) -> Figure:
    """The change of the people who learn: by how many are active, and by the share of them who learn.

    With W active and s their share, before and now: (W1 - W0) (s0 + s1) / 2, the rest being W's mean times s1 - s0.
    """
    reach = "round((w.value - w.previous) * (l.value / w.value + l.previous / w.previous) / 2)"
    return ask(
        con,
        f"""SELECT CAST(l.value - l.previous AS BIGINT) AS change, CAST({reach} AS BIGINT) AS reach,
            CAST(l.value - l.previous - {reach} AS BIGINT) AS share
            FROM marts.weekly_kpis l JOIN marts.weekly_kpis w ON w.kpi = 'wau' AND w.week = l.week
            WHERE l.kpi = 'wau_learning' AND l.week = DATE '{week}' AND least(w.value, w.previous) >=
            {SMALLEST_DENOMINATOR} AND least(l.value, l.previous) >= {SMALLEST_CELL}""",
        table="marts.weekly_kpis",
    )


def _net_split(con: Connection, /, *, week: date) -> Figure:
    """The change of net receipts: by the number of orders, by what an order brings, and by refunds.

    With n orders of value v, before and now: (n1 - n0) (v0 + v1) / 2, the rest of the change of GMV being v's.
    """
    money = "CAST({0} AS DECIMAL(18,2))"
    change = {name: money.format(f"{name}.value - {name}.previous") for name in ("gmv", "refunds")}
    volume = money.format("(n.value - n.previous) * (gmv.value / n.value + gmv.previous / n.previous) / 2")
    same = " AND ".join(f"{name}.week = n.week AND {name}.kpi = '{name}'" for name in change)
    return ask(
        con,
        f"""SELECT {change["gmv"]} - {change["refunds"]} AS change, {volume} AS orders,
            {change["gmv"]} - {volume} AS order_value, -{change["refunds"]} AS refunds
            FROM marts.weekly_kpis n, marts.weekly_kpis gmv, marts.weekly_kpis refunds
            WHERE n.kpi = 'orders' AND n.week = DATE '{week}' AND {same}
            AND least(n.value, n.previous) >= {SMALLEST_CELL}""",
        table="marts.weekly_kpis",
    )
