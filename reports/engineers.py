"""Tables to the plain dict behind the page for engineers: runs, checks, deliveries, tables, models, drift, freshness.

It is built like the dict of the report (reports/summary.py). A figure of an earlier week stands under `past`, asked
of the release that published that week, which it names. Of the tables with a row per person only one is read: the
snapshot of people, for its newest act.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb

from lyceum.schema import published
from lyceum.tables.canonical import TABLES as CANONICAL
from reports import predictions, trust
from reports.engineers_needs import LEVELS, Week, needs
from reports.query import SMALLEST_CELL, Figure, ask, ask_one, clean

Connection = duckdb.DuckDBPyConnection
Past = dict[str, Any]  # {as_of, release, figures}, see `past`
SCORE = "probability"  # the column of quality.model_drift that is the champion's own output
MOST_DECISIONS = 60
MOST_FILES = 30
PARTS = trust.COUNTS[1:]
STEPS = ("ingest", "validate", "featurise", "train", "score", "readout", "forget")
_PEOPLE = sorted(table.name for table in (*published(), *CANONICAL) if "user_id" in table.names)
_ADDED = " + ".join(PARTS)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _unit(column: str) -> str:
    """`people` where a table has a row per person, so that a handful of rows is withheld like a handful of people."""
    everyone = _quoted([*_PEOPLE, *(f"history.{name.partition('.')[2]}" for name in _PEOPLE if "." in name)])
    return f"CASE WHEN {column} IN ({everyone}) THEN 'people' ELSE 'rows' END AS unit"


def summarise(
    con: Connection, /, *, as_of: date, platform: dict[str, Any], release: str, past: Sequence[Past] = ()
) -> dict[str, Any]:
    """Everything on the page about the week that ended before `as_of`, from the release behind `con`.

    `platform` has name and timezone; `past` holds earlier weeks, newest first (see `past`). `needs` is what wants a
    hand, the most urgent first; `state` the worst of it.
    """
    week = as_of - timedelta(days=7)
    found = {**_kept(con, as_of=as_of), **_of_models(con), **_age(con, as_of=as_of, timezone=platform["timezone"])}
    wanted = needs(Week(found, as_of, clean(release), tuple(past)))
    return {
        "platform": {
            "name": clean(str(platform["name"]), limit=60),
            "timezone": str(platform["timezone"]),
            "currency": platform.get("currency") or None,
        },
        "release": clean(release),
        "as_of": as_of.isoformat(),
        "week": week.isoformat(),
        "week_number": week.isocalendar().week,
        "state": max((need["level"] for need in wanted), key=LEVELS.index, default="normal"),
        "needs": wanted,
        "past": list(past),
        "absent": {},
        "figures": found,
    }


def past(con: Connection, /, *, as_of: date, release: str) -> Past:
    """What the page compares with: the steps and tables of an earlier week, from the release behind `con`."""
    found = {"steps": steps(con, as_of=as_of, timezone="UTC"), "published": tables(con, kept=False)}
    return {"as_of": as_of.isoformat(), "release": clean(release), "figures": found}


def _kept(con: Connection, /, *, as_of: date) -> dict[str, Figure]:
    return {
        "runs": runs(con, as_of=as_of),
        "reads": reads(con, as_of=as_of),
        "verdicts": verdicts(con),
        "deliveries_total": trust.deliveries_total(con),
        "accounts": accounts(con),
        "troubled_files": trust.troubled_files(con),
        "rejects": trust.rejects(con),
        "rejects_by_file": rejects_by_file(con),
        "published": tables(con, kept=False),
        "kept_weeks": tables(con, kept=True),
    }


def _of_models(con: Connection, /) -> dict[str, Figure]:
    return {
        "models": predictions.champions(con),
        "contenders": predictions.contenders(con),
        "other_models": predictions.other_models(con),
        "decisions": decisions(con),
        "reliability": predictions.reliability(con),
        "leak_alarm": predictions.leak_alarm(con),
        "drift_total": predictions.drift_total(con),
        "drift_columns": drift_columns(con),
        "drift_scores": drift_scores(con),
    }


def _age(con: Connection, /, *, as_of: date, timezone: str) -> dict[str, Figure]:
    return {
        "steps": steps(con, as_of=as_of, timezone=timezone),
        "newest_day": newest_day(con, as_of=as_of),
        "ingested": ingested(con, timezone=timezone),
        "provisional": trust.provisional(con, as_of=as_of),
        "restatements": trust.restatements(con),
    }


def steps(con: Connection, /, *, as_of: date, timezone: str) -> Figure:
    """Each step of the week: when it ended in `timezone`, seconds, peak memory, parts done, skipped and failed."""
    return ask(
        con,
        f"""SELECT step, strftime(max(ran_at) AT TIME ZONE '{timezone}', '%Y-%m-%d %H:%M') AS ended,
            max(seconds) AS seconds, max(peak_mb) AS peak_mb, count(*) AS parts,
            count(*) FILTER (status = 'done') AS done, count(*) FILTER (status = 'skipped') AS skipped,
            count(*) FILTER (status NOT IN ('done', 'skipped')) AS failed
            FROM quality.runs WHERE as_of = DATE '{as_of}' GROUP BY step
            ORDER BY list_position([{_quoted(STEPS)}], step) NULLS LAST, step""",
        table="quality.runs",
    )


def runs(con: Connection, /, *, as_of: date) -> Figure:
    """Every part of every step: failed before skipped before done."""
    return ask(
        con,
        f"""SELECT step, part, status, code, why, rows, {_unit("part")} FROM quality.runs
            WHERE as_of = DATE '{as_of}' ORDER BY list_position(['skipped', 'done'], status) NULLS FIRST,
            list_position([{_quoted(STEPS)}], step) NULLS LAST, step, part""",
        table="quality.runs",
        cells={"rows": ()},
        unit="unit",
    )


def reads(con: Connection, /, *, as_of: date) -> Figure:
    """The versions of the lake's tables that the steps read: two versions of one table are two rows."""
    return ask(
        con,
        f"""SELECT key AS table_name, CAST(value AS BIGINT) AS version, string_agg(DISTINCT step, ', ' ORDER BY step)
            AS read_by FROM quality.runs, json_each(reads) WHERE as_of = DATE '{as_of}' AND reads <> ''
            GROUP BY key, value ORDER BY key, version""",
        table="quality.runs",
    )


