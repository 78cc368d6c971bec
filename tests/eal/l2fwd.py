# SPDX-License-Identifier: BSD-3-Clause
"""What the two l2fwd examples must do, whichever form of the worker they use.

A test class sets PROGRAM (its path) and LCORES (the names of its threads).
"""

import signal
import time

import rig
import threads

LENGTH = 60
NB_FRAMES = 2000
SILENCE_S = 2.0
MAX_SHARE = 0.005  # of a processor, asleep
MAX_SWITCHES = 2   # in a silence; none is needed


def forwarded(frames, port):
    """What port sends of these frames: from its own address, to 02:00:00:00:00:<port>."""
    addresses = bytes([2, 0, 0, 0, 0, port]) + b"\x02Rous" + bytes([port])
    return [addresses + frame[12:] for frame in frames]


class L2fwdTest:
    """Mixed into rig.Test."""

    PROGRAM, LCORES = "", ()

    def options(self, _nb_ports):
        return ()

    def start(self, captures, **devargs):
        """On a port for each capture, which writes what it sends to out<port>.pcap."""
        vdevs = [rig.device(i, rx_pcap=path, tx_pcap=f"out{i}.pcap", overrun="wait", **devargs)
                 for i, path in enumerate(captures)]
        nb_workers = len([name for name in self.LCORES if name.startswith("rte-worker")])
        program = rig.Program([self.PROGRAM, *rig.eal(nb_workers), *vdevs, "--",
                               *self.options(len(vdevs))], self.folder)
        self.enterContext(program)
        return program

    def sizes(self, nb_ports):
        paths = [self.folder / f"out{i}.pcap" for i in range(nb_ports)]
        return [path.stat().st_size if path.exists() else 0 for path in paths]

    def wait_for(self, program, expected):
        """Until each port has sent the frames that it shall."""
        wanted = [24 + sum(16 + len(frame) for frame in frames) for frames in expected]
        rig.wait_until(lambda: all(map(int.__ge__, self.sizes(len(expected)), wanted))
                       or program.process.poll() is not None, "all frames come out")
        self.assertIsNone(program.process.poll(), rig.tail(program.output))

    def stop(self, program, number=signal.SIGTERM):
        program.signal(number)
        self.assertEqual(program.end(), 0, rig.tail(program.output))

    def check_sent(self, expected):
        for port, frames in enumerate(expected):
            sent, _ = rig.read_capture(self.folder / f"out{port}.pcap")
            self.assertEqual(len(sent), len(frames), f"port {port}")
            self.assertEqual(sent, frames, f"port {port}")

    def play(self, captures, expected, number=signal.SIGTERM, **devargs):
        program = self.start(captures, **devargs)
        self.wait_for(program, expected)
        self.stop(program, number)
        self.check_sent(expected)
        return program

    def udp_captures(self, nb_frames):
        """Two captures, their paths and their frames."""
        frames = [rig.udp_frames(nb, length=LENGTH) for nb in (nb_frames, nb_frames // 2)]
        return [rig.write_capture(self.folder / f"in{i}.pcap", f)
                for i, f in enumerate(frames)], frames

    def test_every_frame_of_two_captures_comes_out_of_the_other_port(self):
        captures = [rig.PCAPS / "mixed.pcap", rig.PCAPS / "dns.pcap"]
        frames = [rig.read_capture(path)[0] for path in captures]
        frames = [[frame for frame in f if len(frame) >= 14] for f in frames]
        self.play(captures, [forwarded(frames[1], 0), forwarded(frames[0], 1)])

    def test_frames_that_come_one_by_one_are_not_held_back(self):
        captures, frames = self.udp_captures(200)
        self.play(captures, [forwarded(frames[1], 0), forwarded(frames[0], 1)], pace=500)

    def test_sigint_ends_it_too(self):
        captures, frames = self.udp_captures(64)
        self.play(captures, [forwarded(frames[1], 0), forwarded(frames[0], 1)],
                  number=signal.SIGINT)

    def test_a_port_alone_is_its_own_pair(self):
        captures, frames = self.udp_captures(NB_FRAMES)
        self.play(captures[:1], [forwarded(frames[0], 0)])

    def test_in_a_silence_it_sleeps(self):
        if threads.missing():
            self.skipTest(threads.missing())
        captures, frames = self.udp_captures(64)
        expected = [forwarded(frames[1], 0), forwarded(frames[0], 1)]
        program = self.start(captures)
        self.wait_for(program, expected)
        rig.wait_until(lambda: self.is_at_rest(program), "it sleeps")
        before, start = threads.look(program.process.pid), time.monotonic()
        time.sleep(SILENCE_S)  # what is measured
        after, seconds = threads.look(program.process.pid), time.monotonic() - start
        self.stop(program)
        lcores = [(name, thread) for name, thread in threads.difference(before, after)
                  if name in self.LCORES]
        self.assertEqual(sorted(name for name, _ in lcores), sorted(self.LCORES))
        for name, thread in lcores:
            print(f"{name}: {1e6 * thread.cpu_s:.0f} us, {thread.nb_switches} sleeps in "
                  f"{seconds:.2f} s")
            self.assertLess(thread.cpu_s / seconds, MAX_SHARE, name)
            self.assertLessEqual(thread.nb_switches, MAX_SWITCHES, name)
        self.check_sent(expected)

    def is_at_rest(self, program):
        """Its lcores have used no processor time for 50 ms."""
        before = threads.look(program.process.pid)
        time.sleep(0.05)  # what is measured
        return all(thread.cpu_s == 0 for name, thread in
                   threads.difference(before, threads.look(program.process.pid))
                   if name in self.LCORES)
