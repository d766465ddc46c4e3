"""The benchmarks by name: their files, columns, labels and metrics, as the publications have them.

Sources, as `docs/reproduce.md` cites them: KB is KLUE-benchmark/KLUE-baseline at 8a03c94, KE is monologg/KoELECTRA at
024fbdd.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .errors import UserError
from .metrics.catalogue import KLUE_MRC, KLUE_RE, KLUE_STS, KORQUAD
from .metrics.metric import Metric

KLUE = "github.com/KLUE-benchmark/KLUE, klue_benchmark/"
KLUE_LICENCE = "CC BY-SA 4.0"
KOELECTRA = "github.com/monologg/KoELECTRA, finetune/data/"


@dataclass(frozen=True)
class Benchmark:
    """One benchmark.

    Attributes:
        script: the script that trains it.
        source: where its official files are.
        files: their names by split; each may carry `.gz`.
        hub: Hub id of a copy that is no script, if there is one, and its configuration, or several that each have some splits.
        columns: positions of the text, the second text and the label in its files.
        labels: the classes in the order of the published code; read off the training rows where it has none.
        flags: defaults of other flags.
        metric: what it is scored by; None: what its task is scored by anyway.
        entity_pairs: its sentences have two entities, which are marked before they are read.
        licence: of the data; empty where it is not known here and the source has to be asked.
    """

    script: str
    source: str
    files: dict[str, str]
    hub: tuple[str | None, ...] = ()
    columns: tuple[int, int, int] | None = None
    labels: tuple[str, ...] = ()
    flags: dict[str, object] = field(default_factory=dict)
    metric: Metric | None = None
    entity_pairs: bool = False
    licence: str = ""


# The order is that of relation_list.json in the KLUE-RE distribution.
RELATIONS = (
    "no_relation",
    "org:dissolved",
    "org:founded",
    "org:place_of_headquarters",
    "org:alternate_names",
    "org:member_of",
    "org:members",
    "org:political/religious_affiliation",
    "org:product",
    "org:founded_by",
    "org:top_members/employees",
    "org:number_of_employees/members",
    "per:date_of_birth",
    "per:date_of_death",
    "per:place_of_birth",
    "per:place_of_death",
    "per:place_of_residence",
    "per:origin",
    "per:employee_of",
    "per:schools_attended",
    "per:alternate_names",
    "per:parents",
    "per:children",
    "per:siblings",
    "per:spouse",
    "per:other_family",
    "per:colleagues",
    "per:product",
    "per:religion",
    "per:title",
)


def _klue(name: str, extension: str = "json") -> dict[str, str]:
    return {"train": f"{name}-v1.1_train.{extension}", "validation": f"{name}-v1.1_dev.{extension}"}


BENCHMARKS = {
    "nsmc": Benchmark(
        script="run_seq_cls.py",
        source="github.com/e9t/nsmc",
        files={"train": "ratings_train.txt", "test": "ratings_test.txt"},
        labels=("0", "1"),
        flags={"validation_split": 0.05},
        licence="CC0 1.0",
    ),
    "ynat": Benchmark(
        script="run_seq_cls.py",
        source=KLUE + "ynat-v1.1",
        files=_klue("ynat"),
        hub=("klue/klue", "ynat"),
        labels=("정치", "경제", "사회", "생활문화", "세계", "IT과학", "스포츠"),
        licence=KLUE_LICENCE,
    ),
    "klue-sts": Benchmark(
        script="run_seq_cls.py",
        source=KLUE + "klue-sts-v1.1",
        files=_klue("klue-sts"),
        hub=("klue/klue", "sts"),
        flags={"do_regression": True},
        metric=KLUE_STS,
        licence=KLUE_LICENCE,
    ),
    "klue-nli": Benchmark(
        script="run_seq_cls.py",
        source=KLUE + "klue-nli-v1.1",
        files=_klue("klue-nli"),
        hub=("klue/klue", "nli"),
        labels=("entailment", "contradiction", "neutral"),
        licence=KLUE_LICENCE,
    ),
    "klue-re": Benchmark(
        script="run_seq_cls.py",
        source=KLUE + "klue-re-v1.1",
        files=_klue("klue-re"),
        hub=("klue/klue", "re"),
        labels=RELATIONS,
        metric=KLUE_RE,
        entity_pairs=True,
        licence=KLUE_LICENCE,
    ),
    "kornli": Benchmark(
        script="run_seq_cls.py",
        source="github.com/kakaobrain/kor-nlu-datasets, KorNLI/",
        files={"train": "multinli.train.ko.tsv", "validation": "xnli.dev.ko.tsv", "test": "xnli.test.ko.tsv"},
        hub=("kakaobrain/kor_nli", "multi_nli", "xnli"),
        columns=(0, 1, 2),
        labels=("contradiction", "entailment", "neutral"),
    ),
    "korsts": Benchmark(
        script="run_seq_cls.py",
        source="github.com/kakaobrain/kor-nlu-datasets, KorSTS/",
        files={"train": "sts-train.tsv", "validation": "sts-dev.tsv", "test": "sts-test.tsv"},
        columns=(5, 6, 4),
        flags={"do_regression": True},
    ),
    "paws": Benchmark(
        script="run_seq_cls.py",
        source="storage.googleapis.com/paws/pawsx/x-final.tar.gz, x-final/ko/",
        files={"train": "translated_train.tsv", "validation": "dev_2k.tsv", "test": "test_2k.tsv"},
        hub=("google-research-datasets/paws-x", "ko"),
        columns=(1, 2, 3),
        labels=("0", "1"),
    ),
    "question-pair": Benchmark(
        script="run_seq_cls.py",
        source=KOELECTRA + "question-pair",
        files={"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"},
        columns=(0, 1, 2),
        labels=("0", "1"),
    ),
    "hate-speech": Benchmark(
        script="run_seq_cls.py",
        source=KOELECTRA + "hate-speech",
        files={"train": "train.tsv", "test": "val.tsv"},
        labels=("none", "offensive", "hate"),
        # By name: the authors' own train.tsv, github.com/kocohub/korean-hate-speech, has other columns at these places.
        flags={"validation_split": 0.1, "text_column_name": "comment", "label_column_name": "hate"},
    ),
    "klue-ner": Benchmark(
        script="run_token_cls.py",
        source=KLUE + "klue-ner-v1.1",
        files=_klue("klue-ner", "tsv"),
        hub=("klue/klue", "ner"),
        labels=tuple(f"{side}-{kind}" for kind in ("PS", "LC", "OG", "DT", "TI", "QT") for side in "BI") + ("O",),
        licence=KLUE_LICENCE,
    ),
    "naver-ner": Benchmark(
        script="run_token_cls.py",
        source=KOELECTRA + "naver-ner",
        files={"train": "train.tsv", "test": "test.tsv"},
        labels=("O",)
        + tuple(
            f"{kind}-{side}"
            for kind in "PER FLD AFW ORG LOC CVL DAT TIM NUM EVT ANM PLT MAT TRM".split()
            for side in "BI"
        ),
        flags={"validation_split": 0.1},
    ),
    "klue-mrc": Benchmark(
        script="run_qa.py",
        source=KLUE + "klue-mrc-v1.1",
        files=_klue("klue-mrc"),
        hub=("klue/klue", "mrc"),
        flags={"version_2_with_negative": True},
        metric=KLUE_MRC,
        licence=KLUE_LICENCE,
    ),
    "korquad": Benchmark(
        script="run_qa.py",
        source="korquad.github.io, KorQuAD 1.0",
        files={"train": "KorQuAD_v1.0_train.json", "validation": "KorQuAD_v1.0_dev.json"},
        hub=("KorQuAD/squad_kor_v1", None),
        metric=KORQUAD,
        licence="CC BY-ND 2.0 KR",
    ),
}


def find_files(benchmark: Benchmark, data_dir: str) -> dict[str, str]:
    """The official files that lie in a folder, by split, plain or gzipped.

    Raises:
        UserError: none of them is there.
    """
    files = {}
    for split, name in benchmark.files.items():
        for path in (Path(data_dir) / name, Path(data_dir) / f"{name}.gz"):
            if split not in files and path.is_file():
                files[split] = str(path)
    if not files:
        raise UserError(
            f"none of {', '.join(benchmark.files.values())} is here; they come from {benchmark.source}", file=data_dir
        )
    return files
