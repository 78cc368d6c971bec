/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Several producers that signal one sleeping consumer at the same time. */

#include <rouse_attn.h>

#include "threads.h"
#include "unit.h"

#define MAX_PRODUCERS	  4
#define ROUNDS		  UNIT_TIMES(60000u)
#define ROUNDS_A_DEADLINE 1000 /* so that a busy machine is no failure */
/* Empty loops before a signal: who begins the round is ahead of those who have to hear of it. */
#define LONG_SKEW  600
#define SHORT_SKEW 100

struct producer {
	pthread_t thread;
	struct rouse_attn_target target;
	uint64_t random;
	uint32_t skew;
	uint64_t tsc;
	bool rang;					      /* ordered by `signalled` */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t signalled; /* the last round it was through */
};

static struct rouse_attn attn;
static struct producer producers[MAX_PRODUCERS];
static unsigned int nb_producers; /* as many as there are processors, but two at least */
static alignas(ROUSE_CACHE_LINE) _Atomic uint32_t begun;

static void
signal_once(struct producer *p, uint32_t round)
{
	for (uint32_t i = unit_random_below(&p->random, p->skew); i != 0; i--)
		__asm__ volatile("" ::: "memory");
	p->rang = rouse_attn_signal(&p->target, p->tsc);
	atomic_store_explicit(&p->signalled, round, memory_order_release);
}

static void *
signal_each_round(void *arg)
{
	struct producer *p = arg;

	threads_pin(p->target.device);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		unsigned int spins = 0;

		while (atomic_load_explicit(&begun, memory_order_acquire) != round)
			threads_idle(&spins);
		signal_once(p, round);
	}
	return NULL;
}

/* One round: this thread is the consumer, and then the first producer. Whether all was well. */
static bool
run_round(uint32_t round)
{
	uint64_t tsc = 0, doorbells = 0;
	unsigned int spins = 0;
	bool well = true;
	int rang = 0;

	rouse_attn_park(&attn);
	atomic_store_explicit(&begun, round, memory_order_release);
	signal_once(&producers[0], round);
	for (unsigned int i = 0; i < nb_producers; i++) {
		struct producer *p = &producers[i];

		while (atomic_load_explicit(&p->signalled, memory_order_acquire) != round)
			threads_idle(&spins);
		rang += p->rang;
		tsc += p->rang ? p->tsc : 0;
		well &= rouse_attn_take_detail(&attn, i) == UINT64_C(1) << i;
	}
	well &= rouse_attn_take(&attn) == (UINT64_C(1) << nb_producers) - 1;
	well &= atomic_load(&attn.state) == ROUSE_ATTN_ATTEND;
	well &= read(attn.doorbell, &doorbells, sizeof(doorbells)) == sizeof(doorbells);
	return well && rang == 1 && doorbells == 1 && atomic_load(&attn.event_tsc) == tsc;
}

static void
exactly_one_of_several_producers_rings(void **state)
{
	uint32_t wrong = 0;

	nb_producers = threads_nb_cpus < 2 ? 2 : threads_nb_cpus;
	if (nb_producers > MAX_PRODUCERS)
		nb_producers = MAX_PRODUCERS;
	assert_int_equal(rouse_attn_init(&attn), 0);
	for (uint8_t i = 0; i < nb_producers; i++) {
		struct producer *p = &producers[i];

		p->target = (struct rouse_attn_target){ .attn = &attn, .device = i, .ring = i };
		p->tsc = 1000u + i;
		p->random = i;
		p->skew = i == 0 ? LONG_SKEW : SHORT_SKEW;
		if (i != 0)
			assert_int_equal(pthread_create(&p->thread, NULL, signal_each_round, p), 0);
	}
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		wrong += !run_round(round);
		if (round % ROUNDS_A_DEADLINE == 0)
			unit_deadline();
	}
	for (unsigned int i = 1; i < nb_producers; i++)
		pthread_join(producers[i].thread, NULL);
	rouse_attn_fini(&attn);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_one_of_several_producers_rings),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
