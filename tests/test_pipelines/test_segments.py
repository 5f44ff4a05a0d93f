"""Segments over weeks: found, kept, found anew under lasting numbers and names, cut by outcomes, and measured."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from lyceum.tables import quality
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.naming import RULE_NAMES
from pipelines.champions import Version
from pipelines.segment_explained import Before, by_outcome, explained
from pipelines.train_segments import NAME, found, is_due, known_before, taken_by

FIRST, LATER = date(2026, 1, 5), date(2026, 4, 6)
FEATURES = ("recency_days", "active_days_28d", "acts_28d", "spend_84d")


def people(count=300, *, seed=1, turned=False):
    """Three kinds of people, far apart: those who buy, those who are there, those who are not; or another third."""
    rng = np.random.default_rng(seed)
    kind = np.arange(count) % 3
    table = pd.DataFrame({"user_id": [f"u{at:04}" for at in range(count)]})
    table["recency_days"] = np.array([2, 2, 60])[kind] + rng.integers(0, 3, count)
    table["active_days_28d"] = np.array([20, 12, 0])[kind] + rng.integers(0, 3, count)
    table["acts_28d"] = np.array([200, 60, 0])[kind] + rng.integers(0, 9, count)
    table["spend_84d"] = np.array([900, 0, 0])[kind] * rng.uniform(0.8, 1.2, count)
    if turned:  # those who were there are split into those who buy most and those who come no more
        there = np.flatnonzero(kind == 1)
        table.loc[there[::2], ["spend_84d", "acts_28d"]] = [30_000.0, 2_000]
        table.loc[there[1::2], ["recency_days", "active_days_28d", "acts_28d"]] = [61, 0, 0]
    return table


def fitted(table, k=3):
    return KMeansSegments(features=FEATURES, k=k).fit(table, seed=7)


def version(told, *, trained=FIRST, **card):
    rows = told.named.astype("object").to_dict("records")
    held = {"names": rows, "taken": list(told.taken), **card}
    return Version(NAME, trained, held, told.model.state(), {}, "digest")


@pytest.fixture(scope="module")
def first():
    return found(fitted(people()), people(), as_of=FIRST, before=None)


def test_found_for_the_first_time_they_have_names_since_that_monday(first):
    assert first.named["segment_id"].tolist() == [1, 2, 3] == list(first.taken)
    assert set(first.named["known_since"]) == {str(FIRST)}
    assert first.named["name_zh"].is_unique
    assert first.changed is None


def test_the_same_people_found_anew_keep_numbers_names_and_days(first):
    again = found(fitted(people(seed=2)), people(seed=2), as_of=LATER, before=version(first))
    pd.testing.assert_frame_equal(again.named, first.named)
    assert again.taken == first.taken
    assert again.changed == {"share": 0.0, "jaccard_min": 1.0}


def test_a_segment_that_fell_apart_gives_way_to_numbers_never_used(first):
    now = people(turned=True)
    later = found(fitted(now), now, as_of=LATER, before=version(first, trained=FIRST, taken=[1, 2, 3, 9]))
    placed = later.model.score(now)["segment_id"].to_numpy()
    kind = np.arange(len(now)) % 3
    kept = set(later.named["segment_id"]) & {1, 2, 3}
    new = set(later.named["segment_id"]) - {1, 2, 3}
    assert new == {4}  # the smallest that nobody ever had
    assert later.taken == (1, 2, 3, 4, 9)
    assert len(set(placed[kind == 0])) == 1  # the buyers are who they were
    days = later.named.set_index("segment_id")["known_since"]
    assert set(days[list(kept)]) == {str(FIRST)} and days[4] == str(LATER)
    assert later.named["name_zh"].is_unique
    assert later.changed["jaccard_min"] < 0.5 < 1 - later.changed["share"]


def test_rules_give_way_to_segments_that_share_no_number_with_them():
    few, many = people(20), people()
    rules = found(fitted(few), few, as_of=FIRST, before=None)
    assert rules.model.kind == "rules"
    assert dict(zip(rules.named["segment_id"], rules.named["name_zh"], strict=True)) == {
        number: zh for number, (zh, _) in RULE_NAMES.items()
    }
    later = found(fitted(many), many, as_of=LATER, before=version(rules))
    assert later.named["segment_id"].tolist() == [5, 6, 7]
    assert set(later.named["known_since"]) == {str(LATER)}
    assert later.taken == (1, 2, 3, 4, 5, 6, 7)


def test_a_version_of_former_days_says_nothing_of_days_and_numbers(first):
    names = first.named.drop(columns="known_since").to_dict("records")
    old = Version(NAME, FIRST, {"names": names}, first.model.state(), {}, "digest")
    assert set(known_before(old)["known_since"]) == {str(FIRST)}
    assert taken_by(old) == (1, 2, 3)


def test_they_are_due_when_there_are_none_when_mere_rules_speak_and_when_they_are_old(first):
    assert is_due(None, FIRST, segment_weeks=12)
    held = version(first)
    assert not is_due(held, FIRST + timedelta(weeks=11), segment_weeks=12)
    assert is_due(held, FIRST + timedelta(weeks=12), segment_weeks=12)
    rules = version(found(fitted(people(20)), people(20), as_of=FIRST, before=None))
    assert is_due(rules, FIRST + timedelta(weeks=1), segment_weeks=12)


def before(table, *, seed=3):
    """People as they were, and how often they came in the 28 days since: as often as their active days tell."""
    rng = np.random.default_rng(seed)
    days = rng.binomial(28, np.clip(table["active_days_28d"].to_numpy(dtype=float), 0, 28) / 28).astype(float)
    return Before(FIRST - timedelta(days=28), table, table["spend_84d"].to_numpy() / 3, days)


def blob(count=400, *, seed=5):
    """People in whom no gap parts anybody from anybody."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2.0, 3.0, count)
    table = pd.DataFrame(
        {"user_id": [f"u{at:04}" for at in range(count)], "recency_days": 1 + rng.poisson(30 / rate)}
    )
    table["active_days_28d"] = np.minimum(rng.poisson(rate), 28)
    table["acts_28d"], table["spend_84d"] = rng.poisson(6 * rate), rng.gamma(1.0, 20 * rate)
    return table


