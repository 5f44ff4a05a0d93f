"""The command line as a person uses it: exit codes, what it says, and Ctrl-C."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable

import pytest

from lyceum import releases
from lyceum.schema import published, questions
from pipelines import cli, cli_ending


@pytest.fixture
def said(monkeypatch, capsys):
    """Runs a command in this process and gives exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["lyceum", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return run


def test_the_tables_are_listed_and_one_is_explained(said):
    code, out, _ = said("tables")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        *(table.name for table in published()),
        *(each.view for each in questions()),
    ]
    _, out, _ = said("tables", "marts.user_scores")
    assert "One row per user_id." in out
    assert "churn_28d" in out
    assert "1 - retention_28d [probability]" in out


def test_the_shipped_sources_are_listed_and_right(said):
    _, out, _ = said("sources", "list")
    names = [line.split()[0] for line in out.splitlines()]
    assert {"demo", "online_retail", "oulad"} <= set(names)
    for name in names:
        assert said("sources", "check", name)[:2] == (0, f"{name} is right.\n")


def test_a_source_with_mistakes_is_wrong_use(said, tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text("name = 3\n")
    code, out, err = said("sources", "check", file)
    assert code == 2
    assert "mistakes." in out
    assert err == ""


def test_releases_are_listed_compared_and_rolled_back(said, small):
    home = small.home.root
    code, out, _ = said("releases", "list", "--home", home)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["2026-06-29-r001", "*"]
    assert "tables differ" in said("releases", "diff", "2026-06-29-r001", "2026-07-06-r001", "--home", home)[1]
    assert said("releases", "rollback", "--home", home)[1] == "current -> 2026-06-29-r001\n"
    assert releases.current(small.home).name == "2026-06-29-r001"
    code, _, err = said("releases", "rollback", "--home", home)
    assert code == 1
    assert err.startswith("lyceum: There is no release before the current one.")
    assert said("releases", "rollback", "2026-07-06-r001", "--home", home)[0] == 0


def test_a_question_is_answered_and_a_wrong_one_is_wrong_use(said, small):
    home = small.home.root
    assert (
        said("query", "SELECT count(*) AS n FROM marts.user_scores", "--home", home, "--format", "csv")[1] == "n\n4\n"
    )
    code, out, err = said("query", "SELECT x FROM y", "--home", home)
    assert (code, out) == (2, "")
    assert err.startswith("lyceum: The database 2026-07-06-r001 cannot answer: Catalog Error")


def test_the_doctor_fails_when_something_is_bad(said, small):
    assert said("doctor", "--home", small.home.root)[0] == 0
    page = releases.current(small.home).report / "index.html"
    page.chmod(0o644)
    page.write_text("other")
    code, out, _ = said("doctor", "--home", small.home.root)
    assert code == 1
    assert "BAD release: 2026-07-06-r001 was altered: report/index.html." in out


def test_the_report_is_copied_and_a_list_is_given_back(said, small, tmp_path):
    home = small.home.root
    code, _, _ = said("report", "--to", tmp_path / "pages", "--home", home)
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == [
        "index.en.html",
        "index.html",
        "index.zh.html",
    ]
    (tmp_path / "ids.txt").write_text("u1\nu2\n")
    arguments = ("export", "early_warnings", "--ids", tmp_path / "ids.txt", "--to", tmp_path / "list.csv")
    assert said(*arguments, "--home", home)[1].startswith("1 rows written")


def test_an_unknown_model_is_wrong_use(said, small):
    code, _, err = said("models", "show", "nothing", "--home", small.home.root)
    assert code == 2
    assert "There is no model nothing" in err and "lyceum train" in err


def test_an_unexpected_failure_quotes_nothing_and_says_how_to_see_more(said, small):
    (small.home.models / "retention_28d" / "versions" / "u1000001").mkdir(parents=True)  # where only weeks belong
    code, out, err = said("models", "list", "--home", small.home.root)
    assert code == 1
    assert "u1000001" not in out + err
    assert "LYCEUM_DEBUG=1" in err
    assert "Traceback" not in err


@pytest.fixture
def interruptible():
    """As on a terminal; what a shell starts in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Stubborn:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)
        sum(range(1000))


def in_a_destructor() -> None:
    Stubborn()
    time.sleep(60)


def in_a_library() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted") from None


@pytest.mark.parametrize("command", [in_a_destructor, in_a_library])
def test_ctrl_c_ends_the_command_whatever_became_of_it(command, interruptible, capsys):
    assert cli_ending.run(command) == 130
    assert capsys.readouterr().err.startswith("lyceum: Interrupted;")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_models_and_status_of_a_finished_home_are_shown(said, finished):
    home = finished.home.root
    _, out, _ = said("models", "list", "--home", home)
    assert {line.split()[0] for line in out.splitlines()} >= {
        "retention_28d",
        "purchase_28d",
        "segments",
        "recommendation",
    }
    _, out, _ = said("models", "show", "retention_28d", "--json", "--home", home)
    assert json.loads(out)["metrics"]
    assert said("status", "--home", home)[0] == 0


@pytest.fixture
def unfinished(finished, tmp_path) -> Callable[..., None]:
    """Lays a copy of the finished home into the test's folder, without its releases and the folders named."""

    def copy(*gone: str) -> None:
        names = ("releases", "current", "reports", *gone)
        shutil.copytree(finished.home.root, tmp_path / "home", symlinks=True)
        for name in names:
            path = tmp_path / "home" / name
            path.unlink() if path.is_symlink() else shutil.rmtree(path)
        shutil.copytree(os.environ["XDG_CONFIG_HOME"], tmp_path / "config")  # the key

    return copy


@pytest.mark.slow
@pytest.mark.parametrize("line", ["ingest: file", "validate: week", "train: week", "score: week", "publish: week"])
def test_ctrl_c_during_a_run_is_quiet_and_harmless(started, lyceum_cli, landing, unfinished, tmp_path, line):
    if line in ("train: week", "score: week", "publish: week"):  # what comes before need not be computed again
        unfinished(*(["models"] if line == "train: week" else []))
    arguments = ("run", "--source", "demo", "--data", landing[0], "--home", "home")
    with started(tmp_path, *arguments) as process:
        said = []
        for text in process.stderr:
            said.append(text)
            if line in text:
                break
        time.sleep(0.2)
        process.send_signal(2)
        said += process.stderr.readlines()
    shown = "".join(said)
    assert process.returncode == 130, shown
    assert "Traceback" not in shown
    assert "defect" not in shown
    assert not (tmp_path / "home" / "current").exists()
    assert list((tmp_path / "home" / "releases").glob("20*")) == []
    if line not in ("ingest: file", "publish: week"):
        return  # the two in which something is half-done are enough to run again
    again = lyceum_cli(tmp_path, *arguments)
    assert again.code == 0, again.err
    assert (tmp_path / "home" / "current" / "report" / "index.html").is_file()
    assert list((tmp_path / "home" / "releases").glob(".staging-*")) == []
    assert list((tmp_path / "home" / "runs" / "staging").iterdir()) == []
