"""Record what the SDK's package for IAM does. Run `python -m tests.listing.record`, then review the difference."""

from __future__ import annotations

import json

from tests.listing import table


def main() -> None:
    """Write all calls, one a line."""
    calls = list(table.calls())
    rows = [{"call": call, "seen": seen} for call, seen in zip(calls, table.seen(calls), strict=True)]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    table.TABLE.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
