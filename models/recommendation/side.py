"""What is known about items besides who had them, in the order of a fit's items."""

import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.recommendation.interactions import Ints, stable_hash

BUNDLE = "bundle"
NEVER = 1e4  # days of age of an item that does not say when it came out: as good as always there
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COLUMNS = (
    *("item_id", "kind", "title", "description", "category", "tags", "author_id", "price"),
    *("series_id", "series_position", "parent_item_id", "published_at", "repeatable"),
)


@dataclass(frozen=True)
class Side:
    """One element per item. Places are positions in `items`, -1 = none or not said."""

    items: pd.Index
    category: Ints  # number in `categories`
    author: Ints  # number in `authors`
    categories: list[str]
    authors: list[str]
    price: Numbers  # nan = not said
    previous: Ints  # place of the item before it in its series
    bundle: Ints  # place of the bundle that it is part of
    age: Numbers  # days from publication to the moment of the list; below 0 = not out yet
    repeatable: Flags
    texts: list[str]

    @property
    def parts(self) -> dict[int, Ints]:
        """The places of the parts of each bundle."""
        held = np.unique(self.bundle[self.bundle >= 0])
        return {int(bundle): np.flatnonzero(self.bundle == bundle).astype(np.int64) for bundle in held}


def aligned(catalogue: pd.DataFrame, items: pd.Index, /, *, as_of: date) -> Side:
    """The rows of `catalogue` (columns COLUMNS, a key item_id) in the order of `items`, with ages on `as_of`.

    An item that the catalogue does not have has no category, author, price, series or text, and may not be had twice.
    """
    rows = catalogue.drop_duplicates("item_id", keep="last").set_index("item_id").reindex(items)
    category, categories = pd.factorize(rows["category"], sort=True)
    author, authors = pd.factorize(rows["author_id"], sort=True)
    return Side(
        items=items,
        category=category.astype(np.int64),
        author=author.astype(np.int64),
        categories=[str(name) for name in categories],
        authors=[str(name) for name in authors],
        price=np.asarray(rows["price"], dtype=np.float64),
        previous=_previous(rows),
        bundle=_bundle(rows),
        age=_age(rows["published_at"], as_of),
        repeatable=rows["repeatable"].astype("float64").fillna(0).to_numpy() > 0,
        texts=_texts(rows),
    )


def in_order(catalogue: pd.DataFrame, known: pd.Index, /) -> pd.Index:
    """The items of `known`, then those that only the catalogue has, by a hash that favours nobody."""
    new = pd.Index(catalogue["item_id"].dropna().unique(), dtype="str").difference(known, sort=False)
    return known.append(pd.Index(sorted(new, key=stable_hash), dtype="str"))


def told(frame: pd.DataFrame, /) -> str:
    """A frame as JSON text: what `heard` reads."""
    return str(frame.to_json(orient="split", index=False, date_format="iso", double_precision=15))


def heard(text: str, /) -> pd.DataFrame:
    """The frame that `told` wrote; moments are ISO texts."""
    parts = json.loads(text)
    return pd.DataFrame(parts["data"], columns=parts["columns"])


def _previous(rows: pd.DataFrame) -> Ints:
    """The item of the same series with the next lower position; positions need not be 1, 2, 3."""
    previous = np.full(len(rows), -1, dtype=np.int64)
    place = pd.DataFrame({"series": rows["series_id"].to_numpy(), "at": np.arange(len(rows))})
    place["position"] = rows["series_position"].astype("float64").to_numpy()
    place = place.dropna().sort_values(["series", "position", "at"])
    earlier = place.groupby("series")["position"].shift()
    before = place.groupby("series")["at"].shift().where(earlier < place["position"], -1).fillna(-1)
    previous[place["at"]] = before.astype("int64")
    return previous


def _bundle(rows: pd.DataFrame) -> Ints:
    """The place of an item's parent where that is a bundle."""
    parent = rows.index.get_indexer(pd.Index(rows["parent_item_id"]))
    is_bundle = (rows["kind"] == BUNDLE).to_numpy(dtype=bool)
    return np.where((parent >= 0) & is_bundle[parent], parent, -1).astype(np.int64)


def _age(published: "pd.Series", as_of: date) -> Numbers:
    moment = pd.Timestamp(as_of, tz="UTC")
    days = (moment - pd.to_datetime(published, utc=True)) / pd.Timedelta(days=1)
    return np.asarray(days.fillna(NEVER), dtype=np.float64)


def _texts(rows: pd.DataFrame) -> list[str]:
    told = rows[["title", "description", "tags"]].astype("object").fillna("")
    return [" ".join(str(part) for part in parts) for parts in told.itertuples(index=False)]
