"""The section on voice: what reviews, complaints and questions are about, whether it grows, and who voices it."""

from reports.query import Row, known
from reports.sections import Page, Section, section
from reports.segments import in_turn, in_words, named, table

COLUMNS = (
    *(("topic", "text"), ("kind", "known:voices"), ("people", "count"), ("people_before", "count")),
    *(("trend", "text"), ("voiced_by", "text")),
)


def voices(page: Page, /) -> Section:
    """The topics by kind of text, each with its trend and the segments that voice it more than others do."""
    figure = page.figures["voices"]
    rows = [_row(page, row) for row in figure["value"]]
    leads = [page.lead("voices"), *_louder(page)]
    grids = [in_words(table("voices", figure, rows, COLUMNS, page=page))]
    return section("voices", page, leads=leads, grids=grids, charts=[])


def _row(page: Page, row: Row) -> Row:
    segments = [named(page, row, "name", place) for place in (1, 2)]
    held = [name for name in segments if name is not None]
    return {
        **{name: row[name] for name in ("kind", "people", "people_before")},
        "topic": named(page, row, "label"),
        "trend": _trend(page, row),
        "voiced_by": in_turn(page, held) if held else page.voice.words("parts.alike"),
    }


def _trend(page: Page, row: Row) -> str:
    """Up or down only where the interval of the ratio to the 28 days before leaves 1 out."""
    if not all(known(row[name]) for name in ("trend", "low_95", "high_95")):
        return page.voice.formats.nothing("small_sample")
    word = direction(row)
    times = {name: page.voice.formats.hundredth(row[name]) for name in ("trend", "low_95", "high_95")}
    return page.voice.words(f"voice_trend.{word}", times=times["trend"], low=times["low_95"], high=times["high_95"])


def direction(row: Row, /) -> str:
    """up or down where the 95 % interval lies on one side of 1 and the topic stands out of all, else level."""
    if row["unusual"] and row["low_95"] > 1:
        return "up"
    return "down" if row["unusual"] and row["high_95"] < 1 else "level"


def _louder(page: Page) -> list[str]:
    """The topics that grew, in one sentence; or that none did."""
    rows = [row for row in page.figures["voices"]["value"] if known(row["trend"]) and known(row["low_95"])]
    if not rows:
        return []
    grown = [row for row in rows if direction(row) == "up"]
    if not grown:
        return [page.lead("voices_level")]
    names = [
        page.voice.words("parts.of_kind", kind=page.voice.code("voices", row["kind"]), name=named(page, row, "label"))
        for row in grown[:3]
    ]
    return [page.lead("voices_up", names=("text", page.voice.listed(names)))]
