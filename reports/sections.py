"""The sections of the weekly report in the reader's order, as plain data for the template.

A section is {id, title, leads, grids, charts, links, absent}: `absent` is the one sentence that stands in its place
where the platform has no input for it. A new section is one function here or in a module of its own, and one name in
reports/page.py.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from reports.actions import CONTACTS
from reports.charts import Chart, Charts
from reports.grids import Columns, Grid, grid, kpi_grid
from reports.query import Row, known
from reports.risks import HOLDOUT, RISK_LEVELS
from reports.voice import Voice

Section = dict[str, Any]
HEADLINE = 10
MATURE_DAYS = 28  # when the effect of a list is read

OUTCOME_COLUMNS: Columns = (
    *(("list_as_of", "day"), ("list", "known:lists"), ("outcome", "known:outcomes"), ("contacted", "count")),
    *(("contacted_rate", "percent"), ("holdout", "count"), ("holdout_rate", "percent"), ("effect", "points")),
    *(("low_95", "points"), ("high_95", "points")),
)


class Watched(dict[str, Any]):
    """The figures, and the names of those that were looked at since `seen` was last emptied."""

    def __init__(self, figures: dict[str, Any], /) -> None:
        super().__init__(figures)
        self.seen: dict[str, None] = {}

    def __getitem__(self, name: str, /) -> Any:  # noqa: ANN401  (a figure holds whatever JSON can)
        self.seen[name] = None
        return super().__getitem__(name)


class Page:
    """What the section functions share: the summary, its figures, the charts and the voice of one language.

    `cards` names the models whose cards lie beside the page.
    """

    def __init__(self, summary: dict[str, Any], voice: Voice, /, *, cards: Sequence[str]) -> None:
        self.summary, self.voice, self.cards = summary, voice, cards
        self.figures = Watched(summary["figures"])
        self.charts = Charts(summary, words=voice.words, formats=voice.formats)

    def lead(self, key: str, /, **values: tuple[str, Any]) -> str:
        """A sentence of the catalogue's `leads` as HTML, its values as (kind, value)."""
        said = {name: self.voice.marked(kind, value) for name, (kind, value) in values.items()}
        return self.voice.words.marked(f"leads.{key}", **said)

    def grid(self, name: str, /, columns: Columns) -> Grid | None:
        """The table of the figure `name`."""
        return grid(name, self.figures[name], columns=columns, voice=self.voice)

    def kpis(self, names: tuple[str, ...] | list[str], /) -> Grid | None:
        """The table of those of the weekly figures `names` that the platform knows."""
        shown = [name for name in names if name in self.summary["known_kpis"]]
        return kpi_grid(shown, self.figures["kpis"], self.figures["kpi_history"], voice=self.voice)

    def row(self, name: str, /) -> dict[str, Any]:
        """The only row of the figure `name`."""
        only: dict[str, Any] = self.figures[name]["value"][0]
        return only

    def name_column(self) -> tuple[str, str]:
        """The column that holds a segment's name in this language."""
        return f"name_{self.voice.words.language}", "text"


def section(
    id_: str, page: Page, /, *, leads: list[str], grids: list[Grid | None], charts: list[Chart | None]
) -> Section:
    """A section with what there is of it."""
    return {
        "id": id_,
        "title": page.voice.words(f"sections.{id_}"),
        "leads": leads,
        "grids": [part for part in grids if part],
        "charts": [part for part in charts if part],
        "links": [],
        "sources": [],
        "absent": None,
    }


def kpis(page: Page, /) -> Section:
    """The numbers that count, and which of them the platform's logs do not hold."""
    unknown = [page.voice.code("kpis", name) for name in page.summary["unknown_kpis"]]
    leads = [page.lead("unknown_kpis", names=("text", page.voice.listed(unknown)))] if unknown else []
    return section("kpis", page, leads=leads, grids=[page.kpis(page.summary["known_kpis"][:HEADLINE])], charts=[])


