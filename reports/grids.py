"""Tables of a page: a figure and its columns to a head and rows of text, ready for the template."""

from collections.abc import Sequence
from typing import Any

from reports.conclusions import change, direction, level
from reports.drawing import sparkline
from reports.intervals import normal_range, sampled
from reports.query import SMALLEST_CELL, SMALLEST_DENOMINATOR, Figure, Row, Value, known
from reports.voice import Voice

LEFT = ("text", "code", "feature", "reject", "estimator", "slice")
Grid = dict[str, Any]
Cell = dict[str, Any]
Columns = Sequence[tuple[str, str]]
KPI_HEAD = ("kpi", "this_week", "change", "status", "last_week", "mean_8w", "spark")
DENOMINATORS = {  # what a rate is out of: where that is small, the reason for a gap is the sample
    **{"first_reply_in_24h": "questions", "first_reply_median_hours": "questions", "top_5_percent_share": "speakers"},
    **{"contacted_rate": "contacted", "holdout_rate": "holdout", "effect": "holdout"},
}


def grid(name: str, figure: Figure, /, *, columns: Columns, voice: Voice) -> Grid | None:
    """A table of `figure` with `columns` as (column, kind); None without rows.

    A kind is one of reports/formats.py, or code (as it is, in code type), feature, reject, estimator,
    slice, or known:SECTION of the catalogue.
    A column without any value is left out: the platform does not know it.
    """
    if not figure["value"]:
        return None
    filled = [(c, kind) for c, kind in columns if any(row[c] is not None for row in figure["value"])]
    return {
        "title": voice.words(f"tables.{name}"),
        "head": [{"text": voice.words(f"columns.{heading(name, c)}"), "left": is_left(kind)} for c, kind in filled],
        "rows": [[_in_row(row, c, kind, voice=voice) for c, kind in filled] for row in figure["value"]],
        "figure": figure,
    }


def _in_row(row: Row, column: str, kind: str, /, *, voice: Voice) -> Cell:
    made = cell(row[column], kind, voice=voice)
    people = row.get(DENOMINATORS.get(column, ""))
    if row[column] is None and isinstance(people, int | float) and people < SMALLEST_DENOMINATOR:
        return made | {"text": voice.formats.nothing("small_sample")}
    return made


def heading(table: str, column: str, /) -> str:
    """The catalogue's key for a column: the few that mean something else in one table have a name of their own."""
    special = {
        ("card_trials", "auc"): "auc_mean",
        ("card_trials", "pr_auc"): "pr_auc_mean",
        ("outcomes", "holdout"): "holdout_people",
        ("buyers_by_segment", "users"): "users_scored",
        ("behaviours", "name_zh"): "behaviour",
        ("behaviours", "name_en"): "behaviour",
        ("behaviours", "texts"): "texts_84d",
        ("interests", "share"): "topic_share",
        ("voices", "people"): "people_now",
    }
    return special.get((table, column), "name" if column in ("name_zh", "name_en") else column)


def is_left(kind: str, /) -> bool:
    """True for words, which stand left; figures stand right."""
    return kind in LEFT or kind.startswith("known:")


def cell(value: Value, kind: str, /, *, voice: Voice) -> Cell:
    """One cell: {text, left, code, none}."""
    missing = not known(value)
    code = kind == "code" and not missing
    if missing or kind == "code":
        text = voice.formats("text", value)
    elif kind in ("feature", "reject", "estimator", "slice"):
        text = getattr(voice, kind)(value)
    elif kind.startswith("known:"):
        text = voice.code(kind.removeprefix("known:"), value)
        code = voice.words.known(kind.removeprefix("known:"), value) is None
    else:
        text = voice.formats(kind, value)
    return {"text": text, "left": is_left(kind), "code": code, "none": missing}


def kpi_grid(names: Sequence[str], figure: Figure, history: Figure, /, *, voice: Voice) -> Grid | None:
    """The weekly figures `names` in that order, with what is usual for each; on a phone each is a card of its own."""
    rows = {row["kpi"]: row for row in figure["value"]}
    shown = [rows[name] for name in names if name in rows]
    if not shown:
        return None
    return {
        "title": "",
        "kind": "cards",
        "head": [{"text": voice.words(f"columns.{name}"), "left": name in ("kpi", "status")} for name in KPI_HEAD],
        "rows": [_kpi_cells(row, history, voice=voice) for row in shown],
        "figure": figure,
    }


