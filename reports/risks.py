"""The queries behind the section on people at risk: counts and value, never who."""

import duckdb

from lyceum.contact_rules import NONE
from reports.query import Figure, ask, ask_one

Connection = duckdb.DuckDBPyConnection
HOLDOUT = "holdout"  # a line of its own beside the actions: nothing may be done for these people
_SUM = "sum(CAST({0} AS DECIMAL(18,2))) AS {0}"
_LEAVING = "CAST(round(sum(CAST(risk AS DECIMAL(18,6)))) AS BIGINT) AS leaving"
RISK_LEVELS = {
    "risk_low": "churn_28d < 0.3",
    "risk_middle": "churn_28d >= 0.3 AND churn_28d < 0.6",
    "risk_high": "churn_28d >= 0.6",
}
_MONEY = ", ".join(_SUM.format(name) for name in ("value_at_stake", "expected_loss"))


def warnings(con: Connection, /) -> Figure:
    """The list by what is to be done, the holdout and those whom nobody may contact last."""
    return ask(
        con,
        f"""SELECT suggested_action, count(*) AS users, {_LEAVING}, {_MONEY} FROM (SELECT * REPLACE (CASE WHEN holdout
            THEN '{HOLDOUT}' ELSE suggested_action END AS suggested_action) FROM marts.early_warnings)
            GROUP BY suggested_action
            ORDER BY suggested_action IN ('{NONE}', '{HOLDOUT}'), users DESC, suggested_action""",
        table="marts.early_warnings",
        cells={"users": ("leaving", "value_at_stake", "expected_loss")},
        total_known=True,
    )


def warnings_by_segment(con: Connection, /) -> Figure:
    """The list by segment."""
    return ask(
        con,
        f"""SELECT s.name_zh, s.name_en, count(*) AS users, {_LEAVING}, {_MONEY} FROM marts.early_warnings w
            LEFT JOIN (SELECT user_id, segment_id FROM marts.user_scores) USING (user_id)
            LEFT JOIN marts.segments s USING (segment_id) GROUP BY ALL
            ORDER BY users DESC, s.name_zh NULLS LAST, s.name_en""",
        table="marts.early_warnings",
        cells={"users": ("leaving", "value_at_stake", "expected_loss")},
        total_known=True,
    )


def risk_by_segment(con: Connection, /) -> Figure:
    """People of each segment by how likely they are to stay away 28 days; a table without sums of its own."""
    counts = ", ".join(f"count(*) FILTER ({test}) AS {name}" for name, test in RISK_LEVELS.items())
    return ask(
        con,
        f"""SELECT s.name_zh, s.name_en, {counts} FROM
            (SELECT segment_id, churn_28d FROM marts.user_scores WHERE churn_28d IS NOT NULL)
            LEFT JOIN marts.segments s USING (segment_id) GROUP BY s.segment_id, s.name_zh, s.name_en, s.users
            ORDER BY s.users DESC NULLS LAST, s.segment_id""",
        table="marts.user_scores",
        cells={},
        matrix=tuple(RISK_LEVELS),
    )


def warnings_total(con: Connection, /) -> Figure:
    """The whole list in one row, and how many of it stood on last week's list too (a first list knows of none)."""
    return ask(
        con,
        f"""SELECT count(*) AS users, {_MONEY}, count(*) FILTER (weeks_listed > 1) AS repeated,
            count(*) FILTER (weeks_listed = 1) AS fresh FROM marts.early_warnings""",
        table="marts.early_warnings",
        cells={
            "users": ("value_at_stake", "expected_loss", "repeated", "fresh"),
            "repeated": ("fresh",),
            "fresh": ("repeated",),
        },
    )


def warning_reasons(con: Connection, /) -> Figure:
    """The columns most often named as associated with the risk, by people on the list."""
    return ask(
        con,
        """SELECT reason, count(DISTINCT user_id) AS users FROM
           (SELECT user_id, unnest(CAST(json_extract_string(reasons, '$[*].column') AS VARCHAR[])) AS reason
            FROM marts.early_warnings WHERE json_valid(reasons))
           GROUP BY reason ORDER BY users DESC, reason LIMIT 8""",
        table="marts.early_warnings",
        cells={"users": ()},
    )


def expected_profit(con: Connection, /) -> Figure:
    """What contacting the list would bring if the shares saved and the costs of the settings were right."""
    return ask(
        con,
        """SELECT CAST(value AS DECIMAL(18,2)) AS value, rows AS users FROM quality.model_metrics
           WHERE model = 'early_warnings' AND metric = 'expected_profit' AND slice = 'all'""",
        table="quality.model_metrics",
        cells={"users": ("value",)},
    )


def action_profit(con: Connection, /) -> Figure:
    """The same by action, the most first."""
    return ask(
        con,
        """SELECT slice AS suggested_action, CAST(value AS DECIMAL(18,2)) AS value, rows AS users
           FROM quality.model_metrics WHERE model = 'early_warnings' AND metric = 'expected_profit'
           AND slice <> 'all' ORDER BY value DESC NULLS LAST, slice""",
        table="quality.model_metrics",
        cells={"users": ("value",)},
        total_known=True,
    )


def first_holdout(con: Connection, /) -> Figure:
    """The day of the oldest kept list of which some people were left alone; null if there is none."""
    return ask_one(con, "SELECT min(as_of) FROM history.early_warnings WHERE holdout", table="history.early_warnings")


def churn(con: Connection, /) -> Figure:
    """People whom a churn score is about, how many have one, and how many are expected to stay away 28 days."""
    return ask(
        con,
        """SELECT count(*) FILTER (eligible) AS eligible, count(churn_28d) AS users,
           sum(CAST(churn_28d AS DECIMAL(18,6))) AS expected FROM marts.user_scores""",
        table="marts.user_scores",
        cells={"eligible": (), "users": ("expected",)},
    )