def risk(page: Page, /) -> Section:
    """People at risk: counts and value, never who."""
    money = (("value_at_stake", "money"), ("expected_loss", "money"))
    people = (("users", "count"), ("leaving", "count"))
    levels = tuple((name, "count") for name in RISK_LEVELS)
    return section(
        *("risk", page),
        leads=[*_listed(page), *_expected(page)],
        grids=[
            page.grid("warnings", (("suggested_action", "known:suggested"), *people, *money)),
            page.grid("risk_by_segment", (page.name_column(), *levels)),
            page.grid("warnings_by_segment", (page.name_column(), *people, *money)),
            page.grid("warning_reasons", (("reason", "feature"), ("users", "count"))),
        ],
        charts=[],
    )


def _listed(page: Page) -> list[str]:
    """Who is on the list: how many, what is at stake, the holdout, and how many stood on it the week before."""
    total, lines = page.row("warnings_total"), page.figures["warnings"]["value"]
    if not total["users"]:
        return []
    money = {name: ("paid", total[name]) for name in ("value_at_stake", "expected_loss")}
    leads = [
        page.lead(
            "risk" if known(total["value_at_stake"]) else "risk_unsold", users=("count", total["users"]), **money
        )
    ]
    leads += _capacity(page)
    held = [line["users"] for line in lines if line["suggested_action"] == HOLDOUT]
    if held:
        count = {"holdout": ("count", held[0])} if known(held[0]) else {}
        leads.append(page.lead("holdout" if count else "holdout_hidden", **count))
    if known(total["repeated"]) and known(total["users"]) and total["repeated"]:
        share = ("percent", total["repeated"] / total["users"])
        leads.append(page.lead("repeated", repeated=("count", total["repeated"]), share=share))
    return leads


def _capacity(page: Page) -> list[str]:
    """How many of the list may be contacted: it ends where the team has no more time."""
    shown = [line["users"] for line in page.figures["warnings"]["value"] if line["suggested_action"] in CONTACTS]
    few = not shown or not all(known(users) for users in shown)
    return [page.lead("capacity_few") if few else page.lead("capacity", users=("count", sum(shown)))]


def _expected(page: Page) -> list[str]:
    """What is expected of the people scored and of contacting them, and how well earlier risk was told."""
    churn, leads = page.row("churn"), []
    if known(churn["users"]) and churn["users"]:
        leads.append(page.lead("churn", users=("count", churn["users"]), expected=("count", churn["expected"])))
    shares = {row["role"]: row["value"] for row in page.figures["precision"]["value"]}
    if "champion" in shares and "baseline" in shares:
        values = {name: ("percent", shares[role]) for name, role in (("share", "champion"), ("rule", "baseline"))}
        leads.append(page.lead("precision", **values))
    for row in page.figures["expected_profit"]["value"]:
        if known(row["value"]):
            leads.append(page.lead("profit", profit=("paid", row["value"])))
    return [*leads, page.lead("reasons")] if page.figures["warning_reasons"]["value"] else leads


def buyers(page: Page, /) -> Section:
    """How many are expected to buy, and in which segments they are."""
    row = page.row("buyers")
    values = {"users": row["users"], "expected": row["expected_28d"], "soon": row["expected_14d"]}
    leads = [page.lead("buyers", **{name: ("count", value) for name, value in values.items()})]
    if known(row["spend_90d"]):
        leads.append(page.lead("spend", spend=("paid", row["spend_90d"])))
    columns = (page.name_column(), ("users", "count"), ("expected_28d", "count"))
    return section("buyers", page, leads=leads, grids=[page.grid("buyers_by_segment", columns)], charts=[])


