#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benchmarks' own tests: that a rate is a rate, and that an interval says what it claims."""

import argparse
import contextlib
import math
import os
import random
import struct
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import blocks
import bursts
import cotenant
import curve
import doorbells
import first_packet
import frames
import harness
import latency
import loaded
import loops
import machine
import paired
import plot
import program
import rates
import record
import targets
import wake_cost
import watched
import worker

FAKE = Path(__file__).with_name("fake_program.py")
SECONDS = 0.1

KINDS = {"rousepmd": rates.Rousepmd, "handoff": rates.Handoff, "testpmd": rates.Testpmd}


def fake(kind, name, fault):
    return kind(name, [sys.executable, FAKE, name, fault])


class TestRates(unittest.TestCase):
    """What programs say, and what is wrong with it."""

    def measure(self, kind, name, fault, slices=6):
        with fake(kind, name, fault) as running:
            found = []
            for _ in range(slices):
                running.resume()
                found.append(running.measure(SECONDS))
                running.pause()
            return running, found

    def test_rates_of_all_programs_are_read(self):
        for name, kind in KINDS.items():
            running, slices = self.measure(kind, name, "none", slices=2)
            self.assertEqual([s.pps for s in slices], [1e6, 1e6])
            self.assertIsNotNone(running.lcore)

    def test_the_version_of_dpdk_is_what_the_program_says(self):
        running, _ = self.measure(rates.Testpmd, "testpmd", "none", slices=1)
        self.assertEqual(running.dpdk, "DPDK 1.2.3")

    def check_fault(self, name, fault, words):
        kind = KINDS[name]
        with self.assertRaisesRegex(program.RateError, words):
            self.measure(kind, name, fault)

    def test_a_crash_is_an_error_that_shows_the_last_words(self):
        for name in KINDS:
            self.check_fault(name, "crash", "(?s)ended with status 3.*something terrible")

    def test_silence_without_a_reason_is_an_error(self):
        with mock.patch.object(rates, "ANSWER_S", 0.5):
            for name in KINDS:
                self.check_fault(name, "silence", "says nothing of its rate")

    def test_a_missing_counter_is_an_error(self):
        self.check_fault("testpmd", "nocounter", "a rate without a counter")

    def test_a_counter_that_contradicts_the_rate_is_an_error(self):
        self.check_fault("testpmd", "backwards", "its counter moved")

    def test_a_lost_wakeup_is_an_error(self):
        self.check_fault("rousepmd", "count", "lost wake-ups")

    def test_an_entry_out_of_order_is_an_error(self):
        self.check_fault("handoff", "count", "entries that were not the next one")

    def test_a_program_that_is_not_there_is_an_error(self):
        with self.assertRaisesRegex(program.RateError, "No such file"):
            rates.Testpmd("x", [FAKE.with_name("no-such-program")]).start()

    def test_a_slice_without_packets_is_an_error_unless_the_program_was_starved(self):
        for name, kind in KINDS.items():
            running, slices = self.measure(kind, name, "zero")
            empty = slices[-1]
            self.assertEqual(empty.pps, 0)
            self.assertFalse(blocks.counts(running, empty._replace(waited=0.5), 0.05))
            with self.assertRaisesRegex(program.RateError, "received nothing"):
                blocks.counts(running, empty._replace(waited=0.0), 0.05)

    def test_the_period_given_to_rousepmd_never_ties_with_its_ticks(self):
        for seconds in (0.1, 0.2, 0.24, 0.5, 1.0):
            ticks = rates.Rousepmd.period(seconds) / rates.Rousepmd.tick_s
            self.assertAlmostEqual(ticks % 1, 0.5)


@unittest.skipUnless(os.environ.get("ROUSE_HANDOFF"), "ROUSE_HANDOFF names no program")
class TestHandoff(unittest.TestCase):
    """The program itself."""

    def make(self, *arguments):
        return rates.Handoff("handoff", [os.environ["ROUSE_HANDOFF"], *arguments])

    def test_frames_come_over_in_order_before_and_after_a_stop(self):
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            self.skipTest("one processor")
        with self.make(*cpus[:2], SECONDS) as running:
            for _ in range(2):
                running.resume()
                running.wait_until_it_forwards(time.monotonic() + program.START_S)
                running.pause()

    def test_arguments_that_make_no_sense_are_refused(self):
        for arguments in ((), (0, 0, 1), (0, 1, 0), (0, 1, "x"), (0, 1, 1, "small"), (-1, 0, 1)):
            with self.assertRaisesRegex(program.RateError, "(?s)status 1.*give two different"):
                self.make(*arguments).start()


