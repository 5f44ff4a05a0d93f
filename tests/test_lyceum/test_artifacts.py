import io
import json
import shutil
import zipfile
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge

from lyceum import artifacts
from lyceum.errors import HomeError, LyceumError

CARD = {"label": "retained_28d", "rows": 7}


def forest(seed=0):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 3))
    return RandomForestClassifier(5, max_depth=3, random_state=seed).fit(values, values[:, 0] > 0)


def state():
    return {
        "k": 5,
        "names": ["课程", "b"],
        "mean": np.array([1.5, np.nan]),
        "ids": np.array(["i1", "物品"]),
        "popular": {"weights": np.arange(3), "k": 2, "table": {"Any key.": 1}},
    }


def test_everything_comes_back(tmp_path):
    artifacts.save(tmp_path / "m", {**state(), "forest": forest()}, card=CARD)
    back, card = artifacts.load(tmp_path / "m")
    assert card == CARD
    assert back["k"] == 5 and back["names"] == ["课程", "b"]
    np.testing.assert_array_equal(back["mean"], [1.5, np.nan])
    assert back["ids"].tolist() == ["i1", "物品"]
    assert back["popular"]["weights"].tolist() == [0, 1, 2]
    assert back["popular"]["k"] == 2 and back["popular"]["table"] == {"Any key.": 1}
    values = np.random.default_rng(2).normal(size=(20, 3))
    np.testing.assert_array_equal(back["forest"].predict_proba(values), forest().predict_proba(values))


def test_the_same_content_has_the_same_bytes_wherever_it_lies(tmp_path):
    first = artifacts.save(tmp_path / "a", {**state(), "forest": forest()}, card=CARD)
    second = artifacts.save(tmp_path / "b", {"forest": forest(), **state()}, card=CARD)
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
        artifacts.save(tmp_path / "m", {"k": 6, "forest": forest(1)}, card={}),
        artifacts.save(tmp_path / "m", {"k": 6, "forest": forest(2)}, card={}),
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


@pytest.mark.parametrize("name", ["state.json", "card.json", "arrays.npz", "forest.skops"])
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_damaged_file_is_refused(tmp_path, name, damage):
    digest = artifacts.save(tmp_path, {**state(), "forest": forest()}, card=CARD)
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


def resigned(folder, digest, name, content):
    """The folder as someone would leave it who can write it and knows how digests are made."""
    (folder / digest / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = sha256(content).hexdigest()
    fresh = sha256(json.dumps(manifest["files"], sort_keys=True).encode()).hexdigest()
    shutil.move(folder / digest, folder / fresh)
    (folder / "manifest.json").write_text(json.dumps({"digest": fresh, "files": manifest["files"]}))


def rewritten(content, change):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "ObjectNode"),
        ("sklearn.ensemble._forest", "RandomForestClassifier", "FunctionNode"),
        ("sklearn.linear_model._ridge", "Ridge", "ObjectNode"),  # trusted by skops, not by us
    ],
)
def test_an_unknown_type_is_not_read(tmp_path, module, name, loader):
    digest = artifacts.save(tmp_path, {"forest": forest()}, card={})

    def change(members):
        schema = json.loads(members["schema.json"])
        schema |= {"__module__": module, "__class__": name, "__loader__": loader}
        members["schema.json"] = json.dumps(schema).encode()

    content = (tmp_path / digest / "forest.skops").read_bytes()
    resigned(tmp_path, digest, "forest.skops", rewritten(content, change))
    with pytest.raises(HomeError, match="types that are not read"):
        artifacts.load(tmp_path)


def test_a_tree_with_a_branch_out_of_bounds_is_not_read(tmp_path):
    digest = artifacts.save(tmp_path, {"forest": forest()}, card={})

    def change(members):
        for name, member in members.items():
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(member))
                if array.dtype.names:
                    array["left_child"][0] = 1_000_000
                    buffer = io.BytesIO()
                    np.save(buffer, array)
                    members[name] = buffer.getvalue()

    content = (tmp_path / digest / "forest.skops").read_bytes()
    resigned(tmp_path, digest, "forest.skops", rewritten(content, change))
    with pytest.raises(HomeError, match="lead nowhere"):
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
