import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.topics.words import Cutter, folded, is_chinese, stop_words


def test_chinese_is_cut_and_english_kept_whole():
    assert Cutter()("面向想系统学习数据分析的学员，共12节") == ["面向", "系统", "学习", "数据分析", "学员"]
    assert Cutter()("Learn Python3 and C++, c# too") == ["learn", "python3", "c++", "c#"]


def test_mixed_text_is_cut_where_the_writing_changes():
    assert Cutter()("用Python做机器学习") == ["python", "机器", "学习"]


def test_full_width_and_case_are_folded():
    assert Cutter()("ＣｈａｔＧＰＴ ChatGPT chatgpt") == ["chatgpt"] * 3
    assert folded("Ａ１") == "a1"


def test_digits_single_characters_and_stop_words_are_no_words():
    assert Cutter()("第 3 节 2026 a x 的 the 如何 我们") == []


def test_words_of_the_platform_are_not_cut_apart():
    assert Cutter()("个税筹划与亲密关系") == ["筹划", "亲密关系"]
    assert Cutter(own=["个税筹划"])("个税筹划与亲密关系") == ["个税筹划", "亲密关系"]
    assert Cutter()("个税筹划") == ["筹划"]  # another cutter's words are not this one's


def test_stop_words_can_be_added_in_any_writing():
    assert Cutter(stop=["课程", "ＰＹＴＨＯＮ"])("Python课程入门") == ["入门"]


def test_the_list_of_stop_words_is_usable():
    words = stop_words()
    assert {"the", "如何", "我们"} <= words
    assert all(word == folded(word).strip() and word for word in words)
    assert not [word for word in words if is_chinese(word) and len(word) < 2]


@given(st.text(max_size=60))
def test_any_text_gives_words_of_two_characters_or_more(text):
    words = Cutter()(text)
    assert all(len(word) >= 2 and not word.isdigit() for word in words)
    assert words == Cutter()(folded(text))


@pytest.mark.parametrize("text", ["", "   ", "！？…", "12345", "😀😀"])
def test_text_without_words(text):
    assert Cutter()(text) == []
