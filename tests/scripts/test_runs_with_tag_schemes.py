"""A file in BIOES from training to a later prediction: scores and predictions are those of its own scheme."""

from __future__ import annotations

from pathlib import Path

import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOBES
from small_data import sentences, write_columns

from utils.data.tagged import read_tagged
from utils.tasks.tag_schemes import TagScheme


@pytest.fixture(scope="module")
def bioes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bioes")
    for name, count in (("train", 64), ("dev", 20)):
        rows = sentences(count, seed=count, unit="words")
        write_columns(folder / f"{name}-iob2.tsv", rows)
        write_columns(folder / f"{name}.tsv", [(tokens, TagScheme(name="BIOES").write(tags)) for tokens, tags in rows])
    return folder


@pytest.fixture(scope="module")
def trained(run, encoder, bioes):
    return run(
        "token_cls",
        model_name_or_path=encoder,
        train_file=bioes / "train.tsv",
        validation_file=bioes / "dev-iob2.tsv",
        test_file=bioes / "dev.tsv",
        do_train=True,
        do_eval=True,
        do_predict=True,
        learning_rate=3e-3,
        num_train_epochs=6,
        save_strategy="no",
    )


def predictions(outcome) -> list[list[str]]:
    return [record["prediction"] for record in outcome.predictions]


def test_scores_are_those_of_the_scheme(trained, bioes):
    gold = [row.fields["tags"] for row in read_tagged(bioes / "dev.tsv")]
    predicted = predictions(trained)
    expected = f1_score(gold, predicted, mode="strict", scheme=IOBES)
    assert trained.read("all_results.json")["predict_entity_f1"] == pytest.approx(expected)
    assert trained.read("all_results.json")["eval_entity_f1"] == pytest.approx(expected)  # the same sentences in IOB2
    assert expected > 0.5
    assert {"S-LOC", "B-ORG", "E-ORG"} <= {tag for tags in predicted for tag in tags}
    notes = trained.read("run.json")["notes"]
    assert f"{bioes / 'train.tsv'}: the tags are BIOES; IOB2 in the model" in notes
    assert any("dev-iob2.tsv: the tags are IOB2, the model's BIOES; they are read as such" in note for note in notes)


def test_a_later_run_goes_on_in_the_scheme(run, trained, bioes):
    config = trained.read("config.json")
    assert config["tag_scheme"]["name"] == "BIOES" and config["id2label"]["1"] == "B-LOC"
    later = run(
        "token_cls", model_name_or_path=trained.folder, test_file=bioes / "dev-iob2.tsv", do_predict=True, use_cpu=True
    )
    assert predictions(later) == predictions(trained)
    assert later.read("all_results.json")["predict_entity_f1"] == pytest.approx(
        trained.read("all_results.json")["predict_entity_f1"]
    )
