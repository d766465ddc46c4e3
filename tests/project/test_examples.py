"""The example data: what `examples/generate.py` writes, and whether the committed files are just that."""

import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModel, AutoTokenizer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_spec = importlib.util.spec_from_file_location("example_korean", EXAMPLES / "writing" / "korean.py")
korean = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(korean)
inflect, josa = korean.inflect, korean.josa

TEXT_FILES = [
    "reviews/train.txt",
    "reviews/test.txt",
    "intents/train.csv",
    "intents/test.csv",
    "ner/train.tsv",
    "ner/dev.tsv",
    "qa/train.json",
    "qa/dev.json",
    "tiny-electra/config.json",
    "tiny-electra/tokenizer_config.json",
]


def read_reviews(name):
    header, *lines = (EXAMPLES / "reviews" / name).read_text(encoding="utf-8").split("\n")
    assert header == "id\tdocument\tlabel"
    assert lines.pop() == ""
    rows = [line.split("\t") for line in lines]
    assert all(len(row) == 3 for row in rows)
    return rows


def read_entities(name):
    """[(sentence, marked sentence, [(character, tag), ...]), ...]"""
    *blocks, end = (EXAMPLES / "ner" / name).read_text(encoding="utf-8").split("\n\n")
    assert end == ""
    comments, blocks[0] = blocks[0].split("\n")[:5], "\n".join(blocks[0].split("\n")[5:])
    assert all(line.startswith("## ") for line in comments)
    sentences = []
    for block in blocks:
        head, *lines = block.split("\n")
        assert re.fullmatch(r"## example-ner_\w+_\d{5}\t.+", head)
        pairs = [(line[0], line[2:]) for line in lines]
        assert all(line[1] == "\t" for line in lines)
        sentences.append(("".join(char for char, _ in pairs), head.split("\t")[1], pairs))
    return sentences


