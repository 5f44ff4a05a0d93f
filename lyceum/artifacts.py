"""What a model learnt, as a folder that runs no code when it is opened.

JSON values lie in state.json, numpy arrays in arrays.npz (no pickled objects), JSON texts (XGBoost's own form of a
model) in KEY.json, and what people should know in card.json. The bytes are a function of the content alone (no clock,
no memory address), so the digest is too.

    folder/manifest.json        names the digest and the SHA-256 of each file
    folder/<digest>/...         the files

A save writes the files beside the old ones and then replaces the manifest in one step: a reader sees all of one save.
"""

import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.errors import HomeError, LyceumError

if TYPE_CHECKING:
    import numpy as np

MANIFEST = "manifest.json"
STATE, CARD, ARRAYS = "state.json", "card.json", "arrays.npz"
REMEDY = "Remove that version's folder and run `lyceum train`."
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold
KEY = re.compile(r"[a-z][a-z0-9_]*")


def save(folder: Path, state: Mapping[str, Any], /, *, card: Mapping[str, Any]) -> str:
    """Write `state` and `card` to `folder` and return their digest (64 hexadecimal digits).

    Values are JSON values with text keys (tuples come back as lists, NaN is refused), numpy arrays of plain types,
    bytes that are a JSON text, or dicts of them; the keys of the latter three are lower-case identifiers. A folder
    that holds the same digest intact is left alone. LyceumError if a value is none of these.
    """
    files = _encode(state, card)
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    digest = _digest(hashes)
    if not _is_intact(folder, digest):
        _replace(folder, digest, files, hashes)
    return digest


def load(folder: Path, /) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state and the card in `folder`; HomeError if it is missing, damaged or holds objects."""
    _, files = _verified(folder)
    try:
        return _decode(files)
    except HomeError:
        raise
    except Exception as error:
        raise HomeError(f"{folder} cannot be read ({type(error).__name__}).", remedy=REMEDY) from None


def _decode(files: Mapping[str, bytes], /) -> tuple[dict[str, Any], dict[str, Any]]:
    import numpy as np

    state: dict[str, Any] = json.loads(files[STATE])
    with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as arrays:
        for path in arrays.files:
            _put(state, path, arrays[path])
    for name in files.keys() - {STATE, CARD, ARRAYS}:
        _put(state, name.removesuffix(".json"), files[name])
    return state, json.loads(files[CARD])


def _encode(state: Mapping[str, Any], card: Mapping[str, Any], /) -> dict[str, bytes]:
    import numpy as np

    leaves = dict(_leaves(state))
    arrays = {path: value for path, value in leaves.items() if isinstance(value, np.ndarray)}
    texts = {f"{path}.json": _text(path, value) for path, value in leaves.items() if path not in arrays}
    return texts | {STATE: _json(_plain(state)), CARD: _json(card), ARRAYS: _npz(arrays)}


def _text(path: str, value: object, /) -> bytes:
    if not isinstance(value, bytes) or f"{path}.json" in (STATE, CARD):
        raise LyceumError(
            f"The state's {path} is a {type(value).__name__}, which cannot be stored there.",
            remedy="Turn it into JSON values, numpy arrays or the bytes of a JSON text, under a name of its own.",
        )
    try:
        json.loads(value)
    except ValueError:
        raise LyceumError(f"The state's {path} is no JSON text.", remedy="Bytes must be one.") from None
    return value


def _leaves(state: Mapping[str, Any], /, *, above: str = "") -> Iterator[tuple[str, Any]]:
    """What JSON cannot carry, by its path: the keys that lead to it, joined by dots."""
    for key, value in state.items():
        plain = _is_json(value)
        if not isinstance(key, str) or not (plain or KEY.fullmatch(key)):
            raise LyceumError(f"The state has a key that is no lower-case identifier: {key!r}.", remedy="Rename it.")
        if isinstance(value, Mapping) and not plain:
            yield from _leaves(value, above=f"{above}{key}.")
        elif not plain:
            yield above + key, value


def _plain(state: Mapping[str, Any], /) -> dict[str, Any]:
    """The state without its leaves."""
    kept = {key: value for key, value in state.items() if _is_json(value)}
    return kept | {
        key: _plain(value) for key, value in state.items() if key not in kept and isinstance(value, Mapping)
    }


def _put(state: dict[str, Any], path: str, value: object, /) -> None:
    *above, key = path.split(".")
    for name in above:
        state = state[name]
    state[key] = value


def _is_json(value: object, /) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, str | bool | int | float)


def _json(value: Mapping[str, Any], /) -> bytes:
    try:
        return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError):
        raise LyceumError(
            "An artifact holds a value that JSON cannot carry.",
            remedy="Use finite numbers, text, lists and dicts.",
        ) from None


def _npz(arrays: "Mapping[str, np.ndarray[Any, Any]]", /) -> bytes:
    import numpy as np

    members: dict[str, bytes] = {}
    for key in sorted(arrays):
        buffer = io.BytesIO()
        try:
            np.lib.format.write_array(buffer, np.asarray(arrays[key], order="C"), allow_pickle=False)
        except ValueError:
            raise LyceumError(
                f"The array {key} holds objects, which are never stored.",
                remedy="Convert it to numbers or fixed-width text.",
            ) from None
        members[f"{key}.npy"] = buffer.getvalue()
    return _zipped(members)


def _zipped(members: Mapping[str, bytes], /) -> bytes:
    """A zip archive whose bytes depend on the members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def _digest(hashes: Mapping[str, str], /) -> str:
    return sha256(json.dumps(dict(hashes), sort_keys=True).encode()).hexdigest()


def _is_intact(folder: Path, digest: str, /) -> bool:
    try:
        return _verified(folder)[0] == digest
    except HomeError:
        return False


def _verified(folder: Path, /) -> tuple[str, dict[str, bytes]]:
    """The digest and the files of `folder`, every byte of them checked against the manifest."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        digest, hashes = str(manifest["digest"]), dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise HomeError(f"{folder} holds no readable model.", remedy=REMEDY) from None
    if _digest(hashes) != digest or any(Path(name).name != name for name in hashes):
        raise HomeError(f"{folder / MANIFEST} was changed after it was written.", remedy=REMEDY)
    return digest, {name: _content(folder / digest / name, expected) for name, expected in hashes.items()}


def _content(file: Path, expected: str, /) -> bytes:
    try:
        content = file.read_bytes()
    except OSError:
        raise HomeError(f"{file} is missing or cannot be read.", remedy=REMEDY) from None
    if sha256(content).hexdigest() != expected:
        raise HomeError(f"{file} was changed after it was written.", remedy=REMEDY)
    return content


def _replace(folder: Path, digest: str, files: Mapping[str, bytes], hashes: Mapping[str, str], /) -> None:
    fresh, target = folder / ".new", folder / digest
    for leftover in (fresh, target):  # of a save that was cut off, or damaged
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        _write(fresh / name, content)
    fresh.rename(target)
    _write(folder / ".manifest", _json({"digest": digest, "files": dict(hashes)}))
    (folder / ".manifest").replace(folder / MANIFEST)
    for other in folder.iterdir():
        if other.is_dir() and other != target:
            shutil.rmtree(other)


def _write(file: Path, content: bytes, /) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
