"""The one contract of everything that is fitted.

A model is fitted to one frame, scores another, and turns into plain state and back. The shared test
(tests/test_models/test_contract.py) holds every model of the registry to it: same seed, same result; a second fit
forgets the first; state and restore change nothing; an empty frame gives an empty table with the declared columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pandas as pd


class Model(ABC):
    """Something that learns from a frame and scores a frame.

    `inputs` are the columns that `fit` needs, `outputs` those that `score` returns, in order.
    Frames are ordered by key before a fit, so that the order of arrival changes nothing.
    """

    name: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn from `frame`, forgetting any earlier fit."""

    @abstractmethod
    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """One row per row (or user) of `frame`, with the columns `outputs`."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was learnt, as JSON values, numpy arrays and JSON texts (see lyceum.artifacts)."""

    @classmethod
    @abstractmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
