"""scikit-learn estimators as bytes: skops archives without memory addresses, read by a fixed allow-list."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.errors import HomeError, LyceumError

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

REMEDY = "Remove that version's folder and run `lyceum train`."
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold

# Everything that a stored estimator may be made of. Whatever else a file names is refused before any of it is built.
LOADERS = frozenset(
    {"DictNode", "JsonNode", "ListNode", "NdArrayNode", "ObjectNode", "TreeNode", "TupleNode", "TypeNode"}
)
CLASSES = frozenset(
    {
        *(f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "str", "tuple")),
        *(f"numpy.{name}" for name in ("ndarray", "bool", "float32", "float64", "int32", "int64")),
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._tree.Tree",
        "sklearn.linear_model._logistic.LogisticRegression",
    }
)


def dumped(key: str, value: object, /) -> bytes:
    """The bytes of the estimator that the state calls `key`; LyceumError if it would not be read back."""
    from sklearn.base import BaseEstimator

    if not isinstance(value, BaseEstimator):
        raise LyceumError(
            f"The state's {key} is a {type(value).__name__}, which cannot be stored.",
            remedy="Turn it into JSON values, numpy arrays or an estimator of the allow-list.",
        )
    import skops.io

    content = _without_addresses(skops.io.dumps(value))
    if refused := _refused_types(content):
        raise LyceumError(
            f"The state's {key} holds types that would not be read back: {', '.join(refused)}.",
            remedy="Store their numbers as arrays.",
        )
    return content


def _without_addresses(content: bytes, /) -> bytes:
    """The same archive without the memory addresses that skops names its members by."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read("schema.json"))
        members: dict[str, bytes] = {}
        renamed: dict[str, str] = {}
        for node in _nodes(schema):
            node.pop("__id__", None)
            if "file" in node:
                old = node["file"]
                node["file"] = renamed.setdefault(old, f"{len(renamed)}{Path(old).suffix}")
                members[node["file"]] = _without_padding(archive.read(old))
    return zipped({"schema.json": json.dumps(schema, sort_keys=True).encode(), **members})


def _without_padding(member: bytes, /) -> bytes:
    """The same array with zeros between the fields of its rows, where a tree's nodes hold whatever memory held."""
    import numpy as np

    array = np.load(io.BytesIO(member), allow_pickle=False)
    if not array.dtype.names:
        return member
    clean, buffer = np.zeros(array.shape, array.dtype), io.BytesIO()
    for name in array.dtype.names:
        clean[name] = array[name]
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(clean))
    buffer.write(clean.view(np.uint8).tobytes())  # write_array would copy, and leave the gaps to chance again
    return buffer.getvalue()


def _nodes(value: object, /) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "__loader__" in value:
            yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _refused_types(content: bytes, /) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        nodes = list(_nodes(json.loads(archive.read("schema.json"))))
    names = {f"{node.get('__module__')}.{node.get('__class__')}" for node in nodes} - CLASSES
    return sorted(names | {node["__loader__"] for node in nodes} - LOADERS)


def loaded(name: str, content: bytes, /) -> object:
    """The estimator in the file `name`; HomeError if it names anything that is not on the list above."""
    import skops.io

    # skops trusts every estimator of scikit-learn by itself; the list above is narrower, so it is asked first.
    if refused := _refused_types(content):
        raise HomeError(f"{name} holds types that are not read: {', '.join(refused)}.", remedy=REMEDY)
    estimator = skops.io.loads(content, trusted=["sklearn.tree._tree.Tree"])
    if not all(_is_sound(tree) for tree in getattr(estimator, "estimators_", [])):
        raise HomeError(f"{name} holds a tree whose branches lead nowhere.", remedy=REMEDY)
    return estimator


def _is_sound(tree: "DecisionTreeClassifier", /) -> bool:
    """Whether every branch leads to a later node that exists: scikit-learn follows them without looking."""
    import numpy as np

    nodes = tree.tree_
    here = np.arange(nodes.node_count)
    inner = nodes.children_left != -1
    sides = [side[inner] for side in (nodes.children_left, nodes.children_right)]
    ahead = all(bool(((side > here[inner]) & (side < nodes.node_count)).all()) for side in sides)
    feature = nodes.feature[inner]
    return ahead and bool(((feature >= 0) & (feature < tree.n_features_in_)).all())


def zipped(members: Mapping[str, bytes], /) -> bytes:
    """A zip archive whose bytes depend on the members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()
