"""The queries behind "how far to trust this": checks, the account of deliveries, rejects, skipped steps."""

from datetime import date

import duckdb

from reports.query import Figure, ask

Connection = duckdb.DuckDBPyConnection
COUNTS = ("rows", "mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")


def checks(con: Connection, /) -> Figure:
    """The verdicts of the week's check by table."""
    return ask(
        con,
        """SELECT suite, count(*) AS checks, count(*) FILTER (success) AS passed,
           count(*) FILTER (NOT success AND severity = 'warn') AS warned,
           count(*) FILTER (NOT success AND severity <> 'warn') AS failed
           FROM quality.checks GROUP BY suite ORDER BY suite""",
        table="quality.checks",
    )


def failed_checks(con: Connection, /) -> Figure:
    """The expectations that were not met."""
    return ask(
        con,
        """SELECT suite, rule, severity, observed, expected, sentence, sentence_zh FROM quality.checks
           WHERE NOT success ORDER BY severity, suite, rule LIMIT 20""",
        table="quality.checks",
    )


def deliveries(con: Connection, /) -> Figure:
    """The account of the delivered files by mapping; rows = the sum of the six columns that follow."""
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in COUNTS)
    return ask(
        con,
        f"""SELECT mapping, count(*) AS files, {sums}, string_agg(DISTINCT skip_reason, ', ' ORDER BY skip_reason)
            AS skip_reason FROM quality.deliveries GROUP BY mapping ORDER BY mapping""",
        table="quality.deliveries",
    )


def troubled_files(con: Connection, /) -> Figure:
    """The ten files with most refused rows, those that do not add up first."""
    parts = " + ".join(COUNTS[1:])
    return ask(
        con,
        f"""SELECT file, mapping, {", ".join(COUNTS)} FROM quality.deliveries WHERE rejected > 0 OR rows <> {parts}
            ORDER BY rows = {parts}, rejected DESC, file, mapping LIMIT 10""",
        table="quality.deliveries",
    )


def deliveries_total(con: Connection, /) -> Figure:
    """The same account over all files in one row, and how many deliveries do not add up."""
    parts = " + ".join(COUNTS[1:])
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in COUNTS)
    return ask(
        con,
        f"SELECT {sums}, count(*) AS deliveries, count(*) FILTER (rows <> {parts}) AS unbalanced "
        "FROM quality.deliveries",
        table="quality.deliveries",
    )


def rejects(con: Connection, /) -> Figure:
    """Refused rows by reason."""
    return ask(
        con,
        """SELECT code, count(*) AS rows, count(DISTINCT file) AS files FROM quality.rejects
           GROUP BY code ORDER BY rows DESC, code LIMIT 20""",
        table="quality.rejects",
    )


def skipped(con: Connection, /, *, as_of: date) -> Figure:
    """What was skipped this week, or left to a simple rule, and why."""
    return ask(
        con,
        f"""SELECT step, part, code, why FROM quality.runs
            WHERE as_of = DATE '{as_of}' AND (status <> 'done' OR code = 'rule_ships') ORDER BY step, part""",
        table="quality.runs",
    )


def provisional(con: Connection, /, *, as_of: date) -> Figure:
    """Whether any step ran before its predecessor week was published."""
    return ask(
        con,
        f"SELECT coalesce(bool_or(provisional), false) AS provisional FROM quality.runs WHERE as_of = DATE '{as_of}'",
        table="quality.runs",
    )


def restatements(con: Connection, /) -> Figure:
    """Figures of earlier weeks that late or corrected logs changed."""
    return ask(
        con,
        """SELECT r.week, r.kpi, k.unit, r.published, r.restated, r.published_as_of FROM marts.restatements r
           LEFT JOIN marts.weekly_kpis k USING (week, kpi) ORDER BY r.week DESC, r.kpi LIMIT 20""",
        table="marts.restatements",
        cells={"published": (), "restated": ()},
        unit="unit",
    )
