"""The queries behind the section on people at risk: counts and value, never who."""

import duckdb

from lyceum.contact_rules import NONE
from reports.query import Figure, ask

Connection = duckdb.DuckDBPyConnection
HOLDOUT = "holdout"  # a line of its own beside the actions: nothing may be done for these people
_SUM = "sum(CAST({0} AS DECIMAL(18,2))) AS {0}"
_MONEY = ", ".join(_SUM.format(name) for name in ("value_at_stake", "expected_loss"))


def warnings(con: Connection, /) -> Figure:
    """The list by what is to be done, the holdout and those whom nobody may contact last."""
    return ask(
        con,
        f"""SELECT suggested_action, count(*) AS users, {_MONEY} FROM (SELECT CASE WHEN holdout THEN '{HOLDOUT}'
            ELSE suggested_action END AS suggested_action, value_at_stake, expected_loss FROM marts.early_warnings)
            GROUP BY suggested_action
            ORDER BY suggested_action IN ('{NONE}', '{HOLDOUT}'), users DESC, suggested_action""",
        table="marts.early_warnings",
        cells={"users": ("value_at_stake", "expected_loss")},
        total_known=True,
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


def churn(con: Connection, /) -> Figure:
    """People whom a churn score is about, how many have one, and how many are expected to stay away 28 days."""
    return ask(
        con,
        """SELECT count(*) FILTER (eligible) AS eligible, count(churn_28d) AS users,
           sum(CAST(churn_28d AS DECIMAL(18,6))) AS expected FROM marts.user_scores""",
        table="marts.user_scores",
        cells={"eligible": (), "users": ("expected",)},
    )
