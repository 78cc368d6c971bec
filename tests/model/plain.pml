/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Plain sources: queues of any driver whose interrupt forgets what came before it was armed, or
 * was not armed, and may come late, when it is not wanted any more. Two of them.
 *
 * safe forgetful: PLAIN=2 DEPTH=5
 *
 * mutant NO_LOOK_FENCE:    forgetful, ATTEND to PARK: the fence between arming and the look
 * mutant NO_PLAIN_LOOK:    forgetful, ATTEND to PARK: the look into the plain sources
 * mutant LOOK_BEFORE_ARM:  forgetful, ATTEND to PARK: the look is made before arming
 * mutant NO_DEVICE_FENCE:  forgetful, what the driver owes: its fence between ring and armed
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	1
#define THREADS 3
#define EVENTS	2
#define NOTHING_WAITS (mem[FILLED(0)] == received[0] && mem[FILLED(1)] == received[1])

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
		run plain_device(1, 0);
		run plain_device(2, 1)
	}
}
