"""The sections of the weekly report in the reader's order, as plain data for the template.

A section is {id, title, leads, grids, charts, links, absent}: `absent` is the one sentence that stands in its place
where the platform has no input for it. A new section is one function here or in a module of its own, and one name in
reports/page.py.
"""

from collections.abc import Callable, Sequence
from typing import Any

from reports.charts import Chart, Charts
from reports.grids import Columns, Grid, grid, kpi_grid
from reports.query import known
from reports.risks import HOLDOUT
from reports.summary import COMMUNITY, LEARNING, MONEY
from reports.voice import Voice

Section = dict[str, Any]
HEADLINE = 10

ITEM_COLUMNS: Columns = (
    *(("title", "text"), ("users_28d", "count"), ("learners_28d", "count"), ("enrolments_28d", "count")),
    *(("completions_28d", "count"), ("purchases_28d", "count"), ("revenue_28d", "money"), ("refunds_28d", "count")),
)
COMMUNITY_COLUMNS: Columns = (
    *(("community_id", "known:communities"), ("members_active", "count"), ("speakers", "count"), ("texts", "count")),
    *(("top_5_percent_share", "percent"), ("questions", "count"), ("questions_unanswered", "count")),
    *(("first_reply_median_hours", "tenth"), ("first_reply_in_24h", "percent")),
)
BEHAVIOUR_COLUMNS: Columns = (
    *(("users", "count"), ("share", "percent"), ("texts", "count"), ("replies_given", "count")),
    *(("days_mean", "tenth"), ("retention_28d_mean", "percent")),
)
OUTCOME_COLUMNS: Columns = (
    *(("list_as_of", "day"), ("list", "known:lists"), ("outcome", "known:columns"), ("contacted", "count")),
    *(("contacted_rate", "percent"), ("holdout", "count"), ("holdout_rate", "percent"), ("effect", "points")),
    *(("low_95", "points"), ("high_95", "points")),
)


class Page:
    """What the section functions share: the summary, its figures, the charts and the voice of one language.

    `cards` names the models whose cards lie beside the page.
    """

    def __init__(self, summary: dict[str, Any], voice: Voice, /, *, cards: Sequence[str]) -> None:
        self.summary, self.voice, self.cards = summary, voice, cards
        self.figures = summary["figures"]
        self.charts = Charts(summary, words=voice.words, formats=voice.formats)

    def lead(self, key: str, /, **values: tuple[str, Any]) -> str:
        """A sentence of the catalogue's `leads`, its values as (kind, value)."""
        return self.voice.words(
            f"leads.{key}", **{name: self.voice.formats(kind, value) for name, (kind, value) in values.items()}
        )

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
        "absent": None,
    }


def kpis(page: Page, /) -> Section:
    """The numbers that count, and which of them the platform's logs do not hold."""
    unknown = [page.voice.code("kpis", name) for name in page.summary["unknown_kpis"]]
    leads = [page.lead("unknown_kpis", names=("text", page.voice.listed(unknown)))] if unknown else []
    return section("kpis", page, leads=leads, grids=[page.kpis(page.summary["known_kpis"][:HEADLINE])], charts=[])


def growth(page: Page, /) -> Section:
    """Who is active, the flow of states, and where it leads."""
    seen = page.figures["people_seen"]["value"]
    states = (("state", "known:states"), ("users", "count"), ("previous", "count"))
    channels = (
        *(("channel", "text"), ("users", "count"), ("active_28d", "count"), ("payers", "count")),
        ("spend_total", "money"),
    )
    return section(
        *("growth", page),
        leads=[page.lead("people_seen", users=("count", seen)), page.lead("states")],
        grids=[page.grid("states", states), page.grid("channels", channels)],
        charts=[page.charts.active(), page.charts.forecast(), page.charts.transitions()],
    )


