"""Verdicts on snapshots and scores: a consistent week passes, each broken promise flips its rule."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from expectations.checkpoint import blocking, judge
from lyceum.schema import published

AS_OF = dt.date(2024, 5, 6)
TABLES = [declared for declared in published() if not declared.name.startswith("quality.")]
LIMITS = {"recommendations": 3, "contacts": 1}
COUNTS = {"1": 1, "3": 2, "7": 3, "14": 4, "28": 5, "56": 6, "84": 7}  # window -> how many


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
            {**score, "user_id": f"u{n}", "churn_28d": risk, "retention_28d": 1 - risk, "purchase_28d": 0.5}
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
BROKEN = {
    "a person twice in the snapshot": ((again(SNAPSHOT), (SNAPSHOT, "key", 2)),),
    "snapshot": (
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
    "scores": (
        (put(SCORES, 2, purchase_28d=1.5), (SCORES, "purchase_28d.range", 1)),
        (put(SCORES, 2, churn_28d=0.3), (SCORES, "churn_28d.complement", 1)),
        (put(SCORES, 2, lifecycle_state="gone"), (SCORES, "lifecycle_state.unknown", 1)),
        (put(SCORES, 2, score_status="not_eligible"), (SCORES, "score_status.scored", 1)),
        (put(SCORES, 2, level=0), (SCORES, "level.range", 1)),
        (put(CHAIN, 0, probability=0.4), (CHAIN, "probability.sum", 1)),
        (put("marts.growth_forecast", 0, low_80=5.0), ("marts.growth_forecast", "low_80.high_80", 1)),
    ),
    "a score of nobody": (
        (lambda week: week[SNAPSHOT].pop(), (SCORES, "user_id.snapshot", 1)),
        (lambda week: week[SCORES].append({**week[SCORES][0]}), (SCORES, "key", 2)),
    ),
    "lists": (
        (put(SHOWN, 1, item_id="i0"), (SHOWN, "item_id.repeated", 2)),
        (put(ITEMS, 1, on_sale=False), (SHOWN, "item_id.on_sale", 2)),
        (put(SHOWN, 3, rank=4), (SHOWN, "rank.at_most", 1)),
        (put(SHOWN, 5, rank=1), (SHOWN, "key", 2)),
        (lambda week: None, (SHOWN, "rank.run", 2)),
        (put(WARNED, 1, risk=0.7, expected_loss=7.0), (WARNED, "risk.churn_28d", 1)),
        (put(WARNED, 1, rank=3), (WARNED, "rank.run", 1)),
        (put(WARNED, 1, suggested_action="shout"), (WARNED, "suggested_action.unknown", 1)),
    ),
    "contacts": (
        (put(WARNED, 0, suggested_action="coupon", channel="push"), (WARNED, "holdout.action", 1)),
        (lambda week: None, (WARNED, "suggested_action.at_most", 1)),
        (put(WARNED, 1, channel="sms", contacts_left=0), (WARNED, "channel.unknown", 1)),
        (put(WARNED, 1, expected_loss=7.0), (WARNED, "expected_loss.product", 1)),
        (lambda week: None, (WARNED, "contacts_left.nobody", 1)),
    ),
    "actions without a channel": ((put(WARNED, 1, channel=None), (WARNED, "channel.action", 1)),),
    "channels without an action": ((put(WARNED, 0, channel="push"), (WARNED, "channel.action", 1)),),
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
