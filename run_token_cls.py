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
from utils.splits import Split, first_part, load_splits
from utils.training import begin, build_trainer


def main() -> None:
    record = Record()
    arguments = model_arguments, data, training = parse_arguments(TokenDataArguments)
    begin(training)

    config = load_config(model_arguments, HeadedEncoderForTokenClassification, training.do_train)
    tokenizer = load_tokenizer(model_arguments)
    data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    def decode(split: Split) -> token_cls.TagDecoder:
        features = build_features(
            token_cls.feature_columns(split, tags),
            token_cls.encode,
            tokenizer,
            data,
            split,
            max_seq_length=data.max_seq_length,
            unit=tags.unit,
        )
        return token_cls.TagDecoder(split, features, tags)

    read = partial(read_tagged, text_column=data.text_column_name, label_column=data.label_column_name)
    with training.main_process_first():
        splits, test = load_splits(data, training, read, token_cls.texts, token_cls.check_tagged)
        if isinstance(config, HeadedEncoderConfig):
            first, test = first_part(splits, test)
            tags = token_cls.Tags.of_checkpoint(config, first)
        else:
            tags = token_cls.Tags.of(splits["train"], data)
        decoders = {name: decode(split) for name, split in splits.items()}
    report = data_report(decoders, tokenizer)
    show_report(report)

    model = build_model(HeadedEncoderForTokenClassification, model_arguments, config, tokenizer, tags.config_fields())
    trainer = build_trainer(model, training, data, tokenizer, decoders, {"labels": -100}, token_cls.reduce_logits)
    run_stages(trainer, arguments, decoders, test, decode, report, record)


if __name__ == "__main__":
    run(main)
