"""Topics of a stored log: found, kept under their labels, and scored; what is taken down or said by few stays out."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lyceum.home import Home, Platform
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import canonical, marts, topics
from pipelines import champions
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.score_topics import topic_tables
from pipelines.topic_texts import shelf, used, written
from pipelines.train_topics import INTERESTS, VOICE, sample, taken_together, train_topics
from pipelines.workspace import workspace

AS_OF = date(2026, 6, 1)
LATER = AS_OF + timedelta(weeks=12)
NOW = datetime(2026, 9, 1, tzinfo=UTC)
BATCH = {"source": "s", "batch_id": "b", "ingested_at": NOW}
WORDS = {
    "理财": "基金 保险 财报 税务 投资 股票 资产 债券 利率 预算",
    "健康": "瑜伽 跑步 睡眠 营养 健身 颈椎 呼吸 饮食 体重 心率",
    "语言": "英语 语法 发音 口语 单词 听力 阅读 写作 翻译 词典",
}
SPOKEN = {
    "review": "老师 清楚 例子 声音 内容 节奏 板书 课件",
    "complain": "退款 客服 扣费 订单 发票 等待 回复 卡顿",
    "post": "作业 证书 进度 提醒 小组 时间 同学 笔记",
}
NAMES = list(WORDS)


def items(rng, *, described=True):
    rows = []
    for number in range(90):
        category = NAMES[number % 3]
        words = "，".join(rng.choice(WORDS[category].split(), 10)) if described else None
        told = {"item_id": f"i{number:02d}", "kind": "course", "title": words, "category": category, **BATCH}
        rows.append({**told, "description": words, "tags": f"{category}|训练" if described else None})
    return rows


def event(number, user, kind, ago, as_of=AS_OF, **more):
    day = as_of - timedelta(days=ago)
    return {
        **{"event_id": f"e{number:05d}", "user_id": user, "event_type": kind, "event_date": day, **BATCH},
        **{"occurred_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC), **more},
    }


def log(rng, as_of, first):
    """Everybody learns of one category; they say things, of which complaints double in the last 28 days."""
    events, posts = [], []
    for person in range(120):
        for _ in range(8):
            item = f"i{int(rng.integers(30)) * 3 + person % 3:02d}"
            ago = int(rng.integers(1, 80))
            events.append(event(first + len(events), f"u{person:03d}", "learn", ago, as_of, item_id=item))
    plan = [("review", "rate", 60, 60), ("complain", "complain", 60, 20), ("post", "post", 60, 60)]
    for kind, event_type, now, before in plan:
        for number in range(now + before):
            ago = int(rng.integers(1, 29)) if number < now else int(rng.integers(29, 57))
            name, user = f"{event_type}{first + number}", f"u{number % 120:03d}"
            asks = {"properties": '{"question":true}'} if kind == "post" else {}
            events.append(event(first + len(events), user, event_type, ago, as_of, object_id=name, **asks))
            body = "，".join(rng.choice(SPOKEN[kind].split(), 8))
            posts.append({"object_id": name, "user_id": user, "body": body, **BATCH})
    return events, posts


def context(folder, *, described=True, **settings):
    rng = np.random.default_rng(3)
    platform = Platform("small", "demo", folder, "Asia/Shanghai", "CNY", "zh")
    ctx = Context(Settings(**settings), Home(folder / "home"), platform, NOW, print)
    first, second = log(rng, AS_OF, 0), log(rng, LATER, 50_000)
    events, posts = ([*before, *after] for before, after in zip(first, second, strict=True))
    special = [
        event(40_001, "spammer", "post", 5, object_id="spam"),
        event(40_002, "spammer", "remove", 4, object_id="spam", target_user_id="spammer"),
        event(40_003, "member of staff", "post", 5, object_id="staff"),
        event(40_004, "u001", "complain", 5, properties='{"text":"退款太慢"}'),
        event(40_005, "u002", "post", 5, object_id="asked"),
        event(40_006, "u003", "post", 5, object_id="told", properties="no json"),
        event(40_007, "u004", "answer", 5, object_id="reply"),
    ]
    said = {"spam": "spammer", "staff": "member of staff", "asked": "u002", "told": "u003", "reply": "u004"}
    bodies = {"asked": "证书怎么领？", "told": "今天的笔记"}
    more = [
        {"object_id": name, "user_id": user, "body": bodies.get(name, "别的"), **BATCH} for name, user in said.items()
    ]
    for table, rows in (
        (canonical.EVENTS, [*events, *special]),
        (canonical.POSTS, [*posts, *more]),
        (canonical.ITEMS, items(rng, described=described)),
        (
            canonical.ROLES,
            [{"user_id": "member of staff", "role": "staff", "from": datetime(2020, 1, 1, tzinfo=UTC), **BATCH}],
        ),
    ):
        ctx.lake.append(table, pa.Table.from_pylist(rows, schema=table.arrow()).to_reader())
    return ctx


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    return context(tmp_path_factory.mktemp("topics"))


@pytest.fixture(scope="module")
def trained(ctx):
    with workspace(ctx) as space:
        return [[*train_topics(space, week)] for week in (AS_OF, AS_OF + timedelta(weeks=1), LATER)]


def people():
    return pd.DataFrame(
        {"user_id": [f"u{n:03d}" for n in range(120)], "segment_id": [1.0 + n % 3 for n in range(120)]}
    )


def scored(ctx, as_of=AS_OF, whom=None):
    """The parts, and the rows of each table."""
    with workspace(ctx) as space:
        parts = [*topic_tables(Keeper(space, as_of), whom)]
        rows = {
            table.short: space.stored(
                ctx.scored, with_history(table), where=f"as_of = DATE '{as_of}'", order=table.key
            )
            for table in (*topics.TABLES, marts.INTERESTS)
        }
    return parts, rows


def test_what_people_write(ctx):
    with workspace(ctx) as space:
        found = written(space, AS_OF, days=84).set_index("document_id")
    assert found["kind"].value_counts().to_dict() == {"review": 120, "complaint": 81, "question": 121, "post": 1}
    assert found.loc["e40004", "text"] == "退款太慢" and found.loc["e40004", "kind"] == "complaint"
    assert found.loc["e40005", "kind"] == "question" and found.loc["e40006", "kind"] == "post"
    assert not {"e40001", "e40003", "e40007"} & set(found.index)  # taken down, by staff, a reply


def test_texts_of_items(ctx):
    with workspace(ctx) as space:
        texts, taken = shelf(space, AS_OF), used(space, AS_OF)
    assert len(texts) == 90 and texts["text"].str.contains("训练").all()
    assert texts["own"][0] == ["理财", "训练", "理财"]
    near = taken_together(taken, texts).toarray()
    assert near.shape == (90, 90) and near[0, 1::3].sum() + near[0, 2::3].sum() == 0  # of another category
    assert taken_together(taken.head(0), texts) is None


def test_trained_once_and_again_when_due(ctx, trained):
    assert [[part.code for part in parts] for parts in trained] == [["", ""], ["champion_kept"] * 2, ["", ""]]
    assert champions.versions(ctx.home, INTERESTS) == champions.versions(ctx.home, VOICE) == [AS_OF, LATER]
    digests = [part.digest for part in trained[0]]
    with workspace(ctx) as space:
        assert [part.digest for part in train_topics(space, AS_OF)] == digests


def test_labels_outlive_a_new_fit(ctx, trained):
    for name in (INTERESTS, VOICE):
        old, new = (champions.load(ctx.home, name, week).card["names"] for week in (AS_OF, LATER))
        assert all(row in new for row in old)
        assert {metric["metric"] for metric in champions.load(ctx.home, name, AS_OF).card["metrics"]} >= {"stability"}


def test_no_artifact_names_a_person(ctx, trained):
    files = [file for file in ctx.home.models.rglob("*") if file.is_file() and file.suffix == ".json"]
    assert files and not any("u001" in file.read_text(encoding="utf-8") for file in files)


def test_topics_and_interests(ctx, trained):
    parts, rows = scored(ctx, whom=people())
    assert [part.part for part in parts] == [
        *("marts.topics", "marts.interests", "marts.segment_interests", "marts.voice_topics")
    ]
    found = rows["topics"]
    assert [label[:2] for label in sorted(found["topic"])] == ["健康", "理财", "语言"]
    assert found["method"].eq("lda").all() and found["share"].sum() == pytest.approx(1)
    assert all(isinstance(json.loads(words), list) for words in found["words"])
    own = rows["interests"].groupby("user_id")["weight"]
    assert own.sum().to_numpy() == pytest.approx(np.ones(120)) and own.max().min() > 0.9
    segments = rows["segment_interests"]
    assert segments["people"].min() >= 10
    assert segments.loc[segments.groupby("segment_id")["lift"].idxmax(), "lift"].to_numpy() == pytest.approx(
        [3, 3, 3], abs=0.2
    )


def test_voices(ctx, trained):
    found = scored(ctx, whom=people())[1]["voice_topics"]
    grown = found[found["kind"] == "complaint"].sort_values("people").iloc[-1]
    assert (grown["people"], grown["people_before"]) == (60, 20) or grown["people"] == 59
    assert grown["trend"] > 2 and grown["low_95"] > 1 and grown["unusual"]
    assert any(word in grown["topic"] for word in SPOKEN["complain"].split())
    steady = found[found["kind"].isin(["review", "question"])]
    assert not steady["unusual"].any()
    assert found["people"].dropna().min() >= 10


def test_the_same_in_every_run(ctx, trained):
    one, other = (scored(ctx, whom=people())[1] for _ in range(2))
    for name, rows in one.items():
        pd.testing.assert_frame_equal(rows, other[name], check_exact=True)


def test_without_segments_nothing_is_said_of_them(ctx, trained):
    parts, rows = scored(ctx)
    assert [part.code for part in parts] == ["", "", "too_few_users", ""]
    assert rows["voice_topics"]["top_segments"].eq("[]").all()


def test_without_texts_categories_stand_in(tmp_path):
    ctx = context(tmp_path, described=False, stop_words=tuple(" ".join(SPOKEN.values()).split()), topics=3)
    with workspace(ctx) as space:
        parts = [*train_topics(space, AS_OF)]
    assert [part.code for part in parts] == ["no_texts", "no_texts"]
    assert "words in use" in parts[0].why and parts[0].status == "skipped"
    parts, rows = scored(ctx, whom=people())
    assert [part.code for part in parts] == ["", "", "", "no_texts"]
    assert rows["topics"]["topic"].tolist() == NAMES or sorted(rows["topics"]["topic"]) == sorted(NAMES)
    assert rows["topics"]["method"].eq("category").all() and rows["interests"]["weight"].eq(1.0).all()


def test_without_items_nothing_is_said(tmp_path):
    platform = Platform("small", "demo", tmp_path, "Asia/Shanghai", "CNY", "zh")
    ctx = Context(Settings(), Home(tmp_path / "home"), platform, NOW, print)
    rows = pa.Table.from_pylist([event(1, "u", "view", 3)], schema=canonical.EVENTS.arrow())
    ctx.lake.append(canonical.EVENTS, rows.to_reader())
    with workspace(ctx) as space:
        assert [part.code for part in train_topics(space, AS_OF)] == ["no_texts", "no_texts"]
    parts, _ = scored(ctx)
    assert [part.code for part in parts] == ["no_items", "no_items", "no_items", "no_texts"]
    assert "No item has a category" in parts[0].why


def test_the_sample_of_texts_hangs_on_their_ids_alone():
    texts = pd.DataFrame({"document_id": [f"d{number}" for number in range(100)]})
    drawn = set(sample(texts, most=30)["document_id"])
    assert len(drawn) == 30
    assert set(sample(texts.sample(frac=1, random_state=1), most=30)["document_id"]) == drawn
    assert len(drawn & set(sample(texts.head(90), most=30)["document_id"])) >= 25
    assert sample(texts.head(5), most=30) is not None
