"""Training of topics: of items, for people's interests, and of what people write. Found once, then anew every so many
weeks, under the numbers and labels of those known.

Fitted are words and numbers alone: no artifact holds a text, a person or a word that few people used.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lyceum import weeks
from models.topics.corpus import together
from models.topics.topic_model import NONE, TopicModel
from models.topics.voice import FEWEST_PEOPLE
from pipelines import champions
from pipelines.champions import Version
from pipelines.history import fingerprint
from pipelines.steps import WHY, Part, skipped
from pipelines.topic_texts import VOICE_DAYS, shelf, used, written
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

INTERESTS, VOICE = "topics", "voice"
MOST_TEXTS = 4_000  # that a model is fitted to; more of them change little and cost as much again


def train_topics(space: Workspace, as_of: date, /, *, asked: bool = False) -> Iterator[Part]:
    """Find and label the topics of items and of voices if that is due, or `asked` for; else those known go on."""
    for name in (INTERESTS, VOICE):
        before = champions.champion(space.ctx.home, name, as_of=as_of - weeks.WEEK)
        if asked or is_due(before, as_of, segment_weeks=space.ctx.settings.segment_weeks):
            yield (_of_items if name == INTERESTS else _of_voices)(space, as_of, before)
        else:
            yield Part(name, code="champion_kept", why=WHY["champion_kept"])


def is_due(before: Version | None, as_of: date, /, *, segment_weeks: int) -> bool:
    """Whether a week finds topics anew: there are none yet, or they are `segment_weeks` weeks old.

    Judged by the version of the week before, so that a week run again does what it did.
    """
    return before is None or as_of - before.trained_as_of >= weeks.WEEK * segment_weeks


def sample(texts: pd.DataFrame, /, *, most: int = MOST_TEXTS) -> pd.DataFrame:
    """At most so many of the texts, drawn by a hash of their ids: the same each time, hardly moved by new ones."""
    if len(texts) <= most:
        return texts
    order = texts["document_id"].map(lambda name: sha256(str(name).encode()).hexdigest())
    return texts.loc[order.sort_values(kind="stable").index[:most]].sort_values("document_id", ignore_index=True)


def own_words(texts: pd.DataFrame, /) -> list[str]:
    """The words of the platform's own, in order."""
    return sorted({word for words in texts["own"] for word in words})


def taken_together(rows: pd.DataFrame, texts: pd.DataFrame, /) -> "csr_matrix | None":
    """Which texts the same people take (see models.topics.corpus.together), in the order of document_id; None where
    nobody took anything.
    """
    from scipy.sparse import csr_matrix

    items = pd.Index(texts["document_id"].sort_values())
    taken = rows[rows["item_id"].isin(items)]
    if taken.empty:
        return None
    people, names = pd.factorize(taken["user_id"], sort=True)
    places = items.get_indexer(pd.Index(taken["item_id"]))
    return together(csr_matrix((np.ones(len(taken)), (people, places)), shape=(len(names), len(items))))


def _of_items(space: Workspace, as_of: date, before: Version | None) -> Part:
    settings, texts = space.ctx.settings, shelf(space, as_of)
    model = TopicModel(count=settings.topics, stop_words=settings.stop_words, own_words=own_words(texts))
    near = taken_together(used(space, as_of), texts)
    return _trained(space, INTERESTS, model, texts, as_of, before, near=near)


def _of_voices(space: Workspace, as_of: date, before: Version | None) -> Part:
    """Categories and tags of items are words there too; how many topics is not what the settings fix for items."""
    texts = sample(written(space, as_of, days=VOICE_DAYS))
    own = own_words(shelf(space, as_of))
    model = TopicModel(stop_words=space.ctx.settings.stop_words, own_words=own, fewest_people=FEWEST_PEOPLE)
    return _trained(space, VOICE, model, texts, as_of, before)


def _trained(
    space: Workspace,
    name: str,
    model: TopicModel,
    texts: pd.DataFrame,
    as_of: date,
    before: Version | None,
    /,
    *,
    near: "csr_matrix | None" = None,
) -> Part:
    """Fit the model and store it as the version of the week, unless it is there from the same texts and settings."""
    seed = space.ctx.settings.seed
    mark = _mark(texts, model, before, near, seed=seed)
    stored = _stored(space, name, as_of)
    if stored and stored.card.get("mark") == mark:
        return Part(name, rows=len(texts), digest=stored.digest[:16], why=stored.card["why"])
    model.fit(texts, seed=seed, near=near)
    if model.method == NONE and before is not None:
        return Part(name, code="champion_kept", why=f"{WHY['champion_kept']} {model.why}")
    if model.method == NONE:
        return skipped(name, "no_texts", detail=model.why)
    if before is not None:
        model.known_as(TopicModel.restore(before.state))
    card = {**_card(model, texts, as_of), "mark": mark, "enough": True}
    digest = champions.keep_at_once(space.ctx.home, name, model, as_of=as_of, card=card, why=model.why)
    return Part(name, rows=len(texts), digest=digest[:16], why=model.why)


def _card(model: TopicModel, texts: pd.DataFrame, as_of: date) -> dict[str, Any]:
    """What people should know: the labels, the figures of LDA and of NMF, which it must beat, every number tried."""
    common = {"slice": "all", "rows": len(texts), "measured_on": str(as_of), "note": model.why}
    figures = [
        {**common, "estimator": row["method"], "role": role, "metric": metric, "value": row[metric]}
        for row, role in zip(model.compared, ("champion", "baseline"), strict=False)
        for metric in ("perplexity", "stability", "coherence_npmi")
    ]
    return {
        "why": model.why,
        "names": model.table().drop(columns=["words", "stability"]).astype("object").to_dict("records"),
        "metrics": figures,
        "evidence": [dict(row) for row in model.evidence],
    }


def _mark(
    texts: pd.DataFrame, model: TopicModel, before: Version | None, near: "csr_matrix | None", *, seed: int
) -> str:
    """What tells this training apart: its texts, the settings, and the version whose names it may keep."""
    beside: Mapping[str, object] = {
        **{"seed": seed, "count": model.count, "stop_words": model.stop_words, "own_words": model.own_words},
        "before": before.digest if before else "",
        "near": "" if near is None else sha256(near.data.tobytes() + near.indices.tobytes()).hexdigest(),
    }
    return fingerprint(texts[["document_id", "text"]].assign(as_of=""), beside)


def _stored(space: Workspace, name: str, as_of: date) -> Version | None:
    """The version of the week, if its run trained one."""
    home = space.ctx.home
    return champions.load(home, name, as_of) if as_of in champions.versions(home, name) else None
