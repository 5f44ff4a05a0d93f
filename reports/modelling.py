"""The sections on how good the predictions are and on how long people stay."""

from typing import Any

from reports import model_charts
from reports.grids import Columns, Grid, grid
from reports.predictions import RULES
from reports.query import Row
from reports.sections import Page, Section, section

USED: Columns = (
    *(("model", "known:models"), ("estimator", "estimator"), ("auc", "interval"), ("best_rule", "estimator")),
    *(("rule_auc", "interval"), ("pr_auc", "interval"), ("rule_pr_auc", "interval"), ("brier", "interval")),
    *(("ece", "interval"), ("trained_as_of", "day"), ("rows", "count")),
)
FURTHER = ("pr_auc", "rule_pr_auc", "brier", "ece")  # stand with every method, and on the page for engineers
IN_USE: Columns = tuple(pair for pair in USED if pair[0] not in FURTHER)
CONTENDERS: Columns = (
    *(("model", "known:models"), ("estimator", "estimator"), ("role", "known:roles"), ("auc", "interval")),
    *(("pr_auc", "interval"), ("brier", "interval"), ("ece", "interval")),
)
DECISIONS: Columns = (
    *(("model", "known:models"), ("decision", "known:decisions"), ("estimator", "estimator"), ("version", "day")),
    *(("compared_with", "day"), ("auc_difference", "signed_interval")),
)
DRIFT: Columns = (
    *(("feature", "feature"), ("psi_excess", "hundredth"), ("effect_size", "hundredth"), ("models", "exact")),
)
OTHERS: Columns = (
    *(("model", "known:models"), ("metric", "known:metrics"), ("role", "known:roles")),
    *(("estimator", "estimator"), ("value", "thousandth"), ("rows", "count"), ("measured_on", "day")),
)


def models(page: Page, /) -> Section:
    """What is used for each prediction and how good it is, beside what it was measured against."""
    made = section(
        *("models", page),
        leads=[page.lead("models"), *_rules(page), *_leaks(page), *_drifted(page), *_associated(page)],
        grids=[
            page.grid("models", IN_USE),
            _folded(page.grid("model_decisions", DECISIONS)),
            _folded(page.grid("contenders", CONTENDERS)),
            _folded(page.grid("drift", DRIFT)),
            _folded(page.grid("other_models", OTHERS)),
        ],
        charts=[
            model_charts.contest(page.charts),
            model_charts.reliability(page.charts),
            *model_charts.odds(page.charts, page.voice),
        ],
    )
    return made | {"links": [_link(page, name) for name in page.cards]}


def _folded(table: Grid | None) -> Grid | None:
    """A table that opens on a click: it is long, and its chart says the same."""
    return table and table | {"folded": True}


def _link(page: Page, model: str) -> dict[str, str]:
    name = page.voice.code("models", model)
    return {"href": card_file(model, page.voice.words.language), "text": page.voice.words("page.card", name=name)}


def card_file(model: str, language: str, /) -> str:
    """The name of the file beside the report that holds a model's card."""
    return f"card.{model}.{language}.html"


def _named(page: Page, rows: list[Row]) -> tuple[str, str]:
    """The predictions of `rows`, each once, as a value of a sentence."""
    return "text", page.voice.listed(
        [page.voice.code("models", name) for name in dict.fromkeys(r["model"] for r in rows)]
    )


def _rules(page: Page) -> list[str]:
    """Where a simple rule is used, plainly and with both figures."""
    ruled = [row for row in page.figures["models"]["value"] if row["estimator"] in RULES]
    return [_rule(page, row) for row in ruled]


def _rule(page: Page, row: Row) -> str:
    tried = [each for each in page.figures["contenders"]["value"] if each["model"] == row["model"]]
    best = max(
        (e for e in tried if e["role"] == "challenger" and e["auc"]), key=lambda e: e["auc"]["value"], default=None
    )
    said = {
        "model": ("text", page.voice.code("models", row["model"])),
        "rule": ("text", page.voice.estimator(row["estimator"])),
    }
    if best is None:
        return page.lead("rule_few", **said)
    other = ("text", page.voice.estimator(best["estimator"]))
    return page.lead(
        "rule_used", **said, auc=("interval", row["auc"]), other=other, other_auc=("interval", best["auc"])
    )


def _leaks(page: Page) -> list[str]:
    rows = page.figures["leak_alarm"]["value"]
    if not page.figures["models"]["value"]:
        return []
    if not rows:
        return [page.lead("leak_silent")]
    features = list(dict.fromkeys(page.voice.feature(row["feature"]) for row in rows))
    return [page.lead("leak_rings", models=_named(page, rows), features=("text", page.voice.listed(features)))]


def _drifted(page: Page) -> list[str]:
    totals = page.figures["drift_total"]["value"]
    if not totals:
        return []
    if not any(row["judged"] for row in totals):
        return [page.lead("drift_few")]
    return [] if any(row["drifted"] for row in totals) else [page.lead("drift_none")]


def _associated(page: Page) -> list[str]:
    return [page.lead("associated")] if page.figures["coefficients"]["value"] else []


def survival(page: Page, /) -> Section:
    """How long people stay: the share not yet silent for 28 days, by days since the first act."""
    rows: list[dict[str, Any]] = [
        row for row in page.figures["survival"]["value"] if row["cohort"] == model_charts.EVERYBODY
    ]
    leads = [page.lead("survival", people=("count", rows[0]["people"]))] if rows else []
    return section(
        *("survival", page),
        leads=leads,
        grids=[_at_ages(page, rows)],
        charts=[model_charts.stays(page.charts), model_charts.cohorts(page.charts)],
    )


def _at_ages(page: Page, rows: list[Row]) -> Grid | None:
    """The share that stays beyond one, four, twelve and 26 weeks and a year, as far as it is known."""
    chosen = [row | {"stay": _span(row)} for row in rows if row["age_days"] in (7, 28, 84, 182, 364)]
    figure = page.figures["survival"] | {"value": chosen}
    return grid("survival", figure, columns=(("age_days", "count"), ("stay", "share_interval")), voice=page.voice)


def _span(row: Row) -> dict[str, Any]:
    return {"value": row["survival"], "low": row["low_95"], "high": row["high_95"]}
