# SPDX-License-Identifier: BSD-3-Clause
"""Workers on DPDK's telemetry socket: the numbers are those of the report, and what is asked wrongly
is answered null."""

import os
import subprocess

import rig
import telemetry
from telemetry import NB_FRAMES, QUEUES
L3FWD_POWER = {"empty_poll", "full_poll", "busy_percent"}


class TelemetryTest(telemetry.Test):
    def test_the_commands_are_listed_and_each_has_help(self):
        program, client = self.start()
        commands = [c for c in client.ask("/") if c.startswith("/rouse/")]
        self.assertEqual(sorted(commands), ["/rouse/attn", "/rouse/vector", "/rouse/wake",
                                            "/rouse/worker/list", "/rouse/worker/stats"])
        for command in commands:
            self.assertIn("lcore" if "vector" not in command else "port",
                          str(client.ask(f"/help,{command}")).lower())
        self.end(program)

    def test_a_worker_tells_what_the_report_tells(self):
        program, client = self.start()
        self.assertEqual(client.ask("/rouse/worker/list"), [1, 2])
        asked = {lcore: client.ask(f"/rouse/worker/stats,{lcore}") for lcore in (1, 2)}
        wakes = {lcore: client.ask(f"/rouse/wake,{lcore}") for lcore in (1, 2)}
        report = self.end(program)
        for worker in report["workers"]:
            stats, wake = asked[worker["lcore"]], wakes[worker["lcore"]]
            self.assertLessEqual(L3FWD_POWER, stats.keys())
            self.assertEqual(stats["lcore"], worker["lcore"])
            # all that the report has of the counters is here, and no frame came since
            for name in ("rx_packets", "events", "rescues"):
                self.assertEqual(stats[name], worker[name], name)
            for name in worker.keys() & stats.keys() - {"lcore"}:
                self.assertLessEqual(stats[name], worker[name], name)
            self.assertLessEqual(stats["busy_percent"], 100)
            self.assertGreater(stats["empty_poll"], 0)
            self.assertLessEqual(stats["full_poll"], stats["polls"] - stats["empty_poll"])
            self.assertEqual(sum(wake["counts"]), wake["count"])
            self.assertEqual(wake["below_ns"], sorted(wake["below_ns"]))
            self.assertLess(wake["max_ns"], wake["below_ns"][-1] if wake["count"] else 1)

    def test_full_polls_are_the_bursts_that_were_full(self):
        program, client = self.start("--burst=1")
        for lcore in (1, 2):
            stats = client.ask(f"/rouse/worker/stats,{lcore}")
            self.assertEqual(stats["full_poll"], stats["rx_packets"])
        self.end(program)

    def test_a_vector_tells_of_whom_it_wakes(self):
        program, client = self.start()
        queues = client.ask("/rouse/vector,0")
        self.assertEqual(sorted(queues), [f"queue_{q}" for q in range(QUEUES)])
        doorbells = {lcore: client.ask(f"/rouse/attn,{lcore}")["doorbell"] for lcore in (1, 2)}
        for q in range(QUEUES):
            row = queues[f"queue_{q}"]
            self.assertEqual(row["lcore"], 1 + q % 2)  # queues are dealt out in turn
            self.assertEqual(row["fd"], doorbells[row["lcore"]])
            self.assertEqual(row["kind"], "handshake")
            target = os.readlink(f"/proc/{program.process.pid}/fd/{row['fd']}")
            self.assertIn("eventfd", target)
        # queues of a vector have the same worker, and no more doorbells were rung than messages sent
        owners = {(row["vector"], row["lcore"]) for row in queues.values()}
        self.assertEqual(len(owners), len({vector for vector, _ in owners}))
        for row in queues.values():
            self.assertLessEqual(row["doorbells"], row["messages"])
        self.end(program)

    def test_attention_tells_what_each_bit_means(self):
        program, client = self.start("--rx-mode=interrupt")
        for lcore in (1, 2):
            answers = []

            def is_parked(n=lcore, answers=answers):
                answers.append(client.ask(f"/rouse/attn,{n}"))
                return answers[-1]["state"] == "park" and int(answers[-1]["word"], 16) == 0
            rig.wait_until(is_parked, "a worker without frames is parked, and nothing is pending")
            attn = answers[-1]
            bits = {name: bit for name, bit in attn.items() if name.startswith("bit_")}
            self.assertEqual(len(bits), attn["bits_used"])
            self.assertEqual(attn["bits_used"] + attn["bits_reserved"] + attn["bits_free"], 64)
            meanings = " ".join(bit["means"] for bit in bits.values())
            for port in (0, 1, 2):
                self.assertIn(f"port {port}", meanings)
        self.end(program)

    def test_one_who_polls_is_in_that_state(self):
        program, client = self.start("--rx-mode=poll")
        self.assertEqual(client.ask("/rouse/attn,1")["state"], "poll")
        self.end(program)

    def test_a_port_without_a_word_of_its_vectors_shows_the_workers(self):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        program, client = self.start("--rxq=1", "--txq=1", vdevs=[
            rig.device(0, rx_pcap=path), "--vdev=net_ring0"])
        (row,) = client.ask("/rouse/vector,1").values()
        self.assertEqual((row["kind"], row["fd"]), ("timed", -1))
        self.assertNotIn("vector", row)
        self.end(program)

    def test_what_is_asked_wrongly_is_answered_null(self):
        program, client = self.start()
        for command in ("/rouse/worker/stats", "/rouse/worker/stats,", "/rouse/worker/stats,0",
                        "/rouse/worker/stats,3", "/rouse/worker/stats,x", "/rouse/wake,-1",
                        "/rouse/wake,1x", "/rouse/attn,99999999999999999999", "/rouse/vector",
                        "/rouse/vector,3", "/rouse/vector,65536", "/rouse/attn,65537"):
            with self.subTest(command):
                self.assertIsNone(client.ask(command))
        self.assertEqual(client.ask("/rouse/worker/list"), [1, 2])
        self.end(program)

    def test_clients_who_ask_while_it_ends_do_no_harm(self):
        program, client = self.start()
        others = [telemetry.Client(self.folder) for _ in range(3)]
        program.signal(rig.signal.SIGINT)
        for _ in range(200):
            try:
                for other in others:
                    other.ask("/rouse/worker/stats,1")
                    other.ask("/rouse/attn,1")
                    other.ask("/rouse/vector,0")
            except (OSError, ValueError):
                break  # it has ended
        for other in others:
            other.close()
        self.assertEqual(program.end(), 0, rig.tail(program.output))
        del client

    def test_stock_dpdk_telemetry_shows_them(self):
        program, client = self.start()
        script = rig.STOCK / "dpdk-telemetry.py"
        env = dict(os.environ, RUNTIME_DIRECTORY=str(self.folder))
        asked = "/rouse/worker/list\n/rouse/worker/stats,1\n/rouse/wake,2\n/rouse/vector,0\n" \
                "/rouse/attn,1\nquit\n"
        done = subprocess.run(["python3", "-B", str(script)], input=asked, env=env, timeout=rig.LIMIT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        for text in ('"/rouse/worker/list"', '"/rouse/worker/stats"', '"empty_poll"', '"full_poll"',
                     '"busy_percent"', '"p99_ns"', '"queue_3"', '"doorbell"'):
            self.assertIn(text, done.stdout)
        self.assertNotIn("null", done.stdout)
        self.end(program)
        del client


if __name__ == "__main__":
    rig.main()
