"""The contract of models, names that last, and input that is too little."""

import numpy as np
import pandas as pd
import pytest

from lyceum import artifacts
from models.topics.labelling import Label, apart, dominant, first_words, labels
from models.topics.topic_model import NONE, TopicModel

SUBJECTS = {  # words by topic, mixed Chinese and English
    "理财": "基金 保险 财报 税务 投资 股票 budget index 资产 债券",
    "健康": "瑜伽 跑步 睡眠 营养 健身 颈椎 sleep diet 呼吸 饮食",
    "语言": "英语 语法 发音 口语 单词 听力 grammar accent 阅读 写作",
}


def shelf(texts=150, seed=0, subjects=SUBJECTS):
    rng = np.random.default_rng(seed)
    names = list(subjects)
    rows = []
    for number in range(texts):
        subject = names[number % len(names)]
        words = rng.choice(subjects[subject].split(), 12)
        common = rng.choice(["课程", "练习", "方法", "lesson"], 4)
        rows.append((f"d{number:03d}", "，".join(rng.permutation([*words, *common])), subject))
    return pd.DataFrame(rows, columns=["document_id", "text", "category"])


@pytest.fixture(scope="module")
def model():
    return TopicModel().fit(shelf(), seed=7)


def test_finds_names_and_shares(model):
    assert model.method == "lda" and "LDA ships" in model.why
    table = model.table()
    assert sorted(label[:2] for label in table["label_zh"]) == ["健康", "理财", "语言"]
    assert table["topic_id"].tolist() == [1, 2, 3] and table["stability"].min() > 0.9
    scored = model.score(shelf())
    assert scored.groupby("document_id")["weight"].sum().to_numpy() == pytest.approx(np.ones(150))
    main = scored.sort_values("weight").drop_duplicates("document_id", keep="last").merge(shelf(), on="document_id")
    assert main.groupby("category")["topic_id"].nunique().eq(1).all()


def test_labels_of_english_readers_show_english_words(model):
    label = next(label for label in model.labels if label.zh.startswith("理财"))
    assert any(word in label.en for word in ("budget", "index"))


def test_same_seed_same_result_in_any_order(model):
    again = TopicModel().fit(shelf().sample(frac=1.0, random_state=5), seed=7)
    pd.testing.assert_frame_equal(again.score(shelf()), model.score(shelf()), check_exact=True)
    mixed = model.score(shelf().sample(frac=1.0, random_state=6))
    pd.testing.assert_frame_equal(mixed, model.score(shelf()), check_exact=True)


def test_a_second_fit_forgets_the_first(model):
    used = TopicModel().fit(shelf(60, seed=9), seed=1).fit(shelf(), seed=7)
    pd.testing.assert_frame_equal(used.score(shelf()), model.score(shelf()), check_exact=True)
    assert used.fit(shelf(5), seed=7).method == NONE
    assert used.score(shelf()).empty and used.table().empty


def test_state_and_restore_change_nothing(model, tmp_path):
    artifacts.save(tmp_path / "model", model.state(), card={})
    stored = TopicModel.restore(artifacts.load(tmp_path / "model")[0])
    pd.testing.assert_frame_equal(stored.score(shelf()), model.score(shelf()), check_exact=True)
    pd.testing.assert_frame_equal(stored.table(), model.table())
    first = artifacts.save(tmp_path / "again", stored.state(), card={})
    assert first == artifacts.save(tmp_path / "model", model.state(), card={})


def test_nothing_fitted_can_be_stored_too(tmp_path):
    empty = TopicModel().fit(shelf(3), seed=1)
    artifacts.save(tmp_path / "model", empty.state(), card={})
    assert TopicModel.restore(artifacts.load(tmp_path / "model")[0]).why == empty.why


def test_an_empty_frame_gives_an_empty_table(model):
    empty = model.score(shelf().head(0))
    assert list(empty.columns) == list(TopicModel.outputs) and empty.empty
    pd.testing.assert_series_equal(empty.dtypes, model.score(shelf()).dtypes)


def test_texts_without_known_words_have_no_row(model):
    strange = pd.DataFrame({"document_id": ["a", "b", "c"], "text": ["", None, "完全不同的内容 unseen"]})
    assert model.score(strange).empty


