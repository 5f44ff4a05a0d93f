"""The written rules for snapshots and scores, beside what their declarations imply."""

import re

from expectations.rule import Rule, Said, between, in_set, no_finding, no_more, no_repeat, no_row, share
from expectations.scorecard_rules import SCORECARD_RULES
from lyceum.contact_rules import ACTIONS, CHANNELS, NONE
from lyceum.schema import Table
from lyceum.tables import behaviours, features, marts, movements, prediction, readout, topics

STATES = ("new", "active", "returned", "resurrected", "at_risk", "dormant", "churned")
TINY = 1e-9  # what is left of a difference of two figures computed from each other


def _sums_to_1(table: Table, column: str, group: str) -> Rule:
    query = f'SELECT "{group}" FROM {{batch}} GROUP BY ALL HAVING abs(sum("{column}") - 1) > 1e-6'
    said = (f"{column} adds up to 1 for each {group}.", f"同一 {group} 的 {column} 合计为 1。")
    sample = [] if group == "user_id" else [group]
    return no_finding(column, f"{column}.sum", query, said, sample=sample)


def _ranks_of_people() -> Rule:
    """No rank stands twice; one is missing where somebody was erased, for the others keep theirs."""
    query = "SELECT 1 AS found FROM {batch} HAVING min(rank) < 1 OR count(DISTINCT rank) <> count(*)"
    said = (
        "No rank stands twice; one that is missing is of somebody who was erased.",
        "名次无重复；缺少的名次属于已删除的人。",
    )
    return no_finding("rank", "rank.run", query, said, sample=[])


def _ranks(table: Table, group: str) -> Rule:
    """Ranks run from 1 without a gap; `group` is what they run within."""
    by = f'GROUP BY "{group}"'
    shown = [group] if group != "user_id" else []
    listed = ", ".join(f'"{name}"' for name in shown) or "1 AS found"
    query = (
        f"SELECT {listed} FROM {{batch}} {by} "
        "HAVING min(rank) <> 1 OR max(rank) <> count(*) OR count(DISTINCT rank) <> count(*)"
    )
    said = ("Ranks run from 1 without gap or repetition.", "名次从 1 开始，无空缺、无重复。")
    return no_finding("rank", "rank.run", query, said, sample=shown)


def _at_most(column: str, limit: str, query: str, said: Said) -> Rule:
    return no_finding(column, f"{column}.at_most", f"{query} (SELECT {limit} FROM week)", said, sample=[])


def _interval(table: Table, *, low: str, middle: str, high: str) -> Rule:
    said = (f"{middle} lies in its interval.", f"{middle} 在其区间之内。")
    where = f"{low} > {middle} + {TINY} OR {middle} > {high} + {TINY} OR {low} > {high}"
    return no_row(table, middle, f"{middle}.{low}", where, said)


USER_SNAPSHOT_RULES = [
    no_row(
        features.USER_SNAPSHOT,
        "recency_days, tenure_days",
        "recency_days.from_1",
        "recency_days < 1 OR tenure_days < 1",
        ("What was seen before a Monday was seen at least a day ago.", "周一之前的行为至少在一天以前。"),
    ),
    no_row(
        features.USER_SNAPSHOT,
        "recency_days, acts_84d",
        "recency_days.acts_84d",
        "acts_84d IS NOT NULL AND (acts_84d > 0) <> coalesce(recency_days <= 84, false)",
        (
            "Whoever acted in 84 days was last seen in them, and the reverse.",
            "84 天内有行为者，最近行为也在 84 天内。",
        ),
    ),
]

ITEM_SNAPSHOT_RULES = [
    between(features.ITEM_SNAPSHOT, "price", ("No price is negative.", "价格不为负数。"), low=0, name="negative"),
    *(
        no_more(features.ITEM_SNAPSHOT, name, name.replace("learners", "users"))
        for name in features.ITEM_SNAPSHOT.names
        if re.fullmatch(r"learners_\d+d", name)
    ),
]

