"""`lyceum models`: what is listed, how a card reads in a terminal, and going back to another version."""

import json
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from lyceum.tables.canonical import EVENTS
from models.rules import BaseRate
from pipelines import champions, cli

NAME = "retention_28d"
OLDER, NEWER = date(2026, 6, 8), date(2026, 7, 6)


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


def figure(estimator: str, role: str, metric: str, value: float | None, low: float | None, high: float | None):
    return {
        **{"estimator": estimator, "role": role, "metric": metric, "slice": "all", "rows": 900},
        **{"value": value, "low_95": low, "high_95": high, "measured_on": "2026-06-08", "note": None},
    }


def card(decision: str) -> dict[str, object]:
    return {
        "use": {"zh": "估计留存。", "en": "Estimates who stays."},
        "label": {"zh": "有行为。", "en": "An act."},
        "eligible": {"zh": "活跃者。", "en": "Active people."},
        "limits": {"zh": ["相关。"], "en": ["Associated with, no cause."]},
        "settings": {"strength": 0.003},
        "calibration": {"kind": "isotonic", "note": ""},
        "data": {
            **{"rows": 12_345, "people": 1_234, "weeks": ["2026-02-02", "2026-05-11"], "columns_used": 170},
        },
        "leak_alarm": [],
        "decision": {"decision": decision, "why": f"It was {decision}."},
        "metrics": [
            figure("base_rate", "champion", "auc", 0.871, 0.85, 0.89),
            figure("base_rate", "champion", "pr_auc", 0.9, None, None),
            figure("silence_rule", "baseline", "auc", 0.7, 0.68, 0.72),
            figure("silence_rule", "baseline", "pr_auc", None, None, None),
        ],
    }


@pytest.fixture
def home(small):
    """Two versions of one model, the newer one refused, and a lake whose newest week ends on 2026-07-06."""
    frame = pd.DataFrame({"user_id": ["a", "b"], "label": [0, 1]})
    for day, decision in ((OLDER, champions.PROMOTED), (NEWER, champions.REFUSED)):
        told = card(decision)
        champions.keep(small.home, NAME, BaseRate().fit(frame, seed=1), as_of=day, card=told, profile={})
        promoted = decision == champions.PROMOTED
        champions.settle(small.home, NAME, as_of=day, promoted=promoted, why=told["decision"]["why"])
    event = {"event_id": "e1", "event_type": "learn", "event_date": date(2026, 7, 5)}
    event["occurred_at"] = event["ingested_at"] = datetime(2026, 7, 5, 3, tzinfo=UTC)
    rows = pa.Table.from_pylist([event], schema=EVENTS.arrow())
    small.lake.append(EVENTS, rows.to_reader())
    return small.home


def scoring(home) -> date:
    return champions.champion(home, NAME, as_of=NEWER).trained_as_of


def test_a_line_tells_what_scores_its_figure_and_the_other_versions(said, home):
    code, out, _ = said("models", "list", "--home", home.root)
    assert code == 0
    heading, line = out.splitlines()
    assert heading.split()[0] == "model"
    for told in (
        *("retention_28d  2026-06-08  base_rate", "AUC 0.871 (0.850 to 0.890), PR-AUC 0.900"),
        *("promoted 2026-06-08", "2026-07-06 (base_rate, refused)"),
    ):
        assert told in line


def test_a_card_reads_in_a_terminal_and_as_json(said, home):
    code, out, _ = said("models", "show", NAME, "--home", home.root)
    assert code == 0
    assert out.startswith("retention_28d, version of 2026-06-08: base_rate, promoted\n")
    for told in (
        *("Estimates who stays.", "12,345 rows of 1,234 people", "strength 0.003", "isotonic"),
        *("It was promoted.", "Associated with, no cause.", "0.871 (0.850 to 0.890)"),
    ):
        assert told in out
    assert out.splitlines()[-1].split() == ["silence_rule", "baseline", "0.700", "(0.680", "to", "0.720)", "none"]
    _, out, _ = said("models", "show", NAME, "--version", NEWER, "--json", "--home", home.root)
    assert json.loads(out)["decision"]["decision"] == "refused"


def test_going_back_and_forward_says_what_to_run_next(said, home):
    assert scoring(home) == OLDER
    code, out, _ = said("models", "rollback", NAME, "--to", NEWER, "--home", home.root)
    assert code == 0
    assert "`lyceum score --as-of 2026-07-06`" in out
    assert "`lyceum publish --as-of 2026-07-06`" in out
    assert scoring(home) == NEWER
    assert "rolled back 2026-07-06" in said("models", "list", "--home", home.root)[1]
    said("models", "rollback", NAME, "--to", OLDER, "--home", home.root)
    assert scoring(home) == OLDER


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "nothing"), "There is no model nothing"),
        (("show", NAME, "--version", "2026-06-15"), "Its versions are: 2026-06-08, 2026-07-06."),
        (("rollback", "nothing", "--to", "2026-06-08"), "The models are: retention_28d."),
        (("rollback", NAME, "--to", "2027-01-04"), "Its versions are: 2026-06-08, 2026-07-06."),
    ],
)
def test_what_is_not_there_is_wrong_use_and_what_is_there_is_named(said, home, arguments, told):
    code, out, err = said("models", *arguments, "--home", home.root)
    assert (code, out) == (2, "")
    assert told in err
    assert scoring(home) == OLDER


def test_a_home_without_models_lists_none(said, small):
    code, out, _ = said("models", "list", "--home", small.home.root)
    assert code == 0
    assert len(out.splitlines()) == 1
    assert "lyceum train" in said("models", "show", NAME, "--home", small.home.root)[2]


def test_every_models_command_has_examples(said):
    for command in ("list", "show", "rollback"):
        code, out, _ = said("models", command, "--help")
        assert code == 0
        assert "Examples:" in out
