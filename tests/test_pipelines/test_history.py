"""What is learnt from: fewer rows where there are many, and of those the same values."""

import pandas as pd
import pytest

from pipelines import history
from pipelines.history import History, matured, thinned
from pipelines.targets import TARGETS
from pipelines.workspace import workspace

WEEKLY = TARGETS[0]  # whose outcome takes a week


@pytest.fixture
def labelled(copied, finished, monkeypatch):
    def ask(*, enough: int, at_most: int) -> tuple[pd.DataFrame, list[object]]:
        monkeypatch.setattr(history, "ROWS_ENOUGH", enough)
        monkeypatch.setattr(history, "ROWS_AT_MOST", at_most)
        with workspace(copied()) as space:
            weeks = matured(space, finished.weeks[-1], WEEKLY)
            return History(space, finished.weeks[-1], [WEEKLY]).labelled(WEEKLY), weeks

    return ask


def test_many_rows_are_thinned_by_weeks_and_then_by_people(labelled):
    every, weeks = labelled(enough=10**6, at_most=10**6)
    fewer, _ = labelled(enough=10, at_most=10**6)
    fewest, _ = labelled(enough=10, at_most=len(fewer) // 3)
    told = thinned(weeks, delay_days=7)
    assert every["as_of"].nunique() == len(weeks) > len(told)
    pd.testing.assert_frame_equal(fewer, every[every["as_of"].isin(told)].reset_index(drop=True), check_dtype=False)
    people = fewest["user_id"].unique()
    assert 0.15 < len(fewest) / len(fewer) < 0.5
    pd.testing.assert_frame_equal(
        fewest, fewer[fewer["user_id"].isin(people)].reset_index(drop=True), check_dtype=False
    )