def read_questions(name):
    content = json.loads((EXAMPLES / "qa" / name).read_text(encoding="utf-8"))
    assert list(content) == ["version", "data"]
    return [paragraph for article in content["data"] for paragraph in article["paragraphs"]]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    subprocess.run([sys.executable, str(EXAMPLES / "generate.py"), "--out", str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(EXAMPLES / "tiny-electra")


# --- the generator


@pytest.mark.parametrize("name", TEXT_FILES)
def test_committed_file_is_what_the_generator_writes(written, name):
    assert (written / name).read_bytes() == (EXAMPLES / name).read_bytes()


def test_committed_vocabulary_is_what_the_generator_trains(written):
    # Not byte by byte: another release of tokenizers may break ties between merges otherwise.
    vocabularies = [
        json.loads((folder / "tiny-electra/tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
        for folder in (written, EXAMPLES)
    ]
    assert len(vocabularies[0]) == len(vocabularies[1]) == 4000
    assert len(vocabularies[0].keys() & vocabularies[1].keys()) > 3900


def test_check_names_the_file_that_differs(written, tmp_path):
    def check(folder):
        command = [sys.executable, str(EXAMPLES / "generate.py"), "--check", "--out", str(folder)]
        return subprocess.run(command, capture_output=True, text=True)

    assert check(written).returncode == 0
    spoilt = written / "ner" / "dev.tsv"
    content = spoilt.read_bytes()
    spoilt.write_bytes(content + b"\n")
    done = check(written)
    spoilt.write_bytes(content)
    assert done.returncode == 1
    assert done.stderr == f"{spoilt}: differs from what generate.py writes; run python examples/generate.py\n"


def test_files_are_small():
    files = [
        path for folder in ("reviews", "intents", "ner", "qa", "tiny-electra") for path in (EXAMPLES / folder).iterdir()
    ]
    assert sum(path.stat().st_size for path in files) < 2_500_000


# --- the grammar


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("연기", "은/는", "연기는"),
        ("결말", "은/는", "결말은"),
        ("서울", "으로/로", "서울로"),
        ("부산", "으로/로", "부산으로"),
        ("전주", "으로/로", "전주로"),
        ("CG", "이/가", "CG가"),
        ("OST", "을/를", "OST를"),
        ("3km", "이/가", "3km가"),
        ("20kg", "을/를", "20kg을"),
        ("12%", "이/가", "12%가"),
        ("2-1", "으로/로", "2-1로"),
        ("5-0", "으로/로", "5-0으로"),
        ("1위", "이다/다", "1위다"),
    ],
)
def test_particle_follows_the_final_consonant(word, pair, expected):
    assert josa(word, pair) == expected


@pytest.mark.parametrize(
    ("word", "ending", "expected"),
    [
        ("좋다", "았어요", "좋았어요"),
        ("지루하다", "았다", "지루했다"),
        ("지루하다", "는데", "지루한데"),
        ("아름답다", "음", "아름다움"),
        ("아름답다", "아요", "아름다워요"),
        ("빠르다", "았다", "빨랐다"),
        ("느리다", "습니다", "느립니다"),
        ("예쁘다", "아", "예뻐"),
        ("재미있다", "는", "재미있는"),
        ("돋보이다", "다", "돋보인다"),
        ("와닿다", "다", "와닿는다"),
        ("낫다", "아요", "나아요"),
        ("최고이다", "아요", "최고예요"),
        ("엉망이다", "아요", "엉망이에요"),
        ("별로이다", "지만", "별로지만"),
        ("아니다", "아요", "아니에요"),
    ],
)
def test_predicate_takes_its_ending(word, ending, expected):
    assert inflect(word, ending) == expected


def test_unknown_ending_is_named():
    with pytest.raises(ValueError, match="unknown ending '습디다'"):
        inflect("좋다", "습디다")


# --- reviews


@pytest.mark.parametrize(("name", "count"), [("train.txt", 4000), ("test.txt", 800)])
def test_reviews_are_balanced_and_unique(name, count):
    rows = read_reviews(name)
    assert Counter(label for _, _, label in rows) == {"0": count // 2, "1": count // 2}
    assert len({number for number, _, _ in rows}) == count
    assert len({text for _, text, _ in rows}) == count
    assert all(number.isdigit() and text == text.strip() and text for number, text, _ in rows)


def test_test_reviews_are_not_in_train():
    def letters(text):
        return re.sub(r"[^가-힣0-9A-Za-z>]", "", text)

    train, test = read_reviews("train.txt"), read_reviews("test.txt")
    assert not {letters(text) for _, text, _ in train} & {letters(text) for _, text, _ in test}
    assert not {number for number, _, _ in train} & {number for number, _, _ in test}


@pytest.mark.parametrize("name", ["train.txt", "test.txt"])
def test_same_words_in_another_order_carry_the_other_label(name):
    labels = {}
    for _, text, label in read_reviews(name):
        words = tuple(sorted(re.sub(r"[.!~,]", "", text).split()))
        labels.setdefault(words, []).append(label)
    twins = sum(len(found) for found in labels.values() if len(set(found)) == 2)
    assert twins / len(read_reviews(name)) > 0.25


@pytest.mark.parametrize(
    ("praise", "blame"),
    [
        ("안 지겹고 새롭더라.", "지겹고 안 새롭더라."),
        ("소재는 진부해. 그런데 편집은 매끄러워..", "편집은 매끄러워. 그런데 소재는 진부해.."),
        ("2편은 실패작 아니고 띵작", "2편은 띵작 아니고 실패작"),
        ("시나리오는 뻔하지만 음악은 좋아요 ㅠㅠ", "음악은 좋지만 시나리오는 뻔해요 ㅠㅠ"),
        ("나 합격 선배 불합격", "나 불합격 선배 합격"),
        ("전반부는 뻔하지만 후반부는 좋더라", "전반부는 좋지만 후반부는 뻔하더라"),
        ("이 영화는 새롭고 하나도 안 유치하네!", "이 영화는 하나도 안 새롭고 유치하네!"),
    ],
)
def test_minimal_pair(praise, blame):
    rows = {text: label for name in ("train.txt", "test.txt") for _, text, label in read_reviews(name)}
    assert (rows[praise], rows[blame]) == ("1", "0")


# --- named entities


@pytest.mark.parametrize(("name", "count"), [("train.tsv", 800), ("dev.tsv", 200)])
def test_entity_tags_are_valid_and_agree_with_the_marks(name, count):
    sentences = read_entities(name)
    assert len(sentences) == len({text for text, _, _ in sentences}) == count
    kinds, inner_spaces = Counter(), 0
    for text, marked, pairs in sentences:
        remarked, before = "", "O"
        for char, tag in pairs + [("", "O")]:
            assert re.fullmatch("O|[BI]-(PS|LC|OG|DT|TI|QT)", tag)
            assert not tag.startswith("I-") or before[2:] == tag[2:], text
            if before != "O" and not tag.startswith("I-"):
                remarked += f":{before[2:]}>"
            if tag.startswith("B-"):
                remarked += "<"
                kinds[tag[2:]] += 1
            inner_spaces += char == " " and tag.startswith("I-")
            assert not (char == " " and tag.startswith("B-"))
            remarked, before = remarked + char, tag
        assert remarked == marked
    assert set(kinds) == {"PS", "LC", "OG", "DT", "TI", "QT"}
    assert min(kinds.values()) > count / 10
    assert inner_spaces > count / 2


def test_entity_sentences_of_dev_are_not_in_train():
    assert not {text for text, _, _ in read_entities("train.tsv")} & {text for text, _, _ in read_entities("dev.tsv")}


# --- questions


@pytest.mark.parametrize(("name", "count"), [("train.json", 120), ("dev.json", 30)])
def test_answers_stand_at_their_offsets(name, count):
    paragraphs = read_questions(name)
    assert len(paragraphs) == count
    ids, impossible, before_particle = [], 0, 0
    for paragraph in paragraphs:
        context = paragraph["context"]
        assert 3 <= len(paragraph["qas"]) <= 6
        for question in paragraph["qas"]:
            assert question["question"].endswith("?")
            ids.append(question["id"])
            assert question["is_impossible"] == (not question["answers"])
            impossible += question["is_impossible"]
            for answer in question["answers"]:
                end = answer["answer_start"] + len(answer["text"])
                assert context[answer["answer_start"] : end] == answer["text"] == answer["text"].strip() != ""
                before_particle += bool(re.match("[가-힣]", context[end : end + 1]))
    assert len(ids) == len(set(ids))
    assert 0.08 < impossible / len(ids) < 0.25
    assert before_particle / len(ids) > 0.4


def test_contexts_are_short_and_long():
    lengths = sorted(len(paragraph["context"].split()) for paragraph in read_questions("train.json"))
    assert lengths[0] < 40
    assert sum(length > 200 for length in lengths) >= 10


def test_titles_of_dev_are_not_in_train():
    def titles(name):
        content = json.loads((EXAMPLES / "qa" / name).read_text(encoding="utf-8"))
        return {article["title"] for article in content["data"]}

    assert len(titles("train.json")) == 120
    assert not titles("train.json") & titles("dev.json")


# --- the tiny encoder


def test_tokenizer_keeps_case_and_hangul(tokenizer):
    assert len(tokenizer) == 4000
    assert tokenizer.model_max_length == 512
    assert tokenizer.is_fast
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.convert_tokens_to_ids(special) == [0, 1, 2, 3, 4]
    text = "연기는 좋지만 CG가 좀 ㅋㅋㅋ"
    encoded = tokenizer(text, return_offsets_mapping=True)
    assert tokenizer.decode(encoded["input_ids"], skip_special_tokens=True) == text
    assert "".join(text[start:end] for start, end in encoded["offset_mapping"]) == text.replace(" ", "")
    pair = tokenizer("결말은?", "허무하다")
    assert pair["input_ids"].count(3) == 2
    assert pair["token_type_ids"][0] == 0
    assert pair["token_type_ids"][-1] == 1


@pytest.mark.parametrize("name", ["train.txt", "test.txt"])
def test_unknown_pieces_are_rare(tokenizer, name):
    texts = [text for _, text, _ in read_reviews(name)]
    pieces = [piece for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] for piece in ids]
    assert pieces.count(tokenizer.unk_token_id) / len(pieces) < 0.01


def test_configuration_fits_the_tokenizer(tokenizer):
    config = AutoConfig.from_pretrained(EXAMPLES / "tiny-electra")
    assert config.model_type == "electra"
    assert config.vocab_size == len(tokenizer)
    model = AutoModel.from_config(config)
    output = model(**tokenizer(["재미있다", "결말이 허무하다"], padding=True, return_tensors="pt"))
    assert output.last_hidden_state.shape[::2] == (2, 128)
