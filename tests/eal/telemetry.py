# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's telemetry socket, for tests, and a run that they ask there."""

import json
import socket

import rig

NB_FRAMES = 400
QUEUES = 4
ENDLESS = [rig.device(1, cable="net_evnic2"), rig.device(2, cable="net_evnic1")]


class Client:
    """A client of the socket, by the protocol of version 2."""

    def __init__(self, folder):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(rig.LIMIT_S)
        rig.wait_until(lambda: self._connects(folder / "dpdk" / "rte" / "dpdk_telemetry.v2"),
                       "somebody listens")
        self.greeting = json.loads(self._socket.recv(1 << 16))

    def _connects(self, path):
        return self._socket.connect_ex(str(path)) == 0

    def ask(self, command):
        self._socket.send(command.encode())
        (answer,) = json.loads(self._socket.recv(1 << 16)).values()
        return answer

    def close(self):
        self._socket.close()


class Test(rig.Test):
    """With a run that does not end by itself."""

    def start(self, *options, vdevs=None, nb_workers=2):
        """All frames were received, and the program waits for its end."""
        flags = rig.eal(nb_workers)
        flags.remove("--no-telemetry")
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        # ports that never end keep the run going
        vdevs = vdevs or [rig.device(0, rx_pcap=path), *ENDLESS]
        argv = [rig.ROUSEPMD, *flags, *vdevs, "--", f"--rxq={QUEUES}", f"--txq={QUEUES}",
                "--forward-mode=rxonly", "--json=report.json", *options]
        program = rig.Program(["env", f"RUNTIME_DIRECTORY={self.folder}", *argv], self.folder)
        self.enterContext(program)
        client = Client(self.folder)
        self.addCleanup(client.close)
        rig.wait_until(lambda: client.ask("/rouse/worker/list"), "there are workers")
        rig.wait_until(lambda: self.received(client) == NB_FRAMES, "all frames came")
        return program, client

    def received(self, client):
        return sum(client.ask(f"/rouse/worker/stats,{lcore}")["rx_packets"]
                   for lcore in client.ask("/rouse/worker/list"))

    def end(self, program):
        program.signal(rig.signal.SIGINT)
        self.assertEqual(program.end(), 0, rig.tail(program.output))
        report = rig.read_report(self.folder / "report.json")
        self.assertEqual([worker["rescues"] for worker in report["workers"]],
                         [0] * len(report["workers"]))
        return report
