"""A denoising autoencoder: a network that names all items of a history of which it sees only some.

Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for collaborative filtering", Mult-DAE: a history,
scaled to length 1 and with some of its items dropped, goes through one layer h = tanh(x E + a) to the chances
softmax(h D' + b) of all items, and the loss is minus the log of the chances of the whole history. Adam (Kingma and Ba
2015) moves only the rows that a batch touches.

On a large shelf the sum of the softmax runs over the batch's own items and some drawn alike, each counted by the
reciprocal of its chance to be among them (Jean, Cho, Memisevic and Bengio 2015, "On using very large target
vocabulary for neural machine translation"). The layers begin at the truncated singular value decomposition and at the
popularity of items, which saves most rounds. Some pairs of some people are kept apart, and the network of the round
after which they were found best is kept.

It is measured by the benchmarks and competes in no week, for nowhere is it the best. NDCG@10 on three simulated
markets: EASE .1637, this .1596, the graph filter .1579, item neighbours .1563. NDCG@20 in October of online_retail:
EASE .0884, this .0864, GF-CF .0832, the graph filter .0808, item neighbours .0678; of the pairs held out of Gowalla:
the graph filter .1228 after 22 CPU seconds, this .1154 after 170.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, diags

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.placing import largest
from models.recommendation.recommender import Recommender
from models.recommendation.side import Flags
from models.recommendation.spectrum import decomposed, normalised

CHECKED, CHECKED_AT = 1_000, 20  # people whose pairs are kept apart, and the length of the lists they are sought in
ONE_IN = 5  # of the pairs of such a person
PATIENCE = 2  # rounds without a better one, after which no more is hoped for
LEAST_STEPS = 25  # of a round: a pass over few people moves the network too little to tell whether it became better
_MEAN, _SQUARE, _TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-8)  # of Adam


@dataclass
class Layer:
    """Parameters (a row or a number per item, float32) with Adam's means of slopes and of their squares."""

    values: Floats
    mean: Floats
    square: Floats

    @classmethod
    def of(cls, values: Floats, /) -> "Layer":
        """A layer that begins at `values`."""
        return cls(values, np.zeros_like(values), np.zeros_like(values))

    def move(self, rows: Ints, slope: Floats, /, *, rate: float) -> None:
        """A step of Adam against `slope`, of these rows alone; `rate` holds the correction of the means."""
        mean = _MEAN * self.mean[rows] + (1 - _MEAN) * slope
        square = _SQUARE * self.square[rows] + (1 - _SQUARE) * slope * slope
        self.mean[rows], self.square[rows] = mean, square
        self.values[rows] -= np.float32(rate) * mean / (np.sqrt(square) + _TINY)


