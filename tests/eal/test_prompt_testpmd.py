# SPDX-License-Identifier: BSD-3-Clause
"""Scripts for testpmd run at rousepmd's prompt: what both say of statistics, RETA, RSS and link is
the same, line by line, and so are the frames that they send."""

import re

import rig

NB_FRAMES = 512
QUEUES = 4
KEY = "0123456789abcdef" * 5
# of the extended statistics, those that tell how often somebody slept, or how far the device has come
SETTLED = ("wire_rx_frames", "wire_rx_lost", "wire_rx_unhashed", "wire_rx_filtered")
OFFLOADS = re.compile(r"(ffloads)=0x\w+")  # testpmd asks for others
BY_TIME = re.compile(r"^(wire_\w+): \d+$")
LINES = re.compile(r"^(  RX-|  RX P|Change |List of|(?:io|txonly|rxonly) packet|  (?:io|txonly|rxonly) packet|  packet len|"
                   r"  nb forw|  port \d: RX queue|    [RT][xX] |      [RT]X |Logical|  TX-|RSS |  ipv|  ip |[0-9A-F]{80}$|Link |Promisc|Allmulti|MTU|"
                   r"Number of|Port MAC|0 |Hash key|Redirection|Current number|Max possible|"
                   r"Supported|Minimum|Min possible|RXDs|TXDs|Driver name|Device name|MAC address|wire_|rx_|tx_|rxq|txq|#####|Set ).*$", re.M)

# Each a file of commands, as --cmdline-file has it. The MTU differs at the start: rousepmd takes what
# an mbuf holds.
SCRIPTS = {
    "what a port is": """
        port config mtu 0 1500
        show port summary all
        show port info 0
        show port stats 0
        set promisc 0 off
        set allmulti all on
        port config mtu 0 1400
        show port info all
        """,
    "the link": """
        port config mtu 0 1500
        set link-down port 0
        show port summary 0
        set link-up port 0
        show port info 0
        """,
    "RETA": """
        show port 0 rss reta 128 (0xffffffffffffffff,0xffffffffffffffff)
        port config 0 rss reta (0,3),(1,2),(127,0)
        show port 0 rss reta 128 (0x3,0x8000000000000000)
        """,
    "RSS": f"""
        show port 0 rss-hash
        show port 0 rss-hash key
        port config 0 rss-hash-key ipv4-udp {KEY}
        show port 0 rss-hash key
        """,
    "configuration": """
        show config cores
        show config fwd
        show config rxtx
        set fwd txonly
        show config rxtx
        """,
    "verbose": """
        set verbose 1
        set verbose 3
        set verbose 0
        """,
    "extended statistics": """
        set fwd rxonly
        show port xstats 0
        clear port xstats 0
        show port xstats all
        """,
    "modes": """
        set fwd mac
        set fwd macswap
        set fwd io
        set fwd rxonly
        """,
}


