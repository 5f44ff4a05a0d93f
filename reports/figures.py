"""The queries behind the report's sections on people, learning, money and community.

Each function takes the connection to a staged release and gives figures ({value, table, sql}, see reports/query.py).
`week` is the Monday of the reported week, which ended the day before `as_of`; later weeks are never read as actual.
"""

from datetime import date

import duckdb

from reports.query import SMALLEST_DENOMINATOR, Figure, ask, ask_one

Connection = duckdb.DuckDBPyConnection
KPI_PEOPLE = {"value": (), "previous": ()}
STATES = ("new", "active", "returned", "resurrected", "at_risk", "dormant", "churned")
ACTIVE_STATES = STATES[:4]


def kpis(con: Connection, /, *, week: date) -> Figure:
    """The weekly figures of `week`, one row each; a rate on fewer than 30 is null and keeps its denominator."""
    return ask(
        con,
        f"""SELECT kpi, unit, CASE WHEN denominator < {SMALLEST_DENOMINATOR} THEN NULL ELSE value END AS value,
            numerator, denominator, previous, mean_8w, spread_8w, unusual
            FROM marts.weekly_kpis WHERE week = DATE '{week}' ORDER BY kpi""",
        table="marts.weekly_kpis",
        cells=KPI_PEOPLE,
        unit="unit",
    )


def kpi_history(con: Connection, /, *, week: date, weeks: int = 12) -> Figure:
    """The weekly figures of the `weeks` weeks that end with `week`, oldest first."""
    return ask(
        con,
        f"""SELECT kpi, week, unit, denominator,
            CASE WHEN denominator < {SMALLEST_DENOMINATOR} THEN NULL ELSE value END AS value
            FROM marts.weekly_kpis WHERE week <= DATE '{week}' AND week > DATE '{week}' - {7 * weeks}
            ORDER BY kpi, week""",
        table="marts.weekly_kpis",
        cells={"value": ()},
        unit="unit",
    )


def states(con: Connection, /, *, week: date) -> Figure:
    """People by weekly state, this week and the week before."""
    turned = " UNION ALL ".join(
        f"""SELECT {place} AS place, '{state}' AS state,
            max({state}) FILTER (week = DATE '{week}') AS users,
            max({state}) FILTER (week = DATE '{week}' - 7) AS previous
            FROM marts.growth_forecast WHERE kind = 'actual'"""
        for place, state in enumerate(STATES)
    )
    return ask(
        con,
        f"SELECT state, users, previous FROM ({turned}) WHERE users IS NOT NULL ORDER BY place",
        table="marts.growth_forecast",
        cells={"users": (), "previous": ()},
        total_known=True,
    )


def growth(con: Connection, /, *, week: date) -> Figure:
    """Active people: the last 12 counted weeks by state, and every forecast week with its 80 % interval."""
    return ask(
        con,
        f"""SELECT week, kind, active_users, "new", active, returned, resurrected, low_80, high_80
            FROM marts.growth_forecast
            WHERE (kind = 'actual' AND week <= DATE '{week}' AND week > DATE '{week}' - 84)
               OR (kind = 'forecast' AND week > DATE '{week}') ORDER BY week""",
        table="marts.growth_forecast",
        cells=dict.fromkeys(("active_users", *ACTIVE_STATES), ()),
    )


def transitions(con: Connection, /) -> Figure:
    """Chances from state to state; null where fewer than 30 person-weeks stand behind a row."""
    return ask(
        con,
        f"""SELECT from_state, to_state, users, weeks, CASE WHEN sum(users) OVER (PARTITION BY from_state)
            >= {SMALLEST_DENOMINATOR} THEN probability END AS probability
            FROM marts.lifecycle_transitions ORDER BY from_state, to_state""",
        table="marts.lifecycle_transitions",
        cells={"users": ("probability",)},
    )


def channels(con: Connection, /) -> Figure:
    """What became of the people of the ten largest channels."""
    return ask(
        con,
        """SELECT channel, users, active_28d, payers, spend_total FROM marts.channel_quality
           ORDER BY users DESC, channel LIMIT 10""",
        table="marts.channel_quality",
        cells={"users": ("active_28d", "payers", "spend_total"), "active_28d": (), "payers": ("spend_total",)},
    )


def items(con: Connection, /, *, worst: bool) -> Figure:
    """The ten items that did best in 28 days, or the ten on sale that did worst and are not among the best."""
    order = "coalesce(revenue_28d, 0) DESC, coalesce(users_28d, 0) DESC, item_id"
    chosen = "WHERE place > 10 AND on_sale ORDER BY place DESC" if worst else "WHERE place <= 10 ORDER BY place"
    return ask(
        con,
        f"""SELECT coalesce(title, item_id) AS title, users_28d, learners_28d, enrolments_28d, completions_28d,
            purchases_28d, CASE WHEN purchases_28d > 0 OR refunds_28d = 0 THEN revenue_28d END AS revenue_28d,
            refunds_28d
            FROM (SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM marts.item_performance)
            {chosen} LIMIT 10""",
        table="marts.item_performance",
        cells={
            "users_28d": ("enrolments_28d", "completions_28d", "purchases_28d", "revenue_28d", "refunds_28d"),
            "learners_28d": ("completions_28d",),
            # Fewer than ten orders are fewer than ten people.
            **{"enrolments_28d": (), "purchases_28d": ("revenue_28d",), "refunds_28d": ()},
        },
    )


