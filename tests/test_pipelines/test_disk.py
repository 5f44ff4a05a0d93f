"""When the disk, folders or files fail: one sentence, an untouched lake, and the next run works."""

import fcntl
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lyceum.errors import HomeError
from pipelines.ingest import ingest

SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"

[files.log]
glob = "log*.csv"
format = "csv"
columns = ["id", "user", "at", "type", "note"]

[[events]]
file = "log"

[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
properties = "json_object('note', note)"
"""
NOBODY = 65534
SIZE = 4 << 20  # of the small disk


def log(batch: int, *, rows: int = 20, note: int = 4) -> str:
    """Events of ten days; a note is random, so that it takes its place on the disk."""
    lines = (
        f"e{batch}-{n},u{n % 7},2026-07-{n % 10 + 1:02}T09:00:00Z,view,{os.urandom(note).hex()}\n"
        for n in range(rows)
    )
    return "id,user,at,type,note\n" + "".join(lines)


@pytest.fixture
def shop(deliveries, secret, tmp_path):
    """A home that holds a first delivery, and a second one that waits."""
    made = deliveries(SOURCE, tmp_path / "shop")
    made.deliver("log-1.csv", log(1))
    ingest(made.context())
    made.deliver("log-2.csv", log(2))
    return made


def arguments(shop, *, delivery: bool = True) -> list[str]:
    options = {"--home": shop.home.root}
    if delivery:  # else the home knows
        options |= {"--source": shop.source, "--data": shop.data}
    return ["ingest", *(str(part) for option in options.items() for part in option)]


def files(shop) -> dict[str, int]:
    """Everything in the lake: names and sizes."""
    return {str(path.relative_to(shop.home.root)): path.stat().st_size for path in shop.home.lake.rglob("*")}


@pytest.fixture
def run(tmp_path):
    """Runs the real command, as another user or under a limit if asked."""

    def start(shop, *before: str, limit: int = 0, delivery: bool = True) -> subprocess.CompletedProcess[str]:
        code = "import resource, sys; from pipelines import cli, cli_ending; "
        code += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " if limit else ""
        code += f"sys.argv = ['lyceum', *{arguments(shop, delivery=delivery)!r}]; sys.exit(cli_ending.run(cli.app))"
        return subprocess.run(
            [*before, sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return start


def refused(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """The run failed with a sentence, not with a traceback."""
    said = [line for line in ended.stderr.splitlines() if line.startswith("lyceum: ")]
    assert (ended.returncode, len(said)) == (1, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in said[0]
    for word in words:
        assert word in said[0], said[0]


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 64 << 10, 512 << 10])
def test_a_full_disk_is_one_sentence_and_an_untouched_lake(deliveries, secret, small_disk, run, room):
    """The disk fills up at once, in staging, or a little later."""
    shop = deliveries(SOURCE, small_disk / "shop")
    shop.deliver("log-1.csv", log(1))
    ingest(shop.context())
    shop.deliver("log-2.csv", log(2, rows=400, note=2000))  # 1.6 MB of noise
    before, held = files(shop), shop.content()
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(b"x" * (free - room))
    refused(run(shop), "is full; nothing was taken. Make room")
    assert shop.content() == held
    assert files(shop) == before
    (small_disk / "ballast").unlink()
    assert run(shop).returncode == 0
    assert len(shop.rows("events")) == 420
    assert shop.strangers() == set()


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1 << 10, 8 << 10])
def test_a_limit_on_the_size_of_files_is_one_sentence_and_an_untouched_lake(shop, run, limit):
    shop.deliver("log-2.csv", log(2, rows=400, note=1000))
    before = files(shop)
    refused(run(shop, limit=limit))
    assert files(shop) == before
    assert run(shop).returncode == 0
    assert len(shop.rows("events")) == 420


def test_too_small_a_memory_limit_is_one_sentence_and_an_untouched_lake(shop):
    before, held, ctx = files(shop), shop.content(), shop.context()
    poor = replace(ctx, settings=ctx.settings.model_copy(update={"memory_limit": "1MB"}))
    with pytest.raises(HomeError, match=r"more memory than memory_limit \(1MB\) allows; nothing was taken"):
        ingest(poor)
    assert files(shop) == before
    assert shop.content() == held
    assert ingest(ctx).files == 1


@pytest.fixture
def nobody(shop) -> tuple[str, ...]:
    """A command that becomes a user who may pass the folders above the test's; nothing is read-only to root."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    for folder in (shop.root, *shop.root.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(0o755)
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_one_sentence(shop, run, nobody):
    before = files(shop)
    refused(run(shop, *nobody), "refused")
    assert files(shop) == before
    assert run(shop).returncode == 0


@pytest.mark.slow
def test_a_data_folder_without_permission_is_one_sentence(shop, run, nobody):
    for path in (shop.home.root, *shop.home.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    shop.data.chmod(0o700)
    before = files(shop)
    refused(run(shop, *nobody, delivery=False), str(shop.data))
    assert files(shop) == before
    shop.data.chmod(0o755)
    assert run(shop, *nobody, delivery=False).returncode == 0


@pytest.mark.parametrize("change", ["vanishes", "grows", "is replaced"])
def test_a_file_that_changes_while_it_is_read_is_one_sentence(shop, monkeypatch, change):
    """It changes at the last moment: when everything is mapped and nothing has landed."""
    from lyceum.errors import InputError

    file, before, held = shop.data / "log-2.csv", files(shop), shop.content()
    monkeypatch.setattr(
        "pipelines.ingest.reach", lambda point: _change(file, change) if point == "group.mapped" else None
    )
    with pytest.raises(InputError, match=r"log-2\.csv (vanished|changed)"):
        ingest(shop.context())
    assert files(shop) == before
    assert shop.content() == held
    monkeypatch.undo()
    monkeypatch.setenv("LYCEUM_SECRET", "a secret that is only used in tests, 32")
    shop.deliver("log-2.csv", log(2))
    assert ingest(shop.context()).files == 1
    assert len(shop.rows("events")) == 40


def _change(file: Path, change: str) -> None:
    if change == "vanishes":
        file.unlink()
    elif change == "grows":
        with file.open("a") as handle:
            handle.write("e9,u9,2026-07-01T09:00:00Z,view,\n")
    else:
        other = file.with_name("other")
        other.write_text(log(3))
        other.replace(file)


def test_a_corrected_event_file_refuses_the_whole_batch(shop):
    from lyceum.errors import InputError

    shop.deliver("log-1.csv", log(1))  # other notes
    before, held = files(shop), shop.content()
    with pytest.raises(InputError, match=r"log-1\.csv was delivered before with other content.*Deliver additions"):
        ingest(shop.context())
    assert files(shop) == before
    assert shop.content() == held


@pytest.mark.slow
def test_of_two_ingests_at_once_one_works_and_the_other_says_so(shop, run):
    with (shop.home.runs / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = files(shop)
        refused(run(shop), "Another run is writing", "Wait until it has ended")
        assert files(shop) == before
    together = [
        subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", *arguments(shop)],
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in together]
    codes = [process.returncode for process in together]
    assert 0 in codes
    assert all(code == 0 or "Another run is writing" in text for code, text in zip(codes, said, strict=True))
    assert len(shop.rows("events")) == 40
    assert len(shop.rows("deliveries")) == 2
    assert shop.strangers() == set()
