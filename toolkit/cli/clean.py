"""`invoke clean`: removes the leftovers of interrupted runs, and on request everything ever created."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from toolkit.errors import EngineUnavailable
from toolkit.files import writing
from toolkit.model import Progress
from toolkit.settings import CleanSettings
from toolkit.store import DistFolder


def clean(settings: CleanSettings, progress: Progress) -> Iterator[str]:
    """Yield the name of each removed item."""
    store = DistFolder(settings.dist)
    with store.lock(progress.say):
        store.settle()
        yield from _from_engine(settings, progress)
        names = ("bin", "release", "state") if settings.all else ("state/logs", "state/sources")
        for folder in (store.root / name for name in names):
            if folder.exists():
                with writing(folder):
                    shutil.rmtree(folder)
                yield f"directory {folder}"


def _from_engine(settings: CleanSettings, progress: Progress) -> list[str]:
    from toolkit.engines.docker.engine import run_label
    from toolkit.engines.docker.host import Host

    try:
        host = Host.connect()
    except EngineUnavailable as error:
        progress.say(f"{error}: removed nothing from the Docker engine")
        return []
    try:
        return host.sweep(everything=settings.all, run=run_label(settings.dist))
    finally:
        host.close()
