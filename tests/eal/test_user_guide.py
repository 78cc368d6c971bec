# SPDX-License-Identifier: BSD-3-Clause
"""The user guide is a session: what it says that rousepmd answers, rousepmd answers, and every command
is in it. "test_user_guide.py --write" writes the answers of a session into the page.

Answers are compared by their shape: numbers, and what else differs each time, is left out of both, and
so are lines that then are the same as the one before. A line "..." stands for any lines.
"""

import re
import sys

import rig
import test_top

PAGE = rig.TOP / "docs/rousepmd.md"
PROMPT = "rousepmd> "
BLOCK = re.compile(r"^```\n(rousepmd> .*?)^```$", re.M | re.S)
ANY = "..."
MAX_LINES = 18  # of an answer that is written whole
KEPT = 8        # of one that is longer
# what goes on beside the commands
PACKET = re.compile(r"^(?:port \d+/queue \d+: received .*|  src=.*|  ol_flags: .*|lcore .* not told of.*)\n", re.M)
# of these there is little to say before packets came
LATER = ("show fwd stats all", "show worker 1", "stop")
NB_PACKETS = 200
DIFFERS = (
    (r" - (?:hw|sw) ptype: .* - Receive", " - Receive"),
    (r"ol_flags: .*", "ol_flags:"),
    (r"^  below .* us +\d+ #* *$", "  below N us N"),
    (r"(?<= )-(?= )", "0"),
    (r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b", "MAC"),
    (r"\b0x[0-9A-Fa-f]+", "N"),
    (r"\b(?:PARK|ATTEND|POLL)\b", "STATE"),
    (r"[#.]{8}", "BAR"),
    (r"-?\b\d+(?:\.\d+)?[kMG]?\b", "N"),
    (r"[ \t]+", " "),
)


def command_line(text):
    """Of the session, as the page has it."""
    return re.search(r"^rousepmd (-l .*)$", text, re.M)[1].split()


def dialogue(block):
    """(Command, lines of its answer) of a block."""
    for part in block.split(PROMPT)[1:]:
        command, _, answer = part.partition("\n")
        yield command, answer.splitlines()


def shape(lines):
    found = []
    for line in lines:
        for pattern, instead in DIFFERS:
            line = re.sub(pattern, instead, line)
        line = line.rstrip()
        if not found or line != found[-1]:
            found.append(line)
    return found


def fits(said, lines):
    """Whether the lines are those that the page has, but for those that "..." stands for."""
    parts, at = [[]], 0
    for line in said:
        if line == ANY:
            parts.append([])
        else:
            parts[-1].append(line)
    shapes = [shape(part) for part in parts]
    lines = shape(lines)
    if len(shapes) == 1:
        return lines == shapes[0]
    for i, part in enumerate(shapes):
        starts = [0] if i == 0 else range(at, len(lines) + 1)
        found = next((s for s in starts if lines[s:s + len(part)] == part), None)
        if found is None:
            return False
        at = found + len(part)
    return said[-1] == ANY or at == len(lines)


def shortened(lines):
    return lines if len(lines) <= MAX_LINES else lines[:KEPT] + [ANY]


class Session:
    """The guide's, at a terminal."""

    def __init__(self, test, text):
        words = command_line(text)
        options = words[words.index("--"):]
        vdevs = [word.replace("pcaps", str(rig.PCAPS)) for word in words if word.startswith("--vdev")]
        self.program = test.enterContext(rig.Program(
            [rig.ROUSEPMD, *rig.eal(), *vdevs, *options, "--stats-period=0"], test.folder,
            at_terminal=True))
        self.program.expect(PROMPT)

    def received(self):
        return int(re.search(r"RX-packets: (\d+)", "".join(self.ask("show port stats 0")))[1])

    def wait(self):
        """For packets, if it forwards: a worker that rests does not run."""
        if not self.ask("show worker 1")[0].endswith("does not run"):
            before = self.received()
            rig.wait_until(lambda: self.received() >= before + NB_PACKETS, "packets come")

    def tell(self, command):
        """The lines of its answer, as the page has it."""
        if command in LATER:
            self.wait()
        return self.ask(command)

    def ask(self, command):
        self.program.type(command + "\r")
        self.program.expect(re.escape(command) + r"\r?\n")
        if command == "quit":
            return self.end()
        if command == "top":
            return self.look()
        answer = self.program.expect(re.escape(PROMPT))[:-len(PROMPT)]
        answer = PACKET.sub("", answer.replace("\r", ""))
        if command == "set verbose 1":
            answer += re.sub(r"(?s).*(port \d+/)", r"\1",
                             self.program.expect(r"port \d+/queue \d+: .*\n  src=.* RSS hash=.*\n  ol_flags: .*\n"))
        return answer.splitlines()

    def look(self):
        self.program.expect(r"q leaves", 3)
        self.program.type("q")
        self.program.expect(re.escape(test_top.LEAVE))
        self.program.expect(re.escape(PROMPT))
        return test_top.screens(self.program.output)[-1]

    def end(self):
        text = self.program.expect(r"(?s).*\nProcess: .*\n")
        if self.program.end() != 0:
            raise AssertionError(rig.tail(self.program.output))
        return text.replace("\r", "").splitlines()


class UserGuide(rig.Test):
    def setUp(self):
        super().setUp()
        self.text = PAGE.read_text(encoding="utf-8")

    def test_what_it_says_is_answered(self):
        session = Session(self, self.text)
        for block in BLOCK.findall(self.text):
            for command, said in dialogue(block):
                lines = session.tell(command)
                with self.subTest(command):
                    self.assertTrue(fits(said, lines), "\n".join(
                        ["the page has", *said, "and the answer is", *lines]))

    def test_a_page_that_is_wrong_would_be_found(self):
        self.assertTrue(fits(["RX 5  x", "y", "..."], ["RX 17 x", "y", "z"]))
        self.assertTrue(fits(["a", "...", "z"], ["a", "b", "c", "z"]))
        for said in (["RX 5 y"], ["RX 5 x"], ["...", "w"], ["RX 5 x", "z", "..."], []):
            self.assertFalse(fits(said, ["RX 17 x", "y", "z"]), said)

    def test_every_command_is_in_it(self):
        commands = [command for block in BLOCK.findall(self.text) for command, _ in dialogue(block)]
        session = Session(self, self.text)
        for line in session.ask("help"):
            pattern = line.partition(": ")[0]
            words = [re.escape(w) if re.fullmatch(r"[a-z_-]+", w) else r"\S+"
                     for w in pattern.replace("<min us> <max us> <weight %>", "<a> <b> <c>")
                     .replace("<hex digits>", "<hex>").split()]
            self.assertTrue(any(re.fullmatch(" ".join(words), c) for c in commands), pattern)
        session.ask("quit")


def write(test):
    """The page anew, with the answers of a session."""
    text = PAGE.read_text(encoding="utf-8")
    session = Session(test, text)

    def block(match):
        lines = []
        for command, _ in dialogue(match[1]):
            lines += [PROMPT + command, *map(str.rstrip, shortened(session.tell(command)))]
        return "\n".join(["```", *lines, "```"])
    PAGE.write_text(BLOCK.sub(block, text), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        # outside of the tests, which write nothing
        writer = type("Writer", (rig.Test,), {"runTest": write})()
        sys.exit(not rig.unittest.TextTestRunner().run(writer).wasSuccessful())
    rig.main()
