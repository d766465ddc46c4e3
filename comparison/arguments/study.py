"""Reads the file of a study: every recipe with every encoder, each a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from utils.arguments import Parser, as_words, check_keys, check_permissions, read_mapping
from utils.errors import UserError, without_debug

from .flags import ComparisonArguments
from .parsing import script_names

MOST = 1000  # comparisons
STUDY_KEYS = ("study", "recipes", "encoders")


@dataclass
class StudyFlags:
    """The flags of a study that are not those of each of its comparisons."""

    output_dir: str | None = None
    plan: bool = False


@dataclass(frozen=True)
class Study:
    """Every recipe with every encoder, each an ordinary comparison.

    Attributes:
        title: of the page on all of them.
        folder: its `--output_dir`; each comparison has its own in it.
        comparisons: the words of each command, by folder.
        plan: print the shell lines of all, and run nothing.
    """

    title: str
    folder: Path
    comparisons: dict[Path, list[str]]
    plan: bool = False


def is_study(argv: Sequence[str]) -> bool:
    """Whether the file that is named first is a study: it has one of `STUDY_KEYS`, which no recipe has."""
    words = without_debug(argv)
    if not words or words[0].startswith("-"):
        return False
    return not read_mapping(words[0]).keys().isdisjoint(STUDY_KEYS)


def parse_study(argv: Sequence[str]) -> Study:
    """Reads `STUDY.yaml|.json [--flag value ...]`.

    Its keys are `recipes`, `encoders`, `study` (a title), and all flags of a comparison and of the scripts. A recipe or an
    encoder may have flags of its own. Those of a recipe win over those of an encoder, both win over the study's, and those of
    the command line over all.

    Raises:
        UserError: an unknown key, a study without recipes, or two comparisons that would share a folder.
    """
    path, *words = without_debug(argv)
    parser: Any = Parser(StudyFlags, allow_abbrev=False, add_help=False)  # type: ignore[arg-type]
    own, flags = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)
    mapping = read_mapping(path)
    ours = [item.name for item in fields(ComparisonArguments) if item.init and item.name not in ("across", "plan")]
    names = [*ours, *(name for name in script_names() if name not in ours)]
    check_keys(mapping, [*STUDY_KEYS, *names], path)
    own_names = [name for name in names if name != "output_dir"]
    recipes = _with_flags(mapping.get("recipes"), "recipes", own_names, path)
    encoders = [("", {})] if mapping.get("encoders") is None else _encoders(mapping["encoders"], own_names, path)
    if len(recipes) * len(encoders) > MOST:
        count = f"{len(recipes):,} recipes with {len(encoders):,} encoders each"
        raise UserError(f"{count} are more than {MOST:,} comparisons; write several studies", file=path)
    for told in (mapping, *(flags for _, flags in [*recipes, *encoders])):
        check_permissions(told, path, words)
    shared = {key: value for key, value in mapping.items() if key not in (*STUDY_KEYS, "output_dir")}
    folder = Path(own.output_dir or mapping.get("output_dir") or f"runs/{Path(path).stem}")
    comparisons: dict[Path, list[str]] = {}
    for recipe, recipe_flags in recipes:
        for encoder, encoder_flags in encoders:
            place = folder / "-".join(_label(name) for name in (recipe, encoder) if name)
            if place in comparisons:
                raise UserError(f"{recipe} is there twice: give a copy of it another name, and name that", file=path)
            merged = {**shared, **encoder_flags, **recipe_flags, "output_dir": str(place)}
            comparisons[place] = [recipe, *as_words(merged), *flags]
    return Study(
        title=str(mapping.get("study") or Path(path).stem), folder=folder, comparisons=comparisons, plan=own.plan
    )


def _with_flags(value: Any, key: str, names: Sequence[str], path: str) -> list[tuple[str, dict[str, Any]]]:
    """Reads `[a, b]`, `[a, {b: {flag: value}}]` or `{a: null, b: {flag: value}}`."""
    items = value if isinstance(value, list) else [value]
    pairs = [pair for item in items for pair in (item.items() if isinstance(item, dict) else [(item, None)])]
    for name, flags in pairs:
        if not isinstance(name, str) or not isinstance(flags, dict | None):
            example = f"`{key}: [A, B]`, or `{key}: {{A: {{flag: value}}}}`"
            raise UserError(f"{key} are missing or not a list: write {example}", file=path)
        if name.startswith("-"):
            raise UserError(f"{key}: '{name}' begins as flags do; give it another name, or write ./{name}", file=path)
        check_keys(flags or {}, names, path)
    return [(name, flags or {}) for name, flags in pairs]


def _encoders(value: Any, names: Sequence[str], path: str) -> list[tuple[str, dict[str, Any]]]:
    """Reads encoders: names, also with flags of their own; one without weights says so: `{A: {config_name: A}}`."""
    found = _with_flags(value, "encoders", names, path)
    return [(name, flags if "config_name" in flags else {"model_name_or_path": name, **flags}) for name, flags in found]


def _label(name: str) -> str:
    """The name of a folder for a recipe or an encoder: `recipes/klue/ner.yaml` is `klue-ner`."""
    place = Path(name)
    place = place.with_suffix("") if place.suffix in (".yaml", ".yml", ".json") else place
    inside = not place.is_absolute() and ".." not in place.parts
    parts = [part for part in place.parts if part != "recipes"] if inside else [place.name]
    return "-".join(parts)