class TestBlocks(unittest.TestCase):
    """Slices side by side."""

    def make_programs(self):
        return {"a": fake(rates.Rousepmd, "rousepmd", "none"),
                "b": fake(rates.Testpmd, "testpmd", "none")}

    def test_every_program_has_a_slice_in_every_block(self):
        plan = blocks.Plan(starts=2, blocks=4, seconds=SECONDS, max_wait=1.0)
        rows = blocks.measure(self.make_programs, plan, machine.Distance(None, ()), lambda _: None)
        self.assertEqual(len(rows), 8)
        self.assertEqual({(row.start, row.block, row.letter) for row in rows},
                         {(s, b, l) for s in (0, 1) for b in (0, 1) for l in "ab"})
        self.assertEqual([len(pairs) for pairs in blocks.pairs_by_start(rows, "a", "b")], [2, 2])
        self.assertEqual(len(blocks.csv_rows(rows)[0]), len(blocks.HEADER))

    def test_disturbed_blocks_stay_out_of_the_ratios_and_are_repeated_within_the_budget(self):
        plan = blocks.Plan(starts=2, blocks=2, seconds=SECONDS, max_wait=-1.0)
        back_off, blocks.BACK_OFF_S = blocks.BACK_OFF_S, 0
        try:
            rows = blocks.measure(self.make_programs, plan, machine.Distance(None, ()),
                                  lambda _: None)
        finally:
            blocks.BACK_OFF_S = back_off
        self.assertEqual(len(rows), 2 * plan.blocks * blocks.MAX_REPEATS)
        self.assertEqual(blocks.pairs_by_start(rows, "a", "b"), [])

    def test_places_are_told_apart(self):
        self.assertEqual([machine.place(*ns) for ns in
                          ((50, 60), (300, 310), (50, 300), (300, 50), (None, 50))],
                         ["near", "far", "moved", "moved", "unknown"])


class TestDoorbells(unittest.TestCase):
    """What a packet costs in messages and doorbells."""

    def report(self, rx_frames=1000, messages=100, bells=10, rescues=0):
        return {"ports": [{"wire": {"rx_frames": rx_frames, "messages": messages,
                                    "doorbells": bells}}],
                "workers": [{"wall_seconds": 2.0, "asleep_pct": 50.0, "cpu_seconds": 1.0,
                             "rescues": rescues}]}

    def test_runs_of_a_pace_count_by_their_packets(self):
        runs = [doorbells.run_of(1, "max", self.report()),
                doorbells.run_of(2, "max", self.report(rx_frames=9000, messages=0, bells=0))]
        line = doorbells.pace_line("max", runs)
        self.assertEqual(line, ["max", "2", "2500", "0.010000", "0.001000",
                                "0.000000 .. 0.010000", "10 for 10000", "50.0 %", "50.0 %"])

    def test_a_report_that_shows_nothing_is_an_error(self):
        with self.assertRaisesRegex(program.RateError, "received nothing"):
            doorbells.run_of(1, "max", self.report(rx_frames=0))
        with self.assertRaisesRegex(program.RateError, "says nothing of its wire"):
            doorbells.run_of(1, "max", {**self.report(), "ports": [{}]})

    def test_a_lost_wakeup_is_an_error(self):
        with self.assertRaisesRegex(program.RateError, "lost wake-ups"):
            doorbells.run_of(1, "max", self.report(rescues=1))

    def measure(self, script):
        with tempfile.TemporaryDirectory() as scratch:
            return doorbells.measure_run([sys.executable, "-c", script], 1, "max", 0.1,
                                         Path(scratch) / "report.json")

    def test_a_program_that_fails_or_leaves_no_report_is_an_error(self):
        with self.assertRaisesRegex(program.RateError, "(?s)status 3.*its last words"):
            self.measure("import sys; print('its last words'); sys.exit(3)")
        with self.assertRaisesRegex(program.RateError, "no report"):
            self.measure("")

    def test_what_the_report_says_is_what_is_counted(self):
        script = f"import sys, json; json.dump({self.report()}, open(sys.argv[-1][7:], 'w'))"
        self.assertEqual(self.measure(script),
                         doorbells.Run(1, "max", 2.0, 1000, 100, 10, 1.0, 50.0))


