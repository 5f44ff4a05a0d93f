"""Tables to a plain dict: every number of the report, without a word of any language.

The dict is JSON-able. A figure in it is {value, table, sql, hidden} (reports/query.py); `sections` says which
sections have data and, for those that have none, the code of the reason.
"""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from lyceum.errors import UsageError
from reports import (
    courses,
    drivers,
    earnings,
    figures,
    groups,
    movements,
    predictions,
    recommended,
    risks,
    trust,
)
from reports.actions import actions
from reports.conclusions import conclusions
from reports.query import Figure, clean

PRIORITY = (
    *("wau", "new_users", "week1_retention", "stickiness", "wau_learning", "completions", "payers", "gmv"),
    *("refunds", "net", "learning_minutes", "orders", "wau_interacting", "texts", "questions", "complaints"),
    *("rating_mean", "rating_good_share", "order_value", "arppu", "refund_rate"),
)
LEARNING = ("wau_learning", "learning_minutes", "completions")
MONEY = ("payers", "orders", "gmv", "refunds", "net", "order_value", "arppu", "refund_rate")
COMMUNITY = ("wau_interacting", "texts", "questions", "complaints", "rating_mean", "rating_good_share")

# Where quality.runs would say why a section has no input: words that occur in the step's part.
ABSENT_PARTS = {
    "drivers": ("growth", "lifecycle"),
    "growth": ("growth", "lifecycle"),
    "segments": ("segment",),
    "interests": ("interest", "marts.topics"),
    "voices": ("voice",),
    "learning": ("learn",),
    "money": ("purchase", "spend"),
    "community": ("community",),
    "risk": ("retention", "early_warning", "churn"),
    "buyers": ("purchase",),
    "recommendations": ("recommend", "item_to_item"),
    "items": ("item_performance", "item_snapshot"),
    "outcomes": ("outcome", "readout"),
    "survival": ("survival",),
    "models": ("retention", "purchase"),
}
DRIVERS = ("states", "wau_by_segment", "wau_by_channel", "learning_split", "net_split", "net_by_item")
LOG_CODES = ("no_events_of_kind", "no_purchases_logged", "no_communities")  # what the logs do not hold at all
NEEDED = {"learning": LEARNING, "money": ("payers", "gmv", "net"), "community": ("wau_interacting", "texts")}


def summarise(
    con: duckdb.DuckDBPyConnection,
    /,
    *,
    as_of: date,
    platform: dict[str, Any],
    release: str,
    stale_since: date | None = None,
) -> dict[str, Any]:
    """Every number of the report for the week that ended before `as_of`, from the release behind `con`.

    `as_of` is a Monday; `platform` has name, timezone and currency (ISO 4217, may be null); `release` is printed
    under every figure; `stale_since` is the first later week that could not be published, if there is one. Raises
    UsageError if `as_of` is no Monday or the time zone is unknown.
    """
    week = _week(as_of, timezone=str(platform["timezone"]))
    found = _figures(con, as_of=as_of, week=week)
    absent = _absent(found)
    drawn = conclusions(found, absent=absent)
    priority = _known_kpis(found["kpi_history"], PRIORITY)
    return {
        "platform": {
            "name": clean(str(platform["name"]), limit=60),
            "timezone": str(platform["timezone"]),
            "currency": platform["currency"] or None,
        },
        "release": clean(release),
        "as_of": as_of.isoformat(),
        "stale_since": stale_since.isoformat() if stale_since else None,
        "week": week.isoformat(),
        "week_number": week.isocalendar().week,
        "state": max(
            (line["level"] for line in drawn), key=("none", "normal", "watch", "alert").index, default="none"
        ),
        "conclusions": drawn,
        "actions": actions(found, as_of=as_of, absent=absent),
        "absent": absent,
        "known_kpis": priority,
        "unknown_kpis": [kpi for kpi in PRIORITY if kpi not in priority],
        "figures": found,
    }


