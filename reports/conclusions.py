"""Rules that turn numbers into the conclusions of page one.

A conclusion is {code, level, what, why, do, sources}; `what`, `why` and `do` are sayings {key, values}: a key of the
catalogue and the values to write into it, each {kind, value} with a kind of reports/formats.py. No rule names a
cause: nothing here was tested, so "why" is a split of the change, a level, or the sentence that nothing is known.
"""

from collections.abc import Callable
from typing import Any

from reports.intervals import normal_range
from reports.query import Figure, Row, known

Saying = dict[str, Any]
Conclusion = dict[str, Any]
Figures = dict[str, Figure]
LEVELS = ("alert", "watch", "normal")
MOST = 5
GROWING_STATES = ("new", "active", "returned", "resurrected")
BAD_WHEN_HIGH = ("refunds", "refund_rate", "complaints", "questions_unanswered")


def say(key: str, /, **values: tuple[str, Any]) -> Saying:
    """A saying: `key` of the catalogue and its values as name=(kind, value)."""
    return {"key": key, "values": {name: {"kind": kind, "value": value} for name, (kind, value) in values.items()}}


def kpi(figures: Figures, name: str, /) -> Row | None:
    """This week's row of a weekly figure if there is a number to talk about."""
    rows = [row for row in figures["kpis"]["value"] if row["kpi"] == name]
    return rows[0] if rows and known(rows[0]["value"]) else None


def level(row: Row, /) -> str:
    """alert: unusual in the bad direction; watch: unusual in the other; normal: within two spreads."""
    if not row["unusual"] or row["mean_8w"] is None or not known(row["value"]):
        return "normal"
    high = row["value"] > row["mean_8w"]
    return "alert" if high == (row["kpi"] in BAD_WHEN_HIGH) else "watch"


def change(row: Row, /) -> tuple[str, Any]:
    """The change on the week before as a value to be written; a dash where one of the two is unknown."""
    if not (known(row["value"]) and known(row["previous"])):
        return "word", "none.no_base"
    return "change", {"now": row["value"], "before": row["previous"], "unit": row["unit"]}


def direction(row: Row, /) -> str:
    """up, down or flat (within 1 %, or 1 point for ratios) on the week before; flat if that is unknown."""
    if not (known(row["value"]) and known(row["previous"])):
        return "flat"
    moved = row["value"] - row["previous"]
    scale = 1 if row["unit"] == "ratio" else abs(row["previous"])
    if abs(moved) <= 0.01 * scale:
        return "flat"
    return "up" if moved > 0 else "down"


def trend(figures: Figures, row: Row, /) -> Saying:
    """One phrase on the figure against its own history, the most telling one that holds."""
    series = [r["value"] for r in figures["kpi_history"]["value"] if r["kpi"] == row["kpi"] and known(r["value"])]
    if row["mean_8w"] is None or row["spread_8w"] is None:
        return say("trend.short")
    usual = _usual(row)
    if row["unusual"]:
        return say("trend.high" if row["value"] > row["mean_8w"] else "trend.low", **usual)
    if len(series) >= 12 and row["value"] in (max(series), min(series)) and max(series) > min(series):
        return say("trend.highest" if row["value"] == max(series) else "trend.lowest")
    run = falls(series)
    return say("trend.falls", weeks=("exact", run)) if run >= 3 else say("trend.normal", **usual)


def _usual(row: Row, /) -> dict[str, tuple[str, Any]]:
    """Both ends of what is normal for a figure, as a sentence writes them."""
    ends = normal_range(row) or (row["mean_8w"], row["mean_8w"])
    kind = {"currency": "paid", "ratio": "percent", "stars": "hundredth"}.get(row["unit"], "count")
    return {name: (kind, end) for name, end in zip(("low", "high"), ends, strict=True)}


def falls(series: list[float], /) -> int:
    """How many times in a row the series fell up to its end: [5, 6, 4, 3] gives 2."""
    run = 0
    for now, before in zip(reversed(series), reversed(series[:-1]), strict=False):
        if now >= before:
            break
        run += 1
    return run


def conclusions(figures: Figures, /, *, absent: dict[str, str]) -> list[Conclusion]:
    """At most five conclusions, alerts first, otherwise in the fixed order of the rules.

    Empty where the release holds nothing to conclude from.
    """
    drawn = [line for rule, section in RULES if section not in absent and (line := rule(figures))]
    return sorted(drawn, key=lambda line: LEVELS.index(line["level"]))[:MOST]


def _conclusion(code: str, level_: str, what: Saying, why: Saying, do: Saying, sources: list[Figure]) -> Conclusion:
    return {"code": code, "level": level_, "what": what, "why": why, "do": do, "sources": sources}


def _active(figures: Figures, /) -> Conclusion | None:
    row = kpi(figures, "wau")
    if row is None:
        return None
    what = say(
        "conclusions.wau", now=("count", row["value"]), change=change(row), trend=("saying", trend(figures, row))
    )
    do = say(f"conclusions.wau_do_{direction(row)}")
    return _conclusion("wau", level(row), what, _split(figures, row), do, [figures["kpis"], figures["states"]])


def _split(figures: Figures, row: Row, /) -> Saying:
    """Which weekly state moved most in the direction of the weekly active people: arithmetic, not a cause."""
    parts = [part for part in figures["states"]["value"] if part["state"] in GROWING_STATES]
    if not known(row["previous"]) or not all(known(part["users"]) and known(part["previous"]) for part in parts):
        return say("conclusions.untested")
    moves = [(part["users"] - part["previous"], part["state"]) for part in parts]
    along = [(move, state) for move, state in moves if move * (row["value"] - row["previous"]) > 0]
    if not along:
        return say("conclusions.untested")
    move, state = max(along, key=lambda pair: (abs(pair[0]), pair[1]))
    return say("conclusions.split", state=("word", f"states.{state}"), move=("difference", move))


