"""Which trial is the best, and what is said to have been the same for every head."""

from __future__ import annotations

import pytest

from comparison.gathering.gather import _equally_tuned
from comparison.gathering.trials import best_trial, best_trials
from utils.errors import ShownError


def test_the_best_trial_is_the_first_of_those_that_score_alike():
    assert best_trial("cnn", [0.5, None, 0.75, 0.75], smaller_is_better=False) == 3
    assert best_trial("cnn", [0.5, None, 0.25, 0.25], smaller_is_better=True) == 3
    with pytest.raises(ShownError, match="no trial of cnn has a score: all failed or diverged"):
        best_trial("cnn", [None, None], smaller_is_better=False)
    assert best_trials({"heads": {"dense": {"best": 2}, "cnn": {"best": 1}}}) == {"dense": 2, "cnn": 1}


def test_what_was_equal_in_the_trials():
    tuned = {"trials": 8, "limits": {}, "seed": 1234}
    assert _equally_tuned(tuned) == "8 trials each from the same sequence, scored on the validation rows with seed 1234"
    assert _equally_tuned(tuned | {"trials": 1}).startswith("1 trial each from")
    assert _equally_tuned(tuned | {"limits": {"steps": 5000, "seconds": 60.0}}).startswith(
        "at most 8 trials each, none begun after 5,000 steps or 60.0 seconds, from the same sequence"
    )
