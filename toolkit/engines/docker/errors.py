"""Convert exceptions of the Docker SDK to errors of the toolkit."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from toolkit.errors import DiskFull, EngineBroken, EngineForbidden, EngineLost, EngineUnavailable

OR_LOCAL = "; or use `--engine local`"  # the end of hints that begin with the fix
_OWN_LOG = "check the log of the engine, then run the same command again" + OR_LOCAL
_REFUSALS = {401, 403}  # HTTP statuses of an authorization plugin, or of a proxy in front of an engine
_ACCESS_DENIED = 5  # Windows's error for a pipe that this user may not open


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Convert a failure of the engine, or of the connection to it, to EngineLost or DiskFull."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except (docker.errors.APIError, docker.errors.DockerException) as error:
        said = str(getattr(error, "explanation", None) or error)
        if "no space left on device" in said:
            message = f"no space left on device for the Docker engine while {doing}"
            raise DiskFull(
                message,
                hint="`invoke clean --all` or `docker system prune` frees space; then run the same command again",
            ) from None
        raise EngineLost(
            f"the Docker engine failed while {doing}: {said.strip()}",
            hint=_OWN_LOG,
        ) from None
    except (requests.exceptions.RequestException, OSError) as error:
        raise EngineLost(
            f"the Docker engine stopped answering while {doing} ({type(error).__name__})",
            hint="start it again, then run the same command: finished builds are kept",
        ) from None


def unreachable(address: str, error: Exception) -> EngineUnavailable:
    """Return why an engine cannot be reached, from the chain of exceptions of the SDK and requests."""
    import docker.errors
    import requests.exceptions

    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__ or next((a for a in link.args if isinstance(a, BaseException)), None)
    answers = [item for item in chain if isinstance(item, docker.errors.APIError | requests.exceptions.HTTPError)]
    if refused := _refusal(chain):
        hint = _access(address) + OR_LOCAL
        return EngineForbidden(f"you may not use the Docker engine at `{address}`: {refused}", hint=hint)
    if answers:
        return EngineBroken(f"the Docker engine at `{address}` fails: {answers[-1]}", hint=_OWN_LOG)
    where = f"`{address}` (DOCKER_HOST)" if os.environ.get("DOCKER_HOST") else f"`{address}`"
    fix = "start Docker Desktop, or `sudo systemctl start docker`"
    if os.environ.get("DOCKER_HOST"):
        fix = "fix or unset DOCKER_HOST"
    return EngineUnavailable(f"no Docker engine answers at {where}", hint=fix + OR_LOCAL)


def no_context(name: str) -> EngineUnavailable:
    """Return an error for a docker context that does not exist or cannot be read."""
    what = f"the docker context `{name}` does not exist or is broken" if name else "cannot read Docker's configuration"
    fix = "`docker context use default`"
    if os.environ.get("DOCKER_CONTEXT"):
        what, fix = f"{what} (DOCKER_CONTEXT)", "fix or unset DOCKER_CONTEXT"
    return EngineUnavailable(what, hint=fix + OR_LOCAL)


def _refusal(chain: list[BaseException]) -> str:
    """Return why an engine refuses this user, or nothing if it does not."""
    for item in chain:
        if isinstance(item, PermissionError) or getattr(item, "winerror", None) == _ACCESS_DENIED:
            return "permission denied"
        response = getattr(item, "response", None)
        if getattr(response, "status_code", None) in _REFUSALS:
            return str(getattr(item, "explanation", None) or item).strip()
    return ""


def _access(address: str) -> str:
    """Return how a user gets access to an engine."""
    if address.startswith("unix:"):
        return "run `sudo usermod -aG docker $USER`, then log in to this computer again"
    if address.startswith("npipe:"):
        return "add yourself to the group `docker-users` and sign in again"
    return "ask the administrator of that engine for access"
