"""Small files in exactly the formats of the fourteen benchmarks, with the traps of the real ones and sentences of our own,
and tiny encoders that can read them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from transformers import AutoModel, BertTokenizerFast, ElectraConfig, PretrainedConfig, RobertaConfig, set_seed

# What each benchmark's distribution calls its files.
FILES = {
    "nsmc": {"train": "ratings_train.txt", "test": "ratings_test.txt"},
    "ynat": {"train": "ynat-v1.1_train.json", "validation": "ynat-v1.1_dev.json"},
    "klue-sts": {"train": "klue-sts-v1.1_train.json", "validation": "klue-sts-v1.1_dev.json"},
    "klue-nli": {"train": "klue-nli-v1.1_train.json", "validation": "klue-nli-v1.1_dev.json"},
    "klue-re": {"train": "klue-re-v1.1_train.json", "validation": "klue-re-v1.1_dev.json"},
    "kornli": {"train": "multinli.train.ko.tsv", "validation": "xnli.dev.ko.tsv", "test": "xnli.test.ko.tsv"},
    "korsts": {"train": "sts-train.tsv", "validation": "sts-dev.tsv", "test": "sts-test.tsv"},
    "paws": {"train": "translated_train.tsv", "validation": "dev_2k.tsv", "test": "test_2k.tsv"},
    "question-pair": {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"},
    "hate-speech": {"train": "train.tsv", "test": "val.tsv"},
    "klue-ner": {"train": "klue-ner-v1.1_train.tsv", "validation": "klue-ner-v1.1_dev.tsv"},
    "naver-ner": {"train": "train.tsv", "test": "test.tsv"},
    "klue-mrc": {"train": "klue-mrc-v1.1_train.json", "validation": "klue-mrc-v1.1_dev.json"},
    "korquad": {"train": "KorQuAD_v1.0_train.json", "validation": "KorQuAD_v1.0_dev.json"},
}

# Empty, with quotes, twice the same, the same with the other label.
REVIEWS = [
    ("", "1"),
    ('"""음악이 ""참"" 곱다"" 하더니 정말 그랬다"""', "1"),
    ('배우가 "왔다', "0"),
    ("두 번 볼 영화", "1"),
    ("두 번 볼 영화", "1"),
    ("두 번 볼 영화", "0"),
    *((f"{i} 번째 이야기", str(i % 2)) for i in range(24)),
]

TOPICS = ["정치", "경제", "사회", "생활문화", "세계", "IT과학", "스포츠"]

# premise, hypothesis, label; one quote opens and never closes.
PAIRS = [
    ("고양이가 창가에서 잔다", "고양이가 쉬고 있다", "entailment"),
    ('그가 "비가 온다 말했다', "하늘이 맑다", "contradiction"),
    ("아이가 연을 날린다", "아이는 일곱 살이다", "neutral"),
    ("가게 문이 닫혔다", '"가게가 열려 있다', "contradiction"),
    ("누나가 빵을 구웠다", "누나가 빵을 만들었다", "entailment"),
    ("기차가 늦게 왔다", "기차에 사람이 많다", "neutral"),
]

REAL_LABELS = [4.857142857142857, 0.0, 3.0, 2.96, 5.0, 1.25]  # KLUE-STS: one exactly at the cut

# sentence, subject, object (each a word and its first character), relation; every way in which two entities can lie.
RELATIONS: list[tuple[str, tuple[str, int], tuple[str, int], str]] = [
    ("한별은 새벽상사의 사장이다.", ("한별", 0), ("새벽상사", 4), "per:employee_of"),
    ("새벽상사는 한별이 세웠다.", ("새벽상사", 0), ("한별", 6), "org:founded_by"),
    (
        "누리시에 자리한 새벽상사",
        ("새벽상사", 9),
        ("누리시", 0),
        "org:place_of_headquarters",
    ),  # object first, ends the text
    ("새벽상사한별은 이름이다.", ("새벽상사", 0), ("한별", 4), "no_relation"),  # adjacent
    ("누리시민회는 모임이다.", ("누리시민회", 0), ("누리시", 0), "org:place_of_headquarters"),  # nested, one beginning
    ("한별(사장)이 왔다.", ("한별", 0), ("사장", 3), "per:title"),  # a suffix that is no Hangul
    ("누리 새벽 모임을 열다.", ("누리 새벽", 0), ("새벽 모임", 3), "no_relation"),  # overlapping
]

# KLUE-NER: tag spans of characters; a space inside an entity, and `#`, which is no comment.
SENTENCES: list[tuple[str, list[tuple[int, int, str]]]] = [
    ("한별이 누리시에 갔다.", [(0, 2, "PS"), (4, 7, "LC")]),
    ("새벽 상사는 # 1위다.", [(0, 5, "OG"), (9, 11, "QT")]),
    ("오월 닷새 아침 일곱 시", [(0, 5, "DT"), (6, 13, "TI")]),
    ("아무도 없었다.", []),
]

# Naver NER: words, tags behind.
NAVER = [
    ("한별은 누리시로 갔다 .", "PER-B LOC-B O O"),
    ("새벽 상사 사장 , 한별", "ORG-B ORG-I CVL-B O PER-B"),
    ("조용하다", "O"),
    ("세 번째 이야기", "NUM-B NUM-I O"),
]

_CONTEXT = (
    "누리시는 강가의 도시다. 이곳에는 새벽상사가 있으며 사장은 한별이다. 회사는 오월에 문을 열었고 "
    "빵과 차를 판다. 시장에는 날마다 사람이 모이고, 저녁이면 강을 따라 등불이 켜진다. "
)
# question, answers, type, impossible, plausible
QUESTIONS: list[tuple[str, list[str], int, bool, list[str]]] = [
    ("누리시는 어떤 도시인가?", ["강가의 도시", "강가"], 1, False, []),
    ("사장은 누구인가?", ["한별"], 2, False, []),
    ("회사는 언제 문을 닫았는가?", [], 3, True, ["오월"]),
    ("무엇을 파는가?", ["빵과 차"], 1, False, []),
]


def write_benchmark(name: str, folder: Path, gzipped: bool = False) -> Path:
    """Writes the official files of a benchmark into a folder and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, file in FILES[name].items():
        content = _CONTENTS[name](split).encode("utf-8")
        if gzipped:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / file).write_bytes(content)
    return folder


