# SPDX-License-Identifier: BSD-3-Clause
"""The ratio of two rates that were measured side by side, and how far it can be trusted.

Rates drift with the machine, so only those of one block, taken within a second of each other, are
divided. And they differ from one start of a program to the next, by where its memory came to lie,
while all blocks of a start share that luck. So a start is the unit: the interval is Student's t on
the starts' means of the logarithm of the ratio. Blocks as the unit would make it too narrow.
"""

import math
from typing import NamedTuple

CONFIDENCE = 0.95


class Ratio(NamedTuple):
    """A ratio with its confidence interval."""
    mean: float
    low: float
    high: float
    nb_starts: int
    nb_blocks: int


def _beta_fraction(a, b, x):
    """Continued fraction of the incomplete beta function (Lentz); see regularized_beta()."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 300):
        for numerator in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return result


def regularized_beta(a, b, x):
    """I_x(a, b): Abramowitz and Stegun, 26.5.8."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) +
                     b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1 - x) / b


def student_t(degrees, confidence=CONFIDENCE):
    """The t that encloses so much of Student's distribution on both sides."""
    low, high = 0.0, 1e6
    for _ in range(200):
        t = (low + high) / 2
        outside = regularized_beta(degrees / 2, 0.5, degrees / (degrees + t * t))
        if outside > 1 - confidence:
            low = t
        else:
            high = t
    return (low + high) / 2


def mean(values):
    return math.fsum(values) / len(values)


def interval(values, confidence=CONFIDENCE):
    """(mean, half width) of independent values; the width is infinite for fewer than two."""
    middle = mean(values)
    if len(values) < 2:
        return middle, math.inf
    variance = math.fsum((v - middle)**2 for v in values) / (len(values) - 1)
    return middle, student_t(len(values) - 1, confidence) * math.sqrt(variance / len(values))


def ratio(pairs_by_start):
    """The Ratio of (numerator, denominator) pairs, given as one list a start; empty ones are left
    out. None if there is no pair at all."""
    logs = [[math.log(a / b) for a, b in pairs] for pairs in pairs_by_start if pairs]
    if not logs:
        return None
    middle, half = interval([mean(start) for start in logs])
    return Ratio(math.exp(middle), math.exp(middle - half) if half < 700 else 0.0,
                 math.exp(middle + half) if half < 700 else math.inf, len(logs),
                 sum(map(len, logs)))


def verdict(result, target, resolution=math.inf):
    """Whether the ratio is at least the target: the whole interval must lie on one side, and be no
    wider than the resolution for the target to be met."""
    if result is None:
        return "not resolved"
    if result.high < target:
        return "missed"
    is_met = result.low >= target and result.high - result.low <= resolution
    return "met" if is_met else "not resolved"


def verdict_at_most(result, limit):
    """The same for a ratio that shall be at most the limit."""
    if result is None:
        return "not resolved"
    if result.high <= limit:
        return "met"
    return "missed" if result.low > limit else "not resolved"
