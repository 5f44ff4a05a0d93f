from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lyceum.errors import LyceumError
from models.classification.frame import is_time, matrix, raw, signed_log1p

NAMES = ("recency_days", "spend_84d", "gap_mean_84d")


def snapshot():
    return pd.DataFrame(
        {
            "recency_days": pd.array([3, None], dtype="Int64"),
            "spend_84d": [Decimal("12.50"), None],
            "gap_mean_84d": [np.inf, 2.0],
        }
    )


def test_empty_cells_stay_empty_for_trees():
    np.testing.assert_array_equal(raw(snapshot(), NAMES), [[3, 12.5, np.nan], [np.nan, np.nan, 2]])
    assert raw(snapshot(), NAMES).dtype == np.float32


def test_rows_are_taken_in_the_order_asked_for():
    np.testing.assert_array_equal(raw(snapshot(), NAMES[:1], rows=np.array([1, 0, 0])), [[np.nan], [3], [3]])


def test_empty_cells_are_never_for_times_and_nothing_for_counts():
    some = snapshot().assign(gap_mean_84d=[None, 2.0])
    np.testing.assert_array_equal(matrix(some, NAMES), [[3, 12.5, 10_000], [10_000, 0, 2]])


@pytest.mark.parametrize("name", ["purchase_recency_days", "entitlement_next_end_days", "gap_longest_84d"])
def test_times_by_name(name):
    assert is_time(name)


@pytest.mark.parametrize("name", ["acts_28d", "active_days_28d", "purchases_total", "spend_84d", "rating"])
def test_not_times_by_name(name):
    assert not is_time(name)


@pytest.mark.parametrize("read", [raw, matrix])
def test_a_missing_column_is_named(read):
    with pytest.raises(LyceumError, match="acts_28d"):
        read(pd.DataFrame({"recency_days": [1]}), ("recency_days", "acts_28d"))


def test_signed_log_by_hand():
    np.testing.assert_allclose(signed_log1p(np.array([0.0, np.e - 1, 1 - np.e])), [0, 1, -1])
