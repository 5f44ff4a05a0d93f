"""Drawing: Vega-Lite by vl-convert to static SVG that is part of the page (no script, text stays text).

Colours are the page's own variables, so that a chart follows light, dark and print; shades differ in lightness too,
for greyscale.
"""

import re
from html import escape
from itertools import groupby
from typing import Any

from reports.query import Row

FONT = '"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif'
INK = "currentColor"
SHADES = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)")
WIDTH = 350
LINE = 26  # half-width letters of a name that fit on a line beside bars or shades
Spec = dict[str, Any]
# Names of several lines; no text of a platform holds a line break.
LINES: Spec = {"labelExpr": "split(datum.label, '\\n')", "labelLineHeight": 12}

CONFIG: Spec = {
    "font": "Noto Sans SC",
    "background": None,
    "padding": {"left": 4, "top": 4, "right": 12, "bottom": 4},  # fonts differ in width
    "view": {"stroke": None},
    "axis": {
        **{"labelColor": INK, "titleColor": INK, "tickColor": INK, "domainColor": INK, "gridColor": "var(--grid)"},
        **{"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 200},
    },
    "legend": {
        **{"labelColor": INK, "title": None, "orient": "top", "labelFontSize": 11, "labelLimit": 160},
        **{"columns": 2, "symbolType": "square", "symbolStrokeWidth": 0, "offset": 26},
    },
    "header": {"labelColor": INK, "title": None, "labelFontSize": 11, "labelLimit": 200, "labelFontWeight": 600},
    "text": {"color": INK, "fontSize": 11},
}


def svg(spec: Spec, /, *, alt: str) -> str:
    """`spec` drawn, with `alt` as its one text alternative (the drawing library's own is English only)."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg({"config": CONFIG, **spec})
    bare = re.sub(r' (?:aria-[a-z]+|role|font-family|xmlns:xlink)="[^"]*"', "", drawn)
    opening = f'<svg role="img" aria-label="{escape(alt)}" font-family="{escape(FONT)}" '
    return bare.replace("<svg ", opening, 1)


def sparkline(values: list[float | None], /, *, alt: str) -> str:
    """A line of at most 12 weeks, 90 by 22 pixels, the last week marked; unknown weeks are gaps."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return ""
    low, span = min(numbers), (max(numbers) - min(numbers)) or 1.0
    spots = [
        None
        if value is None
        else (round(3 + 84 * place / (len(values) - 1), 1), round(19 - 16 * (value - low) / span, 1))
        for place, value in enumerate(values)
    ]
    runs = [" ".join(f"{spot[0]},{spot[1]}" for spot in run if spot) for _, run in groupby(spots, key=bool)]
    lines = "".join(f'<polyline points="{run}" fill="none" stroke="currentColor"/>' for run in runs if run)
    last = spots[-1]
    dot = f'<circle cx="{last[0]}" cy="{last[1]}" r="2.4" fill="currentColor"/>' if last else ""
    return f'<svg class="spark" role="img" aria-label="{escape(alt)}" viewBox="0 0 90 22">{lines}{dot}</svg>'


def bars(values: list[Row], /, *, days: list[str], y: str, title: str) -> Spec:
    """Bars of `y` over the weeks."""
    return {
        **{"width": WIDTH, "height": 170, "data": {"values": values}},
        "mark": {"type": "bar", "color": SHADES[0], "stroke": "var(--paper)", "strokeWidth": 0.7},
        "encoding": {"x": week_axis(days), "y": amount_axis(y, title)},
    }


def week_axis(days: list[str], /) -> Spec:
    """The axis of weeks, in order, labels left out where they would touch."""
    axis = {"title": None, "labelAngle": 0, "labelOverlap": True, "grid": False}
    return {"field": "week", "type": "ordinal", "sort": days, "scale": {"domain": days}, "axis": axis}


def amount_axis(field: str, title: str, /) -> Spec:
    """The axis of amounts, already divided to fit its title."""
    above = {"title": title, "titleAngle": 0, "titleAlign": "left", "titleX": -34, "titleY": -9}
    return {"field": field, "type": "quantitative", "axis": above | {"tickCount": 4, "format": ",~f"}}


def line(encoding: Spec, kind: str, /, *, dash: list[int]) -> Spec:
    """The records of one kind as a line."""
    return {
        "transform": [{"filter": {"field": "kind", "equal": kind}}],
        "mark": {"type": "line", "color": SHADES[0], "strokeDash": dash, "point": {"size": 18, "color": SHADES[0]}},
        "encoding": encoding,
    }


def heat(
    values: list[Row],
    /,
    *,
    rows: list[str],
    columns: list[str],
    titles: tuple[str | None, str | None],
    shades: tuple[float, float] = (0, 1),
    size: tuple[int, int] = (WIDTH - 40, 210),
) -> Spec:
    """A table of shades with {from, to, share, label}; rows and columns in the order given.

    `shades` are the shares that are lightest and darkest; what lies outside looks like them.
    """
    bare = {"grid": False, "ticks": False, "domain": False}
    above = bare | {"orient": "top", "labelAngle": -35, "labelLimit": WIDTH, "title": titles[1]}
    x = {"field": "to", "type": "nominal", "sort": columns, "axis": above}
    y = {"field": "from", "type": "nominal", "sort": rows, "axis": bare | LINES | {"title": titles[0]}}
    scale = {"domain": list(shades), "range": [0.04, 0.6], "clamp": True}
    opacity = {"field": "share", "type": "quantitative", "scale": scale, "legend": None}
    square = {"type": "rect", "color": SHADES[1], "stroke": "var(--grid)", "strokeWidth": 0.5}
    return {
        **{"width": size[0], "height": size[1], "data": {"values": values}},
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": square, "encoding": {"fillOpacity": opacity}},
            {"mark": {"type": "text"}, "encoding": {"text": {"field": "label"}}},
        ],
    }


