from datetime import UTC, datetime

import pytest

from features.profile import PROFILE_SET
from features.windows import compute
from lyceum.tables.features_social import ATTRIBUTES

from .conftest import AS_OF


def profile(world):
    return world.frame(compute(PROFILE_SET, world.past()), ("user_id",))


def test_attributes_are_read_from_the_version_known_before_the_week(world):
    for day, band in ((1, "18-24"), (4, "25-34"), (6, "35-44")):  # as_of is the 6th, 00:00 UTC
        world.insert(
            "users",
            {
                "user_id": "a",
                "attributes": f'{{"age_band":"{band}","city":"杭州 \\"West\\"","n":1}}',
                "known_at": datetime(AS_OF.year, AS_OF.month, day, tzinfo=UTC),
            },
        )
    row = profile(world)["a"]
    assert (row["age_band"], row["city"], row["gender"]) == ("25-34", '杭州 "West"', None)


@pytest.mark.parametrize("attributes", [None, "no JSON", "{}", "[1]", '{"gender":null}', '{"gender":""}'])
def test_what_is_not_told_is_null(world, attributes):
    world.insert("users", {"user_id": "a", "attributes": attributes})
    row = profile(world)["a"]
    assert [row[name] for name in ATTRIBUTES] == [None] * len(ATTRIBUTES)
