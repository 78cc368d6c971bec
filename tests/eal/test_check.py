# SPDX-License-Identifier: BSD-3-Clause
"""rousepmd --check says in a line for each port what it has of what it needs, and ends.

NICs on PCI, and what is missing there, are those of the unit test check and of the guest. Here are
ports of software, and devices that are none.
"""

import os
import re
import subprocess

import netns
import rig

GOOD = rig.PCAPS / "dns.pcap"
NOWHERE = "0000:ff:1f.7"
TIMED = "no (looked at by a timer)"
LINE = re.compile(r"(port \d+|device|NIC) (\S+): driver ([^;,]+)(?:, kernel's (\S+))?; vectors ([^;]+); "
                  r"Rx interrupts ([^;]+); IOMMU ([^;]+); interrupt remapping ([^;]+); "
                  r"permissions ([^;]+); interrupts follow workers ([^;]+); "
                  r"hugepages \d+ MB, \d+ free(?:; to do: (.+))?")

# (the device, its driver, how a worker learns of its packets)
SOFTWARE = [
    (f"net_evnic0,rx_pcap={GOOD}", "net_evnic", "yes (the driver wakes the worker)"),
    ("net_null0", "net_null", TIMED),
    ("net_ring0", "net_ring", TIMED),
    (f"net_pcap0,rx_pcap={GOOD}", "net_pcap", TIMED),
]


def flags(*without):
    return [flag for flag in rig.eal() if flag not in without]