def verdicts(con: Connection, /) -> Figure:
    """Every check with its verdict, those not met first and what blocks before what warns."""
    return ask(
        con,
        """SELECT suite, rule, severity, success, unexpected, share, sentence, sentence_zh,
           from_json(sample, '["VARCHAR"]') AS sample FROM quality.checks
           ORDER BY success, severity = 'warn', suite, rule""",
        table="quality.checks",
    )


def accounts(con: Connection, /) -> Figure:
    """The account of the delivered files by mapping, those that do not add up first."""
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in trust.COUNTS)
    return ask(
        con,
        f"""SELECT mapping, count(*) AS files, count(*) FILTER (rows <> {_ADDED}) AS unbalanced, {sums},
            string_agg(DISTINCT skip_reason, ', ' ORDER BY skip_reason) AS skip_reason FROM quality.deliveries
            GROUP BY mapping ORDER BY unbalanced DESC, rejected DESC, mapping""",
        table="quality.deliveries",
    )


def rejects_by_file(con: Connection, /) -> Figure:
    """Where the refused rows lie: a file and a reason each, with the first and the last line."""
    return ask(
        con,
        f"""SELECT file, code, count(*) AS rows, min(line) AS first_line, max(line) AS last_line FROM quality.rejects
            GROUP BY file, code ORDER BY rows DESC, file, code LIMIT {MOST_FILES}""",
        table="quality.rejects",
    )


def tables(con: Connection, /, *, kept: bool) -> Figure:
    """Rows and columns of the published tables of the week, or of those that keep earlier weeks.

    Of the tables that the release holds: an older one may lack some that are published today.
    """
    schemas = ("history",) if kept else ("marts", "features", "quality")
    there = f"""SELECT schema_name || '.' || table_name AS table_name, column_count AS columns FROM duckdb_tables()
        WHERE database_name = current_database() AND schema_name IN ({_quoted(schemas)})"""
    names = sorted(str(row[0]) for row in con.execute(there).fetchall())
    counts = " UNION ALL ".join(f"SELECT '{name}' AS table_name, count(*) AS rows FROM {name}" for name in names)
    counts = counts or "SELECT NULL AS table_name, 0 AS rows WHERE false"
    return ask(
        con,
        f"""SELECT table_name, rows, columns, {_unit("table_name")} FROM ({counts})
            JOIN ({there}) USING (table_name) ORDER BY table_name""",
        table="duckdb_tables()",
        cells={"rows": ()},
        unit="unit",
    )


def decisions(con: Connection, /) -> Figure:
    """Every decision about the models that are kept, newest first."""
    return ask(
        con,
        f"""SELECT model, decided_as_of, decision, estimator, version, compared_with, why,
            CASE WHEN auc_difference IS NOT NULL
            THEN {{'value': auc_difference, 'low': low_95, 'high': high_95}} END AS auc_difference
            FROM quality.model_decisions ORDER BY decided_as_of DESC, model, version DESC LIMIT {MOST_DECISIONS}""",
        table="quality.model_decisions",
    )


def drift_columns(con: Connection, /) -> Figure:
    """The columns by how far this week's people lie from those learnt from, over the predictions that use them."""
    return ask(
        con,
        f"""SELECT feature, count(*) AS models, count(*) FILTER (drifted) AS models_drifted,
            min(psi_excess) AS psi_least, max(psi_excess) AS psi_excess,
            arg_max(effect_size, psi_excess) AS effect_size FROM quality.model_drift
            WHERE feature <> '{SCORE}' AND psi_excess IS NOT NULL AND drifted IS NOT NULL GROUP BY feature
            ORDER BY max(psi_excess) DESC, feature""",
        table="quality.model_drift",
    )


def drift_scores(con: Connection, /) -> Figure:
    """How far the scores themselves have moved, by prediction."""
    return ask(
        con,
        f"""SELECT model, people, psi_excess, effect_size, drifted FROM quality.model_drift
            WHERE feature = '{SCORE}' ORDER BY psi_excess DESC NULLS LAST, model""",
        table="quality.model_drift",
        cells={"people": ("psi_excess", "effect_size")},
    )


def newest_day(con: Connection, /, *, as_of: date) -> Figure:
    """The day of the newest act of an active user; null where at most nine people are known."""
    return ask_one(
        con,
        f"""SELECT CASE WHEN count(*) >= {SMALLEST_CELL} THEN CAST(DATE '{as_of}' - CAST(min(recency_days) AS INTEGER)
            AS DATE) END FROM features.user_snapshot""",
        table="features.user_snapshot",
    )


def ingested(con: Connection, /, *, timezone: str) -> Figure:
    """When the newest ingest that took something in ended, in `timezone`."""
    return ask_one(
        con,
        f"""SELECT strftime(max(ran_at) AT TIME ZONE '{timezone}', '%Y-%m-%d %H:%M') FROM quality.runs
            WHERE step = 'ingest'""",
        table="quality.runs",
    )