def tokenizer() -> BertTokenizerFast:
    """WordPiece over the characters of all files, special tokens in the order of klue/roberta; some particles stick."""
    known = sorted({character for content in _CONTENTS.values() for character in content("train")} - {"\n", "\t", " "})
    words = ["새벽상사", "누리시", "한별", "강가", "빵과", "한별이다"]
    pieces = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]", *words, *known, *(f"##{piece}" for piece in known)]
    return BertTokenizerFast(
        vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=False, strip_accents=False
    )


def save_encoder(folder: Path, family: str) -> Path:
    """Writes an encoder of one layer and its tokenizer, as from the Hub.

    Args:
        family: "electra", or "roberta" as in klue/roberta-*: a BERT tokenizer that emits type 1, and one row of types.
    """
    own = tokenizer()
    sizes = {"vocab_size": len(own), "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "pad_token_id": own.pad_token_id, "initializer_range": 0.1}
    config: PretrainedConfig = ElectraConfig(**sizes, embedding_size=32, max_position_embeddings=512)
    if family == "roberta":
        config = RobertaConfig(**sizes, type_vocab_size=1, max_position_embeddings=514)
    set_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    own.save_pretrained(folder)
    return folder


def topics(split: str) -> list[dict[str, Any]]:
    """YNAT's records."""
    return [
        {
            "guid": f"ynat-v1_{_short(split)}_{i:05}",
            "title": f"{topic} 소식 {i}호…새 판",
            "label": topic,
            "annotations": {"annotators": ["08", "13"], "annotations": {"first-scope": [topic, "해당없음"]}},
            "url": f"https://news.example.com/{i}",
            "date": "2016.06.30. 오전 10:36",
        }
        for i, topic in enumerate(TOPICS)
    ]


def similarities(split: str) -> list[dict[str, Any]]:
    """KLUE-STS's records: `label` is rounded, `real-label` is not."""
    return [
        {
            "guid": f"klue-sts-v1_{_short(split)}_{i:05}",
            "source": "own",
            "sentence1": first,
            "sentence2": second,
            "labels": {"label": round(real, 1), "real-label": real, "binary-label": int(real >= 3)},
            "annotations": {"agreement": "0:0:0:1:2:4", "annotators": ["17", "07"], "annotations": [5, 4]},
        }
        for i, ((first, second, _), real) in enumerate(zip(PAIRS, REAL_LABELS, strict=True))
    ]


def inferences(split: str) -> list[dict[str, Any]]:
    """KLUE-NLI's records: `source` in dev, `genre` in train."""
    return [
        {"guid": f"klue-nli-v1_{_short(split)}_{i:05}", "genre" if split == "train" else "source": "own"}
        | {"premise": premise, "hypothesis": hypothesis, "gold_label": label, "author": label, "label2": "neutral"}
        for i, (premise, hypothesis, label) in enumerate(PAIRS)
    ]


def relations(split: str) -> list[dict[str, Any]]:
    """KLUE-RE's records; `end_idx` is the last character."""
    return [
        {
            "guid": f"klue-re-v1_{_short(split)}_{i:05}",
            "sentence": sentence,
            "subject_entity": _entity(subject, "ORG"),
            "object_entity": _entity(object_, "PER"),
            "label": label,
            "source": "own",
        }
        for i, (sentence, subject, object_, label) in enumerate(RELATIONS)
    ]


def characters() -> list[tuple[list[str], list[str]]]:
    """KLUE-NER's sentences: characters and their tags; a space inside an entity carries the entity's tag."""
    rows = []
    for sentence, spans in SENTENCES:
        tags = ["O"] * len(sentence)
        for start, end, kind in spans:
            tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
        rows.append((list(sentence), tags))
    return rows


def context(repeat: int = 4) -> str:
    """A context longer than one window of 64 tokens; all answers stand in its beginning."""
    return (_CONTEXT * repeat).strip()


def answer(text: str) -> dict[str, Any]:
    return {"text": text, "answer_start": context().index(text)}


def _short(split: str) -> str:
    return "dev" if split == "validation" else split


def _entity(entity: tuple[str, int], kind: str) -> dict[str, Any]:
    word, start = entity
    return {"word": word, "start_idx": start, "end_idx": start + len(word) - 1, "type": kind}


def _records(records: list[dict[str, Any]]) -> str:
    return json.dumps(records, ensure_ascii=False, indent=4)


def _table(header: str, rows: list[tuple[Any, ...]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in [header.split(), *rows])


def _nsmc(split: str) -> str:
    return _table("id document label", [(9_000_000 + i, text, label) for i, (text, label) in enumerate(REVIEWS)])


def _kornli(split: str) -> str:
    return _table("sentence1 sentence2 gold_label", PAIRS)


def _korsts(split: str) -> str:
    scores = ["4.750", "0.000", "2.500", "3.200", "5.000", "1.0"]
    rows = [
        ("main-captions", "MSRvid", "2012test", f"{i:04}", score, first, second)
        for i, ((first, second, _), score) in enumerate(zip(PAIRS, scores, strict=True))
    ]
    return _table("genre filename year id score sentence1 sentence2", rows)


def _paws(split: str) -> str:
    rows = [(i + 1, first, second, i % 2) for i, (first, second, _) in enumerate(PAIRS)]
    return _table("id sentence1 sentence2 label", rows)


def _question_pair(split: str) -> str:
    same = ("같은 말", "같은 말", 0)  # as the first row of the real file: 0 stands for the same
    rows = [(first, second, i % 2) for i, (first, second, _) in enumerate(PAIRS)]
    return _table("question1 question2 is_duplicate", [same, *rows])


def _hate_speech(split: str) -> str:
    comments = ["좋은 말이다", "싫은 말이다", "미운 말이다"] + [f"{number} 번째 댓글" for number in range(20)]
    kinds = ["none", "offensive", "hate"]
    rows = [
        (f'"""제목"" {i}호, 오늘"', comment, "others" if i % 2 else "none", kinds[i % 3])
        for i, comment in enumerate(comments)
    ]
    return _table("title comment bias hate", rows)


def _klue_ner(split: str) -> str:
    lines = ["## 토큰, 레이블 구분자 : \\t", "## 토큰 구분자 : \\n", "## 문장 구분자 : \\n\\n", "## 주석 : ##"]
    lines.append("## 컬럼명 : CHAR\tNE_TAG")
    for i, (tokens, tags) in enumerate(characters()):
        lines.append(f"## klue-ner-v1_{_short(split)}_{i:05}-own\t<{''.join(tokens)}:XX>")
        lines += [f"{token}\t{tag}" for token, tag in zip(tokens, tags, strict=True)] + [""]
    return "".join(f"{line}\n" for line in lines)


def _naver_ner(split: str) -> str:
    extra = [(f"{word} 말했다", "PER-B O") for word in "가람이 나래가 다솜이 하늘이 해가 보람이".split()]
    return "".join(f"{words}\t{tags}\n" for words, tags in NAVER + extra)


def _klue_mrc(split: str) -> str:
    questions = []
    for i, (question, texts, kind, impossible, plausible) in enumerate(QUESTIONS):
        entry = {"question": question, "answers": [answer(text) for text in texts], "question_type": kind}
        entry |= {"is_impossible": impossible, "guid": f"klue-mrc-v1_{_short(split)}_{i:05}"}
        if plausible:
            entry["plausible_answers"] = [answer(text) for text in plausible]
        questions.append(entry)
    article = {"title": "누리시", "news_category": None, "source": "own"}
    content = {"version": f"klue-mrc-v1_{_short(split)}", "data": [article | _paragraph(questions)]}
    return json.dumps(content, ensure_ascii=False, indent=2)


def _korquad(split: str) -> str:
    questions = [
        {"answers": [answer(texts[0])], "id": f"65{i}-0-0", "question": question}
        for i, (question, texts, _, impossible, _) in enumerate(QUESTIONS)
        if not impossible
    ]
    content = {"version": f"KorQuAD_v1.0_{_short(split)}", "data": [_paragraph(questions) | {"title": "누리시"}]}
    return json.dumps(content, ensure_ascii=False)


def _paragraph(questions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"paragraphs": [{"qas": questions, "context": context()}]}


_CONTENTS = {
    "nsmc": _nsmc,
    "ynat": lambda split: _records(topics(split)),
    "klue-sts": lambda split: _records(similarities(split)),
    "klue-nli": lambda split: _records(inferences(split)),
    "klue-re": lambda split: _records(relations(split)),
    "kornli": _kornli,
    "korsts": _korsts,
    "paws": _paws,
    "question-pair": _question_pair,
    "hate-speech": _hate_speech,
    "klue-ner": _klue_ner,
    "naver-ner": _naver_ner,
    "klue-mrc": _klue_mrc,
    "korquad": _korquad,
}
