"""Settings: one frozen value; what is not understood is refused with what is near."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lyceum.errors import UsageError
from lyceum.settings import Settings

SHOP = '[platforms.shop]\nsource = "demo"\nhome = "homes/shop"\ndata = "logs"\n'


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LYCEUM_CONFIG", raising=False)


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "lyceum.toml"
    file.write_text(text)
    return file


def test_without_file_and_variables_the_defaults_hold():
    settings = Settings.load()
    assert (settings.seed, settings.kept_weeks, settings.reject_limit, settings.platforms) == (7, 12, 0.01, {})


def test_a_file_lies_where_it_is_named_or_here(tmp_path, monkeypatch):
    written(tmp_path, "seed = 1\n")
    other = written(tmp_path / "other", "seed = 2\n")
    third = written(tmp_path / "third", "seed = 3\n")
    assert Settings.load().seed == 1
    monkeypatch.setenv("LYCEUM_CONFIG", str(other))
    assert Settings.load().seed == 2
    assert Settings.load(third).seed == 3


def test_paths_are_relative_to_the_file_not_to_the_command(tmp_path):
    file = written(tmp_path / "etc", SHOP.replace('"demo"', '"shop.toml"'))
    shop = Settings.load(file).platforms["shop"]
    assert shop.home == tmp_path / "etc" / "homes" / "shop"
    assert shop.data == tmp_path / "etc" / "logs"
    assert shop.source == str(tmp_path / "etc" / "shop.toml")


def test_a_shipped_source_is_no_path(tmp_path):
    assert Settings.load(written(tmp_path, SHOP)).platforms["shop"].source == "demo"


def test_variables_win_over_the_file_also_inside_a_platform(tmp_path, monkeypatch):
    file = written(tmp_path, "seed = 1\nthreads = 1\n" + SHOP)
    monkeypatch.setenv("LYCEUM_SEED", "9")
    monkeypatch.setenv("LYCEUM_PLATFORMS__SHOP__HOME", "/elsewhere")
    settings = Settings.load(file)
    assert (settings.seed, settings.threads) == (9, 1)
    assert settings.platforms["shop"].home == Path("/elsewhere")
    assert settings.platforms["shop"].source == "demo"


def test_settings_are_frozen(tmp_path):
    settings = Settings.load(written(tmp_path, SHOP))
    with pytest.raises(ValidationError, match="frozen"):
        settings.seed = 8
    with pytest.raises(ValidationError, match="frozen"):
        settings.platforms["shop"].home = Path("/")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kept_week = 4\n", ["unknown key kept_week", "kept_weeks"]),
        ("zebra = 4\n", ["unknown key zebra", "Known keys", "reject_limit"]),
        ("kept_weeks = 'many'\n", ["kept_weeks", "integer"]),
        ("kept_weeks = 0\n", ["kept_weeks", "greater than or equal to 1"]),
        ("reject_limit = 1.5\n", ["reject_limit", "less than or equal to 1"]),
        ("memory_limit = 'plenty'\n", ["memory_limit"]),
        ("profile_attributes = ['income']\n", ["profile_attributes", "no feature reads", "occupation"]),
        ("seed = \n", ["no valid TOML", "line 1"]),
        ("platforms = 3\n", ["platforms"]),
        ("[platforms]\nshop = 3\n", ["platforms.shop"]),
        (SHOP + "timezon = 'UTC'\n", ["platforms.shop.timezon", "timezone"]),
        (SHOP + "timezone = 'Mars/Phobos'\n", ["platforms.shop.timezone", "time zone"]),
        (SHOP + "language = 'fr'\n", ["platforms.shop.language", "zh"]),
        (SHOP + "home = 3\n", []),
        ("[platforms.shop]\nhome = 'x'\n", ["platforms.shop.source", "required"]),
    ],
)
def test_a_mistake_is_wrong_use_and_names_file_key_and_remedy(tmp_path, text, words):
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Settings.load(file)
    assert str(file) in str(caught.value)
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LYCEUM_KEPT_WEEK", "4", ["LYCEUM_KEPT_WEEK", "kept_weeks"]),
        ("LYCEUM_KEPT_WEEKS", "four", ["kept_weeks", "integer"]),
        ("LYCEUM_PLATFORMS", "shop", ["platforms"]),
        ("LYCEUM_PLATFORMS__SHOP__HOME", "x", ["platforms.shop.source", "required"]),
    ],
)
def test_a_mistaken_variable_is_refused_too(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        Settings.load()
    for word in words:
        assert word in str(caught.value)


def test_a_secret_in_a_variable_is_not_quoted(monkeypatch):
    monkeypatch.setenv("LYCEUM_SEED", "hunter2hunter2")
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["LYCEUM_SECRET", "LYCEUM_HOME", "LYCEUM_DEBUG"])
def test_variables_that_are_no_settings_are_left_alone(monkeypatch, name):
    expected = Settings.load()
    monkeypatch.setenv(name, "x")
    assert Settings.load() == expected


def test_a_named_file_must_exist(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no settings file"):
        Settings.load(tmp_path / "missing.toml")
    monkeypatch.setenv("LYCEUM_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match="no settings file"):
        Settings.load()
