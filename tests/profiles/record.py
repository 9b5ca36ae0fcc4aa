"""Fill the columns of the table. Run `python -m tests.profiles.record`, then review the difference."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.profiles import table
from tests.profiles.table import FOLDER, Case

_COLUMNS = ("botocore", "sdk", "ours", "expanded")


def main() -> None:
    """Write all columns of all cases."""
    with tempfile.TemporaryDirectory() as folder:
        files = table.cases("files")
        views = table.by_sdk(files)
        _write(
            "files",
            files,
            [
                {"botocore": table.by_botocore(case, Path(folder)), "sdk": seen, "ours": table.ours(case)}
                for case, seen in zip(files, views, strict=True)
            ],
        )
    variables = table.cases("variables")
    views = table.by_sdk(variables)
    _write(
        "variables",
        variables,
        [{"sdk": seen, "ours": table.resolved(case)} for case, seen in zip(variables, views, strict=True)],
    )
    paths = table.cases("paths")
    _write("paths", paths, [{"expanded": table.expanded(case)} for case in paths])


def _write(kind: str, cases: list[Case], columns: list[Mapping[str, Any]]) -> None:
    rows = [
        (case.theme, {**{name: value for name, value in case.row.items() if name not in _COLUMNS}, **found})
        for case, found in zip(cases, columns, strict=True)
    ]
    for theme, group in itertools.groupby(rows, key=lambda row: row[0]):
        (FOLDER / kind / f"{theme}.json").write_text(table.dumped([row for _, row in group]), "utf-8")


if __name__ == "__main__":
    main()
