# SPDX-License-Identifier: BSD-3-Clause
"""However a run ends, it ends well: exit status 0, a report for people, a report for programs.

It ends when the replay does, when its duration is over, on SIGINT and on SIGTERM. Where mbufs are
missing then, it says so, and all tests that look at a run's exit status or output notice.
"""

import os
import signal

import rig
from rig import hm

CAPTURE = rig.PCAPS / "mixed.pcap"
DEFAULT_RUN = rig.TOP / "config" / "run.conf"
MAX_RSS_KB = 300 << 10
LONG_SIZE = 1 << 34  # bytes: records without a byte, for half a minute
QUEUES = ("--rxq=4", "--txq=4")

PORT_KEYS = {"port", "name", "ipackets", "ibytes", "opackets", "imissed", "queues"}
QUEUE_KEYS = {"queue", "ipackets", "opackets"}
WORKER_KEYS = {"lcore", "rx_packets", "tx_packets", "wakes", "spurious_wakes", "recheck_hits",
               "rescues", "busy_pct", "asleep_pct", "cpu_seconds", "wall_seconds", "wake_ns"}
WAKE_KEYS = {"p50", "p99", "p999", "p9999", "max"}
PROCESS_KEYS = {"cpu_seconds", "rss_kb", "hugetlb_kb"}


def default_arguments():
    """The words of config/run.conf, as run.sh reads them."""
    lines = DEFAULT_RUN.read_text(encoding="utf-8").splitlines()
    return [word for line in lines for word in line.partition("#")[0].split()]


