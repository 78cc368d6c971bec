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
    ("show config fwd", r"^rxonly packet forwarding - ports=1 - cores=2 - streams=4 - NUMA support "
                        r"enabled, MP allocation mode: native\n"
                        r"Logical Core 1 \(socket 0\) forwards packets on 2 streams:\n"
                        r"  RX P=0/Q=0 \(socket 0\) -> TX P=0/Q=0 \(socket 0\) "
                        r"peer=02:00:00:00:00:00\n"),
    ("show config rxtx", r"^  rxonly packet forwarding packets/burst=32\n"
                         r"  nb forwarding cores=2 - nb forwarding ports=1\n"
                         r"  port 0: RX queue number: 4 Tx queue number: 4\n"
                         r"    Rx offloads=0x\w+ Tx offloads=0x\w+\n    RX queue: 0\n"),
    ("show config cores", r"^List of forwarding lcores:  1  2\n$"),
    ("set fwd txonly", r"^Set txonly packet forwarding mode\n$"),
    ("show config rxtx", r"\n  packet len=64 - nb packet segments=1\n"),
    ("set flush_rx on", r"^$"),
    ("set flush_rx off", r"^$"),
    ("set verbose 1", r"^Change verbose level from 0 to 1\n$"),
    ("set verbose 3", r"^Change verbose level from 1 to 3\n$"),
    ("set verbose 0", r"^Change verbose level from 3 to 0\n$"),
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
    ("port 0 rxq 2 intr disable", r"^worker: port 0 .* looked at every 1000 us while asleep\n$"),
    ("show vector 0", r" <- RX of queue 2 \(timed\) -> lcore \d, fd -1; wakes \d+\n"),
    ("set fwd io", r"^Set io packet forwarding mode\n$"),
    ("start", r"^(worker: port 0 .*\n)*$"),
    ("show vector 0", r" <- RX of queue 2 \(timed\) -> "),
    ("port 0 rxq 2 stop", r"^Please stop forwarding first\n$"),
    ("port 0 rxq 2 intr enable", r"^(worker: port 0 .* the driver wakes the worker\n)?$"),
    ("show vector 0", r" <- RX of queue 2 \(handshake\) -> "),
    ("stop", r"Done\.\n$"),
    ("set fwd rxonly", r"^Set rxonly packet forwarding mode\n$"),
    ("port 0 rxq 2 stop", r"^$"),
    ("show vector 0", r"(?s)^(?!.*RX of queue 2)"),
    ("port 0 rxq 2 lcore 1", r'^"2": expected the number of a queue of port 0 that a worker has\n$'),
    ("port 0 rxq 2 start", r"^$"),
    ("show vector 0", r" <- RX of queue 2 \(handshake\) -> "),
    ("port 0 txq 2 stop", r"^$"),
    ("port 0 txq 2 start", r"^$"),
    ("port reset 0", r"^Can not reset port\(s\), please stop port\(s\) first\.\n$"),
    ("port close 0", r"^Closing ports\.\.\.\nPlease stop port 0 first\nDone\n$"),
    ("show fwd stats all", r"Forward statistics for port 0 "),
    ("clear fwd stats all", r"^$"),
    ("start", r"^$"),
    ("start", r"^Packet forwarding already started\n$"),
    ("port stop 0", r"Please remove port 0 from forwarding configuration\."),
    ("port close all", r"Please remove port 0 from forwarding configuration\."),
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
    ("port stop all", r"^Stopping ports\.\.\.\nDone\n$"),
    ("port 0 rxq 2 start", r"^Please start port 0 first\n$"),
    ("port reset all", r"^Resetting ports\.\.\.\nFailed to reset port 0\. diag=-95: .*\nDone\n$"),
)