def _week(as_of: date, /, *, timezone: str) -> date:
    if as_of.weekday() != 0:
        raise UsageError("A report is about a week, so as_of must be a Monday.", remedy="Give the Monday after it.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError("The platform's time zone is not known.", remedy="Name one like Asia/Shanghai.") from None
    return as_of - timedelta(days=7)


def _figures(con: duckdb.DuckDBPyConnection, /, *, as_of: date, week: date) -> dict[str, Figure]:
    return {
        "kpis": figures.kpis(con, week=week),
        "kpi_history": figures.kpi_history(con, week=week),
        "people_seen": figures.people_seen(con),
        "states": figures.states(con, week=week),
        "growth": figures.growth(con, week=week),
        "transitions": figures.transitions(con),
        **movements.figures(con, week=week),
        **courses.figures(con),
        **earnings.figures(con, week=week),
        "channels": figures.channels(con),
        **drivers.figures(con, as_of=as_of),
        **groups.figures(con, week=week),
        "best_items": figures.items(con, worst=False),
        "worst_items": figures.items(con, worst=True),
        "sold_items": figures.sold_items(con),
        "communities": figures.communities(con),
        "warnings": risks.warnings(con),
        "warnings_total": risks.warnings_total(con),
        "warning_reasons": risks.warning_reasons(con),
        "warnings_by_segment": risks.warnings_by_segment(con),
        "risk_by_segment": risks.risk_by_segment(con),
        "expected_profit": risks.expected_profit(con),
        "action_profit": risks.action_profit(con),
        "first_holdout": risks.first_holdout(con),
        "churn": risks.churn(con),
        "survival": predictions.survival(con),
        "buyers": figures.buyers(con),
        "buyers_by_segment": figures.buyers_by_segment(con),
        "recommended": figures.recommended(con),
        "recommended_total": figures.recommended_total(con),
        **recommended.figures(con),
        "outcomes": figures.outcomes(con),
        "checks": trust.checks(con),
        "failed_checks": trust.failed_checks(con),
        "deliveries": trust.deliveries(con),
        "troubled_files": trust.troubled_files(con),
        "deliveries_total": trust.deliveries_total(con),
        "rejects": trust.rejects(con),
        "models": predictions.champions(con),
        "contenders": predictions.contenders(con),
        "other_models": predictions.other_models(con),
        "precision": predictions.precision(con),
        "leak_alarm": predictions.leak_alarm(con),
        "model_decisions": predictions.decisions(con),
        "reliability": predictions.reliability(con),
        "drift": predictions.drift(con),
        "drift_total": predictions.drift_total(con),
        "coefficients": predictions.coefficients(con),
        "skipped": trust.skipped(con, as_of=as_of),
        "provisional": trust.provisional(con, as_of=as_of),
        "restatements": trust.restatements(con),
    }


def _known_kpis(history: Figure, names: tuple[str, ...], /) -> list[str]:
    """Those of `names` that the platform has a figure or at least a denominator for in the last weeks."""
    seen = {row["kpi"] for row in history["value"] if row["value"] is not None or row["denominator"]}
    return [name for name in names if name in seen]


def _absent(found: dict[str, Figure], /) -> dict[str, str]:
    """The sections without data, each with the code of the reason (no_data where no step gave one)."""
    empty = {
        "drivers": not any(found[name]["value"] for name in DRIVERS),
        "growth": not found["states"]["value"] and not found["growth"]["value"],
        "segments": not found["segments"]["value"],
        "interests": not found["interests"]["value"],
        "voices": not found["voices"]["value"],
        "risk": not found["warnings"]["value"] and not found["churn"]["value"][0]["users"],
        "buyers": not found["buyers"]["value"][0]["users"],
        "recommendations": not found["recommended"]["value"],
        "items": not found["best_items"]["value"],
        "outcomes": not found["outcomes"]["value"],
        "survival": not found["survival"]["value"],
        "models": not found["models"]["value"] and not found["other_models"]["value"],
    }
    for section, kpis in NEEDED.items():
        empty[section] = not _known_kpis(found["kpi_history"], kpis)
    empty["community"] = empty["community"] and not found["communities"]["value"]
    return {section: _reason(section, found) for section, missing in empty.items() if missing}


def _reason(section: str, found: dict[str, Figure], /) -> str:
    for row in found["skipped"]["value"]:
        about = any(word in f"{row['step']} {row['part']}" for word in ABSENT_PARTS[section])
        if (
            about
            and row["code"] not in (None, "", "rule_ships")
            and (section not in NEEDED or row["code"] in LOG_CODES)
        ):
            return str(row["code"])
    return "no_events_of_kind" if section in NEEDED and found["kpi_history"]["value"] else "no_data"
