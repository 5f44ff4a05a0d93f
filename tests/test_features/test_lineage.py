"""Where columns come from, read off small expressions by eye and off the feature sets themselves."""

import ibis
import pytest

from features import lineage
from features.lineage import columns_behind
from lyceum import schema
from lyceum.tables import feeding
from lyceum.tables.features import SETS

LOG = ibis.table({"who": "string", "kind": "string", "paid": "int64", "day": "date"}, name="log")
SHELF = ibis.table({"item": "string", "price": "int64", "kind": "string"}, name="shelf")


def test_a_sum_comes_from_what_is_summed_and_from_the_conditions_of_its_rows():
    sold = LOG.filter(LOG.kind == "purchase").group_by("who").agg(spend=LOG.paid.sum(), days=LOG.day.nunique())
    found = columns_behind(sold)
    assert found["spend"] == {("log", "paid"), ("log", "kind")}
    assert found["days"] == {("log", "day"), ("log", "kind")}
    assert found["who"] == {("log", "who"), ("log", "kind")}


def test_a_count_of_rows_comes_from_what_decides_which_rows_there_are():
    counted = LOG.group_by("who").agg(
        all=LOG.count(), bought=LOG.count(where=LOG.kind == "purchase"), days=LOG.day.max()
    )
    assert columns_behind(counted)["bought"] == {("log", "kind")}
    assert columns_behind(counted)["all"] == frozenset()
    buyers = counted.filter(counted.bought > 0)
    groups = buyers.group_by("days").agg(people=buyers.count())
    assert columns_behind(groups)["people"] == {("log", "kind"), ("log", "who")}


def test_joins_unions_references_and_renamed_columns_are_followed():
    joined = LOG.join(SHELF, LOG.kind == SHELF.kind).select(cost=SHELF.price * 2, who=LOG.who)
    assert columns_behind(joined)["cost"] == {("shelf", "price")}
    other = LOG.select(cost=LOG.paid, who=LOG.kind).view()
    both = joined.union(other.select("cost", "who"))
    assert columns_behind(both)["cost"] == {("shelf", "price"), ("log", "paid")}
    lists = ibis.table({"id": "string", "tags": "array<string>"}, name="lists").unnest("tags")
    assert columns_behind(lists)["tags"] == {("lists", "tags")}


def test_days_of_activity_come_from_the_events():
    found = lineage.of_features()[("user", "active_days_28d")]
    assert found == {("user_days", "acts"), ("user_days", "event_date")}
    assert ("events", "event_type") in lineage.of_inputs()["user_days"]["acts"]
    assert lineage.of_features()[("item", "price")] == {("items", "price")}


def test_every_column_of_a_snapshot_and_every_rate_comes_from_the_lake():
    columns = {
        (schema.table(table).key[0].removesuffix("_id"), column.name)
        for table, sets in SETS.items()
        for each in sets.values()
        for column in each
    }
    assert set(lineage.of_features()) == columns
    assert all(lineage.of_features().values())
    assert [name for name, found in lineage.of_rates().items() if not found] == []


def test_the_stored_lineage_is_that_of_the_code():
    from importlib.resources import files

    stored = (files("lyceum.tables") / "lineage.json").read_text(encoding="utf-8")
    assert stored == lineage.as_json(), "run `make dictionary`"


def test_inputs_lead_down_to_columns_of_the_lake():
    told = feeding.lineage()
    assert told.lowest(["user_days.acts", "items.price"]) == [
        *("events.event_type", "events.target_user_id", "events.user_id", "items.price"),
    ]
    for table, columns in told.inputs.items():
        for column, lake in columns.items():
            for name in lake:
                owner, _, of = name.partition(".")
                assert of in schema.table(owner).names, f"{table}.{column} <- {name}"


@pytest.mark.parametrize("name", [table.name for table in schema.published()])
def test_every_published_table_says_what_it_is_made_from(name):
    from importlib.util import find_spec

    feed = feeding.FEEDS[name]
    known = {*schema.tables(), *feeding.lineage().inputs, "every table"}
    assert set(feed.tables) <= known
    assert not feed.module or find_spec(feed.module)
    assert feed.tables or feed == feeding.NOT_BUILT
