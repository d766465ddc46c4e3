"""From a path to decoded lines, also of a file that is compressed."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import shlex
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import is_gzip

# Times its size that a compressed file may hold; texts take 3 to 10 times less room, rarely 30.
MOST_INFLATED = 100
INFLATED_BYTES = 1 << 28  # that any of them may hold

_BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)
_DOS_END = b"\x1a"  # Ctrl-Z, with which DOS and what comes of it end a file
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)  # the first begins as that of UTF-16 does
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines(path: Path) -> Iterator[str]:
    """Decoded lines with their ends.

    Only `\\n` ends a line: U+2028, U+0085 and a lone carriage return occur inside real texts.
    """
    try:
        yield from _decoded(path)
    except _BROKEN_GZIP as fault:
        raise _broken_gzip(path, fault) from fault
    except OSError as fault:
        raise UserError(f"cannot be read ({fault.strerror}); check the file and its permissions", file=path) from fault


def _broken_gzip(path: Path, fault: Exception) -> UserError:
    return UserError(f"corrupt gzip ({fault}); download or compress it again (`gzip -t` checks it)", file=path)


def bare(line: str) -> str:
    """The line without its end."""
    return line.removesuffix("\n").removesuffix("\r")


class _Inflated(io.RawIOBase):
    """What is in a gzip file, up to an amount that a file of texts does not reach: a few KB can stand for gigabytes."""

    def __init__(self, path: Path):
        self.path, self.stream, self.read_bytes = path, gzip.GzipFile(path, "rb"), 0
        self.most = max(INFLATED_BYTES, MOST_INFLATED * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self.stream.readinto(buffer)
        self.read_bytes += size
        if self.read_bytes > self.most:
            cure = "if that is right, unpack it with `gunzip` and name what comes out"
            raise UserError(f"holds more than {MOST_INFLATED} times its size; {cure}", file=self.path)
        return size

    def close(self) -> None:
        self.stream.close()
        super().close()


def _opened(path: Path) -> Any:
    return io.BufferedReader(_Inflated(path), 1 << 16) if is_gzip(path) else path.open("rb")


@contextlib.contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """The path; of a compressed file that of its content, which is there for as long as this is open."""
    if not is_gzip(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        try:
            with _opened(path) as stream, plain.open("wb") as unpacked:
                shutil.copyfileobj(stream, unpacked)
        except _BROKEN_GZIP as fault:
            raise _broken_gzip(path, fault) from fault
        yield plain


def _decoded(path: Path) -> Iterator[str]:
    encoding = "utf-8-sig"  # a byte order mark can only open the file
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.endswith(_DOS_END):
                line = line.rstrip(_DOS_END)
                if not line:
                    return
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as fault:
                raise _not_utf8(path, number, fault) from fault
            if "\0" in text and number == 1:
                raise UserError(
                    "the first line holds bytes of 0: not a file of text, or UTF-16; save it as UTF-8", file=path
                )
            encoding = "utf-8"
            yield text.removeprefix("\ufeff")  # also where files were put together


def _not_utf8(path: Path, number: int, fault: UnicodeDecodeError) -> UserError:
    """An error that names the likely encoding, so that the cure can be pasted."""
    with _opened(path) as stream:
        content = stream.read()
    before = content[: len(content) - len(fault.object) + fault.start]
    if fault.reason == "unexpected end of data" and not before.isascii():  # only a last line ends so
        return UserError("the file ends inside a letter; was it written completely?", file=path, row=number)
    place = f"not UTF-8: byte 0x{fault.object[fault.start]:02x} at position {fault.start + 1} of this line"
    encoding = _likely_encoding(content)
    if encoding == "cp1252":
        cure = f"save the file as UTF-8 or repair the line; if it is {encoding}: `{_conversion(path, encoding)}`"
    elif encoding is not None:
        cure = f"it decodes as {encoding}: convert it with `{_conversion(path, encoding)}`"
    else:
        cure = "save the file as UTF-8 or repair the line"
    return UserError(f"{place}; {cure}", file=path, row=number)


def _likely_encoding(content: bytes) -> str | None:
    """What text is written in that is not UTF-8; None where nothing fits. cp1252 is a guess: nearly everything fits it."""
    if content.startswith(_UTF32_MARKS):
        return "utf-32"
    if content.startswith(_UTF16_MARKS):
        return "utf-16"
    with contextlib.suppress(UnicodeDecodeError):
        letters = [letter for letter in content.decode("cp949") if not letter.isascii()]
        # Nearly any bytes are cp949, as Hangul that no word has; what words have takes two bytes in euc_kr.
        usual = sum("가" <= letter <= "힣" and len(letter.encode("euc_kr", "ignore")) == 2 for letter in letters)
        if usual >= len(letters) / 2:
            return "cp949"
    with contextlib.suppress(UnicodeDecodeError):
        if sum(not letter.isascii() for letter in content.decode("cp1252")) < len(content) / 5:  # a Western text
            return "cp1252"
    return None


def _conversion(path: Path, encoding: str) -> str:
    """A command that writes the file as UTF-8 beside it; to be pasted where the script was started, if its path is short."""
    compressed = is_gzip(path)
    name = path.stem if compressed else path.name
    folder = path.parent if len(path.as_posix()) <= 40 else Path()
    source, target = (folder / path.name).as_posix(), (folder / f"utf8-{name}").as_posix()
    if len(name) > 40:  # the line must stay short
        target = f"utf8{''.join(Path(name).suffixes)}"
        source = f"FILE{''.join(path.suffixes)}"
    if sys.platform == "win32":  # no iconv there
        raw = f"gzip.open({source!r}).read()" if compressed else f"open({source!r}, 'rb').read()"
        code = f"open({target!r}, 'wb').write({raw}.decode('{encoding}').encode())"
        return f'python -c "{"import gzip; " * compressed}{code}"'
    source, target, convert = shlex.quote(source), shlex.quote(target), f"iconv -f {encoding} -t utf-8"
    return f"gunzip -c {source} | {convert} > {target}" if compressed else f"{convert} {source} > {target}"
