"""Keeping a scored frame: into the lake, one partition a week, in the table's own shape."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lyceum.schema import Table, with_history
from pipelines.steps import Part, done, skipped
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Keeper:
    """Writes the scored tables of one week."""

    space: Workspace
    as_of: date

    def keep(self, table: Table, frame: "pd.DataFrame", /, *, code: str = "", if_empty: str = "") -> Part:
        """Replace the week's partition of `table` by `frame`; `if_empty` is the reason should it have no row."""
        if frame.empty and if_empty:
            return self.skip(table, if_empty)
        import pyarrow as pa

        columns = [name for name in table.names if name in frame.columns]
        self.space.con.register("scored_frame", pa.Table.from_pandas(frame[columns], preserve_index=False))
        missing = [f"NULL AS {name}" for name in table.names if name not in columns]
        listed = ", ".join((f"DATE '{self.as_of}' AS as_of", *(f'"{name}"' for name in columns), *missing))
        query = f"SELECT {listed} FROM scored_frame"
        receipt = self.space.write(self.space.ctx.scored, with_history(table), query, weeks=[self.as_of])
        return done(table, receipt, code=code)

    def skip(self, table: Table, code: str, /, *, detail: str = "") -> Part:
        """Leave the week's partition of `table` empty, and say why."""
        empty = f"SELECT * FROM ({self.space.ctx.scored.source(with_history(table), where='false')})"
        self.space.write(self.space.ctx.scored, with_history(table), empty, weeks=[self.as_of])
        return skipped(table.name, code, detail=detail)
