/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A lost wake-up is counted: a producer that leaves out the handshake makes `rescues` move, the
 * entry is handled all the same, and a right one leaves `rescues` at 0.
 */

#include <inttypes.h>
#include <sched.h>

#include <rte_cycles.h>

#include "stress.h"
#include "watchdog.h"

#define MAX_MESSAGES                                                                               \
	100 /* one may be found without a sleep, and then nothing is held against its bits */

static _Atomic uint64_t handled, messages;

static void
handle(void *arg, const struct rouse_event *event)
{
	(void)arg;
	(void)event;
	atomic_fetch_add(&handled, 1);
}

static void
count_message(struct rouse_worker *w, void *arg)
{
	(void)w;
	(void)arg;
	atomic_fetch_add(&messages, 1);
}

static void
wait_until_asleep(struct rouse_worker *w, const struct rouse_attn_target *target)
{
	uint64_t limit = rte_rdtsc() + STALL_S * rte_get_tsc_hz();

	while (atomic_load(&target->attn->state) != ROUSE_ATTN_PARK) {
		if (rte_rdtsc() > limit)
			watchdog_bark(w, "it does not go to sleep");
		sched_yield();
	}
}

static uint64_t
rescues(const struct rouse_worker *w)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	return stats.rescues;
}

int
main(int argc, char **argv)
{
	const char *const no_vdevs[] = { NULL };
	struct rouse_event event = { .code = ROUSE_EVENT_RX };
	struct rouse_attn_target target;
	struct rouse_evring *ring;
	struct rouse_worker *w;

	(void)argc;
	stress_init(argv[0], no_vdevs);
	w = stress_worker(ROUSE_WORKER_INTERRUPT, 0);
	ring = stress_ring(STRESS_RING_SIZE);
	CHECK(rouse_worker_evring_add(w, ring, handle, NULL, &target) == 0, "add");
	stress_run(w);

	/* a right producer */
	wait_until_asleep(w, &target);
	rouse_evring_post(ring, &event);
	rouse_attn_signal(&target, rte_rdtsc());
	rouse_evring_settle(ring);
	stress_wait(w, &handled, 1, "a right producer's entry");
	CHECK(rescues(w) == 0, "%" PRIu64, rescues(w));

	/* one that forgets P3 to P6: the worker sleeps on, until something else wakes it and it is
	 * this ring's turn to be held against its bits */
	wait_until_asleep(w, &target);
	rouse_evring_post(ring, &event);
	rouse_evring_settle(ring);
	for (unsigned int i = 1; i <= MAX_MESSAGES && atomic_load(&handled) < 2; i++) {
		CHECK(rouse_worker_post(w, count_message, NULL) == 0, "inbox full");
		stress_wait(w, &messages, i, "the message");
		wait_until_asleep(w, &target);
	}
	CHECK(atomic_load(&handled) == 2, "the entry that was not signalled is still there");
	CHECK(rescues(w) == 1, "%" PRIu64, rescues(w));

	stress_stop(w);
	rouse_worker_destroy(w);
	return 0;
}
