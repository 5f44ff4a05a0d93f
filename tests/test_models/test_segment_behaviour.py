"""Ways of taking part: planted styles are found again, few acts say nothing, names follow from the data."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum import artifacts
from models.segmentation.behaviour import COUNTS, LEAST_ACTS, PARTS, RULES_FROM, SELDOM, SHARES, Behaviours
from models.segmentation.behaviour_names import names
from models.segmentation.profiles import profile

STYLES = {  # asked, answered, commented, liked, accepted, followed, read
    "reader": (0.01, 0.01, 0.03, 0.09, 0.0, 0.01, 0.85),
    "asker": (0.40, 0.02, 0.10, 0.13, 0.04, 0.01, 0.30),
    "answerer": (0.03, 0.50, 0.15, 0.10, 0.01, 0.01, 0.20),
}


def crowd(seed, people=600, least=10, styles=STYLES):
    """People of planted styles; the number of their acts has a heavy tail."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(people) % len(styles)
    acts = least + rng.geometric(0.04, people)
    chances = np.array(list(styles.values()))
    counts = [rng.multinomial(total, chances[kind]) for total, kind in zip(acts, kinds, strict=True)]
    frame = pd.DataFrame(np.array(counts), columns=list(COUNTS))
    frame.insert(0, "user_id", [f"u{at:04d}" for at in range(people)])
    return frame, np.array(list(styles))[kinds]


def people(**counts):
    """One person a row, of counts given by name; the others are 0."""
    rows = max(len(values) for values in counts.values())
    frame = pd.DataFrame({name: counts.get(name, [0] * rows) for name in COUNTS})
    frame.insert(0, "user_id", [f"p{at}" for at in range(rows)])
    return frame


@pytest.fixture(scope="module")
def fitted():
    frame, style = crowd(1)
    return Behaviours().fit(frame, seed=7), frame, style


def test_planted_styles_are_found_and_named_after_what_they_do(fitted):
    model, frame, style = fitted
    assert model.kind == "natural"
    ids = model.score(frame)["behaviour_id"].to_numpy()
    called = {each["behaviour_id"]: each["name_en"] for each in names(effects_of(model, frame), since="2026-07-20")}
    found = np.array([called[number] for number in ids])
    right = {"reader": "Readers", "asker": "Askers", "answerer": "Answerers"}
    assert np.mean(found == np.array([right[each] for each in style])) > 0.97


def effects_of(model, frame):
    scored = model.score(frame).rename(columns={"behaviour_id": "segment_id"})
    return profile(model.mix(frame)[["user_id", *SHARES]], scored[scored["segment_id"] != SELDOM])


def test_how_much_somebody_does_is_no_way_of_taking_part(fitted):
    model, frame, _ = fitted
    tenfold = frame.assign(**{name: frame[name] * 10 for name in COUNTS})
    once, ten = (model.score(each)["behaviour_id"].to_numpy() for each in (frame, tenfold))
    assert np.mean(once == ten) > 0.98


def test_few_acts_are_no_style(fitted):
    model, *_ = fitted
    frame = people(answered=[LEAST_ACTS - 1, LEAST_ACTS, 0])
    ids = model.score(frame)["behaviour_id"].tolist()
    assert ids[0] == ids[2] == SELDOM
    assert ids[1] != SELDOM


def test_one_blob_is_told_apart_by_rules_that_can_be_checked_by_hand():
    frame, _ = crowd(2, styles={"all": (0.1, 0.1, 0.2, 0.1, 0.0, 0.0, 0.5)})
    model = Behaviours().fit(frame, seed=7)
    assert model.kind == "rules"
    assert "do more than others do" in model.why
    parts = list(PARTS)
    seen = people(
        asked=[20, 0, 0, 0, 0], answered=[0, 20, 0, 0, 0], liked=[0, 0, 0, 20, 0], commented=[0, 0, 20, 0, 0]
    )
    seen.loc[4, "read"] = 20
    ids = model.score(seen)["behaviour_id"]
    assert [parts[number - RULES_FROM - 1] for number in ids] == ["asked", "answered", "commented", "reacted", "read"]


