"""Training: what a challenge promotes and refuses, what makes two trainings the same, and the card it leaves."""

import json
from datetime import date, timedelta
from functools import partial

import duckdb
import numpy as np
import pandas as pd
import pytest

from lyceum.settings import Settings
from lyceum.tables import prediction
from models.registry import make
from models.rules import BASELINES
from models.tuning import Candidate
from pipelines.cards import Facts, card_of
from pipelines.challenging import Challenge, challenged
from pipelines.champions import Version
from pipelines.history import chosen_people, fingerprint, thinned
from pipelines.targets import CANDIDATES, TARGETS

RETENTION, PURCHASE = TARGETS[1], TARGETS[-1]
MONDAYS = [date(2026, 1, 5) + timedelta(days=7 * number) for number in range(14)]
TELLING = ("learning_minutes_28d", "spend_28d", "texts_written_28d", "views_28d")
SETTINGS = Settings(minimum_outcomes=100, tuning_seconds=0)  # the reference as it is: choosing has its own tests


def world(*, signal: float, weeks: int = 14, users: int = 400, seed: int = 3) -> pd.DataFrame:
    """People whose outcome depends on four columns alike (no single one of them tells most) and on no other."""
    rng = np.random.default_rng(seed)
    parts = []
    for monday in MONDAYS[:weeks]:
        told = dict(zip(TELLING, rng.normal(size=(len(TELLING), users)), strict=True))
        chance = 1 / (1 + np.exp(-signal * sum(told.values())))
        parts.append(
            pd.DataFrame(
                {
                    "user_id": [f"person-{number:04}" for number in range(users)],
                    "as_of": monday,
                    "label": (rng.random(users) < chance).astype("int64"),
                    "recency_days": rng.integers(0, 28, users),
                    "active_days_28d": rng.integers(1, 28, users),
                    **told,
                    "tenure_days": rng.integers(0, 300, users),
                    "channel": rng.choice(["app", "web"], users),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def challenge(frame: pd.DataFrame, before: Version | None = None) -> Challenge:
    return challenged(frame, target=RETENTION, before=before, settings=SETTINGS, compare=True)


def stored(found: Challenge, frame: pd.DataFrame, *, trained: date) -> Version:
    """What a challenge leaves behind, as if it came back from the disk."""
    facts = Facts(RETENTION, trained, None, 7, "mark", {"events": 3})
    model = found.refitted(frame, seed=7)
    card = {**card_of(model, found, frame, facts), "estimator": model.name}
    return Version(RETENTION.name, trained, card, model.state(), {}, "digest")


@pytest.fixture(scope="module")
def telling() -> pd.DataFrame:
    return world(signal=1.5)


@pytest.fixture(scope="module")
def found(telling) -> Challenge:
    return challenge(telling)


def test_a_planted_signal_beats_the_rules_and_scores(found):
    assert found.verdict.ships == "challenger"
    assert found.promoted
    assert not found.rule_ships
    assert found.kept == found.selection.candidate


def test_where_nothing_can_be_learnt_the_rule_ships():
    found = challenge(world(signal=0.0))
    assert found.promoted
    assert found.rule_ships
    assert found.kept.estimator in BASELINES


def test_too_few_people_get_a_counting_rule_and_fewer_still_nothing():
    few = challenge(world(signal=1.5, users=60))
    assert not few.enough.enough
    assert few.kept.estimator in ("silence_rule", "base_rate")
    assert challenge(world(signal=1.5, users=20)).verdict.chosen is None


def test_a_challenger_that_learnt_less_is_refused_and_kept(telling, found):
    """The champion knows all four columns; what the challenger learns from has lost one of them."""
    champion = stored(found, telling[telling["as_of"] <= MONDAYS[8]], trained=MONDAYS[13])
    poorer = telling.assign(spend_28d=np.where(telling["as_of"] <= MONDAYS[9], 0.0, telling["spend_28d"]))
    refused = challenge(poorer, champion)
    assert refused.verdict.ships == "champion"
    assert not refused.promoted
    assert refused.kept == refused.selection.candidate
    card = card_of(refused.refitted(poorer, seed=7), refused, poorer, Facts(RETENTION, MONDAYS[13], "x", 7, "m", {}))
    assert card["decision"]["decision"] == "refused"
    assert card["decision"]["compared_with"] == "x"
    assert card["decision"]["high_95"] < 0


def test_a_champion_is_not_flattered_by_outcomes_that_were_still_open(telling, found):
    """Trained on weeks up to the one before the judged one, it is fitted anew on what was known; else it stays."""
    recent = stored(found, telling[telling["as_of"] <= MONDAYS[12]], trained=MONDAYS[13])
    older = stored(found, telling[telling["as_of"] <= MONDAYS[9]], trained=MONDAYS[13])
    names = [f"{version.estimator} of {version.trained_as_of}" for version in (recent, older)]
    anew, asis = (challenge(telling, version) for version in (recent, older))
    own = str(found.kept.estimator)
    assert np.array_equal(anew.verdict.scores[names[0]], anew.verdict.scores[own])  # the same recipe on the same rows
    test = found.origin.test
    assert np.array_equal(asis.verdict.scores[names[1]], older.model().score(test)["probability"].to_numpy())


def test_a_card_says_all_and_names_nobody(telling, found):
    version = stored(found, telling, trained=MONDAYS[13])
    text = json.dumps(version.card, allow_nan=False)
    assert "person-" not in text
    card = json.loads(text)
    assert card["data"]["rows"] == len(telling)
    assert card["data"]["people"] == 400
    assert card["data"]["weeks"] == [str(MONDAYS[0]), str(MONDAYS[13])]
    for words in ("title", "use", "label", "eligible", "exclusions", "limits"):
        assert all(card[words][language] for language in ("zh", "en"))
    assert {row["feature"] for row in card["coefficients"]} >= set(TELLING)
    assert set(card["coefficients"][0]) == set(prediction.MODEL_COEFFICIENTS.names) - {"model"}
    assert sum(row["people"] for row in card["reliability"]) == 400
    assert {row["estimator"] for row in card["metrics"]} >= {card["estimator"], *BASELINES}


def test_the_same_rows_in_any_order_are_the_same_training(telling):
    shuffled = telling.sample(frac=1, random_state=5)
    assert fingerprint(telling, {"seed": 7}) == fingerprint(shuffled, {"seed": 7})
    changed = telling.assign(spend_28d=telling["spend_28d"].where(telling.index != 9, 1e-9))
    others = [fingerprint(changed, {"seed": 7}), fingerprint(telling[1:], {"seed": 7}), fingerprint(telling, {})]
    assert fingerprint(telling, {"seed": 7}) not in others


def test_on_a_large_platform_whole_people_are_chosen_and_the_same_ones_for_less():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE people AS SELECT md5('p' || i) AS user_id FROM range(20000) t(i)")

        def chosen(rows: int, at_most: int) -> set[str]:
            where = chosen_people(rows, at_most=at_most)
            return {name for (name,) in con.execute(f"SELECT user_id FROM people WHERE {where}").fetchall()}

        assert len(chosen(20_000, 20_000)) == 20_000
        half, tenth = chosen(20_000, 10_000), chosen(20_000, 2_000)
    assert 9_500 < len(half) < 10_500
    assert 1_750 < len(tenth) < 2_250
    assert tenth < half


def test_a_week_takes_one_candidate_the_first_in_promise_or_the_champions_own(telling):
    """Untried, as far as the budget reaches; a rule that scores is no recipe."""
    settings = Settings(minimum_outcomes=100)
    week = partial(challenged, telling, target=RETENTION, settings=settings, compare=False)
    first = week(before=None)
    assert first.selection.candidate == CANDIDATES[0]
    assert list(first.selection.trials["estimator"]) == [CANDIDATES[0].estimator]
    assert "nothing was compared" in first.selection.sentence
    own = Candidate("logistic", {"strength": 2.0})
    card = {"estimator": own.estimator, "settings": own.settings, "data": {"weeks": [str(MONDAYS[0]), "2026-02-02"]}}
    model = make(own.estimator, features=TELLING, settings=own.settings).fit(telling, seed=7)
    like = week(before=Version(RETENTION.name, MONDAYS[13], card, model.state(), {}, "digest"))
    assert like.selection.candidate == own


def test_where_rows_are_many_every_second_week_is_learnt_from():
    """Back from the newest, which is judged, and from the newest known by then (7 or 28 days earlier)."""
    weeks = MONDAYS[:10]
    assert thinned(weeks, delay_days=28) == [weeks[number] for number in (1, 3, 5, 7, 9)]
    assert thinned(weeks, delay_days=7) == [weeks[number] for number in (0, 2, 4, 6, 8, 9)]
    few = MONDAYS[:8]  # the first four are known by the week that is judged: all are needed
    assert thinned(few, delay_days=28) == [few[number] for number in (0, 1, 2, 3, 5, 7)]
    assert thinned(weeks[:1], delay_days=28) == weeks[:1]
