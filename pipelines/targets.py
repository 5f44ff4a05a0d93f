"""What is predicted about people: the label, how long it takes to be known, and which estimators compete for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lyceum.tables.features import USER_SNAPSHOT
from models.classification import Forest, Logistic
from models.contract import Model

FEATURES = tuple(name for name in USER_SNAPSHOT.names if name not in ("user_id", "as_of"))


def logistic() -> Model:
    """Logistic regression on every column of the snapshot."""
    return Logistic(features=FEATURES)


def forest() -> Model:
    """A random forest on every column of the snapshot."""
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
