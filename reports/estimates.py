"""Drawing estimates with their 95 % intervals: whiskers, reliability diagrams, odds ratios, curves with bands."""

from typing import Any

from reports.drawing import SHADES, WIDTH, Spec
from reports.query import Row

WHISKER: Spec = {"type": "rule", "strokeWidth": 2}
ALONE: Spec = {"width": WIDTH - 30, "height": 200}  # or the page would stretch a small picture
PLAIN_AXIS: Spec = {"title": None, "tickCount": 4}


def contest(values: list[Row], roles: list[str], names: list[str], /, *, title: str) -> Spec:
    """Points {name, role, value, low, high} a line of `names` each, from 0.5 on; only the first role has whiskers."""
    low = min(0.5, *(value["value"] for value in values))
    look = {"field": "role", "type": "nominal", "legend": {"columns": 3}}
    shape = look | {"scale": {"domain": roles, "range": ["circle", "triangle-up", "diamond"]}}
    color = look | {"scale": {"domain": roles, "range": [SHADES[0], SHADES[3], SHADES[1]]}}
    x = _amount("value", [low, 1.0], {"title": title, "tickCount": 5})
    y = {"field": "name", "type": "nominal", "sort": names, "axis": {"title": None}}
    point = {"type": "point", "filled": True, "size": 80, "opacity": 1}
    first = [{"filter": {"field": "role", "equal": roles[0]}}, {"filter": "isValid(datum.low)"}]
    return {
        **{"width": WIDTH - 110, "height": {"step": 34}, "data": {"values": values}},
        "encoding": {"x": x, "y": y},
        "layer": [
            {"transform": first, "mark": WHISKER | {"color": SHADES[0]}, "encoding": _between(x)},
            {"mark": point, "encoding": {"shape": shape, "color": color}},
        ],
    }


def reliability(values: list[Row], /, *, titles: tuple[str, str]) -> Spec:
    """Panels {name}, two a row: points {predicted, observed, low, high} beside the line on which both are the same.

    `values` also hold the two ends {name, predicted, ideal} of that line; each panel has its own scale.
    """
    x = {"field": "predicted", "type": "quantitative", "axis": {**PLAIN_AXIS, "title": titles[0], "format": "~%"}}
    y = {"type": "quantitative", "axis": {**PLAIN_AXIS, **_above(titles[1]), "format": "~%"}}
    ideal = {"type": "line", "color": SHADES[2], "strokeDash": [4, 3]}
    point = {"type": "point", "filled": True, "size": 34, "opacity": 1, "color": SHADES[0]}
    seen: Spec = {"filter": "isValid(datum.observed)"}
    layers = [
        {"transform": [{"filter": "isValid(datum.ideal)"}], "mark": ideal, "encoding": {"y": y | {"field": "ideal"}}},
        {"transform": [seen], "mark": WHISKER | {"color": SHADES[1]}, "encoding": _vertical(y)},
        {"transform": [seen], "mark": point, "encoding": {"y": y | {"field": "observed"}}},
    ]
    size = {"width": 128, "height": 112} if len({value["name"] for value in values}) > 1 else ALONE
    panel = {**size, "encoding": {"x": x}, "layer": layers}
    return panels(values, panel, columns=2) | {"resolve": {"scale": {"x": "independent", "y": "independent"}}}


