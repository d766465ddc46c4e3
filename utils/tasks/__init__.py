"""What is trained: each task in a file of its own, and a plain dict of them by script."""

from .base import PreparedSplit, Task
from .question_answering import QuestionAnswering
from .sequence_classification import SequenceClassification
from .token_classification import TokenClassification

__all__ = ["TASKS", "PreparedSplit", "QuestionAnswering", "SequenceClassification", "Task", "TokenClassification"]

TASKS: dict[str, type[Task]] = {
    task.script: task for task in (SequenceClassification, TokenClassification, QuestionAnswering)
}
