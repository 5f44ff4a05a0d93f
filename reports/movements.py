"""The queries behind growth's charts: what becomes of newcomers week by week, and who moved from state to state."""

from collections.abc import Mapping
from datetime import date

import duckdb

from reports.query import SMALLEST_CELL, SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection

COHORTS = 12  # weeks of newcomers, the newest of which are one week old
AGES = (1, 2, 3, 4, 6, 8, 10, 12)  # weeks
HERE = ("new", "active", "returned", "resurrected")  # states of people who acted in their week
UNSEEN, BACK, AWAY, EVERYBODY = "unseen", "back", "away", "active_users"

# Coarser states, for where a move of fewer than ten people must not be told: first some states are one, then all.
FIRST: Mapping[str, str] = {"returned": BACK, "resurrected": BACK}
FIRST_OF_AWAY: Mapping[str, str] = {**FIRST, "dormant": AWAY, "churned": AWAY}
SECOND: Mapping[str, str] = {**dict.fromkeys(HERE, EVERYBODY)}
SECOND_OF_AWAY: Mapping[str, str] = {**FIRST_OF_AWAY, "at_risk": AWAY}


def figures(con: Connection, /, *, week: date) -> dict[str, Figure]:
    """The figures of this module by their names in a summary."""
    return {"triangle": triangle(con, week=week), "moves": moves(con)}


def triangle(con: Connection, /, *, week: date) -> Figure:
    """The share of each week's newcomers who act 1 to 12 weeks later; null while immature or of fewer than 30."""
    ages = ", ".join(str(7 * age) for age in AGES)
    told = f"mature AND denominator >= {SMALLEST_DENOMINATOR}"
    return ask(
        con,
        f"""SELECT week, CAST(age_days // 7 AS BIGINT) AS age, mature, CAST(denominator AS BIGINT) AS newcomers,
            CASE WHEN {told} THEN CAST(numerator AS BIGINT) END AS kept,
            CASE WHEN {told} THEN CAST(denominator - numerator AS BIGINT) END AS gone,
            CASE WHEN {told} THEN value END AS share
            FROM marts.rates WHERE rate = 'retention' AND part = '(all)' AND age_days IN ({ages})
            AND week < DATE '{week}' AND week >= DATE '{week}' - {7 * COHORTS} ORDER BY week, age""",
        table="marts.rates",
        cells={"newcomers": ("kept", "gone", "share"), "kept": ("gone", "share"), "gone": ("kept", "share")},
    )


def moves(con: Connection, /) -> Figure:
    """How the people of each state of last week moved into this week's, and who came for the first time.

    People who acted last week and people who did not share neither a state of last week nor one of this, so each of
    the two is told as finely as it may be: states are joined until no move is of fewer than ten people, nor can such
    a one be had from the sizes of the states, which are known. Where even a state is that small nothing is told.
    """
    few = f"< {SMALLEST_CELL}"
    names = [
        f"""CASE WHEN level = 0 THEN {side} WHEN here AND level = 1 THEN {_named(side, FIRST)}
            WHEN here THEN {_named(side, SECOND) if side == "from_state" else side}
            WHEN level = 1 THEN {_named(side, FIRST_OF_AWAY)} ELSE {_named(side, SECOND_OF_AWAY)} END AS {side}"""
        for side in ("from_state", "to_state")
    ]
    joined = [
        f"CASE WHEN here THEN {_named(side, FIRST if side == 'from_state' else {})} "
        f"ELSE {_named(side, FIRST_OF_AWAY)} END"
        for side in ("from_state", "to_state")
    ]
    return ask(
        con,
        f"""WITH fine AS (SELECT *, from_state IN {HERE} AS here FROM marts.lifecycle_moves
              WHERE from_state <> '{UNSEEN}'),
            sized AS (SELECT *, sum(users) OVER (PARTITION BY from_state) AS before,
              sum(users) OVER (PARTITION BY to_state) AS now,
              sum(users) OVER (PARTITION BY {joined[0]}, {joined[1]}) AS joined,
              from_state = 'dormant' AND to_state IN ('dormant', 'returned') AS fixed FROM fine),
            levels AS (SELECT here, CASE WHEN min(users) >= {SMALLEST_CELL} THEN 0
              WHEN min(now) {few} THEN NULL
              WHEN min(before) >= {SMALLEST_CELL} AND min(joined) >= {SMALLEST_CELL}
              AND coalesce(min(users) FILTER (fixed) >= {SMALLEST_CELL}, true) THEN 1 ELSE 2 END AS level
              FROM sized GROUP BY here),
            told AS (SELECT {", ".join(names)}, users FROM fine JOIN levels USING (here) WHERE level IS NOT NULL)
            SELECT from_state, to_state, CAST(sum(users) AS BIGINT) AS users FROM told GROUP BY ALL
            UNION ALL SELECT from_state, to_state, users FROM marts.lifecycle_moves
            WHERE from_state = '{UNSEEN}' AND EXISTS (SELECT 1 FROM told)
            ORDER BY from_state, to_state""",
        table="marts.lifecycle_moves",
        cells={"users": ()},
    )


def _named(column: str, names: Mapping[str, str]) -> str:
    """The column with some of its values called otherwise."""
    if not names:
        return column
    whens = " ".join(f"WHEN '{fine}' THEN '{coarse}'" for fine, coarse in names.items())
    return f"CASE {column} {whens} ELSE {column} END"
