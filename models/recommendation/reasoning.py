"""Why a hybrid shows an item: the kind of evidence that weighs most for that row and says something true of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from models.recommendation.exploring import YOUNG_DAYS
from models.recommendation.interactions import Floats, Ints
from models.recommendation.item_neighbours import entries
from models.recommendation.next_in_series import NEXT
from models.recommendation.popular_in_category import IN_CATEGORY, POPULAR_IN
from models.recommendation.recommender import CELLS, POPULAR, SIMILAR_PEOPLE
from models.recommendation.side import Flags

if TYPE_CHECKING:
    from models.recommendation.evidence import Evidence

SAME_AUTHOR, AGAIN, NEW, DISCOVER = "same_author:", "had_before", "new", "discover"

# Which evidence belongs to which kind of reason; what a collaborative part says belongs to "people".
KINDS = {
    "next_in_series": "series",
    "next_lately": "series",
    "author_known": "author",
    "author_count": "author",
    "content": "content",
    "category": "category",
    "again": "again",
    "again_lately": "again",
    "demand": "popular",
    "recent_demand": "popular",
    "demand_by_history": "popular",
    "audience": "popular",
    "audience_of_newcomers": "popular",
    "cold": "new",
    "launched_10": "new",
    "launched_40": "new",
}


def reasons(evidence: "Evidence", weights: Mapping[str, float], rows: Ints, shown: Ints, /) -> list[str]:
    """One reason per pair of a row of the fit and a place shown.

    The next part of a series is always called that. Otherwise the kinds of evidence are asked in the order of what
    they add to the utility of the pair over the mean item, and the first one that has something true to say is heard;
    an item of which none has is called popular if it has at least the median demand, else a discovery.
    """
    said = true_reasons(evidence, rows, shown)
    added = added_by_kind(evidence, weights, rows, shown, kinds=list(said))
    added[:, list(said).index("series")] = np.inf
    words = np.array(list(said.values()), dtype=object).T
    added[words == ""] = -np.inf
    best = words[np.arange(len(rows)), added.argmax(axis=1)] if len(rows) else words[:, 0]
    plain = np.where(better_half(evidence.known.shares)[shown], POPULAR, DISCOVER)
    return [str(one or other) for one, other in zip(best, plain, strict=True)]


def true_reasons(evidence: "Evidence", rows: Ints, shown: Ints, /) -> dict[str, list[str]]:
    """Per kind what is true of each pair of a person and an item; "" = nothing."""
    side, known = evidence.side, evidence.known
    items = known.items.to_numpy(dtype=object)
    had = known.had
    before = side.previous[shown]
    next_part = (before >= 0) & _holds(had, rows, before)
    authors = np.asarray(had[rows].multiply(side.author == side.author[shown][:, None]).sum(axis=1)).ravel() > 0
    young = (side.age[shown] < YOUNG_DAYS) & (side.age[shown] >= 0)
    popular = better_half(known.shares)[shown]
    in_category = [
        reason if reason.startswith((POPULAR_IN, IN_CATEGORY)) else ""
        for reason in evidence.shelf._reasons(rows, shown)
    ]
    like = [reason if reason != POPULAR else "" for reason in evidence.content._reasons(rows, shown)]
    return {
        "series": [f"{NEXT}{items[at]}" if one else "" for at, one in zip(before, next_part, strict=True)],
        "people": people_reasons(evidence, rows, shown),
        "author": [
            f"{SAME_AUTHOR}{side.authors[at]}" if one and at >= 0 else ""
            for at, one in zip(side.author[shown].tolist(), authors, strict=True)
        ],
        "content": like,
        "category": in_category,
        "again": np.where(_holds(had, rows, shown), AGAIN, "").tolist(),
        "new": np.where(young, NEW, "").tolist(),
        "popular": np.where(popular, POPULAR, "").tolist(),
    }


def people_reasons(evidence: "Evidence", rows: Ints, shown: Ints, /) -> list[str]:
    """What the first collaborative part that can name an item of the history says; "" where none can."""
    found = np.full(len(rows), "", dtype=object)
    for part in evidence.parts:
        own = part.known.users.get_indexer(evidence.known.users[rows]).astype(np.int64)
        asked = np.flatnonzero((found == "") & (own >= 0) & (shown < len(part.items)))
        said = part._reasons(own[asked], shown[asked]) if len(asked) else []
        found[asked] = ["" if reason == SIMILAR_PEOPLE else reason for reason in said]
    return [str(reason) for reason in found]


def added_by_kind(
    evidence: "Evidence", weights: Mapping[str, float], rows: Ints, shown: Ints, /, *, kinds: list[str]
) -> Floats:
    """What each kind of evidence adds to the utility of each pair, less its mean over all items: pairs x kinds."""
    added = np.zeros((len(rows), len(kinds)), dtype=np.float32)
    weight = np.array([weights.get(name, 0.0) for name in evidence.names], dtype=np.float32)
    belongs = np.zeros((len(evidence.names), len(kinds)), dtype=np.float32)
    for at, name in enumerate(evidence.names):
        kind = KINDS.get(name, "people" if name.startswith(tuple(part.name for part in evidence.parts)) else "")
        if kind:
            belongs[at, kinds.index(kind)] = weight[at]
    people, person = np.unique(rows, return_inverse=True)
    size = max(1, CELLS // max(1, len(evidence.side.items) * len(evidence.names)))
    for begin in range(0, len(people), size):
        cells = evidence.cells(people[begin : begin + size])
        pairs = np.flatnonzero((person >= begin) & (person < begin + size))
        own = cells[person[pairs] - begin, shown[pairs]]
        added[pairs] = (own - cells.mean(axis=1)[person[pairs] - begin]) @ belongs
    return added


def better_half(share: "npt.NDArray[np.float64]", /) -> Flags:
    """Which items have some demand and at least the median."""
    better: Flags = (share > 0) & (share >= np.median(share[share > 0])) if (share > 0).any() else share > 0
    return better


def _holds(had: csr_matrix, rows: Ints, places: Ints) -> Flags:
    """Whether the person of each row had the item at each place; -1 is no item."""
    found: Flags = (entries(had, rows, places.clip(min=0)) > 0) & (places >= 0)
    return found