class CheckTest(rig.Test):
    def check(self, words, status, *options, prefix=(), refuse=None):
        """Run it with EAL's words; the lines that it prints to standard output, taken apart. What to
        refuse is what the ports' driver does."""
        env = rig.environment(os.environ["ROUSE_REFUSE_LIB"] if refuse else None)
        if refuse:
            env["ROUSE_REFUSE"] = refuse
        argv = [*prefix, rig.ROUSEPMD, *words, *(["--", *options] if options else [])]
        done = subprocess.run(argv, cwd=self.folder, env=env, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=rig.LIMIT_S, encoding="utf-8",
                              check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.said = done.stderr
        lines = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
        self.assertNotIn(None, lines, done.stdout)
        return [line.groups() for line in lines]

    def run_with(self, refuse, words):
        """Not --check, but a replay, where the driver refuses something."""
        env = {**rig.environment(os.environ["ROUSE_REFUSE_LIB"]), "ROUSE_REFUSE": refuse}
        return subprocess.run([rig.ROUSEPMD, *words, "--", "--forward-mode=rxonly"], cwd=self.folder,
                              env=env, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=rig.LIMIT_S, encoding="utf-8", check=False)

    def test_a_port_of_software_has_one_line(self):
        vdevs = [f"--vdev={device}" for device, _, _ in SOFTWARE]
        none = ("not needed",) * 4
        expected = [(f"port {i}", device.split(",")[0], driver, None, "not on PCI", wake, *none, None)
                    for i, (device, driver, wake) in enumerate(SOFTWARE)]
        for words, options in (["--check", *flags(), *vdevs], ()), ([*flags(), *vdevs], ["--check"]):
            with self.subTest(options):
                self.assertEqual(self.check(words, 0, *options), expected)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_tap_is_waited_for_by_its_descriptor(self):
        if reason := netns.missing():
            self.skipTest(reason)
        with netns.Namespace("check") as space:
            prefix = [netns.IP, "netns", "exec", space.name]
            line, = self.check(["--check", *flags(), "--vdev=net_tap0"], 0, prefix=prefix)
        self.assertEqual(line[2:6], ("net_tap", None, "not on PCI",
                                     "no (a file descriptor that is readable)"))

    def test_a_port_that_cannot_be_started_leaves_the_others_their_line(self):
        vdevs = ["--vdev=net_pcap0,rx_pcap=" + str(GOOD), "--vdev=net_evnic0"]
        line, other = self.check([*flags(), *vdevs], 1, "--check", "--rxq=2", "--txq=2")
        why = "--rxq=2: port 0 has 1 Rx queues at most"
        self.assertEqual((*line[:3], line[5], line[10]), ("port 0", "net_pcap0", "net_pcap", "unknown",
                                                          f"it does not start: {why}"))
        self.assertEqual(other[:2], ("port 1", "net_evnic0"))
        self.assertEqual(self.said.count(why), 1)

    def test_without_memory_each_port_has_a_line_with_the_remedy(self):
        vdevs = ["--vdev=net_null0", "--vdev=net_evnic0"]
        lines = self.check([*flags(), *vdevs], 1, "--check", "--total-num-mbufs=1000000")
        self.assertEqual([line[:2] for line in lines], [("port 0", "net_null0"),
                                                        ("port 1", "net_evnic0")])
        why = "no memory for 1000000 mbufs of "
        for line in lines:
            self.assertRegex(line[10], rf"it does not start: {why}.*; give EAL more \(-m\)")
        self.assertEqual(self.said.count(why), 1)

    def test_a_driver_that_refuses_interrupts_does_without_and_it_is_said(self):
        words = [*flags(), f"--vdev=net_evnic0,rx_pcap={GOOD}"]
        line, = self.check(words, 0, "--check", refuse="interrupts")
        self.assertEqual((line[0], line[10]), ("port 0", None))
        told = ("rousepmd: port 0: its driver refuses Rx interrupts: Invalid argument; it goes on without "
                "them")
        self.assertEqual(self.said.count(told + "\n"), 1)
        run = self.run_with("interrupts", words)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr.count(f"{told} (--check says what the port lacks)\n"), 1)

    def test_a_driver_that_lacks_mbufs_is_to_be_given_more(self):
        words = [*flags(), f"--vdev=net_evnic0,rx_pcap={GOOD}"]
        told = (r"port 0 cannot be started: Cannot allocate memory; its driver may take more mbufs than it "
                r"has descriptors: give more \(--total-num-mbufs=\d+\)")
        line, = self.check(words, 1, "--check", refuse="start")
        self.assertRegex(line[10], f"^it does not start: {told}$")
        self.assertRegex(self.said, f"rousepmd: {told}\n")
        run = self.run_with("start", words)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, f"rousepmd: {told}\n")

    def test_a_device_that_cannot_be_made_is_an_error(self):
        self.assertEqual(self.check(["--check", *flags(), "--vdev=net_evnic0,rx_pcap=no"], 1), [])
        self.assertIn("rx_pcap=no: ", self.said)

    def test_without_a_port_it_is_said_how_to_get_one(self):
        told = "rousepmd: there is no port; give one, such as --vdev=net_evnic0,rx_pcap=FILE"
        self.assertEqual(self.check(["--check", *flags()], 1), [])
        self.assertEqual(self.said, told + "\n")
        self.assertEqual(self.check(flags(), 1), [])
        self.assertIn(f"{told}, or a NIC (rousepmd --check says what each lacks)\n", self.said)

    def test_a_check_does_not_send_one_to_itself(self):
        """The machine's NICs, if it has any, have their lines."""
        self.check(["--check", *flags("--no-pci")], 1)
        self.assertIn("or a NIC, when it has what its line says that it lacks\n", self.said)
        self.assertNotIn("rousepmd --check", self.said)

    def test_a_device_that_was_given_and_is_no_port_has_a_line(self):
        for words in ["-a", NOWHERE], [f"-a{NOWHERE},key=value"], [f"--allow={NOWHERE}"]:
            with self.subTest(words):
                line, = self.check(["--check", *flags("--no-pci"), *words], 1)
                self.assertEqual(line[:6], ("device", NOWHERE, "none", "none", "unknown", "unknown"))
                self.assertEqual(line[10], "there is no such device: dpdk-devbind.py --status "
                                           "lists them")

    def test_nothing_runs_on_fewer_devices_than_were_given(self):
        words = [*flags("--no-pci"), "-a", NOWHERE, "--vdev=net_null0"]
        self.assertEqual(self.check(words, 1, "--duration=1"), [])
        self.assertIn(f"rousepmd: -a {NOWHERE}: there is no port of it; there is no such device: "
                      "dpdk-devbind.py --status lists them", self.said)


if __name__ == "__main__":
    rig.main()
