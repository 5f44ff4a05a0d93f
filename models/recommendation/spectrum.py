"""The interaction matrix by degrees, and its largest singular vectors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from models.recommendation.interactions import Floats, Interactions
from models.recommendation.recommender import THREADS

_POWERS = 4  # power iterations: more change no figure
_OVERSAMPLED = 32
_ROUNDS = 30  # of the power iteration for one value


def degrees(known: Interactions, /) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many items each person had and how many people each item, at least 1."""
    people = np.diff(known.weights.indptr).astype(np.float64)
    items = np.bincount(known.weights.indices, minlength=len(known.items)).astype(np.float64)
    return np.maximum(people, 1.0), np.maximum(items, 1.0)


def normalised(known: Interactions, /, *, person: float, item: float) -> csr_matrix:
    """1 / (n_u^person n_i^item) where there is a weight, users x items, float32."""
    people, items = degrees(known)
    scaled: csr_matrix = (diags(people**-person) @ known.had @ diags(items**-item)).tocsr().astype(np.float32)
    return scaled


def stepped(
    known: Interactions, /, *, item: float, person: float, popularity: float
) -> tuple[csr_matrix, csr_matrix]:
    """Steps from items to people and back: n_i^-item n_v^-person (items x users), n_j^-popularity (users x items)."""
    people, items = degrees(known)
    away = diags(items**-item) @ known.had.T @ diags(people**-person)
    back = known.had @ diags(items**-popularity)
    return away.tocsr().astype(np.float32), back.tocsr().astype(np.float32)


def decomposed(matrix: csr_matrix, /, *, dimensions: int, seed: int) -> tuple[Floats, Floats]:
    """The `dimensions` largest singular values, falling, and right singular vectors (columns x dimensions), float32.

    Randomized, with power iterations (Halko, Martinsson and Tropp 2011). Of a smaller matrix fewer: at most as many
    as its rank. The sign of each vector makes its largest entry positive.
    """
    size = min(dimensions, *matrix.shape)
    if not size:
        return np.empty(0, dtype=np.float32), np.empty((matrix.shape[1], 0), dtype=np.float32)
    width = min(size + _OVERSAMPLED, *matrix.shape)
    across = matrix.T.tocsr()
    basis = np.random.default_rng(seed).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(_POWERS):
        basis = _orthonormal(_times(across, _times(matrix, basis)))
    image = _times(matrix, basis)
    squares, rotation = np.linalg.eigh((image.T @ image).astype(np.float64))
    values = np.sqrt(np.maximum(squares[::-1][:size], 0.0)).astype(np.float32)
    vectors = basis @ rotation[:, ::-1][:, :size].astype(np.float32)
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return values, vectors * np.sign(largest)


def _times(matrix: csr_matrix, columns: Floats) -> Floats:
    """The product, columns shared out among threads (scipy's products let go of the interpreter)."""
    shares = [np.ascontiguousarray(share) for share in np.array_split(columns, THREADS, axis=1)]
    with ThreadPoolExecutor(THREADS) as threads:
        product: Floats = np.hstack(list(threads.map(matrix.__matmul__, shares)))
    return product


def _orthonormal(columns: Floats) -> Floats:
    """An orthonormal basis of the span of the columns, by their Gram matrix: half the work of a QR decomposition.

    Directions below a thousandth of the largest are rounding errors in float32 and left out.
    """
    squares, rotation = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    kept = squares > 1e-6 * squares[-1]
    basis: Floats = columns @ (rotation[:, kept] / np.sqrt(squares[kept])).astype(np.float32)
    return basis


def largest_value(matrix: csr_matrix, /) -> float:
    """The largest singular value of a matrix without negative entries, by power iteration from equal weights."""
    vector = np.ones(matrix.shape[1], dtype=np.float64)
    value = 0.0
    for _ in range(_ROUNDS):
        vector = matrix.T @ (matrix @ vector)
        value = float(np.linalg.norm(vector))
        if not value:
            return 1.0
        vector /= value
    return float(np.sqrt(value))
