/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Handshake sources: two producers with a ring each, on one device or on two, which may share an
 * attention bit; a worker that attends and parks as it likes, and drains by bounded bursts.
 *
 * safe one_device:  DEVICES=1 RINGS=2 EVENTS=2
 * safe two_devices: DEVICES=2 RINGS=1 EVENTS=2
 * safe more_events: DEVICES=1 RINGS=2 EVENTS=3
 * safe shared_bit:  DEVICES=2 RINGS=1 EVENTS=2 SHARED_BIT
 *
 * mutant SIGNAL_FIRST:        one_device, P2 after P6: the entry is published after its message
 * mutant WORD_SET_FIRST:      one_device, P5: the attention bit is set before the detail bit
 * mutant NO_STATE_AFTER_BITS: one_device, P6 takes the state that P4 read, before the bits
 * mutant BELL_FIRST:          one_device, P6: the doorbell is rung before PARK is claimed
 * mutant MARK_NOT_ATOMIC:     one_device, P5: bits are set by a load and a store
 * mutant DETAIL_TAKEN_FIRST:  one_device, ATTEND: the detail word is taken before the word
 * mutant RING_READ_FIRST:     one_device, ATTEND: rings are read before their detail word is taken
 * mutant TAKE_NOT_ATOMIC:     two_devices, ATTEND: the word is taken by a load and a store
 * mutant NO_OWN_MARK:         one_device, ATTEND: the own bit after a full burst
 * mutant NO_LOOK_FENCE:       one_device, ATTEND to PARK: the fence before the second look
 * mutant NO_LOOK:             one_device, ATTEND to PARK: the second look
 * mutant ONE_DETAIL_WORD:     shared_bit, ATTEND: of a bit that two devices share one is looked at
 * mutant LOOK_BEFORE_PARK:    one_device, ATTEND to PARK: the look is made before the store
 */

#define WORKERS 1
#define ATTNS	1
#define THREADS 3
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[WRITE(1)] == taken[1])

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
		run producer(2, DEVICE_AT(1), BIT_AT(1))
	}
}
