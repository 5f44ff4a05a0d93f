"""The declarations of tables: keys, types, comments, and that DuckDB and Arrow read them alike."""

import duckdb
import pytest

from lyceum import releases, schema
from lyceum.errors import UsageError
from lyceum.events import ENTITLEMENT_SIGNALS, EVENT_TYPES, ITEM_SIGNALS, SIGNALS, USER_SIGNALS, attribute
from lyceum.tables.canonical import FROM_SOURCES, PERSONAL
from lyceum.tables.features_social import ATTRIBUTES

EVERY = list(schema.tables().values())
SHOWN = {table.name: table for table in (*EVERY, *releases.contents())}


@pytest.mark.parametrize("table", SHOWN.values(), ids=SHOWN)
def test_a_table_is_well_formed(table):
    assert len(set(table.names)) == len(table.names)
    assert table.key
    assert set(table.key) <= set(table.names)
    assert set(table.volatile) <= set(table.names)
    assert table.partition is None or table.partition in table.names
    assert table.meaning.endswith(".")
    assert all(column.meaning.strip() == column.meaning != "" for column in table.columns)


@pytest.mark.parametrize("table", SHOWN.values(), ids=SHOWN)
def test_duckdb_and_arrow_have_the_same_columns(table):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(table.ddl("made"))
        made = con.table("made").to_arrow_table().schema
    assert made.names == table.names
    assert made.types == table.arrow().types


def test_published_names_are_those_of_a_release_without_its_history():
    names = [table.name for table in releases.contents()]
    assert len(names) == len(set(names))
    assert [name for name in names if not name.startswith("history.")] == [t.name for t in schema.published()]
    marts = {name.partition(".")[2] for name in names if name.startswith("marts.")}
    assert marts == {name.partition(".")[2] for name in names if name.startswith("history.")}


def test_history_leads_with_the_week_and_is_made_once():
    scores = schema.table("marts.user_scores")
    history = schema.with_history(scores)
    assert history.name == "history.user_scores"
    assert history.key == ("as_of", "user_id")
    assert history.names == ["as_of", *scores.names]
    assert history.partition == "as_of"
    assert schema.with_history(history) is history


def test_a_misspelt_table_is_wrong_use_and_names_the_near_ones():
    with pytest.raises(UsageError, match=r"no table marts.user_score\. .*marts.user_scores"):
        schema.table("marts.user_score")


def test_needs_name_what_can_be_in_the_logs():
    told = {*SIGNALS, *USER_SIGNALS, *ITEM_SIGNALS, *ENTITLEMENT_SIGNALS}
    known = {*EVENT_TYPES, *told, *(attribute(name) for name in ATTRIBUTES)}
    named = {(table.name, need) for table in EVERY for column in table.columns for need in column.needs}
    assert {need for _, need in named} <= known


def test_every_column_with_a_persons_id_is_known_as_personal():
    ids = {column.name for table in FROM_SOURCES for column in table.columns if "Pseudonym" in column.meaning}
    assert ids == set(PERSONAL)


def test_money_is_never_a_float():
    assert schema.table("events").column("amount").type == "DECIMAL(18,2)"
    money = [
        c for t in EVERY for c in t.columns if c.name in ("price", "amount", "revenue", "spend_84d", "spend_total")
    ]
    assert len(money) > 4
    assert {column.type for column in money} == {"DECIMAL(18,2)"}
