"""What to say of a model that cannot be found or read: whether its folder is there, and what is in it."""

from __future__ import annotations

import contextlib
import difflib
import re
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import repo_folder_name

from ..errors import first_line, named_error
from ..files import read_json

HUB_ID = re.compile(r"(?!.*\.\.)[\w.-]+(/[\w.-]+)?", re.ASCII)
POINTER = b"version https://git-lfs"  # how a file begins that Git LFS has not fetched
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
# What libraries raise where the values of a configuration make no model: too large, 0, a function that does not exist.
MAKE_NO_MODEL = (ArithmeticError, AssertionError, LookupError, MemoryError, RuntimeError)


def check_reachable(name: str, revision: str) -> None:
    """Asks the Hub once about a model of which nothing is on this disk. The library asks for half a minute where nobody answers.

    Raises:
        ConnectionError: there was no answer.
    """
    if constants.is_offline_mode() or not HUB_ID.fullmatch(name) or Path(name).exists():
        return
    if Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=name, repo_type="model")).exists():
        return
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json", revision=revision))
    except HfHubHTTPError:  # an answer
        return
    except Exception as error:  # of whichever library is used to connect
        raise ConnectionError("cannot connect to the Hub") from error


def why_no_model(name: str, error: BaseException) -> str:
    """Why there is no configuration under a name, in words."""
    if not name:
        return "the name is empty"
    place = Path(name)
    if place.is_file():
        return "it is a file, and no configuration"
    if place.is_dir():
        return _why_no_configuration(place, error)
    near = _near(place)
    if Path(name).expanduser().is_dir():
        return f"there is no such folder; write {Path(name).expanduser()}"
    if not HUB_ID.fullmatch(name) or name.startswith("."):
        return f"there is no such folder{near}"
    if constants.is_offline_mode() or "connect" in str(error):
        return f"there is no such folder{near}, and the Hub cannot be reached; offline, name a local folder"
    return f"there is no such folder{near}, and on the Hub: {first_line(error)}"


def why_no_tokenizer(name: str, error: BaseException) -> str:
    """Why there is no tokenizer under a name, in words."""
    if not Path(name).exists():
        return why_no_model(name, error)
    broken = [file.name for file in sorted(Path(name).glob("*.json")) if _is_pointer(file)]
    return _pointer(broken[0]) if broken else f"its files cannot be read ({first_line(error)})"


def why_no_weights(name: str, error: BaseException) -> str:
    """Why weights cannot be read, in words."""
    pointers = [file.name for file in sorted(Path(name).glob("*.safetensors")) if _is_pointer(file)]
    if pointers:
        return _pointer(pointers[0])
    return f"the file is cut short or damaged ({first_line(error)}); download or copy it again"


def why_not_built(name: str, error: BaseException) -> str:
    """Why a configuration gives no model, in words."""
    return f"cannot build the model of '{name}' ({named_error(error)}); is its config.json right?"


def has_vocabulary(folder: Path) -> bool:
    """Whether a folder holds a tokenizer: without one the library makes up a vocabulary of special tokens alone."""
    return any(any(folder.glob(pattern)) for pattern in VOCABULARIES)


def _why_no_configuration(folder: Path, error: BaseException) -> str:
    file = folder / "config.json"
    if not file.is_file():
        checkpoints = sorted(folder.glob("checkpoint-*/config.json"), key=lambda path: path.stat().st_mtime)
        cure = f"; did you mean {checkpoints[-1].parent}?" if checkpoints else ""
        return f"there is no config.json in this folder{cure}"
    if _is_pointer(file):
        return _pointer(file.name)
    with contextlib.suppress(ValueError, RecursionError):
        if not isinstance(read_json(file), dict):
            return f"{file.name} holds no object of JSON"
    return first_line(error) if isinstance(error, (OSError, ValueError)) else named_error(error)


def _near(place: Path) -> str:
    """A folder whose name is much like this one's, as a question."""
    if not place.name or not place.parent.is_dir():
        return ""
    close = difflib.get_close_matches(place.name, [path.name for path in place.parent.iterdir() if path.is_dir()], n=1)
    return f" (did you mean {place.parent / close[0]}?)" if close else ""


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(POINTER)) == POINTER


def _pointer(name: str) -> str:
    return f"{name} is only a pointer of Git LFS; fetch the file itself with `git lfs pull`"
