import csv
import dataclasses
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from lyceum.errors import UsageError
from lyceum.events import EVENT_TYPES
from lyceum.simulator import Summary, simulate

KEYS = (
    *("id", "uid", "type", "ts", "course", "lesson", "object", "parent", "target", "group", "campaign", "session"),
    *("amount", "currency", "quantity", "duration_s", "stars", "channel", "props"),
)
STAMP = re.compile(r"^2026-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$")


def digest(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def read_csv(*paths):
    rows = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


def parse(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if "id" in event else None


@dataclasses.dataclass
class Simulated:
    folder: Path
    truth: Path
    summary: Summary
    lines: list  # (day of delivery, text)
    events: list  # first delivery of each id, in order of time
    users: dict
    courses: dict  # versions by id


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    base = tmp_path_factory.mktemp("world")
    summary = simulate(base / "raw", users=700, weeks=9, seed=11, truth=base / "truth")
    lines = [
        (date.fromisoformat(path.name[:10]), line)
        for path in sorted((base / "raw" / "events").iterdir())
        for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    ]
    parsed = (parse(line) for _, line in lines)
    events = {event["id"]: event for event in parsed if event is not None}
    courses = defaultdict(list)
    for row in read_csv(*sorted((base / "raw" / "courses").iterdir())):
        courses[row["course_id"]].append(row)
    users = {row["uid"]: row for row in read_csv(*sorted((base / "raw" / "users").iterdir()))}
    ordered = sorted(events.values(), key=lambda event: (event["ts"], event["id"]))
    return Simulated(base / "raw", base / "truth", summary, lines, ordered, users, courses)


def of(world, *kinds):
    return [event for event in world.events if event["type"] in kinds]


def local(event):
    return event["ts"][:19].replace("T", " ")


def test_same_seed_same_bytes_in_another_process(tmp_path):
    simulate(tmp_path / "here" / "raw", users=60, weeks=3, seed=5, truth=tmp_path / "here" / "truth")
    code = "import sys; from pathlib import Path; from lyceum.simulator import simulate; "
    code += "base = Path(sys.argv[1]); simulate(base / 'raw', users=60, weeks=3, seed=5, truth=base / 'truth')"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "1", "TZ": "America/Lima"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], env=environment, check=True)
    assert digest(tmp_path / "here") == digest(tmp_path / "there")


def test_another_seed_gives_other_bytes(tmp_path):
    for seed in (1, 2):
        simulate(tmp_path / str(seed), users=20, weeks=1, seed=seed)
    assert digest(tmp_path / "1") != digest(tmp_path / "2")


def test_gzip_headers_carry_no_name_and_no_time(world):
    for path in (world.folder / "events").iterdir():
        assert path.read_bytes()[3:8] == b"\0\0\0\0\0"  # flags, then mtime


def test_the_summary_accounts_for_every_line_and_file(world):
    summary = world.summary
    assert (summary.first_day, summary.last_day) == (date(2026, 1, 5), date(2026, 3, 8))
    assert summary.as_of == date(2026, 3, 9)
    valid = [(day, event) for day, line in world.lines if (event := parse(line)) is not None]
    seen = Counter(event["id"] for _, event in valid)
    unknown = [event for event in world.events if event["type"] not in EVENT_TYPES]
    assert len(world.lines) - len(valid) == summary.lines_malformed > 0
    assert sum(seen.values()) - len(seen) == summary.lines_doubled > 0
    assert max(seen.values()) == 2
    assert len(unknown) == summary.lines_unknown
    assert len(seen) - len(unknown) == summary.events
    assert len(digest(world.folder)) == summary.files
    assert len(world.users) == summary.users == 700


def test_doubled_lines_are_equal_and_come_the_same_or_the_next_day(world):
    copies = defaultdict(list)
    for day, line in world.lines:
        event = parse(line)
        if event is not None:
            copies[event["id"]].append((day, line))
    doubled = [found for found in copies.values() if len(found) == 2]
    assert {(b - a).days for (a, _), (b, _) in doubled} == {0, 1}
    assert all(first == second for (_, first), (_, second) in doubled)


