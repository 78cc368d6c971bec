#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plays rousepmd or testpmd for the benchmarks' own tests: fake_program.py PROGRAM FAULT

PROGRAM is rousepmd or testpmd, FAULT what goes wrong after the first second's worth of rates:
none, zero, crash, silence, nocounter (testpmd), backwards (testpmd), rescue (rousepmd).
"""

import sys
import threading
import time

PPS = 1000000
TICK_S = 0.05
HEALTHY = 4  # rates before the fault shows


def name_a_thread():
    """As DPDK calls the thread of lcore 1; one that sleeps is enough."""

    def sleep():
        with open("/proc/thread-self/comm", "w", encoding="ascii") as comm:
            comm.write("rte-worker-1")
        time.sleep(1000)

    threading.Thread(target=sleep, daemon=True).start()
    time.sleep(TICK_S)


def fail(fault):
    """True: nothing more is to be said."""
    if fault == "crash":
        print("fake: something terrible", flush=True)
        sys.exit(3)
    if fault == "silence":
        time.sleep(1000)
    return fault == "silence"


def rousepmd(fault):
    nb = 0
    while True:
        time.sleep(TICK_S)
        nb += 1
        faulty = nb > HEALTHY
        if faulty:
            fail(fault)
        pps = 0 if faulty and fault == "zero" else PPS
        rescues = 1 if faulty and fault == "rescue" else 0
        print(f"rx {pps:10d} pps  tx          0 pps  missed 0  rescues {rescues}", flush=True)


def testpmd(fault):
    print("EAL: RTE Version: 'DPDK 1.2.3'", flush=True)
    start = time.monotonic()
    packets = 0
    for nb, line in enumerate(sys.stdin):
        if line.strip() != "show port stats 0":
            continue
        faulty = nb > HEALTHY
        if faulty:
            fail(fault)
        now = time.monotonic()
        stands = faulty and fault == "zero"
        pps = 0 if stands else PPS
        if not stands:
            packets = int(PPS * (now - start))
        if faulty and fault == "backwards":
            packets = int(PPS * (start + 1000 - now))
        if not (faulty and fault == "nocounter"):
            print(f"  RX-packets: {packets}  RX-missed: 0  RX-bytes:  0")
        print(f"  Rx-pps:  {pps}    Rx-bps:    0", flush=True)


if __name__ == "__main__":
    name_a_thread()
    {"rousepmd": rousepmd, "testpmd": testpmd}[sys.argv[1]](sys.argv[2])
