from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from lyceum.schema import table
from models.growth import forecast
from models.lifecycle import STATES, state_history, transitions

MONDAY = date(2024, 1, 1)
WEEKS = [MONDAY + timedelta(weeks=number) for number in range(40)]


def history(*weeks):
    rows = [
        (pd.Timestamp(WEEKS[number]), state, counted.get(state, 0))
        for number, counted in enumerate(weeks)
        for state in STATES
    ]
    return pd.DataFrame(rows, columns=["week", "state", "users"])


def chain(**moves):
    rows = [(start, end, 10, p, 8) for start, ends in moves.items() for end, p in ends.items()]
    return pd.DataFrame(rows, columns=["from_state", "to_state", "users", "probability", "weeks"])


def platform(*, seed, people=3000, weeks=40):
    """People with their own weekly odds, who arrive evenly and fade slowly: not the chain that is fitted."""
    rng = np.random.default_rng(seed)
    odds, fade = rng.beta(0.6, 1.2, people), rng.uniform(0.93, 1.0, people)
    arrival = rng.integers(-20, weeks, people)
    shock = np.exp(rng.normal(0, 0.03, weeks + 20))
    rows = []
    for number in range(-20, weeks):
        age = number - arrival
        active = (age == 0) | ((age > 0) & (rng.random(people) < odds * fade ** np.maximum(age, 0) * shock[number]))
        rows += [(f"u{user}", MONDAY + timedelta(weeks=number)) for user in np.flatnonzero(active)]
    return pd.DataFrame(rows, columns=["user_id", "week"]).astype({"user_id": "str", "week": "datetime64[us]"})


def test_one_week_by_hand():
    counted = history({"new": 10, "active": 100}, {"new": 20, "active": 60, "at_risk": 50})
    moves = chain(
        new={"active": 0.5, "at_risk": 0.5},
        active={"active": 0.75, "at_risk": 0.25},
        at_risk={"returned": 0.1, "dormant": 0.9},
    )
    rows = forecast(counted, moves, horizon=1, seed=1)
    assert rows["kind"].tolist() == ["actual", "actual", "forecast"]
    assert rows["week"].tolist() == [pd.Timestamp(day) for day in WEEKS[:3]]
    assert rows["active_users"].tolist()[:2] == [110, 80]
    ahead = rows.iloc[2]
    assert ahead[["new", "active", "returned", "at_risk", "dormant"]].tolist() == pytest.approx([15, 55, 5, 25, 45])
    assert ahead["active_users"] == pytest.approx(75)
    assert ahead["low_80"] <= 75 <= ahead["high_80"]
    assert rows[["low_80", "high_80"]].iloc[:2].isna().all(axis=None)


def test_nobody_is_lost_or_made():
    user_weeks = platform(seed=1, people=800)
    counted = state_history(user_weeks, weeks=WEEKS)
    rows = forecast(counted, transitions(user_weeks, last_week=WEEKS[-1]), horizon=8, seed=1)
    totals = rows[list(STATES)].sum(axis=1)
    arrivals = rows.loc[rows["kind"] == "forecast", "new"]
    assert np.allclose(totals.diff().iloc[-8:], arrivals)
    assert np.allclose(rows["active_users"], rows[["new", "active", "returned", "resurrected"]].sum(axis=1))
    assert rows.columns.tolist() == table("marts.growth_forecast").names


def test_same_seed_same_interval():
    counted = history({"new": 10, "active": 100}, {"new": 20, "active": 90})
    moves = chain(active={"active": 0.9, "at_risk": 0.1})
    one, two, three = (forecast(counted, moves, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert one["low_80"].iloc[-1] != three["low_80"].iloc[-1]


def test_old_users_who_look_new_at_the_start_of_a_log_are_no_arrivals():
    weeks = [{"new": 900}, *({"new": new, "active": 900} for new in (300, 100, 40, 10, 10, 10))]
    rows = forecast(history(*weeks), chain(active={"active": 1.0}), horizon=1, seed=1)
    assert rows["new"].iloc[-1] == 10


def test_a_state_never_left_before_falls_silent():
    rows = forecast(history({"new": 5, "active": 1}), chain(), horizon=1, seed=1)
    assert rows["at_risk"].iloc[-1] == 6


def test_empty_history_gives_an_empty_table():
    rows = forecast(history(), chain(), seed=1)
    assert rows.empty
    assert rows.columns.tolist() == table("marts.growth_forecast").names


def test_interval_holds_most_weeks_of_people_who_do_not_follow_the_chain():
    inside, errors = [], []
    for seed in range(12):
        user_weeks = platform(seed=seed, people=1500)
        actual = state_history(user_weeks, weeks=WEEKS)
        cut = WEEKS[31]
        known = actual[actual["week"] <= pd.Timestamp(cut)]
        rows = forecast(known, transitions(user_weeks, last_week=cut), horizon=8, seed=seed)
        ahead = rows[rows["kind"] == "forecast"].set_index("week")
        counted = actual[actual["state"].isin(STATES[:4])].groupby("week")["users"].sum().loc[ahead.index]
        inside.append(((counted >= ahead["low_80"]) & (counted <= ahead["high_80"])).mean())
        errors.append((counted - ahead["active_users"]).abs().sum() / counted.sum())
    assert np.mean(errors) < 0.12
    assert 0.55 <= np.mean(inside) <= 0.98
