"""Errors that a user reads as one line, without a traceback."""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

# What the operating system says where a file or folder cannot be written.
CANNOT_WRITE = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOTDIR, errno.EFBIG, errno.EIO, errno.ESTALE),
)

# Signals that end a program and give it time to say something. Windows has no SIGHUP.
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# What the libraries below torch.distributed say where a process has lost another one.
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "ncclRemoteError")

# What a terminal would obey, and what turns the direction of the text after it. TAB and line ends stay.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TOKEN = re.compile(r"\b(hf|api_org)_[A-Za-z0-9]{16,}")  # of the Hub
# Names of environment variables whose values are nobody's business, and the shortest value that is taken for one.
_SECRET_NAME = re.compile(r"(TOKEN|API_KEY|SECRET|SECRET_KEY|ACCESS_KEY|PASSWORD)$")
_SHORTEST_SECRET = 8
# What lets its reader in: a name and a password in a URL, the signature of one, and what a header of a request brings.
_CREDENTIALS = re.compile(
    r"(?<=://)[^/\s@'\"]+(?=@)"
    r"|(?<=[?&])(?P<name>[\w-]*(?:signature|credential|token|api_?key|secret|sig)=)[^&\s'\"]+"
    r"|(?P<bearer>\bBearer )[\w.~+/-]{8,}",
    re.IGNORECASE,
)

ANEW = "the same command begins anew"
LONGEST = 300  # characters of a message with its place, whatever a file or a library puts into it
_LEAST = 240  # for the message itself, however long the path is


class ShownError(Exception):
    """Shown as one line `error: ...`; its message also says what to do."""

    exit_code = 1


class UserError(ShownError):
    """The user's input or flags are at fault.

    Args:
        message: what is wrong and how to cure it, in the user's words.
        file: the file at fault.
        row: its row, counted from 1 as an editor shows it (a record number where the format has no lines).
        column: the name of the column at fault.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, file: str | Path | None = None, row: int | None = None, column: str | None = None
    ):
        places = [
            str(file) if file is not None else None,
            f"row {row}" if row is not None else None,
            f"column '{shortened(' '.join(column.split()), 40)}'" if column is not None else None,
        ]
        place = printable(", ".join(part for part in places if part))
        place += ": " if place else ""
        message = printable(" ".join(message.split()))
        super().__init__(place + shortened(message, max(LONGEST - len(place), _LEAST)))


class Stopped(KeyboardInterrupt):
    """A signal ended the run. No `except Exception` of a library takes it for a failure.

    Args:
        number: of the signal.
        further: how to go on.
    """

    def __init__(self, number: int, further: str):
        self.exit_code = 128 + number
        super().__init__(f"stopped by {signal.Signals(number).name}; {further}")


def stop_on_signals(further: Callable[[], str]) -> None:
    """Makes SIGINT, SIGTERM and SIGHUP raise `Stopped` from now on, unless they are ignored, as SIGHUP is under nohup.

    Args:
        further: gives the words for how to go on.
    """
    process, told = os.getpid(), False

    def stop(number: int, frame: Any) -> None:
        nonlocal told
        if os.getpid() != process:  # a worker that was forked: its parent ends it
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif not told:  # a terminal tells all processes, and a launcher tells its own again
            told = True
            raise Stopped(number, further())

    if threading.current_thread() is threading.main_thread():  # no other can
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)


def without_tokens(text: str) -> str:
    """The text with `***` for tokens of the Hub, for credentials in URLs, and for secrets of the environment.

    Those are the values of variables such as HF_TOKEN, WANDB_API_KEY and AWS_SECRET_ACCESS_KEY.
    """
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and value in text and _SECRET_NAME.search(name.upper()):
            text = text.replace(value, "***")
    text = _CREDENTIALS.sub(lambda found: f"{found['name'] or found['bearer'] or ''}***", text)
    return _TOKEN.sub(r"\1_***", text)


def printable(text: str) -> str:
    """A text of somebody else as it may be shown: control characters are written out (`\\x1b`), tokens are hidden."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), without_tokens(text))


def say(text: object, error: bool = False) -> None:
    """Prints a text as it is `printable`, at once; `error`: on standard error."""
    print(printable(str(text)), file=sys.stderr if error else sys.stdout, flush=True)