def test_constructed_segments_may_be_cut_by_the_outcome_and_natural_ones_never_are(first):
    table = blob()
    model = fitted(table, k=None)
    assert model.kind == "constructed"
    made = by_outcome(model, before(table), table, k=None, seed=7)
    assert made.kind == "constructed" and made.evidence == model.evidence
    assert "by what people like them did" in made.why
    came = before(table).active_days
    means = pd.Series(came).groupby(made.score(table)["segment_id"].to_numpy()).mean()
    assert means.is_monotonic_decreasing
    assert by_outcome(model, None, table, k=None, seed=7) is model
    if first.model.kind == "natural":
        assert by_outcome(first.model, before(people()), people(), k=3, seed=7) is first.model


def test_what_segments_explain_becomes_rows_of_metrics_and_a_sentence_where_it_is_nothing():
    table = blob()
    model = fitted(table, k=4)
    rows, _ = explained(model, before(table), seed=7)
    assert {(row["estimator"], row["metric"]) for row in rows} == {
        (estimator, f"explained_{outcome}_28d")
        for estimator in ("kmeans_segments", "rfm_quintiles", "rfm_with_segments")
        for outcome in ("spend", "retention")
    }
    assert all(set(row) <= set(quality.MODEL_METRICS.names) for row in rows)
    assert explained(model, None, seed=7) == ([], "")
    rng = np.random.default_rng(2)
    luck = Before(FIRST, table, rng.gamma(1.0, 9.0, len(table)), rng.integers(0, 2, len(table)).astype(float))
    assert "no more of the next 28 days" in explained(model, luck, seed=7)[1]
