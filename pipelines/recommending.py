"""Training of the recommendations: contenders measured on the last four weeks, and the name of the one that ships.

Contenders are fitted on what was known four weeks ago and measured on the weeks since. Their settings and the weights
of the hybrid come from the two weeks before that, so that nothing is judged by what it was chosen for. What was
measured is what ships, learnt anew every week from what is known then: an artifact holds settings and no person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from lyceum import weeks
from models.recommendation.comparing import Comparison, compare, mean_interval
from models.recommendation.evaluation import list_similarity, ndcg_at_k, new_pairs
from models.recommendation.hybrid import Hybrid
from models.recommendation.interactions import gathered
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from models.recommendation.reranking import attention_gap, scored_lists
from pipelines import champions, recommenders
from pipelines.card_words import words
from pipelines.cards import lake_versions
from pipelines.context import Context
from pipelines.history import fingerprint
from pipelines.recommendation_weeks import Week, week
from pipelines.steps import WHY, Part, skipped
from pipelines.workspace import Workspace

NAME = "recommendation"
MEASURED_DAYS = 28
EARLIER_DAYS = (MEASURED_DAYS + 14, MEASURED_DAYS + 7)  # Mondays whose weeks after them choose settings and weights
MEASURED_AT = (10, 20)
CHOSEN_BY = "ndcg_at_10"
DIVERSE = "_diverse"  # behind the name of the estimator whose lists are put in another order
LEAST_PEOPLE = 30  # measured on: drawing from fewer says little of how sure a difference is
NOTE = "people with something new in the four weeks after"


@dataclass(frozen=True)
class Choice:
    """What ships, the figures it was chosen by, and the settings of all contenders."""

    estimator: str
    found: Comparison
    settings: Mapping[str, Mapping[str, Any]]

    @property
    def code(self) -> str:
        """rule_ships where nothing beats popularity."""
        return "rule_ships" if self.estimator == Popularity.name else ""


def train_recommendation(space: Workspace, as_of: date, /, *, asked: bool = False) -> Part:
    """Keep the recommender that was best on the last four weeks; only if it is due, or if a person asked for it."""
    ctx = space.ctx
    if not asked and not _is_due(ctx, as_of):
        return Part(NAME, code="champion_kept", why=WHY["champion_kept"])
    now = week(space, as_of)
    if now.used.empty:
        return skipped(NAME, "no_items")
    before = champions.champion(ctx.home, NAME, as_of=as_of - weeks.WEEK)
    mark = _mark(ctx, now, before)
    if as_of in champions.versions(ctx.home, NAME):
        stored = champions.load(ctx.home, NAME, as_of)
        if stored.card.get("data", {}).get("fingerprint") == mark:
            why = stored.card["decision"]["why"]
            champions.settle(ctx.home, NAME, as_of=as_of, promoted=True, why=why)  # also after a kill before it
            return _part(stored.card, stored.digest)
    *earlier, judged = (week(space, as_of - timedelta(days=days)) for days in (*EARLIER_DAYS, MEASURED_DAYS))
    choice = chosen(earlier, judged, now, before=before, ctx=ctx)
    card = _card(ctx, choice, now, judged, mark)
    model = recommenders.bare(choice.estimator, choice.settings.get(choice.estimator, {}))
    digest = champions.keep_at_once(ctx.home, NAME, model, as_of=as_of, card=card, why=WHY.get(choice.code, ""))
    return _part(card, digest)


def chosen(
    earlier: Sequence[Week], judged: Week, now: Week, /, *, before: champions.Version | None, ctx: Context
) -> Choice:
    """Measure the contenders on what people had new between `judged` and `now`, set by what they had new before.

    The champion `before` stays unless the best beats it, and whatever ships must beat popularity: its paired 95 %
    interval of NDCG@10 over people (bootstrap) lies above 0.
    """
    seed = ctx.settings.seed
    start = before.card.get("tuned", {}) if before else {}
    settings = recommenders.tuned_settings(
        *(earlier[0], judged), start=start, budget_seconds=ctx.settings.recommendation_tuning_seconds, seed=seed
    )
    names = recommenders.contenders(judged)
    if Hybrid.name in names:
        parts = {name: settings.get(name, {}) for name in recommenders.collaborative(judged)}
        settings[Hybrid.name] = recommenders.taught_settings((*earlier, judged), {"parts": parts}, seed=seed)
    models = [recommenders.made(name, judged, settings.get(name, {})) for name in names]
    asked = recommenders.few(now.used, people=recommenders.PEOPLE_MEASURED)
    found = compare(models, judged.used, asked, k=MEASURED_AT, ages=judged.ages, seed=seed)
    best = _best(found, before.estimator if before else "", seed)
    share = ctx.settings.recommendation_diversity
    if share and best != Popularity.name:
        found = with_diverse(found, models[names.index(best)], judged, asked, share=share)
    return Choice(best, found, settings)


def with_diverse(
    found: Comparison, model: Recommender, judged: Week, asked: pd.DataFrame, /, *, share: float
) -> Comparison:
    """`found` and what diversity costs and gains: the same lists in the order that ships, measured as one more.

    attention_gap (see models.recommendation.reranking) is of both; teachers' attention is held against what the
    longer lists, from which the diverse ones are picked, say that they deserve.
    """
    known, wanted = gathered(judged.used), new_pairs(judged.used, asked)
    k, name = max(MEASURED_AT), f"{model.name}{DIVERSE}"
    longer = scored_lists(model, wanted["user_id"], k=recommenders.longer(k))
    other = recommenders.varied(longer, model, judged, k=k, diversity=share)
    gained, people = ndcg_at_k(other, wanted, k=MEASURED_AT[0]), wanted["user_id"].nunique()
    authors = judged.catalogue.dropna(subset="author_id").set_index("item_id")["author_id"]
    both = {model.name: longer[longer["rank"] <= k], name: other} if len(authors) else {}
    rows = [
        (name, CHOSEN_BY, "all", float(gained.mean()), people),
        (name, "list_similarity", "all", list_similarity(other, known, k=k), people),
        *(
            (of, "attention_gap", "all", attention_gap(each, longer, authors=authors), people)
            for of, each in both.items()
        ),
    ]
    figures = pd.concat([found.figures, pd.DataFrame(rows, columns=found.figures.columns)], ignore_index=True)
    return Comparison(figures, found.by_user.assign(**{name: gained}))


def _is_due(ctx: Context, as_of: date) -> bool:
    """Judged by the weeks before, so that a week run again does what it did."""
    earlier = [day for day in champions.versions(ctx.home, NAME) if day < as_of]
    return not earlier or as_of - max(earlier) >= weeks.WEEK * ctx.settings.retrain_weeks


def _mark(ctx: Context, now: Week, before: champions.Version | None) -> str:
    """What tells this training apart: who had what, the shelf, the settings, and what scored before."""
    shelf = now.catalogue.assign(published_at=now.catalogue["published_at"].astype(str))
    names = ("seed", "recommendation_tuning_seconds", "recommendation_diversity", "interaction_days")
    beside = {
        "shelf": fingerprint(shelf.assign(as_of=now.as_of), {}),
        "champion": before.digest if before else "",
        "contenders": recommenders.contenders(now),
        **{name: getattr(ctx.settings, name) for name in names},
    }
    return fingerprint(now.used.assign(as_of=now.as_of), beside)


def _best(found: Comparison, incumbent: str, seed: int) -> str:
    if len(found.by_user) < LEAST_PEOPLE:
        return Popularity.name
    best = str(found.by_user.mean().idxmax())
    if incumbent in found.by_user and found.gain(best, incumbent, seed=seed).low <= 0:
        best = incumbent
    return best if found.gain(best, Popularity.name, seed=seed).low > 0 else Popularity.name


def _part(card: Mapping[str, Any], digest: str) -> Part:
    code = "rule_ships" if card["rule_ships"] else ""
    return Part(NAME, rows=card["data"]["rows"], digest=digest[:16], code=code, why=WHY.get(code, ""))


def _card(ctx: Context, choice: Choice, now: Week, judged: Week, mark: str) -> dict[str, Any]:
    """As reports.cards shows it; `tuned` are the settings that the next training starts from."""
    single = {name: settings for name, settings in choice.settings.items() if name != Hybrid.name}
    return {
        "model": NAME,
        "trained_as_of": str(now.as_of),
        **words(NAME, days=MEASURED_DAYS),
        "settings": single.get(choice.estimator, {}),
        "seed": ctx.settings.seed,
        "data": {
            "weeks": [str(judged.as_of), str(now.as_of)],
            "rows": len(now.used),
            "people": int(now.used["user_id"].nunique()),
            "lake": lake_versions(ctx),
            "fingerprint": mark,
        },
        "tuned": single,
        "metrics": _lines(choice, judged.as_of, seed=ctx.settings.seed),
        "comparisons": _comparisons(choice, seed=ctx.settings.seed),
        "rule_ships": bool(choice.code),
    }


def _lines(choice: Choice, measured_on: date, /, *, seed: int) -> list[dict[str, object]]:
    """Rows of quality.model_metrics; the figure that decided has its interval."""
    figures = choice.found.figures.astype({"value": "object"})
    roles = {
        choice.estimator: "champion",
        **{name: "baseline" for name in recommenders.RULES if name != choice.estimator},
    }
    lines = figures.assign(
        role=[roles.get(name, "challenger") for name in figures["estimator"]],
        measured_on=str(measured_on),
        note=NOTE,
    )
    kept = [{str(key): value for key, value in line.items()} for line in lines.astype("object").to_dict("records")]
    for line in kept:
        if line["metric"] == CHOSEN_BY and line["slice"] == "all":
            gains = choice.found.by_user[str(line["estimator"])].to_numpy()
            _, line["low_95"], line["high_95"] = mean_interval(gains, seed=seed)
        if line["value"] != line["value"]:
            line["value"] = None  # a list of one item has no similarity
    return kept


def _comparisons(choice: Choice, /, *, seed: int) -> list[dict[str, object]]:
    """By how much what ships is better than each other contender, on the same people."""
    rows = []
    for name in choice.found.by_user.columns.drop(choice.estimator, errors="ignore"):
        value, low, high = choice.found.gain(choice.estimator, name, seed=seed)
        gap: dict[str, object] = {"value": value, "low_95": low, "high_95": high}
        rows.append({"versus": name, "metric": CHOSEN_BY, "slice": "all", **gap})
    return rows
