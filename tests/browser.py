"""A real browser, which shows pages and pictures as people see them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# It runs as whoever runs the tests, without a window, and calls nobody.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def seen(page: Path, size: tuple[int, int], after: float, scratch: Path) -> Image.Image:
    """Return what a page looks like some seconds after it was opened. Skips the test where there is no browser."""
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if not browser:
        pytest.skip("no Chromium or Chrome is installed")
    target = scratch / "seen.png"
    width, height = size
    argv = [
        browser, *_FLAGS, f"--user-data-dir={scratch / 'browser'}", f"--virtual-time-budget={after * 1000:.0f}",
        f"--window-size={width},{height}", f"--screenshot={target}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    return Image.open(target).convert("L")