def _kpi_cells(row: Row, history: Figure, /, *, voice: Voice) -> list[Cell]:
    unit, mean = row["unit"], row["mean_8w"]
    cells = [
        _cell(voice.code("kpis", row["kpi"]), left=True),
        _cell(now_text(row, voice=voice), none=not known(row["value"])) | _sampled(row, voice=voice),
        _cell(change_text(row, voice=voice)),
        _status(row, voice=voice),
        _cell(voice.formats.measure({"value": row["previous"], "unit": unit}), none=not known(row["previous"])),
        _cell(_mean(mean, unit, voice=voice), none=mean is None) | _usual(row, voice=voice),
        _cell("") | {"svg": _spark(row["kpi"], history, voice=voice)},
    ]
    return [made | {"name": name} for name, made in zip(KPI_HEAD, cells, strict=True)]


def _cell(text: str, /, *, left: bool = False, none: bool = False) -> Cell:
    return {"text": text, "left": left, "code": False, "none": none}


def _sampled(row: Row, /, *, voice: Voice) -> Cell:
    """The 95 % interval of a share of people, under it."""
    ends = sampled(row)
    return {"under": _ends(ends, row["unit"], voice=voice)} if ends else {}


def _usual(row: Row, /, *, voice: Voice) -> Cell:
    """What is normal, under the mean."""
    ends = normal_range(row)
    return {"under": _ends(ends, row["unit"], voice=voice)} if ends else {}


def _ends(ends: tuple[float, float], unit: str, /, *, voice: Voice) -> str:
    low, high = (voice.formats.measure({"value": value, "unit": unit}) for value in ends)
    return voice.words("change.ends", low=low, high=high)


def now_text(row: Row, /, *, voice: Voice) -> str:
    """This week's figure, or a dash and why there is none."""
    few = row["denominator"]
    if row["value"] is None and few is not None:
        if not SMALLEST_CELL <= few < SMALLEST_DENOMINATOR:  # a larger one is money, not people
            return voice.formats.nothing("small_sample")
        return f"— {voice.words('none.small_sample_n', n=int(few))}"
    return voice.formats.measure({"value": row["value"], "unit": row["unit"]})


def _mean(mean: float | None, unit: str, /, *, voice: Voice) -> str:
    """A mean of small counts keeps a decimal, or it would read like a count."""
    if mean is not None and abs(mean) < 100 and unit in ("people", "events", "minutes"):
        return voice.formats.tenth(mean)
    return voice.formats.measure({"value": mean, "unit": unit})


def change_text(row: Row, /, *, voice: Voice) -> str:
    """The change on the week before with its direction in a word, or a dash and why there is none."""
    kind, value = change(row)
    if kind == "word":
        return voice.formats.nothing("no_base")
    text = voice.formats(kind, value)
    return text if text.startswith("—") else f"{voice.words(f'direction.{direction(row)}')} {text}"


def _status(row: Row, /, *, voice: Voice) -> Cell:
    if row["mean_8w"] is None or row["spread_8w"] is None or not known(row["value"]):
        return _cell(voice.formats.nothing("no_history"), left=True, none=True)
    return _cell(voice.words(f"state.{level(row)}"), left=True) | {"state": level(row)} | _which_way(row, voice=voice)


def _which_way(row: Row, /, *, voice: Voice) -> Cell:
    """Outside the normal range: above it or below, in a word."""
    if level(row) == "normal":
        return {}
    return {"under": voice.words("state.high" if row["value"] > row["mean_8w"] else "state.low")}


def _spark(name: str, history: Figure, /, *, voice: Voice) -> str:
    rows = [row for row in history["value"] if row["kpi"] == name]
    values = [row["value"] if known(row["value"]) else None for row in rows]
    there = [row for row in rows if known(row["value"])]
    if len(there) < 2:
        return ""
    first, last = (
        voice.formats.measure({"value": row["value"], "unit": row["unit"]}) for row in (there[0], there[-1])
    )
    return sparkline(values, alt=voice.words("charts.spark", name=voice.code("kpis", name), first=first, last=last))
