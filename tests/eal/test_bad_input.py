# SPDX-License-Identifier: BSD-3-Clause
"""Bad input is refused: exit status 1, one line that names what is wrong and what would be right.

Nothing else is left: no report, no temporary file, no capture file, not even if the port's
arguments are right and only another word is wrong. A capture that breaks off is played as far as it
is whole.
"""

import concurrent.futures
import os
import pathlib
import tempfile

import rig
from rig import hm

GOOD = rig.PCAPS / "dns.pcap"
NB_GOOD = 100
JOBS = 2

PACE = "orig, max, or packets per second from 1 to 1000000000"
SPEED = "a factor from 0.001 to 1000"
LOOPS = "a number from 0 (for ever) to 4294967295"
ONCE = "loops or infinite_rx once"
NODE = "a NUMA node of this machine"
CPU = "a processor of this machine"
MORE_MEMORY = "give EAL more (-m)"

# (the device's arguments behind a good rx_pcap and tx_pcap, what one line must hold)
DEVARGS = [
    ("unknown=1", ("unknown=1", "rx_pcap, tx_pcap, iface")),
    ("unknown", ("unknown", "rx_pcap, tx_pcap, iface")),
    *[(f"pace={value}", (f"pace={value}", PACE))
      for value in ("0", "-1", "1000000001", "1.5", "fast", "", "1x", "99999999999999999999")],
    ("speed=2", ("speed", "add pace=orig")),
    *[(f"pace=orig,speed={value}", (f"speed={value}", SPEED))
      for value in ("0", "-1", "1001", "nan", "inf", "2x", "", "0.0001")],
    *[(f"loops={value}", (f"loops={value}", LOOPS))
      for value in ("-1", "4294967296", "two", "", "1.5")],
    *[(f"infinite_rx={value}", (f"infinite_rx={value}", "0 or 1"))
      for value in ("2", "-1", "yes", "")],
    ("pace=max,pace=orig", ("pace=orig", "give it once")),
    (f"rx_pcap={GOOD}", (f"rx_pcap={GOOD}", "give it once")),
    ("loops=2,infinite_rx=1", ("infinite_rx=1", ONCE)),
    ("infinite_rx=0,loops=2", ("loops=2", ONCE)),
    *[(f"overrun={value}", (f"overrun={value}", "wait or drop"))
      for value in ("maybe", "", "WAIT")],
    *[(f"numa={value}", (f"numa={value}", NODE)) for value in ("99", "-1", "x", "")],
    *[(f"wire_cpu={value}", (f"wire_cpu={value}", CPU)) for value in ("9999", "-1", "x", "")],
]

# (rousepmd's options, what one line must hold)
OPTIONS = [
    *[((f"--{name}={value}",), (f"--{name}={value}", "from 1 to 64"))
      for name in ("rxq", "txq") for value in ("65", "0", "-1", "four", "", "4x", "99999999999")],
    *[((f"--{name}={value}",), (f"--{name}={value}", "from 1 to 65535"))
      for name in ("rxd", "txd") for value in ("0", "65536", "x")],
    *[((f"--burst={value}",), (f"--burst={value}", "from 1 to 512")) for value in ("0", "513", "")],
    *[((f"--mbuf-size={value}",), (f"--mbuf-size={value}", "from 192 to 65535"))
      for value in ("191", "65536", "big")],
    *[((f"--total-num-mbufs={value}",), (f"--total-num-mbufs={value}", "from 64 to 16777216"))
      for value in ("63", "16777217", "-1")],
    *[((f"--nb-cores={value}",), (f"--nb-cores={value}", "from 1 to 127"))
      for value in ("0", "128")],
    *[((f"--forward-mode={value}",), (f"--forward-mode={value}", "io, mac, macswap, rxonly or txonly"))
      for value in ("macs", "", "IO")],
    *[((f"--rx-mode={value}",), (f"--rx-mode={value}", "hybrid, poll or interrupt"))
      for value in ("fast", "")],
    *[((f"--spin-us={value}",), (f"--spin-us={value}", "from 0 to 1000000"))
      for value in ("-1", "1000001")],
    *[((f"--spin-weight={value}",), (f"--spin-weight={value}", "from 1 to 1000"))
      for value in ("0", "1001", "x")],
    *[((f"--{name}={value}",), (f"--{name}={value}", f"from 1 to {most}"))
      for name, most in (("timer-slack", 10**9), ("fifo", 99), ("uclamp-min", 1024),
                         ("cpu-latency", 10**6)) for value in (0, most + 1, "x")],
    *[((f"--{name}={value}",), (f"--{name}={value}", "seconds from 0 to 1000000"))
      for name in ("stats-period", "duration") for value in ("-1", "nan", "1e7", "x", "")],
    (("--unknown",), ("--unknown", "--help")),
    (("--unknown=1",), ("--unknown", "--help")),
    (("-x",), ("x", "--help")),
    (("--rxq",), ("--rxq", "--help")),
    (("--rss-ip=1",), ("--rss-ip", "--help")),
    (("--rx=4",), ("--rx=4", "--help")),
    (("word",), ("word", "--help")),
    (("--rxq=4", "word", "--txq=4"), ("word", "--help")),
    # right by themselves, wrong together or for this port
    (("--rxq=4", "--txq=1"), ("--txq=1", "--txq=4")),
    (("--mbuf-size=1024",), (str(GOOD), "--mbuf-size")),
    (("--total-num-mbufs=100",), ("mbufs", "--total-num-mbufs")),
    (("--total-num-mbufs=1030", "--rxq=4", "--txq=4"), ("mbufs", "--total-num-mbufs")),
    # enough to start with, but not for a whole replay
    (("--total-num-mbufs=300", "--rxq=4", "--txq=4", "--rxd=64"), ("mbufs=300", "--rxd, --txd")),
    (("--total-num-mbufs=16777216",), ("16777216 mbufs", MORE_MEMORY)),
]


