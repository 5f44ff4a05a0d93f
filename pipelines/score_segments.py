"""Scored tables about segments: each in one row, who moved between them, and how much of that is more than chance."""

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from lyceum import weeks
from lyceum.tables import marts
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.migration import composition, flows
from models.segmentation.naming import NEW_NAMES, NEW_USERS
from pipelines import champions
from pipelines.champions import Version
from pipelines.history import chosen_people
from pipelines.keeping import Keeper
from pipelines.segment_people import People, lived_again, people_of
from pipelines.segment_profiles import rows_of_segments
from pipelines.steps import Part
from pipelines.train_segments import NAME, known_before

LIVED_AGAIN = 100_000  # people at most who tell what chance moves
TABLES = (marts.SEGMENTS, marts.SEGMENT_MIGRATION, marts.SEGMENT_CHANGES)


def segment_tables(keeper: Keeper, scored: pd.DataFrame, found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """segments, segment_migration and segment_changes; leaves user_id, segment_id, segment_name in `found`.

    `scored` has people's probabilities.
    """
    held = champions.champion(keeper.space.ctx.home, NAME, as_of=keeper.as_of)
    people = people_of(keeper.space, keeper.as_of)
    if held is None or (people.settled.empty and people.new.empty):
        yield from (keeper.skip(table, "too_few_users") for table in TABLES)
        return
    model, called = KMeansSegments.restore(held.state), known_before(held)
    assigned = people.assigned(model)
    told = pd.Series({NEW_USERS: NEW_NAMES[0], **dict(zip(called["segment_id"], called["name_zh"], strict=True))})
    found["segments"] = assigned.assign(segment_name=assigned["segment_id"].map(told))
    yield keeper.keep(marts.SEGMENTS, rows_of_segments(keeper, model, assigned, called, scored))
    yield from _moves(keeper, held, model, people)


def _moves(keeper: Keeper, held: Version, model: KMeansSegments, people: People) -> Iterator[Part]:
    """Both weeks under this week's frozen model, so that only people move and not the borders."""
    space, before = keeper.space, keeper.as_of - timedelta(days=7)
    if space.first_day() >= before:
        yield from (keeper.skip(table, "no_predecessor") for table in TABLES[1:])
        return
    then = people_of(space, before)
    sides = (each.assigned(model).set_index("user_id")["segment_id"] for each in (then, people))
    yield keeper.keep(marts.SEGMENT_MIGRATION, flows(*sides))
    changes = _changes(keeper, held, model, then, people)
    yield keeper.keep(marts.SEGMENT_CHANGES, changes, if_empty="too_few_users")


def _changes(keeper: Keeper, held: Version, model: KMeansSegments, then: People, now: People) -> pd.DataFrame:
    """The one row of segment_changes: what moved, what chance alone would move, and what a new model changed."""
    seed, before = keeper.space.ctx.settings.seed, keeper.as_of - weeks.WEEK
    some = chosen_people(len(then.settled), at_most=LIVED_AGAIN)
    again = (then.settled, lived_again(keeper.space, before, seed=seed, some=some))
    moved = composition(model, then.settled, now.settled, again=again, seed=seed)
    refitted = held.card.get("changed") if held.trained_as_of == keeper.as_of else None
    row = {
        **{
            "week": before,
            "people": moved.people,
            "moved": round(moved.moved * moved.people) if moved.people else None,
        },
        "moved_share": moved.moved,
        **{"moved_by_chance": moved.moved_by_chance, "moved_truly": moved.moved_truly},
        # Of few people the drawn ones may all lie to one side of the estimate.
        **{"low_95": min(moved.low_95, moved.moved_truly), "high_95": max(moved.high_95, moved.moved_truly)},
        "model_changed": refitted["share"] if refitted else None,
        "jaccard_min": refitted["jaccard_min"] if refitted else None,
    }
    return pd.DataFrame([row] if moved.people else [])
