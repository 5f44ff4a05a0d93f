"""The section "what moved the numbers": the changes of the week, taken apart into parts that add up."""

from decimal import Decimal
from typing import Any

from reports.charts import Chart, in_lines
from reports.drivers_chart import contributions
from reports.grids import Grid
from reports.query import Row, known
from reports.sections import Page, Section, section
from reports.segments import table

# Figure: what its parts are (a column and a kind of part without a name), whether it is money of 28 days.
PARTS = {
    "wau_by_segment": ("name", "no_segment", False),
    "wau_by_channel": ("channel", "no_channel", False),
    "learning_by_segment": ("name", "no_segment", False),
    "learning_by_channel": ("channel", "no_channel", False),
    "net_by_category": ("category", "no_category", True),
    "net_by_item": ("title", "rest", True),
    "net_by_segment": ("name", "no_segment", True),
    "net_by_channel": ("channel", "no_channel", True),
}
FEWEST = 2  # parts that make a split


def drivers(page: Page, /) -> Section:
    """By whom and by what the active, the learning and the net receipts changed: sums, no causes."""
    leads = [page.lead("drivers"), *_flows(page), *_learning(page), *_net(page), *_unsplit(page)]
    charts = [chart(page, name) for name in _drawn(page)]
    return section("drivers", page, leads=leads, grids=[_grid(page, name) for name in PARTS], charts=charts)


def _drawn(page: Page) -> list[str]:
    """One picture for each of active people, learning people and net receipts: the first split that there is."""
    kinds = (
        ("wau_by_segment", "wau_by_channel"),
        ("learning_by_segment", "learning_by_channel"),
        ("net_by_item", "net_by_category", "net_by_channel"),
    )
    found = (next((name for name in names if _split(page, name)), None) for names in kinds)
    return [name for name in found if name]


def _split(page: Page, name: str) -> bool:
    return len(page.figures[name]["value"]) >= FEWEST


def _flows(page: Page) -> list[str]:
    """Who of last week's active people stayed, and who came beside them."""
    rows = {row["state"]: row["users"] for row in page.figures["states"]["value"]}
    names = ("active", "at_risk", "new", "returned", "resurrected")
    if not all(known(rows.get(name)) for name in names):
        return []
    before = ("count", rows["active"] + rows["at_risk"])
    return [page.lead("driver_flows", before=before, **{name: ("count", rows[name]) for name in names})]


def _learning(page: Page) -> list[str]:
    return [
        page.lead("driver_learning", **{name: ("moved_people", row[name]) for name in ("change", "reach", "share")})
        for row in page.figures["learning_split"]["value"]
    ]


def _net(page: Page) -> list[str]:
    names = ("change", "orders", "order_value", "refunds")
    return [
        page.lead("driver_net", **{name: ("moved_money", row[name]) for name in names})
        for row in page.figures["net_split"]["value"]
    ]


def _unsplit(page: Page) -> list[str]:
    """What cannot be taken apart with what is published, and why."""
    absent = page.summary["absent"]
    missing = {
        "unsplit_segments": not _split(page, "wau_by_segment") and "segments" not in absent,
        "unsplit_channels": not _split(page, "wau_by_channel"),
        "unsplit_items": "money" not in absent and "items" not in absent and not _split(page, "net_by_item"),
        "unsplit_learning": "learning" not in absent and "items" not in absent,
        "unsplit_mix": "money" not in absent and "items" not in absent,
    }
    said = [page.voice.words(f"parts.{key}") for key, there in missing.items() if there]
    return [page.lead("unsplit", what=("text", page.voice.words("parts.semicolon").join(said)))] if said else []


def _name(page: Page, row: Row, unnamed: str) -> str:
    """A part's name in the page's language; items, channels and categories have one name."""
    if row["kind"] == "rest":
        return page.voice.words("parts.rest")
    if row["kind"] != "group":
        return page.voice.words("parts.joined" if row["kind"] == "joined" else f"parts.{unnamed}")
    in_english = unnamed == "no_segment" and page.voice.words.language == "en"
    return str(row["name_en"] if in_english else row["name_zh"])


def _grid(page: Page, name: str) -> Grid | None:
    """The parts of a change and, below them, their sums."""
    column, unnamed, money = PARTS[name]
    figure = page.figures[name]
    if not _split(page, name):
        return None
    rows = [{column: _name(page, row, unnamed), **_spans(row, money=money)} for row in figure["value"]]
    if all(known(row["change"]) for row in figure["value"]):
        sums = {key: sum(Decimal(str(row[key])) for row in figure["value"]) for key in ("before", "now", "change")}
        rows.append({column: page.voice.words("parts.sum"), **_spans(sums, money=money)})
    kinds = ("money", "money", "gain") if money else ("count", "count", "difference")
    columns = ((column, "text"), *zip(_SPANS[money], kinds, strict=True))
    made = table(name, figure, rows, columns, page=page)
    return made | {"folded": True} if made else None


_SPANS = {False: ("last_week", "this_week", "moved"), True: ("before_28d", "now_28d", "moved")}


def _spans(row: Row, /, *, money: bool) -> dict[str, Any]:
    return dict(zip(_SPANS[money], (row["before"], row["now"], row["change"]), strict=True))


def chart(page: Page, name: str, /) -> Chart | None:
    """The parts of a change as bars; the title names the change and the part that moved most."""
    _, unnamed, money = PARTS[name]
    rows = [row for row in page.figures[name]["value"] if known(row["change"])]
    if len(rows) < FEWEST or not any(float(row["change"]) for row in rows):
        return None
    kind = "gain" if money else "difference"
    values = [
        {
            "name": in_lines(_name(page, row, unnamed)),
            "change": float(row["change"]),
            "label": _label(page, row, kind),
        }
        for row in rows
    ]
    most = max(rows, key=lambda row: abs(float(row["change"])))
    told = "moved_money" if money else "moved_people"
    return page.charts.made(
        *(name, f"driver_{name.partition('_')[0]}", contributions(values)),
        change=page.voice.formats(told, sum(Decimal(str(row["change"])) for row in rows)),
        name=_name(page, most, unnamed),
        move=page.voice.formats(told, most["change"]),
    )


def _label(page: Page, row: Row, kind: str) -> str:
    """The part's change with its direction in a word, so that neither side nor shade is needed to read it."""
    way = "flat" if not float(row["change"]) else "up" if float(row["change"]) > 0 else "down"
    return f"{page.voice.words(f'direction.{way}')} {page.voice.formats(kind, row['change'])}"