class Printable(logging.Formatter):
    """Makes log lines `printable`, with the tracebacks in them."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


class _Record(logging.LogRecord):
    """What is logged by whatever library, which shows it by its own handler."""

    def getMessage(self) -> str:
        return printable(super().getMessage())


_plain_warning = warnings.formatwarning


def _format_warning(*args: Any, **kwargs: Any) -> str:
    return printable(_plain_warning(*args, **kwargs))


def log_to(stream: TextIO, level: int) -> None:
    """Sends log lines of a level or above to a stream, `printable` and once each.

    Those of the libraries too: each has a handler of its own, which would write them a second time or to standard error.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Printable("%(message)s"))
    # The handler's level: a library's logger that has a level of its own, as transformers' has, does not ask the root's.
    handler.setLevel(level)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for library in ("transformers", "datasets", "huggingface_hub"):
        logging.getLogger(library).handlers.clear()
        logging.getLogger(library).propagate = True


def show(kind: Any, error: Any, trace: Any) -> None:
    """Shows an error that nobody caught, in place of `sys.excepthook`; a Ctrl-C that comes before `run` as one line."""
    if kind is KeyboardInterrupt:
        sys.stderr.write(f"error: stopped by SIGINT; {ANEW}\n")
        return
    sys.stderr.write(printable("".join(traceback.format_exception(kind, error, trace))))


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and its end where it has more than `most` characters: a cure stands at the end."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 5]} ... {text[-end:]}"


def first_line(error: BaseException) -> str:
    """The first line of an error of a library, with the next where it ends in a colon: the rest is for its authors."""
    first, *others = str(error).strip().split("\n")
    return f"{first} {others[0].strip()}" if first.endswith(":") and others else first


def named_error(error: BaseException) -> str:
    """The first line of an error that nobody foresaw, after its kind, without which `0` or `'gelu'` says nothing."""
    return f"{type(error).__name__}: {first_line(error)}".removesuffix(": ")


def run(main: Callable[[], None], further: str = ANEW) -> None:
    """Runs a script's `main`. A `ShownError` ends it with one line and its exit code; --debug shows its traceback as well.

    So does a signal, a file that cannot be written, for want of room or of a permission, and the end of another process of
    the same run.

    Args:
        further: how to go on after a signal, until `stop_on_signals` is called anew.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console may not know every character, such as CP949's
            stream.reconfigure(errors="backslashreplace")
    logging.setLogRecordFactory(_Record)
    warnings.formatwarning = _format_warning
    stop_on_signals(lambda: further)
    try:
        _to_its_end(main)
    except (ShownError, Stopped) as error:
        _end(error)
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        where = error.filename or "a file in --output_dir or in HF_DATASETS_CACHE"
        _end(UserError(f"{where} cannot be written ({error.strerror}); make room, or name another folder"))
    except RuntimeError as error:
        if os.environ.get("WORLD_SIZE", "1") == "1" or not any(sign in str(error) for sign in LOST):
            raise
        cure = "its own message says why, or the launcher's; --resume_from_checkpoint true goes on from the newest checkpoint"
        _end(ShownError(f"another process of this run has ended: {cure}"), alone=True)


def _to_its_end(main: Callable[[], None]) -> None:
    """Calls `main`. What fails in a library that a signal has stopped, while it puts its processes away, is that signal."""
    try:
        main()
    except Exception as error:
        before: BaseException | None = error
        while before is not None:
            if isinstance(before, Stopped):
                raise before from None
            before = before.__context__
        raise


def without_debug(words: Sequence[str]) -> list[str]:
    """The words of a command without --debug, which is for `run`."""
    return [word for word in words if word != "--debug"]


def _end(error: ShownError | Stopped, alone: bool = False) -> NoReturn:
    """Ends the program with the line of an error.

    Args:
        alone: this process says it, whatever its number; otherwise the first one speaks for all.
    """
    if "--debug" in sys.argv:
        show(*sys.exc_info())
    elif alone or os.environ.get("RANK", "0") == "0":
        say(f"error: {error}", error=True)
    sys.exit(error.exit_code)
