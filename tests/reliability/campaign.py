"""Interrupts runs in every way, and counts how many get to the bytes of an undisturbed run.

    python tests/reliability/campaign.py                                # make faults; takes hours
    python tests/reliability/campaign.py --scenarios predict --every 10 --errors 10 --random 2

What is promised, and what the figures mean, is in docs/reliability.md. The exit code is 1 where a fault lost something.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from asking import GO_ON, HALF, IO_ERROR, NO_SPACE, READ_ONLY, Operation, compile_library, go_on, run_asking
from scenarios import NAMES, Scenario, load, prepare, save, state_of
from script_runs import PRELOADED, Outcome, finish, start

from utils.training.checkpoints import checkpoints, damage

# Errors of operations: the answer, and whether all later ones fail as well.
ERRORS = {"no space left": (NO_SPACE, True), "I/O error": (IO_ERROR, False), "read-only": (READ_ONLY, True)}
NEEDS_ROOM = ("open", "write", "half", "truncate", "mkdir", "fsync")
SAME, DONE, LOST = "same bytes", "was done", "lost"


class Campaign:
    """Faults of one scenario after another, and what became of them.

    Attributes:
        counts: by scenario, fault, operation and outcome.
        states: how many different states of the disk a run went on from.
        lost: what was lost, in words.
    """

    def __init__(self, folder: Path, draw: random.Random):
        self.folder, self.draw = folder, draw
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        self.states = 0
        self.lost: list[str] = []
        self._known: dict[str, str] = {}

    def run(self, scenario: Scenario, decide=go_on, told=None, resume: bool = False) -> Outcome:
        words = [*scenario.words, *(["--resume_from_checkpoint", "true"] if resume else [])]
        return run_asking(scenario.task, words, self.folder / "streams", scenario.watched, decide, told)

    def measure(self, scenario: Scenario) -> None:
        """What the scenario leaves undisturbed, and in how many seconds."""
        for _ in range(2):  # the first fills the cache
            scenario.reset()
            began = time.monotonic()
            outcome = self.run(scenario)
            scenario.seconds = time.monotonic() - began
            if outcome.code != 0:
                raise RuntimeError(outcome.stderr)
        scenario.expected = scenario.results()

    def recover(self, scenario: Scenario) -> str:
        """The same command again, resumed where there is a checkpoint. Returns why something is lost; empty: nothing is."""
        for checkpoint in checkpoints(scenario.folder):
            if (wrong := damage(checkpoint)) is not None:
                return f"{checkpoint.name} is there and not whole: {wrong}"
        for name, content in scenario.results().items():
            if name in scenario.whole and content != scenario.expected[name]:
                return f"{name} is there and not what the run leaves"
        if not scenario.finished:
            outcome = self.run(scenario, resume=bool(checkpoints(scenario.folder)))
            if outcome.code != 0:
                return f"exit code {outcome.code}: {outcome.stderr[-1500:]}"
        found = scenario.results()
        if other := [name for name, content in scenario.expected.items() if found.get(name) != content]:
            return f"other {', '.join(other)}"
        left = [
            path.name for path in scenario.folder.iterdir() if path.name.startswith(("unfinished", "predictions.p"))
        ]
        return f"left over: {', '.join(left)}" if left and not scenario.finished else ""

    def judge(self, scenario: Scenario, fault: str, operation: str) -> None:
        """Goes on from what is on the disk, unless the same was there after another fault, and counts."""
        state = state_of(scenario.watched)
        if state not in self._known:
            self._known[state] = DONE if scenario.finished else SAME
            self.states += 1
            if why := self.recover(scenario):
                self._known[state] = LOST
                self.lose(scenario, f"{fault} at {operation}: {why}")
        self.counts[scenario.name, fault, operation, self._known[state]] += 1

    def lose(self, scenario: Scenario, what: str) -> None:
        self.lost.append(f"{scenario.name}: {what}")
        print(f"lost: {self.lost[-1]}", flush=True)

    def kill_at_operations(self, scenario: Scenario, every: int) -> int:
        """SIGKILL before operations and within writes; returns how many operations there are.

        It leaves the disk as it is at that moment, so one run shows what each of these faults leaves.
        """
        operations: list[Operation] = []
        offset = self.draw.randrange(every)

        def decide(number: int, operation: Operation) -> str:
            operations.append(operation)
            if number % every == offset:
                save(scenario.watched, states / str(number))
            return HALF if operation.name == "write" else GO_ON

        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            states = Path(name)
            scenario.reset()
            self.run(scenario, decide)
            for number in sorted(int(path.name) for path in states.iterdir()):
                load(states / str(number), scenario.watched)
                self.judge(scenario, "SIGKILL", operations[number].name)
        return len(operations)

    def fail_operations(self, scenario: Scenario, count: int, every: int) -> None:
        """Has operations fail; the run may go on, or end with one line."""
        for fault, (answer, stays) in ERRORS.items():
            for first in range(self.draw.randrange(every), count, every):
                failed: list[str] = []

                def decide(number, operation, first=first, answer=answer, stays=stays, failed=failed):
                    if number < first or (failed and not stays):
                        return GO_ON
                    if answer == NO_SPACE and operation.name not in NEEDS_ROOM:
                        return GO_ON
                    failed.append(operation.name)
                    return answer

                scenario.reset()
                outcome = self.run(scenario, decide)
                if failed:
                    self.hear(scenario, fault, failed[0], outcome, (0, 1, 2))

    def hear(self, scenario: Scenario, fault: str, operation: str, outcome: Outcome, codes: tuple[int, ...]) -> None:
        """Judges a run that could say something: nothing or one line, with one of these exit codes."""
        lines = outcome.stderr.splitlines()
        clear = not lines or (len(lines) == 1 and lines[0].startswith("error: "))
        # Where libraries are imported, Ctrl-C is said by the interpreter, which then ends by the signal.
        says = outcome.code > 0 or outcome.code == -signal.SIGINT
        if outcome.code in codes and clear and bool(lines) == says:
            self.judge(scenario, fault, operation)
        else:
            self.counts[scenario.name, fault, operation, LOST] += 1
            self.lose(scenario, f"{fault} at {operation}: exit code {outcome.code}: {outcome.stderr[-1500:]}")

    def tell_at_random(self, scenario: Scenario, number: signal.Signals, times: int) -> None:
        """Sends a signal at times drawn at random."""
        for _ in range(times):
            scenario.reset()
            outcome = self.run(scenario, told=(number, self.draw.uniform(0, scenario.seconds)))
            # 0: it came too late; -number: before the script had begun.
            self.hear(scenario, number.name, "at random", outcome, (0, -number, 128 + number))

    def kill_one_of_two(self, scenario: Scenario, times: int) -> None:
        """Kills one of two processes at times drawn at random: the other has to end by itself."""
        expected = scenario.expected
        for trial in range(-1, times):  # the first is undisturbed: two processes have batches of their own
            scenario.reset()
            victim = trial % 2 if trial >= 0 else None
            codes = self._run_two(scenario, victim, resume=False)
            if victim is None:
                scenario.expected = scenario.results()
                continue
            if codes[1 - victim] not in (0, 1):
                self.lose(scenario, f"one of two killed: the other ended with {codes[1 - victim]}")
            if not scenario.finished:
                codes = self._run_two(scenario, None, resume=bool(checkpoints(scenario.folder)))
            same = codes == [0, 0] and scenario.results() == scenario.expected
            self.counts[scenario.name, "SIGKILL of one of two", "at random", SAME if same else LOST] += 1
            if not same:
                self.lose(scenario, f"one of two killed: then exit codes {codes}")
            self.states += 1
        scenario.expected = expected

    def _run_two(self, scenario: Scenario, victim: int | None, resume: bool) -> list[int | None]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
            shared["MASTER_PORT"] = str(free.getsockname()[1])
        words = [*scenario.words, "--use_cpu", "true", *(["--resume_from_checkpoint", "true"] if resume else [])]
        streams = [self.folder / f"streams-{rank}" for rank in (0, 1)]
        ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in (0, 1)]
        processes = [start(scenario.task, words, streams[rank], shared | ranks[rank]) for rank in (0, 1)]
        if victim is not None:
            time.sleep(self.draw.uniform(0, 1.5 * scenario.seconds))
            processes[victim].kill()
        return [finish(process, place, scenario.folder).code for process, place in zip(processes, streams, strict=True)]

    def as_json(self) -> str:
        counts = [[*key, number] for key, number in sorted(self.counts.items())]
        return json.dumps({"counts": counts, "states": self.states, "lost": self.lost}, indent=1) + "\n"

    def table(self) -> str:
        """Faults by kind, operation and outcome, as Markdown."""
        rows: dict[tuple[str, str], Counter[str]] = {}
        for (_, fault, operation, outcome), count in self.counts.items():
            rows.setdefault((fault, operation), Counter())[outcome] += count
        columns = (SAME, DONE, LOST)
        lines = [f"| fault | at | faults | {' | '.join(columns)} |", "|---|---|---" + "|---" * len(columns) + "|"]
        for (fault, operation), found in sorted(rows.items()):
            numbers = [found[column] for column in columns]
            lines.append(f"| {fault} | {operation} | {sum(numbers)} | {' | '.join(map(str, numbers))} |")
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--every", type=int, default=1, help="SIGKILL at every Nth operation")
    parser.add_argument("--errors", type=int, default=10, help="each kind of error at every Nth operation")
    parser.add_argument("--random", type=int, default=20, help="SIGKILL, SIGTERM and SIGINT, so often each")
    parser.add_argument("--pairs", type=int, default=6, help="one of two processes killed, so often for each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a JSON file for the counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        library = compile_library(folder)
        if library is None:
            sys.exit("error: this needs Linux and a C compiler")
        os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        os.environ |= {"LD_PRELOAD": str(library), "PYTHONPATH": ":".join(sys.path[:4])}  # of the server and its forks
        multiprocessing.get_context("forkserver").set_forkserver_preload([*PRELOADED, "warm"])
        campaign = Campaign(folder, random.Random(options.seed))
        for scenario in prepare(options.scenarios, folder):
            began = time.monotonic()
            campaign.measure(scenario)
            count = campaign.kill_at_operations(scenario, options.every)
            campaign.fail_operations(scenario, count, options.errors)
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
                campaign.tell_at_random(scenario, number, options.random)
            if scenario.name.startswith("train "):
                campaign.kill_one_of_two(scenario, options.pairs)
            own = sum(number for (name, *_), number in campaign.counts.items() if name == scenario.name)
            seconds = time.monotonic() - began
            print(f"{scenario.name}: {count} operations, {own} faults in {seconds:.0f} s", flush=True)
            if options.output is not None:
                options.output.write_text(campaign.as_json(), encoding="utf-8")
    total = sum(campaign.counts.values())
    print(f"\n{campaign.table()}\n\n{total} faults, {campaign.states} states of the disk, {len(campaign.lost)} lost")
    sys.exit(bool(campaign.lost))


if __name__ == "__main__":
    main()