@pytest.mark.parametrize("count", [0, 1, 30])
def test_too_few_people_get_rules_and_a_reason(count):
    frame = crowd(3)[0].head(count)
    model = Behaviours().fit(frame, seed=7)
    assert model.kind == "rules"
    assert model.why.endswith("So people are told apart by what they do more than others do.")
    assert list(model.score(frame).columns) == list(Behaviours.outputs)
    assert len(model.score(frame)) == count


def test_a_platform_without_questions_does_not_fall_over():
    frame = crowd(4)[0].assign(asked=0, answered=0)
    model = Behaviours().fit(frame, seed=7)
    ids = model.score(frame)["behaviour_id"]
    assert ids.notna().all()
    sizes = ids.value_counts()
    assert sizes.min() > 1  # never a behaviour of one person


def test_one_giant_does_not_move_the_others(fitted):
    model, frame, _ = fitted
    giant = pd.concat([frame, people(asked=[10_000_000])], ignore_index=True)
    again = Behaviours().fit(giant, seed=7)
    assert again.kind == "natural"
    same = pd.crosstab(model.score(frame)["behaviour_id"], again.score(frame)["behaviour_id"])
    assert same.max(axis=1).sum() / len(frame) > 0.97


def test_same_seed_same_result_in_any_order_and_after_storage(fitted, tmp_path):
    model, frame, _ = fitted
    shuffled = Behaviours().fit(frame.sample(frac=1, random_state=3), seed=7)
    artifacts.save(tmp_path / "v", {"model": model.state()}, card={})
    stored = Behaviours.restore(artifacts.load(tmp_path / "v")[0]["model"])
    for other in (shuffled, stored):
        pd.testing.assert_frame_equal(model.score(frame), other.score(frame))
        assert (other.kind, other.why) == (model.kind, model.why)


@given(st.lists(st.integers(0, 50), min_size=len(COUNTS), max_size=len(COUNTS)))
def test_a_mix_adds_up(counts):
    model = Behaviours()
    mix = model.mix(people(**{name: [value] for name, value in zip(COUNTS, counts, strict=True)}))
    assert (mix[list(SHARES)].to_numpy() ** 2).sum() == pytest.approx(1.0)
    assert (mix[list(SHARES)].to_numpy() > 0).all()


def effects(**by_segment):
    rows = [(int(key[1:]), feature, effect) for key, part in by_segment.items() for feature, effect in part.items()]
    return pd.DataFrame(rows, columns=["segment_id", "feature", "effect"])


def test_no_two_have_one_name():
    same = {"asked_share": 1.0, "commented_share": 0.5}
    called = names(effects(s1=same, s2=same, s3=same | {"days": 0.4}, s4=same | {"days": 0.4}), since="2026-07-20")
    assert [each["name_zh"] for each in called] == [
        *("偶尔参与", "提问型", "提问、评论型"),
        *("提问型（常来）", "提问型 2"),
    ]
    assert len({each["name_en"] for each in called}) == 5
    assert json.loads(json.dumps(called)) == called


def test_a_name_stays_while_its_behaviour_does():
    before = [{"behaviour_id": 2, "name_zh": "旧名", "name_en": "Old name", "known_since": "2026-01-05"}]
    called = names(effects(s2={"asked_share": 1.0}, s3={"read_share": 1.0}), since="2026-07-20", before=before)
    assert called[1] == before[0]
    assert called[2]["name_en"] == "Readers"
    assert called[2]["known_since"] == "2026-07-20"


def test_what_differs_in_nothing_is_even():
    called = names(effects(s1={"asked_share": 0.1, "days": 0.0}), since="2026-07-20")
    assert called[1]["name_en"] == "A bit of everything"


def test_no_name_shames():
    called = names(effects(**{f"s{n}": {f"{part}_share": 1.0} for n, part in enumerate(PARTS, 1)}), since="d")
    text = " ".join(each["name_zh"] + each["name_en"] for each in called)
    assert not [word for word in ("僵尸", "潜水", "小白", "劣质", "lurker", "Lurker", "zombie") if word in text]
