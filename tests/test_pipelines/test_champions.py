"""Which version of a model scores a week: entries on disk, the gate's and a person's, and what rolling back means."""

import json
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum import artifacts
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home
from models.rules import BaseRate
from pipelines import champions

NAME = "retention_28d"
WEEKS = [date(2026, 6, 1) + timedelta(days=7 * number) for number in range(6)]


def rate(share: float) -> BaseRate:
    labels = [1] * round(share * 98) + [0] * round((1 - share) * 98)  # smoothed over 100: shares stay nearly round
    frame = pd.DataFrame({"user_id": range(98), "as_of": "2026-05-04", "label": labels})
    return BaseRate().fit(frame, seed=1)


def train(home: Home, week: date, *, promoted: bool = True, share: float = 0.5, enough: bool = True) -> str:
    decision = champions.PROMOTED if promoted else champions.REFUSED
    card = {"enough": enough, "decision": {"decision": decision, "why": f"{decision}."}}
    digest = champions.keep(home, NAME, rate(share), as_of=week, card=card, profile={})
    champions.settle(home, NAME, as_of=week, promoted=promoted, why=f"{decision}.")
    return digest


def scoring(home: Home, week: date) -> date | None:
    held = champions.champion(home, NAME, as_of=week)
    return held.trained_as_of if held else None


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def record(home: Home) -> bytes:
    return (home.models / NAME / "champions.json").read_bytes()


def test_a_week_is_scored_by_the_newest_version_promoted_until_then(home):
    train(home, WEEKS[1])
    train(home, WEEKS[3])
    assert [scoring(home, week) for week in WEEKS] == [None, WEEKS[1], WEEKS[1], WEEKS[3], WEEKS[3], WEEKS[3]]


def test_a_version_comes_back_as_it_was_stored(home):
    train(home, WEEKS[0], share=0.25)
    held = champions.champion(home, NAME, as_of=WEEKS[0])
    people = pd.DataFrame({"user_id": ["a", "b"]})
    pd.testing.assert_frame_equal(held.model().score(people), rate(0.25).score(people))
    assert (held.name, held.estimator, held.trained_as_of) == (NAME, "base_rate", WEEKS[0])


def test_a_refused_version_is_kept_and_does_not_score(home):
    train(home, WEEKS[0])
    train(home, WEEKS[2], promoted=False)
    assert champions.versions(home, NAME) == [WEEKS[0], WEEKS[2]]
    assert scoring(home, WEEKS[5]) == WEEKS[0]


def test_settling_twice_changes_no_byte_and_a_later_refusal_takes_the_entry_back(home):
    train(home, WEEKS[0])
    train(home, WEEKS[1])
    file = home.models / NAME / "champions.json"
    before, written = record(home), file.stat().st_mtime_ns
    assert train(home, WEEKS[1]) == train(home, WEEKS[1])
    assert record(home) == before
    assert file.stat().st_mtime_ns == written  # a reader finds no new file where nothing is new
    train(home, WEEKS[1], promoted=False)
    assert scoring(home, WEEKS[1]) == WEEKS[0]


def due(home: Home, week: date) -> bool:
    return champions.is_due(home, NAME, as_of=week, retrain_weeks=3)


def test_a_week_trains_without_champion_and_again_after_retrain_weeks(home):
    assert due(home, WEEKS[0])
    train(home, WEEKS[0])
    assert [due(home, week) for week in WEEKS] == [True, False, False, True, True, True]
    train(home, WEEKS[3], promoted=False)  # tried is tried: it is not tried every week from then on
    assert [due(home, week) for week in WEEKS] == [True, False, False, True, False, False]


def test_a_rule_from_too_few_people_is_tried_to_be_replaced_every_week(home):
    train(home, WEEKS[0], enough=False)
    assert all(due(home, week) for week in WEEKS)


