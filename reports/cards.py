"""The card of a model as one page: what it is for, from what it learnt, how good it is and what was decided about it.

After Mitchell et al. (2019), "Model Cards for Model Reporting". A card is a plain dict written by training; a model
without a gate (segments, recommendation) has few of its parts, and a part that is not there is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports import model_charts
from reports.catalogue import Words
from reports.charts import Chart, Charts
from reports.formats import Formats
from reports.grids import Columns, Grid, grid
from reports.modelling import card_file
from reports.page import HTML_LANGUAGES, environment
from reports.predictions import LARGEST, LEAK, MEASURES
from reports.query import SMALLEST_DENOMINATOR, Row, clean, plain
from reports.voice import Voice

Card = Mapping[str, Any]
Facts = list[tuple[str, str]]
WHOLE = "all"
LONGEST = 1000  # characters of a fact: a model may have many settings
TOGETHER: Columns = tuple((measure, "interval") for measure in MEASURES)
CONTENDERS: Columns = (("estimator", "estimator"), ("role", "known:roles"), *TOGETHER)
SLICES: Columns = (("slice", "slice"), ("rows", "count"), ("estimator", "estimator"), *TOGETHER)
COMPARISONS: Columns = (("versus", "estimator"), ("metric", "known:metrics"), ("difference", "signed_interval"))
TRIALS: Columns = (
    *(("estimator", "estimator"), ("settings", "code"), ("auc", "thousandth"), ("pr_auc", "thousandth")),
    ("chosen", "text"),
)
OTHERS: Columns = (
    ("metric", "known:metrics"),
    ("estimator", "estimator"),
    ("value", "thousandth"),
    ("rows", "count"),
)
BINS: Columns = (
    *(("bin", "exact"), ("people", "count"), ("predicted", "percent"), ("observed", "percent")),
    *(("low_95", "percent"), ("high_95", "percent")),
)
COEFFICIENTS: Columns = (("feature", "feature"), ("odds", "ratio_interval"))


def render_card(card: Card, /, *, language: str) -> str:
    """The card as one HTML page in `language`, zh or en; UsageError for another.

    `card["model"]` names the model; everything else may be missing.
    """
    words = Words(language)
    voice = Voice(words, Formats(words, currency=None, timezone="UTC"))
    name = _text(card.get("title"), language) or voice.code("models", str(card["model"]))
    other = words("page.other_code")
    return (
        environment()
        .get_template("card.html")
        .render(
            w=words,
            lang=HTML_LANGUAGES[language],
            title=words("page.card", name=name),
            other=card_file(str(card["model"]), other),
            decision=_decision(card, voice),
            facts=[*_facts(card, voice), *_data(card, voice)],
            lists=[(words(f"card.{part}"), _texts(card.get(part), language)) for part in ("exclusions", "limits")],
            notes=_notes(card, voice),
            sentences=_sentences(card) if language == "en" else [],
            charts=_charts(card, voice),
            grids=[each for each in _grids(card, voice) if each],
        )
    )


def _text(texts: object, language: str) -> str:
    """A text that stands in both languages; empty where there is none."""
    return str(plain(texts.get(language, ""))) if isinstance(texts, Mapping) else ""


def _texts(texts: object, language: str) -> list[str]:
    return [str(plain(line)) for line in texts.get(language, ())] if isinstance(texts, Mapping) else []


def _decision(card: Card, voice: Voice) -> dict[str, str] | None:
    code = card.get("decision", {}).get("decision")
    if code is None:
        return None
    return {"state": "normal" if code == "promoted" else "watch", "text": voice.code("decisions", str(code))}


def _facts(card: Card, voice: Voice) -> Facts:
    """What it is for and how it was made."""
    language = voice.words.language
    told = [(part, _text(card.get(part), language)) for part in ("use", "label", "eligible")]
    made = [
        ("estimator", voice.estimator(str(card["estimator"])) if card.get("estimator") else ""),
        ("trained", voice.formats.date(str(card["trained_as_of"])) if card.get("trained_as_of") else ""),
        ("settings", voice.listed([f"{name} = {value}" for name, value in _flat(card.get("settings", {}))])),
        ("calibration", _calibration(card, voice)),
        ("seed", str(card.get("seed", ""))),
    ]
    return _worded([*told, *made], voice)


def _flat(settings: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Settings and those of the parts of a blend: xgboost.depth = 3."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _calibration(card: Card, voice: Voice) -> str:
    kind = card.get("calibration", {}).get("kind")
    return voice.code("calibrations", str(kind)) if kind else ""


def _data(card: Card, voice: Voice) -> Facts:
    """From what it learnt, as far as people can be counted."""
    data = card.get("data", {})
    counts = {name: voice.formats("count", data[name]) for name in ("rows", "people") if data.get(name) is not None}
    sides = [data.get(f"people_{side}") for side in ("with", "without")]
    both = [voice.formats("count", side) for side in sides if side is not None]
    weeks = [voice.formats.date(str(week)) for week in data.get("weeks") or ()]
    lake = [f"{table} {version}" for table, version in (data.get("lake") or {}).items()]
    told = [
        ("weeks", " — ".join(weeks)),
        ("rows", counts.get("rows", "")),
        ("people", counts.get("people", "")),
        ("sides", voice.words("card.both", first=both[0], second=both[1]) if len(both) == 2 else ""),
        ("columns", str(data.get("columns_used") or data.get("columns") or "")),
        ("lake", voice.listed(lake)),
        ("fingerprint", str(data.get("fingerprint") or "")),
    ]
    return _worded(told, voice)


def _worded(told: Sequence[tuple[str, str]], voice: Voice) -> Facts:
    return [(voice.words(f"card.{name}"), clean(text, limit=LONGEST)) for name, text in told if text]


def _notes(card: Card, voice: Voice) -> list[str]:
    """That nothing could be trained, or the leak alarm; what the gate's comparison with the champion came to."""
    notes = []
    if not card.get("enough", True):
        notes.append(voice.words("card.few"))
    elif "leak_alarm" in card:
        columns = [voice.feature(str(column)) for column in card["leak_alarm"]]
        said = {"features": voice.listed(columns)} if columns else {}
        notes.append(voice.words("card.leak_rings" if columns else "card.leak_silent", **said))
    decision = card.get("decision", {})
    if decision.get("auc_difference") is not None:
        span = {"value": decision["auc_difference"], "low": decision["low_95"], "high": decision["high_95"]}
        notes.append(voice.words("card.difference", difference=voice.formats("signed_interval", span)))
    if card.get("coefficients"):
        notes.append(voice.words("leads.associated"))
    return notes


