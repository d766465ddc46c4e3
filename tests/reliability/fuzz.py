"""Feeds the readers with files that a fuzzer makes up, led by the lines of this project that they reach. `make fuzz`.

    PYTHONPATH=.fuzz python tests/reliability/fuzz.py --seconds 3600

What breaks the promise of `parsers.read` does not stop it: the shortest such file is kept for each place that it fails at.
"""

from __future__ import annotations

import argparse
import collections
import json
import logging
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

with atheris.instrument_imports(include=["utils", "comparison", "heads", "yaml"]):
    import mutations
    import parsers


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """The file with some tokens changed for odd ones or for others of its own, or what libFuzzer makes of it."""
    draw = random.Random(seed)
    if draw.random() < 0.4:
        return atheris.Mutate(data, most)
    if draw.random() < 0.3:
        return (data[:1] + mutations.changed_json(data[1:], draw))[:most]
    first, tokens = data[:1], mutations.TOKEN.findall(data[1:]) or [b""]
    for _ in range(draw.choice([1, 1, 2, 4])):
        place, kind = draw.randrange(len(tokens)), draw.random()
        if kind < 0.5:
            tokens[place] = draw.choice(mutations.ODD)
        elif kind < 0.7:
            tokens[place] = draw.choice(tokens)
        elif kind < 0.8:
            del tokens[place : place + draw.choice([1, 1, 3])]
        elif kind < 0.9:
            tokens.insert(place, draw.choice(mutations.ODD))
        else:
            tokens[place:place] = tokens[place : place + draw.choice([1, 4, 16])] * draw.choice([1, 2, 8])
        tokens = tokens or [b""]
    if draw.random() < 0.02:
        first = bytes([draw.randrange(len(parsers.TARGETS))])
    return (first + b"".join(tokens))[:most]


class Campaign:
    """What was fed to the targets so far, and what came of it."""

    def __init__(self, folder: Path, names: list[str]):
        self.folder, self.names = folder, names
        self.counts: collections.Counter[str] = collections.Counter()
        self.read: collections.Counter[str] = collections.Counter()
        self.crashes: dict[str, int] = {}
        self.start = self.said = time.monotonic()
        self.slowest: dict[str, float] = {}
        self.room = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))

    def feed(self, data: bytes) -> None:
        name = self.names[data[0] % len(self.names)] if data else self.names[0]
        began = time.process_time()
        try:
            self.read[name] += parsers.read(name, data[1:], self.room) is None
        except Exception as error:
            self.keep(name, data[1:], error)
        self.slowest[name] = max(self.slowest.get(name, 0.0), time.process_time() - began)
        for path in self.room.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.counts[name] += 1
        if time.monotonic() > self.said + 20:
            self.say()

    def keep(self, name: str, content: bytes, error: Exception) -> None:
        """Keeps a file that breaks the promise, if none as short is known to fail there."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if str(ROOT) in frame.filename and "reliability" not in frame.filename]
        place = f"{Path(own[-1].filename).name}-{own[-1].lineno}" if own else re.sub(r"\W+", "-", str(error))[:60]
        key = f"{type(error).__name__}-{place}"
        if len(content) >= self.crashes.get(key, 1 << 30):
            return
        self.crashes[key] = len(content)
        (self.folder / key).write_bytes(content)
        told = "".join(traceback.format_exception(error))
        (self.folder / f"{key}.txt").write_text(f"{name}\n{told[-6000:]}", encoding="utf-8", errors="backslashreplace")

    def say(self) -> None:
        """Writes the figures."""
        self.said = time.monotonic()
        total, hours = sum(self.counts.values()), (self.said - self.start) / 3600
        figures = {"executions": total, "hours": round(hours, 3), "crashes": len(self.crashes)}
        figures["by target"] = {n: [self.counts[n], self.read[n], round(self.slowest.get(n, 0), 2)] for n in self.names}
        (self.folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        print(f"{total:,} executions, {hours:.2f} hours, {len(self.crashes)} places that fail", flush=True)


def write_seeds(folder: Path, names: list[str]) -> None:
    """Writes every file of the corpus for every target that could be meant by it: those of the same kind of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        near = [
            path
            for path in parsers.CORPUS.iterdir()
            if path.name.split(".")[0] == name.split(".")[0] or path.name in name
        ]
        for path in (file for part in near for file in part.iterdir()):
            (folder / f"{number}-{path.parent.name}-{path.name}".replace(" ", "-")).write_bytes(
                bytes([number]) + path.read_bytes()
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="how long")
    parser.add_argument(
        "--targets", nargs="+", default=list(parsers.TARGETS), help=f"some of: {', '.join(parsers.TARGETS)}"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/fuzz"), help="a folder for what it finds")
    parser.add_argument("--longest", type=int, default=4096, help="bytes of a file")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    flags = parser.parse_args()
    logging.disable(logging.CRITICAL)
    known = flags.output / "inputs"
    write_seeds(known, flags.targets)
    campaign = Campaign(flags.output, flags.targets)
    options = [
        f"-max_total_time={flags.seconds}",
        f"-max_len={flags.longest}",
        f"-seed={flags.seed}",
        "-print_final_stats=1",
    ]
    options += ["-timeout=120", "-rss_limit_mb=4096", f"-artifact_prefix={flags.output}/"]
    atheris.Setup([sys.argv[0], *options, str(known)], campaign.feed, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
