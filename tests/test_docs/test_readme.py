"""What the documents say is what the project does: commands, options, targets, links, settings, queries."""

import re
import shlex
import shutil
import tomllib
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import typer.main

from lyceum.dictionary import dictionary, with_questions
from lyceum.releases import contents
from lyceum.schema import MONEY, published, questions
from lyceum.settings import OTHER_VARIABLES, AlertSettings, MailSettings, PlatformSettings, Settings, WebhookSettings
from pipelines.cli import app

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
DOCUMENTS = [ENGLISH, CHINESE, ROOT / "data/sources/README.md", *sorted((ROOT / "docs").glob("*.md"))]
EVERYWHERE = [*DOCUMENTS, ROOT / "CHANGELOG.md"]
OPERATIONS, ANALYSTS = ROOT / "docs/operations.md", ROOT / "docs/analysts.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app)


def named(file):
    return file.relative_to(ROOT).as_posix()


def blocks(file, *languages):
    return [body for language, body in FENCE.findall(file.read_text(encoding="utf-8")) if language in languages]


def prose(file):
    """The text without fenced blocks."""
    return FENCE.sub("", file.read_text(encoding="utf-8"))


def spans(file):
    """What stands in back quotes in the prose."""
    return re.findall(r"`([^`\n]+)`", prose(file))


def typed(file):
    """The command lines of the console blocks."""
    return [line.removeprefix("$ ") for body in blocks(file, "console") for line in body.splitlines()]


def resolved(words):
    """The command that `words` begin with, and the words left over."""
    command = COMMANDS
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def lyceum_lines(lines):
    """The words after `lyceum` of the lines that begin with it and go on."""
    return [shlex.split(line)[1:] for line in lines if line.startswith("lyceum ")]


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_every_command_that_can_be_typed_is_understood(file):
    for words in lyceum_lines(typed(file)):
        command, rest = resolved(words)
        assert not hasattr(command, "commands"), f"lyceum {' '.join(words)} names no command"
        command.make_context(command.name, rest)  # raises for a wrong option, a missing one, a wrong value


@pytest.mark.parametrize("file", EVERYWHERE, ids=named)
def test_every_command_that_is_named_exists(file):
    for words in lyceum_lines(spans(file)):
        command, rest = resolved(words)
        unknown = getattr(command, "commands", {}) and rest and rest[0] != "COMMAND"
        assert not unknown, f"lyceum {' '.join(words)}"
        known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
        assert {word for word in rest if word.startswith("--")} <= known


def test_the_readme_lists_every_top_level_command():
    listed = {words[0] for words in lyceum_lines(re.findall(r"^\| `([^`]+)` \|", prose(ENGLISH), re.MULTILINE))}
    assert listed == set(COMMANDS.commands)


@pytest.mark.parametrize("file", EVERYWHERE, ids=named)
def test_every_make_target_exists(file):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for line in [*typed(file), *spans(file)]:
        words = line.split()
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= targets, line


@pytest.mark.parametrize("file", EVERYWHERE, ids=named)
def test_every_relative_link_leads_somewhere(file):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(file)):
        if not target.startswith("https://"):
            assert (file.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("file", EVERYWHERE, ids=named)
def test_no_path_of_a_machine_and_no_connection_that_may_write(file):
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w~.])/(home|work|root|tmp|Users)/|\.\./shared", text)
    for call in re.findall(r"duckdb\.connect\([^)]*\)", text):
        assert "read_only=True" in call


def test_screenshots_are_small():
    assert all(picture.stat().st_size < 150_000 for picture in (ROOT / "docs").glob("*.png"))


def test_both_readmes_have_the_same_shape():
    both = [file.read_text(encoding="utf-8") for file in (ENGLISH, CHINESE)]
    english, chinese = ([len(mark) for mark in re.findall(r"^(#+) ", FENCE.sub("", text), re.M)] for text in both)
    assert english == chinese
    assert FENCE.findall(both[0]) == FENCE.findall(both[1])
    english, chinese = (sorted(set(spans(file))) for file in (ENGLISH, CHINESE))
    assert english == chinese


def test_no_sentence_of_the_chinese_readme_is_left_in_english():
    text = re.sub(r"`[^`\n]*`", "", prose(CHINESE))
    text = re.sub(r"\]\([^)]*\)", "]", text)
    for line in text.splitlines():
        assert not re.search(r"(?:[A-Za-z'-]+[ ,]+){4}[A-Za-z]", line), line
        words = re.findall(r"[A-Za-z]{2,}", line)
        assert not words or words == ["lyceum"] or re.search(r"[一-鿿]", line), line


def test_the_data_dictionary_is_that_of_the_schema():
    assert (ROOT / "docs/data-dictionary.md").read_text(encoding="utf-8") == dictionary(), "run `make dictionary`"


