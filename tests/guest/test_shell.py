# SPDX-License-Identifier: BSD-3-Clause
"""The guest that a person gets from tests/guest/shell, which builds and then calls shell.py: a prompt on
the terminal, the NICs that were named, and rousepmd on one of them.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import unittest

import guest

LINES, COLUMNS = 40, 132
PROMPT = r"guest# $"
EXAMPLE = re.compile(r"^  (rousepmd -l .*--stats-period=1) &$", re.MULTILINE)


class Person:
    """At a terminal, on which the guest is."""

    def __init__(self, *models):
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.seen, self._answered = "", 0
        self.process = subprocess.Popen(
            [sys.executable, "-B", guest.TOP / "tests/guest/shell.py", *models], stdin=theirs,
            stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)

    def _read(self):
        """More of what is on it; whether there is more to come."""
        if not select.select([self._terminal], [], [], guest.LIMIT_S)[0]:
            raise AssertionError(f"nothing came any more after {self.seen[-2000:]!r}")
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # the other end is gone
            data = b""
        self.seen += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern):
        """Wait for it; what came since what was awaited before."""
        while not (match := re.compile(pattern, re.MULTILINE).search(self.seen, self._answered)):
            if not self._read():
                raise AssertionError(f"{pattern!r} did not come, it ended: {self.seen[-2000:]!r}")
        came, self._answered = self.seen[self._answered:match.end()], match.end()
        return came

    def type(self, text):
        os.write(self._terminal, text.encode())

    def status(self):
        """Of the end, for which it waits."""
        while self._read():
            pass
        return self.process.wait(guest.LIMIT_S)

    def leave(self):
        """Whatever happened."""
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


class Shell(unittest.TestCase):
    def test_a_person_gets_a_prompt_and_runs_rousepmd_on_a_nic(self):
        person = Person("igb", "vmxnet3")
        self.addCleanup(person.leave)
        greeting = person.expect(PROMPT)
        self.assertIn("its NICs are bound to vfio-pci: 0000:01:00.0 0000:02:00.0", greeting)
        person.type("stty size; rousepmd --check\n")
        said = person.expect(PROMPT)
        self.assertIn(f"\n{LINES} {COLUMNS}\n", said)
        self.assertRegex(said, r"port 0 0000:01:00\.0: .*; Rx interrupts yes; ")
        self.assertRegex(said, r"port 1 0000:02:00\.0: .*; Rx interrupts yes; ")
        # word for word, as the greeting says
        person.type(EXAMPLE.search(greeting)[1] + "\n")
        person.expect(r"rx +0 pps")
        person.type("\x03")
        self.assertIn("Process: processor time", person.expect(PROMPT))
        person.type("exit\n")
        self.assertEqual(person.status(), 0)

    def test_a_nic_that_qemu_does_not_have_is_named(self):
        person = Person("nosuchnic")
        self.addCleanup(person.leave)
        self.assertNotEqual(person.status(), 0)
        self.assertIn("'nosuchnic' is not a valid device model name", person.seen)


if __name__ == "__main__":
    guest.main()
