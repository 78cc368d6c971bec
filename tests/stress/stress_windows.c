/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * No event is lost that arrives in any window of the park protocol.
 *
 * The worker never spins and blocks without a timeout, and a producer makes its next event only
 * when its last one was handled: a single lost wake-up stops the test. The producers:
 *
 *   aimed    the worker's own thread, in the window aimed at, runs a producer from P1 to P6: one
 *            that is infinitely fast there. Every consumer window in turn, alternately into an
 *            event ring and into the inbox, which have different device bits.
 *   carrier  the same, right before the worker would block with nothing under way: so that the
 *            windows are met that only a wake leads to.
 *   outside  another thread, which posts after a random while, and in each producer window waits
 *            for the worker to reach the next state, or for a random while: one that is preempted
 *            there. Now and then a burst that is longer than the worker's batch.
 *
 * usage: stress_windows PARK_CYCLES [SEED [PHASE]]; a PHASE alone need not meet every window
 */

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "stress.h"

#define FIRST_C_WINDOW ROUSE_WINDOW_C_ATTEND
#define FIRST_AIM      ROUSE_WINDOW_C_NOTHING
#define BURST	       100  /* entries; the worker's batch is 32 */
#define MAX_HOLD       2000 /* pauses that the outside producer is held in a window at most */
#define MAX_DELAY      4096 /* cycles between its events at most */
#define SPELL	       512  /* events; in the first half of them the aimed producer is eager */
#define EAGER_US       6    /* so that a spell is longer than what the policy takes the load over */
#define MAX_WAITING    16   /* events made and not yet handled while it is */

/* A producer with a ring of its own, and what became of its events. */
struct producer {
	struct rouse_evring *ring;
	struct rouse_attn_target target;
	_Atomic uint64_t made, handled;
};

static struct {
	struct rouse_worker *worker;
	struct producer aimed, carrier, outside;
	_Atomic uint64_t hits[ROUSE_NB_WINDOWS];
	_Atomic bool inject;
	_Atomic bool stop_outside;
	bool spells; /* aimed: spells of events in every window, so that the worker comes to poll */
	/* aimed: the window of the next event, and, beside it, that on the way from POLL to ATTEND,
	 * which is rare; the worker's */
	unsigned int aim;
	unsigned int rare_aim;
	uint64_t seed;
} t;

static __thread bool is_outside;
static __thread bool is_injecting;
static __thread uint64_t random_state;

/* ---- producing ---- */

static void
signal_ring(struct producer *p)
{
	rouse_attn_signal(&p->target, rte_rdtsc());
	rouse_evring_settle(p->ring);
}

static void
post(struct producer *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rouse_event event = { .data = atomic_fetch_add(&p->made, 1) };

		CHECK(rouse_evring_post(p->ring, &event), "ring full");
	}
	signal_ring(p);
}

static void
handle_message(struct rouse_worker *w, void *arg)
{
	struct producer *p = arg;

	(void)w;
	atomic_fetch_add(&p->handled, 1);
}

static void
post_aimed(void)
{
	static bool to_inbox;

	to_inbox = !to_inbox;
	if (to_inbox) {
		atomic_fetch_add(&t.aimed.made, 1);
		CHECK(rouse_worker_post(t.worker, handle_message, &t.aimed) == 0, "inbox full");
	} else {
		post(&t.aimed, 1);
	}
}

static uint64_t
waiting(const struct producer *p)
{
	return atomic_load(&p->made) - atomic_load(&p->handled);
}

/* ---- windows ---- */