def bad_captures(folder):
    """(file, what one line must hold), written into the folder."""
    (folder / "folder.pcap").mkdir()
    os.mkfifo(folder / "pipe.pcap")  # nobody writes it
    frame = hm.pcap_record(hm.eth4())
    for name, data in {
            "text.pcap": b"# a text, longer than the header of any capture is\n",
            "nothing.pcap": b"",
            "half_a_header.pcap": hm.pcap()[:12],
            "no_record.pcap": hm.pcap(),
            "half_a_record.pcap": hm.pcap(frame)[:-1],
            "empty_record.pcap": hm.pcap(hm.pcap_record(b"")),
            "raw_ip.pcap": hm.pcap(frame, linktype=101),
            "wlan.pcapng": hm.section() + hm.interface(105) + hm.enhanced(b"abc"),
            "no_interface.pcapng": hm.section(),
            "large.pcap": hm.pcap(hm.pcap_record(bytes(65536)), snaplen=262144),
    }.items():
        (folder / name).write_bytes(data)
    ethernet = "give an Ethernet capture"
    packets = "give a capture with packets"
    return [("missing.pcap", ethernet), ("folder.pcap", ethernet), ("text.pcap", ethernet),
            ("pipe.pcap", ethernet), ("/dev/zero", ethernet), ("-", ethernet),
            ("nothing.pcap", ethernet), ("half_a_header.pcap", ethernet),
            ("no_record.pcap", packets), ("half_a_record.pcap", packets),
            ("empty_record.pcap", packets), ("raw_ip.pcap", ethernet), ("wlan.pcapng", ethernet),
            ("no_interface.pcapng", ethernet), ("large.pcap", "a buffer holds 65")]


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class BadInputTest(rig.Test):
    def refusals(self, *args, **kwargs):
        """What is wrong with how a command line was refused; see refusal()."""
        with tempfile.TemporaryDirectory(prefix="rouse.") as folder:
            return self.refusal(pathlib.Path(folder), *args, **kwargs)

    def refusal(self, folder, words, *options, devargs="", vdevs=None, flags=None,
                report="report.json"):
        """Run rousepmd with one thing wrong; what it did not do right, as lines of text."""
        if vdevs is None:
            vdevs = rig.device(rx_pcap=GOOD, tx_pcap="out.pcap") + devargs
        before = files_below(folder)
        run = rig.rousepmd(folder, vdevs, *options, flags=flags, report=report)
        problems = []
        if run.status != 1:
            problems.append(f"exit status {run.status}, not 1")
        if files_below(folder) != before:
            problems.append(f"it left {set(files_below(folder)) - set(before)}")
        if not any(all(word in line for word in words) for line in run.output.splitlines()):
            problems.append(f"no line with all of {words}")
        if "RX-packets" in run.output:
            problems.append("it reports")
        return problems + [rig.tail(run.output)] if problems else []

    def check(self, problems):
        if problems:
            self.fail("\n".join(["", *problems]))

    def check_all(self, cases):
        """Each case: a name, and the arguments of refusals()."""
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            done = [(name, pool.submit(self.refusals, *args, **kwargs))
                    for name, args, kwargs in cases]
        for name, future in done:
            with self.subTest(name):
                self.check(future.result())

    def test_device_arguments_out_of_range_or_malformed_are_refused(self):
        self.check_all([(devargs[:60], (words,), {"devargs": f",{devargs}"})
                        for devargs, words in DEVARGS])

    def test_words_that_are_no_path_are_refused(self):
        for key in ("rx_pcap", "tx_pcap"):
            self.check_all([(word[:20], (words,), {"vdevs": f"--vdev=net_evnic0,{key}{word}"})
                            for word, words in (("=", (f"{key}=", "name a file")),
                                                ("", (f"{key}=", "name a file")),
                                                (f"={'x' * 1024}", (key, "1023 bytes at most")))])

    def test_options_out_of_range_malformed_or_superfluous_are_refused(self):
        self.check_all([(" ".join(options), (words, *options), {}) for options, words in OPTIONS])

    def test_what_is_no_ethernet_capture_is_refused(self):
        for name, remedy in bad_captures(self.folder):
            with self.subTest(name):
                problems = self.refusal(self.folder, (name, remedy),
                                        vdevs=rig.device(rx_pcap=name, tx_pcap="out.pcap"))
                self.check(problems)

    def test_frames_larger_than_the_mbufs_are_refused(self):
        path = rig.write_capture(self.folder / "jumbo.pcap", [bytes(60), bytes(9000)])
        problems = self.refusal(self.folder, ("jumbo.pcap", "9000", "9128", "--mbuf-size"),
                                vdevs=rig.device(rx_pcap=path, tx_pcap="out.pcap"))
        self.check(problems)

    def test_a_capture_file_that_cannot_be_written_is_refused(self):
        for place in ("none/out.pcap", "folder", "file/out.pcap"):
            with self.subTest(place):
                (self.folder / "folder").mkdir(exist_ok=True)
                (self.folder / "file").touch()
                problems = self.refusal(self.folder, (f"tx_pcap={place}", "give a file that can"),
                                        vdevs=rig.device(rx_pcap=GOOD, tx_pcap=place))
                self.check(problems)

    def test_the_capture_that_is_replayed_is_not_written_over(self):
        path = self.folder / "in.pcap"
        path.write_bytes(GOOD.read_bytes())
        (self.folder / "link.pcap").symlink_to(path)
        for other_name in ("in.pcap", path, "link.pcap"):
            with self.subTest(other_name):
                self.check(self.refusal(self.folder, (f"tx_pcap={other_name}", "another file"),
                                        vdevs=rig.device(rx_pcap="in.pcap", tx_pcap=other_name)))
                self.assertEqual(path.read_bytes(), GOOD.read_bytes())

    def test_a_trace_is_written_over_nothing_and_waits_for_nobody(self):
        path = self.folder / "in.pcap"
        path.write_bytes(GOOD.read_bytes())
        os.mkfifo(self.folder / "pipe")
        for trace, words in (("in.pcap", "the capture that is replayed"),
                             ("out.pcap", "give a file that can"),
                             ("pipe", "give a file that can"), ("no/such", "give a file that can")):
            with self.subTest(trace):
                run = rig.rousepmd(self.folder, rig.device(rx_pcap="in.pcap", tx_pcap="out.pcap",
                                                           trace=trace))
                self.assertEqual((run.status, run.report), (1, None), rig.tail(run.output))
                self.assertIn(f"={trace}: ", run.output)
                self.assertIn(words, run.output)
                self.assertEqual(path.read_bytes(), GOOD.read_bytes())

    def test_what_could_stop_the_port_is_not_written(self):
        """A pipe without a reader, one whose reader reads nothing, and a terminal."""
        os.mkfifo(self.folder / "nobody")
        os.mkfifo(self.folder / "stuck")
        stuck = os.open(self.folder / "stuck", os.O_RDONLY | os.O_NONBLOCK)
        terminal = os.openpty()
        for fd in (stuck, *terminal):
            self.addCleanup(os.close, fd)
        for key in ("tx_pcap", "trace"):
            for place in ("nobody", "stuck", os.ttyname(terminal[1])):
                with self.subTest(key=key, place=place):
                    run = rig.rousepmd(self.folder, rig.device(rx_pcap=GOOD, **{key: place}))
                    self.assertEqual((run.status, run.report), (1, None), rig.tail(run.output))
                    lines = [line for line in run.output.splitlines() if "net_evnic:" in line]
                    self.assertEqual(len(lines), 1, lines)
                    self.assertIn(f"{key}={place}: cannot be written: what is no file", lines[0])

    def test_a_trace_that_does_not_fit_is_told(self):
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=GOOD, trace="/dev/full"))
        self.assertIn("trace=/dev/full: not all of it could be written", run.output)

    def test_two_ports_do_not_write_one_file(self):
        run = rig.rousepmd(self.folder, [rig.device(i, rx_pcap=GOOD, tx_pcap="out.pcap")
                                         for i in range(2)])
        self.assertEqual((run.status, run.report), (1, None))
        self.assertIn("tx_pcap=out.pcap", run.output)

    def test_a_report_that_cannot_be_written_is_refused_before_the_run(self):
        (self.folder / "folder").mkdir()
        (self.folder / "file").touch()
        for place, remedy in (("none/x.json", "give a file that can"),
                              ("folder", "give a file that can"),
                              ("file/x.json", "give a file that can"), ("", "name a file")):
            with self.subTest(place):
                problems = self.refusal(self.folder, (f"--json={place}", remedy), report=place)
                self.check(problems)

    def test_a_machine_that_does_not_suffice_is_refused(self):
        one = [flag.split(",")[0] if flag.startswith("--lcores") else flag for flag in rig.eal()]
        self.check_all([
            ("only one lcore", (("lcore", "--lcores="),), {"flags": one}),
            ("no port", (("no port", "--vdev=net_evnic0"),), {"vdevs": []}),
            ("4 MB", (("no memory", MORE_MEMORY),), {"flags": rig.eal(memory_mb=4)})])

    def test_no_port_is_left_out_silently(self):
        good = rig.device(0, rx_pcap=GOOD, tx_pcap="out.pcap")
        for bad in (rig.device(1, rx_pcap="missing.pcap"), rig.device(1, unknown=1)):
            with self.subTest(bad):
                problems = self.refusal(self.folder, ("net_evnic1",), vdevs=[good, bad])
                self.check(problems)

    def test_an_existing_file_survives_a_refusal(self):
        out = self.folder / "out.pcap"
        out.write_bytes(b"precious")
        problems = self.refusal(self.folder, ("--rxq=65", "64"), "--rxq=65")
        self.check(problems)
        self.assertEqual(out.read_bytes(), b"precious")

    def test_help_is_no_run(self):
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=GOOD, tx_pcap="out.pcap"), "--help")
        self.assertEqual((run.status, files_below(self.folder)), (0, []))
        for option, _ in OPTIONS[:40]:
            self.assertIn(option[0].split("=")[0], run.output)

    def test_what_is_whole_of_a_capture_is_played(self):
        data = GOOD.read_bytes()
        frames, _ = rig.read_capture(GOOD)
        for name, damaged, nb_frames, count in (
                ("breaks_off.pcap", data[:-1], NB_GOOD - 1, "1 record left out"),
                ("lies.pcap", data + hm.pcap_record(b"a", length=1 << 30), NB_GOOD,
                 "1 record left out"),
                ("empty.pcap", data + 3 * hm.pcap_record(b""), NB_GOOD,
                 "3 records without a byte")):
            with self.subTest(name):
                (self.folder / name).write_bytes(damaged)
                run = rig.rousepmd(self.folder, rig.device(rx_pcap=name, tx_pcap="out.pcap"))
                self.check_played(run)
                lines = [line for line in run.output.splitlines() if name in line]
                self.assertTrue(any(count in line for line in lines), rig.tail(run.output))
                self.assertEqual(run.report["ports"][0]["ipackets"], nb_frames)
                self.assertEqual(rig.read_capture(self.folder / "out.pcap")[0], frames[:nb_frames])
                os.remove(self.folder / "report.json")


if __name__ == "__main__":
    rig.main()
