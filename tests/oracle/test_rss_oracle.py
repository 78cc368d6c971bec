# SPDX-License-Identifier: BSD-3-Clause
"""The oracle's command line: what it prints, and its exit status."""

import contextlib
import io
import json

import capture
import handmade as hm
import rss
import rss_oracle


class CommandTest(hm.FileTest):
    def run_main(self, *argv):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = rss_oracle.main(list(argv))
            except SystemExit as error:
                status = error.code
        return status, out.getvalue(), err.getvalue()

    def test_summary_and_frames(self):
        path = self.file(hm.pcap(hm.pcap_record(hm.eth6(), 5), hm.pcap_record(b"abc", 2, 1),
                                 hm.pcap_record(hm.eth4(protocol=1), 4), b"cut"))
        status, out, _ = self.run_main("--queues", "3", "--per-frame", path)
        lines = out.splitlines()
        self.assertEqual(status, 0)
        self.assertEqual(lines[:-1], ["0 0x40207d3d 1 74", "1 - 0 3", "2 0x323e8fc2 0 54"])
        self.assertEqual(json.loads(lines[-1]), {
            "packets": 3, "bytes": 131, "cut_short": True, "linktype": 1, "largest": 74,
            "duration_ns": 2999999000, "queues": [2, 1, 0], "unhashed": 1, "empty": 0})

    def test_records_without_a_byte_are_no_frames(self):
        path = self.file(hm.pcap(hm.pcap_record(b"", 1), hm.pcap_record(hm.eth4(), 2),
                                 hm.pcap_record(b"", 3, original=60), hm.pcap_record(b"a", 4)))
        status, out, _ = self.run_main("--queues", "2", "--per-frame", path)
        lines = out.splitlines()
        self.assertEqual((status, lines[:-1]), (0, ["0 0x51ccc178 0 54", "1 - 0 1"]))
        self.assertEqual(json.loads(lines[-1]), {
            "packets": 2, "bytes": 55, "cut_short": False, "linktype": 1, "largest": 54,
            "duration_ns": 2 * 10**9, "queues": [2, 0], "unhashed": 1, "empty": 2})

    def test_what_came_before_a_fault_is_summed_up(self):
        path = self.file(hm.pcap(hm.pcap_record(hm.eth4()), hm.pcap_record(b""),
                                 hm.pcap_record(b"", length=0xFFFFFFFF)))
        with self.assertRaises(capture.CaptureError) as caught:
            rss_oracle.summarize(path, rss.Steering(4))
        self.assertEqual(caught.exception.summary, {
            "packets": 1, "bytes": 54, "cut_short": True, "linktype": 1, "largest": 54,
            "duration_ns": 0, "queues": [1, 0, 0, 0], "unhashed": 0, "empty": 1})
        self.assertEqual(self.run_main(path)[:2], (1, ""))
        with self.assertRaises(capture.CaptureError) as caught:
            rss_oracle.summarize(path + "x", rss.Steering(4))
        self.assertIsNone(caught.exception.summary)

    def test_options_reach_the_steering(self):
        path = self.file(hm.pcap(hm.pcap_record(hm.eth4())))
        status, out, _ = self.run_main("--queues", "2", "--reta", "0,0,1,0", "--types", "ip",
                                       "--per-frame", path)
        self.assertEqual((status, out.splitlines()[0]), (0, "0 0x323e8fc2 1 54"))
        _, out, _ = self.run_main("--key", "00" * 39 + "01", "--per-frame", path)
        # Port 1766 is even: the last bit of the key comes in by no bit of the input.
        self.assertEqual(out.splitlines()[0], "0 0x00000000 0 54")

    def test_not_ethernet_is_not_hashed(self):
        for linktype in (113, 0):
            path = self.file(hm.pcap(hm.pcap_record(hm.eth4()), linktype=linktype))
            summary = json.loads(self.run_main(path)[1])
            self.assertEqual((summary["linktype"], summary["unhashed"]), (linktype, 1))

    def test_linktype_is_that_of_the_first_frame_that_is_not_ethernet(self):
        path = self.file(hm.section() + hm.interface(1) + hm.interface(113) + hm.interface(101)
                         + b"".join(hm.enhanced(hm.eth4(), index) for index in (0, 1, 2, 0)))
        summary = json.loads(self.run_main(path)[1])
        self.assertEqual((summary["linktype"], summary["unhashed"]), (113, 2))

    def test_summary_without_frames(self):
        for data, linktype in ((hm.pcap(linktype=9), 9), (hm.section() + hm.interface(1), 1),
                               (hm.section(), None)):
            summary = json.loads(self.run_main(self.file(data))[1])
            self.assertEqual(summary, {
                "packets": 0, "bytes": 0, "cut_short": False, "linktype": linktype, "largest": 0,
                "duration_ns": 0, "queues": [0, 0, 0, 0], "unhashed": 0, "empty": 0})

    def test_unreadable_file_and_bad_arguments(self):
        path = self.file(b"# a text\n")
        status, out, err = self.run_main(path)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(path, err)
        for bad in (["--queues", "0"], ["--key", "00"], ["--key", "xy"], ["--reta", "0,x"],
                    ["--reta", ""], ["--types", "x"]):
            self.assertEqual(self.run_main(*bad, path)[0], 2)