class TestLoops(unittest.TestCase):
    """Loops in one process."""

    def make(self, fault):
        return loops.Loops("fake", [sys.executable, FAKE, "loops", fault])

    def test_each_loop_has_its_slice_in_every_block(self):
        plan = blocks.Plan(starts=2, blocks=2, seconds=SECONDS, max_wait=1.0)
        rows = blocks.measure(lambda: loops.modes_of(self.make("none")), plan,
                              machine.Distance(None, ()), lambda _: None)
        self.assertEqual({(row.start, row.letter, row.slice.pps) for row in rows},
                         {(start, letter, 1e6) for start in (0, 1) for letter in loops.MODES})

    def test_what_the_program_says_is_what_is_counted(self):
        with self.make("none") as running:
            running.resume()
            counted = running.count("hybrid", SECONDS)
        self.assertEqual(counted[:-1], (100000, 0.1, 0.05, 1, 2, 3, 4, 5))

    def check_fault(self, fault, words):
        with self.make(fault) as running, self.assertRaisesRegex(program.RateError, words):
            running.resume()
            for _ in range(8):
                running.count("hybrid", SECONDS)

    def test_a_crash_and_a_lost_wakeup_are_errors(self):
        self.check_fault("crash", "(?s)ended with status 3.*something terrible")
        self.check_fault("count", "lost wake-ups")


class TestWorker(unittest.TestCase):
    """The table of the worker."""

    def bench(self):
        options = argparse.Namespace(max_wait=0.05)
        return worker.Bench(options, (0, 1), Path("x"), [], Path("."))

    def counted(self, doorbells=0, arms=0, waited=0.0):
        return loops.Counted(1000, 0.1, 0.1, doorbells, 0, arms, 0, 0, waited)

    def load(self, *counted):
        return worker.figure_of_load(self.bench(), 0.6,
                                     [worker.Load(0.6, "1", one) for one in counted])

    def test_one_doorbell_or_arm_under_load_is_one_too_many(self):
        self.assertEqual(self.load(self.counted(), self.counted()).verdict, "met")
        self.assertEqual(self.load(self.counted(), self.counted(doorbells=1)).verdict, "missed")
        self.assertEqual(self.load(self.counted(), self.counted(arms=1)).verdict, "missed")

    def test_slices_that_somebody_disturbed_do_not_count(self):
        disturbed = self.counted(doorbells=9, waited=0.5)
        self.assertEqual(self.load(self.counted(), disturbed).verdict, "met")
        self.assertEqual(self.load(disturbed).verdict, "not resolved")

    def test_a_wake_is_judged_against_one_among_a_single_source(self):
        costs = {n: wake_cost.Cost(n, 14, cost, cost, cost)
                 for n, cost in ((wake_cost.FEW, 100), (8, 200), (wake_cost.MANY, 111))}
        self.assertEqual(worker.figure_of_cost(costs).verdict, "missed")
        costs[wake_cost.MANY] = costs[wake_cost.MANY]._replace(instructions=110)
        self.assertEqual(worker.figure_of_cost(costs).verdict, "met")

    def test_percentiles_are_those_of_the_nearest_rank(self):
        values = list(range(1, 101))
        self.assertEqual([first_packet.percentile(values, share) for share in
                          (0.0, 0.01, 0.5, 0.99, 1.0)], [1, 1, 50, 99, 100])
        self.assertEqual(first_packet.percentile([7], 0.5), 7)

    def test_percentiles_are_compared_by_start(self):
        samples = [first_packet.Sample(start, what, ns * scale)
                   for start, scale in ((0, 1), (1, 10))
                   for what, ns in (("worker", 30), ("floor", 20))]
        found = first_packet.ratio(samples, 0.5)
        self.assertAlmostEqual(found.mean, 1.5)
        self.assertEqual(found.nb_starts, 2)

    def test_samples_are_read_and_a_missing_one_is_an_error(self):
        script = "print('EAL: x\\nworker 5\\nfloor 4')"
        found = first_packet.measure_start([sys.executable, "-c", script], 3, 1, 1)
        self.assertEqual(found, [(3, "worker", 5), (3, "floor", 4)])
        with self.assertRaisesRegex(program.RateError, "status 0"):
            first_packet.measure_start([sys.executable, "-c", script], 3, 2, 1)


