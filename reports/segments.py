"""The sections on segments and interests: who they are, how people moved between them, what each cares about."""

import re

from reports import drawing, flows
from reports.charts import Chart, in_lines
from reports.grids import Columns, Grid, grid
from reports.query import WITHHELD, Figure, Row, Value, known
from reports.sections import Page, Section, section

SIZES: Columns = (
    *(("users", "count"), ("share", "percent"), ("spend_share", "percent"), ("spend_84d_sum", "money")),
    *(("retained_share_28d", "percent"), ("retention_28d_mean", "percent")),
)
PROFILES = (("apart", "text"), ("play", "text"), ("top_items", "text"), ("typical_week", "text"))
MOST_MOVES = 5
ELSEWHERE = -1
LONGEST_LABEL = 24
HEAT_WIDTH = 190  # leaves room for the names of segments
LIFTS = (0.5, 2.0)  # lightest and darkest: half and twice as much as everybody


def segments(page: Page, /) -> Section:
    """The segments, what sets each apart and what to do about it, and how many people moved between them."""
    leads = [*_found(page), *_moved(page), *_explained(page)]
    grids = [
        page.grid("segments", (page.name_column(), *SIZES)),
        _profiles(page),
        _demographics(page),
        _moves(page),
    ]
    return section("segments", page, leads=leads, grids=grids, charts=[page.charts.segments(), flow_chart(page)])


def interests(page: Page, /) -> Section:
    """What people are interested in, and which segments more than others."""
    rows = [
        {
            **{"topic": named(page, row, "label"), "words": row["words"], "share": row["share"]},
            "more_in": _more(page, row),
        }
        for row in page.figures["interests"]["value"]
    ]
    by_category = any(row["method"] == "category" for row in page.figures["interests"]["value"])
    columns = (("topic", "text"), ("share", "percent"), ("more_in", "text"), ("words", "text"))
    return section(
        *("interests", page),
        leads=[page.voice.words("leads.interests_by_category" if by_category else "leads.interests")],
        grids=[in_words(table("interests", page.figures["interests"], rows, columns, page=page))],
        charts=[interest_chart(page)],
    )


def _more(page: Page, row: Row) -> str | None:
    """The segments that care for a topic more than all do, and how many times as much."""
    said = [
        page.voice.words(
            "parts.times_as_much",
            name=named(page, row, "name", place),
            times=page.voice.formats.tenth(row[f"lift_{place}"]),
        )
        for place in (1, 2, 3)
        if row[f"lift_{place}"] is not None
    ]
    return in_turn(page, said) if said else page.voice.words("parts.alike")


def interest_chart(page: Page, /) -> Chart | None:
    """Which segment cares for which topic more than everybody does, as shades with their factors."""
    rows = page.figures["segment_interests"]["value"]
    short = shortened(list(dict.fromkeys(str(named(page, row, "label")) for row in rows)))
    values = [
        {
            "name": str(named(page, row, "name")),
            **{
                "from": in_lines(str(named(page, row, "name"))),
                "to": short[named(page, row, "label")],
                "share": row["lift"],
            },
            "label": page.voice.formats.tenth(row["lift"]),
        }
        for row in rows
    ]
    names = {side: list(dict.fromkeys(value[side] for value in values)) for side in ("from", "to")}
    if min(map(len, names.values())) < 2:
        return None
    size = (HEAT_WIDTH, drawing.row_height(names["from"]) * len(names["from"]))
    spec = drawing.heat(values, rows=names["from"], columns=names["to"], titles=(None, None), shades=LIFTS, size=size)
    most = max(values, key=lambda value: value["share"])
    return page.charts.made(
        *("segment_interests", "interests", spec), name=most["name"], topic=most["to"], times=most["label"]
    )


def shortened(labels: list[str], /) -> dict[str, str]:
    """Labels by their first words, "data" for "data (python, sql)"; in full where two would be the same."""
    first = {label: (re.split("[（(、,]", label)[0].strip() or label)[:LONGEST_LABEL] for label in labels}
    return {label: word if list(first.values()).count(word) == 1 else label for label, word in first.items()}


def named(page: Page, row: Row, stem: str, place: int | None = None, /) -> Value:
    """The value of `stem` in the page's language."""
    return row[f"{stem}_{page.voice.words.language}" + (f"_{place}" if place else "")]


def table(name: str, figure: Figure, rows: list[Row], columns: Columns, /, *, page: Page) -> Grid | None:
    """A table of `rows` made from those of `figure`, which it cites."""
    return grid(name, {**figure, "value": rows}, columns=columns, voice=page.voice)


def in_words(made: Grid | None, /) -> Grid | None:
    """A table of words: on a phone its columns stand one below the other."""
    return made and made | {"kind": "told"}


def in_turn(page: Page, names: list[str], /) -> str:
    """Names of segments one after the other; the English ones hold commas of their own."""
    return page.voice.words("parts.between_segments").join(names)


def _found(page: Page) -> list[str]:
    """Whether the segments are natural, constructed, or fixed rules."""
    kinds = {row["kind"] for row in page.figures["segments"]["value"]} - {"new", None}
    count = sum(row["kind"] != "new" for row in page.figures["segments"]["value"])
    shown = [kind for kind in ("natural", "constructed", "rules") if kind in kinds]
    return [page.voice.words(f"leads.segments_{kind}", count=page.voice.formats.exact(count)) for kind in shown[:1]]


