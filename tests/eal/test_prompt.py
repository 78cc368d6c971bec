# SPDX-License-Identifier: BSD-3-Clause
"""The prompt: each command does what it says, typed at a terminal; what is wrong is named in one
line with what was expected; however it ends, there is the report."""

import re
import signal

import rig

PROMPT = "rousepmd> "
NB_FRAMES = 400
QUEUES = 4
KEY = "6D5A56DA255B0EC24167253D43A38FB0D0CA2BCBAE7B30B477CB2DA38030F20C6A42B73BBEAC01FA"
NONSENSE = "nonsense"
CTRL_C, CTRL_D, TAB, UP = "\x03", "\x04", "\t", "\x1b[A"

# One list, in the order in which they are typed: a command, what is in its answer.
GOOD = (
    ("help", r"show map <port>: "),
    ("show config fwd", r"rxonly packet forwarding - ports=1 - cores=2 - streams:\n"
                        r"  lcore 1: RX P=0/Q=0 -> TX P=0/Q=0\n"),
    ("show config rxtx", r"rxonly packet forwarding packets/burst=32\n  nb forwarding ports=1\n"
                         r"  port 0: RX queue number: 4 Tx queue number: 4\n"),
    ("show config cores", r"List of forwarding lcores: 1 2\n"),
    ("set fwd macswap", r"^Set macswap packet forwarding mode\n$"),
    ("show config fwd", r"^macswap packet"),
    ("set fwd mac", r"^Set mac packet forwarding mode\n$"),
    ("set fwd rxonly", r"^Set rxonly packet forwarding mode\n$"),
    ("show port summary all", r"Number of available ports: 1\nPort MAC Address .*\n"
                              r"0 .* net_evnic0 +net_evnic +up +10 Gbps\n$"),
    ("show port info 0", r"(?s)Promiscuous mode: enabled\n.*Current number of RX queues: 4\n"),
    ("set promisc 0 off", r"^$"),
    ("set allmulti all on", r"^$"),
    ("show port info all", r"Promiscuous mode: disabled\nAllmulticast mode: enabled\n"),
    ("port config mtu 0 1400", r"^$"),
    ("show port info 0", r"MTU: 1400\n"),
    ("set link-down port 0", r"^$"),
    ("show port summary 0", r"0 .* down +10 Gbps\n"),
    ("set link-up port 0", r"^$"),
    ("show port info 0", r"Link status: up\n"),
    ("port config 0 rss reta (0,3),(127,2)", r"^$"),
    ("show port 0 rss reta 128 (0x3,0x8000000000000000)",
     r"^RSS RETA configuration: hash index=0, queue=3\n"
     r"RSS RETA configuration: hash index=1, queue=1\n"
     r"RSS RETA configuration: hash index=127, queue=2\n$"),
    ("show port 0 rss-hash", r"^RSS functions:\n(  .*\n)+$"),
    (f"port config 0 rss-hash-key ipv4-udp {KEY[::-1]}", r"^$"),
    ("show port 0 rss-hash key", rf"^RSS functions:\n  ipv4-udp\nRSS key:\n{KEY[::-1]}\n$"),
    ("set policy 5 50 200", r"^$"),
    ("set rxmode poll", r"^$"),
    ("set rxmode intr", r"^$"),
    ("set rxmode hybrid", r"^$"),
    ("set moderation 0 1 70", r"^$"),
    ("show map 0", r"vector 1: .* interval 70 us\n"),
    ("port stop 0", r"^Stopping ports\.\.\.\nDone\n$"),
    ("show worker 1", r"port 0 queue 0 \(handshake, paused\)"),
    ("start", r"^Not all ports were started\n$"),
    ("port start all", r"^Port 0: (..:){5}..\nDone\n$"),
    ("show vector 0", r"vector 1 <- RX of queue 1 \(handshake\) -> lcore 2, fd \d+; wakes \d+\n"),
    ("port 0 rxq 1 lcore 1", r"^$"),
    ("show vector 0", r"vector \d <- RX of queue 1 \(handshake\) -> lcore 1, fd \d+; wakes \d+\n"),
    ("worker rebalance", r"^1 queues moved\n$"),
    ("show fwd stats all", r"Forward statistics for port 0 "),
    ("clear fwd stats all", r"^$"),
    ("start", r"^$"),
    ("start", r"^Packet forwarding already started\n$"),
    ("port stop 0", r"Please remove port 0 from forwarding configuration\."),
    ("worker offline 1", r"^$"),
    ("show worker 1", r"^Worker on lcore 1: offline, does not run\n"),
    ("worker online 1", r"^$"),
    ("worker rebalance", r"^2 queues moved\n$"),
    ("show worker all", r"(?s)^Worker on lcore 1: online\n.*Worker on lcore 2: online\n"),
    ("show wake all", r"(?s)^Worker on lcore 1: \d+ wakes measured.*Worker on lcore 2: \d+ wakes"),
    ("show attn 1", r"(?s)^Worker on lcore 1: (PARK|ATTEND|POLL), word 0x.*bit  0: messages"),
    ("stop", r"(?s)^Telling cores to stop.*Accumulated forward statistics.*\nDone\.\n$"),
    ("stop", r"^Packet forwarding not started\n$"),
    ("show port stats 0", r"NIC statistics for port 0 .*\n  RX-packets: "),
    ("clear port stats all", r"NIC statistics for port 0 cleared\n"),
    ("clear port xstats 0", r"^$"),
    ("show port xstats all", r"NIC extended statistics for port 0 \nrx_good_packets: 0\n"),
)