def learning(page: Page, /) -> Section:
    """People learning, time and completions."""
    charts = [
        page.charts.weekly("learning_minutes", unit="minutes") or page.charts.weekly("wau_learning", unit="people")
    ]
    return section("learning", page, leads=[], grids=[page.kpis(LEARNING)], charts=charts)


def money(page: Page, /) -> Section:
    """From GMV to net receipts."""
    currency = page.summary["platform"]["currency"]
    leads = [page.lead("money_currency", currency=("text", currency))] if currency else []
    return section(
        "money", page, leads=[page.lead("money"), *leads], grids=[page.kpis(MONEY)], charts=[page.charts.money()]
    )


def items(page: Page, /) -> Section:
    """What sells or is used most and least."""
    row = page.row("sold_items")
    on_sale = ("count", row["on_sale"])
    if row["sold"] is None or row["on_sale"] < 30:
        leads = [page.lead("on_sale", on_sale=on_sale)]
    else:
        share = ("percent", row["sold"] / row["on_sale"])
        leads = [page.lead("sold", on_sale=on_sale, sold=("count", row["sold"]), share=share)]
    grids = [page.grid("best_items", ITEM_COLUMNS), page.grid("worst_items", ITEM_COLUMNS)]
    return section("items", page, leads=leads, grids=grids, charts=[])


def community(page: Page, /) -> Section:
    """Talk, answers and opinion, and the ways in which people take part."""
    ways = page.grid("behaviours", (page.name_column(), *BEHAVIOUR_COLUMNS))
    grids = [page.kpis(COMMUNITY), page.grid("communities", COMMUNITY_COLUMNS), ways]
    chart = page.charts.weekly("texts", unit="events")
    return section("community", page, leads=_ways(page), grids=grids, charts=[chart])


def _ways(page: Page) -> list[str]:
    """Whether the ways of taking part are natural or rules."""
    kinds = [row["kind"] for row in page.figures["behaviours"]["value"]]
    if "natural" in kinds:
        return [page.lead("behaviours_natural", count=("exact", kinds.count("natural")))]
    return [page.lead("behaviours_rules")] if "rules" in kinds else []


def risk(page: Page, /) -> Section:
    """People at risk: counts and value, never who."""
    actions = (("suggested_action", "known:suggested"), ("users", "count"))
    return section(
        *("risk", page),
        leads=[*_listed(page), *_expected(page)],
        grids=[
            page.grid("warnings", (*actions, ("value_at_stake", "money"), ("expected_loss", "money"))),
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
    held = [line["users"] for line in lines if line["suggested_action"] == HOLDOUT]
    if held:
        count = {"holdout": ("count", held[0])} if known(held[0]) else {}
        leads.append(page.lead("holdout" if count else "holdout_hidden", **count))
    if known(total["repeated"]) and known(total["users"]) and total["repeated"]:
        share = ("percent", total["repeated"] / total["users"])
        leads.append(page.lead("repeated", repeated=("count", total["repeated"]), share=share))
    return leads


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
    return section(
        *("recommendations", page),
        leads=[page.lead("recommended", users=("count", row["users"]), items=("count", row["items"]))],
        grids=[page.grid("recommended", columns)],
        charts=[],
    )


def outcomes(page: Page, /) -> Section:
    """Whether earlier advice changed anything, against the people left alone."""
    return section("outcomes", page, leads=[], grids=[page.grid("outcomes", OUTCOME_COLUMNS)], charts=[])


def build(name: Callable[[Page], Section], page: Page, /) -> Section:
    """The section, or the one sentence that says that it is not there and why."""
    id_ = name.__name__
    if id_ not in page.summary["absent"]:
        return name(page)
    code = page.summary["absent"][id_]
    whys = [row["why"] for row in page.figures["skipped"]["value"] if row["code"] == code and row["why"]]
    reason = page.voice.reason(code, english=whys[0] if whys else None)
    empty = section(id_, page, leads=[], grids=[], charts=[])
    return empty | {"absent": page.voice.words("absent.sentence", reason=reason)}