def test_the_state_holds_no_text_and_no_id(model):
    frame = shelf().assign(speaker=[f"person-{number % 40}" for number in range(150)])
    frame.loc[0, "text"] += "，张三丰的电话 zhangsanfeng"
    told = TopicModel(fewest_people=10).fit(frame, seed=7)
    assert told.method == "lda"
    held = str({**told.state(), "topics": None})
    assert not any(name in held for name in ("person-", "d001", "张三丰", "zhangsanfeng"))


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (shelf(0), "0 texts with words"),
        (shelf(29), "29 texts with words"),
        (shelf(150).assign(text=""), "0 texts with words"),
        (shelf(150).assign(text=None), "0 texts with words"),
        (shelf(150).assign(text="基金 保险"), "0 words in use"),
        (shelf(40, subjects={"one": "apple pear plum"}), "words in use are fewer"),
    ],
)
def test_too_little_to_find_topics_in_is_explained(frame, why):
    fitted = TopicModel().fit(frame, seed=1)
    assert fitted.method == NONE and why in fitted.why
    assert fitted.score(shelf()).empty


def test_more_topics_than_there_can_be_are_cut_down():
    fitted = TopicModel(count=500).fit(shelf(40), seed=1)
    assert 2 <= len(fitted.ids) <= 20 and np.isfinite(fitted.topics.words).all()


def test_one_giant_text_is_no_topic_of_its_own(model):
    frame = shelf()
    frame.loc[0, "text"] = "，".join(["量子", "纠缠", "qubit"] * 50_000)
    fitted = TopicModel().fit(frame, seed=7)
    assert sorted(label.zh[:2] for label in fitted.labels) == ["健康", "理财", "语言"]


def test_a_new_fit_keeps_ids_and_labels_of_the_same_topics(model):
    grown = {**SUBJECTS, "音乐": "钢琴 吉他 乐理 合唱 节奏 旋律 melody rhythm 和声 唱歌"}
    new = TopicModel().fit(shelf(200, seed=3, subjects=grown), seed=7).known_as(model)
    before = dict(zip(model.ids.tolist(), model.labels, strict=True))
    now = dict(zip(new.ids.tolist(), new.labels, strict=True))
    assert {number: now[number] for number in before} == before
    assert set(now) == {1, 2, 3, 4} and now[4].zh.startswith("音乐")


def test_the_number_of_a_topic_that_is_gone_is_never_given_again(model):
    two = {name: SUBJECTS[name] for name in ("理财", "健康")}
    fewer = TopicModel().fit(shelf(150, seed=4, subjects=two), seed=7).known_as(model)
    assert len(fewer.ids) == 2 and set(fewer.ids.tolist()) < {1, 2, 3}
    music = {**two, "音乐": "钢琴 吉他 乐理 合唱 节奏 旋律 melody rhythm 和声 唱歌"}
    later = TopicModel().fit(shelf(150, seed=5, subjects=music), seed=7).known_as(fewer)
    assert set(later.ids.tolist()) == {*fewer.ids.tolist(), 4}


def test_first_words_weigh_what_is_more_frequent_here_than_elsewhere():
    topics = np.array([[0.50, 0.5], [0.45, 0.0], [0.05, 0.5]])
    assert first_words(topics, np.array([0.5, 0.2, 0.3]), ["all", "here", "there"], count=1) == [["here"], ["there"]]


def test_the_dominant_category_needs_half():
    mixes = np.array([[1.0, 0.5], [1.0, 0.4], [1.0, 0.1], [0.0, 9.0]])
    assert dominant(mixes, pd.Series(["x", "x", "y", None])) == ["x", None]
    assert dominant(mixes, pd.Series([None] * 4)) == [None, None]


def test_labels_by_hand():
    made = labels([["理财", "基金", "index", "税务"], ["瑜伽", "sleep", "跑步", "x"]], ["理财", None])
    assert made[0] == Label("理财（基金、index）", "理财 (index, 基金)")
    assert made[1] == Label("瑜伽、sleep、跑步", "sleep, x, 瑜伽")


def test_no_two_labels_are_alike():
    assert [label.zh for label in apart([Label("a", "b")] * 3)] == ["a", "a 2", "a 3"]