@dataclass(frozen=True)
class Network:
    """E, a (one row), D and b (single numbers) of the module's text."""

    encoder: Layer
    shift: Layer
    decoder: Layer
    bias: Layer

    def hidden(self, histories: csr_matrix, /) -> Floats:
        """The layer h of histories that are scaled already."""
        found: Floats = np.tanh(histories @ self.encoder.values + self.shift.values)
        return found

    def logits(self, hidden: Floats, items: "Ints | slice" = slice(None), /) -> Floats:
        """Log chances of `items` but for a constant of each row."""
        found: Floats = hidden @ self.decoder.values[items].T
        found += self.bias.values[items]
        return found

    def values(self) -> list[Floats]:
        """A copy of all parameters."""
        return [layer.values.copy() for layer in (self.encoder, self.shift, self.decoder, self.bias)]

    def put(self, values: Sequence[Floats], /) -> None:
        """Set all parameters."""
        for layer, own in zip((self.encoder, self.shift, self.decoder, self.bias), values, strict=True):
            layer.values = own

    def found(self, seen: csr_matrix, apart: csr_matrix, /) -> float:
        """Mean NDCG of the pairs kept `apart` for the people who have any, when what was `seen` is hidden."""
        rows = np.flatnonzero(np.diff(apart.indptr))
        gains, total = 1 / np.log2(np.arange(2, CHECKED_AT + 2)), 0.0
        for some in np.array_split(rows, max(1, len(rows) // 200)):
            scores = as_chances(self.logits(self.hidden(scaled(seen[some]))))
            scores[seen[some].nonzero()] = 0
            places, _ = largest(scores, CHECKED_AT)
            wanted = apart[some].toarray() > 0
            hits = np.take_along_axis(wanted, places.clip(min=0), axis=1) & (places >= 0)
            best = np.cumsum(gains)[np.minimum(wanted.sum(axis=1), CHECKED_AT) - 1]
            total += float(((hits @ gains) / best).sum())
        return total / max(1, len(rows))


class Denoising(Recommender):
    """Chances of items by a network with one layer of `dimensions`, which learns to do without a share `dropped`."""

    name: ClassVar[str] = "denoising_autoencoder"

    def __init__(
        self,
        *,
        k: int = 20,
        dimensions: int = 400,
        dropped: float = 0.6,
        rate: float = 0.001,
        batch: int = 256,
        steps: int = 1_000,
        sampled: int = 4_000,
        beginning: float = 0.1,
    ) -> None:
        super().__init__(k=k)
        self.dimensions, self.dropped, self.rate = dimensions, dropped, rate
        self.batch, self.steps, self.sampled = batch, steps, sampled
        self.beginning = beginning
        self._network = begun(np.zeros((0, 0), dtype=np.float32), np.zeros(0), scale=1.0)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        own = ("dimensions", "dropped", "rate", "batch", "steps", "sampled", "beginning")
        return {**super().settings(), **{name: getattr(self, name) for name in own}}

    def _learn(self, known: Interactions, seed: int, /) -> None:
        from threadpoolctl import threadpool_limits

        rng = np.random.default_rng(seed)
        seen, apart = kept_apart(known.had, rng)
        with threadpool_limits(1, user_api="blas"):  # the last digits of its sums hang on the number of threads
            even = normalised(replace(known, weights=seen), person=0.5, item=0.5)
            _, vectors = decomposed(even, dimensions=self.dimensions, seed=seed)
            counts = np.bincount(seen.indices, minlength=len(known.items))
            self._network = begun(vectors, counts, scale=self.beginning)
            if seen.nnz:
                self._train(seen, apart, rng)

    def _train(self, seen: csr_matrix, apart: csr_matrix, rng: np.random.Generator) -> None:
        """Rounds over what was `seen`, until for some of them what was kept `apart` is found no better."""
        chances = inclusion(seen, batch=self.batch, sampled=self.sampled)
        best, kept, waited, steps = -1.0, self._network.values(), 0, 0
        while steps < self.steps:
            for rows in mixed(seen, rng, batch=self.batch):
                steps += 1
                self._step(seen[rows], chances, rng, rate=corrected(self.rate, steps))
            found = self._network.found(seen, apart)
            best, kept, waited = (found, self._network.values(), 0) if found > best else (best, kept, waited + 1)
            if waited >= PATIENCE:
                break
        self._network.put(kept)

    def _step(self, seen: csr_matrix, chances: Floats, rng: np.random.Generator, *, rate: float) -> None:
        """Move the network by what it says of the histories of one batch."""
        network, told = self._network, thinned(scaled(seen), dropped=self.dropped, rng=rng)
        hidden = network.hidden(told)
        drawn = np.flatnonzero(rng.random(len(chances)) < self.sampled / len(chances))
        items = np.union1d(drawn, seen.indices).astype(np.int64)
        surplus = as_chances(network.logits(hidden, items) - np.log(chances[items]))
        lengths = np.diff(seen.indptr)
        surplus *= lengths[:, None].astype(np.float32)
        surplus[np.repeat(np.arange(len(lengths)), lengths), np.searchsorted(items, seen.indices)] -= 1
        surplus /= np.float32(len(lengths))
        back: Floats = (surplus @ network.decoder.values[items]) * (1 - hidden * hidden)
        network.decoder.move(items, surplus.T @ hidden, rate=rate)
        network.bias.move(items, surplus.sum(axis=0), rate=rate)
        network.shift.move(np.zeros(1, dtype=np.int64), back.sum(axis=0, keepdims=True), rate=rate)
        across = told.T.tocsr()
        touched = np.flatnonzero(np.diff(across.indptr))
        network.encoder.move(touched, across[touched] @ back, rate=rate)

    def _scores(self, rows: Ints, /) -> Floats:
        return as_chances(self._network.logits(self._network.hidden(scaled(self.known.had[rows]))))

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        """What an item of the history adds to the log chance of another where the layer is straight."""
        network = self._network
        links: Floats = np.einsum("nd,nd->n", network.encoder.values[had], network.decoder.values[shown])
        return links


def begun(vectors: Floats, counts: "np.ndarray[Any, Any]", /, *, scale: float) -> Network:
    """The network that begins at singular vectors (items x dimensions) and at how many people had each item.

    `scale` is that of a parameter, whatever the number of items.
    """
    vectors = vectors * np.float32(scale * np.sqrt(len(vectors)))
    shares = (counts + 1) / max(1.0, float((counts + 1).sum()))
    return Network(
        Layer.of(vectors),
        Layer.of(np.zeros((1, vectors.shape[1]), dtype=np.float32)),
        Layer.of(vectors.copy()),
        Layer.of(np.log(shares).astype(np.float32)),
    )


def kept_apart(had: csr_matrix, rng: np.random.Generator, /) -> tuple[csr_matrix, csr_matrix]:
    """`had` without, and nothing but, one in `ONE_IN` pairs of up to `CHECKED` people, at most every second one."""
    rows = np.repeat(np.arange(had.shape[0]), np.diff(had.indptr))
    order = np.lexsort((rng.random(had.nnz), rows))  # the pairs of each person in an order of their own
    place = np.empty(had.nnz, dtype=np.int64)
    place[order] = np.arange(had.nnz) - had.indptr[rows]
    away = (rows % max(2, had.shape[0] // CHECKED) == 0) & (place % ONE_IN == 1)
    return _only(had, ~away), _only(had, away)


def inclusion(seen: csr_matrix, /, *, batch: int, sampled: int) -> Floats:
    """The chance of each item to stand among those of a step: somebody of the batch had it, or it is drawn."""
    people, items = seen.shape
    share = np.bincount(seen.indices, minlength=items) / max(1, people)
    away = (1 - share) ** min(batch, people) * max(0.0, 1 - sampled / items)
    found: Floats = (1 - away).astype(np.float32)
    return found


def mixed(seen: csr_matrix, rng: np.random.Generator, /, *, batch: int) -> Iterator[Ints]:
    """Random batches of the rows of everybody who has something: each person once, of few people several times."""
    rows = np.flatnonzero(np.diff(seen.indptr))
    count = max(1, -(-len(rows) // batch))
    for _ in range(max(1, LEAST_STEPS // count)):
        yield from np.array_split(rng.permutation(rows), count)


def scaled(histories: csr_matrix, /) -> csr_matrix:
    """Each row divided by its length; empty ones stay empty."""
    lengths = np.sqrt(np.maximum(np.diff(histories.indptr), 1))
    found: csr_matrix = (diags((1 / lengths).astype(np.float32)) @ histories).tocsr()
    return found


def thinned(histories: csr_matrix, /, *, dropped: float, rng: np.random.Generator) -> csr_matrix:
    """Without a share of the entries, and the others larger by as much."""
    stays = _only(histories, rng.random(histories.nnz) >= dropped)
    stays.data /= np.float32(1 - dropped)
    return stays


def as_chances(logits: Floats, /) -> Floats:
    """The softmax of each row, in place."""
    if logits.shape[1]:
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
    return logits


def corrected(rate: float, steps: int, /) -> float:
    """The rate with the corrections of Adam's means after so many steps."""
    return float(rate * np.sqrt(1 - float(_SQUARE) ** steps) / (1 - float(_MEAN) ** steps))


def _only(matrix: csr_matrix, chosen: Flags) -> csr_matrix:
    """The entries `chosen` of a matrix."""
    ends = np.concatenate([[0], np.cumsum(chosen)])[matrix.indptr]
    return csr_matrix((matrix.data[chosen], matrix.indices[chosen], ends), shape=matrix.shape)
