"""Every number of the finished page comes from the query that the page cites for it, and only from there."""

import re

import pytest

from lyceum.schema import published
from reports.page import render
from reports.summary import summarise

from ..report_numbers import captions, cited, table_faults
from ..report_reading import read

LANGUAGES = ("zh", "en")
RELEASE = "2026-07-20-r001"
CAPTION = {"zh": "第29周 · 发布 2026-07-20-r001", "en": "W29"}
IDS = re.compile(r"(.*_)?id|rank|lines?|place")


def html_of(con, support, language):
    summary = summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release=RELEASE)
    return render(summary, language=language)


@pytest.fixture(scope="module")
def pages(full, support):
    return {language: html_of(full, support, language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_shows_what_its_query_gives(full, pages, language):
    tally = table_faults(full, read(pages[language]), language=language)
    assert tally.faults == []
    assert tally.tables > 20
    assert tally.cells > 500


def test_a_table_that_shows_something_else_is_found(full, pages):
    """One digit of one table's cells is changed at a time."""
    cells = list(re.finditer(r"<td[^>]*><bdi>([^<]*?)(\d)(?=[^<\d]*</bdi>)", pages["zh"]))
    chosen = [cell for cell in cells if not re.search(r"[A-Za-z]|<|\d-\d|年", cell[1])][::40]
    assert len(chosen) > 5
    found = 0
    for cell in chosen:
        at = cell.end(2) - 1
        changed = f"{pages['zh'][:at]}{(int(cell[2]) + 5) % 10}{pages['zh'][at + 1 :]}"
        found += bool(table_faults(full, read(changed), language="zh").faults)
    assert found == len(chosen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_and_drawing_has_a_query_and_a_caption_with_table_week_and_release(full, pages, language):
    page = read(pages[language])
    blocks = [*page.all("div", of="grid"), *page.all("figure"), *page.all("ol", of="conclusions")]
    assert len(blocks) > 30
    for block in blocks:
        assert cited(block), block.text()[:80]
        assert captions(block), block.text()[:80]
    for caption in page.all(of="source"):
        assert CAPTION[language] in caption.text()
        assert RELEASE in caption.text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cited_query_names_the_tables_of_its_caption_and_runs(full, pages, language):
    page = read(pages[language])
    found = {each.sql: each.block for each in cited(page)}
    assert len(found) > 25
    for sql, block in found.items():
        full.execute(sql).fetchall()
        assert any(table in sql for table in captions(block)), sql


def spoil(con, table):
    """Change every number of the table that is no key."""
    columns = [
        c for c in table.columns if c.type in ("BIGINT", "DOUBLE", "DECIMAL(18,2)") and c.name not in table.key
    ]
    changes = [f'"{c.name}" = "{c.name}" * 2 + 31' for c in columns if not IDS.fullmatch(c.name)]
    if changes:
        con.execute(f"UPDATE {table.name} SET {', '.join(changes)}")


def blocks(html):
    """The parts of a page that stand for themselves, by a name that does not hang on their numbers."""
    page = read(html)
    found = {}
    for section in page.all("section"):
        name = section.attributes["id"]
        if name == "conclusions":
            found |= {f"conclusion {at}": line for at, line in enumerate(section.all("li"))}
        else:
            found[name] = section
            found |= {f"{name} table {at}": grid for at, grid in enumerate(section.all("div", of="grid"))}
            found |= {f"{name} drawing {at}": figure for at, figure in enumerate(section.all("figure"))}
    return found


@pytest.mark.parametrize("table", [table for table in published() if table.name.startswith(("marts", "quality"))],
                         ids=lambda table: table.name)  # fmt: skip
def test_what_changes_with_a_table_cites_it(full, support, pages, table):
    """Numbers of one table are changed: whatever then reads otherwise must name that table as its source."""
    full.execute("BEGIN")
    try:
        spoil(full, table)
        after = blocks(html_of(full, support, "en"))
    finally:
        full.execute("ROLLBACK")
    before = blocks(pages["en"])
    known = {block.text() for block in before.values()}
    silent = [
        f"{name}: {block.text()[:160]}"
        for name, block in after.items()
        if name in before and block.text() not in known and table.name not in captions(block)
    ]
    assert silent == []