def recommendations(page: Page, /) -> Section:
    """What is recommended to how many."""
    row = page.row("recommended_total")
    columns = (("title", "text"), ("users", "count"), ("users_first", "count"), ("users_personal", "count"))
    kinds = (("reason_kind", "known:reason_kinds"), ("users", "count"), ("places", "count"), ("share", "percent"))
    leads = [page.lead("recommended", users=("count", row["users"]), items=("count", row["items"])), *_mix(page)]
    grids = [page.grid("recommended_reasons", kinds), page.grid("recommended", columns)]
    return section("recommendations", page, leads=leads, grids=grids, charts=[])


def _mix(page: Page) -> list[str]:
    """How much of the lists is personal, and how much is new."""
    row = page.row("recommended_mix")
    names = {"personal": "recommended_personal", "fresh": "recommended_fresh"}
    return [page.lead(key, share=("percent", row[name])) for name, key in names.items() if known(row[name])]


def outcomes(page: Page, /) -> Section:
    """Whether earlier advice changed anything, against the people left alone."""
    rows = page.figures["outcomes"]["value"]
    stated = [row for row in rows if row["list"] == "early_warnings" and row["role"] == "stated"]
    harm = [row for row in rows if row["role"] == "harm" and known(row["low_95"]) and row["low_95"] > 0]
    leads = [_effect(page, row) for row in stated] + [
        page.lead("outcomes_harm", outcome=("word", f"outcomes.{row['outcome']}"), effect=("points", row["effect"]))
        for row in harm
    ]
    return section("outcomes", page, leads=leads, grids=[page.grid("outcomes", OUTCOME_COLUMNS)], charts=[])


def _effect(page: Page, row: Row, /) -> str:
    """Whether contacting the people of the lists brought more of them back; nothing is said of what was not done."""
    if not row["reached"]:
        return page.lead("outcomes_unlogged" if row["reached"] is None else "outcomes_nobody")
    if not known(row["effect"]) or not known(row["low_95"]):
        return page.lead("outcomes_few")
    verdict = "better" if row["low_95"] > 0 else "worse" if row["high_95"] < 0 else "unclear"
    shares = {name: ("percent", row[name]) for name in ("contacted_rate", "holdout_rate")}
    points = {name: ("points", row[name]) for name in ("effect", "low_95", "high_95")}
    return page.lead(f"outcomes_{verdict}", lists=("exact", row["lists"]), **shares, **points)


def _when(page: Page) -> list[str]:
    """From when on outcomes will be told: 28 days after the first list of which some were left alone."""
    day = page.figures["first_holdout"]["value"]
    if day is None:
        return [page.lead("outcomes_no_holdout")]
    mature = date.fromisoformat(day) + timedelta(days=MATURE_DAYS)
    return [page.lead("outcomes_when", listed=("date", day), mature=("date", mature.isoformat()))]


LATER = {"outcomes": _when}  # what can be said of a section that has no data yet


def build(name: Callable[[Page], Section], page: Page, /) -> Section:
    """The section, or the one sentence that says that it is not there and why."""
    id_ = name.__name__
    page.figures.seen.clear()
    if id_ not in page.summary["absent"]:
        return _cited(name(page), page)
    code = page.summary["absent"][id_]
    whys = [row["why"] for row in page.figures["skipped"]["value"] if row["code"] == code and row["why"]]
    reason = page.voice.reason(code, english=whys[0] if whys else None)
    later = LATER[id_](page) if id_ in LATER else []
    empty = section(id_, page, leads=later, grids=[], charts=[])
    return _cited(empty | {"absent": page.voice.words("absent.sentence", reason=reason)}, page)


def _cited(made: Section, page: Page, /) -> Section:
    """The section with the figures behind its sentences: those looked at that no table or chart of it cites."""
    told = {part["figure"]["sql"] for part in (*made["grids"], *made["charts"])}
    seen = [page.summary["figures"][name] for name in page.figures.seen]
    there = [figure for figure in seen if figure["sql"] not in told and figure["value"] not in (None, [])]
    return made | {"sources": there if made["leads"] else []}
