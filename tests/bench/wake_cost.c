/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * wake_cost NB-SOURCES: a worker with so many event rings sleeps and is woken by one of them, again
 * and again, without EAL and in one thread: the producer is the hook that the worker calls right
 * before it blocks. It prints how many wakes there were and how many sources each screened; what a
 * wake costs is for callgrind to say, which counts from epoll_wait to wake_is_over (wake_cost.py).
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "../unit/worker_mock.h"

#define NB_WAKES    16
#define MAX_SOURCES (ROUSE_ATTN_BITS * ROUSE_ATTN_BITS)
#define CAPACITY    8

static struct rouse_worker worker, *const w = &worker;
static struct rouse_evring *rings[MAX_SOURCES];
static struct rouse_attn_target targets[MAX_SOURCES];
static uint32_t nb_sources;

static uint32_t next; /* whose turn it is to wake */
static uint64_t nb_handled;

/* Where the count ends: callgrind knows it by its name. */
void wake_is_over(void);

__attribute__((noinline)) void
wake_is_over(void)
{
	__asm__ volatile("");
}

static void
handle(void *arg, const struct rouse_event *event)
{
	nb_handled += event->data == (uint64_t)((struct rouse_evring **)arg - rings);
}

/* An event of the ring whose turn it is, and the doorbell: the worker is parked. */
static void
produce(void *arg __rte_unused)
{
	const struct rouse_event event = { .data = next };

	assert_true(rouse_evring_post(rings[next], &event));
	assert_true(rouse_attn_signal(&targets[next], 1));
	rouse_evring_settle(rings[next]);
}

static void
add(uint32_t i)
{
	size_t size = rouse_evring_memsize(CAPACITY);

	rings[i] = rouse_evring_init(aligned_alloc(ROUSE_CACHE_LINE, size), CAPACITY);
	assert_non_null(rings[i]);
	assert_int_equal(rouse_worker_evring_add(w, rings[i], handle, &rings[i], &targets[i]), 0);
}

static void
sleep_and_wake(uint32_t i)
{
	next = i;
	worker_park(w);
	wake_is_over();
}

int
main(int argc, char **argv)
{
	nb_sources = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	if (nb_sources < 1 || nb_sources > MAX_SOURCES) {
		fprintf(stderr, "give a number of sources, 1 to %d\n", MAX_SOURCES);
		return EXIT_FAILURE;
	}
	mock_init();
	mock_worker_init(w);
	w->conf.before_sleep = produce;
	for (uint32_t i = 0; i < nb_sources; i++)
		add(i);
	worker_enter_attend(w);
	worker_attend(w);
	/* the first is for what happens once: binding of symbols, pages */
	for (uint32_t i = 0; i < NB_WAKES; i++)
		sleep_and_wake((uint32_t)((uint64_t)i * (nb_sources - 1) / (NB_WAKES - 1)));
	assert_int_equal(nb_handled, NB_WAKES);
	assert_int_equal(rouse_counter_get(&w->stats.wakes), NB_WAKES);
	assert_int_equal(rouse_counter_get(&w->stats.rescues), 0);
	printf("wakes %d visits %" PRIu64 " words %" PRIu64 "\n", NB_WAKES,
	       rouse_counter_get(&w->stats.wake_visits) - rouse_counter_get(&w->stats.wake_misses),
	       rouse_counter_get(&w->stats.detail_words));
	mock_worker_fini(w);
	mock_fini();
	for (uint32_t i = 0; i < nb_sources; i++)
		free(rings[i]);
	return EXIT_SUCCESS;
}