/* The worker reached a window of its own. */
static void
consumer_window(enum rouse_window window)
{
	bool eager = t.spells && atomic_load(&t.aimed.made) % SPELL < SPELL / 2;
	bool is_aim = window == t.aim || window == t.rare_aim;

	if (!atomic_load(&t.inject))
		return;
	is_injecting = true;
	if (is_aim && waiting(&t.aimed) == 0) {
		atomic_fetch_add(&t.hits[window], 1);
		if (window == t.aim && ++t.aim == ROUSE_NB_WINDOWS)
			t.aim = FIRST_AIM;
		if (window == t.rare_aim && ++t.rare_aim == FIRST_AIM)
			t.rare_aim = FIRST_C_WINDOW;
		post_aimed();
	} else if (eager && waiting(&t.aimed) < MAX_WAITING) {
		post_aimed();
		rte_delay_us_block(EAGER_US);
	} else if (window == ROUSE_WINDOW_C_LOOKED && waiting(&t.aimed) == 0 &&
		   waiting(&t.carrier) == 0) {
		/* the spells are counted in aimed events, so these must go on */
		if (t.spells)
			post_aimed();
		else
			post(&t.carrier, 1);
	}
	is_injecting = false;
}

/* The outside producer reached a window: hold it until the worker's state changes, or a while. */
static void
producer_window(enum rouse_window window)
{
	struct rouse_attn *a = t.outside.target.attn;
	uint64_t hold = stress_random(&random_state);
	uint32_t before = atomic_load(&a->state);

	atomic_fetch_add(&t.hits[window], 1);
	/* mostly not at all: the shortest ways are windows, too */
	hold = hold % 4 == 0 ? hold / 4 % MAX_HOLD : 0;
	for (uint64_t i = 0; i < hold && atomic_load(&a->state) == before; i++)
		rte_pause();
}

void
rouse_window(enum rouse_window window)
{
	if (is_injecting)
		return;
	if (window >= FIRST_C_WINDOW && !is_outside)
		consumer_window(window);
	else if (window < FIRST_C_WINDOW && is_outside)
		producer_window(window);
}

/* ---- the worker's handlers ---- */

static void
handle_event(void *arg, const struct rouse_event *event)
{
	struct producer *p = arg;
	uint64_t before = atomic_fetch_add(&p->handled, 1);

	/* the aimed producer's count goes over the inbox, too */
	CHECK(p == &t.aimed || event->data == before, "entry %" PRIu64 " after %" PRIu64,
	      event->data, before);
}

/* ---- the outside producer ---- */

static void *
outside_main(void *arg)
{
	(void)arg;
	is_outside = true;
	random_state = t.seed;
	while (!atomic_load(&t.stop_outside)) {
		uint64_t random = stress_random(&random_state);
		uint64_t until = rte_rdtsc() + random / 32 % MAX_DELAY;

		while (rte_rdtsc() < until)
			;
		post(&t.outside, random % 32 == 0 ? BURST : 1);
		/* a lost wake-up leaves it here for ever, and the watchdog speaks */
		while (waiting(&t.outside) != 0)
			rte_pause();
	}
	return NULL;
}

/* ---- phases ---- */

static const struct phase {
	const char *name;
	enum rouse_worker_mode mode;
	bool inject;
	bool outside;
	unsigned int tenths; /* of the park cycles */
} phases[] = {
	{ "aimed", ROUSE_WORKER_INTERRUPT, true, false, 7 },
	{ "outside", ROUSE_WORKER_INTERRUPT, false, true, 1 },
	{ "both", ROUSE_WORKER_INTERRUPT, true, true, 1 },
	{ "hybrid", ROUSE_WORKER_HYBRID, true, true, 1 },
};

static void
add_producer(struct producer *p)
{
	p->ring = stress_ring(STRESS_RING_SIZE);
	atomic_store(&p->made, 0);
	atomic_store(&p->handled, 0);
	CHECK(rouse_worker_evring_add(t.worker, p->ring, handle_event, p, &p->target) == 0, "add");
}

/* Use up the first device's bits: what comes then has another device bit than the inbox. */
static void
fill_device(void)
{
	struct rouse_attn_target target = { .device = 0 };

	while (target.device == 0)
		CHECK(rouse_worker_evring_add(t.worker, stress_ring(1), handle_event, NULL,
					      &target) == 0,
		      "add");
}

