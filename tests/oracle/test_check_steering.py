# SPDX-License-Identifier: BSD-3-Clause
"""The judgement of rousepmd, and its running: right programs pass, wrong ones do not."""

import contextlib
import io
import json
import os
import stat
import sys
import unittest

import check_steering
import handmade as hm


class JudgementTest(unittest.TestCase):
    """The comparison is worth something only if it does fail."""

    def test_right_counts_pass(self):
        summary = hm.summary_of()
        self.assertEqual(check_steering.compare(summary, hm.result_of(summary)), [])

    def test_each_wrong_count_is_named(self):
        for path, value, name in (
                (("ports", 0, "ipackets"), 4, "port 0 ipackets"),
                (("ports", 0, "ibytes"), 501, "port 0 ibytes"),
                (("ports", 0, "imissed"), 1, "port 0 imissed"),
                (("ports", 0, "queues", 0, "ipackets"), 2, "queue 0"),
                (("ports", 0, "queues", 1, "ipackets"), 3, "queue 1"),
                (("ports", 0, "queues", 1, "ipackets"), 2.0, "queue 1"),
                (("ports", 0, "queues", 1, "queue"), 0, "queue 1"),
                (("ports", 0, "queues", 1, "queue"), 2, "queue 2"),
                (("ports", 0, "queues"), [], "number of queues"),
                (("workers", 0, "rescues"), 1, "lcore 1 rescues"),
                (("workers", 1, "rescues"), 1, "lcore 2 rescues"),
                (("workers", 1, "rescues"), False, "lcore 2 rescues"),
                (("workers",), [], "no workers")):
            summary = hm.summary_of()
            result = hm.result_of(summary)
            place = result
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value
            with self.subTest(name, value=value):
                self.assertIn(name, "\n".join(check_steering.compare(summary, result)))

    def test_swapped_queues_fail(self):
        swapped = hm.result_of(hm.summary_of((2, 3)))
        differences = check_steering.compare(hm.summary_of((3, 2)), swapped)
        self.assertEqual(len(differences), 2)

    def test_a_queue_too_many_or_too_few_fails(self):
        for queues in ((3, 2, 0), (5,)):
            result = hm.result_of(hm.summary_of(queues))
            self.assertTrue(check_steering.compare(hm.summary_of(), result))

    def test_json_without_its_parts_fails(self):
        whole = hm.result_of(hm.summary_of())
        for result in (None, 1, [], {}, {"ports": []}, {"ports": [{}], "workers": []},
                       {"ports": whole["ports"]}, {"workers": whole["workers"]},
                       {"ports": whole["ports"], "workers": [{"lcore": 1}]},
                       {"ports": whole["ports"], "workers": 7}):
            self.assertTrue(check_steering.compare(hm.summary_of(), result))

    def test_expectation(self):
        for summary, expected in (
                (None, check_steering.REFUSE), (hm.summary_of((0, 0)), check_steering.REFUSE),
                (hm.summary_of(linktype=113), check_steering.REFUSE),
                (hm.summary_of(linktype=113, largest=20000), check_steering.REFUSE),
                (hm.summary_of(largest=10112), check_steering.PLAY),
                (hm.summary_of(cut_short=True), check_steering.PLAY),
                (hm.summary_of(largest=10113), check_steering.EITHER)):
            self.assertEqual(check_steering.expectation(summary)[0], expected)

    def test_judge(self):
        run, refused = check_steering.Run, "evnic: x.pcap: no; give another"
        right, wrong = (json.dumps(hm.result_of(hm.summary_of(q))) for q in ((3, 2), (2, 3)))
        play, refuse, either = hm.summary_of(), None, hm.summary_of(largest=20000)
        cut, empty = hm.summary_of(cut_short=True), hm.summary_of(empty=1)
        for summary, a_run, is_right in (
                (play, run(0, "", right), True),
                (play, run(0, "", wrong), False),
                (play, run(0, "", None), False),
                (play, run(0, "", "{"), False),
                (play, run(1, "", right), False),
                (play, run(1, refused, None), False),
                (play, run(None, "", right), False),
                (play, run(-11, "", right), False),
                (cut, run(0, "evnic: x.pcap: 1 left out", right), True),
                (cut, run(0, "", right), False),
                (cut, run(0, "evnic: x.pcap: 1 left out", wrong), False),
                (empty, run(0, "evnic: x.pcap: 1 without a byte", right), True),
                (empty, run(0, "", right), False),
                (refuse, run(1, refused, None), True),
                (refuse, run(1, "evnic: no; give another", None), False),
                (refuse, run(1, "evnic: x.pcap: no", None), False),
                (refuse, run(1, refused + "\n" + refused, None), False),
                (refuse, run(1, "x.pcap: 2 records left out\n" + refused, None), True),
                (refuse, run(1, refused, "{}"), False),
                (refuse, run(0, refused, None), False),
                (refuse, run(2, refused, None), False),
                (refuse, run(None, refused, None), False),
                (refuse, run(-6, refused, None), False),
                (either, run(0, "", right), True),
                (either, run(1, refused, None), True),
                (either, run(0, "", wrong), False),
                (either, run(0, refused, None), False),
                (either, run(1, refused, right), False),
                (either, run(-9, refused, None), False)):
            with self.subTest(run=a_run):
                self.assertEqual(check_steering.judge("x.pcap", summary, a_run) == [], is_right)

    def test_lcore_map(self):
        self.assertEqual(check_steering.lcore_map({0}), "0@0,1@0,2@0")
        self.assertEqual(check_steering.lcore_map({0, 1}), "0@0,1@0,2@1")
        self.assertEqual(check_steering.lcore_map({5}), "0@5,1@5,2@5")
        self.assertEqual(check_steering.lcore_map({9, 3, 4}), "0@3,1@3,2@4")


