"""What is predicted about people: the label, how long it takes to be known, and which estimators compete for it."""

from dataclasses import dataclass

from lyceum.schema import BIGINT, DOUBLE, MONEY
from lyceum.tables.features import USER_SNAPSHOT
from models.tuning import Candidate

FEATURES = tuple(column.name for column in USER_SNAPSHOT.columns if column.type in (BIGINT, DOUBLE, MONEY))

SLICED_BY = ("channel",)  # a model is measured on the people of each as well

# What segments differ by: how much of what, not when and against whom; for each their names have words.
STEMS = (
    *("acts", "active_days", "active_weeks", "learning_events", "learning_days", "learning_minutes", "completions"),
    *("submissions", "check_ins", "purchases", "spend", "refunds", "intent_events", "carts", "texts_written"),
    *("interactions", "reactions_received"),
)
PLAIN = (
    *("tenure_days", "recency_days", "acts_trend", "enrolments_total", "purchases_total", "spend_total"),
    "purchase_recency_days",
)
SEGMENTED_BY = tuple(
    name
    for name in FEATURES
    if name in PLAIN or name in {f"{stem}_{days}d" for stem in STEMS for days in (7, 28, 84)}
)

# In order of promise: the budget for choosing may end before the last of them.
CANDIDATES = (
    *(Candidate(name) for name in ("blend", "xgboost", "logistic", "forest", "network")),
    Candidate("xgboost", {"depth": 2, "leaf_share": 0.02, "penalty_share": 0.01, "column_share": 0.5}),
    Candidate("blend", {"logistic": {"strength": 2.0}}),
    Candidate("logistic", {"strength": 2.0}),
    Candidate("xgboost", {"rounds": 200}),
    Candidate("forest", {"trees": 150, "depth": 10, "column_share": 0.2, "leaf_share": 0.005}),
    Candidate("logistic", {"strength": 0.1}),
)


@dataclass(frozen=True)
class Target:
    """One prediction about people active in the 28 days before a week; it is also the model's name."""

    name: str
    label: str
    delay_days: int
    needs: tuple[str, ...] = ()


TARGETS = (
    *(Target(f"retention_{n}d", f"retained_{n}d", n) for n in (7, 28, 84)),
    *(Target(f"purchase_{n}d", f"purchased_{n}d", n, ("purchase",)) for n in (14, 28)),
)