# What no word of the list can show: a value that the device refuses, or in a form of its own.
BAD = (
    ("port config mtu 0 70000", "port 0: the MTU cannot be set"),
    ("port config 0 rss reta (0,3),(128,2)", '"(0,3),(128,2)": expected (hash,queue)'),
    ("port config 0 rss reta (0,3", '"(0,3": expected (hash,queue)'),
    ("port config 0 rss reta (0,9)", "9 exceeds the maximum rxq index: 4"),
    ("show port 0 rss reta 129 (0x1)", "Invalid redirection table size: 129 (1-128)"),
    ("show port 0 rss reta 128 (0x1)", '"(0x1)": expected 2 masks'),
    (f"port config 0 rss-hash-key ipv9 {KEY}", '"ipv9": expected what is hashed'),
    (f"port config 0 rss-hash-key ipv4 {KEY[2:]}", "expected 80 hex digits"),
    ("set policy 5 1 100", "5 us at least, 1 us at most"),
    ("set moderation 0 64 5", "5 us for vector 64 refused"),
    ("port 0 rxq 4 lcore 1", '"4": expected the number of a queue of port 0'),
    ("worker online 1", "is online already"),
    ("show port info 1", '"1": expected the number of a port, or all'),
    ("show port info 0x", '"0x": expected'),
    ("show port info -1", '"-1": expected'),
    ("show port info 99999999999999999999", "expected the number of a port, or all"),
    ("show worker 0", '"0": expected the lcore of a worker, or all'),
    ("start now", '"now": expected the end of the line'),
)