def odds(values: list[Row], /, *, title: str) -> Spec:
    """A forest plot, {name, label, value, low, high} a line each: the name over the whisker, a log scale around 1."""
    rows = [row | {"place": place} for place, row in enumerate(values)]
    span = min(50.0, max(1.2, *(max(row["high"], 1 / row["low"]) for row in values)))
    scale = {"type": "log", "domain": [1 / span, span], "clamp": True, "range": [0, WIDTH - 105]}
    axis = {"title": title, "values": _ticks(span), "format": ".2~f"}
    x = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}
    y = {"field": "place", "type": "ordinal", "axis": None}
    even = {"type": "tick", "color": SHADES[1], "size": 16, "thickness": 1, "yOffset": 8}
    one = {"datum": 1, "type": "quantitative", "scale": scale, "axis": axis}
    point = {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": SHADES[0], "yOffset": 8}
    text = {"type": "text", "baseline": "middle"}
    name = text | {"align": "left", "x": 0, "dy": -8}
    label = text | {"align": "right", "x": WIDTH, "dy": 8}
    return {
        **{"width": WIDTH, "height": {"step": 38}, "data": {"values": rows}},
        "layer": [
            {"mark": even, "encoding": {"x": one, "y": y}},
            {"mark": WHISKER | {"color": SHADES[1], "yOffset": 8}, "encoding": {"y": y, **_between(x)}},
            {"mark": point, "encoding": {"x": x, "y": y}},
            {"mark": name, "encoding": {"y": y, "text": {"field": "name"}}},
            {"mark": label, "encoding": {"y": y, "text": {"field": "label"}}},
        ],
    }


def _ticks(span: float, /) -> list[float]:
    """Round odds ratios on both sides of 1, at most seven that lie within `span` times."""
    steps = [step for step in (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0) if step <= span][-3:]
    return [*(round(1 / step, 3) for step in reversed(steps)), 1.0, *steps]


def curve(values: list[Row], /, *, title: str) -> Spec:
    """A share {age, value, low, high} that steps down with age, and its band."""
    band = {"type": "area", "color": SHADES[2], "opacity": 0.55, "interpolate": "step-after"}
    line = {"type": "line", "color": SHADES[0], "interpolate": "step-after", "strokeWidth": 2}
    return {
        **{"width": WIDTH, "height": 180, "data": {"values": values}},
        "encoding": {"x": _age(values, title)},
        "layer": [
            {"mark": band, "encoding": {"y": _share("low"), "y2": {"field": "high"}}},
            {"mark": line, "encoding": {"y": _share("value")}},
        ],
    }


def curves(values: list[Row], /, *, title: str) -> Spec:
    """Panels {name}, three a row: each cohort's curve with its band, over everybody's {everybody} drawn dashed."""
    band = {"type": "area", "color": SHADES[2], "opacity": 0.55, "interpolate": "step-after"}
    line = {"type": "line", "interpolate": "step-after"}
    dashed = {"color": SHADES[1], "strokeDash": [3, 3]}
    mine: Spec = {"filter": "isValid(datum.value)"}
    theirs: Spec = {"filter": "isValid(datum.everybody)"}
    layers = [
        {"transform": [mine], "mark": band, "encoding": {"y": _share("low"), "y2": {"field": "high"}}},
        {"transform": [theirs], "mark": line | dashed, "encoding": {"y": _share("everybody")}},
        {
            "transform": [mine],
            "mark": line | {"color": SHADES[0], "strokeWidth": 2},
            "encoding": {"y": _share("value")},
        },
    ]
    panel = {"width": 90, "height": 74, "encoding": {"x": _age(values, title)}, "layer": layers}
    return panels(values, panel, columns=3)


def panels(values: list[Row], panel: Spec, /, *, columns: int) -> Spec:
    """One `panel` for each {name} of the records, in the order of their {place}."""
    order = {"field": "place", "op": "min"}
    facet = {"field": "name", "type": "nominal", "sort": order, "header": {"labelAnchor": "start"}}
    return {"data": {"values": values}, "facet": facet, "columns": columns, "spacing": 14, "spec": panel}


def _age(values: list[Row], title: str) -> Spec:
    """The axis of ages in days, marked every 28 or, for long spans, a round number of those."""
    longest = max(row["age"] for row in values)
    step = 28 * max(1, round(longest / 28 / 6))
    axis = {"title": title, "values": list(range(0, longest + 1, step)), "grid": False, "labelOverlap": False}
    return {"field": "age", "type": "quantitative", "scale": {"domain": [0, longest]}, "axis": axis}


def _share(field: str) -> Spec:
    axis = {"title": None, "values": [0, 0.5, 1], "format": "~%"}
    return {"field": field, "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": axis}


def _amount(field: str, domain: list[float], axis: dict[str, Any]) -> Spec:
    return {"field": field, "type": "quantitative", "scale": {"domain": domain}, "axis": axis}


def _between(x: Spec) -> Spec:
    return {"x": x | {"field": "low"}, "x2": {"field": "high"}}


def _vertical(y: Spec) -> Spec:
    return {"y": y | {"field": "low"}, "y2": {"field": "high"}}


def _above(title: str) -> Spec:
    """A vertical axis' title over the axis, level."""
    return {"title": title, "titleAngle": 0, "titleAlign": "left", "titleX": -28, "titleY": -7}
