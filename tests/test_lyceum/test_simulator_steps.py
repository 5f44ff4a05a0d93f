import csv
import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lyceum.errors import UsageError
from lyceum.simulator import Platform, simulate
from lyceum.simulator.world import load_world


def read_csv(folder, pattern):
    rows = []
    for path in sorted(Path(folder).glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


def read_lines(folder, pattern):
    texts = (gzip.decompress(path.read_bytes()).decode("utf-8") for path in sorted(Path(folder).glob(pattern)))
    found = {}
    for line in (line for text in texts for line in text.splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        found[event.get("id", len(found))] = event
    return list(found.values())


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Twelve weeks of 1,500 people, of whom every other one was called in the sixth."""
    base = tmp_path_factory.mktemp("lived")
    platform = Platform(base / "raw", users=1500, weeks=12, seed=3, truth=base / "truth")
    for week in range(12):
        registered = np.flatnonzero(platform.state.people.day < week * 7)
        called = {f"u{1_000_001 + n}": "mentor_call" for n in registered if n % 2 == 0} if week == 5 else {}
        platform.step(week, called)
    return base, platform.finish()


@pytest.fixture(scope="module")
def events(lived):
    return [event for event in read_lines(lived[0] / "raw", "events/*.gz") if "type" in event]


def test_contacts_are_logged_as_a_platform_would(lived):
    rows = read_csv(lived[0] / "raw", "contacts/*.csv")
    assert list(rows[0]) == ["uid", "contacted_at", "channel", "action", "list_as_of"]
    assert {(row["channel"], row["action"], row["list_as_of"]) for row in rows} == {
        ("phone", "mentor_call", "2026-02-09")
    }
    assert all("2026-02-09 10:00:00" <= row["contacted_at"] <= "2026-02-09 18:00:00" for row in rows)


def test_a_contact_multiplies_the_hazard_by_the_factor_of_its_action(lived):
    truth = pq.read_table(lived[0] / "truth" / "contacts" / "2026-02-09.parquet").to_pandas()
    before, after = (-np.log1p(-truth[name].to_numpy()) for name in ("leaving_before", "leaving_after"))
    assert np.allclose(after, 0.55 * before)


def test_the_effect_lasts(lived):
    """In every later week people of even number leave less often than the others, who were not called."""
    weekly = sorted((lived[0] / "truth" / "weekly").iterdir())[6:]
    called = {row["uid"] for row in read_csv(lived[0] / "raw", "contacts/*.csv")}
    for path in weekly:
        table = pq.read_table(path).to_pandas()
        early = table[table["uid"].str[1:].astype(int) < 1_000_500]
        mine = early["uid"].isin(called)
        assert early[mine]["leaving"].median() < 0.85 * early[~mine]["leaving"].median()


def test_contacts_change_nothing_before_them(tmp_path):
    for name, called in (("a", {}), ("b", {"u1000001": "reminder"})):
        platform = Platform(tmp_path / name, users=40, weeks=3, seed=5)
        for week in range(3):
            platform.step(week, called if week == 2 else {})
    for day in ("2026-01-05", "2026-01-18"):
        first, second = ((tmp_path / name / "events" / f"{day}.jsonl.gz").read_bytes() for name in ("a", "b"))
        assert first == second


@pytest.mark.parametrize(
    ("week", "contacted", "words"),
    [
        (1, {}, "cannot be lived now"),
        (0, {"u1000001": "bribe"}, "no action 'bribe'"),
        (0, {"u1000001": "reminder"}, "not registered"),
        (0, {"nobody": "reminder"}, "not registered"),
    ],
)
def test_steps_that_make_no_sense_are_refused_and_can_be_mended(week, contacted, words):
    platform = Platform(users=5, weeks=1, seed=1)
    with pytest.raises(UsageError, match=words):
        platform.step(week, contacted)
    platform.step(0)
    with pytest.raises(UsageError, match="1 of 1 weeks"):
        platform.step(1)


def test_listening_hears_the_events_that_simulating_writes(tmp_path):
    heard = []
    platform = Platform(users=50, weeks=2, seed=9, listen=heard.append)
    for week in range(2):
        platform.step(week)
    written = simulate(tmp_path / "raw", users=50, weeks=2, seed=9)
    assert sum(len(day.ranks) for day in heard) == written.events + written.lines_unknown


def test_words_belong_to_events_by_their_writers(lived, events):
    writers = {event["object"]: event["uid"] for event in events if event["type"] in ("post", "answer", "comment")}
    writers |= {event["object"]: event["uid"] for event in events if event["type"] in ("rate", "complain")}
    texts = read_lines(lived[0] / "raw", "posts/*.gz")
    assert {row["object"]: row["uid"] for row in texts}.items() <= writers.items()
    kinds = Counter(row["kind"] for row in texts)
    assert kinds.keys() == {"question", "post", "answer", "comment", "spam", "review", "complaint"}
    assert 0.03 < sum(row["lang"] == "en" for row in texts) / len(texts) < 0.12
    assert all(row["body"] and "{" not in row["body"] + row["title"] for row in texts)


def test_tiles_higher_on_the_page_are_clicked_more(events):
    shown, clicked = Counter(), Counter()
    for event in events:
        if "position" in event.get("props", ""):
            tally = shown if event["type"] == "impression" else clicked
            tally[event["props"]["position"]] += 1
    rates = [clicked[n] / shown[n] for n in (1, 2, 3, 4)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 2 * rates[3]


def test_a_bundle_is_bought_once_and_gives_all_its_parts(lived, events):
    parts = defaultdict(set)
    for row in read_csv(lived[0] / "raw", "courses/*.csv"):
        if row["bundle"]:
            parts[row["bundle"]].add(row["course_id"])
    bought = [event for event in events if event["type"] == "purchase" and event["course"] in parts]
    assert bought
    owned = defaultdict(set)
    for event in events:
        if event["type"] == "enrol":
            owned[event["uid"]].add(event["course"])
    assert all(parts[event["course"]] <= owned[event["uid"]] for event in bought)


def test_memberships_are_renewed_from_the_end_of_the_term(lived):
    terms = defaultdict(set)
    for row in read_csv(lived[0] / "raw", "entitlements/*.csv"):
        if row["course_id"] == "m0001" and row["ends_at"]:
            terms[row["uid"]].add((row["starts_at"], row["ends_at"], row["order_id"]))
    renewed = [sorted(each) for each in terms.values() if len(each) > 1]
    assert any(first[1] == second[0] for first, second in (each[:2] for each in renewed))


def test_every_purchase_gives_a_right_and_a_refund_ends_it(lived, events):
    rights = defaultdict(list)
    for row in read_csv(lived[0] / "raw", "entitlements/*.csv"):
        rights[row["order_id"]].append(row)
    assert rights.keys() == {event["object"] for event in events if event["type"] == "purchase"}
    refunds = [event for event in events if event["type"] == "refund"]
    assert refunds
    for event in refunds:
        first, second = rights[event["object"]]
        assert first["starts_at"] == second["starts_at"]
        assert second["ends_at"] == event["ts"][:19].replace("T", " ")


def test_a_coupon_is_redeemed_with_its_order_and_the_order_says_what_it_took_off(events):
    orders = {event["object"]: event for event in events if event["type"] == "purchase"}
    used = [event for event in events if event["type"] == "coupon" and event["props"]["action"] == "redeemed"]
    assert used
    assert all(float(orders[event["parent"]]["props"]["discount"]) > 0 for event in used)


def test_spam_is_taken_down_and_rings_vote_for_each_other(lived, events):
    people = {row["uid"]: row for row in read_csv(lived[0] / "truth", "users.csv")}
    removed = [event for event in events if event["type"] == "remove"]
    assert removed
    assert all(event["uid"] == event["target"] for event in removed)
    assert {people[event["uid"]]["role"] for event in removed} == {"spammer"}
    inside = Counter(
        people[event["uid"]]["ring"] == people[event["target"]]["ring"]
        for event in events
        if event["type"] == "vote" and people[event["uid"]]["role"] == "ring"
    )
    assert inside[True] > 20 * sum(inside.values()) / 1500


def test_experts_are_voted_up_more(lived, events):
    skill = {row["uid"]: float(row["expertise"]) for row in read_csv(lived[0] / "truth", "users.csv")}
    votes = [event for event in events if event["type"] == "vote"]
    good = [event["props"]["value"] for event in votes if skill[event["target"]] > 0.5]
    poor = [event["props"]["value"] for event in votes if skill[event["target"]] < -0.5]
    assert np.mean(good) > np.mean(poor)


def test_true_chances_of_a_week_come_true(lived, events):
    """Of those expected to buy more, more do; and about as many buy as the chances add up to."""
    truth = pq.read_table(lived[0] / "truth" / "weekly" / "2026-02-23.parquet").to_pandas()
    buyers = {e["uid"] for e in events if e["type"] == "purchase" and "2026-02-23" <= e["ts"] < "2026-03-02"}
    bought = truth["uid"].isin(buyers)
    assert truth["buying"][bought].mean() > 2 * truth["buying"][~bought].mean()
    assert 0.4 < bought.sum() / truth["buying"].sum() < 2.5


@pytest.mark.parametrize("world", ["calm", "fragile", "no_effect"])
def test_every_world_can_be_lived(tmp_path, world):
    assert simulate(tmp_path / "raw", users=50, weeks=2, seed=1, world=world).events > 50


def test_a_world_takes_what_it_does_not_say_from_its_base():
    demo, fragile = load_world("demo"), load_world("fragile")
    assert fragile.life["newcomer_hazard"] != demo.life["newcomer_hazard"]
    assert fragile.life["comeback"] == demo.life["comeback"]
    assert load_world("calm").seasons == []