def blocks(pid, number):
    """Whether a process blocks a signal."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        mask = next(line.split()[1] for line in status if line.startswith("SigBlk:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


class EndsTest(rig.Test):
    def start(self, *options, **devargs):
        """A replay that goes on for ever, and has begun when this returns."""
        rousepmd = rig.Program(
            [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=CAPTURE, loops=0, **devargs), "--",
             *QUEUES, "--stats-period=0.1", "--json=report.json", *options], self.folder)
        self.enterContext(rousepmd)
        rousepmd.expect(r"rx +[1-9]\d* pps.*\n")
        return rousepmd

    def check_keys(self, where, keys, dictionary):
        self.assertEqual(keys - dictionary.keys(), set(), f"absent from {where}")

    def check_sums(self, report):
        """Ports, queues and workers tell the same story."""
        ports, workers = report["ports"], report["workers"]
        for port in ports:
            for counter in ("ipackets", "opackets"):
                self.assertEqual(sum(queue[counter] for queue in port["queues"]), port[counter])
            self.assertEqual([queue["queue"] for queue in port["queues"]],
                             list(range(len(port["queues"]))))
        for of_port, of_worker in (("ipackets", "rx_packets"), ("opackets", "tx_packets")):
            self.assertEqual(sum(port[of_port] for port in ports),
                             sum(worker[of_worker] for worker in workers))
        for worker in workers:
            self.assertEqual(worker["rescues"], 0)
            self.assertLessEqual(worker["spurious_wakes"], worker["wakes"])
            self.assertLessEqual(worker["busy_pct"] + worker["asleep_pct"], 100.001)
            self.assertLess(worker["cpu_seconds"], worker["wall_seconds"] + 0.05)
            wake_ns = worker["wake_ns"]
            percentiles = [wake_ns[key] for key in ("p50", "p99", "p999", "p9999", "max")]
            self.assertEqual(percentiles, sorted(percentiles))

    def check_report(self, status, output):
        self.assertEqual(status, 0, f"\n{rig.tail(output)}")
        for line in ("Port 0: net_evnic0", "Worker on lcore 1", "Worker on lcore 2", "Process:"):
            self.assertIn(line, output)
        self.assertEqual(os.listdir(self.folder), ["report.json"], "a temporary file is left")
        report = rig.read_report(self.folder / "report.json")
        self.check_keys("the report", {"ports", "workers", "process"}, report)
        for port in report["ports"]:
            self.check_keys("a port", PORT_KEYS, port)
            for queue in port["queues"]:
                self.check_keys("a queue", QUEUE_KEYS, queue)
        for worker in report["workers"]:
            self.check_keys("a worker", WORKER_KEYS, worker)
            self.check_keys("wake_ns", WAKE_KEYS, worker["wake_ns"])
        self.check_keys("process", PROCESS_KEYS, report["process"])
        self.assertEqual([worker["lcore"] for worker in report["workers"]], [1, 2])
        self.check_sums(report)
        return report

    def check_run(self, run):
        return self.check_report(run.status, run.output)

    def check_signal(self, number, **devargs):
        rousepmd = self.start(**devargs)
        rousepmd.signal(number)
        report = self.check_report(rousepmd.end(), rousepmd.output)
        self.assertGreater(report["ports"][0]["ipackets"], 0)

    def test_the_end_of_the_replay_ends_the_run(self):
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=CAPTURE), *QUEUES)
        frames, _ = rig.read_capture(CAPTURE)
        report = self.check_run(run)
        self.assertEqual((report["ports"][0]["ipackets"], report["ports"][0]["ibytes"]),
                         (len(frames), sum(map(len, frames))))

    def test_the_duration_ends_an_endless_replay(self):
        for devargs in ({"loops": 0}, {"infinite_rx": 1}, {"loops": 0, "pace": 1000}):
            with self.subTest(devargs):
                run = rig.rousepmd(self.folder, rig.device(rx_pcap=CAPTURE, **devargs), *QUEUES,
                                   "--duration=0.5")
                report = self.check_run(run)
                self.assertGreaterEqual(run.seconds, 0.5)
                self.assertGreater(report["ports"][0]["ipackets"], 0)

    def test_a_port_without_a_source_receives_nothing_and_ends(self):
        run = rig.rousepmd(self.folder, rig.device(), *QUEUES)
        self.assertEqual(self.check_run(run)["ports"][0]["ipackets"], 0)

    def test_sigint_ends_a_replay(self):
        self.check_signal(signal.SIGINT)

    def test_sigterm_ends_a_replay(self):
        self.check_signal(signal.SIGTERM)

    def test_a_signal_ends_a_replay_of_which_nobody_is_awake(self):
        self.check_signal(signal.SIGINT, pace=20)

    def test_a_signal_ends_a_run_that_waits_for_its_capture(self):
        """A long one, all holes; the signals are the program's own from the start."""
        path = self.folder / "long.pcap"
        path.write_bytes(hm.pcap())
        os.truncate(path, LONG_SIZE)
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), rig.Program(
                    [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path), "--", *QUEUES],
                    self.folder) as rousepmd:
                rig.wait_until(lambda: blocks(rousepmd.process.pid, number), "it has begun")
                rousepmd.signal(number)
                self.assertEqual(rousepmd.end(), 1)
                self.assertIn("ended by a signal", rousepmd.output)

    def test_every_mode_of_receiving_ends(self):
        for mode in ("hybrid", "poll", "interrupt"):
            with self.subTest(mode):
                run = rig.rousepmd(self.folder, rig.device(rx_pcap=CAPTURE), *QUEUES,
                                   f"--rx-mode={mode}")
                self.assertEqual(self.check_run(run)["ports"][0]["imissed"], 0)

    def test_the_default_run_takes_less_than_300_mb(self):
        path = [word if "rx_pcap=" not in word else word.replace("rx_pcap=", f"rx_pcap={rig.TOP}/")
                for word in default_arguments()]
        separator = path.index("--")
        lcores = [flag for flag in rig.eal() if flag.startswith("--lcores")]
        run = rig.rousepmd(self.folder, [], *path[separator + 1:], "--duration=1",
                           flags=lcores + path[:separator])
        process = self.check_run(run)["process"]
        self.assertLess(process["rss_kb"] + process["hugetlb_kb"], MAX_RSS_KB)
        self.assertGreater(process["rss_kb"], 1 << 10)

    def test_what_a_slow_driver_misses_is_counted(self):
        """The wire does not wait, and shares a processor with the worker, which sleeps at once."""
        loops = 20
        frames, _ = rig.read_capture(CAPTURE)
        cpu = sorted(os.sched_getaffinity(0))[0]
        run = rig.rousepmd(
            self.folder, rig.device(rx_pcap=CAPTURE, loops=loops, overrun="drop", wire_cpu=cpu),
            "--rxq=1", "--rxd=64", "--nb-cores=1", "--rx-mode=interrupt", flags=rig.eal())
        self.assertEqual(run.status, 0, f"\n{rig.tail(run.output)}")
        port = run.report["ports"][0]
        self.assertEqual(port["ipackets"] + port["imissed"], loops * len(frames))
        self.assertGreater(port["imissed"], 0)
        self.assertGreater(port["ipackets"], 0)

    def test_an_mbuf_that_is_lost_is_missed(self):
        """Preloaded is what loses the first one that the driver frees when it is sent."""
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=CAPTURE), *QUEUES,
                           "--forward-mode=io", preload=os.environ["ROUSE_LOSE_MBUF"],
                           may_lose_mbufs=True)
        self.assertEqual(run.status, 1)
        missing = [line for line in run.output.splitlines() if "mbufs came back" in line]
        self.assertEqual(len(missing), 1, rig.tail(run.output))
        back, size = (int(word) for word in missing[0].split() if word.isdigit())
        self.assertEqual(back, size - 1)


if __name__ == "__main__":
    rig.main()