def test_the_dictionary_splits_no_row():
    rows = [line for line in dictionary().splitlines() if line.startswith("|")]
    for above, below in pairwise(rows):
        if below.startswith("|---"):
            width = below.count("|")
            assert above.count("|") == width
        elif not above.startswith("|---") and "`" in above and "`" in below:
            assert len(re.findall(r"(?<!\\)\|", below)) in (3, 5)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A home with one released week without rows; the folder that holds it as data/home."""
    root = tmp_path_factory.mktemp("readers")
    release = root / "data/home/releases/2026-07-06-r001"
    release.mkdir(parents=True)
    with duckdb.connect(release / "lyceum.duckdb") as con:
        for schema in ("marts", "history", "features", "quality"):
            con.execute(f"CREATE SCHEMA {schema}")
        for table in contents():
            con.execute(table.ddl())
        for each in questions():
            con.execute(f"CREATE VIEW {each.view} AS {each.query}")
    (root / "data/home/current").symlink_to("releases/2026-07-06-r001")
    return root


@pytest.fixture(scope="module")
def released(empty):
    with duckdb.connect(empty / "data/home/current/lyceum.duckdb", read_only=True) as con:
        yield con


@pytest.mark.parametrize("sql", [sql for body in blocks(ANALYSTS, "sql") for sql in body.split(";") if sql.strip()])
def test_every_query_for_analysts_runs(released, sql):
    assert released.sql(sql).columns


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_every_query_on_a_command_line_runs(released, file):
    for words in lyceum_lines(typed(file)):
        if words[0] == "query":
            assert released.sql(words[1]).columns


def test_there_are_twelve_queries():
    assert len(blocks(ANALYSTS, "sql")) == 12


def test_the_python_for_analysts_runs(empty, tmp_path, monkeypatch):
    shutil.copytree(empty, tmp_path / "copy", symlinks=True)  # another test holds that file open
    monkeypatch.chdir(tmp_path / "copy")
    plain, warehouse = blocks(ANALYSTS, "python")
    for code, name in ((plain, "people"), (warehouse, "answer")):
        names = {}
        exec(compile(code, named(ANALYSTS), "exec"), names)
        assert names[name].empty
        with pytest.raises(duckdb.Error, match="read-only"):
            names["con"].execute("CREATE TABLE marts.mine (x INT)")
        names["con"].close()


def test_every_question_stands_in_the_table_for_analysts():
    text = ANALYSTS.read_text(encoding="utf-8")
    assert text == with_questions(text), "run `make dictionary`"
    assert len(questions()) >= 20
    assert all(f"| `{each.view}` | {each.asks} |" in text for each in questions())


def test_every_view_that_analysts_are_told_of_exists():
    told = set(re.findall(r"marts\.q_[a-z0-9_]+", ANALYSTS.read_text(encoding="utf-8")))
    notebook = (ROOT / "docs/explore.ipynb").read_text(encoding="utf-8")
    assert (told | set(re.findall(r"marts\.q_[a-z0-9_]+", notebook))) == {each.view for each in questions()}


@pytest.mark.parametrize("file", [ANALYSTS, ENGLISH, CHINESE], ids=named)
def test_every_anchor_of_a_link_is_a_heading(file):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", file.read_text(encoding="utf-8")):
        text = ((file.parent / target) if target else file).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("table", published(), ids=lambda table: table.name)
def test_every_column_has_a_meaning_that_is_more_than_its_name(table):
    for column in table.columns:
        said = set(re.findall(r"[a-z0-9]+", column.meaning.lower()))
        assert said - set(column.name.lower().split("_")), f"{table.name}.{column.name}: {column.meaning}"
        assert len(column.meaning) >= 8, f"{table.name}.{column.name}: {column.meaning}"


@pytest.mark.parametrize("table", published(), ids=lambda table: table.name)
def test_the_comment_of_a_column_has_its_unit_and_its_window(table):
    for column in table.columns:
        if column.unit:
            assert column.comment.endswith(f"[{column.unit}]")
        if column.type == MONEY:
            assert column.unit == "currency", f"{table.name}.{column.name}"
        days = re.search(r"_(\d+)d(?:_|$)", column.name)
        if days:
            said = f"{column.meaning} {table.meaning}"
            assert re.search(rf"\b{days[1]}\b|_{days[1]}d\b", said), f"{table.name}.{column.name}: {column.meaning}"


def rows_of(section):
    """First and second cell of the rows whose first cell is one word of code."""
    return [(key, cell.strip(" `")) for key, cell in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)]


def test_every_setting_is_documented_with_its_default():
    section = re.search(r"^## Settings\n(.*?)^## ", prose(OPERATIONS), re.MULTILINE | re.DOTALL)[1]
    rows = [(key, cell) for key, cell in rows_of(section) if not key.isupper()]
    count = len(Settings.model_fields)
    settings, nested = dict(rows[:count]), rows[count:]
    assert set(settings) == set(Settings.model_fields)
    assert settings.pop("actions") == "see below"
    unset = {key for key, cell in settings.items() if cell == "none"}
    assert unset == {"platforms", "mail", "webhook", "alerts", "segments", "topics"}
    settings = {key: cell for key, cell in settings.items() if key not in unset}
    defaults = {key: Settings.model_fields[key].default for key in settings}
    written = {key: tomllib.loads(f"value = {cell}")["value"] for key, cell in settings.items()}
    assert {key: tuple(value) if isinstance(value, list) else value for key, value in written.items()} == defaults
    for table in (PlatformSettings, MailSettings, WebhookSettings, AlertSettings):
        told, nested = dict(nested[: len(table.model_fields)]), nested[len(table.model_fields) :]
        assert told == {key: "yes" if field.is_required() else "no" for key, field in table.model_fields.items()}
    assert nested == []
    variables = {key for key, _ in rows_of(section) if key.isupper()}
    assert variables <= set(OTHER_VARIABLES)


def test_the_example_of_settings_loads(tmp_path):
    example, shipped_rules = blocks(OPERATIONS, "toml")
    file = tmp_path / "lyceum.toml"
    file.write_text(shipped_rules, encoding="utf-8")
    assert Settings.load(file).actions == Settings().actions
    file.write_text(example, encoding="utf-8")
    loaded = Settings.load(file)
    assert loaded.kept_weeks == 26
    assert loaded.mail.port == 587
    assert loaded.platforms["school"].home == tmp_path / "homes/school"