class PromptTest(rig.Test):
    def start(self, *options, at_terminal=True, prompt=True, fwd="rxonly", **devargs):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        argv = [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path, **devargs), "--",
                f"--rxq={QUEUES}", f"--txq={QUEUES}", f"--forward-mode={fwd}",
                "--json=report.json", "--interactive", *options]
        self.program = rig.Program(argv, self.folder, at_terminal=at_terminal)
        self.enterContext(self.program)
        if prompt:
            self.program.expect(PROMPT)
        return self.program

    def ask(self, line):
        """The answer, up to the next prompt."""
        self.program.type(line + "\r")
        self.program.expect(re.escape(line))
        return self.program.expect(re.escape(PROMPT))[:-len(PROMPT)].lstrip("\r\n")

    def check_end(self):
        """It ended well, with the report."""
        self.assertEqual(self.program.end(), 0, rig.tail(self.program.output))
        self.assertIn("Worker on lcore 1 (memory", self.program.output)
        report = rig.read_report(self.folder / "report.json")
        self.assertEqual([worker["rescues"] for worker in report["workers"]], [0, 0])
        return report

    def quit(self):
        self.program.type("quit\r")
        return self.check_end()

    def received(self):
        text = self.ask("show port stats 0")
        return int(re.search(r"RX-packets: (\d+)", text)[1])

    def test_each_command_does_what_it_says(self):
        self.start()
        for line, answer in GOOD:
            with self.subTest(line):
                self.assertRegex(self.ask(line), answer)
        self.quit()

    def test_each_command_of_the_list_is_tried(self):
        self.start()
        for line in self.ask("help").splitlines():
            pattern = line.partition(": ")[0]
            if pattern == "quit":
                continue
            # words of the pattern that stand for themselves, in their places
            words = [re.escape(w) if re.fullmatch(r"[a-z-]+", w) else r"\S+"
                     for w in pattern.replace("<min us> <max us> <weight %>", "<a> <b> <c>")
                     .replace("<hex digits>", "<hex>").split()]
            self.assertTrue(any(re.fullmatch(" ".join(words), good) for good, _ in GOOD), pattern)
        self.quit()

    def test_a_wrong_word_is_named_in_one_line(self):
        self.start()
        for line, _ in GOOD:
            words = line.split()
            for i, word in enumerate(words):
                if word.startswith("(") or "rss-hash-key" in words[:i]:
                    continue  # of a form of its own, see BAD
                with self.subTest(line, place=i):
                    answer = self.ask(" ".join(words[:i] + [NONSENSE] + words[i + 1:]))
                    self.assertRegex(answer, rf'^"{NONSENSE}": expected \S.*\n$')
                    self.assertEqual(answer.count("\n"), 1)
        self.quit()

    def test_what_is_missing_is_said_in_one_line(self):
        self.start()
        whole = {line for line, _ in GOOD}
        for line in sorted(whole):
            words = line.split()
            for i in range(1, len(words)):
                cut = " ".join(words[:i])
                if cut in whole:
                    continue
                with self.subTest(cut):
                    self.assertRegex(self.ask(cut), r"^end of the line: expected \S.*\n$")
        self.quit()

    def test_a_wrong_value_is_refused_in_one_line(self):
        self.start()
        for line, answer in BAD:
            with self.subTest(line):
                text = self.ask(line)
                self.assertIn(answer, text)
                self.assertEqual(text.count("\n"), 1, text)
        self.quit()

    def test_nothing_is_received_before_start_nor_after_stop(self):
        self.start("--stats-period=0.05")
        self.program.expect(r"rx +0 pps.*\n", 4)
        self.assertEqual(self.received(), 0)
        self.ask("start")
        rig.wait_until(lambda: self.received() == NB_FRAMES, "all frames are received")
        self.ask("stop")
        self.assertEqual(self.quit()["ports"][0]["ipackets"], NB_FRAMES)

    def test_a_mode_is_changed_between_two_starts(self):
        self.start(loops=0, pace=5000)
        for mode in ("io", "rxonly", "mac", "macswap"):
            self.ask(f"set fwd {mode}")
            self.ask("clear port stats 0")
            self.ask("start")
            rig.wait_until(lambda: self.received() > 0, "frames come")
            self.ask("stop")
            sent = int(re.search(r"TX-packets: (\d+)", self.ask("show port stats 0"))[1])
            self.assertEqual(sent, 0 if mode == "rxonly" else self.received())
        self.quit()

    def test_queues_move_and_workers_go_while_frames_come_and_none_is_lost(self):
        self.start("--auto-start", pace=2000, overrun="wait")
        for i in range(6):
            for queue in range(QUEUES):
                self.ask(f"port 0 rxq {queue} lcore {1 + (i + queue) % 2}")
            self.assertEqual(self.ask(f"worker offline {1 + i % 2}"), "")
            self.assertEqual(self.ask(f"worker online {1 + i % 2}"), "")
        rig.wait_until(lambda: self.received() == NB_FRAMES, "all frames are received")
        report = self.quit()
        self.assertEqual(sum(worker["rx_packets"] for worker in report["workers"]), NB_FRAMES)

    def test_in_any_state_an_end_is_an_end_with_the_report(self):
        states = {"fresh": [], "started": ["start"], "stopped": ["start", "stop"],
                  "port stopped": ["port stop 0"], "half a line": []}
        for state, lines in states.items():
            for end in (CTRL_C, CTRL_D, "quit\r", signal.SIGTERM):
                if state == "half a line" and end in (CTRL_D, "quit\r"):
                    continue  # part of the line there
                with self.subTest(state, end=end):
                    self.start(loops=0, pace=1000)
                    for line in lines:
                        self.ask(line)
                    if state == "half a line":
                        self.program.type("show po")
                        self.program.expect("show po")
                    if isinstance(end, str):
                        self.program.type(end)
                    else:
                        self.program.signal(end)
                    self.check_end()

    def test_the_terminal_is_left_as_it_was(self):
        argv = [rig.ROUSEPMD, *rig.eal(), rig.device(), "--", "--interactive"]
        settings = []
        for command in (argv, ["true"]):
            with rig.Program(["sh", "-c", '"$@"; exec stty -g', "sh", *command], self.folder,
                             at_terminal=True) as program:
                if command == argv:
                    program.expect(PROMPT)
                    program.type("quit\r")
                settings.append(program.expect(r"(?m)^[0-9a-f]+(:[0-9a-f]+)+\r?\n").splitlines()[-1])
        self.assertEqual(*settings)

    def test_the_end_of_a_pipe_is_an_end(self):
        self.start(at_terminal=False)
        self.program.say("start")
        self.program.process.stdin.close()
        self.check_end()

    def test_words_are_completed_lines_remembered_and_places_explained(self):
        self.start()
        self.program.type("show conf" + TAB)
        self.program.expect("show config ")
        self.program.type("cores\r")
        self.program.expect("List of forwarding lcores: 1 2\n")
        self.program.expect(PROMPT)
        self.program.type(UP)
        self.program.expect("show config cores")
        self.program.type("\r")
        self.program.expect("List of forwarding lcores: 1 2\n")
        self.program.expect(PROMPT)
        self.program.type("show port info ?")
        self.program.expect("show port info\\|stats\\|xstats <port>\\|all: what it is")
        self.program.type("\r")
        self.program.expect("expected the number of a port, or all\n")
        self.quit()

    def test_a_file_of_commands_is_carried_out_first(self):
        commands = "# a comment\n\nshow config cores\nsho\nset fwd io # another\n"
        (self.folder / "commands").write_text(commands + "start", encoding="utf-8")
        self.start("--cmdline-file=commands", prompt=False)
        text = self.program.expect("Read CLI commands from commands\n")
        self.assertIn("List of forwarding lcores: 1 2\n", text)
        self.assertIn('"sho": expected help, start', text)
        self.program.type("\r")
        self.program.expect("\n" + PROMPT)
        self.quit()
        self.assertNotIn("Telling cores", self.program.output)

    def test_a_file_alone_forwards_when_it_is_done_and_may_end_the_run(self):
        (self.folder / "commands").write_text("set fwd io\n", encoding="utf-8")
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        for extra, nb_sent in (("", NB_FRAMES), ("quit\nhelp\n", 0)):
            (self.folder / "commands").write_text("set fwd io\n" + extra, encoding="utf-8")
            run = rig.rousepmd(self.folder, rig.device(rx_pcap=path), "--cmdline-file=commands")
            self.check_played(run)
            self.assertEqual(run.report["ports"][0]["opackets"], nb_sent)
            self.assertNotIn("help: list", run.output)

    def test_what_cannot_be_is_refused_at_the_start(self):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(1))
        for options, answer in ((["--interactive", "--top"], "both want the terminal"),
                                (["--cmdline-file=none"], "--cmdline-file=none: cannot be read"),
                                (["--cmdline-file="], "name a file")):
            run = rig.rousepmd(self.folder, rig.device(rx_pcap=path), *options)
            self.assertEqual(run.status, 1)
            self.assertIn(answer, run.output)


if __name__ == "__main__":
    rig.main()
