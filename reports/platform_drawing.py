"""Drawing of the platform's own charts: steps of money, curves of courses, shares week by week."""

from reports.drawing import INK, SHADES, WIDTH, Spec, week_axis
from reports.query import Row

HEIGHT = 170
DASHES = ([1, 0], [5, 3], [1.5, 2.5])
STROKES = (SHADES[0], SHADES[1], INK)


def percent_axis(field: str, title: str, /, *, zero: bool = True) -> Spec:
    """The axis of shares, its title above it."""
    above = {"title": title, "titleAngle": 0, "titleAlign": "left", "titleX": -34, "titleY": -9}
    axis = above | {"tickCount": 4, "format": ".0%"}
    return {"field": field, "type": "quantitative", "axis": axis, "scale": {"zero": zero}}


def steps(values: list[Row], names: list[str], /, *, unit: str) -> Spec:
    """Floating bars with {name, low, high, total, label}: totals dark from the ground, what is taken off light."""
    axis = {"title": None, "labelAngle": 0, "ticks": False, "labelLimit": 90}
    x = {"field": "name", "type": "nominal", "sort": names, "axis": axis, "scale": {"paddingInner": 0.35}}
    above = {"title": unit, "titleAngle": 0, "titleAlign": "left", "titleX": -34, "titleY": -18}
    y = {"field": "low", "type": "quantitative", "axis": above | {"tickCount": 4, "format": ",~f"}}
    shade = {"condition": {"test": "datum.total", "value": SHADES[0]}, "value": SHADES[2]}
    text = {"type": "text", "baseline": "bottom", "dy": -3}
    return {
        **{"width": WIDTH, "height": HEIGHT, "data": {"values": values}, "encoding": {"x": x}},
        "layer": [
            {
                "mark": {"type": "bar", "stroke": SHADES[0], "strokeWidth": 0.8},
                "encoding": {"y": y, "y2": {"field": "high"}, "color": shade},
            },
            {"mark": text, "encoding": {"y": {"field": "high", "type": "quantitative"}, "text": {"field": "label"}}},
        ],
    }


def series(values: list[Row], names: list[str], /, *, x: Spec, y: Spec) -> Spec:
    """Lines of {name, ...} told apart by dashes as well as by shade; a value that is not there is a gap."""
    count = len(names)
    legend = {
        "columns": 1,
        "labelLimit": WIDTH - 40,
        "symbolType": "stroke",
        "symbolSize": 500,
        "symbolStrokeWidth": 2,
    }
    color = {
        **{"field": "name", "type": "nominal", "sort": names, "legend": legend},
        "scale": {"domain": names, "range": list(STROKES[:count])},
    }
    dash = {**color, "scale": {"domain": names, "range": [list(each) for each in DASHES[:count]]}}
    mark = {"type": "line", "strokeWidth": 2, "point": {"size": 22}, "invalid": "break-paths-show-path-domains"}
    return {
        **{"width": WIDTH, "height": HEIGHT, "data": {"values": values}, "mark": mark},
        "encoding": {"x": x, "y": y, "color": color, "strokeDash": dash},
    }


def by_week(values: list[Row], names: list[str], days: list[str], /, *, title: str) -> Spec:
    """Lines of {name, week, share} over the weeks `days`."""
    return series(values, names, x=week_axis(days), y=percent_axis("share", title))


def by_lesson(values: list[Row], names: list[str], /, *, titles: tuple[str, str]) -> Spec:
    """Lines of {name, position, share}; titles of the two axes."""
    axis = {"title": titles[0], "tickMinStep": 1, "grid": False, "format": "d"}
    x = {"field": "position", "type": "quantitative", "axis": axis, "scale": {"nice": False, "zero": False}}
    return series(values, names, x=x, y=percent_axis("share", titles[1]))
