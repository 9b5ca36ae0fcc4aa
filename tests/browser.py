"""A real browser, which renders pages and pictures as people see them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image

PROGRAM = "chromium"
# It runs as the user of the tests, without a window and without network calls.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def seen(page: Path, size: tuple[int, int], after: float, scratch: Path) -> Image.Image:
    """Return a screenshot of a page some seconds after it was opened."""
    target = scratch / "seen.png"
    width, height = size
    argv = [
        PROGRAM, *_FLAGS, f"--user-data-dir={scratch / 'browser'}", f"--virtual-time-budget={after * 1000:.0f}",
        f"--window-size={width},{height}", f"--screenshot={target}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    return Image.open(target).convert("L")
