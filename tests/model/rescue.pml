/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rescues: after a wake the worker holds what is settled against the bits (park.c, audit()). While
 * the protocol is kept it finds nothing, wherever the producers are held up.
 *
 * safe audited: EVENTS=2
 * safe longer:  EVENTS=3
 *
 * mutant SETTLED_FIRST:  audited, evnic_vector_signal(): the ring is settled before its message
 * mutant OWED_READ_LAST: audited, audit(): the bits are read before what is owed
 * mutant WORD_SET_FIRST: audited, P5: a protocol that loses wakes moves the count of rescues
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	2
#define THREADS 3
#define POLLS
#define AUDITED
#define AUDIT(w) audit_ring(w, 0, 0); audit_ring(w, 0, 1)
#define NOTHING_WAITS true

#include "worker.pml"
#include "device.pml"
#include "worker_run.pml"

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run memory(2);
		run worker(0);
		run producer(1, 0, 0);
		run producer(2, 0, 1)
	}
}
