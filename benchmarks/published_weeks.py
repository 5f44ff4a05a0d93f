"""Made-up numbers of the weeks of a release: what its charts and lists are drawn from, beside the rows of people.

Every entry says of one table what its columns hold, in SQL over a source: `n` numbers the rows, the other columns
are drawn (see benchmarks/published_people.py). The numbers of people grow with the platform; no more is meant.
"""

from collections.abc import Mapping

from benchmarks.published_homes import AS_OF
from benchmarks.published_people import COLUMNS, ITEMS, SEGMENTS, drawn
from lyceum.engine import quoted
from lyceum.schema import BIGINT, DATE, VARCHAR, Column, Table

Rows = tuple[Mapping[str, str], str]  # what the columns hold, and the source of the rows

WEEKS, AHEAD, ROWS = 26, 8, 60  # of the weekly numbers and their forecast, and of a table of which nothing is said
WEEK = f"DATE '{AS_OF}' - 7 * (1 + n % {WEEKS})::INTEGER"
STATES = ("new", "active", "returned", "resurrected", "at_risk", "dormant", "churned")
MODELS = ("retention_7d", "retention_28d", "retention_84d", "purchase_14d", "purchase_28d")
ESTIMATORS = {"blend": "champion", "xgboost": "challenger", "silence_rule": "baseline", "rfm_logistic": "baseline"}
MEASURES = ("auc", "pr_auc", "brier", "ece")
AGES = (7, 14, 21, 28, 42, 56, 70, 84)
LESSONS, COURSES, TOPICS, BINS, WARNED, REFUSED, CHECKS = 12, 40, 10, 10, 500, 20_000, 600
REASONS = ", ".join(f'{{"column": "{column}", "value": 0}}' for column in COLUMNS)
LIMITS = {"low_80": 0.9, "high_80": 1.1}  # of a forecast
SHARE = "(0.2 + (n % 50) / 100.0)"


def rows_of(each: Table, /, *, users: int) -> Rows:
    """What the table holds if nothing is drawn for its people: one of those below, or a few rows of anything."""
    given, source = _planted(users).get(each.name, ({}, f"range({ROWS}) numbers(n)"))
    return {**{column.name: made_up(each, column) for column in each.columns}, **given}, source


def made_up(each: Table, column: Column, /) -> str:
    """A date within the weeks; a word where a row needs one; a count of the size of a number of people."""
    if column.unit.startswith("JSON"):
        return "'{}'" if column.unit == "JSON object" else "'[]'"
    if column.type == DATE or column.type.startswith("TIMESTAMP"):
        return WEEK
    if column.type == VARCHAR:
        return "concat('kind ', n)" if column.required or column.name in each.key else "NULL"
    if column.type == BIGINT and column.name in each.key:
        return "n"
    return (
        SHARE
        if column.unit == "ratio"
        else f"1000 + 50 * {drawn(column)}"
        if column.type == BIGINT
        else drawn(column)
    )


def _values(words: Mapping[str, str] | tuple[str, ...], names: str) -> str:
    """A source of words, or of pairs of words."""
    pairs = words.items() if isinstance(words, Mapping) else ((word,) for word in words)
    listed = ", ".join("(" + ", ".join(map(quoted, pair)) + ")" for pair in pairs)
    return f"(VALUES {listed}) {names}"


def _planted(users: int) -> dict[str, Rows]:
    return {**_of_weeks(users), **_of_groups(users), **_of_models(users), **_of_quality()}


