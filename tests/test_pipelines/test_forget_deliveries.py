"""What is delivered again, or newly, about people who were forgotten: it counts as skipped, and nobody comes back."""

from datetime import timedelta

import pytest

from pipelines.forget import forget
from pipelines.forget_requests import ask
from pipelines.ingest import ingest
from pipelines.replaying import replay
from tests.test_pipelines import forgetting
from tests.test_pipelines.forgetting import FILES, GONE, NOW, SOURCE, context, event, known_as, traces

LATER = NOW + timedelta(days=1)
IDS = ("raw", "already pseudonymous")


@pytest.fixture(scope="module")
def clubs(deliveries, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", forgetting.SECRET)
        return {ids: forgetting.delivered(deliveries, tmp_path_factory.mktemp("clubs"), ids=ids) for ids in IDS}


@pytest.fixture(params=IDS)
def club(request, clubs, secret, tmp_path):
    return forgetting.copied(clubs[request.param], tmp_path)


def test_the_same_files_and_new_ones_do_not_bring_them_back(club):
    forget(context(club), ask(context(club), GONE).request)
    before = club.content("batch_id")
    for name, text in FILES.items():  # the same rows in files of other bytes, and in none that is known
        stem, _, ending = name.partition("-1")
        club.deliver(f"{stem}-2{ending}", text + "\n")
    later = context(club, now=LATER)
    result = ingest(later)

    accounts = {account["file"]: account for account in result.accounts}
    for account in accounts.values():
        parts = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")
        assert account["rows"] == sum(account[part] for part in parts)
    assert accounts["log-2.jsonl"]["skipped"] == 4 and accounts["log-2.jsonl"]["skip_reason"] == "test, forgotten"
    assert accounts["people-2.csv"]["skipped"] == 1 and accounts["people-2.csv"]["skip_reason"] == "forgotten"
    assert accounts["groups-2.csv"]["skipped"] == 0 and accounts["groups-2.csv"]["skip_reason"] is None
    after = club.content("batch_id")
    for name in ("events", "users", "communities", "posts"):
        assert after[name] == before[name]
    assert traces(club.home, known_as()) == set()  # also not in the lines that could not be used


def test_a_new_event_about_somebody_forgotten_names_nobody(club):
    forget(context(club), ask(context(club), ["ben-02"]).request)
    club.deliver("log-3.jsonl", event(20, "fay-06", day=4, type="follow", whom="ben-02") + "\n")
    ingest(context(club, now=LATER))

    assert ("e20", None, False) in club.rows("events", "event_id, target_user_id, user_id IS NULL")


def test_of_lines_that_cannot_be_used_those_that_name_nobody_are_kept(club):
    forget(context(club), ask(context(club), GONE).request)
    lines = [
        event(30, "anna-01", day=4, type="juggle"),
        event(31, "fay-06", day=4, type="juggle"),
        '{"user": "anna-01"',
    ]
    club.deliver("log-4.jsonl", "".join(f"{line}\n" for line in lines))
    club.deliver("people-4.csv", "user,since,by\nanna-01\nfay-06\n")
    ingest(context(club, now=LATER))

    kept = {raw for file, raw in club.rows("rejects", "file, raw") if file.endswith(("4.jsonl", "4.csv"))}
    assert kept == {None, lines[1], "fay-06"}


def test_a_replay_does_not_bring_them_back(deliveries, secret, tmp_path):
    """The lines of one who was not asked for are emptied too: nobody can say for sure whom a line names."""
    club = forgetting.delivered(deliveries, tmp_path)
    forget(context(club), ask(context(club), GONE).request)
    club.source.write_text(
        club.source.read_text().replace('event_type = "type"', "event_type = \"replace(type, 'juggle', 'view')\"")
    )
    assert replay(context(club, now=LATER)).accounts == ()
    assert {raw for (raw,) in club.rows("rejects", "raw")} == {None}
    assert [code for (code,) in club.rows("rejects", "code")] == ["unknown_event_type"] * 2  # the reasons stay


def test_an_empty_home_forgets_and_remembers(deliveries, secret, tmp_path):
    made = deliveries(SOURCE.replace("IDS", "raw"), tmp_path / "club")
    made.deliver("people-1.csv", "user,since,by\nfay-06,2026-06-03T00:00:00Z,\n")
    ingest(made.context(), init_key=True)
    forget(context(made), ask(context(made), ["anna-01"]).request)
    made.deliver("people-2.csv", FILES["people-1.csv"])
    ingest(made.context(now=NOW + timedelta(days=1)))
    assert len(made.rows("users")) == 2