USER_SCORE_RULES = [
    in_set(marts.USER_SCORES, "lifecycle_state", STATES, ("Every state is known.", "生命周期状态都是已知的。")),
    in_set(
        marts.USER_SCORES,
        "score_status",
        ["scored", "not_eligible", "no_matured_week", "too_few_outcomes", "no_purchases_logged"],
        ("Every status of a score is known.", "评分状态都是已知的。"),
    ),
    no_row(
        marts.USER_SCORES,
        "churn_28d, retention_28d",
        "churn_28d.complement",
        f"(churn_28d IS NULL) <> (retention_28d IS NULL) OR abs(churn_28d + retention_28d - 1) > {TINY}",
        ("churn_28d is 1 less retention_28d.", "churn_28d 等于 1 减 retention_28d。"),
    ),
    no_row(
        marts.USER_SCORES,
        "score_status, retention_28d, purchase_28d",
        "score_status.scored",
        "(score_status = 'scored') <> (retention_28d IS NOT NULL AND purchase_28d IS NOT NULL)",
        (
            "Whoever is scored has retention_28d and purchase_28d, and nobody else has both.",
            "有评分者才同时有 retention_28d 和 purchase_28d。",
        ),
    ),
    between(marts.USER_SCORES, "points", ("No balance of points is negative.", "积分余额不为负数。"), low=0),
]

RECOMMENDATION_RULES = [
    _ranks(marts.RECOMMENDATIONS, "user_id"),
    _at_most(
        "rank",
        "recommendations",
        "SELECT 1 AS found FROM {batch} WHERE rank >",
        ("Nobody is shown more items than the settings allow.", "每人的推荐数不超过设置的上限。"),
    ),
    no_repeat(
        marts.RECOMMENDATIONS,
        ["user_id", "item_id"],
        "item_id.repeated",
        ("Nobody is shown the same item twice.", "同一内容不会向同一人推荐两次。"),
    ),
    in_set(
        marts.RECOMMENDATIONS,
        "arm",
        ("personal", "holdout", "general"),
        ("Everybody's kind of list is known.", "每人所得榜单的类别都是已知的。"),
    ),
    no_row(
        marts.RECOMMENDATIONS,
        "item_id",
        "item_id.on_sale",
        "item_id NOT IN (SELECT item_id FROM item_snapshot WHERE on_sale)",
        ("Nothing is shown that is not on sale.", "不推荐未在售的内容。"),
    ),
]

EARLY_WARNING_RULES = [
    _ranks_of_people(),
    in_set(
        prediction.EARLY_WARNINGS,
        "suggested_action",
        ACTIONS,
        ("Every suggested action is known.", "建议动作都是已知的。"),
    ),
    in_set(prediction.EARLY_WARNINGS, "channel", CHANNELS, ("Every channel is known.", "触达渠道都是已知的。")),
    no_row(
        prediction.EARLY_WARNINGS,
        "channel, suggested_action",
        "channel.action",
        f"suggested_action IS NULL OR (suggested_action = '{NONE}') <> (channel IS NULL)",
        ("Every action has a channel, and no action has none.", "有建议动作者都有渠道，无动作者没有渠道。"),
    ),
    no_row(
        prediction.EARLY_WARNINGS,
        "holdout, suggested_action",
        "holdout.action",
        f"holdout IS NULL OR (holdout AND suggested_action <> '{NONE}')",
        ("Nobody held out is suggested a contact.", "对照组中无人被建议触达。"),
    ),
    _at_most(
        "suggested_action",
        "contacts",
        f"SELECT 1 AS found FROM {{batch}} HAVING count(*) FILTER (suggested_action <> '{NONE}') >",
        ("There are no more people to contact than the settings allow.", "需联系的人数不超过设置的上限。"),
    ),
    no_row(
        prediction.EARLY_WARNINGS,
        "contacts_left",
        "contacts_left.nobody",
        "contacts_left IS NULL OR contacts_left < 1",
        ("Nobody is on it whose contacts of the week are used up.", "名单中无人已用完本周触达次数。"),
    ),
    no_row(
        prediction.EARLY_WARNINGS,
        "risk",
        "risk.churn_28d",
        "(user_id, risk) NOT IN (SELECT (user_id, churn_28d) FROM user_scores WHERE churn_28d IS NOT NULL)",
        ("Everybody's risk is their churn_28d.", "风险即 churn_28d。"),
    ),
    no_row(
        prediction.EARLY_WARNINGS,
        "expected_loss, risk, value_at_stake",
        "expected_loss.product",
        f"abs(expected_loss - risk * value_at_stake) > {TINY} * (1 + value_at_stake)",
        ("The expected loss is the risk times the value at stake.", "预期损失等于风险乘以涉及金额。"),
    ),
]

