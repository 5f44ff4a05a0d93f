"""A picture of contributions: bars to the left for what took away, to the right for what added, signs in words."""

from reports.drawing import LINES, SHADES, WIDTH, Spec, row_height
from reports.query import Row

HALF, FULL = 6.5, 11.5  # pixels of a half-width and a full-width letter


def contributions(values: list[Row], /) -> Spec:
    """Bars of {name, change, label} in the order given; what took away is lighter and says so in its label."""
    names = [value["name"] for value in values]
    reach = 1.9 * max((abs(value["change"]) for value in values), default=0.0) or 1.0
    x = {"field": "change", "type": "quantitative", "axis": None, "scale": {"domain": [-reach, reach]}}
    axis = {"title": None, "ticks": False, "domain": False}
    y = {"field": "name", "type": "nominal", "sort": names, "axis": axis | LINES}
    shade = {"condition": {"test": "datum.change < 0", "value": SHADES[2]}, "value": SHADES[0]}
    text = {"text": {"field": "label"}}
    return {
        **{"width": WIDTH - _beside(names), "height": {"step": row_height(names)}, "data": {"values": values}},
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "bar", "height": 14}, "encoding": {"color": shade}},
            {"mark": {"type": "rule", "color": "currentColor"}, "encoding": {"x": {"datum": 0}, "y": None}},
            _labels("datum.change >= 0", "left", 4, text),
            _labels("datum.change < 0", "right", -4, text),
        ],
    }


def _beside(names: list[str], /) -> float:
    """Pixels that the longest line of the names takes, so that every picture is as wide as the others."""
    lines = [line for name in names for line in name.split("\n")]
    return 12 + max((sum(FULL if letter > "\u2e80" else HALF for letter in line) for line in lines), default=0.0)


def _labels(which: str, align: str, beside: int, text: Spec) -> Spec:
    mark = {"type": "text", "align": align, "dx": beside}
    return {"transform": [{"filter": which}], "mark": mark, "encoding": text}
