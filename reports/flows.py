"""A flow chart: how the people of each group were spread over the groups a week later (an alluvial diagram).

Vega-Lite has no such mark, so each flow is an area between two smooth lines. What is not drawn as a move lies in the
light band from a group to itself: those who stayed, and moves of fewer than ten people.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.drawing import SHADES, WIDTH, Spec
from reports.query import Row

HEIGHT = 230.0  # of all people together
GAP = 34.0  # above each group, where its name stands
BAR = 7.0
STEPS = 24
STAY, MOVE = 0, 1


@dataclass(frozen=True)
class Flow:
    """`people` on the left and on the right of a flow; only a band from a group to itself has two numbers."""

    before: int
    now: int
    left: float
    right: float


def bands(nodes: list[Row], moves: list[Row], /) -> list[Flow]:
    """Every flow of `nodes` {segment_id, before, now} and `moves` {from_segment_id, to_segment_id, users}.

    A node with no `before` or `now` of its own (people in no group) is as large as its moves.
    """
    places = {node["segment_id"]: place for place, node in enumerate(nodes)}
    told = [
        Flow(places[move["from_segment_id"]], places[move["to_segment_id"]], move["users"], move["users"])
        for move in moves
        if move["from_segment_id"] in places and move["to_segment_id"] in places
    ]
    stays = []
    for place, node in enumerate(nodes):
        out = sum(flow.left for flow in told if flow.before == place)
        came = sum(flow.right for flow in told if flow.now == place)
        left, right = (node["before"] or 0) - out, (node["now"] or 0) - came
        if node["before"] is not None and max(left, right) > 0:
            stays.append(Flow(place, place, max(left, 0), max(right, 0)))
    return sorted([*told, *stays], key=lambda flow: (flow.before, flow.now))


def tops(sizes: list[float], /, *, scale: float) -> list[float]:
    """Where each group begins, from above."""
    return [GAP * (place + 1) + scale * sum(sizes[:place]) for place in range(len(sizes))]


def stayed_or_moved(flow: Flow, /) -> int:
    """The place of a flow's kind where the kinds are stayed and moved."""
    return STAY if flow.before == flow.now else MOVE


def alluvial(
    nodes: list[Row],
    moves: list[Row],
    /,
    *,
    kinds: Sequence[str],
    sides: tuple[str, str],
    kind: Callable[[Flow], int] = stayed_or_moved,
    shades: Sequence[str] = (SHADES[2], SHADES[0]),
    height: float = HEIGHT,
) -> Spec:
    """The chart of `nodes` (with their name and the labels of both sides) and `moves`.

    `kind` gives the place of a flow in `kinds`, which are stayed and moved unless told otherwise, and in `shades`.
    """
    flows = bands(nodes, moves)
    left = [sum(flow.left for flow in flows if flow.before == place) for place in range(len(nodes))]
    right = [sum(flow.right for flow in flows if flow.now == place) for place in range(len(nodes))]
    scale = height / max(sum(left), sum(right), 1)
    starts = tops(left, scale=scale), tops(right, scale=scale)
    below = GAP * len(nodes) + height + 6
    area = {"type": "area", "opacity": 1, "strokeWidth": 0.6, "stroke": "var(--paper)"}
    y = {"type": "quantitative", "axis": None, "scale": {"domain": [0, below], "reverse": True, "nice": False}}
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, WIDTH], "nice": False}}
    color = {
        **{"field": "kind", "type": "nominal", "sort": list(kinds)},
        **{
            "scale": {"domain": list(kinds), "range": list(shades)},
            "legend": {"offset": 8, "columns": 1, "labelLimit": WIDTH - 30},
        },
    }
    edges = {"x": x, "y": y | {"field": "y"}, "y2": {"field": "y2"}}
    ribbons = edges | {"detail": {"field": "flow", "type": "nominal"}, "color": color}
    drawn = [*_ribbons(flows, starts, scale=scale, kind=lambda flow: kinds[kind(flow)])]
    return {
        **{"width": WIDTH, "height": below},
        "layer": [
            *(_layer(drawn, kind, area, ribbons) for kind in kinds),
            _layer(
                _bars(starts, (left, right), scale=scale), None, {"type": "rect", "color": SHADES[1]}, _box(edges)
            ),
            *_texts(nodes, starts, sides, y=y, x=x),
        ],
    }


def _layer(values: list[Row], kind: str | None, mark: Spec, encoding: Spec) -> Spec:
    chosen = [row for row in values if kind is None or row["kind"] == kind]
    return {"data": {"values": chosen}, "mark": mark, "encoding": encoding}


def _ribbons(
    flows: list[Flow], starts: tuple[list[float], list[float]], *, scale: float, kind: Callable[[Flow], str]
) -> list[Row]:
    """The outline of each flow; at a group they lie in the order of the groups at the other end."""
    from_here, to_here = list(starts[0]), list(starts[1])
    begin: dict[Flow, float] = {}
    end: dict[Flow, float] = {}
    for flow in flows:
        begin[flow] = from_here[flow.before]
        from_here[flow.before] += scale * flow.left
    for flow in sorted(flows, key=lambda each: (each.now, each.before)):
        end[flow] = to_here[flow.now]
        to_here[flow.now] += scale * flow.right
    return [
        point | {"flow": f"{flow.before}-{flow.now}", "kind": kind(flow)}
        for flow in flows
        for point in _outline((begin[flow], scale * flow.left), (end[flow], scale * flow.right))
    ]


def _outline(left: tuple[float, float], right: tuple[float, float]) -> list[Row]:
    """Points of a smooth band between two (top, thickness)."""
    points = []
    for step in range(STEPS + 1):
        t = step / STEPS
        bend = t * t * (3 - 2 * t)
        top, thick = (a + (b - a) * bend for a, b in zip(left, right, strict=True))
        points.append({"x": BAR + t * (WIDTH - 2 * BAR), "y": round(top, 2), "y2": round(top + thick, 2)})
    return points


def _bars(
    starts: tuple[list[float], list[float]], sizes: tuple[list[float], list[float]], *, scale: float
) -> list[Row]:
    """The ends of the groups, left and right."""
    return [
        {"x": x, "x2": x + BAR, "y": top, "y2": top + scale * size}
        for x, tops_here, sizes_here in zip((0, WIDTH - BAR), starts, sizes, strict=True)
        for top, size in zip(tops_here, sizes_here, strict=True)
        if size > 0
    ]


def _box(edges: Spec) -> Spec:
    return edges | {"x2": {"field": "x2"}}


def _texts(
    nodes: list[Row], starts: tuple[list[float], list[float]], sides: tuple[str, str], *, y: Spec, x: Spec
) -> list[Spec]:
    """Each group's name over its left end and its number this week over the right; paper shines around letters."""
    layers = []
    for at, label, tops_here, side in zip((0, WIDTH), ("name", "label"), starts, sides, strict=True):
        values = [{"x": at, "y": top - 11, "text": node[label]} for node, top in zip(nodes, tops_here, strict=True)]
        text = {"type": "text", "align": "right" if at else "left", "baseline": "middle"}
        halo = text | {"stroke": "var(--paper)", "strokeWidth": 3, "color": "var(--paper)"}
        words = {"x": x, "y": y | {"field": "y"}, "text": {"field": "text"}}
        head = [{"x": at, "y": 4, "text": side}]
        layers += [_layer(shown, None, mark, words) for shown in (head, values) for mark in (halo, text)]
    return layers
