"""The last section of the report: how far to trust it."""

from typing import Any

from reports.grids import Grid, grid
from reports.sections import Page, Section, section
from reports.trust import COUNTS

DELIVERY_COLUMNS = (
    *(("mapping", "code"), ("files", "exact")),
    *((name, "exact") for name in COUNTS),
    ("skip_reason", "code"),
)
FILE_COLUMNS = (("file", "code"), ("mapping", "code"), *((name, "exact") for name in COUNTS))


def trust(page: Page, /) -> Section:
    """Checks, the account of deliveries, rejects, skipped steps, restatements."""
    checks = (("suite", "code"), *((name, "exact") for name in ("checks", "passed", "warned", "failed")))
    return section(
        *("trust", page),
        leads=[_checks(page), _accounting(page), *_notes(page)],
        grids=[
            _failed(page),
            _restated(page),
            page.grid("rejects", (("code", "reject"), ("rows", "exact"), ("files", "exact"))),
            _folded(_skipped(page)),
            _folded(page.grid("checks", checks)),
            _folded(page.grid("deliveries", DELIVERY_COLUMNS)),
            _folded(page.grid("troubled_files", FILE_COLUMNS)),
        ],
        charts=[],
    )


def _folded(table: Grid | None) -> Grid | None:
    """A table for who follows a doubt: the sentences above say what it amounts to."""
    return table and table | {"folded": True}


def _checks(page: Page, /) -> str:
    rows = page.figures["checks"]["value"]
    if not rows:
        return page.lead("no_checks")
    names = ("checks", "passed", "warned", "failed")
    return page.lead("checks", **{name: ("exact", sum(row[name] for row in rows)) for name in names})


def _accounting(page: Page, /) -> str:
    total = page.row("deliveries_total")
    if not total["deliveries"]:
        return page.lead("no_deliveries")
    bad = total["unbalanced"]
    verdict = page.lead("unbalanced", count=("exact", bad)) if bad else page.lead("balanced")
    counts = {name: ("exact", total[name]) for name in COUNTS}
    return page.lead("accounting", **counts, verdict=("text", verdict))


def _notes(page: Page, /) -> list[str]:
    return [] if page.figures["skipped"]["value"] else [page.lead("no_skips")]


def _failed(page: Page, /) -> Grid | None:
    """The unmet checks, each in the page's language."""
    sentence = "sentence_zh" if page.voice.formats.chinese else "sentence"
    columns = (("suite", "code"), ("severity", "known:severities"), (sentence, "text"), ("observed", "text"))
    return page.grid("failed_checks", columns)


def _skipped(page: Page, /) -> Grid | None:
    figure = page.figures["skipped"]
    said = [row | {"why": page.voice.reason(row["code"], english=row["why"])} for row in figure["value"]]
    columns = (("step", "known:steps"), ("part", "code"), ("why", "text"))
    return grid("skipped", figure | {"value": said}, columns=columns, voice=page.voice)


def _restated(page: Page, /) -> Grid | None:
    figure = page.figures["restatements"]
    said = [
        row | {name: _measured(row, name, page=page) for name in ("published", "restated")} for row in figure["value"]
    ]
    columns = (
        *(("week", "day"), ("kpi", "known:kpis"), ("published", "text"), ("restated", "text")),
        ("published_as_of", "day"),
    )
    return grid("restatements", figure | {"value": said}, columns=columns, voice=page.voice)


def _measured(row: dict[str, Any], name: str, /, *, page: Page) -> str:
    return page.voice.formats.measure({"value": row[name], "unit": row["unit"]})
