"""Fine-tunes an encoder with a head of choice to classify or score texts and pairs of texts.

    python run_seq_cls.py --config_name examples/tiny-electra --head cnn --train_file examples/reviews/train.txt \\
        --validation_split 0.1 --do_train --do_eval --learning_rate 1e-3 --output_dir runs/reviews-cnn
    python run_seq_cls.py --model_name_or_path runs/reviews-cnn --test_file examples/reviews/test.txt \\
        --do_predict --output_dir runs/reviews-cnn-test
"""

from functools import partial

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification
from utils import seq_cls
from utils.arguments import SequenceDataArguments, parse_arguments
from utils.checks import data_report, show_report
from utils.columns import check_rows, find_columns
from utils.errors import run
from utils.features import build_features
from utils.labels import Labels
from utils.models import build_model, check_length, load_config, load_tokenizer
from utils.reporting import Record, run_stages
from utils.splits import Split, load_splits
from utils.training import begin, build_trainer


def main() -> None:
    record = Record()
    arguments = model_arguments, data, training = parse_arguments(SequenceDataArguments)
    begin(training)

    config = load_config(model_arguments, HeadedEncoderForSequenceClassification, training.do_train)
    tokenizer = load_tokenizer(model_arguments)
    seq_cls.add_markers(tokenizer, data)
    data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    def decode(split: Split) -> seq_cls.SequenceDecoder:
        columns = find_columns(split, data)
        seq_cls.check_markers(split, columns, tokenizer)
        features = build_features(
            seq_cls.feature_columns(split, columns, labels),
            seq_cls.encode,
            tokenizer,
            data,
            split,
            max_seq_length=data.max_seq_length,
        )
        return seq_cls.SequenceDecoder(split, features, columns, labels, data)

    with training.main_process_first():
        texts, check = partial(seq_cls.texts, data=data), partial(check_rows, data=data)
        splits, test = load_splits(data, training, seq_cls.reader(data), texts, check)
        if isinstance(config, HeadedEncoderConfig):
            labels = Labels.of_checkpoint(config)
        else:
            labels = Labels.of(splits["train"], data)
        decoders = {name: decode(split) for name, split in splits.items()}
    report = data_report(decoders, tokenizer)
    show_report(report)

    model = build_model(
        HeadedEncoderForSequenceClassification, model_arguments, config, tokenizer, labels.config_fields()
    )
    trainer = build_trainer(model, training, data, tokenizer, decoders, {})
    run_stages(trainer, arguments, decoders, test, decode, report, record)


if __name__ == "__main__":
    run(main)
