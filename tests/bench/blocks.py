# SPDX-License-Identifier: BSD-3-Clause
"""Programs side by side: blocks of one slice each, over several starts of the programs.

The order within a block is drawn anew, so that no program always comes after the same one. A block
counts if nobody disturbed it: if no busy thread of any slice in it waited for its processor longer
than a given share of the slice. Others are measured again, as long as the budget lasts; they stay
in the rows, marked. So does what no wait shows: how far apart the processors were before and after.
"""

import random
import time
from typing import NamedTuple, Optional

import machine
from program import RateError, Slice

SEED = 1
MAX_REPEATS = 3  # blocks measured for one that counts, over the whole run
BACK_OFF_S = 1.0  # after a disturbed block: whoever it was may be done then


class Plan(NamedTuple):
    """How much to measure."""
    starts: int
    blocks: int  # that count, over all starts
    seconds: float  # a slice
    max_wait: float  # share of a slice


class Row(NamedTuple):
    """One slice, as it stands in the raw data."""
    start: int
    block: int
    counts: bool
    position: int
    letter: str
    before_ns: Optional[int]
    after_ns: Optional[int]
    slice: Slice

    @property
    def place(self):
        return machine.place(self.before_ns, self.after_ns)


HEADER = (*Row._fields[:-1], *Slice._fields)


def csv_rows(rows):
    return [(*row[:2], int(row.counts), *row[3:-1], *row.slice) for row in rows]


def measure_slice(program, seconds):
    program.resume()
    try:
        return program.measure(seconds)
    finally:
        program.pause()


def counts(program, slice_, max_wait):
    """Whether nobody disturbed it. Nothing received, and nobody to blame for it, is an error."""
    if slice_.pps <= 0 and slice_.waited <= max_wait:
        raise RateError(f"{program.name}: received nothing: {slice_}\n{program.tail()}")
    return slice_.waited <= max_wait


def measure_block(programs, start, block, plan, distance, rng):
    """The block's Rows."""
    order = list(programs)
    rng.shuffle(order)
    found, undisturbed = [], True
    before = distance.measure()
    for position, letter in enumerate(order):
        slice_ = measure_slice(programs[letter], plan.seconds)
        undisturbed &= counts(programs[letter], slice_, plan.max_wait)
        after = distance.measure()
        found.append(Row(start, block, True, position, letter, before, after, slice_))
        before = after
    return [row._replace(counts=undisturbed) for row in found]


def measure_start(programs, start, wanted, budget, plan, distance, rng):
    """The Rows of one start, with so many blocks that count, if a budget of blocks suffices."""
    rows, nb_counting = [], 0
    for block in range(budget):
        found = measure_block(programs, start, block, plan, distance, rng)
        rows += found
        nb_counting += found[0].counts
        if nb_counting == wanted:
            break
        if not found[0].counts:
            time.sleep(BACK_OFF_S)
    return rows


def measure(make_programs, plan, distance, say):
    """All Rows. make_programs() -> {letter: Program}, not started; called for each start."""
    rng = random.Random(SEED)
    rows, nb_blocks = [], 0
    for start in range(plan.starts):
        budget = plan.blocks * MAX_REPEATS - nb_blocks
        if budget <= 0:
            break
        share = (plan.blocks * (start + 1) // plan.starts - plan.blocks * start // plan.starts)
        programs = make_programs()
        try:
            for program in programs.values():
                program.start()
            found = measure_start(programs, start, share, budget, plan, distance, rng)
        finally:
            for program in programs.values():
                program.stop()
        rows += found
        nb_blocks = len(rows) // len(programs)
        nb_counting = sum(row.counts for row in rows) // len(programs)
        say(f"start {start + 1} of {plan.starts}: {nb_blocks} blocks, {nb_counting} of them count")
    return rows


def pairs_by_start(rows, top, bottom, where=None, here=()):
    """(rate, rate) of two programs in the blocks that count, one list a start: for paired.ratio().
    With a place: only blocks in which the slices of the programs in here were taken there."""
    by_block = {}
    for row in rows:
        if row.counts and row.letter in (top, bottom):
            by_block.setdefault((row.start, row.block), {})[row.letter] = row
    starts = {}
    for (start, _), pair in by_block.items():
        if where is None or all(pair[letter].place == where for letter in pair if letter in here):
            starts.setdefault(start, []).append((pair[top].slice.pps, pair[bottom].slice.pps))
    return list(starts.values())