def test_late_lines_lie_one_to_three_days_later_and_nothing_comes_after_the_end(world):
    first_delivery = {}
    for day, line in world.lines:
        event = parse(line)
        if event is not None:
            first_delivery.setdefault(event["id"], (day - date.fromisoformat(event["ts"][:10])).days)
    delays = Counter(first_delivery.values())
    assert set(delays) == {0, 1, 2, 3}
    assert sum(count for delay, count in delays.items() if delay) == world.summary.lines_late
    days = sorted(path.name[:10] for path in (world.folder / "events").iterdir())
    assert days == [str(world.summary.first_day + timedelta(days=n)) for n in range(63)]


def test_lines_have_their_keys_in_order_and_are_compact(world):
    for _, line in world.lines:
        event = parse(line)
        if event is None:
            continue
        assert list(event) == [key for key in KEYS if key in event]
        assert line == json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        assert STAMP.match(event["ts"])


def test_types_are_known_but_for_the_planted_one(world):
    kinds = {event["type"] for event in world.events}
    assert kinds - set(EVENT_TYPES) <= {"heartbeat"}
    assert len(kinds & set(EVENT_TYPES)) >= 20


def test_nobody_acts_before_registering_and_registers_once(world):
    registered = {uid: row["registered_at"] for uid, row in world.users.items()}
    for event in world.events:
        if "uid" in event:
            assert local(event) >= registered[event["uid"]]
        if "target" in event:
            assert event["target"] in registered
    assert Counter(event["uid"] for event in of(world, "register")) == dict.fromkeys(registered, 1)


def test_a_few_visitors_are_anonymous(world):
    nameless = [event for event in world.events if "uid" not in event]
    assert {event["type"] for event in nameless} <= {"view", "search", "heartbeat"}
    assert 0.02 < len(nameless) / len(world.events) < 0.04


def test_users_are_delivered_on_the_monday_after_they_registered(world):
    for path in (world.folder / "users").iterdir():
        monday = date.fromisoformat(path.stem)
        for row in read_csv(path):
            assert monday - timedelta(days=7) <= date.fromisoformat(row["registered_at"][:10]) < monday
    invited = [row for row in world.users.values() if row["invited_by"]]
    assert invited
    for row in invited:
        assert row["channel"] == "invite"
        assert world.users[row["invited_by"]]["registered_at"] < row["registered_at"]


def test_refunds_return_an_earlier_purchase_once(world):
    purchases = {event["object"]: event for event in of(world, "purchase")}
    refunds = of(world, "refund")
    assert refunds
    assert len({event["object"] for event in refunds}) == len(refunds)
    for event in refunds:
        bought = purchases[event["object"]]
        assert bought["ts"] < event["ts"]
        for key in ("uid", "course", "amount", "currency"):
            assert bought[key] == event[key]


def test_purchases_cost_the_price_of_the_day_or_less_with_a_coupon(world):
    for event in of(world, "purchase"):
        prices = {float(row["price"]) for row in world.courses[event["course"]]}
        assert float(event["amount"]) > 0
        assert float(event["amount"]) <= max(prices)


def test_nobody_gets_a_course_that_is_not_on_the_shelf(world):
    for event in of(world, "enrol", "purchase"):
        versions = [row for row in world.courses[event["course"]] if row["known_at"] <= local(event)]
        assert versions[-1]["published_at"] <= local(event)
        assert not versions[-1]["withdrawn_at"] or local(event) < versions[-1]["withdrawn_at"]


def test_the_catalogue_lists_each_change_on_its_monday(world):
    first = {row["known_at"] for versions in world.courses.values() for row in versions}
    assert min(first) == "2026-01-05 00:00:00"
    for path in (world.folder / "courses").iterdir():
        assert {row["known_at"][:10] for row in read_csv(path)} == {path.stem}
    newest = [versions[-1] for versions in world.courses.values()]
    assert len({row["title"] for row in newest}) == len(newest)
    assert any(float(row["price"]) == 0 for row in newest)
    assert any(row["withdrawn_at"] for row in newest)
    assert any(len(versions) > 1 for versions in world.courses.values())


def test_a_series_stays_in_one_category_and_comes_out_in_order(world):
    series = defaultdict(list)
    for versions in world.courses.values():
        if versions[0]["series"]:
            series[versions[0]["series"]].append(versions[0])
    assert series
    for members in series.values():
        members.sort(key=lambda row: int(row["series_position"]))
        assert [int(row["series_position"]) for row in members] == list(range(1, len(members) + 1))
        assert len({(row["category"], row["teacher"]) for row in members}) == 1
        assert [row["published_at"] for row in members] == sorted(row["published_at"] for row in members)


