"""The charts of the page for engineers; each is None without enough to draw."""

from typing import Any

from reports import drawing
from reports.charts import Chart, Charts, in_lines
from reports.drawing import LINES, SHADES, WIDTH, Spec
from reports.query import Row, known
from reports.voice import Voice

DRIFTED = 0.1  # of quality.model_drift: what of PSI above its mean without drift counts as moved
MARKS = (0.0, DRIFTED, 0.25, 1.0, 4.0)
MOST = 15


def seconds(charts: Charts, voice: Voice, /) -> Chart | None:
    """How long each step took, in the order in which they run."""
    rows = [row for row in charts.figures["steps"]["value"] if row["seconds"]]
    if len(rows) < 2:
        return None
    values = [
        {
            "name": voice.code("steps", row["step"]),
            "users": row["seconds"],
            "label": voice.words("engineers.seconds", seconds=voice.formats.tenth(row["seconds"])),
        }
        for row in rows
    ]
    longest, total = max(values, key=lambda value: value["users"]), sum(value["users"] for value in values)
    return charts.made(
        *("steps", "seconds", drawing.ranked(values, [value["name"] for value in values])),
        step=longest["name"],
        share=voice.formats.percent(longest["users"] / total),
        total=voice.formats.tenth(total),
    )


def rejected(charts: Charts, voice: Voice, /) -> Chart | None:
    """Refused rows by reason, the most frequent first."""
    rows = charts.figures["rejects"]["value"][:MOST]
    if len(rows) < 2:
        return None
    values = [
        {
            "name": in_lines(voice.reject(row["code"])),
            "users": row["rows"],
            "label": voice.formats.exact(row["rows"]),
        }
        for row in rows
    ]
    return charts.made(
        *("rejects", "rejected", drawing.ranked(values, [value["name"] for value in values])),
        reason=voice.reject(rows[0]["code"]),
        share=voice.formats.percent(rows[0]["rows"] / sum(row["rows"] for row in rows)),
    )


def drifted(charts: Charts, voice: Voice, /) -> Chart | None:
    """The columns that moved most: the span over the predictions that use them, beside the threshold."""
    every = [row for row in charts.figures["drift_columns"]["value"] if known(row["psi_excess"])]
    if len(every) < 2:
        return None
    rows = every[:MOST]
    values = [_dot(row, voice) for row in rows]
    return charts.made(
        *("drift_columns", "drifted", dots(values, threshold=DRIFTED, title=charts.words("charts.psi_axis"))),
        feature=voice.feature(rows[0]["feature"]),
        psi=voice.formats.hundredth(rows[0]["psi_excess"]),
        count=voice.formats.exact(sum(bool(row["models_drifted"]) for row in every)),
        all=voice.formats.exact(len(every)),
    )


def _dot(row: Row, voice: Voice) -> dict[str, Any]:
    low, high = (max(0.0, row[name]) for name in ("psi_least", "psi_excess"))
    name = voice.feature(row["feature"])
    return {
        "name": in_lines(name),
        "low": low,
        "value": high,
        "label": voice.formats.hundredth(row["psi_excess"]),
        "moved": bool(row["models_drifted"]),
    }


def dots(values: list[Row], /, *, threshold: float, title: str) -> Spec:
    """Points {name, low, value, label, moved} a line each on a scale that shows small and large, left of a whisker.

    What has moved is a filled point, the rest are hollow; the dashed line is `threshold`.
    """
    top = max(*(value["value"] for value in values), 2 * threshold)
    domain = [0.0, 1.5 * top]
    scale = {"type": "symlog", "constant": threshold / 2, "domain": domain, "nice": False}
    axis = {"title": title, "values": [mark for mark in MARKS if mark <= top], "format": "~g"}
    x = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}
    names = list(dict.fromkeys(value["name"] for value in values))
    y = {"field": "name", "type": "nominal", "sort": names, "axis": {"title": None, "ticks": False} | LINES}
    point = {"type": "point", "size": 60, "opacity": 1, "stroke": SHADES[0], "strokeWidth": 1.5}
    fill = {"condition": {"test": "datum.moved", "value": SHADES[0]}, "value": "var(--paper)"}
    limit = {"type": "rule", "strokeDash": [4, 3], "color": SHADES[1]}
    return {
        **{"width": WIDTH - 150, "height": {"step": drawing.row_height(names)}, "data": {"values": values}},
        "encoding": {"y": y},
        "layer": [
            {"mark": limit, "encoding": {"x": {"datum": threshold, "type": "quantitative", "scale": scale}, "y": {}}},
            {"mark": {"type": "rule", "color": SHADES[2], "strokeWidth": 2}, "encoding": _span(x)},
            {"mark": point, "encoding": {"x": x, "fill": fill}},
            {"mark": {"type": "text", "align": "left", "dx": 8}, "encoding": {"x": x, "text": {"field": "label"}}},
        ],
    }


def _span(x: Spec) -> Spec:
    return {"x": x | {"field": "low"}, "x2": {"field": "value"}}