def _money(figures: Figures, /) -> Conclusion | None:
    net, gmv, refunds, payers = (kpi(figures, name) for name in ("net", "gmv", "refunds", "payers"))
    if net is None or gmv is None:
        return None
    what = say(
        "conclusions.net",
        net=("paid", net["value"]),
        change=change(net),
        gmv=("paid", gmv["value"]),
        refunds=("paid", refunds["value"] if refunds else None),
        trend=("saying", trend(figures, net)),
    )
    refunds_unusual = refunds is not None and level(refunds) == "alert"
    why = say("conclusions.payers", change=change(payers)) if payers else say("conclusions.untested")
    do = say("conclusions.net_do_refunds" if refunds_unusual else f"conclusions.net_do_{direction(net)}")
    return _conclusion("net", "alert" if refunds_unusual else level(net), what, why, do, [figures["kpis"]])


def _learning(figures: Figures, /) -> Conclusion | None:
    row, all_active = kpi(figures, "wau_learning"), kpi(figures, "wau")
    if row is None:
        return None
    what = say(
        "conclusions.learning",
        now=("count", row["value"]),
        change=change(row),
        trend=("saying", trend(figures, row)),
    )
    share = row["value"] / all_active["value"] if all_active and all_active["value"] >= 30 else None
    why = say("conclusions.learning_share", share=("percent", share)) if share else say("conclusions.untested")
    do = say(f"conclusions.learning_do_{direction(row)}")
    return _conclusion("learning", level(row), what, why, do, [figures["kpis"]])


def _risk(figures: Figures, /) -> Conclusion | None:
    total = figures["warnings_total"]["value"][0]
    if not known(total["users"]) or not total["users"]:
        return None
    sold = total["value_at_stake"] is not None
    money = {"value": "value_at_stake", "loss": "expected_loss"} if sold else {}
    value = {name: ("paid", total[column]) for name, column in money.items()}
    what = say("conclusions.risk" if sold else "conclusions.risk_unsold", users=("count", total["users"]), **value)
    reasons = [row["reason"] for row in figures["warning_reasons"]["value"] if known(row["users"])]
    why = say("conclusions.risk_reason", reason=("column", reasons[0])) if reasons else say("conclusions.untested")
    sources = [figures["warnings_total"], figures["warning_reasons"], figures["expected_profit"]]
    return _conclusion("risk", "watch", what, why, _contact(figures), sources)


def _contact(figures: Figures, /) -> Saying:
    """What to do about the list, and what that would bring if the assumed shares saved are right."""
    for row in figures["expected_profit"]["value"]:
        if known(row["value"]) and float(row["value"]) > 0:
            return say("conclusions.risk_do_profit", profit=("paid", row["value"]))
    return say("conclusions.risk_do")


def _community(figures: Figures, /) -> Conclusion | None:
    rows = [row for row in figures["communities"]["value"] if row["community_id"] == "(all)"]
    row = rows[0] if rows else {"questions": None, "questions_unanswered": None}
    if not known(row["questions"]) or not known(row["questions_unanswered"]) or not row["questions"]:
        return None
    enough = row["questions"] >= 30
    what = say(
        "conclusions.community" if enough else "conclusions.community_few",
        unanswered=("count", row["questions_unanswered"]),
        questions=("count", row["questions"]),
        share=("percent", row["questions_unanswered"] / row["questions"]),
    )
    hours = row["first_reply_median_hours"]
    why = say("conclusions.community_reply", hours=("tenth", hours)) if known(hours) else say("conclusions.untested")
    bad = enough and row["questions_unanswered"] > 0.2 * row["questions"]
    do = say("conclusions.community_do" if row["questions_unanswered"] else "conclusions.community_done")
    return _conclusion("community", "watch" if bad else "normal", what, why, do, [figures["communities"]])


def _buyers(figures: Figures, /) -> Conclusion | None:
    row = figures["buyers"]["value"][0]
    if not known(row["expected_28d"]):
        return None
    what = say("conclusions.buyers", expected=("count", row["expected_28d"]), users=("count", row["users"]))
    do = say("conclusions.buyers_do")
    return _conclusion("buyers", "normal", what, say("conclusions.buyers_why"), do, [figures["buyers"]])


def _trust(figures: Figures, /) -> Conclusion | None:
    total = figures["deliveries_total"]["value"][0]
    if not total["rows"]:
        return None
    failed, warned = (sum(row[name] for row in figures["checks"]["value"]) for name in ("failed", "warned"))
    share = total["rejected"] / total["rows"]
    what = say(
        "conclusions.trust",
        rows=("count", total["rows"]),
        rejected=("exact", total["rejected"]),
        share=("percent", share),
        failed=("exact", failed + warned),
    )
    bad = bool(failed or share > 0.01 or total["unbalanced"])
    grade = "alert" if bad else "watch" if warned else "normal"
    do = say(f"conclusions.trust_do_{grade}")
    sources = [figures["deliveries_total"], figures["checks"]]
    return _conclusion("trust", grade, what, say("conclusions.trust_why"), do, sources)


RULES: tuple[tuple[Callable[[Figures], Conclusion | None], str], ...] = (
    (_active, "kpis"),
    (_money, "money"),
    (_risk, "risk"),
    (_learning, "learning"),
    (_community, "community"),
    (_buyers, "buyers"),
    (_trust, "trust"),
)
