# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's monitor, by its protocol for machines."""

import json


class Monitor:
    """A connection; commands one at a time. Events are kept."""

    LIMIT_S = 120

    def __init__(self, connection):
        connection.settimeout(self.LIMIT_S)
        self._stream = connection.makefile("rwb")
        self.events = []
        self._read()  # the greeting
        self.execute("qmp_capabilities")

    def _read(self):
        line = self._stream.readline()
        if not line:
            raise ConnectionError("QEMU has ended")
        return json.loads(line)

    def execute(self, command, /, **arguments):
        """Run a command; what it returns."""
        message = {"execute": command, "arguments": arguments}
        self._stream.write(json.dumps(message).encode() + b"\n")
        self._stream.flush()
        while True:
            answer = self._read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise AssertionError(f"{command} {arguments}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def expect(self, event):
        """Wait for an event that did not come yet; its data."""
        while True:
            for i, seen in enumerate(self.events):
                if seen["event"] == event:
                    return self.events.pop(i).get("data", {})
            answer = self._read()
            if "event" in answer:
                self.events.append(answer)
