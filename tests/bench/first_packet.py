# SPDX-License-Identifier: BSD-3-Clause
"""The first event after an idle time, through the worker and through the floor (first_packet.c):
percentiles, and their ratio over several starts of the program.
"""

import re
import subprocess
from typing import NamedTuple

import paired
from program import RateError

SPARE_S = 60.0
LINE = re.compile(r"^(worker|floor) (\d+)$", re.MULTILINE)


class Sample(NamedTuple):
    """One wake, as it stands in the raw data."""
    start: int
    what: str
    ns: int


def percentile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def measure_start(command, start, samples, gap_ms):
    """The Samples of one start; command lacks its last two words."""
    words = [*map(str, command), str(samples), str(gap_ms)]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                              timeout=2 * (samples + 2) * (gap_ms / 1e3 + 0.05) + SPARE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RateError(f"first_packet: {error}") from error
    found = [Sample(start, match[1], int(match[2])) for match in LINE.finditer(done.stdout)]
    if done.returncode != 0 or len(found) != 2 * samples:
        raise RateError(f"first_packet: ended with status {done.returncode}\n{done.stdout}")
    return found


def of(samples, what, start=None):
    return [s.ns for s in samples if s.what == what and start in (None, s.start)]


def ratio(samples, share):
    """The paired.Ratio of a percentile, worker against floor; a pair is a start's."""
    starts = sorted({s.start for s in samples})
    return paired.ratio([[(percentile(of(samples, "worker", start), share),
                           percentile(of(samples, "floor", start), share))] for start in starts])


def lines(samples):
    """Rows for record.columns()."""
    header = ["ns", "samples", "p50", "p90", "p99", "max"]
    return [header, *([what, str(len(of(samples, what))),
                       *(str(percentile(of(samples, what), share))
                         for share in (0.5, 0.9, 0.99, 1.0))] for what in ("worker", "floor"))]
