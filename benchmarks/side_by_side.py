"""Compare the toolkit with a handwritten script, in one run: `python benchmarks/side_by_side.py [--rounds N]`.

Cold: four pairs of the real program, `invoke matrix` on each engine and `xargs -P$(nproc)` over `go build -trimpath
-ldflags='-s -w'` with the same toolchain. Toolchain, image and modules are present. Each side starts each
round with an empty build cache, and the order rotates. CPU time is that of the whole machine, because a container is
not a child process: keep the machine quiet.

Warm: a run without changes, with the current `dist/`; `invoke --list`; the memory of the Python process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit.go import toolchain
from toolkit.settings import PREFIX, ROOT

PAIRS = ("linux/amd64", "darwin/arm64", "windows/arm64", "freebsd/amd64")
TICKS = os.sysconf("SC_CLK_TCK")
INVOKE = str(Path(sys.executable).with_name("invoke"))

Measured = tuple[float, float]  # wall time and CPU time, in seconds


def busy() -> float:
    """Return the CPU seconds that this machine has used so far, in all processes and the kernel."""
    fields = [int(word) for word in Path("/proc/stat").read_text("utf-8").splitlines()[0].split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / TICKS


def measured(run: Callable[[], object]) -> Measured:
    """Return the time of a call."""
    wall, cpu = time.monotonic(), busy()
    run()
    return time.monotonic() - wall, busy() - cpu


def run(argv: list[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command; a failure ends the benchmark."""
    surroundings = {**os.environ, **(env or {})}
    done = subprocess.run(argv, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    assert not done.returncode, f"{argv}: {done.stderr}"
    return done.stdout


def by_hand(scratch: Path) -> Measured:
    """Build the pairs as a Makefile or a CI script would."""
    go = toolchain.go()
    out = f"'{scratch}'/${{0%/*}}_${{0#*/}}"
    one = f"GOOS=${{0%/*}} GOARCH=${{0#*/}} '{go.path}' build -trimpath -ldflags='-s -w' -o {out} ."
    line = f"printf '%s\\n' {' '.join(PAIRS)} | xargs -P$(nproc) -n1 sh -c \"$ONE\""
    env = {**go.env, "CGO_ENABLED": "0", "GOCACHE": str(scratch / "cache"), "ONE": one}
    return measured(lambda: run(["sh", "-c", line], env, ROOT / "go-aws-mfa"))


def by_toolkit(engine: str, scratch: Path) -> Measured:
    """Build, check and package the pairs with `invoke matrix`."""
    cache = str(scratch / "cache") if engine == "local" else f"benchmark-{scratch.name}"
    env = {f"{PREFIX}DIST": str(scratch / "dist"), f"{PREFIX}BUILD_CACHE": cache}
    run([INVOKE, "targets", "--engine", engine], env)  # caches the list of pairs first
    try:
        return measured(lambda: run([INVOKE, "matrix", "--engine", engine, "--only", ",".join(PAIRS)], env))
    finally:
        if engine == "docker":
            made = run(["docker", "volume", "ls", "--quiet", "--filter", f"name=^{cache}"]).split()
            run(["docker", "volume", "rm", *made])


def cold(sides: Mapping[str, Callable[[Path], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Return the times of each side, round by round."""
    times: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides)[number % len(sides) :] + list(sides)[: number % len(sides)]
        for name in names:
            scratch = Path(tempfile.mkdtemp(prefix="benchmark-"))
            try:
                times[name].append(sides[name](scratch))
            finally:
                shutil.rmtree(scratch)
            wall, cpu = times[name][-1]
            print(f"  round {number + 1}  {name:22}  wall {wall:6.1f} s  CPU {cpu:6.1f} s", flush=True)
    return times


def show_cold(times: Mapping[str, list[Measured]]) -> None:
    """Print medians, and ratios to the script."""
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    wall, cpu = next(iter(medians.values()))
    print(f"\n{'cold, four pairs':24}{'wall':>9}{'ratio':>7}{'CPU':>10}{'ratio':>7}")
    for name, (its_wall, its_cpu) in medians.items():
        print(f"{name:24}{its_wall:7.1f} s{its_wall / wall:7.2f}{its_cpu:8.1f} s{its_cpu / cpu:7.2f}")


def peak_memory(argv: list[str], env: Mapping[str, str]) -> float:
    """Return the peak memory of a process in MB, without its children."""
    process = subprocess.Popen(
        argv, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        for line in Path(f"/proc/{process.pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM"):
                peak = max(peak, int(line.split()[1]))
        time.sleep(0.01)
    return peak / 1000


def show_warm() -> None:
    """Print absolute values: a run without changes, the list of tasks, and memory."""
    rows = json.loads(run([INVOKE, "matrix", "--json"]))["targets"]
    built = sum(row["outcome"] == "built" for row in rows)
    for name, argv in {
        f"nothing changed, {built} built": [INVOKE, "matrix"],
        "invoke --list": [INVOKE, "--list"],
    }.items():
        walls = [measured(lambda argv=argv: run(argv))[0] for _ in range(5)]  # type: ignore[misc]
        print(f"{name:32}{statistics.median(walls):7.2f} s")
    print(f"{'its Python process':32}{peak_memory([INVOKE, 'matrix'], {}):7.0f} MB")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default="local,docker", help="engines to compare with the script")
    parser.add_argument("--warm", action="store_true", help="only measure commands that compile nothing")
    chosen = parser.parse_args()
    if not chosen.warm:
        sides: dict[str, Callable[[Path], Measured]] = {"xargs and go build": by_hand}
        for engine in chosen.engines.split(","):
            sides[f"toolkit, {engine}"] = lambda scratch, engine=engine: by_toolkit(engine, scratch)  # type: ignore[misc]
        show_cold(cold(sides, chosen.rounds))
    show_warm()


if __name__ == "__main__":
    main()
