"""Who is warned about, in which order, what is suggested, and who is never suggested a contact."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from lyceum.contact_rules import COMPLAINT, NOTHING_FITS, REFUSED, ContactRule
from lyceum.schema import table
from lyceum.settings import Settings
from models.early_warning import expected_profit, figures, is_held_out, warn, with_reasons

AS_OF = date(2026, 7, 6)
DEFAULTS = {
    **{"churn_28d": 0.8, "spend_84d": 0.0, "recency_days": 10, "purchase_recency_days": None},
    **{"learning_events_28d": 5, "stalled_items_84d": 0, "discount_share_84d": None},
    **{"contact_days": None, "complaint_days": None, "held_out_days": None, "contacts_7d": 0},
    **{"last_contacted_on": None, "weeks_before": None},
}
ANYBODY = (ContactRule(name="anybody", action="reminder", channel="push"),)
NO_CONSENTS = pd.DataFrame({"user_id": [], "purpose": [], "granted": []}, dtype="str").astype({"granted": "int64"})


def people(**rows):
    return pd.DataFrame([{"user_id": user, **DEFAULTS, **facts} for user, facts in rows.items()])


def crowd(size, seed=1):
    rng = np.random.default_rng(seed)
    facts = {**DEFAULTS, "churn_28d": rng.random(size), "spend_84d": rng.gamma(1.0, 80.0, size)}
    return pd.DataFrame({"user_id": [f"u{at:06d}" for at in range(size)], **facts})


def said(*words):
    return pd.DataFrame(words, columns=["user_id", "purpose", "granted"]) if words else NO_CONSENTS


def warned(frame, *words, **settings):
    chosen = Settings(**{"warning_capacity": 10, "holdout_share": 0.0, "warning_risk": 0.5, **settings})
    return warn(frame, said(*words), settings=chosen, salt="s", as_of=AS_OF)


def suggested(frame, *words, **settings):
    rows = warned(frame, *words, **settings).set_index("user_id")
    return {user: (row["rule"], row["suggested_action"], row["channel"]) for user, row in rows.iterrows()}


def test_order_and_figures_by_hand():
    found = warned(
        people(
            a={"churn_28d": 0.6, "spend_84d": 100.0},
            b={"churn_28d": 0.9, "spend_84d": 50.0},
            c={"churn_28d": 0.95},
            d={"churn_28d": 0.4, "spend_84d": 900.0},
            e={"churn_28d": 0.75, "spend_84d": 800.0},
            f={"churn_28d": 0.5, "spend_84d": -40.0},
            g={"churn_28d": None},
        )
    )
    # 600, 60, 45 and, as nothing and less than nothing count as 1, 0.95 and 0.5; d lies below the threshold.
    assert found["user_id"].tolist() == ["e", "a", "b", "c", "f"]
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    assert found["value_at_stake"].tolist() == [800.0, 100.0, 50.0, 0.0, 0.0]
    assert found["expected_loss"].tolist() == [600.0, 60.0, 45.0, 0.0, 0.0]


def test_a_row_says_when_and_how_often_and_until_when():
    fresh, known = (
        warned(
            people(
                a={"recency_days": 12, "spend_84d": 9.0},
                b={"contact_days": 15.2, "last_contacted_on": date(2026, 6, 20), "contacts_7d": 0, "weeks_before": 2},
            ),
            contact_hours=("09:30", "20:00"),
        )
        .set_index("user_id")
        .loc[user]
        for user in "ab"
    )
    assert (fresh["contact_from"], fresh["contact_until"]) == ("09:30", "20:00")
    assert fresh["last_active_on"] == date(2026, 6, 24)  # twelve days before the Monday
    assert fresh["expires_on"] == date(2026, 7, 13)
    assert pd.isna(fresh["last_contacted_on"])
    assert (fresh["contacts_left"], fresh["weeks_listed"]) == (3, 1)
    assert (known["last_contacted_on"], known["weeks_listed"]) == (date(2026, 6, 20), 3)


def test_the_columns_are_those_of_the_table():
    empty = warned(people(a={"churn_28d": 0.2}))
    assert len(empty) == 0
    for found in (warned(people(a={})), empty):
        told = with_reasons(found, pd.Series({"a": "[]"}))
        assert set(told.columns) == set(table("marts.early_warnings").names)


def test_where_nothing_is_sold_risk_alone_counts():
    found = warned(people(a={"churn_28d": 0.6, "spend_84d": None}, b={"churn_28d": 0.9, "spend_84d": None}))
    assert found["user_id"].tolist() == ["b", "a"]
    assert found["value_at_stake"].isna().all()
    assert found["expected_loss"].isna().all()


def test_equal_people_stand_by_id_whatever_the_order_of_arrival():
    assert warned(people(b={}, a={}, d={}, c={}))["user_id"].tolist() == list("abcd")


def test_each_line_of_the_shipped_table_has_its_people():
    worth = {"spend_84d": 300.0}
    paid = {"purchase_recency_days": 5, "learning_events_28d": 0}
    found = suggested(
        people(
            bought_and_waits=paid | worth,
            bought_yesterday={**paid, "purchase_recency_days": 2},
            bought_and_learns={**paid, "learning_events_28d": 1},
            valuable=worth | {"stalled_items_84d": 1},
            callable=worth,
            stuck={"stalled_items_84d": 2},
            thrifty={"discount_share_84d": 0.1, "recency_days": 20},
            silent={"recency_days": 14},
            quiet={"recency_days": 13},
            quiet_and_no_push={"recency_days": 13},
        ),
        ("callable", "phone", 1),
        ("quiet_and_no_push", "push", 0),
    )
    assert found == {
        "bought_and_waits": ("not_started", "reminder", "push"),
        "bought_yesterday": ("going_quiet", "reminder", "push"),
        "bought_and_learns": ("going_quiet", "reminder", "push"),
        "valuable": ("high_value_message", "mentor_call", "chat"),
        "callable": ("high_value", "mentor_call", "phone"),
        "stuck": ("stuck", "reminder", "push"),
        "thrifty": ("discount_sensitive", "coupon", "push"),
        "silent": ("long_silent", "activity", "push"),
        "quiet": ("going_quiet", "reminder", "push"),
        "quiet_and_no_push": ("going_quiet_in_app", "reminder", "in_app"),
    }


def test_the_first_line_that_fits_counts_and_a_range_never_holds_what_is_unknown():
    rules = (
        ContactRule(
            name="dear",
            action="mentor_call",
            channel="chat",
            when=({"column": "risk", "at_least": 0.9}, {"column": "value_at_stake", "at_least": 50}),
        ),
        ContactRule(name="leave", action="none", when=({"column": "purchase_recency_days", "is_null": True},)),
        ContactRule(
            name="recent", action="coupon", channel="mail", when=({"column": "purchase_recency_days", "at_most": 9},)
        ),
        ContactRule(
            name="other", action="activity", channel="mail", when=({"column": "recency_days", "is_null": False},)
        ),
    )
    frame = people(
        a={"churn_28d": 0.9, "spend_84d": 50.0},
        b={"churn_28d": 0.9, "spend_84d": 49.0},
        c={"purchase_recency_days": 9},
        d={"purchase_recency_days": 10},
        e={"purchase_recency_days": 10, "recency_days": None},
    )
    assert suggested(frame, actions=rules) == {
        "a": ("dear", "mentor_call", "chat"),
        "b": ("leave", "none", np.nan),
        "c": ("recent", "coupon", "mail"),
        "d": ("other", "activity", "mail"),
        "e": (NOTHING_FITS, "none", np.nan),
    }


def test_refusals_close_what_they_speak_of():
    rules = (
        ContactRule(name="sold", action="coupon", channel="mail"),
        ContactRule(name="told", action="reminder", channel="push", marketing=False),
    )
    found = suggested(
        people(a={}, b={}, c={}, d={}, e={}),
        *(("a", "marketing", 0), ("b", "mail", 0), ("c", "personalisation", 0)),
        *(("d", "marketing", 0), ("d", "push", 0), ("e", "marketing", 1)),
        actions=rules,
    )
    assert {user: rule for user, (rule, *_) in found.items()} == {
        **{"a": "told", "b": "told", "c": REFUSED},
        **{"d": NOTHING_FITS, "e": "sold"},
    }


def test_who_complained_is_left_in_peace_whatever_the_table_says():
    frame = people(
        a={"complaint_days": 14.0, "spend_84d": 5000.0}, b={"complaint_days": 14.01}, c={"complaint_days": 0.1}
    )
    found = suggested(frame, actions=ANYBODY)
    assert found["a"] == (COMPLAINT, "none", np.nan)
    assert found["b"][1] == "reminder"
    assert found["c"][0] == COMPLAINT
    assert suggested(frame, actions=ANYBODY, complaint_pause_days=0)["c"][1] == "reminder"


def test_who_was_contacted_lately_is_not_on_the_list_and_neither_is_whose_week_is_full():
    frame = people(
        a={"contact_days": 14.0},
        b={"contact_days": 14.01},
        c={"contact_days": 6.9, "contacts_7d": 1},
        d={"contact_days": 3.0, "contacts_7d": 3},
        e={"contact_days": 3.0, "contacts_7d": 2},
    )
    assert warned(frame)["user_id"].tolist() == ["b"]
    busy = warned(frame, contact_pause_days=1).set_index("user_id")["contacts_left"]
    assert busy.to_dict() == {"a": 3, "b": 3, "c": 2, "e": 1}
    assert warned(frame, contact_pause_days=1, contacts_per_week=2)["user_id"].tolist() == list("abc")


def test_people_held_out_pause_like_people_contacted():
    frame = people(a={"held_out_days": 7}, b={"held_out_days": 14}, c={"held_out_days": 21}, d={})
    assert warned(frame)["user_id"].tolist() == ["c", "d"]
    assert pd.isna(warned(frame)["last_contacted_on"]).all()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_holdout_is_close_to_its_share(share):
    found = warned(crowd(8_000), warning_capacity=8_000, holdout_share=share, warning_risk=0.0)
    assert len(found) == 8_000
    # Four standard errors of a share among 8,000, and among the 2,000 at the top: it is spread over the list.
    assert abs(found["holdout"].mean() - share) < 4 * np.sqrt(share * (1 - share) / 8_000)
    assert abs(found["holdout"].head(2_000).mean() - share) < 4 * np.sqrt(share * (1 - share) / 2_000)


def test_the_holdout_is_a_matter_of_the_person_alone():
    first = warned(crowd(2_000), warning_capacity=500, holdout_share=0.2).set_index("user_id")["holdout"]
    other = crowd(2_000, seed=9).iloc[::2].assign(weeks_before=1)
    later = warned(other, warning_capacity=300, holdout_share=0.2, warning_risk=0.3).set_index("user_id")["holdout"]
    both = first.index.intersection(later.index)
    assert len(both) > 50
    assert (first[both] == later[both]).all()
    assert (first != is_held_out(pd.Series(first.index, index=first.index), salt="t", share=0.2)).any()


def test_who_is_held_out_is_shown_the_line_that_would_have_chosen_and_no_action():
    held = warned(people(a={"spend_84d": 400.0}, b={"recency_days": 15}), holdout_share=1.0)
    assert held["rule"].tolist() == ["high_value_message", "long_silent"]
    assert set(held["suggested_action"]) == {"none"}
    assert held[["channel", "contact_from", "contact_until"]].isna().all(axis=None)


def test_the_capacity_counts_people_who_may_be_contacted():
    frame = crowd(1_000).assign(complaint_days=[1.0 if at % 3 == 0 else None for at in range(1_000)])
    found = warned(frame, warning_capacity=100, holdout_share=0.2)
    assert (found["suggested_action"] != "none").sum() == 100
    assert found["suggested_action"].iloc[-1] != "none"
    assert {COMPLAINT} < set(found.loc[~found["holdout"], "rule"])


OFTEN_NONE = st.none() | st.floats(0.01, 60)
PERSON = st.fixed_dictionaries(
    {
        **{
            "churn_28d": st.none() | st.floats(0, 1),
            "spend_84d": st.floats(-50, 900),
            "contacts_7d": st.integers(0, 4),
        },
        **{"recency_days": st.integers(1, 28), "learning_events_28d": st.integers(0, 2)},
        **dict.fromkeys(("contact_days", "complaint_days", "held_out_days", "purchase_recency_days"), OFTEN_NONE),
        **{"discount_share_84d": st.none() | st.floats(0, 0.5), "stalled_items_84d": st.integers(0, 2)},
    }
)
PURPOSES = ("marketing", "personalisation", "phone", "push", "in_app", "chat")
WORDS = st.dictionaries(st.tuples(st.integers(0, 29), st.sampled_from(PURPOSES)), st.integers(0, 1), max_size=60)


@examples(max_examples=30)
@given(st.lists(PERSON, min_size=1, max_size=30), WORDS, st.integers(1, 8))
def test_nobody_who_must_be_left_alone_is_ever_suggested_a_contact(persons, words, capacity):
    frame = people(**{f"u{at:02d}": facts for at, facts in enumerate(persons)})
    consents = [(f"u{at:02d}", purpose, granted) for (at, purpose), granted in words.items()]
    listed = warned(frame, *consents, warning_capacity=capacity, holdout_share=0.3)
    facts = listed.merge(frame, on="user_id", suffixes=("", "_before"))
    contact = facts[facts["suggested_action"] != "none"]
    refused = {(user, purpose) for user, purpose, granted in consents if not granted}
    agreed = {(user, purpose) for user, purpose, granted in consents if granted}
    assert len(contact) <= capacity
    assert not contact["holdout"].any()
    assert (contact["churn_28d"] >= 0.5).all()
    for facts in ("complaint_days", "contact_days", "held_out_days"):
        assert not (contact[facts] <= 14).any()
    assert (contact["contacts_left"] > 0).all()
    for user, channel, rule in contact[["user_id", "channel", "rule"]].itertuples(index=False):
        assert (user, channel) not in refused
        assert (user, "personalisation") not in refused
        assert (user, "marketing") not in refused or rule in ("not_started", "stuck")
        assert channel != "phone" or (user, "phone") in agreed
    weight = listed["risk"] * listed["value_at_stake"].clip(lower=1.0)
    assert weight.is_monotonic_decreasing


def test_reasons_are_told_in_both_languages_one_after_the_other():
    reasons = [{"column": "recency_days", "zh": "距上次活跃 12 天", "en": "12 days since last active"}]
    twice = json.dumps([*reasons, {"column": "acts_28d", "zh": "近 28 天 2 次", "en": "2 acts in 28 days"}])
    found = with_reasons(
        warned(people(a={"churn_28d": 0.9}, b={})), pd.Series({"b": json.dumps(reasons), "a": twice})
    )
    assert found["reasons_zh"].tolist() == ["距上次活跃 12 天；近 28 天 2 次", "距上次活跃 12 天"]
    assert found["reasons_en"].tolist() == [
        "12 days since last active; 2 acts in 28 days",
        "12 days since last active",
    ]
    assert found["reasons"].tolist()[0] == twice


def test_the_profit_expected_by_hand():
    frame = people(
        a={"spend_84d": 400.0, "churn_28d": 0.5},  # a message by the mentor: 0.1 of 200, less 1
        b={"recency_days": 20, "spend_84d": 100.0, "churn_28d": 1.0},  # an invitation: 0.05 of 100, less 2
        c={"complaint_days": 1.0, "spend_84d": 1000.0},
    )
    costs = {"contact_costs": {"chat": 1.0, "push": 2.0}, "saved_shares": {"mentor_call": 0.1, "activity": 0.05}}
    listed, settings = warned(frame, **costs), Settings(**costs)
    assert expected_profit(listed, settings=settings).tolist() == [0.0, 19.0, 3.0]
    found = figures(listed.assign(weeks_listed=[1, 2, 1]), settings=settings, repeats=True)
    rows = {(row.metric, row.slice): (row.value, row.rows) for row in found.itertuples()}
    assert rows == {
        ("expected_profit", "all"): (22.0, 2),
        ("expected_profit", "activity"): (3.0, 1),
        ("expected_profit", "mentor_call"): (19.0, 1),
        ("repeat_rate", "all"): (pytest.approx(1 / 3), 3),
    }


def test_without_money_or_an_earlier_list_there_is_no_figure():
    listed = warned(people(a={"spend_84d": None}))
    assert len(figures(listed, settings=Settings(), repeats=False)) == 0
    assert figures(warned(people(a={"churn_28d": 0.1})), settings=Settings(), repeats=True)["value"].tolist() == [0.0]
