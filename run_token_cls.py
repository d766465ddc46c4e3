"""Fine-tunes an encoder with a head of choice to tag the words or characters of sentences.

    python run_token_cls.py --config_name examples/tiny-electra --head lstm --train_file examples/ner/train.tsv \\
        --validation_file examples/ner/dev.tsv --do_train --do_eval --learning_rate 1e-3 --output_dir runs/ner-lstm
    python run_token_cls.py --model_name_or_path runs/ner-lstm --test_file examples/ner/dev.tsv \\
        --do_predict --output_dir runs/ner-lstm-dev
"""

from functools import partial

from heads import HeadedEncoderConfig, HeadedEncoderForTokenClassification
from utils import token_cls
from utils.arguments import TokenDataArguments, parse_arguments
from utils.checks import data_report, show_report
from utils.errors import run
from utils.features import build_features
from utils.models import build_model, check_length, load_config, load_tokenizer
from utils.readers import read_tagged
from utils.reporting import Record, run_stages
from utils.splits import load_splits
from utils.training import begin, build_trainer


def main() -> None:
    record = Record()
    arguments = model_arguments, data, training = parse_arguments(TokenDataArguments)
    begin(training)

    config = load_config(model_arguments, HeadedEncoderForTokenClassification, training.do_train)
    tokenizer = load_tokenizer(model_arguments)
    data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    decoders = {}
    read = partial(read_tagged, text_column=data.text_column_name, label_column=data.label_column_name)
    with training.main_process_first():
        splits = load_splits(data, training, read, token_cls.texts)
        for split in splits.values():
            token_cls.check_tagged(split)
        if isinstance(config, HeadedEncoderConfig):
            tags = token_cls.Tags.of_checkpoint(config, splits)
        else:
            tags = token_cls.Tags.of(splits, data)
        for name, split in splits.items():
            features = build_features(
                token_cls.feature_columns(split, tags),
                token_cls.encode,
                tokenizer,
                data,
                longest_first=name != "train",
                max_seq_length=data.max_seq_length,
                unit=tags.unit,
            )
            decoders[name] = token_cls.TagDecoder(split, features, tags)
    report = data_report(decoders, tokenizer)
    show_report(report)

    model = build_model(HeadedEncoderForTokenClassification, model_arguments, config, tokenizer, tags.config_fields())
    trainer = build_trainer(model, training, data, tokenizer, decoders, {"labels": -100}, token_cls.reduce_logits)
    run_stages(trainer, arguments, decoders, report, record)


if __name__ == "__main__":
    run(main)
