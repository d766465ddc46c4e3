"""Fine-tunes an encoder with a head of choice to find the answers of questions in their contexts.

    python run_qa.py --config_name examples/tiny-electra --head cnn --train_file examples/qa/train.json \\
        --validation_file examples/qa/dev.json --version_2_with_negative --do_train --do_eval --learning_rate 1e-3 \\
        --output_dir runs/qa-cnn
    python run_qa.py --model_name_or_path runs/qa-cnn --test_file examples/qa/dev.json --version_2_with_negative \\
        --do_predict --output_dir runs/qa-cnn-dev
"""

from functools import partial

from heads import HeadedEncoderForQuestionAnswering
from utils import qa
from utils.arguments import QADataArguments, parse_arguments
from utils.checks import data_report, show_report
from utils.errors import run
from utils.features import build_features
from utils.models import build_model, check_length, load_config, load_tokenizer
from utils.readers import read_squad
from utils.reporting import Record, run_stages
from utils.splits import Split, load_splits
from utils.training import begin, build_trainer


def main() -> None:
    record = Record()
    arguments = model_arguments, data, training = parse_arguments(QADataArguments)
    begin(training)

    config = load_config(model_arguments, HeadedEncoderForQuestionAnswering, training.do_train)
    tokenizer = load_tokenizer(model_arguments)
    data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    def decode(split: Split) -> qa.SpanDecoder:
        features = build_features(
            qa.feature_columns(split),
            qa.encode,
            tokenizer,
            data,
            split,
            max_seq_length=data.max_seq_length,
            doc_stride=data.doc_stride,
            legacy=data.legacy_doc_stride,
            training=split.name == "train",
        )
        return qa.SpanDecoder(split, features, data)

    with training.main_process_first():
        check = partial(qa.check_questions, tokenizer=tokenizer, data=data)
        splits, test = load_splits(data, training, read_squad, qa.contexts, check)
        decoders = {name: decode(split) for name, split in splits.items()}
    report = data_report(decoders, tokenizer)
    show_report(report)

    model = build_model(HeadedEncoderForQuestionAnswering, model_arguments, config, tokenizer, {})
    reduce = partial(qa.reduce_logits, max_answer_length=data.max_answer_length, n_best=data.n_best_size)
    trainer = build_trainer(model, training, data, tokenizer, decoders, {"p_mask": 1}, reduce)
    run_stages(trainer, arguments, decoders, test, decode, report, record)


if __name__ == "__main__":
    run(main)
