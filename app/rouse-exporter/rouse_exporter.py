#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What rousepmd's workers do, as Prometheus reads it.

    rouse-exporter                        print it once, for a textfile collector
    rouse-exporter --listen 127.0.0.1:9464    answer each GET of /metrics

It asks DPDK's telemetry socket, which rousepmd opens unless it has --no-telemetry. All counters only
grow while the program runs; times are in seconds, those named tsc in cycles of the TSC.
"""

import argparse
import contextlib
import http.server
import json
import os
import pathlib
import socket
import sys

LIMIT_S = 5
MAX_ANSWER = 1 << 16
QUANTILES = {"0.5": "p50_ns", "0.99": "p99_ns", "0.999": "p999_ns", "1": "max_ns"}
NO_COUNTERS = {"lcore", "busy_percent", "cpu_ns"}
TEXT_TYPE = "text/plain; version=0.0.4"


class Telemetry:
    """The socket, by the protocol of version 2."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(LIMIT_S)
        try:
            self._socket.connect(str(path))
            self._socket.recv(MAX_ANSWER)  # a greeting
        except OSError:
            self._socket.close()
            raise

    def ask(self, command):
        self._socket.send(command.encode())
        (answer,) = json.loads(self._socket.recv(MAX_ANSWER)).values()
        return answer

    def close(self):
        self._socket.close()


class Metrics:
    """Samples by metric, each metric in one piece, as the format wants it."""

    def __init__(self):
        self._of = {}

    def add(self, name, kind, value, /, suffix="", **labels):
        text = ",".join(f'{key}="{label}"' for key, label in labels.items())
        self._of.setdefault((name, kind), []).append(f"{name}{suffix}{{{text}}} {value}")

    def text(self):
        lines = []
        for (name, kind), samples in self._of.items():
            lines += [f"# TYPE {name} {kind}", *samples]
        return "\n".join(lines) + "\n"


def add_worker(metrics, telemetry, lcore):
    stats = telemetry.ask(f"/rouse/worker/stats,{lcore}")
    wake = telemetry.ask(f"/rouse/wake,{lcore}")
    if stats is None or wake is None:
        return  # the run has ended meanwhile
    for name in stats.keys() - NO_COUNTERS:
        metrics.add(f"rouse_worker_{name}_total", "counter", stats[name], lcore=lcore)
    metrics.add("rouse_worker_cpu_seconds_total", "counter", stats["cpu_ns"] / 1e9, lcore=lcore)
    for quantile, name in QUANTILES.items():
        metrics.add("rouse_wake_seconds", "summary", wake[name] / 1e9, lcore=lcore,
                    quantile=quantile)
    metrics.add("rouse_wake_seconds", "summary", wake["count"], suffix="_count", lcore=lcore)


def add_port(metrics, telemetry, port):
    for queue, row in (telemetry.ask(f"/rouse/vector,{port}") or {}).items():
        labels = {"port": port, "queue": queue.removeprefix("queue_"), "lcore": row["lcore"],
                  "vector": row.get("vector", "")}
        for name in ("arms", "wakes"):
            metrics.add(f"rouse_queue_{name}_total", "counter", row[name], **labels)


def collect(path):
    """The text; OSError: nobody is there."""
    metrics = Metrics()
    with contextlib.closing(Telemetry(path)) as telemetry:
        for lcore in telemetry.ask("/rouse/worker/list") or []:
            add_worker(metrics, telemetry, lcore)
        for port in telemetry.ask("/ethdev/list") or []:
            add_port(metrics, telemetry, port)
    return metrics.text()


def why(path, error):
    return (f"rouse-exporter: {path}: {error.strerror or error}; start rousepmd without "
            "--no-telemetry, or give the --file-prefix that it has")


def handler_of(path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/metrics":
                self.send_error(404, "there is /metrics")
                return
            try:
                text = collect(path).encode()
            except OSError as error:
                self.send_error(503, why(path, error))
                return
            self.send_response(200)
            self.send_header("Content-Type", TEXT_TYPE)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            """One line a scrape is no news."""

    return Handler


def default_folder():
    """Where EAL has its files, in its own order of looking."""
    if "RUNTIME_DIRECTORY" in os.environ:
        return os.environ["RUNTIME_DIRECTORY"]
    return "/var/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")


def address(text):
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: give ADDRESS:PORT, such as 127.0.0.1:9464")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(prog="rouse-exporter", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file-prefix", default="rte", help="as rousepmd has it (rte)")
    parser.add_argument("--listen", type=address, metavar="ADDRESS:PORT", help="serve /metrics")
    options = parser.parse_args()
    path = pathlib.Path(default_folder(), "dpdk", options.file_prefix, "dpdk_telemetry.v2")
    try:
        if options.listen is None:
            sys.stdout.write(collect(path))
            return 0
    except OSError as error:
        print(why(path, error), file=sys.stderr)
        return 1
    try:
        server = http.server.ThreadingHTTPServer(options.listen, handler_of(path))
    except OSError as error:
        print(f"rouse-exporter: --listen={':'.join(map(str, options.listen))}: {error.strerror}; "
              "give another address", file=sys.stderr)
        return 1
    print(f"http://{server.server_address[0]}:{server.server_address[1]}/metrics", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
