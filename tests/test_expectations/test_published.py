"""Verdicts on snapshots and scores: a consistent week passes, each broken promise flips its rule."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from expectations.checkpoint import blocking, judge
from lyceum.schema import BIGINT, published, table

AS_OF = dt.date(2024, 5, 6)
TABLES = [declared for declared in published() if not declared.name.startswith("quality.")]
LIMITS = {"recommendations": 3, "contacts": 1}
COUNTS = {"1": 1, "3": 2, "7": 3, "14": 4, "28": 5, "56": 6, "84": 7}  # window -> how many


ITEM = {
    **{"users_28d": 40, "learners_28d": 40, "buyers_28d": 30, "viewers": 30, "viewers_bought": 3},
    **{"cohort_28d_people": 30, "cohort_28d_started": 30, "cohort_28d_completed": 12, "view_conversion_7d": 0.1},
    **{"start_rate_28d": 1.0, "completion_rate_28d": 0.4, "rank_28d": 1},
    **{"paid_28d": Decimal(9), "refunded_28d": Decimal(2), "revenue_28d": Decimal(7)},
}
CHANNEL = {
    **{"users": 40, "active_28d": 30, "payers": 20, "invited": 10, "invited_share": 0.25},
    **{"week1_people": 30, "week1_kept": 15, "week1_retention": 0.5},
    **{"paying_people": 30, "paying_30d": 3, "payer_conversion_30d": 0.1},
}
COMMUNITY = {
    **{"members_active": 9, "speakers": 9, "questions": 40, "questions_unanswered": 5},
    **{"first_reply_median_hours": 2.0, "first_reply_p90_hours": 9.0, "first_reply_in_24h": 0.5},
}
RATE = {"age_days": 0, "mature": True}


def counted(declared):
    """A row in which every windowed count grows with its window."""
    found = {"as_of": AS_OF}
    for column in declared.columns:
        window = re.fullmatch(r"\w+_(\d+)d", column.name)
        if window and column.zero:
            value = COUNTS[window[1]]
            found[column.name] = value if column.type != "DECIMAL(18,2)" else Decimal(value)
    return found


@pytest.fixture
def week():
    """Three people and two items, scored and listed without a flaw."""
    by_name = {declared.name: declared for declared in TABLES}
    person = {**counted(by_name["features.user_snapshot"]), "recency_days": 3, "tenure_days": 90}
    item = {**counted(by_name["features.item_snapshot"]), "price": Decimal(1), "on_sale": True}
    score = {"eligible": True, "score_status": "scored", "lifecycle_state": "active", "points": 3, "level": 1}
    risks = (0.9, 0.75, 0.2)
    return {
        "features.user_snapshot": [{**person, "user_id": f"u{n}"} for n in range(3)],
        "features.item_snapshot": [{**item, "item_id": f"i{n}"} for n in range(2)],
        "marts.user_scores": [
            {
                **score,
                "user_id": f"u{n}",
                "segment_id": 0 if n else None,
                "churn_28d": risk,
                "retention_28d": 1 - risk,
                "purchase_28d": 0.5,
            }
            for n, risk in enumerate(risks)
        ],
        "marts.recommendations": [
            {"user_id": f"u{n}", "rank": rank, "item_id": f"i{rank - 1}"} for n in range(3) for rank in (1, 2)
        ],
        "marts.early_warnings": [
            {
                **{"user_id": f"u{n}", "rank": n + 1, "risk": risks[n], "holdout": n == 0, "contacts_left": 3},
                **{"value_at_stake": 10.0, "expected_loss": risks[n] * 10.0},
                **({} if n == 0 else {"channel": "push"}),
                "suggested_action": "none" if n == 0 else "reminder",
            }
            for n in range(2)
        ],
        "marts.lifecycle_transitions": [
            {"from_state": "active", "to_state": state, "users": 1, "probability": 0.5}
            for state in ("active", "at_risk")
        ],
        "marts.growth_forecast": [
            {"week": AS_OF, "kind": "forecast", "active_users": 3.0, "low_80": 2.0, "high_80": 4.0},
        ],
        "marts.segments": [{"segment_id": 0, "share": 1.0}],
        "marts.item_to_item": [{"item_id": "i0", "rank": 1, "other_item_id": "i1", "similarity": 0.5}],
        "marts.interests": [{"user_id": "u0", "topic": "law", "weight": 1.0}],
        "marts.community_members": [{"user_id": "u0", "partners": 1}],
        "marts.topics": [{"topic_id": 1, "topic": "law", "share": 1.0}],
        "marts.segment_interests": [{"segment_id": 0, "topic": "law", "weight": 1.0}],
        "marts.community_behaviours": [{"behaviour_id": 0, "users": 1, "share": 1.0}],
        "marts.points_ledger": [{"user_id": "u0", "day": AS_OF, "rule": "learn", "events": 1, "points": 1}],
        "marts.leaderboard": [{"user_id": "u0", "league": 1, "rank": 1, "points_28d": 1}],
        "marts.item_performance": [{**ITEM, "item_id": f"i{n}"} for n in range(2)],
        "marts.course_drop_off": [{"item_id": "i0", "position": 1, "share": 1.0}],
        "marts.channel_quality": [{"channel": "ads", **CHANNEL}],
        "marts.community_health": [{"community_id": "(all)", **COMMUNITY}],
        "marts.weekly_kpis": [{"week": AS_OF, "kpi": "share_rate", "area": "word_of_mouth", "denominator": 3.0}],
        "marts.rate_definitions": [{"rate": "stickiness", "available": True}],
        "marts.rates": [{**RATE, "rate": "stickiness", "part": "(all)", "week": AS_OF}],
    }


def verdicts(con):
    return judge(con, TABLES, as_of=AS_OF, limits=LIMITS)


def unmet(checks):
    return {(row.suite, row.rule, row.unexpected) for row in checks[~checks["success"]].itertuples()}


def put(name, row, **values):
    return lambda week: week[name][row].update(values)


def again(name):
    return lambda week: week[name].append({**week[name][0]})


SNAPSHOT, ITEMS, SCORES = "features.user_snapshot", "features.item_snapshot", "marts.user_scores"
SHOWN, WARNED, CHAIN = "marts.recommendations", "marts.early_warnings", "marts.lifecycle_transitions"
CARD, CAME, TALK = "marts.item_performance", "marts.channel_quality", "marts.community_health"
KPIS = "marts.weekly_kpis"
# Each week holds several broken promises that do not touch each other; a judgement takes a good part of a second.
BROKEN = {
    "snapshot, actions without a channel": (
        (put(WARNED, 1, channel=None), (WARNED, "channel.action", 1)),
        (put(SNAPSHOT, 0, acts_28d=7), (SNAPSHOT, "acts.windows", 1)),
        (put(SNAPSHOT, 1, learning_events_7d=None), (SNAPSHOT, "learning_events.windows", 1)),
        (
            put(
                SNAPSHOT,
                1,
                active_days_7d=8,
                active_days_14d=8,
                active_days_28d=8,
                active_days_56d=8,
                active_days_84d=8,
            ),
            (SNAPSHOT, "active_days.windows", 1),
        ),
        (put(SNAPSHOT, 2, carts_7d=-1), (SNAPSHOT, "carts_7d.range", 1)),
        (put(SNAPSHOT, 2, learning_minutes_84d=float("nan")), (SNAPSHOT, "finite", 1)),
        (put(SNAPSHOT, 2, recency_days=0), (SNAPSHOT, "recency_days.from_1", 1)),
        (put(SNAPSHOT, 1, recency_days=100), (SNAPSHOT, "recency_days.acts_84d", 1)),
        (put(ITEMS, 0, learners_7d=4), (ITEMS, "learners_7d.of_users_7d", 1)),
        (put(ITEMS, 0, price=Decimal(-1)), (ITEMS, "price.negative", 1)),
    ),
    "scores, channels without an action": (
        (put(WARNED, 0, channel="push"), (WARNED, "channel.action", 1)),
        (put(SCORES, 2, purchase_28d=1.5), (SCORES, "purchase_28d.range", 1)),
        (put(SCORES, 2, churn_28d=0.3), (SCORES, "churn_28d.complement", 1)),
        (put(SCORES, 2, lifecycle_state="gone"), (SCORES, "lifecycle_state.unknown", 1)),
        (put(SCORES, 2, score_status="not_eligible"), (SCORES, "score_status.scored", 1)),
        (put(SCORES, 2, level=0), (SCORES, "level.range", 1)),
        (put(CHAIN, 0, probability=0.4), (CHAIN, "probability.sum", 1)),
        (put("marts.growth_forecast", 0, low_80=5.0), ("marts.growth_forecast", "low_80.high_80", 1)),
    ),
    "lists": (
        (put(SHOWN, 1, item_id="i0"), (SHOWN, "item_id.repeated", 2)),
        (put(ITEMS, 1, on_sale=False), (SHOWN, "item_id.on_sale", 2)),
        (put(SHOWN, 3, rank=4), (SHOWN, "rank.at_most", 1)),
        (put(SHOWN, 2, arm="luck"), (SHOWN, "arm.unknown", 1)),
        (put(SHOWN, 5, rank=1), (SHOWN, "key", 2)),
        (lambda week: None, (SHOWN, "rank.run", 2)),
        (put(WARNED, 1, risk=0.7, expected_loss=7.0), (WARNED, "risk.churn_28d", 1)),
        (put(WARNED, 1, rank=1), (WARNED, "rank.run", 1)),
        (put(WARNED, 1, suggested_action="shout"), (WARNED, "suggested_action.unknown", 1)),
    ),
    "a person twice in the snapshot, contacts": (
        (again(SNAPSHOT), (SNAPSHOT, "key", 2)),
        (put(WARNED, 0, suggested_action="coupon", channel="push"), (WARNED, "holdout.action", 1)),
        (lambda week: None, (WARNED, "suggested_action.at_most", 1)),
        (put(WARNED, 1, channel="sms", contacts_left=0), (WARNED, "channel.unknown", 1)),
        (put(WARNED, 1, expected_loss=7.0), (WARNED, "expected_loss.product", 1)),
        (lambda week: None, (WARNED, "contacts_left.nobody", 1)),
    ),
    "a score of nobody, scorecards": (
        (lambda week: week[SNAPSHOT].pop(), (SCORES, "user_id.foreign", 1)),
        (again(SCORES), (SCORES, "key", 2)),
        (put(CARD, 0, buyers_28d=41), (CARD, "buyers_28d.of_users_28d", 1)),
        (put(CARD, 0, viewers_bought=31), (CARD, "viewers_bought.of_viewers", 1)),
        (put(CARD, 0, cohort_28d_completed=31), (CARD, "cohort_28d_completed.of_cohort_28d_people", 1)),
        (put(CARD, 1, revenue_28d=Decimal(9)), (CARD, "revenue_28d.net", 1)),
        (put(CARD, 1, view_conversion_7d=1.5), (CARD, "view_conversion_7d.share", 1)),
        (put(CARD, 1, rank_28d=0), (CARD, "rank_28d.range", 1)),
        (put(CAME, 0, week1_kept=31), (CAME, "week1_kept.of_week1_people", 1)),
        (put(CAME, 0, paying_people=29), (CAME, "payer_conversion_30d.few", 1)),
        (put(TALK, 0, first_reply_p90_hours=1.0), (TALK, "first_reply_median_hours.of_first_reply_p90_hours", 1)),
        (put(KPIS, 0, area="luck"), (KPIS, "area.unknown", 1)),
        (put(KPIS, 0, value=0.5), (KPIS, "value.rate", 1)),
    ),
}


def test_a_consistent_week_passes(week, connect):
    checks = verdicts(connect(week))
    assert unmet(checks) == set()
    assert set(checks["suite"]) == set(week)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_promise_blocks_and_only_its_own_rules(broken, week, connect):
    for breaking, _ in broken:
        breaking(week)
    checks = verdicts(connect(week))
    expected = {row for _, row in broken}
    assert unmet(checks) == expected
    assert len(blocking(checks)) == len(expected)


def test_a_stranger_under_any_foreign_key_is_found(week, connect):
    expected = set()
    for declared in TABLES:
        for column, _ in declared.foreign:
            stranger = 99 if declared.column(column).type == BIGINT else f"{declared.name}.{column}"
            week[declared.name].append({**week[declared.name][0], column: stranger})
            expected.add((declared.name, f"{column}.foreign", 1))
    assert len(expected) > 10
    found = {row for row in unmet(verdicts(connect(week))) if row[1].endswith(".foreign")}
    assert found == expected  # not those who have none: most people have no segment


def test_who_has_none_is_no_stranger_to_an_empty_table(week, connect):
    """In SQL even null is NOT IN nothing."""
    week["marts.community_behaviours"] = []
    week["marts.community_members"][0]["behaviour_id"] = None
    assert "behaviour_id.foreign" not in {rule for _, rule, _ in unmet(verdicts(connect(week)))}


def test_foreign_keys_name_published_tables_of_one_key():
    for declared in TABLES:
        for column, other in declared.foreign:
            assert column in declared.names
            assert other in {each.name for each in TABLES}
            (key,) = table(other).key
            assert table(other).column(key).type == declared.column(column).type