PUBLISHED_RULES: dict[str, list[Rule]] = {
    **SCORECARD_RULES,
    "features.user_snapshot": USER_SNAPSHOT_RULES,
    "features.item_snapshot": ITEM_SNAPSHOT_RULES,
    "marts.user_scores": USER_SCORE_RULES,
    "marts.recommendations": RECOMMENDATION_RULES,
    "marts.early_warnings": EARLY_WARNING_RULES,
    "marts.item_to_item": [
        _ranks(marts.ITEM_TO_ITEM, "item_id"),
        no_row(
            marts.ITEM_TO_ITEM,
            "other_item_id",
            "other_item_id.self",
            "other_item_id = item_id",
            ("No item is its own neighbour.", "内容不是自己的相邻内容。"),
        ),
        no_row(
            marts.ITEM_TO_ITEM,
            "similarity",
            "similarity.range",
            f"NOT similarity BETWEEN 0 AND 1 + {TINY}",
            ("Every similarity lies between 0 and 1.", "相似度在 0 与 1 之间。"),
        ),
    ],
    "marts.segments": [
        share(marts.SEGMENTS, "share"),
        share(marts.SEGMENTS, "retained_share_28d"),
        in_set(
            marts.SEGMENTS,
            "kind",
            ["natural", "constructed", "rules", "new"],
            ("Every kind of segment is known.", "分群类型都是已知的。"),
        ),
    ],
    "marts.segment_migration": [
        share(marts.SEGMENT_MIGRATION, "share"),
        _sums_to_1(marts.SEGMENT_MIGRATION, "share", "from_segment_id"),
    ],
    "marts.segment_changes": [
        *(share(marts.SEGMENT_CHANGES, name) for name in ("moved_share", "moved_by_chance", "moved_truly")),
        _interval(marts.SEGMENT_CHANGES, low="low_95", middle="moved_truly", high="high_95"),
    ],
    "marts.interests": [_sums_to_1(marts.INTERESTS, "weight", "user_id")],
    "marts.topics": [share(topics.TOPICS, "share")],
    "marts.segment_interests": [share(topics.SEGMENT_INTERESTS, "weight")],
    "marts.voice_topics": [
        share(topics.VOICE_TOPICS, "share"),
        _interval(topics.VOICE_TOPICS, low="low_95", middle="trend", high="high_95"),
    ],
    "marts.community_behaviours": [share(behaviours.COMMUNITY_BEHAVIOURS, "share")],
    "marts.lifecycle_transitions": [
        *(
            in_set(marts.LIFECYCLE_TRANSITIONS, side, STATES, ("Every state is known.", "生命周期状态都是已知的。"))
            for side in ("from_state", "to_state")
        ),
        share(marts.LIFECYCLE_TRANSITIONS, "probability"),
        _sums_to_1(marts.LIFECYCLE_TRANSITIONS, "probability", "from_state"),
    ],
    "marts.growth_forecast": [
        in_set(
            marts.GROWTH_FORECAST,
            "kind",
            ["actual", "forecast"],
            ("Every week is actual or forecast.", "每周为实际或预测。"),
        ),
        no_row(
            marts.GROWTH_FORECAST,
            "low_80, high_80",
            "low_80.high_80",
            "low_80 > high_80 OR (kind = 'forecast') <> (low_80 IS NOT NULL)",
            ("Every forecast has an interval, its ends in order.", "每个预测都有区间，上下限有序。"),
        ),
    ],
    "marts.leaderboard": [
        between(marts.LEADERBOARD, "points_28d", ("Nobody leads without points.", "上榜者都有积分。"), low=1)
    ],
    "marts.activity_effects": [_interval(readout.ACTIVITY_EFFECTS, low="low_95", middle="effect", high="high_95")],
    "marts.course_drop_off": [
        share(movements.COURSE_DROP_OFF, "share"),
        _interval(movements.COURSE_DROP_OFF, low="low_95", middle="stopped_share", high="high_95"),
    ],
    "marts.outcomes": [
        share(readout.OUTCOMES, "contacted_rate"),
        share(readout.OUTCOMES, "holdout_rate"),
        _interval(readout.OUTCOMES, low="low_95", middle="effect", high="high_95"),
    ],
}