def row_height(names: list[str], /) -> int:
    """Pixels for a row beside which the longest of `names` stands."""
    return 26 if max((name.count("\n") for name in names), default=0) == 0 else 32


def ranked(values: list[Row], names: list[str], /) -> Spec:
    """Horizontal bars with {name, users, label} and the label at their end."""
    longest = 1.25 * max(value["users"] for value in values)
    x = {"field": "users", "type": "quantitative", "axis": None, "scale": {"domain": [0, longest]}}
    axis = {"title": None, "ticks": False, "domain": False}
    y = {"field": "name", "type": "nominal", "sort": names, "axis": axis | LINES}
    return {
        **{
            "width": WIDTH - 130,
            "height": {"step": row_height(names)},
            "data": {"values": values},
            "encoding": {"x": x, "y": y},
        },
        "layer": [
            {"mark": {"type": "bar", "color": SHADES[1], "height": 16}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": {"field": "label"}}},
        ],
    }


def waterfall(values: list[Row], names: dict[str, str], days: list[str], unit: str, /) -> Spec:
    """GMV up and refunds down as bars, the net as a line over them."""
    scale = {"domain": list(names.values()), "range": [SHADES[2], SHADES[1], SHADES[0]]}
    color = {"field": "kind", "type": "nominal", "scale": scale, "legend": {"columns": 3}}
    bars = {"field": "kind", "oneOf": [names["gmv"], names["refunds"]]}
    line = {"field": "kind", "equal": names["net"]}
    mark = {"type": "line", "strokeWidth": 2, "point": {"size": 20}}
    return {
        **{"width": WIDTH, "height": 170, "data": {"values": values}},
        "encoding": {"x": week_axis(days), "y": amount_axis("users", unit), "color": color},
        "layer": [
            {"transform": [{"filter": bars}], "mark": {"type": "bar"}},
            {"transform": [{"filter": line}], "mark": mark},
        ],
    }
