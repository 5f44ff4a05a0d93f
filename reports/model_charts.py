"""The charts about models and about how long people stay; each is None without enough to draw."""

from typing import Any

from reports import estimates
from reports.charts import Chart, Charts
from reports.predictions import MODELS, RULES
from reports.query import Row, known
from reports.voice import Voice

ROLES = ("champion", "challenger", "baseline")
EVERYBODY = "all"
HALF = 0.5


def _name(charts: Charts, model: str) -> str:
    return charts.words.known("models", model) or model


def contest(charts: Charts, /) -> Chart | None:
    """AUC of what is used, with its interval, beside challengers and rules; the scale starts where guessing lies."""
    rows = [row for row in charts.figures["contenders"]["value"] if row["auc"]]
    compared = [row["model"] for row in rows if row["role"] == "baseline"]
    rows = [row for row in rows if row["model"] in compared]
    used = [row for row in rows if row["role"] == "champion"]
    if not used:
        return None
    roles = {role: charts.words(f"roles.{role}") for role in ROLES}
    values = [
        {"name": _name(charts, row["model"]), "role": roles.get(row["role"], row["role"]), **row["auc"]}
        for row in rows
    ]
    names = list(dict.fromkeys(value["name"] for value in values))
    spec = estimates.contest(values, list(roles.values()), names, title=charts.words("charts.auc"))
    learnt = [row for row in used if row["estimator"] not in RULES]
    counts = {"learnt": charts.formats.exact(len(learnt)), "all": charts.formats.exact(len(used))}
    title = "contest_all" if len(learnt) == len(used) else "contest"
    return charts.made("contenders", title, spec, alt="contest_alt", **counts)


def reliability(charts: Charts, /) -> Chart | None:
    """What was predicted beside what happened, one panel a prediction."""
    rows = [row for row in charts.figures["reliability"]["value"] if known(row["people"]) and known(row["observed"])]
    if not rows:
        return None
    values = [value for model in MODELS for value in _panel([row for row in rows if row["model"] == model], charts)]
    titles = (charts.words("charts.predicted"), charts.words("charts.observed"))
    worst = max(abs(row["predicted"] - row["observed"]) for row in rows)
    return charts.made(
        *("reliability", "reliability", estimates.reliability(values, titles=titles)),
        gap=charts.words("change.plain_points", value=charts.formats.tenth(100 * worst)),
    )


def _panel(rows: list[Row], charts: Charts) -> list[Row]:
    """The points of one prediction, and the two ends of the line on which both are the same."""
    if not rows:
        return []
    fixed = {"name": _name(charts, rows[0]["model"]), "place": MODELS.index(rows[0]["model"])}
    points = [
        {name: row[name] for name in ("predicted", "observed")} | {"low": row["low_95"], "high": row["high_95"]}
        for row in rows
    ]
    top = max(max(point["predicted"], point["high"] or point["observed"]) for point in points)
    ends: list[dict[str, Any]] = [{"predicted": end, "ideal": end} for end in (0, top)]
    return [fixed | each for each in (*points, *ends)]


def odds(charts: Charts, voice: Voice, /) -> list[Chart]:
    """For each prediction with coefficients the odds ratios of its columns, in the order of the figure."""
    every = charts.figures["coefficients"]["value"]
    drawn = []
    for model in dict.fromkeys(row["model"] for row in every):
        values = [_ratio(row, voice) for row in every if row["model"] == model]
        spec = estimates.odds(values, title=charts.words("charts.odds_axis"))
        said = {"model": _name(charts, model), "count": charts.formats.exact(len(values))}
        drawn.append(charts.made("coefficients", "odds", spec, **said))
    return drawn


def _ratio(row: Row, voice: Voice) -> Row:
    span = {"value": row["odds_ratio"], "low": row["odds_low_95"], "high": row["odds_high_95"]}
    return {"name": voice.feature(row["feature"]), "label": voice.formats.ratio_interval(span), **span}


def stays(charts: Charts, /) -> Chart | None:
    """The share of everybody that stays beyond each age, with its band."""
    rows = [row for row in charts.figures["survival"]["value"] if row["cohort"] == EVERYBODY]
    if len(rows) < 2:
        return None
    spec = estimates.curve([_step(row) for row in rows], title=charts.words("charts.age"))
    last = rows[-1]
    share, age = charts.formats.percent(last["survival"]), charts.formats.exact(last["age_days"])
    half = next((row["age_days"] for row in rows if row["survival"] <= HALF), None)
    if half is None:
        return charts.made("survival", "stays", spec, share=share, age=age)
    return charts.made("survival", "stays_half", spec, half=charts.formats.exact(half), share=share, age=age)


def _step(row: Row) -> Row:
    """A point of the curve; where there is no interval the band is as thin as the line."""
    value = row["survival"]
    low, high = (value if row[end] is None else row[end] for end in ("low_95", "high_95"))
    return {"age": row["age_days"], "value": value, "low": low, "high": high}


def cohorts(charts: Charts, /) -> Chart | None:
    """The curve of each of the newest weekly cohorts over everybody's, one panel each, newest last."""
    rows = charts.figures["survival"]["value"]
    names = sorted({row["cohort"] for row in rows if row["cohort"] != EVERYBODY and row["age_days"] > 0})
    if len(names) < 2:
        return None
    longest = max(row["age_days"] for row in rows if row["cohort"] in names)
    everybody = [row for row in rows if row["cohort"] == EVERYBODY and row["age_days"] <= longest]
    values = []
    for place, name in enumerate(names):
        mine = [row for row in rows if row["cohort"] == name]
        people = charts.formats.count(mine[0]["people"])
        fixed = {"place": place, "name": charts.words("charts.cohort", day=charts.formats.day(name), people=people)}
        values += [fixed | _step(row) for row in mine]
        values += [fixed | {"age": row["age_days"], "everybody": row["survival"]} for row in everybody]
    spec = estimates.curves(values, title=charts.words("charts.age_short"))
    return charts.made("survival", "cohorts", spec, count=charts.formats.exact(len(names)))
