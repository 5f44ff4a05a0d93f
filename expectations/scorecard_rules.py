"""The written rules for what managers and analysts look at first, beside what the declarations imply."""

from collections.abc import Iterator, Mapping

from expectations.rule import Rule, in_set, no_more, no_row, share
from lyceum.schema import Table
from lyceum.tables import scorecards


def _rates(table: Table, wholes: Mapping[str, str]) -> Iterator[Rule]:
    """Shares of so many: between 0 and 1, and not told of fewer than 30."""
    for rate, whole in wholes.items():
        yield share(table, rate)
        said = (f"No {rate} of fewer than 30 is told.", f"{whole} 小于 30 时不给出 {rate}。")
        where = f"{rate} IS NOT NULL AND {whole} < {scorecards.SMALLEST_DENOMINATOR}"
        yield no_row(table, rate, f"{rate}.few", where, said)


SCORECARD_RULES: dict[str, list[Rule]] = {
    "marts.channel_quality": [
        *(no_more(scorecards.CHANNEL_QUALITY, name, "users") for name in ("active_28d", "payers", "invited")),
        no_more(scorecards.CHANNEL_QUALITY, "week1_kept", "week1_people"),
        no_more(scorecards.CHANNEL_QUALITY, "paying_30d", "paying_people"),
        *_rates(
            scorecards.CHANNEL_QUALITY,
            {"invited_share": "users", "week1_retention": "week1_people", "payer_conversion_30d": "paying_people"},
        ),
    ],
    "marts.item_performance": [
        *(no_more(scorecards.ITEM_PERFORMANCE, name, "users_28d") for name in ("learners_28d", "buyers_28d")),
        no_more(scorecards.ITEM_PERFORMANCE, "viewers_bought", "viewers"),
        no_more(scorecards.ITEM_PERFORMANCE, "cohort_28d_started", "cohort_28d_people"),
        no_more(scorecards.ITEM_PERFORMANCE, "cohort_28d_completed", "cohort_28d_people"),
        *_rates(
            scorecards.ITEM_PERFORMANCE,
            {
                **{"view_conversion_7d": "viewers", "start_rate_28d": "cohort_28d_people"},
                "completion_rate_28d": "cohort_28d_people",
            },
        ),
        no_row(
            scorecards.ITEM_PERFORMANCE,
            "revenue_28d",
            "revenue_28d.net",
            "revenue_28d <> paid_28d - coalesce(refunded_28d, 0)",
            ("Revenue is what was paid less what was paid back.", "净收等于支付额减退款额。"),
        ),
    ],
    "marts.community_health": [
        no_more(scorecards.COMMUNITY_HEALTH, "speakers", "members_active"),
        no_more(scorecards.COMMUNITY_HEALTH, "questions_unanswered", "questions"),
        no_more(scorecards.COMMUNITY_HEALTH, "first_reply_median_hours", "first_reply_p90_hours"),
        share(scorecards.COMMUNITY_HEALTH, "top_5_percent_share"),
        share(scorecards.COMMUNITY_HEALTH, "first_reply_in_24h"),
    ],
    "marts.weekly_kpis": [
        in_set(scorecards.WEEKLY_KPIS, "area", scorecards.AREAS, ("Every area is known.", "指标领域都是已知的。")),
        no_row(
            scorecards.WEEKLY_KPIS,
            "value",
            "value.rate",
            "denominator < 30 AND value IS NOT NULL",
            ("A rate of fewer than 30 is not told.", "分母小于 30 的比率不给出。"),
        ),
    ],
}