def sold_items(con: Connection, /) -> Figure:
    """How many items are on sale and how many of them sold in 28 days (动销率 = sold / on_sale)."""
    return ask(
        con,
        """SELECT count(*) FILTER (on_sale) AS on_sale, CASE WHEN count(purchases_28d) > 0
           THEN count(*) FILTER (on_sale AND purchases_28d > 0) END AS sold FROM marts.item_performance""",
        table="marts.item_performance",
    )


def communities(con: Connection, /) -> Figure:
    """All communities together, then the ten with most texts; a share of fewer than 30 questions is null."""
    return ask(
        con,
        f"""SELECT community_id, members_active, speakers, texts, top_5_percent_share, questions,
            questions_unanswered, first_reply_median_hours,
            CASE WHEN questions >= {SMALLEST_DENOMINATOR} THEN first_reply_in_24h END
            AS first_reply_in_24h FROM marts.community_health
            ORDER BY community_id <> '(all)', texts DESC, community_id LIMIT 11""",
        table="marts.community_health",
        cells={
            "members_active": (
                *("speakers", "texts", "top_5_percent_share", "questions", "questions_unanswered"),
                *("first_reply_median_hours", "first_reply_in_24h"),
            ),
            "speakers": ("top_5_percent_share",),
        },
    )


def buyers(con: Connection, /) -> Figure:
    """People with a purchase score, the buyers expected in 14 and 28 days, and the spend expected in 90."""
    return ask(
        con,
        """SELECT count(purchase_28d) AS users, sum(CAST(purchase_14d AS DECIMAL(18,6))) AS expected_14d,
           sum(CAST(purchase_28d AS DECIMAL(18,6))) AS expected_28d,
           sum(CAST(spend_90d AS DECIMAL(18,2))) AS spend_90d
           FROM marts.user_scores""",
        table="marts.user_scores",
        cells={"users": ("expected_14d", "expected_28d", "spend_90d")},
    )


def buyers_by_segment(con: Connection, /) -> Figure:
    """The buyers expected in 28 days by segment."""
    return ask(
        con,
        """SELECT s.name_zh, s.name_en, count(u.purchase_28d) AS users,
           sum(CAST(u.purchase_28d AS DECIMAL(18,6))) AS expected_28d
           FROM marts.user_scores u LEFT JOIN marts.segments s USING (segment_id) WHERE u.purchase_28d IS NOT NULL
           GROUP BY ALL ORDER BY expected_28d DESC, s.name_zh NULLS LAST""",
        table="marts.user_scores",
        cells={"users": ("expected_28d",)},
        total_known=True,
    )


def recommended(con: Connection, /) -> Figure:
    """The ten items recommended to most people; an item stands once in a person's list, so rows are people."""
    return ask(
        con,
        """SELECT coalesce(p.title, r.item_id) AS title, users, users_first, users_personal
           FROM (SELECT item_id, count(*) AS users, count(*) FILTER (rank = 1) AS users_first,
                 count(*) FILTER (reason NOT IN ('popular', 'new', 'discover')) AS users_personal
                 FROM marts.recommendations
                 GROUP BY item_id) r
           LEFT JOIN marts.item_performance p USING (item_id) ORDER BY users DESC, r.item_id LIMIT 10""",
        table="marts.recommendations",
        cells={"users": ("users_first", "users_personal"), "users_first": (), "users_personal": ()},
    )


def recommended_total(con: Connection, /) -> Figure:
    """People with recommendations (everyone's list starts at rank 1) and the different items in all lists."""
    return ask(
        con,
        "SELECT count(*) FILTER (rank = 1) AS users, count(DISTINCT item_id) AS items FROM marts.recommendations",
        table="marts.recommendations",
        cells={"users": ()},
    )


def outcomes(con: Connection, /) -> Figure:
    """What became of earlier lists: everybody as drawn, whom it would have contacted beside whom it left alone.

    Of early warnings several lists together, of recommendations list by list; shares only, null below 30 people.
    """
    enough = f"contacted >= {SMALLEST_DENOMINATOR} AND holdout >= {SMALLEST_DENOMINATOR}"
    return ask(
        con,
        f"""SELECT list_as_of, list, outcome, role, lists, contacted, reached,
            CASE WHEN {enough} THEN contacted_rate END AS contacted_rate,
            holdout, CASE WHEN {enough} THEN holdout_rate END AS holdout_rate,
            CASE WHEN {enough} THEN effect END AS effect, CASE WHEN {enough} THEN low_95 END AS low_95,
            CASE WHEN {enough} THEN high_95 END AS high_95
            FROM marts.outcomes
            WHERE basis = 'assigned' AND unit = 'ratio' AND (scope = 'pooled' OR list <> 'early_warnings')
            ORDER BY list_as_of DESC, list, role = 'stated' DESC, outcome LIMIT 12""",
        table="marts.outcomes",
        cells={"contacted": (), "holdout": (), "reached": ()},
    )


def people_seen(con: Connection, /) -> Figure:
    """Everyone the release knows of."""
    return ask_one(con, "SELECT count(*) FROM marts.user_scores", table="marts.user_scores")
