# SPDX-License-Identifier: BSD-3-Clause
"""The live view: one screen a period on a terminal, cut to its window; plain lines elsewhere."""

import re
import signal

import rig

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, LINE_END, LAST_END = "\x1b[H", "\x1b[K\r\n", "\x1b[K\x1b[J"
DEFAULT_WINDOW = (24, 80)
PERIOD_S = 0.2
PACE = 500


def screens(output):
    """The text of each that is complete, as lists of lines."""
    found = []
    for text in output.partition(ENTER)[2].partition(LEAVE)[0].split(HOME)[1:]:
        if text.endswith(LAST_END):
            found.append(text[:-len(LAST_END)].split(LINE_END))
    return found


class TopTest(rig.Test):
    def start(self, *options, **devargs):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(64))
        argv = [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path, loops=0, **devargs), "--",
                "--top", f"--stats-period={PERIOD_S}", "--forward-mode=rxonly", *options]
        return rig.Program(argv, self.folder)

    def check_fits(self, found, window):
        for lines in found:
            self.assertLessEqual(len(lines), window[0])
            self.assertLessEqual(max(len(line) for line in lines), window[1])

    def check_left(self, program):
        """The terminal is as it was, and the report stands on it."""
        self.assertEqual(program.end(), 0, rig.tail(program.output))
        self.assertEqual(program.output.count(ENTER), 1)
        self.assertEqual(program.output.count(LEAVE), 1)
        self.assertIn("Worker on lcore 1", program.output.partition(LEAVE)[2])
        return screens(program.output)

    def test_a_screen_tells_of_each_worker_and_port_and_q_leaves_it(self):
        with self.start("--rxq=2", "--rx-mode=interrupt", pace=PACE) as program:
            program.expect(re.escape(LAST_END), 4)
            program.say("q")
            found = self.check_left(program)
        self.check_fits(found, DEFAULT_WINDOW)
        lines = found[-1]
        self.assertRegex(lines[0], r"^rousepmd: \d+ s, processor time \d+\.\d %, rescues 0; q leaves$")
        self.assertEqual(lines[2].split()[:4], ["lcore", "state", "load", "pps"])
        for line, lcore in zip(lines[3:5], (1, 2)):
            self.assertRegex(line, rf"^ +{lcore} (PARK|ATTEND) +[#.]{{8}} ")
        port = lines.index(next(line for line in lines if line.split()[:1] == ["port"]))
        self.assertRegex(lines[port + 1], r"^ +0 net_evnic0 +2 +handshake +\d+ +0 +0 +0 +0$")
        self.assertRegex(lines[port + 2], r"^ +rxq pps: \d+ \d+$")

    def test_who_polls_is_busy_and_parks_never(self):
        with self.start("--rx-mode=poll", pace=PACE) as program:
            program.expect(" POLL ")  # it may not run yet on the first screen
            program.expect(re.escape(LAST_END), 3)
            program.signal(signal.SIGINT)
            found = self.check_left(program)
        first = next(i for i, lines in enumerate(found) if lines[3].split()[1] == "POLL")
        for lines in found[first:]:
            self.assertEqual(lines[3].split()[1], "POLL")
            self.assertEqual(lines[3].split()[7:9], ["0", "0"])  # asleep, wakes

    def test_it_is_cut_to_the_window(self):
        def is_cut(lines):
            return len(lines) <= 4 and max(map(len, lines)) <= 40

        with self.start(pace=PACE) as program:
            program.expect(re.escape(LAST_END), 2)
            program.resize(4, 40)
            rig.wait_until(lambda: sum(map(is_cut, screens(program.output))) >= 4,
                           "four screens fit")
            program.say("q")
            found = self.check_left(program)
        # some may have been on their way, but none after the first that fits
        first = next(i for i, lines in enumerate(found) if is_cut(lines))
        self.assertGreater(first, 0)
        self.check_fits(found[first:], (4, 40))
        self.assertEqual(max(len(lines) for lines in found[first:]), 4)

    def test_where_there_is_no_terminal_there_are_lines(self):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(64))
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, pace=100, loops=4), "--top",
                           f"--stats-period={PERIOD_S}")
        self.check_played(run)
        self.assertNotIn("\x1b", run.output)
        self.assertGreaterEqual(len(re.findall(r"^rx +\d+ pps  tx ", run.output, re.M)), 2)


if __name__ == "__main__":
    rig.main()