static void
set_up(enum rouse_worker_mode mode, bool inject)
{
	t.worker = stress_worker(mode, 0);
	add_producer(&t.carrier);
	add_producer(&t.outside);
	fill_device();
	add_producer(&t.aimed);
	t.spells = mode == ROUSE_WORKER_HYBRID;
	t.aim = FIRST_AIM;
	t.rare_aim = FIRST_C_WINDOW;
	atomic_store(&t.inject, inject);
	stress_run(t.worker);
}

static void
tear_down(const char *phase)
{
	struct rouse_worker_stats stats;

	atomic_store(&t.inject, false);
	stress_stop(t.worker);
	rouse_worker_stats_get(t.worker, &stats);
	printf("%s: parks %" PRIu64 ", blocked and woken %" PRIu64 ", recheck hits %" PRIu64
	       ", spurious %" PRIu64 ", rounds polled %" PRIu64 ", rescues %" PRIu64
	       "; events aimed %" PRIu64 ", outside %" PRIu64 "\n",
	       phase, stats.parks, stats.wakes, stats.recheck_hits, stats.spurious_wakes,
	       stats.poll_rounds, stats.rescues, atomic_load(&t.aimed.handled),
	       atomic_load(&t.outside.handled));
	CHECK(stats.rescues == 0, "%" PRIu64 " rescues", stats.rescues);
	CHECK(stats.stale_bits == 0, "%" PRIu64 " stale bits", stats.stale_bits);
	rouse_worker_destroy(t.worker);
}

static uint64_t
parks(void)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(t.worker, &stats);
	return stats.parks;
}

static bool
is_every_window_met(void)
{
	for (unsigned int i = 0; i < ROUSE_NB_WINDOWS; i++)
		if (atomic_load(&t.hits[i]) <= 1)
			return false;
	return true;
}

/* The last of all phases goes on until every window was met: the way from POLL to ATTEND is rare,
 * and rarer where the threads share a processor with others. */
static void
run_phase(const struct phase *phase, uint64_t cycles, bool is_last)
{
	pthread_t thread;

	set_up(phase->mode, phase->inject);
	atomic_store(&t.stop_outside, false);
	if (phase->outside)
		pthread_create(&thread, NULL, outside_main, NULL);
	for (uint64_t target = 1000; parks() < cycles || (is_last && !is_every_window_met());
	     target += 1000) {
		if (phase->outside)
			stress_wait(t.worker, &t.outside.handled, target, phase->name);
		if (phase->inject)
			stress_wait(t.worker, &t.aimed.handled, target, phase->name);
	}
	atomic_store(&t.stop_outside, true);
	if (phase->outside)
		pthread_join(thread, NULL);
	tear_down(phase->name);
}

static void
check_windows(void)
{
	for (unsigned int i = 0; i < ROUSE_NB_WINDOWS; i++) {
		printf("window %2u: %" PRIu64 " events\n", i, atomic_load(&t.hits[i]));
		CHECK(atomic_load(&t.hits[i]) > 1, "window %u was never met", i);
	}
}

int
main(int argc, char **argv)
{
	uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	const char *const no_vdevs[] = { NULL }, *phase = argc > 3 ? argv[3] : NULL;

	t.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 88172645463325252u;
	printf("seed %" PRIu64 "\n", t.seed);
	stress_init(argv[0], no_vdevs);
	for (unsigned int i = 0; i < RTE_DIM(phases); i++)
		if (phase == NULL || strcmp(phase, phases[i].name) == 0)
			run_phase(&phases[i],
				  phase == NULL ? cycles * phases[i].tenths / 10 : cycles,
				  phase == NULL && i == RTE_DIM(phases) - 1);
	if (phase == NULL)
		check_windows();
	return 0;
}
