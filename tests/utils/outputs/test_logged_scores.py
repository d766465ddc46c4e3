"""At which step the last scores of the validation rows are logged."""

from types import SimpleNamespace

import pytest
from transformers import TrainerState

from utils.outputs.stages import _log_scores


@pytest.mark.parametrize(("loads_best", "logged_at"), [(True, (19, 1.0)), (False, (76, 4.0))])
def test_scores_are_logged_at_the_step_of_their_weights(loads_best, logged_at):
    history = [{"eval_loss": 0.5, "epoch": 1.0, "step": 19}, {"eval_loss": 0.7, "epoch": 4.0, "step": 76}]
    state = TrainerState(epoch=4.0, global_step=76, best_global_step=19, log_history=history)
    logged = []

    def log(metrics):
        metrics["epoch"] = state.epoch
        logged.append((state.global_step, state.epoch))

    trainer = SimpleNamespace(
        state=state,
        args=SimpleNamespace(load_best_model_at_end=loads_best),
        log=log,
    )
    metrics = {"eval_loss": 0.5}
    _log_scores(trainer, metrics)
    assert logged == [logged_at]
    assert (state.global_step, state.epoch, metrics) == (76, 4.0, {"eval_loss": 0.5, "epoch": 4.0})
