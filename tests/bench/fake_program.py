#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plays another program for the benchmarks' own tests: fake_program.py PROGRAM FAULT

PROGRAM is rousepmd, handoff, testpmd or loops, FAULT what goes wrong after the first second's worth of
rates: none, zero, crash, silence, nocounter (testpmd), backwards (testpmd), count (the others).
"""

import sys
import threading
import time

PPS = 1000000
TICK_S = 0.05
HANDOFF_TICK_S = 0.1  # what it was told; rousepmd rounds
HEALTHY = 4  # rates before the fault shows


def name_a_thread(name):
    """As the program calls the one that receives; one that sleeps is enough."""

    is_named = threading.Event()

    def sleep():
        with open("/proc/thread-self/comm", "w", encoding="ascii") as comm:
            comm.write(name)
        is_named.set()
        time.sleep(1000)

    threading.Thread(target=sleep, daemon=True).start()
    is_named.wait()


def fail(fault):
    """True: nothing more is to be said."""
    if fault == "crash":
        print("fake: something terrible", flush=True)
        sys.exit(3)
    if fault == "silence":
        time.sleep(1000)
    return fault == "silence"


def periodic(line, tick_s, fault):
    nb = 0
    while True:
        time.sleep(tick_s)
        nb += 1
        faulty = nb > HEALTHY
        if faulty:
            fail(fault)
        pps = 0 if faulty and fault == "zero" else PPS
        print(line.format(pps=pps, count=int(faulty and fault == "count")), flush=True)


def rousepmd(fault):
    periodic("rx {pps:10d} pps  tx          0 pps  missed 0  rescues {count}", TICK_S, fault)


def handoff(fault):
    periodic("rx {pps:10d} pps  wrong {count}", HANDOFF_TICK_S, fault)


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


def loops(fault):
    print("ready", flush=True)
    for nb, line in enumerate(sys.stdin):
        if nb > HEALTHY:
            fail(fault)
            if fault == "count":
                print("lost wake-ups: 1", flush=True)
        mode, seconds = line.split()
        print(f"slice {mode} packets {PPS * float(seconds):.0f} seconds {seconds} cpu 0.05 "
              "doorbells 1 messages 2 arms 3 parks 4 wakes 5", flush=True)


if __name__ == "__main__":
    name_a_thread("consumer" if sys.argv[1] == "handoff" else "rte-worker-1")
    {"rousepmd": rousepmd, "handoff": handoff, "testpmd": testpmd,
     "loops": loops}[sys.argv[1]](sys.argv[2])