def test_rolling_back_holds_until_the_gate_promotes_in_a_later_week(home):
    train(home, WEEKS[0])
    train(home, WEEKS[1])
    champions.roll_back(home, NAME, to=str(WEEKS[0]), since=WEEKS[2])
    train(home, WEEKS[2])  # the gate of that very week does not overrule the person
    assert [scoring(home, week) for week in WEEKS[1:5]] == [WEEKS[1], WEEKS[0], WEEKS[0], WEEKS[0]]
    assert champions.entry(home, NAME, as_of=WEEKS[4]).by == champions.ROLLBACK
    train(home, WEEKS[4])
    assert scoring(home, WEEKS[4]) == WEEKS[4]


def test_rolling_forward_to_what_the_gate_promoted_that_week_leaves_no_trace(home):
    train(home, WEEKS[0])
    train(home, WEEKS[1])
    before = record(home)
    champions.roll_back(home, NAME, to=str(WEEKS[0]), since=WEEKS[1])
    assert record(home) != before
    champions.roll_back(home, NAME, to=str(WEEKS[1]), since=WEEKS[1])
    assert record(home) == before


def test_a_person_may_let_a_refused_version_score_and_the_record_says_so(home):
    train(home, WEEKS[0])
    train(home, WEEKS[1], promoted=False)
    champions.roll_back(home, NAME, to=str(WEEKS[1]), since=WEEKS[1])
    entry = champions.entry(home, NAME, as_of=WEEKS[1])
    assert (entry.version, entry.by) == (WEEKS[1], champions.ROLLBACK)


@pytest.mark.parametrize(
    ("name", "to", "said"),
    [
        ("nothing", "2026-06-01", r"no model nothing .* The models are: retention_28d\."),
        ("..", "2026-06-01", r"no model \.\. .* The models are: retention_28d\."),
        (NAME, "2026-06-02", r"no version 2026-06-02 by the week before 2026-06-15\. Its versions are: 2026-06-01\."),
        (NAME, "2026-06-22", r"no version 2026-06-22 by the week before 2026-06-15\."),  # trained later
    ],
)
def test_what_cannot_be_rolled_back_to_is_refused_with_what_there_is(home, name, to, said):
    train(home, WEEKS[0])
    train(home, WEEKS[3])
    before = record(home)
    with pytest.raises(UsageError, match=said):
        champions.roll_back(home, name, to=to, since=WEEKS[2])
    assert record(home) == before


@pytest.mark.parametrize("text", ["", "[]", '{"2026-06-01": {}}', '{"yesterday": {"version": "x"}}', '{"a": 1}'])
def test_a_damaged_record_is_a_sentence(home, text):
    train(home, WEEKS[0])
    (home.models / NAME / "champions.json").write_text(text)
    with pytest.raises(HomeError, match=r"champions\.json is damaged.*backup"):
        champions.champion(home, NAME, as_of=WEEKS[0])


def test_a_damaged_version_is_a_sentence(home):
    train(home, WEEKS[0])
    card = next(champions.folder_of(home, NAME, WEEKS[0]).glob("*/card.json"))
    card.write_text(json.dumps({"estimator": "base_rate"}))
    with pytest.raises(HomeError, match="changed after it was written"):
        champions.champion(home, NAME, as_of=WEEKS[0])


def test_models_of_the_former_layout_are_no_versions(home):
    artifacts.save(home.models / NAME / "2026-06-01", rate(0.5).state(), card={"estimator": "base_rate"})
    assert champions.names(home) == []
    assert champions.champion(home, NAME, as_of=WEEKS[5]) is None


STEPS = st.lists(
    st.tuples(st.sampled_from(["promoted", "refused", "rollback"]), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_what_a_week_decides_changes_no_week_before_it(tmp_path_factory, steps):
    home = Home(tmp_path_factory.mktemp("home"))
    for what, place, back in steps:
        week, earlier = WEEKS[place], [scoring(home, each) for each in WEEKS[:place]]
        there = [day for day in champions.versions(home, NAME) if day <= week]
        if what == "rollback":
            if not there:
                continue
            to = there[back % len(there)]
            champions.roll_back(home, NAME, to=str(to), since=week)
            assert scoring(home, week) == to
        else:
            train(home, week, promoted=what == "promoted")
        assert [scoring(home, each) for each in WEEKS[:place]] == earlier