class TestPaired(unittest.TestCase):
    """Ratios and their intervals."""

    def test_student_t_is_that_of_the_tables(self):
        # Abramowitz and Stegun, table 26.10, A(t|n) = 0.95 and 0.99
        for degrees, t in ((1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (30, 2.042),
                           (120, 1.980)):
            self.assertAlmostEqual(paired.student_t(degrees), t, places=3)
        self.assertAlmostEqual(paired.student_t(10, 0.99), 3.169, places=3)

    def test_a_constant_ratio_has_no_width(self):
        found = paired.ratio([[(3.0, 10.0), (6.0, 20.0)], [(9.0, 30.0)]])
        for value in (found.mean, found.low, found.high):
            self.assertAlmostEqual(value, 0.3)
        self.assertEqual((found.nb_starts, found.nb_blocks), (2, 3))

    def test_one_start_resolves_nothing(self):
        found = paired.ratio([[(5.0, 1.0)] * 100])
        self.assertEqual((found.low, found.high), (0.0, math.inf))
        self.assertEqual(paired.verdict(found, 0.3), "not resolved")
        self.assertIsNone(paired.ratio([[], []]))
        self.assertEqual(paired.verdict(None, 0.3), "not resolved")

    def test_a_verdict_needs_the_whole_interval(self):
        verdicts = [paired.verdict(paired.Ratio(1, low, high, 2, 2), 0.3)
                    for low, high in ((0.3, 0.5), (0.31, 9), (0.2, 0.4), (0.1, 0.29), (0.1, 0.3))]
        self.assertEqual(verdicts, ["met", "met", "not resolved", "missed", "not resolved"])

    def test_a_wide_interval_resolves_nothing_where_little_matters(self):
        wide, narrow = paired.Ratio(1, 0.995, 1.02, 2, 2), paired.Ratio(1, 0.995, 1.004, 2, 2)
        self.assertEqual([paired.verdict(found, 0.99, 0.01) for found in (wide, narrow)],
                         ["not resolved", "met"])
        self.assertEqual(paired.verdict(paired.Ratio(1, 0.5, 0.9, 2, 2), 0.99, 0.01), "missed")

    def test_a_limit_is_judged_by_the_whole_interval_too(self):
        verdicts = [paired.verdict_at_most(paired.Ratio(1, low, high, 2, 2), 1.2)
                    for low, high in ((1.0, 1.2), (1.1, 1.3), (1.21, 1.3))]
        self.assertEqual(verdicts, ["met", "not resolved", "missed"])
        self.assertEqual(paired.verdict_at_most(None, 1.2), "not resolved")

    def simulate(self, rng, between, within):
        """Ten starts of ten blocks, true ratio 1."""
        starts = []
        for _ in range(10):
            luck = rng.gauss(0, between)
            starts.append([(math.exp(luck + rng.gauss(0, within)), 1.0) for _ in range(10)])
        return paired.ratio(starts)

    def test_the_interval_holds_the_truth_as_often_as_it_says(self):
        rng = random.Random(1)
        for between, within in ((0.05, 0.05), (0.0, 0.1), (0.1, 0.01)):
            found = [self.simulate(rng, between, within) for _ in range(1000)]
            hits = sum(ratio.low <= 1 <= ratio.high for ratio in found)
            self.assertTrue(930 <= hits <= 970, hits)


class TestFrames(unittest.TestCase):
    """The capture."""

    def test_frames_have_the_length_asked_for_and_right_checksums(self):
        seen = set()
        for flow in range(frames.NB_FLOWS):
            data = frames.frame(flow)
            self.assertEqual(len(data), frames.LENGTH)
            self.assertEqual(frames.internet_checksum(data[14:34]), 0)
            self.assertEqual(struct.unpack("!H", data[16:18])[0], len(data) - 14)
            self.assertEqual(struct.unpack("!H", data[38:40])[0], len(data) - 34)
            seen.add(data[26:38])
        self.assertEqual(len(seen), frames.NB_FLOWS)

    def test_the_file_is_a_capture(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.pcap"
            frames.write(path, nb_flows=3)
            data = path.read_bytes()
        self.assertEqual(len(data), 24 + 3 * (16 + frames.LENGTH))
        self.assertEqual(struct.unpack("<I", data[:4])[0], frames.PCAP_MAGIC_NS)
        self.assertEqual(struct.unpack("<II", data[32:40]), (frames.LENGTH, frames.LENGTH))


class TestRecord(unittest.TestCase):
    """Tables."""

    def test_columns_line_up(self):
        self.assertEqual(record.columns([["a", "bb"], ["ccc", "d"]]), ["a    bb", "ccc   d"])


class TestArrivals(unittest.TestCase):
    """When frames come."""

    def test_poisson_times_have_their_mean_and_no_memory(self):
        times = frames.poisson_ns(1000, 20000)
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertAlmostEqual(paired.mean(gaps) / 1e6, 1.0, delta=0.03)
        longer = [gap for gap in gaps if gap > 1e6]
        self.assertAlmostEqual(len(longer) / len(gaps), math.exp(-1), delta=0.02)
        self.assertAlmostEqual(paired.mean(longer) / 1e6, 2.0, delta=0.06)
        self.assertEqual(times, frames.poisson_ns(1000, 20000))

    def test_a_burst_comes_at_once_between_two_single_frames(self):
        times = frames.bursts_ns(nb_bursts=2, length=3, gap_ns=10, lead_ns=100, tail_ns=1000)
        self.assertEqual(times, [0, 100, 100, 100, 110, 110, 110, 1120])

    def test_times_are_kept_to_the_ns(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "x.pcap"
            frames.write_at(path, [0, 3 * 10**9 + 7])
            data = path.read_bytes()
        self.assertEqual(struct.unpack("<I", data[:4])[0], frames.PCAP_MAGIC_NS)
        self.assertEqual(struct.unpack("<II", data[24 + 16 + frames.LENGTH:][:8]), (3, 7))


class TestLatency(unittest.TestCase):
    """Percentiles of programs against each other."""

    def run_of(self, nb, name, p999):
        return latency.Run(nb, *latency.JUDGED, name, 1.0, 0.1,
                           latency.Latency(1000, 1, 2, 3, p999, p999, p999))

    def test_ratios_are_of_one_round(self):
        runs = [self.run_of(nb, name, ns) for nb, pair in enumerate(((10, 5), (2000, 1000)))
                for name, ns in zip(("hybrid", "interrupt"), pair)]
        found = latency.ratio(runs, latency.JUDGED, "hybrid", "interrupt")
        self.assertAlmostEqual(found.low, 2.0)
        self.assertAlmostEqual(found.high, 2.0)
        options = argparse.Namespace(programs=["hybrid", "interrupt"])
        self.assertEqual([figure.verdict for figure in latency.judged(options, runs)], ["missed"])

    def test_a_program_that_was_not_run_resolves_nothing(self):
        options = argparse.Namespace(programs=["hybrid", "interrupt"])
        figures = latency.judged(options, [self.run_of(1, "hybrid", 5)])
        self.assertEqual([figure.verdict for figure in figures], ["not resolved"])


class TestCurve(unittest.TestCase):
    """The area under the processor time."""

    def run_of(self, share, name, cpu, p99, nb=1, waited=0.0):
        told = loaded.Latency(1000, 1, 2, p99, p99, p99, p99)
        return curve.Run(nb, share, name, 1000, 1000.0, 0, 1.0, cpu, cpu, waited, told)

    def test_areas_are_trapezoids_in_any_order(self):
        self.assertAlmostEqual(curve.area([(100, 1.0), (10, 0.0), (55, 1.0)]), 45 * 0.5 + 45)
        self.assertEqual(curve.area([(10, 0.25)]), 0.25)

    def test_a_rival_with_a_worse_p99_does_not_count(self):
        runs = [self.run_of(10, "hybrid", 0.2, 100), self.run_of(10, "poll", 1.0, 50),
                self.run_of(10, "ovs", 0.1, 200), self.run_of(10, "grout", 0.4, 106)]
        self.assertEqual(curve.best_rival(runs).program, "grout")
        self.assertEqual(curve.best_rival(runs[:3]).program, "poll")
        self.assertIsNone(curve.best_rival([runs[0], runs[2]]))

    def test_where_none_is_as_fast_it_is_compared_with_polling(self):
        runs = [self.run_of(10, "hybrid", 0.2, 10), self.run_of(10, "poll", 1.0, 50),
                self.run_of(10, "ovs", 0.1, 200)]
        self.assertEqual(curve.best_rival(runs).program, "poll")

    def test_the_ratio_is_of_the_areas_of_a_round(self):
        runs = [self.run_of(share, name, cpu, 100, nb) for nb in (1, 2) for share in (10, 20)
                for name, cpu in (("hybrid", 0.3), ("poll", 0.6))]
        found = curve.area_ratio(runs)
        self.assertAlmostEqual(found.mean, 0.5)
        self.assertEqual(found.nb_starts, 2)
        self.assertIsNone(curve.area_ratio(runs[:1]))

    def test_a_round_that_others_disturbed_does_not_count(self):
        runs = [self.run_of(10, name, cpu, 100, nb, waited) for nb, waited in ((1, 0.01), (2, 0.2))
                for name, cpu in (("hybrid", 0.3 * nb), ("poll", 0.6))]
        self.assertEqual(curve.area_ratio(runs).nb_starts, 1)
        self.assertAlmostEqual(curve.area_ratio(runs).mean, 0.5)
        self.assertIsNone(curve.area_ratio(runs[2:]))


class TestCotenant(unittest.TestCase):
    """What is left for others."""

    def test_it_is_compared_with_what_it_has_alone_in_the_same_round(self):
        runs = [cotenant.Run(nb, 0, name, 1.0, cpu, 0.0, 0.0)
                for nb, pair in enumerate(((0.8, 0.4), (0.4, 0.2)))
                for name, cpu in zip((cotenant.ALONE, "poll"), pair)]
        found = cotenant.kept(runs, 0, "poll")
        self.assertAlmostEqual(found.low, 0.5)
        self.assertAlmostEqual(found.high, 0.5)
        self.assertIsNone(cotenant.kept(runs, 10, "poll"))

    def test_a_tenant_spins_on_the_processor_that_it_is_given(self):
        cpu = max(os.sched_getaffinity(0))
        with cotenant.tenant(cpu) as process:
            self.assertEqual(os.sched_getaffinity(process.pid), {cpu})
            deadline = time.monotonic() + 60
            while cotenant.used(process) < 0.05:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
        self.assertIsNotNone(process.returncode)


class TestBursts(unittest.TestCase):
    """Losses are counted."""

    class Port:
        name = "port"

        def __init__(self, *answers):
            self.answers = list(answers)
            self.telemetry = self

        def port(self):
            received, missed = self.answers.pop(0)
            return {"ipackets": received, "imissed": missed}

        def tail(self):
            return ""

    def test_every_frame_was_received_or_missed(self):
        self.assertEqual(bursts.wait_for_all(self.Port((1, 0), (7, 2), (7, 3)), 10), (7, 3))
        with self.assertRaisesRegex(program.RateError, "more than the 10"):
            bursts.wait_for_all(self.Port((9, 2)), 10)

    def test_one_frame_missed_is_a_missed_target(self):
        def run(missed, size=bursts.JUDGED):
            return bursts.Run(1, 256, size, "hybrid", 224, 1, 224 - missed, missed)
        for runs, verdict in (([run(0), run(5, "ring")], "met"), ([run(0), run(1)], "missed"),
                              ([], "not resolved")):
            self.assertEqual(bursts.judged(runs)[0].verdict, verdict)


class TestWatched(unittest.TestCase):
    """What it costs to be watched."""

    def idle(self, *shares):
        return watched.figure_of_idle([program.Slice(0.0, 2.0, 0.0, 2 * share, 0.0)
                                       for share in shares]).verdict

    def test_the_time_of_all_threads_is_judged_by_its_whole_interval(self):
        self.assertEqual(self.idle(0.0004, 0.0005, 0.0006), "met")
        self.assertEqual(self.idle(0.004, 0.005, 0.006), "missed")
        self.assertEqual(self.idle(0.0001, 0.005, 0.0001), "not resolved")

    def test_what_watching_takes_is_told_beside_what_is_taken_anyhow(self):
        process = watched.Watched("name", ["true"], "prefix")
        before = program.Usage(10.0, {1: (0.0, 0.0), 2: (5.0, 0.0), 3: (7.0, 0.0)})
        for process.watches, ran in ((False, 0.01), (True, 0.03)):
            process.slice(1.0, before, program.Usage(12.0, {
                1: (ran, 0.0), 2: (7.0, 0.0), 3: (8.5, 0.0), 4: (0.01, 0.0)}))
        self.assertIn("2.000 % (1.000 %)", watched.figure_of_time([process]).value)

    def test_a_live_view_that_does_not_show_is_an_error(self):
        process = watched.Watched("name", ["true"], "prefix")
        process.process, process.telemetry = mock.MagicMock(), mock.MagicMock()
        process.process.poll.return_value = None
        process.telemetry.nb_received.return_value = 1
        process.watches = True
        with mock.patch("program.usage", lambda _: program.Usage(time.monotonic(), {})):
            with self.assertRaisesRegex(program.RateError, "0 screens of 1"):
                process.measure_now(0.01)


class TestHarness(unittest.TestCase):
    """What all benchmarks have."""

    def test_every_round_has_every_item_and_is_kept(self):
        kept = []
        found = harness.rounds(2, [1, 2, 3], lambda nb, item: (nb, item),
                               lambda found: kept.append(len(found)))
        self.assertEqual(sorted(found), [(nb, item) for nb in (1, 2) for item in (1, 2, 3)])
        self.assertEqual(kept[:2], [3, 6])

    def test_a_disturbed_run_is_done_again_and_the_least_disturbed_kept(self):
        for waits, expected in (([0.3, 0.01, 0.0], 0.01), ([0.3, 0.1, 0.2], 0.1), ([0.0], 0.0)):
            left = [argparse.Namespace(waited=wait) for wait in waits]
            self.assertEqual(harness.undisturbed(lambda: left.pop(0), 0.05).waited, expected)

    def test_what_was_measured_before_a_failure_is_kept(self):
        kept = []

        def measure(nb, item):
            if nb == 2:
                raise program.RateError("gone")
            return item

        with self.assertRaises(program.RateError):
            harness.rounds(2, ["a"], measure, lambda found: kept.append(list(found)))
        self.assertEqual(kept[-1], ["a"])


class TestTargets(unittest.TestCase):
    """All targets in one table."""

    def test_targets_of_all_measures_that_left_some_are_told_with_their_measure(self):
        figure = harness.Figure("what", "<= 1", "0.5", "0.4 .. 0.6", "met")
        with tempfile.TemporaryDirectory() as scratch:
            for name, judged in (("b", [figure]), ("a", []), ("c", [figure, figure])):
                folder = record.make_folder(Path(scratch) / name)
                with open(os.devnull, "w", encoding="utf-8") as nothing, \
                        contextlib.redirect_stdout(nothing):
                    harness.conclude(folder, [], {}, argparse.Namespace(), judged)
            (Path(scratch) / "d").mkdir()
            rows = targets.collect([Path(scratch) / name for name in "abcd"])
        self.assertEqual([row[0] for row in rows], ["b", "c", "c"])
        self.assertEqual(rows[0][1:], tuple(figure))


class TestPlot(unittest.TestCase):
    """What gnuplot is given."""

    def test_points_without_a_logarithm_and_empty_series_are_left_out(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "x"
            plot.lines(path, "title", ("x", "y"), {"a": [(1, 0), (2, 3)], "b": [(1, 0)]}, log="xy")
            text = path.with_name("x.gnuplot").read_text(encoding="utf-8")
            plot.lines(Path(scratch) / "none", "title", ("x", "y"), {"b": []})
            self.assertFalse((Path(scratch) / "none.gnuplot").exists())
        self.assertIn("2 3", text)
        self.assertNotIn("1 0", text)
        self.assertNotIn('"b"', text)


if __name__ == "__main__":
    unittest.main()
