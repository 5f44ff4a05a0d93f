"""Scored tables about what people care for: topics, interests of people and segments, and what people write about."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from lyceum.tables import marts, topics
from models.topics import interests, voice
from models.topics.topic_model import TopicModel
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.topic_texts import TREND_DAYS, shelf, used, written
from pipelines.train_topics import INTERESTS, VOICE

CATEGORY = "category"  # the method where categories stand in for topics
NOBODY = pd.DataFrame({"user_id": pd.Series(dtype="str"), "segment_id": pd.Series(dtype="float64")})


def topic_tables(keeper: Keeper, people: pd.DataFrame | None, /) -> Iterator[Part]:
    """topics, interests, segment_interests and voice_topics; `people` has user_id and segment_id, None without.

    Where no topics were found, the categories of items are the topics; where these are unknown too, nothing is said.
    """
    texts = shelf(keeper.space, keeper.as_of)
    found, of_items = _topics(_model(keeper, INTERESTS), texts)
    if found.empty:
        for table in (topics.TOPICS, marts.INTERESTS, topics.SEGMENT_INTERESTS):
            yield keeper.skip(table, "no_items", detail="No item has a category, and too few have a text.")
    else:
        yield from _interests(keeper, found, of_items, people)
    yield _voices(keeper, people)


def _model(keeper: Keeper, name: str) -> TopicModel | None:
    held = champions.champion(keeper.space.ctx.home, name, as_of=keeper.as_of)
    return TopicModel.restore(held.state) if held else None


def _topics(model: TopicModel | None, texts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The topics in a row each, and item_id, topic, weight; without a model, the categories."""
    if model is None:
        return _categories(texts)
    found = model.table().assign(topic=lambda rows: rows["label_zh"])
    scored = model.score(texts).merge(found[["topic_id", "topic"]], on="topic_id")
    return found, scored.rename(columns={"document_id": "item_id"})[["item_id", "topic", "weight"]]


def _categories(texts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    told = texts.loc[texts["category"].notna(), ["document_id", "category"]]
    names = sorted(told["category"].unique())
    found = pd.DataFrame({"topic_id": range(1, len(names) + 1), "topic": names}).assign(
        label_zh=names,
        label_en=names,
        words=pd.Series([[] for _ in names], dtype="object"),
        stability=float("nan"),
        method=CATEGORY,
    )
    return found, told.set_axis(["item_id", "topic"], axis="columns").assign(weight=1.0)


def _interests(
    keeper: Keeper, found: pd.DataFrame, of_items: pd.DataFrame, people: pd.DataFrame | None
) -> Iterator[Part]:
    cared = interests.of_people(used(keeper.space, keeper.as_of), of_items)
    share = found["topic"].map(interests.shares(cared)).astype("float64").fillna(0.0)
    yield keeper.keep(topics.TOPICS, found.assign(share=share, words=_listed(found["words"])))
    yield keeper.keep(marts.INTERESTS, cared, if_empty="no_items")
    segments = interests.of_segments(cared, NOBODY if people is None else people)
    yield keeper.keep(topics.SEGMENT_INTERESTS, segments, if_empty="too_few_users")


def _voices(keeper: Keeper, people: pd.DataFrame | None) -> Part:
    model = _model(keeper, VOICE)
    if model is None:
        return keeper.skip(topics.VOICE_TOPICS, "no_texts")
    texts = written(keeper.space, keeper.as_of, days=2 * TREND_DAYS)
    texts["now"] = pd.to_datetime(texts["event_date"]) >= pd.Timestamp(_first_day(keeper.as_of))
    segments = NOBODY if people is None else people[["user_id", "segment_id"]]
    comparable = keeper.space.first_day() <= keeper.as_of - timedelta(days=2 * TREND_DAYS)
    rows = voice.voiced(texts, model.score(texts), segments, comparable=comparable)
    named = rows.merge(model.table().assign(topic=lambda told: told["label_zh"]), on="topic_id")
    return keeper.keep(topics.VOICE_TOPICS, named.assign(words=_listed(named["words"])), if_empty="no_texts")


def _first_day(as_of: date) -> date:
    return as_of - timedelta(days=TREND_DAYS)


def _listed(words: "pd.Series[str]") -> list[str]:
    return [json.dumps(each, ensure_ascii=False) for each in words]