# A rousepmd whose counts come from the oracle; "{fault}" makes it err on captures that play.
FAKE = """#!{python}
import json, re, signal, os, sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, {folder!r})
import capture, handmade, rss, rss_oracle
line = "\\n".join(sys.argv)
paths = re.findall("^--vdev=net_evnic[0-9]+,rx_pcap=([^,]*),pace=max,overrun=wait$", line, re.M)
queues = int(re.search("^--rxq=(.*)$", line, re.M)[1])
fault = {fault!r}
results = []
for path in paths:
    try:
        summary = rss_oracle.summarize(path, rss.Steering(queues))
    except capture.CaptureError as error:
        summary = error.summary
    if summary is None or summary["packets"] == 0 or summary["linktype"] != 1:
        sys.exit(f"fake: {{path}}: not Ethernet, or empty, or not readable; give another")
    if summary["cut_short"] or summary["empty"]:
        print(f"fake: {{path}}: records left out")
    if fault == "hang":
        time.sleep(600)
    if fault == "crash" or fault == "crowd" and len(paths) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "steer":
        summary["queues"].reverse()
    results.append(handmade.result_of(summary))
result = {{**results[0], "ports": [result["ports"][0] for result in results]}}
if fault == "mix":
    result["ports"].reverse()
with open(re.search("^--json=(.*)$", line, re.M)[1], "w") as file:
    json.dump(result, file)
"""


class RunnerTest(hm.FileTest):
    def fake(self, fault):
        """The program of that fault."""
        text = FAKE.format(python=sys.executable, folder=os.path.dirname(os.path.abspath(__file__)),
                           fault=fault)
        path = self.file(text.encode(), "rousepmd")
        os.chmod(path, stat.S_IRWXU)
        return path

    def captures(self):
        folder = os.path.join(self.folder.name, "captures")
        os.makedirs(os.path.join(folder, "deep"), exist_ok=True)
        for name, data in (
                ("play.pcap", hm.pcap(hm.pcap_record(hm.eth4()))),
                ("deep/a,b [c].pcapng", hm.section() + hm.interface() + hm.enhanced(hm.eth6())),
                ("cut.cap", hm.pcap(hm.pcap_record(hm.eth4()), b"cut")),
                ("fault.cap", hm.pcap(hm.pcap_record(hm.eth4()),
                                      hm.pcap_record(b"", length=1 << 20))),
                ("none.cap", hm.pcap(hm.pcap_record(b""), hm.pcap_record(hm.eth4()))),
                ("other.pcap", hm.pcap(hm.pcap_record(b"abc"), linktype=113)),
                ("empty.pcap", hm.pcap()), ("text.pcap", b"# a text\n"), ("README", b"\n")):
            self.file(data, os.path.join("captures", name))
        return folder

    def run_main(self, *argv):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = check_steering.main(list(argv))
            except SystemExit as error:
                status = error.code
        return status, out.getvalue().splitlines()

    def test_right_program_passes(self):
        status, lines = self.run_main("--rousepmd", self.fake(""), self.captures())
        self.assertEqual(lines[-1], "8 captures: 5 played and 3 refused as they must be, 0 wrong")
        self.assertEqual((status, len(lines)), (0, 9))

    def test_wrong_programs_fail(self):
        folder = self.captures()
        for fault, timeout, message in (("steer", "60", "queue 0 ipackets is 0, must be 1"),
                                        ("crash", "60", "signal 9 ended it"),
                                        ("hang", "0.5", "did not end in time")):
            with self.subTest(fault):
                status, lines = self.run_main("--rousepmd", self.fake(fault), "--timeout", timeout,
                                              os.path.join(folder, "play.pcap"))
                self.assertEqual(status, 1)
                self.assertIn(message, "\n".join(lines))
                self.assertEqual(lines[-1],
                                 "1 captures: 0 played and 0 refused as they must be, 1 wrong")

    def test_what_is_wrong_only_together_fails(self):
        for fault, message in (("crowd", "signal 9 ended it"), ("mix", "port 0 ibytes is")):
            with self.subTest(fault):
                status, lines = self.run_main("--rousepmd", self.fake(fault), self.captures())
                self.assertEqual(status, 1)
                self.assertIn("together with 4 more", "\n".join(lines))
                self.assertIn(message, "\n".join(lines))
                self.assertEqual(lines[-1], "8 captures: 4 played and 3 refused as they must be, "
                                 "1 wrong")

    def test_nothing_to_check_is_a_skip(self):
        status, lines = self.run_main("--rousepmd", self.fake(""),
                                      os.path.join(self.folder.name, "none"))
        self.assertEqual(status, check_steering.EXIT_SKIP)
        self.assertIn("nothing to check", lines[0])

    def test_bad_arguments(self):
        fake, path = self.fake(""), self.file(hm.pcap(), "empty.pcap")
        for bad in (["--rousepmd", path + "x"], ["--rousepmd", path],
                    ["--rousepmd", self.folder.name], ["--rousepmd", fake, "--jobs", "0"],
                    ["--rousepmd", fake, "--ports", "0"], ["--rousepmd", fake, "--queues", "0"], []):
            self.assertEqual(self.run_main(*bad, path)[0], 2)

    def test_a_missing_capture_among_others_fails(self):
        folder = self.captures()
        status, lines = self.run_main("--rousepmd", self.fake(""),
                                      os.path.join(folder, "play.pcap"), folder + "/none.pcap")
        self.assertEqual(status, 1)
        self.assertIn("none.pcap: no such file", lines[0])
