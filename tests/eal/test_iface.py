# SPDX-License-Identifier: BSD-3-Clause
"""A port on a kernel interface receives and sends what is there, and sleeps while it is silent.

The interface is one end of a veth pair in a namespace of the test's own; on the other end is a packet
socket of the kernel's: what it sends and receives is the truth.
"""

import signal
import sys
import time

import netns
import rig
import threads
from rig import rss

NB_FRAMES = 2000
WINDOW = 64  # frames under way at once
SILENCE_S = 4
MAX_SHARE = 0.003  # of a processor, the process
MAX_WAKES = 2  # of a thread, in the silence
SOURCE_FAILED = 3  # a kind of ERROR
LENGTHS = (60, 61, 200, 1514)


def frames(nb_frames=NB_FRAMES):
    parts = [rig.udp_frames(nb_frames // len(LENGTHS), length=length) for length in LENGTHS]
    return [frame for group in zip(*parts) for frame in group]


class IfaceTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.namespace = self.enterContext(netns.Namespace("iface"))
        self.far = self.enterContext(self.namespace.packet_socket("far"))

    def start(self, *vdevs, options=()):
        argv = [rig.ROUSEPMD, *rig.eal(), *vdevs, "--", "--rxq=4", "--txq=4",
                "--json=report.json", "--stats-period=0.1", *options]
        rousepmd = rig.Program(self.namespace.inside(argv), self.folder)
        self.enterContext(rousepmd)
        return rousepmd

    def finish(self, rousepmd, may_lose=False):
        """What could not be sent makes the status 1, and nothing else may."""
        rousepmd.signal(signal.SIGINT)
        status = rousepmd.end()
        report = rig.read_report(self.folder / "report.json")
        errors = report["ports"][0]["oerrors"]
        self.assertEqual(status, 1 if errors and may_lose else 0, rig.tail(rousepmd.output))
        return report

    def receive(self, nb_frames):
        return [self.far.recv(65536) for _ in range(nb_frames)]

    def exchange(self, sent):
        """What comes back, a window of frames at a time, so that no buffer overflows."""
        back = []
        for i in range(0, len(sent), WINDOW):
            window = sent[i:i + WINDOW]
            for frame in window:
                self.far.send(frame)
            back += self.receive(len(window))
        return back

    def test_what_comes_in_is_steered_as_the_oracle_says_and_goes_out_again(self):
        rousepmd = self.start(rig.device(0, iface="near"))
        rousepmd.expect("rx +")
        sent = frames()
        back = self.exchange(sent)
        report = self.finish(rousepmd)
        steering = rss.Steering(4, types=rss.parse_types("all"))
        self.assertEqual(rig.by_queue(back, steering), rig.by_queue(sent, steering))
        port = report["ports"][0]
        # and nothing of what was sent came back in
        self.assertEqual((port["ipackets"], port["opackets"]), (NB_FRAMES, NB_FRAMES))
        self.assertEqual((port["imissed"], port["oerrors"]), (0, 0))
        for worker in report["workers"]:
            self.assertEqual(worker["rescues"], 0)

    def test_each_direction_goes_with_a_capture(self):
        sent = frames()
        rig.write_capture(self.folder / "in.pcap", sent)
        rousepmd = self.start(rig.device(0, rx_pcap="in.pcap", pace=5000, tx_iface="near"))
        steering = rss.Steering(4, types=rss.parse_types("all"))
        received = self.receive(len(sent))
        self.assertEqual(rousepmd.end(), 0, rig.tail(rousepmd.output))  # the replay is over
        self.assertEqual(rig.by_queue(received, steering), rig.by_queue(sent, steering))

        rousepmd = self.start(rig.device(0, rx_iface="near", tx_pcap="out.pcap"))
        rousepmd.expect("rx +")
        for frame in sent[:WINDOW]:
            self.far.send(frame)
        size = 24 + sum(16 + len(frame) for frame in sent[:WINDOW])
        out = self.folder / "out.pcap"
        rig.wait_until(lambda: out.exists() and out.stat().st_size >= size, "they are written")
        self.finish(rousepmd)
        self.assertEqual(rig.by_queue(rig.read_capture(out)[0], steering),
                         rig.by_queue(sent[:WINDOW], steering))

    def test_silence_costs_nothing_and_the_next_frame_wakes(self):
        rousepmd = self.start(rig.device(0, iface="near"), options=("--stats-period=0",))
        self.exchange_until_it_runs()
        pid = rousepmd.process.pid  # "ip netns exec" becomes the program
        time.sleep(0.5)
        before, first = threads.look(pid), time.monotonic()
        time.sleep(SILENCE_S)
        after, last = threads.look(pid), time.monotonic()
        self.exchange(frames(4))
        done = threads.difference(before, after)
        self.assertIn("wire-0", [name for name, _ in done])
        for name, thread in done:
            if name.startswith(("wire-", "rte-worker-")):
                self.assertLessEqual(thread.nb_switches, MAX_WAKES, name)
        total = sum(thread.cpu_s for _, thread in done)
        self.assertLess(total / (last - first), MAX_SHARE, done)
        self.finish(rousepmd)
        print(f"process: {1e3 * total:.2f} ms in {last - first:.1f} s")

    def exchange_until_it_runs(self):
        self.far.settimeout(0.1)

        def comes_back():
            try:
                self.exchange(frames(4))
            except TimeoutError:
                return False
            return True
        rig.wait_until(comes_back, "the first frames come back")
        self.far.settimeout(30)

    def test_frames_longer_than_a_buffer_are_left_out_and_the_rest_arrives(self):
        rousepmd = self.start(rig.device(0, iface="near"), options=("--mbuf-size=512",))
        rousepmd.expect("rx +")
        for frame in frames(8):
            self.far.send(frame)
        back = self.receive(6)
        self.assertEqual(sorted({len(frame) for frame in back}), [60, 61, 200])
        self.assertEqual(self.finish(rousepmd)["ports"][0]["ipackets"], 6)

    def test_an_interface_that_disappears_ends_the_source_and_what_came_stays_counted(self):
        rousepmd = self.start(rig.device(0, iface="near", trace="trace"))
        rousepmd.expect("rx +")
        self.exchange(frames(WINDOW))
        self.namespace.ip("link", "del", "dev", "near")
        self.assertEqual(rousepmd.end(), 0, rig.tail(rousepmd.output))  # as its source has ended
        lines = [line for line in rousepmd.output.splitlines() if "net_evnic:" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("iface=near: nothing more is received", lines[0])
        report = rig.read_report(self.folder / "report.json")
        self.assertEqual(report["ports"][0]["ipackets"], WINDOW)
        trace = (self.folder / "trace").read_text(encoding="ascii").splitlines()
        errors = [line for line in trace if line.startswith("event error")]
        self.assertEqual(errors, [f"event error 0 0 0 {SOURCE_FAILED}"])

    def test_an_interface_that_was_down_for_a_while_goes_on(self):
        rousepmd = self.start(rig.device(0, iface="near"))
        rousepmd.expect("rx +")
        self.exchange(frames(WINDOW))
        self.namespace.ip("link", "set", "dev", "near", "down")
        self.namespace.ip("link", "set", "dev", "near", "up")
        self.exchange_until_it_runs()
        self.finish(rousepmd, may_lose=True)

    def test_what_cannot_be_opened_is_refused(self):
        self.namespace.ip("link", "set", "dev", "near", "down")
        for devargs, words in (("iface=nowhere", "there is no such interface"),
                               ("rx_iface=nowhere", "there is no such interface"),
                               ("tx_iface=nowhere", "there is no such interface"),
                               ("iface=near", "it is down"),
                               ("tx_iface=near", "it is down")):
            with self.subTest(devargs):
                key, value = devargs.split("=")
                rousepmd = self.start(rig.device(0, **{key: value}))
                self.assertEqual(rousepmd.end(), 1, rig.tail(rousepmd.output))
                lines = [line for line in rousepmd.output.splitlines() if "net_evnic:" in line]
                self.assertEqual(len(lines), 1, lines)
                self.assertIn(f"{devargs}: {words}", lines[0])


if __name__ == "__main__":
    reason = netns.missing()
    if reason:
        print(reason, file=sys.stderr)
        sys.exit(rig.EXIT_SKIP)
    rig.main()
