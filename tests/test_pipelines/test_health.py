"""The doctor names what is wrong; the status names what was done."""

import pytest

from lyceum import engine, releases
from pipelines.health import diagnose, status_lines


def wrong(ctx) -> dict[str, str]:
    return {finding.what: f"{finding.found} {finding.remedy}" for finding in diagnose(ctx) if not finding.good}


def opened_up(release: releases.Release) -> releases.Release:
    for path in (release.path, *release.path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return release


def test_a_good_home_has_no_bad_finding(small):
    assert wrong(small) == {}
    assert {finding.what for finding in diagnose(small)} >= {"disk", "lock", "key", "release", "duckdb", "pandas"}


@pytest.mark.parametrize("name", ["report/index.zh.html", "lyceum.duckdb"])
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_one_altered_byte_anywhere_is_found_and_the_release_named(small, name, place):
    file = opened_up(releases.current(small.home)).path / name
    content = bytearray(file.read_bytes())
    at = int(place * len(content)) if place >= 0 else -1
    content[at] ^= 1
    file.write_bytes(content)
    found = wrong(small)
    assert set(found) == {"release"}
    assert "2026-07-06-r001" in found["release"]
    assert name in found["release"]


def test_a_row_changed_by_somebody_who_may_write_is_found(small):
    release = opened_up(releases.current(small.home))
    with engine.connect(release.database) as con:
        con.execute("UPDATE marts.user_scores SET churn_28d = 0 WHERE churn_28d > 0.3")
    assert "2026-07-06-r001 was altered" in wrong(small)["release"]


def test_missing_and_added_files_are_found(small):
    release = opened_up(releases.current(small.home))
    (release.report / "index.en.html").unlink()
    (release.path / "lyceum.duckdb.wal").write_bytes(b"")
    assert "lyceum.duckdb.wal, report/index.en.html" in wrong(small)["release"]


def test_a_missing_manifest_a_taken_lock_and_another_key_are_found(small, monkeypatch):
    with small.home.lock():
        assert "Another run" in wrong(small)["lock"]
    (opened_up(releases.current(small.home)).path / releases.MANIFEST).write_text("")
    assert "manifest" in wrong(small)["release"]
    monkeypatch.setenv("LYCEUM_SECRET", "another secret that is not this home's")
    assert "another" in wrong(small)["key"]


def test_a_dangling_link_is_found(small):
    releases.remove(releases.current(small.home))
    assert "gone or incomplete" in wrong(small)["release"]


def test_the_status_of_a_home_without_deliveries_still_speaks(small):
    lines = list(status_lines(small))
    assert lines[0].startswith("Platform demo")
    assert lines[-1] == "Current release: 2026-07-06-r001"


@pytest.mark.slow
def test_the_status_accounts_for_every_delivery_and_step(finished):
    text = "\n".join(status_lines(finished.ctx))
    assert "DOES NOT ADD UP" not in text
    for word in ("events.events", "users.users", "validate", "train", "score", "publish", "Current release"):
        assert word in text
    assert "skipped: retention_84d" in text


@pytest.mark.slow
def test_the_doctor_finds_a_finished_home_good(finished):
    assert wrong(finished.ctx) == {}
