"""What the Docker SDK raises, as errors of ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from toolkit.errors import DiskFull, EngineBroken, EngineForbidden, EngineLost, EngineUnavailable

_OWN_LOG = "look at the engine's own log, then run the same command again; or use `--engine local`"


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn a failure of the engine, or of the way to it, into EngineLost or DiskFull."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except (docker.errors.APIError, docker.errors.DockerException) as error:
        said = str(getattr(error, "explanation", None) or error)
        if "no space left on device" in said:
            message = f"the Docker engine has no room left, {doing}"
            raise DiskFull(
                message, hint="`invoke clean --all`, or `docker system prune`, frees some; then run it again"
            ) from None
        raise EngineLost(
            f"the Docker engine failed, {doing}: {said.strip()}",
            hint=_OWN_LOG,
        ) from None
    except (requests.exceptions.RequestException, OSError) as error:
        raise EngineLost(
            f"the Docker engine stopped answering, {doing} ({type(error).__name__})",
            hint="start it again, then run the same command: what was built is kept",
        ) from None


def unreachable(address: str, error: Exception) -> EngineUnavailable:
    """Tell why an engine cannot be reached, from the chain of exceptions that the SDK and requests wrap it in."""
    import docker.errors
    import requests.exceptions

    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__ or next((a for a in link.args if isinstance(a, BaseException)), None)
    answers = [item for item in chain if isinstance(item, docker.errors.APIError | requests.exceptions.HTTPError)]
    if answers:
        return EngineBroken(f"the Docker engine at `{address}` fails: {answers[-1]}", hint=_OWN_LOG)
    if any(isinstance(item, PermissionError) for item in chain):
        hint = "`sudo usermod -aG docker $USER` and a new login allow it; or use `--engine local`"
        return EngineForbidden(f"you may not use the Docker engine at `{address}`: permission denied", hint=hint)
    where = f"`{address}` (DOCKER_HOST)" if os.environ.get("DOCKER_HOST") else f"`{address}`"
    message = f"no Docker engine answers at {where}"
    hint = "start Docker Desktop, or `sudo systemctl start docker`; or use `--engine local`"
    if os.environ.get("DOCKER_HOST"):
        hint = "mend or unset DOCKER_HOST; or use `--engine local`"
    return EngineUnavailable(message, hint=hint)
