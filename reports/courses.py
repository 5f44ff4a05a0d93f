"""The queries behind learning's charts: how far people get in large courses, and who completes what they got."""

import duckdb

from reports.query import SMALLEST_CELL, SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection

CURVES = 3  # courses drawn
LISTED = 10


def figures(con: Connection, /) -> dict[str, Figure]:
    """The figures of this module by their names in a summary."""
    return {"drop_off": drop_off(con), "stops": stops(con), "courses": courses(con)}


def drop_off(con: Connection, /) -> Figure:
    """The share of starters who reached each lesson in the largest courses.

    From lesson to lesson the number falls by ten people or more: lessons between which fewer were lost are left out,
    and so is all after the last of them, because the difference of two rows counts people too.
    """
    return ask(
        con,
        f"""WITH RECURSIVE chosen AS (SELECT item_id, any_value(starters) AS starters FROM marts.course_drop_off
              GROUP BY item_id ORDER BY starters DESC, item_id LIMIT {CURVES}),
            curve AS (SELECT * FROM marts.course_drop_off JOIN chosen USING (item_id, starters)),
            shown AS (SELECT item_id, position, reached FROM curve WHERE position = 1
              UNION ALL SELECT s.item_id, min(c.position), max(c.reached) FROM shown s JOIN curve c
              ON c.item_id = s.item_id AND c.reached <= s.reached - {SMALLEST_CELL} GROUP BY s.item_id)
            SELECT CAST(dense_rank() OVER (ORDER BY c.starters DESC, c.item_id) AS BIGINT) AS course,
            coalesce(p.title, c.item_id) AS title, c.position, c.starters, c.reached, c.share
            FROM curve c JOIN shown s USING (item_id, position)
            LEFT JOIN marts.item_performance p USING (item_id) ORDER BY course, c.position""",
        table="marts.course_drop_off",
        cells={"reached": ("share",)},
    )


def stops(con: Connection, /) -> Figure:
    """The lesson after which most people of each of these courses get no further, if ten people or more.

    `clear` says whether that share is above the second largest of the course by more than their 95 % intervals allow
    (Newcombe 1998, method 10): else no lesson may be called the one.
    """
    return ask(
        con,
        f"""WITH chosen AS (SELECT item_id, any_value(starters) AS starters FROM marts.course_drop_off
              GROUP BY item_id ORDER BY starters DESC, item_id LIMIT {CURVES}),
            told AS (SELECT *, row_number() OVER most AS place, stopped_share - lead(stopped_share) OVER most
              - sqrt((stopped_share - low_95) ** 2 + lead((high_95 - stopped_share) ** 2) OVER most) AS beyond
              FROM marts.course_drop_off JOIN chosen USING (item_id, starters) WHERE stopped_share IS NOT NULL
              WINDOW most AS (PARTITION BY item_id ORDER BY stopped_share DESC, position))
            SELECT coalesce(p.title, item_id) AS title, starters, position - 1 AS after_lesson,
            {{'value': stopped_share, 'low': low_95, 'high': high_95}} AS stopped,
            CASE WHEN beyond > 0 THEN 'yes' ELSE 'no' END AS clear
            FROM told LEFT JOIN marts.item_performance p USING (item_id)
            WHERE place = 1 AND people_at_risk - reached >= {SMALLEST_CELL} ORDER BY starters DESC, item_id""",
        table="marts.course_drop_off",
    )


def courses(con: Connection, /) -> Figure:
    """Of the ten items that most people got lately: who began and who completed them within 28 days."""
    return ask(
        con,
        f"""SELECT coalesce(title, item_id) AS title, cohort_28d_people, cohort_28d_started, start_rate_28d,
            cohort_28d_completed, completion_rate_28d, completion_rate_started_28d, refund_rate_28d
            FROM marts.item_performance WHERE cohort_28d_people >= {SMALLEST_DENOMINATOR}
            AND cohort_28d_started > 0
            ORDER BY cohort_28d_people DESC, item_id LIMIT {LISTED}""",
        table="marts.item_performance",
        cells={
            "cohort_28d_started": ("start_rate_28d", "cohort_28d_completed", "completion_rate_28d"),
            "cohort_28d_completed": ("completion_rate_28d", "completion_rate_started_28d"),
        },
    )