def test_learning_follows_enrolment_lesson_by_lesson(world):
    owned, next_lesson = set(), Counter()
    for event in world.events:
        place = (event.get("uid"), event.get("course"))
        if event["type"] == "enrol":
            owned.add(place)
        elif event["type"] == "learn":
            assert place in owned
            assert event["lesson"] == f"{event['course']}-l{next_lesson[place] + 1:02d}"
            assert 20 <= event["duration_s"] <= 2700
        elif event["type"] == "complete" and "lesson" in event:
            next_lesson[place] += 1


def test_replies_name_a_text_that_stood_there_and_its_author(world):
    author, group = {}, {}
    for event in of(world, "post", "answer", "comment", "like", "accept"):
        if event["type"] in ("post", "answer", "comment"):
            author[event["object"]], group[event["object"]] = event["uid"], event["group"]
        if event["type"] in ("answer", "comment"):
            assert event["target"] == author[event["parent"]] != event["uid"]
            assert event["group"] == group[event["parent"]]
        if event["type"] in ("like", "accept"):
            assert event["target"] == author[event["object"]] != event["uid"]
        if event["type"] == "accept":
            assert event["uid"] == author[event["parent"]]
    known = {row["group_id"] for row in read_csv(world.folder / "groups.csv")}
    assert set(group.values()) <= known


def test_activities_are_attended_while_they_last(world):
    held = {row["activity_id"]: row for row in read_csv(world.folder / "activities.csv")}
    seen = of(world, "attend", "check_in")
    assert {event["type"] for event in seen} == {"attend", "check_in"}
    for event in seen:
        assert held[event["object"]]["starts_at"] <= local(event) < held[event["object"]]["ends_at"]
        assert event["group"] == held[event["object"]]["group_id"]


def test_people_who_share_a_course_share_a_taste(world):
    category = {course: versions[0]["category"] for course, versions in world.courses.items()}
    shelves = defaultdict(set)
    for event in of(world, "enrol"):
        shelves[event["uid"]].add(event["course"])
    drawn = Counter(category[course] for shelf in shelves.values() for course in shelf)
    total = sum(drawn.values())
    chance = sum((count / total) ** 2 for count in drawn.values())
    pairs = [(a, b) for shelf in shelves.values() for a in shelf for b in shelf if a < b]
    together = sum(category[a] == category[b] for a, b in pairs) / len(pairs)
    assert len(pairs) > 200
    assert together > 1.5 * chance


def test_planted_hazards_show_in_who_is_still_there(world):
    rows = read_csv(world.truth / "users.csv")
    assert [row["uid"] for row in rows] == list(world.users)
    early = [row for row in rows if world.users[row["uid"]]["registered_at"] < "2026-01-26"]
    early.sort(key=lambda row: float(row["hazard"]))
    last_weeks = {event.get("uid") for event in world.events if event["ts"] >= "2026-02-23"}
    third = len(early) // 3
    stay = [row["uid"] in last_weeks for row in early]
    assert sum(stay[:third]) > 1.5 * sum(stay[-third:])


@pytest.mark.parametrize(("users", "weeks"), [(1, 1), (1, 3), (30, 1), (2, 30)])
def test_small_worlds_work(tmp_path, users, weeks):
    heard = []
    summary = simulate(tmp_path / "raw", users=users, weeks=weeks, progress=heard.append)
    assert summary.users == len(read_csv(*sorted((tmp_path / "raw" / "users").iterdir()))) == users
    assert summary.events >= users
    assert len(heard) == weeks


def test_nothing_is_printed_and_no_truth_is_written_unless_asked(tmp_path, capsys):
    simulate(tmp_path / "raw", users=3, weeks=1)
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_wrong_use_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("x")
    cases = [
        ({"folder": tmp_path / "full"}, "empty"),
        ({"folder": tmp_path / "full" / "note.txt"}, "is a file"),
        ({"users": 0}, "at least one user"),
        ({"weeks": 0}, "one week"),
        ({"world": "demi"}, "Choose one of: demo"),
        ({"truth": tmp_path / "full"}, "empty"),
    ]
    for case, words in cases:
        folder = case.pop("folder", tmp_path / "new")
        with pytest.raises(UsageError, match=words):
            simulate(folder, **case)
        assert not (tmp_path / "new").exists()
