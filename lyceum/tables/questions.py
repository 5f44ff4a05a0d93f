"""The questions that people ask, each a view of the published tables with the question as its comment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One view `marts.q_<name>`: what is asked, in English and Chinese, and the query that answers it.

    The query reads published tables by their full names only. `columns` tells of each of its columns, in order.
    """

    name: str
    asks: str
    asks_zh: str
    query: str
    columns: dict[str, str]

    @property
    def view(self) -> str:
        """Its name in the database."""
        return f"marts.q_{self.name}"
