# SPDX-License-Identifier: BSD-3-Clause
"""What Prometheus reads of a run is what the telemetry socket says."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import rig
import telemetry

EXPORTER = rig.TOP / "app/rouse-exporter/rouse_exporter.py"
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # by no proxy
SAMPLE = re.compile(r'^([a-z_]+)\{((?:[a-z]+="[^"]*",?)+)\} (\S+)$')


def parse(text):
    """Values by name and labels; the text keeps the format's rules."""
    kinds, samples, last = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, last, kind = line.split()
            assert last not in kinds, line
            kinds[last] = kind
            continue
        match = SAMPLE.match(line)
        assert match and match[1].startswith(last), line
        labels = frozenset(re.findall(r'([a-z]+)="([^"]*)"', match[2]))
        assert (match[1], labels) not in samples, line
        samples[match[1], labels] = float(match[3])
    return samples


class ExporterTest(telemetry.Test):
    def argv(self, *options):
        return [sys.executable, "-B", EXPORTER, *options]

    def env(self):
        return dict(os.environ, RUNTIME_DIRECTORY=str(self.folder))

    def run_once(self, *options):
        return subprocess.run(self.argv(*options), env=self.env(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=rig.LIMIT_S, encoding="utf-8",
                              check=False)

    def test_once(self):
        program, client = self.start()
        done = self.run_once()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        samples = parse(done.stdout)
        for lcore in (1, 2):
            labels = frozenset({("lcore", str(lcore))})
            stats = client.ask(f"/rouse/worker/stats,{lcore}")
            # no frame comes any more
            for name in ("rx_packets", "rescues", "events"):
                self.assertEqual(samples[f"rouse_worker_{name}_total", labels], stats[name])
            self.assertLessEqual(samples["rouse_worker_cpu_seconds_total", labels],
                                 stats["cpu_ns"] / 1e9)
            self.assertLessEqual(samples["rouse_wake_seconds_count", labels],
                                 client.ask(f"/rouse/wake,{lcore}")["count"])
        queues = {dict(labels)["queue"] for (name, labels) in samples
                  if name == "rouse_queue_wakes_total" and ("port", "0") in labels}
        self.assertEqual(queues, {str(queue) for queue in range(telemetry.QUEUES)})
        self.end(program)

    def test_it_serves_while_there_is_a_run_and_says_when_there_is_none(self):
        program, _ = self.start()
        # on a terminal, as programs write line by line
        with rig.Program(["env", f"RUNTIME_DIRECTORY={self.folder}",
                          *map(str, self.argv("--listen", "127.0.0.1:0"))], self.folder) as server:
            url = server.expect(r"http://127\.0\.0\.1:\d+/metrics").strip()
            with DIRECTLY.open(url, timeout=rig.LIMIT_S) as answer:
                self.assertIn("version=0.0.4", answer.headers["Content-Type"])
                self.assertIn(("rouse_worker_rescues_total", frozenset({("lcore", "1")})),
                              parse(answer.read().decode()))
            with self.assertRaises(urllib.error.HTTPError) as caught:
                DIRECTLY.open(url.replace("metrics", "other"), timeout=rig.LIMIT_S)
            self.assertEqual(caught.exception.code, 404)
            self.end(program)
            with self.assertRaises(urllib.error.HTTPError) as caught:
                DIRECTLY.open(url, timeout=rig.LIMIT_S)
            self.assertEqual(caught.exception.code, 503)
            self.assertIn("--no-telemetry", caught.exception.reason)
            server.signal(rig.signal.SIGINT)
            self.assertEqual(server.end(), 0)

    def test_what_cannot_be_done_is_said_in_a_line(self):
        for options, words in (((), "start rousepmd without --no-telemetry"),
                               (("--file-prefix=other",), "/dpdk/other/dpdk_telemetry.v2"),
                               (("--listen=192.0.2.1:1",), "give another address")):
            done = self.run_once(*options)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn(words, done.stderr)
        done = self.run_once("--listen=here")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'here': give ADDRESS:PORT", done.stderr)


if __name__ == "__main__":
    rig.main()