class PromptTestpmdTest(rig.Test):
    def launch(self, program, prompt, *options, stock):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        argv = [program, *rig.eal(stock=stock), rig.device(rx_pcap=path, tx_pcap="out.pcap", overrun="wait"), "--",
                f"--rxq={QUEUES}", f"--txq={QUEUES}", "--rxd=1024", "--rss-ip", "--interactive",
                *options]
        started = rig.Program(argv, self.folder)
        self.enterContext(started)
        if prompt:
            started.expect(prompt)
        return started

    def both(self, *options):
        """Each with its prompt."""
        testpmd = [rig.STOCK / "dpdk-testpmd", "testpmd> ", "--no-flush-rx",
                   "--total-num-mbufs=12288", "--forward-mode=io", "--nb-cores=2", *options]
        for program, prompt, *more in (testpmd, [rig.ROUSEPMD, "rousepmd> ", *options]):
            yield (self.launch(program, None if options else prompt, *more,
                               stock=prompt == "testpmd> "), prompt)

    def test_files_of_commands_have_the_same_answers(self):
        for name, script in SCRIPTS.items():
            with self.subTest(name):
                (self.folder / "script").write_text(script.replace("        ", "").lstrip(),
                                                    encoding="utf-8")
                answers = []
                for program, _ in self.both("--cmdline-file=script"):
                    program.expect("Read CLI commands from script")
                    # before it stands what testpmd says at the start
                    text = program.output.rpartition("Checking link statuses...\nDone\n")[2]
                    answers.append([BY_TIME.sub(r"\1", match[0].rstrip())
                                    for match in LINES.finditer(text)])
                    program.say("quit")
                    self.assertEqual(program.end(), 0, rig.tail(program.output))
                self.assertGreaterEqual(len(answers[0]), script.count("show port") or 3)
                if name == "configuration":  # queues are dealt out in another order
                    answers = [sorted(OFFLOADS.sub(r"\1", line) for line in answer)
                               for answer in answers]
                self.assertEqual(*answers)

    def ask(self, program, prompt, line):
        program.say(line)
        program.expect(re.escape(line))
        return program.expect(re.escape(prompt))

    def statistics(self, program, prompt):
        text = self.ask(program, prompt, "show port stats 0")
        return [match[0].rstrip() for match in re.finditer(r"^  [RT]X-.*$", text, re.M)]

    def extended(self, program, prompt):
        text = self.ask(program, prompt, "show port xstats 0")
        found = re.findall(r"^(\w+: \d+)\s*$", text, re.M)
        return [line if line.startswith(SETTLED) else BY_TIME.sub(r"\1", line)
                for line in found]

    def test_packets_are_told_of_in_the_same_lines(self):
        answers = []
        for program, prompt in self.both():
            with self.subTest(program=prompt):
                self.ask(program, prompt, "set fwd rxonly")
                self.ask(program, prompt, "set verbose 1")
                program.say("start")
                program.expect(r" - Receive queue=0x[0-3]\s*\n  ol_flags: .*\n", NB_FRAMES)
                self.ask(program, prompt, "stop")
                answers.append(sorted(re.findall(r"  src=.* - Receive queue=0x[0-3] *\r?\n  ol_flags: .*",
                                                 program.output)))
                program.say("quit")
                self.assertEqual(program.end(), 0, rig.tail(program.output))
        self.assertEqual(len(answers[0]), NB_FRAMES)
        self.assertEqual(*answers)

    def test_what_is_sent_of_its_own_accord_is_the_same(self):
        frames = []
        for program, prompt in self.both():
            with self.subTest(program=prompt):
                self.ask(program, prompt, "set fwd txonly")
                self.ask(program, prompt, "start")
                rig.wait_until(lambda p=program, s=prompt: re.search(
                    r"TX-packets: [1-9]", self.statistics(p, s)[-1]), "packets are sent")
                self.ask(program, prompt, "stop")
                program.say("quit")
                self.assertEqual(program.end(), 0, rig.tail(program.output))
                frames.append(set(rig.read_capture(self.folder / "out.pcap")[0]))
        self.assertEqual(len(frames[0]), 1)
        self.assertEqual(*frames)

    def test_statistics_are_the_same_while_frames_are_forwarded(self):
        for mode in ("io", "mac", "macswap", "rxonly"):
            answers, frames = [], []
            for program, prompt in self.both():
                with self.subTest(mode, program=prompt):
                    self.ask(program, prompt, f"set fwd {mode}")
                    self.ask(program, prompt, "start")
                    rig.wait_until(lambda p=program, s=prompt: f"RX-packets: {NB_FRAMES} " in
                                   self.statistics(p, s)[0], "all frames are received")
                    stopped = self.ask(program, prompt, "stop")
                    answer = self.statistics(program, prompt)
                    answer += re.findall(r"^ +\++ Accumulated.*\n.*\n.*$", stopped, re.M)
                    answer += self.extended(program, prompt)
                    self.ask(program, prompt, "clear port stats all")
                    answers.append(answer + self.statistics(program, prompt))
                    self.ask(program, prompt, "port stop 0")
                    self.ask(program, prompt, "port start 0")
                    program.say("quit")
                    self.assertEqual(program.end(), 0, rig.tail(program.output))
                    frames.append(sorted(rig.read_capture(self.folder / "out.pcap")[0]))
            self.assertEqual(*answers)
            self.assertEqual(*frames)
            self.assertEqual(len(frames[0]), 0 if mode == "rxonly" else NB_FRAMES)


if __name__ == "__main__":
    rig.main("dpdk-testpmd")