def _of_weeks(users: int) -> dict[str, Rows]:
    """The weekly numbers, as if they had moved little."""
    from features.kpis import KPIS

    seen, weeks = users // 4, f"range({WEEKS}) numbers(n)"
    units = _values({kpi.name: kpi.unit for kpi in KPIS}, "named(kpi, unit)")
    level = f"CASE unit WHEN 'ratio' THEN 0.3 WHEN 'stars' THEN 4 ELSE {seen / 10} END"
    around = dict.fromkeys(("previous", "mean_8w"), f"{level} * 1.01")
    kpis = {"week": WEEK, "kpi": "kpi", "unit": "unit", "value": f"{level} * (1 + 0.01 * (n % 7))", **around}
    ahead = f"DATE '{AS_OF}' + 7 * (n - {WEEKS})::INTEGER"
    spread = {name: f"CASE WHEN n >= {WEEKS} THEN {part} * {seen} END" for name, part in LIMITS.items()}
    kind = f"CASE WHEN n < {WEEKS} THEN 'actual' ELSE 'forecast' END"
    growth = {
        "week": ahead,
        "kind": kind,
        "active_users": str(seen),
        **dict.fromkeys(STATES, str(seen // 8)),
        **spread,
    }
    ages = ", ".join(f"({age})" for age in AGES)
    kept = {
        **{"rate": "'retention'", "part": "'(all)'", "week": WEEK, "age_days": "age", "denominator": "1000 + n"},
        **{"numerator": "floor(900 / sqrt(age))", "mature": "age <= 7 * (n + 1)", "value": "0.9 / sqrt(age)"},
    }
    return {
        "marts.weekly_kpis": ({**kpis, "spread_8w": f"0.02 * {level}", "unusual": "n % 9 = 0"}, f"{weeks}, {units}"),
        "marts.growth_forecast": (growth, f"range({WEEKS + AHEAD}) numbers(n)"),
        "marts.weekly_discounts": ({"week": WEEK}, weeks),
        "marts.rates": (kept, f"{weeks}, (VALUES {ages}) old(age)"),
        "marts.survival": (
            {"cohort": "'all'", "age_days": "7 * n", "at_risk": "1000", "survival": "pow(0.95, n)"},
            f"range({LESSONS}) numbers(n)",
        ),
    }


def _of_groups(users: int) -> dict[str, Rows]:
    """Who moved between groups, how far people got in courses, what they wrote of, and who may leave."""
    pairs = f"{_values(STATES, 'froms(from_state)')}, {_values(STATES, 'tos(to_state)')}, (SELECT 3 AS n)"
    moved = {"from_state": "from_state", "to_state": "to_state", "users": str(users // 50), "probability": "0.14"}
    lesson = {
        **{"item_id": "concat('c', n)", "position": "position", "starters": "9000 - 20 * n"},
        **{"reached": "floor((9000 - 20 * n) * pow(0.9, position - 1))", "share": "pow(0.9, position - 1)"},
        **{"stopped_share": "0.1", "low_95": "0.09", "high_95": "0.11", "last": f"position = {LESSONS}"},
    }
    groups = {"from_segment_id": f"1 + n // {SEGMENTS}", "to_segment_id": f"1 + n % {SEGMENTS}"}
    labels = dict.fromkeys(("topic", "label_zh", "label_en"), "concat('topic ', n)")
    listed = {"user_id": "user_id", "rank": "n", "reasons": quoted(f"[{REASONS}]"), "holdout": "n % 10 = 0"}
    acts = "(['activity', 'coupon', 'message'])[1 + n % 3]"
    return {
        **dict.fromkeys(("marts.lifecycle_moves", "marts.lifecycle_transitions"), (moved, pairs)),
        "marts.segment_migration": (
            {**groups, "users": str(users // 500)},
            f"range({SEGMENTS * SEGMENTS}) numbers(n)",
        ),
        "marts.course_drop_off": (lesson, f"range({COURSES}) numbers(n), range(1, {LESSONS} + 1) lessons(position)"),
        "marts.voice_topics": (
            {**labels, "kind": "(['post', 'question', 'review'])[1 + n % 3]"},
            f"range({3 * TOPICS}) numbers(n)",
        ),
        "marts.topics": (labels, f"range({TOPICS}) numbers(n)"),
        "marts.segment_interests": (
            {"segment_id": f"1 + n % {SEGMENTS}", "topic": f"concat('topic ', n // {SEGMENTS})", "lift": "1.5"},
            f"range({SEGMENTS * TOPICS}) numbers(n)",
        ),
        "marts.early_warnings": ({**listed, "suggested_action": acts}, f"people WHERE n < {WARNED}"),
        "marts.leaderboard": (
            {"user_id": "user_id", "league": "n // 30", "rank": "1 + n % 30"},
            "people WHERE n % 3 = 0",
        ),
        "marts.item_performance": (
            {"item_id": "concat('c', n)", "title": "concat('Course ', n)", "on_sale": "true"},
            f"range({ITEMS}) numbers(n)",
        ),
        "marts.item_to_item": (
            {"item_id": "concat('c', n // 20)", "rank": "1 + n % 20", "other_item_id": "concat('c', n % 20)"},
            f"range({20 * ITEMS}) numbers(n)",
        ),
    }


def _of_models(users: int) -> dict[str, Rows]:
    """What was measured of the predictions, and how far the columns have moved."""
    from lyceum.tables.features import USER_SNAPSHOT

    models = f"(SELECT row_number() OVER () - 1 AS n, model FROM {_values(MODELS, 'named(model)')})"
    columns = _values(tuple(USER_SNAPSHOT.names), "columns(feature)")
    measured = {
        **{"model": "model", "estimator": "estimator", "role": "role", "metric": "metric", "slice": "'all'"},
        **{"value": "0.7", "low_95": "0.68", "high_95": "0.72", "note": "'AUC of label 0'", "rows": str(users)},
    }
    used = f"{_values(ESTIMATORS, 'used(estimator, role)')}, {_values(MEASURES, 'measures(metric)')}"
    odds = {"odds_ratio": "1.2", "odds_low_95": "1.1", "odds_high_95": "1.3", "standard_error": "0.04"}
    bins = {"bin": "bin", "predicted": "bin / 12.0", "observed": "bin / 12.0"}
    near = {"low_95": "bin / 12.0 - 0.02", "high_95": "bin / 12.0 + 0.02"}
    each = {"model": "model", "feature": "feature"}
    return {
        "quality.model_metrics": (measured, f"{models}, {used}"),
        "quality.model_reliability": (
            {"model": "model", **bins, **near},
            f"{models}, range(1, {BINS} + 1) bins(bin)",
        ),
        "quality.model_drift": ({**each, "drifted": "hash(feature) % 9 = 0"}, f"{models}, {columns}"),
        "marts.model_coefficients": ({**each, **odds, "coefficient": "0.2"}, f"{models}, {columns}"),
        "quality.model_decisions": ({"model": "model", "version": f"'{AS_OF}'"}, models),
    }


def _of_quality() -> dict[str, Rows]:
    """Checks that were met, rows that were refused, and the columns' own descriptions."""
    from lyceum.tables.features import USER_SNAPSHOT

    named = {"table_name": "'features.user_snapshot'", "name": "feature", "available": "true"}
    words = dict.fromkeys(("sentence", "sentence_zh"), "concat('It holds of number ', n)")
    check = {**words, "severity": "(['fail', 'warn'])[1 + n % 2]", "success": "true"}
    refused = {"file": "concat('file ', n % 50)", "line": "n", "code": "(['bad_json', 'bad_occurred_at'])[1 + n % 2]"}
    step = {"as_of": f"DATE '{AS_OF}'", "step": "(['ingest', 'featurise', 'score'])[1 + n % 3]", "status": "'done'"}
    return {
        "quality.checks": (check, f"range({CHECKS}) numbers(n)"),
        "quality.rejects": (refused, f"range({REFUSED}) numbers(n)"),
        "quality.runs": ({**step, "provisional": "false"}, f"range({ROWS}) numbers(n)"),
        "features.catalogue": (named, f"{_values(tuple(USER_SNAPSHOT.names), 'columns(feature)')}, (SELECT 1 AS n)"),
    }
