"""User neighbours: what the people most like this one had.

The similarity of persons u and v is (n_u n_v)^-1/2 sum of n_i^-b over the items i that both had: the cosine, in which
items that everybody had say little. The `neighbours_kept` nearest vote: the score of item j is
sum_v s_uv n_v^-c A_vj n_j^-d. That only the nearest count is what no filter over all people says, and what it adds to
them (compare the user side of Liu et al. 2023, "Personalized graph signal processing for collaborative filtering").
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, diags

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.item_neighbours import rows_cut
from models.recommendation.recommender import Recommender
from models.recommendation.spectrum import degrees, normalised

SHARED, ACTIVITY, POPULARITY = 0.6, 0.3, 0.2  # b, c and d: what they are moves figures little


class UserNeighbours(Recommender):
    """Votes of the nearest people, out of at most `asked` that are spread over all by id."""

    name: ClassVar[str] = "user_neighbours"

    def __init__(self, *, k: int = 20, neighbours_kept: int = 120, asked: int = 30_000) -> None:
        super().__init__(k=k)
        self.neighbours_kept = neighbours_kept
        self.asked = asked
        self._scaled = self._voters = self._votes = csr_matrix((0, 0), dtype=np.float32)
        self._voter_rows = np.empty(0, dtype=np.int64)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "neighbours_kept": self.neighbours_kept, "asked": self.asked}

    def _learn(self, known: Interactions, seed: int, /) -> None:
        people, items = degrees(known)
        self._voter_rows = np.arange(len(people))[:: max(1, -(-len(people) // self.asked))]
        self._scaled = normalised(known, person=0.5, item=SHARED / 2)
        self._voters = self._scaled[self._voter_rows].T.tocsr()
        votes = diags(people**-ACTIVITY) @ known.had @ diags(items**-POPULARITY)
        self._votes = votes.tocsr()[self._voter_rows].astype(np.float32)

    def _scores(self, rows: Ints, /) -> Floats:
        near = (self._scaled[rows] @ self._voters).tocsr()
        own = np.repeat(rows, np.diff(near.indptr)) == self._voter_rows[near.indices]
        near.data[own] = 0.0  # nobody is asked about what that person had
        scores: Floats = (rows_cut(near, self.neighbours_kept) @ self._votes).toarray()
        return scores
