"""The `token-classification` pipeline of checkpoints whose tags are decided together: a CRF, or constrained decoding."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import torch
from transformers import TokenClassificationPipeline

Place = tuple[int, int]  # of a sub-word: its chunk, and its number in it


class TaggingPipeline(TokenClassificationPipeline):
    """transformers' own, with the tags that `run_token_cls.py` gives: the same arguments, and answers in the same form.

    The first sub-word of every word is decided about, in the sequence of those of the whole text, also where `stride` cuts it
    into chunks; the other sub-words of a word are inside of what the first one is. Where a model tags characters, every
    sub-word is decided about. A tag's `score` is its probability over all sequences that are allowed.
    """

    def postprocess(self, all_outputs: Any, *arguments: Any, **options: Any):  # type: ignore[override]
        model: Any = self.model
        pieces = self._pieces(all_outputs)
        first = [places[0] for places, begins in pieces if begins]
        if not first:
            return super().postprocess(all_outputs, *arguments, **options)
        outputs = [output | {"logits": output["logits"].float().clone()} for output in all_outputs]
        logits = torch.stack([all_outputs[chunk]["logits"][0, i] for chunk, i in first]).unsqueeze(0)
        tags, scores = (found[0] for found in model.decode(logits, torch.ones(logits.shape[:2])))
        numbers = iter(range(len(first)))
        number = None
        for places, begins in pieces:
            number = next(numbers) if begins else number
            if number is not None:
                shown = _shown(scores[number], int(tags[number]))
                for chunk, i in places:
                    outputs[chunk]["logits"][0, i] = shown if begins else self._inside(shown, int(tags[number]))
        return super().postprocess(outputs, *arguments, **options)

    def _pieces(self, outputs: list[dict[str, Any]]) -> list[tuple[list[Place], bool]]:
        """The sub-words of a text in order: the places of each, that with more context first, and whether it begins a word."""
        units = self._units(outputs[0]["sentence"])
        pieces: list[tuple[list[Place], bool]] = []
        seen: list[tuple] = []  # of every piece: its word as far as it is known, and its place in it or in the text
        last = None
        for chunk, output in enumerate(outputs):
            words = output.get("word_ids") or [None] * output["special_tokens_mask"].shape[1]
            inside = [i for i, special in enumerate(output["special_tokens_mask"][0].tolist()) if not special]
            own = [(words[i], *output["offset_mapping"][0][i].tolist()) for i in inside]
            shared = next((n for n in range(min(len(seen), len(own)), 0, -1) if seen[-n:] == own[:n]), 0)
            for n, (i, (word, start, end)) in enumerate(zip(inside, own, strict=True)):
                if n < shared:  # as in training, half of it belongs to either chunk
                    places = pieces[len(seen) - shared + n][0]
                    places.insert(0 if n >= shared // 2 else 1, (chunk, i))
                    continue
                unit = next((unit for unit in units[start:end] if unit is not None), None) if word is None else word
                pieces.append(([(chunk, i)], unit is not None and unit != last))
                last = last if unit is None else unit
            seen += own[shared:]
        return pieces

    def _units(self, text: str) -> list[int | None]:
        """For each character of a text the number of what has one tag, the word or the character; None for spaces."""
        if getattr(self.model.config, "token_unit", None) == "characters":
            return [None if character.isspace() else i for i, character in enumerate(text)]
        begins = [not character.isspace() and (i == 0 or text[i - 1].isspace()) for i, character in enumerate(text)]
        words = accumulate(begins)
        return [None if character.isspace() else word for character, word in zip(text, words, strict=True)]

    def _inside(self, shown: torch.Tensor, tag: int) -> torch.Tensor:
        """What a further sub-word of a word shows: I-X where the first one is B-X."""
        names = self.model.config.label_names
        name = names[tag]
        inside = f"I-{name[2:]}" if name.startswith("B-") else f"{name[:-2]}-I" if name.endswith("-B") else name
        if inside not in names:
            return shown
        shown = shown.clone()
        shown[[tag, names.index(inside)]] = shown[[names.index(inside), tag]]
        return shown


def _shown(scores: torch.Tensor, tag: int) -> torch.Tensor:
    """Log-probabilities (C,) with a tag in front also where another one is likelier for this token alone."""
    others = torch.arange(len(scores)) != tag
    return torch.where(others, scores.clamp(max=scores[tag].item() - 1e-3), scores)
