"""The mean difference over several data sets, and what a further data set may show: a random-effects meta-analysis.

Each data set has a difference of its own; these vary around a mean with the standard deviation tau, and each is measured with
an error. Few data sets tell little about tau, so every interval here uses Student's t.

Letters: k data sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2
from scipy.stats import t as student
from statsmodels.stats.meta_analysis import combine_effects

from .p_values import LEVEL

FEW = 3  # below this many data sets a mean says little, and there is no prediction interval


@dataclass(frozen=True)
class RandomEffects:
    """The mean of k differences; every number but shares and p values is in their unit.

    Attributes:
        data_sets: k.
        mean, low, high: with its 95 % interval.
        p_value: two-sided, of a mean of 0.
        tau: standard deviation of the data sets' own differences (Paule & Mandel 1982).
        tau_low, tau_high: its 95 % interval (Q-profile, Viechtbauer 2007).
        i_squared: share of the variation between the measured differences that is not error, 0-1 (Higgins & Thompson 2002).
        prediction_low, prediction_high: 95 % interval of the own difference of a further data set; None for k < 3.
        weights: share of each data set in the mean.
    """

    data_sets: int
    mean: float
    low: float
    high: float
    p_value: float
    tau: float
    tau_low: float
    tau_high: float
    i_squared: float
    prediction_low: float | None
    prediction_high: float | None
    weights: list[float]


def pool(differences: Sequence[float], errors: Sequence[float]) -> RandomEffects:
    """Pools differences that are all in one unit.

    The interval of the mean is that of Hartung and Knapp (2001), with k - 1 degrees of freedom and a standard error that is
    never less than the usual one (Knapp & Hartung 2003; Roever, Knapp & Friede 2015 recommend this for few studies). With
    tau of Paule and Mandel their factor is 1 by definition where tau > 0, and less where tau = 0: so the error is the usual
    one. The prediction interval is that of Higgins, Thompson and Spiegelhalter (2009), mean ± t(k - 2) sqrt(tau² + error²).

    Args:
        differences: one per data set.
        errors: their standard errors.

    Raises:
        ValueError: fewer than two data sets, or an error that is not above 0.
    """
    k = len(differences)
    if k < 2 or min(errors) <= 0:
        raise ValueError(f"a mean takes two data sets with an error above 0 each; got errors {list(errors)}")
    effects, variances = np.asarray(differences, dtype=float), np.square(np.asarray(errors, dtype=float))
    with np.errstate(divide="ignore"):  # it divides by Q, which is 0 where all differences are alike
        result = combine_effects(effects, variances, method_re="iterated", maxiter=1000)
    mean, error, tau2 = float(result.mean_effect_re), float(result.sd_eff_w_re), float(result.tau2)
    half = float(student.ppf(1 - LEVEL / 2, k - 1)) * error
    reach = None
    if k >= FEW:
        reach = float(student.ppf(1 - LEVEL / 2, k - 2)) * math.sqrt(tau2 + error**2)
    q = float(result.q)
    tau_low, tau_high = _tau_interval(effects, variances)
    return RandomEffects(
        data_sets=k,
        mean=mean,
        low=mean - half,
        high=mean + half,
        p_value=float(2 * student.sf(abs(mean) / error, k - 1)),
        tau=math.sqrt(tau2),
        tau_low=tau_low,
        tau_high=tau_high,
        i_squared=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        prediction_low=None if reach is None else mean - reach,
        prediction_high=None if reach is None else mean + reach,
        weights=[float(weight) for weight in result.weights_rel_re],
    )


def _tau_interval(effects: np.ndarray, variances: np.ndarray) -> tuple[float, float]:
    """The values of tau at which Cochran's generalised Q reaches the quantiles of its distribution (Viechtbauer 2007)."""

    def q(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        return float(weights @ (effects - weights @ effects / weights.sum()) ** 2)

    ends = []
    for quantile in (1 - LEVEL / 2, LEVEL / 2):
        target = float(chi2.ppf(quantile, len(effects) - 1))
        # Q is below the target there.
        most = float(((effects - effects.mean()) ** 2).sum()) / target + float(variances.max())
        ends.append(0.0 if q(0.0) <= target else math.sqrt(brentq(lambda tau2, at=target: q(tau2) - at, 0.0, most)))
    return ends[0], ends[1]
