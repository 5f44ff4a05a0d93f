import json
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from lyceum import artifacts
from lyceum.errors import HomeError, LyceumError

CARD = {"label": "retained_28d", "rows": 7}


TREES = b'{"trees": [1, 2.5, "\xe6\xa0\x91"],\n "nan": null}'


def state():
    return {
        "k": 5,
        "names": ["课程", "b"],
        "mean": np.array([1.5, np.nan]),
        "ids": np.array(["i1", "物品"]),
        "popular": {"weights": np.arange(3), "k": 2, "table": {"Any key.": 1}},
    }


def test_everything_comes_back(tmp_path):
    artifacts.save(tmp_path / "m", {**state(), "trees": TREES}, card=CARD)
    back, card = artifacts.load(tmp_path / "m")
    assert card == CARD
    assert back["k"] == 5 and back["names"] == ["课程", "b"]
    np.testing.assert_array_equal(back["mean"], [1.5, np.nan])
    assert back["ids"].tolist() == ["i1", "物品"]
    assert back["popular"]["weights"].tolist() == [0, 1, 2]
    assert back["popular"]["k"] == 2 and back["popular"]["table"] == {"Any key.": 1}
    assert back["trees"] == TREES


def test_the_same_content_has_the_same_bytes_wherever_it_lies(tmp_path):
    first = artifacts.save(tmp_path / "a", {**state(), "trees": TREES}, card=CARD)
    second = artifacts.save(tmp_path / "b", {"trees": TREES, **state()}, card=CARD)
    assert first == second
    files = [{file.name: file.read_bytes() for file in (tmp_path / name / first).iterdir()} for name in ("a", "b")]
    assert files[0] == files[1]
    again = artifacts.save(tmp_path / "c", artifacts.load(tmp_path / "a")[0], card=CARD)
    assert again == first


def test_another_content_has_another_digest(tmp_path):
    digests = {
        artifacts.save(tmp_path / "m", {"k": 5}, card=CARD),
        artifacts.save(tmp_path / "m", {"k": 6}, card=CARD),
        artifacts.save(tmp_path / "m", {"k": 6}, card={}),
        artifacts.save(tmp_path / "m", {"k": 6, "trees": b"[1]"}, card={}),
        artifacts.save(tmp_path / "m", {"k": 6, "trees": b"[2]"}, card={}),
    }
    assert len(digests) == 5
    assert len(list((tmp_path / "m").iterdir())) == 2  # the manifest and the newest files; the old ones are gone


def test_the_same_digest_is_left_alone_and_a_damaged_one_healed(tmp_path):
    digest = artifacts.save(tmp_path / "m", state(), card=CARD)
    file = tmp_path / "m" / digest / "state.json"
    before = file.stat().st_ino
    artifacts.save(tmp_path / "m", state(), card=CARD)
    assert file.stat().st_ino == before
    file.write_text("{}")
    assert artifacts.save(tmp_path / "m", state(), card=CARD) == digest
    assert artifacts.load(tmp_path / "m")[0]["k"] == 5


def test_a_save_that_was_cut_off_leaves_the_old_one_readable(tmp_path):
    artifacts.save(tmp_path / "m", {"k": 1}, card={})
    (tmp_path / "m" / ".new").mkdir()
    (tmp_path / "m" / ".new" / "state.json").write_text("{")
    assert artifacts.load(tmp_path / "m")[0] == {"k": 1}
    artifacts.save(tmp_path / "m", {"k": 2}, card={})
    assert artifacts.load(tmp_path / "m")[0] == {"k": 2}


def test_a_missing_folder_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(HomeError, match="lyceum train"):
        artifacts.load(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["state.json", "card.json", "arrays.npz", "trees.json"])
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_damaged_file_is_refused(tmp_path, name, damage):
    digest = artifacts.save(tmp_path, {**state(), "trees": TREES}, card=CARD)
    file = tmp_path / digest / name
    if damage == "changed":
        file.write_bytes(file.read_bytes() + b" ")
    else:
        file.unlink()
    with pytest.raises(HomeError, match="lyceum train"):
        artifacts.load(tmp_path)


def test_a_changed_manifest_is_refused(tmp_path):
    artifacts.save(tmp_path, state(), card=CARD)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["files"]["state.json"] = "0" * 64
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(HomeError, match="changed"):
        artifacts.load(tmp_path)


@pytest.mark.parametrize(
    "value", [{1, 2}, {1: 2}, object(), np.array([object()]), Ridge(), float("nan"), b"x", np.int64(1)]
)
def test_an_unknown_type_is_not_stored(tmp_path, value):
    with pytest.raises(LyceumError):
        artifacts.save(tmp_path / "m", {"value": value}, card={})
    assert not (tmp_path / "m").exists()


def test_a_text_lies_under_its_path_and_comes_back_there(tmp_path):
    digest = artifacts.save(tmp_path, {"blend": {"xgboost": {"trees": TREES, "k": 1}}}, card=CARD)
    assert (tmp_path / digest / "blend.xgboost.trees.json").read_bytes() == TREES
    assert artifacts.load(tmp_path)[0] == {"blend": {"xgboost": {"trees": TREES, "k": 1}}}


@pytest.mark.parametrize("text", [b"", b"{", b"\x80", b"__import__('os')"])
def test_bytes_that_are_no_json_are_not_stored(tmp_path, text):
    with pytest.raises(LyceumError, match="no JSON text"):
        artifacts.save(tmp_path / "m", {"trees": text}, card={})
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("name", ["state", "card"])
def test_a_text_takes_no_name_of_the_artifact_itself(tmp_path, name):
    with pytest.raises(LyceumError, match="name of its own"):
        artifacts.save(tmp_path, {name: TREES}, card={})


def test_an_array_of_objects_is_not_read(tmp_path):
    """As someone would leave it who can write the folder and knows how digests are made."""
    digest = artifacts.save(tmp_path, state(), card=CARD)
    np.savez(tmp_path / "evil.npz", mean=np.array([Ridge()]))
    (tmp_path / "evil.npz").replace(tmp_path / digest / "arrays.npz")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["files"]["arrays.npz"] = sha256((tmp_path / digest / "arrays.npz").read_bytes()).hexdigest()
    fresh = sha256(json.dumps(manifest["files"], sort_keys=True).encode()).hexdigest()
    (tmp_path / digest).rename(tmp_path / fresh)
    (tmp_path / "manifest.json").write_text(json.dumps({"digest": fresh, "files": manifest["files"]}))
    with pytest.raises(HomeError, match="lyceum train"):
        artifacts.load(tmp_path)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), plain, max_size=4))
def test_any_plain_value_comes_back(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("artifact")
    artifacts.save(folder, value, card=value)
    assert artifacts.load(folder) == (value, value)
