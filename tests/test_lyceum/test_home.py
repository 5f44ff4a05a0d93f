"""One home, one platform, one writer."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lyceum.errors import HomeError
from lyceum.home import Home, Platform, write_atomically

SHOP = Platform("shop", "shop", Path("/logs"), "Asia/Shanghai", "CNY", "zh", "0123456789abcdef")
HOLD = """
import sys, time
from pathlib import Path
from lyceum.home import Home
with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_first_claim_writes_who_lives_here(home):
    assert home.claim(SHOP) == SHOP
    assert home.platform() == SHOP
    assert [path.name for path in home.root.iterdir()] == ["platform.json"]


def test_a_new_data_folder_or_language_is_no_new_platform(home):
    home.claim(SHOP)
    moved = replace(SHOP, data=Path("/other"), language="en")
    assert home.claim(moved) == moved
    assert home.platform() == moved


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "other"}, "another source"),
        ({"timezone": "UTC"}, "another time zone"),
        ({"currency": "EUR"}, "another currency"),
        ({"key_fingerprint": "f" * 16}, "another pseudonym key"),
    ],
)
def test_another_platform_is_refused_and_changes_nothing(home, change, words):
    home.claim(SHOP)
    before = home.platform_file.read_bytes()
    with pytest.raises(HomeError, match=rf"platform shop with {words}.*--home"):
        home.claim(replace(SHOP, **change))
    assert home.platform_file.read_bytes() == before


def test_an_empty_home_says_how_to_fill_it(home):
    with pytest.raises(HomeError, match=r"holds no platform yet.*lyceum run"):
        home.platform()


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"name": "shop"}', '{"name": "shop", "who": 1}', "\udcff"])
def test_a_damaged_platform_file_is_named_and_never_overwritten(home, text):
    home.root.mkdir()
    home.platform_file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(HomeError, match=r"platform\.json is damaged"):
        home.platform()
    with pytest.raises(HomeError, match=r"platform\.json is damaged"):
        home.claim(SHOP)
    assert home.platform_file.read_bytes() == text.encode(errors="surrogateescape")


def test_the_lock_is_another_processes_until_it_is_killed(home):
    command = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(HomeError, match="Another run is writing"), home.lock():
            pytest.fail("two writers")
        other.send_signal(signal.SIGKILL)
        other.wait()
    with home.lock():
        pass


def test_the_lock_is_given_back_after_a_failure(home):
    with pytest.raises(ZeroDivisionError), home.lock():
        raise ZeroDivisionError
    with home.lock():
        pass


def test_a_text_is_replaced_whole_with_its_mode_and_no_leftover(tmp_path):
    file = tmp_path / "deep" / "list.csv"
    write_atomically(file, "old" * 1000)
    write_atomically(file, "新\n", mode=0o600)
    assert file.read_text(encoding="utf-8") == "新\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["list.csv"]
