"""What is predicted about people: the label, how long it takes to be known, and which estimators compete for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lyceum.schema import BIGINT, DOUBLE, MONEY
from lyceum.tables.features import USER_SNAPSHOT
from models.classification import Forest, Logistic
from models.contract import Model

FEATURES = tuple(column.name for column in USER_SNAPSHOT.columns if column.type in (BIGINT, DOUBLE, MONEY))

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


def logistic() -> Model:
    """Logistic regression on every number of the snapshot."""
    return Logistic(features=FEATURES)


def forest() -> Model:
    """A random forest on every number of the snapshot."""
    return Forest(features=FEATURES)


@dataclass(frozen=True)
class Target:
    """One prediction about people active in the 28 days before a week; it is also the model's name."""

    name: str
    label: str
    delay_days: int
    candidates: Mapping[str, Callable[[], Model]]
    needs: tuple[str, ...] = ()


TARGETS = (
    *(Target(f"retention_{n}d", f"retained_{n}d", n, {"logistic": logistic}) for n in (7, 28, 84)),
    *(Target(f"purchase_{n}d", f"purchased_{n}d", n, {"forest": forest}, ("purchase",)) for n in (14, 28)),
)
