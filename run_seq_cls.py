# PYTHON_ARGCOMPLETE_OK
"""Fine-tunes an encoder with a head of choice to classify or score texts and pairs of texts.

    python run_seq_cls.py --config_name examples/tiny-electra --head cnn --train_file examples/reviews/train.txt \\
        --validation_split 0.1 --do_train --do_eval --learning_rate 1e-3 --output_dir runs/reviews-cnn
    python run_seq_cls.py --model_name_or_path runs/reviews-cnn --test_file examples/reviews/test.txt \\
        --do_predict --output_dir runs/reviews-cnn-test
"""

from utils.arguments import parse_arguments
from utils.data.splits import label_rows, load_splits
from utils.errors import run
from utils.models.adapters import add_adapters
from utils.models.configuration import check_length, load_config
from utils.models.frozen import freeze
from utils.models.loading import build_model, load_tokenizer
from utils.outputs.data_report import data_report, show_report
from utils.outputs.run_record import Record
from utils.outputs.stages import run_stages
from utils.tasks import SequenceClassification
from utils.tasks.text_features import prepare_tokenizer
from utils.tasks.text_windows import keep_windows
from utils.training.setup import start_run
from utils.training.trainer import build_trainer


def main() -> None:
    record = Record()
    arguments = parse_arguments(SequenceClassification.arguments, description=__doc__)
    model_arguments, data, training = arguments
    start_run(training)

    config = load_config(model_arguments, SequenceClassification.model_class, training.do_train, training.calibrate)
    tokenizer = load_tokenizer(model_arguments)
    prepare_tokenizer(tokenizer, data)
    keep_windows(data, config)
    data.max_seq_length = check_length(data.max_seq_length, config, tokenizer)

    task = SequenceClassification(data, tokenizer, config)
    with training.main_process_first():
        splits, test = load_splits(data, training, task.read, task.groups, task.check)
        rows, test = label_rows(splits, test)
        task = task.with_labels(config, rows)
        prepared = {name: task.prepare(split) for name, split in splits.items()}
    report = data_report(task, prepared)
    show_report(report, task)

    model = build_model(SequenceClassification.model_class, model_arguments, config, tokenizer, task.config_fields())
    prepared, hidden_states = freeze(model, tokenizer, prepared, training)
    adapters = add_adapters(model, config, training)
    trainer = build_trainer(model, task, arguments, prepared, hidden_states, adapters)
    run_stages(trainer, task, arguments, prepared, test, report, record)


if __name__ == "__main__":
    run(main)
