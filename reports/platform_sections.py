"""The sections of the weekly report about the platform itself: growth, learning, money, items and community.

Each is a section as reports/sections.py describes it; the order of a page is in reports/page.py.
"""

from reports import platform_charts
from reports.charts import Chart
from reports.grids import Columns, Grid
from reports.query import known
from reports.sections import Page, Section, section
from reports.summary import COMMUNITY, LEARNING, MONEY

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
TRIANGLE_COLUMNS: Columns = (
    *(("week", "day"), ("age", "exact"), ("newcomers", "count"), ("kept", "count"), ("share", "percent")),
)
MOVE_COLUMNS: Columns = (("from_state", "known:moves"), ("to_state", "known:moves"), ("users", "count"))
RATE_COLUMNS: Columns = (
    *(("rate", "known:rates"), ("week", "day"), ("newest", "share_interval"), ("before_8w", "percent")),
    ("against_8w", "known:against"),
)
COURSE_COLUMNS: Columns = (
    *(("title", "text"), ("cohort_28d_people", "count"), ("cohort_28d_started", "count")),
    *(("start_rate_28d", "percent"), ("cohort_28d_completed", "count"), ("completion_rate_28d", "percent")),
    *(("completion_rate_started_28d", "percent"), ("refund_rate_28d", "percent")),
)
STOP_COLUMNS: Columns = (
    *(("title", "text"), ("starters", "count"), ("after_lesson", "exact"), ("stopped", "share_interval")),
    ("clear", "known:clear"),
)
CURVE_COLUMNS: Columns = (("title", "text"), ("position", "exact"), ("reached", "count"), ("share", "percent"))
STEP_COLUMNS: Columns = (
    *(("list_value", "money"), ("discount", "money"), ("gmv", "money"), ("refunds", "money"), ("net", "money")),
)
DISCOUNT_COLUMNS: Columns = (("week", "day"), ("paid", "money"), ("discount", "money"), ("discount_share", "percent"))
REPLY_COLUMNS: Columns = (("week", "day"), ("answered", "percent"), ("unanswered", "percent"))


def _folded(grid: Grid | None, /) -> Grid | None:
    """A table that a chart shows already, to be opened."""
    return grid | {"folded": True} if grid else None


def growth(page: Page, /) -> Section:
    """Who is active, who stays, the flow of states, and where it leads."""
    seen, charts = page.figures["people_seen"]["value"], page.charts
    states = (("state", "known:states"), ("users", "count"), ("previous", "count"))
    channels = (
        *(("channel", "text"), ("users", "count"), ("active_28d", "count"), ("payers", "count")),
        ("spend_total", "money"),
    )
    drawn = [platform_charts.triangle(charts), platform_charts.moves(charts)]
    tables = [_folded(page.grid(name, columns)) for name, columns in _behind(drawn)]
    return section(
        *("growth", page),
        leads=[page.lead("people_seen", users=("count", seen)), page.lead("states"), *_told(drawn[0], page)],
        grids=[page.grid("states", states), *tables, page.grid("channels", channels)],
        charts=[charts.active(), drawn[0], drawn[1], charts.forecast(), charts.transitions()],
    )


def _told(triangle: Chart | None, page: Page) -> list[str]:
    """That there is no triangle, where there are newcomers."""
    return [] if triangle or not page.figures["triangle"]["value"] else [page.lead("no_triangle")]


def _behind(drawn: list[Chart | None]) -> list[tuple[str, Columns]]:
    """The tables behind the charts that there are."""
    every = (("triangle", TRIANGLE_COLUMNS), ("moves", MOVE_COLUMNS))
    return [told for told, chart in zip(every, drawn, strict=True) if chart]


def learning(page: Page, /) -> Section:
    """People learning and time, who begins and completes, and where people stop."""
    weekly = page.charts.weekly
    time = weekly("learning_minutes", unit="minutes") or weekly("wau_learning", unit="people")
    drawn = platform_charts.drop_off(page.charts)
    curve = [page.grid("stops", STOP_COLUMNS), _folded(page.grid("drop_off", CURVE_COLUMNS))] if drawn else []
    return section(
        *("learning", page),
        leads=[page.lead("drop_off")] if drawn else [],
        grids=[
            *(page.kpis(LEARNING), page.grid("learning_rates", RATE_COLUMNS), page.grid("courses", COURSE_COLUMNS)),
            *curve,
        ],
        charts=[time, drawn],
    )


def money(page: Page, /) -> Section:
    """From the list value of the orders to net receipts, and the rates of money."""
    currency = page.summary["platform"]["currency"]
    leads = [page.lead("money_currency", currency=("text", currency))] if currency else []
    return section(
        *("money", page),
        leads=[page.lead("money"), *leads, *_discount(page), *_renewals(page)],
        grids=[
            page.kpis(MONEY),
            page.grid("money_rates", RATE_COLUMNS),
            _folded(page.grid("money_steps", STEP_COLUMNS)),
            _folded(page.grid("discounts", DISCOUNT_COLUMNS)),
            page.grid(
                "renewals", (("week", "day"), ("rights_due", "count"), ("renewed", "count"), ("share", "percent"))
            ),
        ],
        charts=[platform_charts.steps(page.charts), page.charts.money()],
    )


def _discount(page: Page) -> list[str]:
    """What a discount is here, or that the logs do not tell it."""
    told = page.figures["money_steps"]["value"]
    if not told:
        return []
    return [page.lead("discount" if told[0]["discount"] is not None else "discount_untold")]


def _renewals(page: Page) -> list[str]:
    """How many of the rights that ended were renewed."""
    told = [row for row in page.figures["renewals"]["value"] if known(row["rights_due"]) and known(row["renewed"])]
    if not told or told[0]["share"] is None:
        return []
    values = {"due": ("count", told[0]["rights_due"]), "renewed": ("count", told[0]["renewed"])}
    return [page.lead("renewals", share=("percent", told[0]["share"]), **values)]


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
    replies = platform_charts.replies(page.charts)
    grids = [page.kpis(COMMUNITY), page.grid("community_rates", RATE_COLUMNS)]
    grids += [_folded(page.grid("replies", REPLY_COLUMNS))] if replies else []
    charts = [page.charts.weekly("texts", unit="events"), replies]
    grids += [page.grid("communities", COMMUNITY_COLUMNS), ways]
    return section("community", page, leads=_ways(page), grids=grids, charts=charts)


def _ways(page: Page) -> list[str]:
    """Whether the ways of taking part are natural or rules."""
    kinds = [row["kind"] for row in page.figures["behaviours"]["value"]]
    if "natural" in kinds:
        return [page.lead("behaviours_natural", count=("exact", kinds.count("natural")))]
    return [page.lead("behaviours_rules")] if "rules" in kinds else []
