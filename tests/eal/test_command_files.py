# SPDX-License-Identifier: BSD-3-Clause
"""The files of config/commands do what their first lines say, by the command that they name.

In place of a NIC there is a capture here; tests/guest/test_igb.py has the NIC.
"""

import signal

import netns
import rig

FOLDER = rig.TOP / "config/commands"
NB_FRAMES = 64
AGAIN_S = 0.1
CAPTURES = ("capture-replay", "power-saving", "low-latency")


def command(name):
    """The words that the file says to run it by."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    words, = [line.split()[2:] for line in lines if line.startswith("#   rousepmd ")]
    return words


class Files(rig.Test):
    def start(self, name, inside=list, **places):
        """Run the file's command, in this machine's folders and on its processors."""
        words = command(name)
        self.assertEqual((words[0], words[-1]), ("-l", f"--cmdline-file=config/commands/{name}"))
        words[-1] = f"--cmdline-file={FOLDER / name}"
        for what, place in places.items():
            words = [word.replace(what, str(place)) for word in words]
        options = words.index("--") + 1
        words = words[2:options] + ["--json=report.json", *words[options:]]
        return self.enterContext(rig.Program(inside([rig.ROUSEPMD, *rig.eal(), *words]), self.folder))

    def finish(self, program):
        self.assertEqual(program.end(), 0, rig.tail(program.output))
        self.assertNotRegex(program.output, "expected|refused|cannot")
        report = rig.read_report(self.folder / "report.json")
        self.assertEqual([worker["rescues"] for worker in report["workers"]], [0, 0])
        return report


class Captures(Files):
    def replay(self, name, **places):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        report = self.finish(self.start(name, FILE=path, **places))
        port, = report["ports"]
        self.assertEqual((port["ipackets"], port["opackets"]), (NB_FRAMES, NB_FRAMES))

    def test_each_file_is_tried(self):
        names = {path.name for path in FOLDER.iterdir()}
        self.assertEqual(names, {*CAPTURES, "live-interface", "bridge", "vfio-nic"})

    def test_a_capture_is_replayed(self):
        for name in CAPTURES:
            with self.subTest(name):
                self.replay(name)

    def test_a_nic_is_shown_and_forwards(self):
        words = command("vfio-nic")
        self.assertEqual(words[2:4], ["-a", "ADDRESS"])
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        program = self.enterContext(rig.Program(
            [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path), "--", "--json=report.json", *words[5:-1],
             f"--cmdline-file={FOLDER / 'vfio-nic'}"], self.folder))
        report = self.finish(program)
        self.assertEqual(report["ports"][0]["opackets"], NB_FRAMES)
        self.assertRegex(program.output, "vector 0 <- RX of queue 0")


class Interfaces(Files):
    """Of the kernel, in a namespace: the far ends of two cables."""

    def setUp(self):
        super().setUp()
        missing = netns.missing()
        if missing is not None:
            self.skipTest(missing)
        self.namespace = self.enterContext(netns.Namespace("commands"))
        self.namespace.ip("link", "add", "dev", "near2", "type", "veth", "peer", "name", "far2")
        for end in ("near2", "far2"):
            self.namespace.ip("link", "set", "dev", end, "up")

    def forward(self, name, come_in, go_out, **places):
        """Frames that a socket sends come out at another one, as soon as the program forwards."""
        program = self.start(name, inside=self.namespace.inside, **places)
        program.expect("Worker|worker: port")
        sent = rig.udp_frames(1)[0]
        go_out.settimeout(AGAIN_S)

        def comes():
            come_in.send(sent)
            try:
                return go_out.recv(65536)
            except TimeoutError:
                return None
        rig.wait_until(comes, "a frame is forwarded")
        program.signal(signal.SIGINT)
        self.assertGreater(self.finish(program)["ports"][0]["ipackets"], 0)

    def test_an_interface_sends_back_what_comes(self):
        far = self.enterContext(self.namespace.packet_socket("far"))
        self.forward("live-interface", far, far, INTERFACE="near")

    def test_a_bridge_has_two_ends(self):
        far = self.enterContext(self.namespace.packet_socket("far"))
        other = self.enterContext(self.namespace.packet_socket("far2"))
        self.forward("bridge", far, other, INTERFACE="near", OTHER="near2")


if __name__ == "__main__":
    rig.main()
