"""Errors that a user reads: one line, in their words, with an exit code that says whose fault it is."""

from __future__ import annotations

import errno
import os
import signal
import time

import pytest

from utils.errors import ENDING, ShownError, Stopped, UserError, run, shortened, stop_on_signals


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, "write one"),
        ({"file": "a.csv"}, "a.csv: write one"),
        ({"file": "a.csv", "row": 3}, "a.csv, row 3: write one"),
        ({"file": "a.csv", "row": 3, "column": "label"}, "a.csv, row 3, column 'label': write one"),
        ({"column": "label"}, "column 'label': write one"),
    ],
)
def test_places(place, expected):
    assert str(UserError("write\n  one", **place)) == expected


@pytest.mark.parametrize("words", [1, 30, 60, 10**5])
@pytest.mark.parametrize(
    "place", [{}, {"file": "a.csv", "row": 3}, {"file": "a.csv", "column": "x" * 10**6}, {"file": "folder/" * 30}]
)
def test_messages_stay_short_and_keep_their_ends(words, place):
    message = str(UserError("found " + "word " * words + "; write one", **place))
    assert len(message) <= max(300, len(place.get("file", "")) + 2 + 240)
    assert message.startswith(place.get("file", "found word")) and message.endswith("word ; write one")


@pytest.mark.parametrize("size", [5, 20, 21, 1000])
def test_shortened(size):
    text = "".join(chr(ord("a") + i % 26) for i in range(size))
    short = shortened(text, 20)
    assert (short == text) == (size <= 20)
    assert len(short) <= 20
    assert short[:9] == text[:9] and short[-6:] == text[-6:][-len(short) :]


@pytest.mark.parametrize(("error", "code"), [(UserError("no label"), 2), (ShownError("not pushed"), 1)])
def test_one_line_and_an_exit_code(error, code, monkeypatch, capsys):
    def main():
        raise error

    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", f"error: {error}\n")
    monkeypatch.setenv("RANK", "1")  # one process speaks for all
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "")


def test_debug_shows_the_traceback_and_keeps_the_exit_code(monkeypatch, capsys):
    def main():
        raise UserError("no label")

    monkeypatch.setattr("sys.argv", ["run.py", "--debug"])
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last)") and shown.endswith(
        "utils.errors.UserError: no label\n"
    )


def test_other_errors_keep_their_traceback(monkeypatch):
    def main(error):
        raise error

    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(ValueError):
        run(lambda: main(ValueError("a defect")))
    with pytest.raises(FileNotFoundError):
        run(lambda: main(FileNotFoundError(errno.ENOENT, "No such file or directory", "a.txt")))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOTDIR])
def test_what_cannot_be_written_is_one_line(number, monkeypatch, capsys):
    def main():
        raise OSError(number, os.strerror(number), "runs/a")

    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == 2
    line = f"error: runs/a cannot be written ({os.strerror(number)}); make room, or name another folder\n"
    assert capsys.readouterr().err == line


def test_a_console_that_lacks_a_character(tmp_path, monkeypatch):
    with (tmp_path / "out").open("w", encoding="cp949") as console:
        monkeypatch.setattr("sys.stdout", console)
        run(lambda: print("좋음 \U0001f600"))
    assert (tmp_path / "out").read_text(encoding="cp949") == "좋음 \\U0001f600\n"


@pytest.fixture
def usual_signals():
    """A test run may ignore some; what a test sets is taken back."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_library_that_fails_when_it_is_stopped(monkeypatch, usual_signals, capsys):
    def main():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            try:
                raise TimeoutError
            except TimeoutError as error:
                raise RuntimeError("a worker has ended") from error

    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(SystemExit) as ended:
        run(main, "begin anew")
    assert ended.value.code == 143
    assert capsys.readouterr().err == "error: stopped by SIGTERM; begin anew\n"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_is_one_line(name, code, usual_signals, capsys):
    def main():
        try:
            os.kill(os.getpid(), getattr(signal, name))
        except Exception:  # as libraries have it
            pytest.fail("was taken for a failure")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # once more, by a launcher

    with pytest.raises(SystemExit) as caught:
        run(main, "the same command goes on")
    assert caught.value.code == code
    assert capsys.readouterr().err == f"error: stopped by {name}; the same command goes on\n"


def test_a_signal_that_is_ignored_stays_so(usual_signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    stop_on_signals(lambda: "")
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_worker_that_was_forked_ends_as_if_nobody_heard(usual_signals):
    stop_on_signals(lambda: "")
    worker = os.fork()
    if worker == 0:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Stopped:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGTERM


@pytest.mark.parametrize(
    "said", ["[pair.cc:547] Connection closed by peer [127.0.0.1]:25", "ncclRemoteError: A call failed"]
)
def test_another_process_that_has_ended_is_one_line(said, monkeypatch, capsys):
    def main():
        raise RuntimeError(said)

    with pytest.raises(RuntimeError):
        run(main)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")  # whoever is left says it
    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("error: another process of this run has ended: ")


def test_a_worker_that_is_forked_while_the_run_ends_can_be_ended(usual_signals):
    """As a pool does it that replaces a worker which the signal has ended."""
    stop_on_signals(lambda: "")
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGHUP)
    begun, begin = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.write(begin, b"1")
        time.sleep(60)
        os._exit(1)
    os.read(begun, 1)
    os.kill(worker, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGTERM
