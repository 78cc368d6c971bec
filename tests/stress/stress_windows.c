/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * No event is lost that arrives in any window of the park protocol.
 *
 * The worker never spins, blocks without a timeout, and the next event is only made when the one
 * before was handled: a single lost wake-up stops the test. Three kinds of producers:
 *
 *   inside   the worker's own thread, in the window, runs a producer from P1 to P6: the producer
 *            that is infinitely fast there. Every consumer window in turn, into an event ring or
 *            the inbox; and when nothing is under way, right before the worker blocks.
 *   outside  another thread posts, and in each producer window waits for the worker to reach
 *            the next state, or for a random while: the producer that is preempted there.
 *   burst    entries in bursts longer than the worker's batch: bounded drains, and with the
 *            hybrid mode the changes between POLL and ATTEND.
 *
 * usage: stress_windows PARK_CYCLES [SEED]
 */

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "stress.h"

#define FIRST_C_WINDOW ROUSE_WINDOW_C_ATTEND
#define BURST	       100  /* entries; the worker's batch is 32 */
#define SPELL	       512  /* events; in the first half of them the injector is eager */
#define MAX_WAITING    16   /* events made and not yet handled while it is */
#define MAX_HOLD       2000 /* pauses that a producer is held in a window at most */

static struct {
	struct rouse_worker *worker;
	struct rouse_evring *inside, *outside;
	struct rouse_attn_target inside_target, outside_target;
	/* events made and handled, by producer */
	_Atomic uint64_t inside_made, inside_handled;
	_Atomic uint64_t outside_made, outside_handled;
	_Atomic uint64_t hits[ROUSE_NB_WINDOWS];
	_Atomic bool inject; /* inside: an event may be made */
	unsigned int aim;    /* inside: the window of the next event; the worker's */
	unsigned int first_aim;
	bool spells; /* inside: spells of events in every window, so that the worker comes to poll
		      */
	uint64_t seed;
} t;

static __thread bool is_outside; /* the thread that is held in windows */
static __thread bool is_injecting;
static __thread uint64_t held_seed;

/* ---- the injectors ---- */

static void
handled_message(struct rouse_worker *w, void *arg)
{
	(void)w;
	atomic_fetch_add((_Atomic uint64_t *)arg, 1);
}

static void
inject_here(void)
{
	struct rouse_event event = { .code = ROUSE_EVENT_RX };

	is_injecting = true;
	event.data = atomic_fetch_add(&t.inside_made, 1);
	if ((event.data & 1) == 0) {
		CHECK(rouse_evring_post(t.inside, &event), "ring full");
		rouse_attn_signal(&t.inside_target, rte_rdtsc());
		rouse_evring_settle(t.inside);
	} else {
		CHECK(rouse_worker_post(t.worker, handled_message, &t.inside_handled) == 0,
		      "inbox full");
	}
	is_injecting = false;
}

/* The worker reached a window. */
static void
consumer_window(enum rouse_window window)
{
	uint64_t made = atomic_load(&t.inside_made);
	uint64_t waiting = made - atomic_load(&t.inside_handled);
	bool last_chance = waiting == 0 && window == ROUSE_WINDOW_C_LOOKED;
	bool eager = t.spells && made % SPELL < SPELL / 2 && waiting < MAX_WAITING;

	if (!atomic_load(&t.inject) || (window != t.aim && !last_chance && !eager))
		return;
	atomic_fetch_add(&t.hits[window], 1);
	if (window == t.aim && ++t.aim == ROUSE_NB_WINDOWS)
		t.aim = t.first_aim;
	inject_here();
}

/* The outside producer reached a window: hold it until the worker's state changes, or a while. */
static void
producer_window(enum rouse_window window)
{
	struct rouse_attn *a = t.outside_target.attn;
	uint64_t hold = stress_random(&held_seed) % MAX_HOLD;
	uint32_t before = atomic_load(&a->state);

	atomic_fetch_add(&t.hits[window], 1);
	for (uint64_t i = 0; i < hold && atomic_load(&a->state) == before; i++)
		rte_pause();
}

void
rouse_window(enum rouse_window window)
{
	if (is_injecting)
		return;
	if (window >= FIRST_C_WINDOW)
		consumer_window(window);
	else if (is_outside)
		producer_window(window);
}

/* ---- the handlers ---- */

static void
handle_inside(void *arg, const struct rouse_event *event)
{
	(void)arg;
	(void)event;
	atomic_fetch_add(&t.inside_handled, 1);
}

static void
handle_outside(void *arg, const struct rouse_event *event)
{
	uint64_t expected = atomic_fetch_add(&t.outside_handled, 1);

	(void)arg;
	CHECK(event->data == expected, "entry %" PRIu64 " after %" PRIu64, event->data, expected);
}

/* ---- the outside producer ---- */

static void
post_outside(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rouse_event event = { .data = atomic_load(&t.outside_made) };

		CHECK(rouse_evring_post(t.outside, &event), "ring full");
		atomic_fetch_add(&t.outside_made, 1);
	}
	rouse_attn_signal(&t.outside_target, rte_rdtsc());
	rouse_evring_settle(t.outside);
}

static _Atomic bool outside_stop;

static void *
outside_main(void *arg)
{
	(void)arg;
	is_outside = true;
	held_seed = t.seed;
	while (!atomic_load(&outside_stop)) {
		post_outside(stress_random(&held_seed) % 16 == 0 ? BURST : 1);
		/* lockstep: a lost wake-up leaves this loop for ever, and the watchdog speaks */
		while (atomic_load(&t.outside_handled) != atomic_load(&t.outside_made))
			rte_pause();
	}
	return NULL;
}

/* ---- phases ---- */

static void
set_up(enum rouse_worker_mode mode, bool inject)
{
	t.worker = stress_worker(mode, 0);
	t.inside = stress_ring(STRESS_RING_SIZE);
	t.outside = stress_ring(STRESS_RING_SIZE);
	CHECK(rouse_worker_evring_add(t.worker, t.inside, handle_inside, NULL, &t.inside_target) ==
		      0,
	      "add");
	CHECK(rouse_worker_evring_add(t.worker, t.outside, handle_outside, NULL,
				      &t.outside_target) == 0,
	      "add");
	atomic_store(&t.inside_made, 0);
	atomic_store(&t.inside_handled, 0);
	atomic_store(&t.outside_made, 0);
	atomic_store(&t.outside_handled, 0);
	/* those before C_WORD are met on the way from POLL to ATTEND only */
	t.spells = mode == ROUSE_WORKER_HYBRID;
	t.first_aim = t.spells ? FIRST_C_WINDOW : ROUSE_WINDOW_C_WORD;
	t.aim = t.first_aim;
	atomic_store(&t.inject, inject);
	stress_run(t.worker);
}

static void
tear_down(const char *phase)
{
	struct rouse_worker_stats stats;

	stress_stop(t.worker);
	rouse_worker_stats_get(t.worker, &stats);
	printf("%s: parks %" PRIu64 ", blocked and woken %" PRIu64 ", recheck hits %" PRIu64
	       ", spurious %" PRIu64 ", rescues %" PRIu64 ", rounds polled %" PRIu64
	       ", events %" PRIu64 " + %" PRIu64 "\n",
	       phase, stats.parks, stats.wakes, stats.recheck_hits, stats.spurious_wakes,
	       stats.rescues, stats.poll_rounds, atomic_load(&t.inside_handled),
	       atomic_load(&t.outside_handled));
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

/* A producer that is infinitely fast in each window of the consumer. */
static void
phase_inside(uint64_t cycles)
{
	set_up(ROUSE_WORKER_INTERRUPT, true);
	for (uint64_t target = 10000; parks() < cycles; target += 10000)
		stress_wait(t.worker, &t.inside_handled, target, "inside");
	atomic_store(&t.inject, false);
	tear_down("inside ");
}

/* A producer that is preempted in each window of its own. */
static void
phase_outside(uint64_t cycles)
{
	pthread_t thread;

	set_up(ROUSE_WORKER_INTERRUPT, false);
	atomic_store(&outside_stop, false);
	pthread_create(&thread, NULL, outside_main, NULL);
	for (uint64_t target = 1000; parks() < cycles; target += 1000)
		stress_wait(t.worker, &t.outside_handled, target, "outside");
	atomic_store(&outside_stop, true);
	pthread_join(thread, NULL);
	tear_down("outside");
}

/* Both at once: the worker is woken by one while the other is in a window. The hybrid mode adds
 * the changes between ATTEND and POLL. */
static void
phase_both(enum rouse_worker_mode mode, uint64_t cycles, const char *name)
{
	pthread_t thread;

	set_up(mode, true);
	atomic_store(&outside_stop, false);
	pthread_create(&thread, NULL, outside_main, NULL);
	for (uint64_t target = 1000; parks() < cycles; target += 1000) {
		stress_wait(t.worker, &t.outside_handled, target, "both, outside");
		stress_wait(t.worker, &t.inside_handled, target, "both, inside");
	}
	atomic_store(&outside_stop, true);
	pthread_join(thread, NULL);
	atomic_store(&t.inject, false);
	tear_down(name);
}

int
main(int argc, char **argv)
{
	uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	const char *const no_vdevs[] = { NULL };

	t.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 88172645463325252u;
	printf("seed %" PRIu64 "\n", t.seed);
	stress_init(argv[0], no_vdevs);
	phase_inside(cycles * 8 / 10);
	phase_outside(cycles / 10);
	phase_both(ROUSE_WORKER_INTERRUPT, cycles / 20, "both   ");
	phase_both(ROUSE_WORKER_HYBRID, cycles / 20, "hybrid ");
	for (unsigned int i = 0; i < ROUSE_NB_WINDOWS; i++) {
		printf("window %2u: %" PRIu64 " events\n", i, atomic_load(&t.hits[i]));
		CHECK(atomic_load(&t.hits[i]) > 1, "window %u was never met", i);
	}
	return 0;
}
