"""Suppression in a table of counts whose row and column sums may be known from elsewhere.

A count of 1 to 9 people is withheld, and so are three positive counts that stand in a rectangle with it. People can
be shifted around that rectangle by one either way without changing a sum or making a count negative: so the sums
have more than one solution for every count that is withheld. All withheld counts look alike, small or not.
"""

from collections.abc import Sequence

Cell = tuple[int, int]


def withheld(counts: Sequence[Sequence[int]], /, *, smallest: int) -> set[Cell] | None:
    """The (row, column) of the counts not to be told; None if the table cannot be told at all.

    That is so where a small count has no rectangle of positive counts: then no pattern of gaps would hide it.
    """
    hidden: set[Cell] = set()
    small = [(r, c) for r, row in enumerate(counts) for c, count in enumerate(row) if 0 < count < smallest]
    for cell in sorted(small, key=lambda spot: (counts[spot[0]][spot[1]], spot)):
        rectangle = _cheapest(counts, cell, hidden)
        if rectangle is None:
            return None
        hidden |= rectangle
    return hidden


def _cheapest(counts: Sequence[Sequence[int]], cell: Cell, hidden: set[Cell], /) -> set[Cell] | None:
    """The rectangle of positive counts around `cell` that withholds the fewest people beside those in `hidden`."""
    row, column = cell
    found = [
        {cell, (row, other), (below, column), (below, other)}
        for below in range(len(counts))
        for other in range(len(counts[row]))
        if below != row
        and other != column
        and min(counts[row][other], counts[below][column], counts[below][other]) > 0
    ]
    return min(found, key=lambda spots: (_cost(counts, spots - hidden), sorted(spots)), default=None)


def _cost(counts: Sequence[Sequence[int]], spots: set[Cell], /) -> int:
    return sum(counts[row][column] for row, column in spots)