def _sentences(card: Card) -> list[str]:
    """The reasons of the gate, which exist in English only."""
    decision = card.get("decision", {})
    return [str(plain(line)) for line in decision.get("sentences") or filter(None, [decision.get("why")])]


def _charts(card: Card, voice: Voice) -> list[Chart]:
    shown = {"reliability": _own(card, "reliability"), "coefficients": _own(card, "coefficients")[:LARGEST]}
    figures = {name: {"value": rows, "table": name, "sql": ""} for name, rows in shown.items()}
    summary = {"figures": figures, "platform": {"currency": None}}
    charts = Charts(summary, words=voice.words, formats=voice.formats)
    drawn = [model_charts.reliability(charts), *model_charts.odds(charts, voice)]
    return [chart for chart in drawn if chart]


def _own(card: Card, part: str) -> list[Row]:
    """The rows of a part as the report's charts know them; coefficients with the firmest first."""
    rows = [
        {name: plain(value) for name, value in row.items()} | {"model": card["model"]} for row in card.get(part, ())
    ]
    if part != "coefficients":
        return rows
    firm = [row for row in rows if row["standard_error"] and row["odds_low_95"] and row["odds_high_95"]]
    return sorted(firm, key=lambda row: (-abs(row["coefficient"] / row["standard_error"]), row["feature"]))


def _grids(card: Card, voice: Voice) -> Iterator[Grid | None]:
    metrics = [{name: plain(value) for name, value in row.items()} for row in card.get("metrics", ())]
    together = [row for row in _pivoted(metrics, card) if row["auc"]]
    yield _table("card_contenders", [row for row in together if row["slice"] == WHOLE], CONTENDERS, voice)
    parts = [row for row in together if row["slice"] != WHOLE and (row["rows"] or 0) >= SMALLEST_DENOMINATOR]
    yield _table("card_slices", parts, SLICES, voice)
    compared = [row for row in card.get("comparisons", ()) if row.get("slice", WHOLE) == WHOLE]
    yield _table("card_comparisons", [_compared(row) for row in compared], COMPARISONS, voice)
    yield _table("card_reliability", _own(card, "reliability"), BINS, voice)
    yield _table(
        "card_coefficients", [_with_odds(row) for row in _own(card, "coefficients")[:30]], COEFFICIENTS, voice
    )
    yield _table("card_trials", list(_trials(card, voice)), TRIALS, voice)
    rest = [row for row in metrics if row["slice"] == WHOLE and row["metric"] not in (*MEASURES, LEAK, "none")]
    figures = sorted(
        (row for row in rest if row["value"] is not None), key=lambda row: (row["metric"], -row["value"])
    )
    yield _table("card_others", figures, OTHERS, voice)


def _trials(card: Card, voice: Voice) -> Iterator[Row]:
    """What was tried on earlier weeks, the best first; what the time did not allow has no figure and is left out."""
    tried = [row for row in card.get("tuning", {}).get("trials", ()) if row.get("auc") is not None]
    for row in sorted(tried, key=lambda row: -row["auc"]):
        yield row | {"chosen": voice.words("card.chosen") if row["chosen"] else ""}


def _pivoted(metrics: Sequence[Row], card: Card) -> list[Row]:
    """One row per estimator and slice, the model itself first."""
    found: dict[tuple[str, str], Row] = {}
    for row in metrics:
        if row["metric"] in MEASURES:
            key = (row["slice"], row["estimator"])
            made = found.setdefault(key, {**dict.fromkeys(MEASURES), **{name: row.get(name) for name in _KEPT}})
            made[row["metric"]] = _span(row)
    own = card.get("estimator")
    return sorted(found.values(), key=lambda row: (row["slice"], row["estimator"] != own, row["estimator"]))


_KEPT = ("slice", "estimator", "role", "rows")


def _span(row: Row) -> Row | None:
    if row["value"] is None:
        return None
    return {"value": row["value"], "low": row.get("low_95"), "high": row.get("high_95")}


def _compared(row: Row) -> Row:
    return row | {"difference": _span({name: plain(value) for name, value in row.items()})}


def _with_odds(row: Row) -> Row:
    return row | {"odds": {"value": row["odds_ratio"], "low": row["odds_low_95"], "high": row["odds_high_95"]}}


def _table(name: str, rows: Sequence[Row], columns: Columns, voice: Voice) -> Grid | None:
    whole = [dict.fromkeys((column for column, _ in columns)) | row for row in rows]
    return grid(name, {"value": whole, "table": "", "sql": ""}, columns=columns, voice=voice)