def _moved(page: Page) -> list[str]:
    """How many changed segment in the week, and how many of those chance alone moves."""
    rows = page.figures["segment_change"]["value"]
    if not rows or not known(rows[0]["moved"]):
        return []
    row, leads = rows[0], []
    values = {"users": ("count", row["people"]), "moved": ("count", row["moved"])}
    if not known(row["moved_share"]) or not known(row["moved_by_chance"]):
        leads.append(page.lead("moved", **values))
    else:
        shares = {"share": ("percent", row["moved_share"]), "chance": ("tenth", 100 * row["moved_by_chance"])}
        leads.append(page.lead("moved_chance", **values, **shares))
        leads += _truly(page, row)
    if known(row["model_changed"]):
        leads.append(page.lead("model_changed", share=("percent", row["model_changed"])))
    return leads


def _truly(page: Page, row: Row) -> list[str]:
    """What is left of the moves when chance is taken off, with its interval."""
    if not all(known(row[name]) for name in ("moved_truly", "low_95", "high_95")):
        return []
    said = {name: ("percent", row[name]) for name in ("low_95", "high_95")}
    if row["low_95"] <= 0:
        return [page.lead("moved_perhaps", high=said["high_95"])]
    return [page.lead("moved_truly", truly=("percent", row["moved_truly"]), low=said["low_95"], high=said["high_95"])]


def _explained(page: Page) -> list[str]:
    """Whether segments tell more of what follows than recency, frequency and money do."""
    rows = {(row["metric"], row["estimator"]): row["value"] for row in page.figures["explained"]["value"]}
    leads = []
    for metric in ("explained_retention_28d", "explained_spend_28d"):
        names = ("kmeans_segments", "rfm_quintiles", "rfm_with_segments")
        own, rfm, both = (rows.get((metric, name)) for name in names)
        if own is not None and rfm is not None and both is not None:
            values = {"own": own, "rfm": rfm, "both": both}
            leads.append(
                page.voice.words(f"leads.{metric}", **{name: _told(page, each) for name, each in values.items()})
            )
    return leads


def _told(page: Page, share: float) -> str:
    """A share of deviance that is told; what tells less than the mean alone does tells nothing."""
    return page.voice.formats.percent(share) if share > 0 else page.voice.words("parts.tells_nothing")


def _profiles(page: Page) -> Grid | None:
    """What sets each segment apart, in words."""
    figure = page.figures["segment_profiles"]
    rows = [
        {
            "name": named(page, row, "name"),
            "apart": named(page, row, "apart"),
            "play": named(page, row, "play"),
            "top_items": _items(page, row),
            "typical_week": _week(page, row),
        }
        for row in figure["value"]
    ]
    return in_words(table("segment_profiles", figure, rows, (("name", "text"), *PROFILES), page=page))


def _demographics(page: Page) -> Grid | None:
    """What the people of each segment said of themselves, to be opened."""
    made = page.grid("demographics", (page.name_column(), ("attribute", "code"), ("people_by_value", "text")))
    return made and made | {"folded": True}


def _items(page: Page, row: Row) -> str | None:
    """The titles of what its people have more than others do."""
    held = [title for title in (row[f"item_{place}"] for place in (1, 2, 3)) if title is not None]
    if WITHHELD in held:
        return WITHHELD
    return page.voice.listed(held) if held else None


def _week(page: Page, row: Row) -> str | None:
    """The weekday and the part of the day with most acts."""
    if row["weekday"] == WITHHELD:
        return WITHHELD
    if not known(row["weekday"]) or not known(row["part_of_day"]):
        return None
    day, part = page.voice.words(f"weekdays.d{row['weekday']}"), page.voice.code("day_parts", row["part_of_day"])
    return page.voice.words("parts.day_and_time", day=day, part=part)


def _moves(page: Page) -> Grid | None:
    """The largest moves as a table: what the flow chart shows, for who cannot see it."""
    figure = page.figures["segment_moves"]
    rows = [
        {"from_segment": _end(page, row, "from"), "to_segment": _end(page, row, "to"), "users": row["users"]}
        for row in figure["value"][:MOST_MOVES]
    ]
    columns = (("from_segment", "text"), ("to_segment", "text"), ("users", "count"))
    made = table("segment_moves", figure, rows, columns, page=page)
    return made | {"folded": True} if made else None


def _end(page: Page, row: Row, side: str) -> str:
    """The name of the segment on one side of a move."""
    number = row[f"{side}_segment_id"]
    return page.voice.words("parts.no_segment") if number < 0 else str(named(page, row, side) or number)


def flow_chart(page: Page, /) -> Chart | None:
    """How the people of each segment were spread over the segments a week later."""
    moves = page.figures["segment_moves"]["value"]
    nodes = [_node(page, row) for row in page.figures["segment_nodes"]["value"] if known(row["before"])]
    nodes = [node for node in nodes if known(node["now"])]
    if len(nodes) < 2 or not moves:
        return None
    if any(ELSEWHERE in (row["from_segment_id"], row["to_segment_id"]) for row in moves):
        outside = page.voice.words("parts.no_segment")
        nodes.append({"segment_id": ELSEWHERE, "before": None, "now": None, "name": outside, "label": ""})
    words = page.voice.words
    kinds = words("charts.flow_stayed"), words("charts.flow_moved")
    spec = flows.alluvial(nodes, moves, kinds=kinds, sides=(words("charts.flow_before"), words("charts.flow_now")))
    inside = [row for row in moves if min(row["from_segment_id"], row["to_segment_id"]) >= 0]
    between = [row for row in inside if min(row["from_segment_id"], row["to_segment_id"]) > 0]
    first = (between or inside or moves)[0]
    ends = {"before": _end(page, first, "from"), "now": _end(page, first, "to")}
    users = page.voice.formats.count(first["users"])
    return page.charts.made("segment_moves", "flows", spec, users=users, **ends)


def _node(page: Page, row: Row) -> Row:
    label = page.voice.formats.count(row["now"]) if known(row["now"]) else ""
    return {**row, "name": str(named(page, row, "name") or row["segment_id"]), "label": label}
