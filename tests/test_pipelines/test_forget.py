"""People who ask for it are nowhere in the lake any more, and everybody else is where they were."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lyceum import engine, suppression
from lyceum.errors import HomeError, InputError, UsageError
from lyceum.home import Home
from lyceum.lake import Lake
from lyceum.schema import BIGINT, DATE, VARCHAR, Column, Table, tables
from lyceum.tables.canonical import PERSONAL, REJECTS, SUPERSEDED
from pipelines import cli_privacy, forget_tables
from pipelines.forget import RECORD, forget
from pipelines.forget_requests import BEGUN, DONE, WAITING, ask, listing, own_ids, read
from tests.test_pipelines import forgetting
from tests.test_pipelines.forgetting import (
    GONE,
    by_id,
    context,
    known_as,
    reader,
    traces,
)


@pytest.fixture(scope="module")
def whole(deliveries, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", forgetting.SECRET)
        return forgetting.delivered(deliveries, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def club(whole, secret, tmp_path):
    return forgetting.copied(whole, tmp_path)


def test_everybody_else_stays_as_they_were(club):
    before = club.content()
    forget(context(club), ask(context(club), GONE).request)
    after, gone = club.content(), {*known_as()}

    for name, rows in before.items():
        named = [("rejects" if name == "rejects" else name, row) for row in rows]
        mine = [row for where, row in named if where not in ("rejects",) and not gone & {*map(str, row)}]
        assert [row for row in mine if row not in after[name]] == [], name
    assert [row[0] for row in club.rows("events", "event_id")] == ["e3", "e4", "e5", "e6"]
    assert club.rows("events", "target_user_id IS NULL, event_id") == [
        *((False, "e4"), (True, "e3"), (True, "e5"), (True, "e6"))
    ]
    assert club.rows("users", "invited_by, registered_at::DATE::VARCHAR") == [
        (None, "2026-06-02"),
        (None, "2026-06-03"),
    ]
    assert len(club.rows("users")) == 2 and club.rows("communities", "community_id, owner_id IS NULL") == [
        ("g1", True),
        ("g2", False),
    ]
    assert club.rows("posts", "body") == [("good evening",)]


def test_the_receipt_counts_by_place_and_names_nobody(club):
    request = ask(context(club), GONE).request
    done = forget(context(club), request)

    # of anna 3 events, her account and her text; of others who name ben, anna and cleo, and dora as owner
    assert (done.rows, done.references, done.texts) == (5, 4, 2)
    kept = read(club.home, request)
    assert kept.found.rows == {"lake/events": 3, "lake/users": 1, "lake/posts": 1}
    assert kept.found.references == {"lake/events": 1, "lake/users": 2, "lake/communities": 1}
    assert (kept.people, kept.count, kept.state) == ([], 4, DONE)
    record = json.loads((club.home.runs / RECORD).read_text())
    assert [(part["part"], part["code"], part["rows"]) for part in record["parts"]] == [("forget", "forgotten", 5)]


def test_an_unknown_person_is_answered_like_a_known_one(club):
    known, unknown = (forget(context(club), ask(context(club), [each]).request) for each in ("ben-02", "nobody"))

    assert (known.state, unknown.state) == (DONE, DONE)
    assert unknown.rows == unknown.references == 0
    shown = [cli_privacy._line(request)[16:] for request in listing(club.home)]
    assert shown[0] == shown[1]


def test_a_request_is_for_its_owner_alone_and_holds_no_id_of_the_platform(club):
    request = ask(context(club), [*GONE, *GONE])
    file = club.home.root / suppression.FOLDER / f"{request.request}.json"

    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert not any(each in file.read_text() for each in GONE)
    assert (request.state, request.count, [*request.people]) == (WAITING, 4, sorted(map(by_id, GONE)))
    assert by_id("anna-01") not in repr(request)
    assert read(club.home, request.request) == replace(request, people=[*request.people], rebuilt=[], removed=[])
    forget(context(club), request.request)
    listed = club.home.root / suppression.FOLDER / suppression.FILE
    assert listed.stat().st_mode & 0o777 == 0o600 and len(listed.read_text().split()) == 4


@pytest.mark.parametrize("asked", ["", "0123456789abcdef", "../platform", "a" * 16 + "\n"])
def test_a_request_that_is_not_there_is_wrong_use(club, asked):
    with pytest.raises(UsageError, match="no such request"):
        forget(context(club), asked)


def test_a_damaged_request_says_what_to_do(club):
    request = ask(context(club), GONE).request
    (club.home.root / suppression.FOLDER / f"{request}.json").write_text("{}")
    with pytest.raises(HomeError, match=r"damaged.*ask again"):
        forget(context(club), request)


def test_it_waits_for_nobody_who_writes(club):
    request = ask(context(club), GONE).request
    with club.home.lock(), pytest.raises(HomeError):
        forget(context(club), request)
    assert read(club.home, request).state == WAITING and suppression.markers(club.home) == frozenset()


def test_another_key_asks_for_nobody(club, monkeypatch):
    monkeypatch.setenv("LYCEUM_SECRET", "another secret, of thirty-two bytes or more")
    with pytest.raises(HomeError, match="another pseudonym key"):
        ask(context(club), GONE)


@pytest.mark.parametrize("packed", [False, True])
def test_somebody_still_named_is_an_error_that_says_where_and_never_whom(club, packed):
    model = club.home.models / "segments" / "2026-07-06" / ("arrays.npz" if packed else "state.json")
    model.parent.mkdir(parents=True)
    if packed:
        np.savez_compressed(model, people=np.array([by_id("anna-01"), "x"]))
    else:
        model.write_text(json.dumps({"centre": by_id("anna-01")}))
    request = ask(context(club), GONE).request
    with pytest.raises(HomeError, match=rf"models/segments/2026-07-06/{model.name}") as caught:
        forget(context(club), request)
    assert by_id("anna-01") not in str(caught.value)
    assert read(club.home, request).state == BEGUN
    model.unlink()
    assert forget(context(club), request).rows == 5  # the receipt is of the whole


def test_rows_that_a_correction_replaced_go_with_their_person(club):
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    common = {"known_from": moment, "source": "club", "batch_id": "b", "ingested_at": moment, "table_name": "users"}
    rows = [
        {**common, "row_key": json.dumps({"user_id": by_id(each)}), "row": "{}"} for each in ("anna-01", "fay-06")
    ]
    rows.append({**common, "row_key": '{"user_id": "x"}', "row": json.dumps({"invited_by": by_id("cleo-03")})})
    Lake(club.home.lake).append(SUPERSEDED, reader(SUPERSEDED, rows))
    forget(context(club), ask(context(club), GONE).request)

    assert club.rows("superseded", "row_key") == [(json.dumps({"user_id": by_id("fay-06")}),)]
    assert traces(club.home, known_as()) == set()


def test_every_column_of_a_pseudonym_is_known_to_hold_people():
    named = {c.name for table in tables().values() for c in table.columns if c.meaning.startswith("Pseudonym")}
    assert named == set(PERSONAL)


def test_private_tables_stay_private(club):
    forget(context(club), ask(context(club), GONE).request)
    folder = club.home.lake / REJECTS.short
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))} == {0}


@pytest.fixture
def command(club, monkeypatch):
    """Runs lyceum forget in the home."""
    app = typer.Typer()
    cli_privacy.register(app)
    app.callback()(lambda: None)

    def run(*arguments: object, given: bytes = b""):
        return CliRunner().invoke(app, ["forget", "--home", str(club.home.root), *map(str, arguments)], input=given)

    return run


def test_the_command_asks_keeps_lists_and_carries_out(command, club, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("anna-01\nben-02\n")
    asked = command("--ids", ids, "--later")
    request = listing(club.home)[0].request
    assert asked.exit_code == 0 and f"--request {request}" in asked.output
    assert f"{request}  waiting" in command("--list").output
    assert len(club.rows("posts")) == 2
    done = command("--request", request)
    assert done.exit_code == 0 and "Done: 5 rows removed" in done.output and "own files: /" in done.output
    assert f"{request}  done" in command("--list").output
    assert not any(each in asked.output + done.output for each in known_as())


def test_the_command_reads_ids_from_a_pipe(command, club):
    assert command("--ids", "-", given='\ufeff"anna-01"\r\n'.encode()).exit_code == 0
    assert traces(club.home, known_as(("anna-01",))) == set()


@pytest.mark.parametrize("arguments", [(), ("--later",), ("--list", "--ids", "x"), ("--request", "x", "--later")])
def test_the_command_wants_one_thing_at_a_time(command, arguments):
    assert isinstance(command(*arguments).exception, UsageError)


def test_a_file_of_ids_that_is_missing_or_empty_is_told_of(command, tmp_path):
    assert isinstance(command("--ids", tmp_path / "none").exception, InputError)
    for written in (b"", b"\n \n", b"\xff\xfe\xff"):
        with pytest.raises(InputError):
            own_ids(written)
    assert own_ids('b\r\n a \n"a"\n'.encode("utf-16")) == ["a", "b"]


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 2_000_000), max_size=200))
def test_parts_hold_every_partition_once_in_order_within_their_bounds(sizes):
    found = list(forget_tables.parts(sizes))
    assert [name for part in found for name in part] == list(sizes)
    for part in found:
        assert 0 < len(part) <= forget_tables.PARTITIONS_AT_ONCE
        assert len(part) == 1 or sum(sizes[name] for name in part) <= forget_tables.ROWS_AT_ONCE


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(max_examples=50)
def test_markers_are_the_same_in_the_engine_and_tell_no_id(person):
    with engine.connect() as con:
        made = con.execute(f"SELECT {suppression.marker_sql('?')}", [person]).fetchall()[0][0]
    assert made == suppression.marker(person) and len(made) == suppression.LENGTH
    assert len(person) < 5 or person not in made


PEOPLE = st.sampled_from([None, *"abcdef"])
DEEDS = Table(
    "deeds",
    "",
    (),
    (
        *(Column("n", BIGINT, ""), Column("user_id", VARCHAR, ""), Column("target_user_id", VARCHAR, "")),
        Column("day", DATE, ""),
    ),
    partition="day",
)


@given(
    st.lists(st.tuples(PEOPLE, PEOPLE, st.integers(1, 4)), min_size=1, max_size=30),
    st.sets(st.sampled_from([*"abcdef"]), min_size=1),
)
@settings(max_examples=10)
def test_what_stays_is_what_was_never_theirs(tmp_path_factory, rows, gone):
    home = Home(tmp_path_factory.mktemp("deeds"))
    lake = Lake(home.lake)
    made = [
        {"n": n, "user_id": user, "target_user_id": whom, "day": date(2026, 7, day)}
        for n, (user, whom, day) in enumerate(rows)
    ]
    lake.append(DEEDS, reader(DEEDS, made))
    with engine.connect() as con:
        forget_tables.put_gone(con, sorted(gone))
        (stored,) = forget_tables.stored(home)
        assert (stored.place, stored.table.partition) == ("lake/deeds", "day")
        counts = forget_tables.counted(con, stored)
        forget_tables.erase(con, stored)
        left = con.execute(f"SELECT n, user_id, target_user_id FROM ({lake.source(DEEDS)}) ORDER BY n").fetchall()
        assert forget_tables.counted(con, stored) == (0, 0)
    theirs = [row for row in made if row["user_id"] in gone]
    named = [row for row in made if row not in theirs and row["target_user_id"] in gone]
    assert counts == (len(theirs), len(named))
    assert left == [
        (row["n"], row["user_id"], None if row in named else row["target_user_id"])
        for row in made
        if row not in theirs
    ]
    shutil.rmtree(home.root)
