import numpy as np
import pandas as pd
import pytest

from lyceum.schema import table
from models.early_warning import Action, is_held_out, rank


def people(rows):
    columns = ["user_id", "churn_28d", "spend_84d", "recency_days", "churn_reasons"]
    return pd.DataFrame([(*row, "[]") for row in rows], columns=columns)


def crowd(size, seed=1):
    rng = np.random.default_rng(seed)
    risks, spend = rng.random(size), rng.gamma(1.0, 80.0, size)
    return people([(f"u{at:06d}", risk, money, 5) for at, (risk, money) in enumerate(zip(risks, spend, strict=True))])


def listed(frame, **options):
    return rank(frame, **{"capacity": 10, "holdout_share": 0.0, "salt": "s", **options})


def test_order_and_columns_by_hand():
    found = listed(
        people(
            [
                ("a", 0.6, 100.0, 3),
                ("b", 0.9, 50.0, 20),
                ("c", 0.95, 0.0, 3),
                ("d", 0.4, 900.0, 3),
                ("e", 0.7, 800.0, 3),
            ]
        )
    )
    assert found.columns.tolist() == table("marts.early_warnings").names
    # 560, 60, 45 and, as nothing counts as 1, 0.95; d is below the threshold.
    assert found["user_id"].tolist() == ["e", "a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found["value_at_stake"].tolist() == [800.0, 100.0, 50.0, 0.0]
    assert found["suggested_action"].tolist() == ["mentor_call", "reminder", "activity", "reminder"]


def test_where_nothing_is_sold_risk_alone_counts():
    found = listed(people([("a", 0.6, None, 3), ("b", 0.9, None, 3), ("c", None, None, 3)]))
    assert found["user_id"].tolist() == ["b", "a"]
    assert found["value_at_stake"].isna().all()


def test_equal_people_stand_by_id_whatever_the_order_of_arrival():
    rows = [(name, 0.8, 10.0, 3) for name in "badc"]
    assert listed(people(rows))["user_id"].tolist() == list("abcd")


def test_the_actions_are_a_table():
    rows = people([("a", 0.9, 10.0, 30), ("b", 0.8, 10.0, 3), ("c", 0.7, 10.0, None)])
    found = listed(rows, actions=(Action("activity", silent_from=14),))
    assert found["suggested_action"].tolist() == ["activity", "none", "activity"]


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_holdout_is_close_to_its_share(share):
    found = listed(crowd(8_000), capacity=8_000, holdout_share=share, threshold=0.0)
    assert len(found) == 8_000
    # Four standard errors of a share among 8,000.
    assert abs(found["holdout"].mean() - share) < 4 * np.sqrt(share * (1 - share) / 8_000)
    # and it is spread over the list, not gathered at one end
    assert abs(found["holdout"].head(2_000).mean() - share) < 4 * np.sqrt(share * (1 - share) / 2_000)


def test_the_holdout_is_a_matter_of_the_person_alone():
    crowded = listed(crowd(2_000), capacity=500, holdout_share=0.2).set_index("user_id")["holdout"]
    other = crowd(2_000, seed=9).iloc[::2]
    changed = listed(other, capacity=300, holdout_share=0.2, threshold=0.3).set_index("user_id")["holdout"]
    both = crowded.index.intersection(changed.index)
    assert len(both) > 50
    assert (crowded[both] == changed[both]).all()
    assert (crowded != is_held_out(pd.Series(crowded.index, index=crowded.index), salt="t", share=0.2)).any()


def test_the_capacity_counts_people_who_may_be_contacted():
    found = listed(crowd(1_000), capacity=100, holdout_share=0.2)
    assert (~found["holdout"]).sum() == 100
    assert not found["holdout"].iloc[-1]
    assert len(listed(crowd(1_000), capacity=0)) == 0


def test_nobody_at_risk_gives_an_empty_list():
    for frame in (people([("a", 0.2, 5.0, 3)]), people([])):
        found = listed(frame)
        assert len(found) == 0
        assert found.columns.tolist() == table("marts.early_warnings").names