# What no word of the list can show: a value that the device refuses, or in a form of its own.
BAD = (
    ("port config mtu 0 70000", "port 0: the MTU cannot be set"),
    ("port config 0 rss reta (0,3),(128,2)", '"(0,3),(128,2)": expected (hash,queue)'),
    ("port config 0 rss reta (4294967296,3)", '"(4294967296,3)": expected (hash,queue)'),
    ("port config 0 rss reta (0,4294967297)", '"(0,4294967297)": expected (hash,queue)'),
    ("port config 0 rss reta (0,3", '"(0,3": expected (hash,queue)'),
    ("port config 0 rss reta (0,9)", "9 exceeds the maximum rxq index: 4"),
    ("show port 0 rss reta 129 (0x1)", "Invalid redirection table size: 129 (1-128)"),
    ("show port 0 rss reta 128 (0x1)", '"(0x1)": expected 2 masks'),
    (f"port config 0 rss-hash-key ipv9 {KEY}", '"ipv9": expected what is hashed'),
    (f"port config 0 rss-hash-key ipv4 {KEY[2:]}", "expected 80 hex digits"),
    ("set policy 5 1 100", "5 us at least, 1 us at most"),
    ("set moderation 0 64 5", "5 us for vector 64 refused"),
    ("port 0 rxq 4 lcore 1", '"4": expected the number of a queue of port 0'),
    ("port 0 rxq 4 intr disable", '"4": expected the number of a queue of port 0'),
    ("port 0 rxq 4 stop", '"4": expected the number of an Rx queue of port 0'),
    ("port 0 txq 65540 start", '"65540": expected the number of a Tx queue of port 0'),
    ("set verbose 70000", '"70000": cannot be told'),
    ("set flush_rx", "end of the line: expected on|off"),
    ("set fwd csum", '"csum": expected io|mac|macswap|rxonly|txonly'),
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
            if pattern in ("quit", "top"):
                continue  # each has a test of its own
            # words of the pattern that stand for themselves, in their places
            words = [re.escape(w) if re.fullmatch(r"[a-z_-]+", w) else r"\S+"
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

    def test_counters_that_are_cleared_make_no_rate(self):
        self.start("--stats-period=0.05", "--auto-start")
        rig.wait_until(lambda: self.received() == NB_FRAMES, "all frames are received")
        self.program.expect(r"rx +\d+ pps.*\n", 2)
        self.ask("clear port stats all")
        self.program.expect(r"rx +0 pps.*\n", 2)
        self.quit()
        self.assertNotRegex(self.program.output, r"rx +\d{12,} pps")

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

    def test_packets_are_told_of_once_each_and_by_nobody_after(self):
        self.start(pace=2000)
        self.ask("set verbose 3")
        self.ask("set fwd io")
        self.ask("start")
        self.program.expect(" - Receive queue=0x", NB_FRAMES)
        self.ask("stop")
        text = self.program.output
        for direction, flags in (("Receive", "RTE_MBUF_F_RX_RSS_HASH"), ("Send", "")):
            self.assertEqual(len(re.findall(
                rf" - length=60 - nb_segs=1 .* - {direction} queue=0x[0-3]\n  ol_flags: .*{flags}",
                text)), NB_FRAMES)
        bursts = re.findall(r"port 0/queue \d: received (\d+) packets\n", text)
        self.assertEqual(sum(map(int, bursts)), NB_FRAMES)
        self.ask("set verbose 0")
        self.ask("start")
        self.ask("port 0 rxq 1 lcore 1")
        self.ask("stop")
        self.assertNotIn("Receive queue", self.quit_and_output()[len(text):])

    def test_no_packet_is_told_of_after_the_stop_is_done(self):
        self.start(loops=0, pace=5000)
        self.ask("set verbose 1")
        self.ask("start")
        self.program.expect(" - Receive queue=0x")
        self.ask("stop")
        self.quit()
        self.assertNotIn("Receive queue", self.program.output.partition("\nDone.")[2])

    def quit_and_output(self):
        self.quit()
        return self.program.output

    def test_what_is_told_too_late_is_counted(self):
        nb = 20000  # more than there is room for, between two looks of the main lcore
        path = rig.write_capture(self.folder / "many.pcap", rig.udp_frames(nb))
        (self.folder / "commands").write_text("set verbose 1\nstart\n", encoding="utf-8")
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, overrun="wait"),
                           "--cmdline-file=commands", "--forward-mode=rxonly")
        self.check_played(run)
        told = len(re.findall(" - Receive queue=0x0", run.output))
        lost = re.findall(r"^lcore 1: (\d+) packets are not told of: ", run.output, re.M)
        self.assertEqual(told + sum(map(int, lost)), nb)

    def test_what_came_before_a_start_is_dropped_if_it_is_to_be(self):
        for switch, nb_sent in (("off", NB_FRAMES), ("on", 0)):
            with self.subTest(switch):
                self.start(overrun="wait")
                self.ask("set fwd io")
                self.ask(f"set flush_rx {switch}")
                rig.wait_until(lambda: "wire_rx_ended: 1" in self.ask("show port xstats 0"),
                               "all frames wait")
                self.ask("start")
                rig.wait_until(lambda: self.received() == NB_FRAMES, "all frames are received")
                self.ask("stop")
                self.assertEqual(self.quit()["ports"][0]["opackets"], nb_sent)

    def test_a_queue_that_is_stopped_receives_nothing_until_it_is_started(self):
        self.start("--stats-period=0", loops=0, pace=5000)
        self.ask("port 0 rxq 1 stop")
        self.ask("start")
        self.ask("clear port xstats 0")
        rig.wait_until(lambda: self.received() > NB_FRAMES, "frames come")
        self.assertRegex(self.ask("show port xstats 0"), r"rxq1_packets: 0\n")
        self.ask("stop")
        self.ask("port 0 rxq 1 start")
        self.ask("start")
        rig.wait_until(lambda: not re.search(r"rxq1_packets: 0\n", self.ask("show port xstats 0")),
                       "frames come by the queue again")
        self.quit()

    def test_a_port_that_is_closed_is_gone_and_the_others_go_on(self):
        path = rig.write_capture(self.folder / "other.pcap", rig.udp_frames(NB_FRAMES))
        argv = [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path, loops=0, pace=1000),
                rig.device(1, rx_pcap=path, loops=0, pace=1000), "--", "--json=report.json",
                "--interactive", "--port-topology=chained"]
        self.program = self.enterContext(rig.Program(argv, self.folder, at_terminal=True))
        self.program.expect(PROMPT)
        self.assertRegex(self.ask("show config fwd"), r"RX P=0/Q=0 .*-> TX P=1/Q=0 ")
        self.ask("set verbose 1")
        self.ask("start")
        self.ask("set verbose 0")
        self.ask("stop")
        self.ask("port stop 0")
        self.assertEqual(self.ask("port close 0"), "Closing ports...\nDone\n")
        self.assertIn('"0": expected the number of a port', self.ask("show port info 0"))
        self.assertRegex(self.ask("show port summary all"), r"^Number of available ports: 1\n")
        self.ask("clear port stats all")
        self.ask("start")
        rig.wait_until(lambda: re.search(r"TX-packets: [1-9]", self.ask("show port stats 1")),
                       "the other one forwards to itself")
        self.assertRegex(self.ask("show config fwd"), r"RX P=1/Q=0 .*-> TX P=1/Q=0 ")
        self.ask("stop")
        self.ask("port stop all")
        self.ask("port close all")
        self.assertRegex(self.ask("show port summary all"), r"^Number of available ports: 0\n")
        self.assertEqual(self.quit()["ports"], [])

    def test_a_worker_that_sends_of_its_own_accord_ends_when_it_is_told(self):
        self.start(overrun="wait")
        for _ in range(3):
            self.ask("set fwd txonly")
            self.ask("clear port stats 0")
            self.ask("start")
            rig.wait_until(lambda: re.search(r"TX-packets: [1-9]", self.ask("show port stats 0")),
                           "packets are sent")
            self.assertEqual(self.ask("worker offline 1"), "")
            self.assertEqual(self.ask("worker online 1"), "")
            self.ask("stop")
            after = self.ask("show port stats 0")
            self.ask("set fwd rxonly")
            self.ask("start")
            self.ask("stop")
            sent = re.compile(r"TX-packets: \d+")
            self.assertEqual(sent.search(self.ask("show port stats 0"))[0], sent.search(after)[0])
        self.quit()

    def test_the_live_view_comes_and_goes(self):
        self.start("--stats-period=0.1", loops=0, pace=1000)
        self.ask("start")
        for key in ("q", CTRL_D):
            self.program.type("top\r")
            self.program.expect(re.escape("\x1b[?1049h"))
            self.program.expect(r"q leaves", 2)
            self.program.type(key)
            self.program.expect(re.escape("\x1b[?1049l"))
            self.program.expect(re.escape(PROMPT))
            self.assertEqual(self.ask("show config cores"), "List of forwarding lcores:  1  2\n")
        self.program.type("top\rqshow config cores\r")  # each key is whose turn it is
        self.program.expect(r"List of forwarding lcores:  1  2\n")
        self.program.expect(re.escape(PROMPT))
        self.program.type("top\r")
        self.program.expect("q leaves")
        self.program.type(CTRL_C)
        self.check_end()

    def test_without_a_terminal_there_is_no_live_view(self):
        self.start(at_terminal=False)
        (self.folder / "commands").write_text("top\nquit\n", encoding="utf-8")
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(1))
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=path), "--cmdline-file=commands")
        self.assertIn("top: expected a prompt at a terminal", run.output)

    def test_packets_leave_by_the_port_that_the_topology_says(self):
        topologies = {"paired": (1, 0, 2), "chained": (1, 2, 0), "loop": (0, 1, 2)}
        for name, tx_ports in topologies.items():
            with self.subTest(name):
                argv = [rig.ROUSEPMD, *rig.eal(1), *map(rig.device, range(len(tx_ports))), "--",
                        f"--port-topology={name}", "--no-flush-rx", "--interactive"]
                self.program = self.enterContext(rig.Program(argv, self.folder, at_terminal=True))
                self.program.expect(PROMPT)
                text = self.ask("show config fwd")
                self.assertEqual(re.findall(r"RX P=(\d)/Q=0 .*-> TX P=(\d)/Q=0 ", text),
                                 [(str(rx), str(tx)) for rx, tx in enumerate(tx_ports)])
                self.program.type("quit\r")
                self.assertEqual(self.program.end(), 0)

    def test_queues_are_whose_the_configuration_says(self):
        self.start("--config=(0,0,2),(0,1,2),(0,2,2)")
        self.assertRegex(self.ask("show config fwd"),
                         r"Logical Core 1 .* on 1 streams:\n  RX P=0/Q=3 .*\n"
                         r"Logical Core 2 .* on 3 streams:\n  RX P=0/Q=0 .*\n  RX P=0/Q=1 .*\n"
                         r"  RX P=0/Q=2 ")
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

    def test_what_a_queue_received_is_said_whoever_took_it(self):
        self.start("--auto-start", overrun="wait")
        rig.wait_until(lambda: self.received() == NB_FRAMES, "all frames are received")
        for queue in range(QUEUES):
            self.ask(f"port 0 rxq {queue} lcore 2")
        port = self.quit()["ports"][0]
        self.assertEqual(sum(queue["ipackets"] for queue in port["queues"]), NB_FRAMES)

    def test_one_queue_without_its_signal_does_not_speak_for_the_port(self):
        self.start()
        self.ask(f"port 0 rxq {QUEUES - 1} intr disable")
        self.assertEqual(self.quit()["ports"][0]["kind"], "handshake")
        report = self.program.output.partition("Port 0: net_evnic0 (handshake)")[2]
        self.assertIn("vector 1: ", report)

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
        self.program.expect("List of forwarding lcores:  1  2\n")
        self.program.expect(PROMPT)
        self.program.type(UP)
        self.program.expect("show config cores")
        self.program.type("\r")
        self.program.expect("List of forwarding lcores:  1  2\n")
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
        self.assertIn("List of forwarding lcores:  1  2\n", text)
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
                                (["--cmdline-file="], "name a file"),
                                (["--config=(0,0)"], '"(0,0)": give (port,queue,lcore)'),
                                (["--config=(0,0,1)(0,1,1)"], '"(0,1,1)": expected a comma'),
                                (["--config=(0,0,1),"], '"": give (port,queue,lcore)'),
                                (["--config=(1,0,1)"], "(1,0,1): give the number of a port"),
                                (["--config=(0,1,1)"], "(0,1,1): give a queue that --rxq has"),
                                (["--config=(0,0,0)"], "(0,0,0): give the lcore of a worker"),
                                (["--config=(0,0,1),(0,0,1)"], "(0,0,1): give each queue once"),
                                (["--port-topology=ring"], "give paired, chained or loop")):
            run = rig.rousepmd(self.folder, rig.device(rx_pcap=path), *options)
            self.assertEqual(run.status, 1)
            self.assertIn(answer, run.output)


if __name__ == "__main__":
    rig.main()
