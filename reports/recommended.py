"""The queries behind the section on recommendations: what is recommended, why, and how much of it is new."""

import duckdb

from reports.query import Figure, ask

Connection = duckdb.DuckDBPyConnection
GENERAL = ("popular", "new", "discover")  # reasons that would hold for anybody
NEW_DAYS = 28
KIND = "split_part(reason, ':', 1)"


def figures(con: Connection, /) -> dict[str, Figure]:
    """All of them by name."""
    return {"recommended_reasons": reasons(con), "recommended_mix": mix(con)}


def reasons(con: Connection, /) -> Figure:
    """The reasons given, by kind (an item or category is named after a colon): places in lists, and people."""
    return ask(
        con,
        f"""SELECT {KIND} AS reason_kind, count(*) AS places, count(DISTINCT user_id) AS users,
            count(*) / sum(count(*)) OVER () AS share FROM marts.recommendations
            GROUP BY reason_kind ORDER BY places DESC, reason_kind""",
        table="marts.recommendations",
        cells={"users": ("places", "share")},
        total_known=True,
    )


def mix(con: Connection, /) -> Figure:
    """The shares of all places in lists that are personal, and that items new in 28 days hold."""
    general = ", ".join(f"'{reason}'" for reason in GENERAL)
    return ask(
        con,
        f"""SELECT count(*) AS places, count(DISTINCT user_id) AS users,
            count(*) FILTER ({KIND} NOT IN ({general})) / nullif(count(*), 0) AS personal,
            CASE WHEN count(p.days_on_sale) > 0 THEN count(*) FILTER (p.days_on_sale <= {NEW_DAYS}) / count(*) END
            AS fresh FROM marts.recommendations r LEFT JOIN marts.item_performance p USING (item_id)""",
        table="marts.recommendations",
        cells={"users": ("places", "personal", "fresh")},
    )
