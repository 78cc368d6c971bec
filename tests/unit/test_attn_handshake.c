/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The park protocol between threads: two producers with a ring each, and one consumer that blocks
 * in epoll without a timeout. A lost wake-up is a consumer that sleeps for ever: the deadline.
 */

#include <sys/epoll.h>

#include <rouse_attn.h>

#include "threads.h"
#include "unit.h"

#define PARKS		 UNIT_TIMES(200000u) /* attempts to sleep, at least */
#define PARKS_A_DEADLINE 2000		     /* so that a busy machine is no failure */
#define RINGS		 2
#define CAPACITY	 4
#define BATCH		 2    /* entries that the consumer takes from a ring at a time */
#define POLL_EVERY	 8    /* times awake: then it polls for a while */
#define LONG_EVERY	 16   /* entries: then the producer is silent for a long time */
#define SPIN_BUDGET	 64   /* rounds without an entry, at most, before the consumer parks */
#define SHORT_LOOP	 400  /* empty loops, at most, between two entries */
#define LONG_LOOP	 8000 /* so that the consumer is fast asleep */

struct lane {
	alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring;
	struct rouse_attn_target target;
	pthread_t producer;
	uint64_t random;
	uint64_t sent;	/* the producer's */
	uint64_t rung;	/* the producer's */
	uint64_t taken; /* the consumer's */
};

/* The consumer. Its counters are its own. */
struct sleeper {
	struct rouse_attn attn;
	int epoll;
	struct lane lanes[RINGS];
	uint64_t random;
	uint64_t parks, blocks, claims_seen;
	uint64_t out_of_order, unmarked;
};

static struct sleeper sleeper;
static _Atomic bool stop;

static void
loop_for(uint32_t turns)
{
	for (uint32_t i = 0; i < turns; i++)
		__asm__ volatile("" ::: "memory");
}

/* ---- producer ---- */

static void *
produce(void *arg)
{
	struct lane *l = arg;
	unsigned int spins = 0;

	threads_pin(1);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct rouse_event e = { .data = l->sent };
		uint32_t left;

		if (!rouse_evring_post(l->ring, &e)) {
			threads_idle(&spins);
			continue;
		}
		l->sent++;
		spins = 0;
		l->rung += rouse_attn_signal(&l->target, l->sent);
		rouse_evring_settle(l->ring);
		/* sometimes wait for the consumer, which then goes to sleep; and hit it there */
		left = unit_random_below(&l->random, 2);
		while (rouse_evring_count(l->ring) > left &&
		       !atomic_load_explicit(&stop, memory_order_relaxed))
			threads_idle(&spins);
		loop_for(unit_random_below(&l->random, unit_random_below(&l->random, LONG_EVERY)
							       ? SHORT_LOOP
							       : LONG_LOOP));
	}
	return NULL;
}

/* ---- consumer ---- */

static uint32_t
drain(struct sleeper *s, struct lane *l)
{
	uint32_t n = rouse_evring_peek(l->ring, BATCH);

	if (n > BATCH)
		n = BATCH;
	for (uint32_t i = 0; i < n; i++)
		s->out_of_order += rouse_evring_entry(l->ring, i)->data != l->taken++;
	if (n != 0)
		rouse_evring_advance(l->ring, n);
	return n;
}

/* In state ATTEND: what is left behind needs a bit. */
static uint32_t
drain_and_mark(struct sleeper *s, struct lane *l)
{
	uint32_t n = drain(s, l);

	if (n == BATCH)
		rouse_attn_mark_own(&l->target);
	return n;
}

static uint32_t
drain_all(struct sleeper *s)
{
	uint32_t found = 0;

	for (int i = 0; i < RINGS; i++)
		found += drain(s, &s->lanes[i]);
	return found;
}

static uint32_t
drain_marked(struct sleeper *s)
{
	uint32_t found = 0;

	for (uint64_t word = rouse_attn_take(&s->attn); word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);
		uint64_t bits = rouse_attn_take_detail(&s->attn, device);

		for (int i = 0; i < RINGS; i++)
			if (s->lanes[i].target.device == device &&
			    (bits >> s->lanes[i].target.ring & 1) != 0)
				found += drain_and_mark(s, &s->lanes[i]);
	}
	return found;
}

/* An entry whose handshake is over has its bits, as long as it was not polled for. */
static void
audit(struct sleeper *s)
{
	for (int i = 0; i < RINGS; i++) {
		const struct rouse_attn_target *t = &s->lanes[i].target;
		/* in this order */
		bool is_owed = rouse_evring_owed(s->lanes[i].ring) != 0;
		uint64_t marked = rouse_attn_marked_rings(&s->attn, t->device);

		s->unmarked += is_owed && (marked >> t->ring & 1) == 0;
	}
}

static void
poll_for_a_while(struct sleeper *s)
{
	rouse_attn_poll(&s->attn);
	for (int i = 0; i < 4; i++)
		drain_all(s);
	rouse_attn_attend(&s->attn);
	for (int i = 0; i < RINGS; i++)
		drain_and_mark(s, &s->lanes[i]);
}

static void
park(struct sleeper *s)
{
	struct epoll_event event;

	s->parks++;
	rouse_attn_park(&s->attn);
	/* as long as arming would take, or no time at all */
	if (s->parks % 2 == 0)
		loop_for(unit_random_below(&s->random, SHORT_LOOP));
	if (!rouse_attn_look(&s->attn)) {
		s->blocks++;
		epoll_wait(s->epoll, &event, 1, -1);
	}
	s->claims_seen += rouse_attn_unpark(&s->attn);
	audit(s);
}

static void
consume(struct sleeper *s)
{
	while (s->parks < PARKS) {
		uint32_t budget = unit_random_below(&s->random, SPIN_BUDGET);

		for (uint32_t spun = 0; spun <= budget; spun++)
			if (drain_marked(s) != 0)
				spun = 0;
		audit(s);
		park(s);
		if (s->parks % PARKS_A_DEADLINE == 0)
			unit_deadline();
		if (s->parks % POLL_EVERY == 0)
			poll_for_a_while(s);
	}
	rouse_attn_poll(&s->attn);
}

/* ---- the test ---- */

static void
make(struct sleeper *s)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	assert_int_equal(rouse_attn_init(&s->attn), 0);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_true(s->epoll >= 0);
	assert_int_equal(epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->attn.doorbell, &event), 0);
	for (uint8_t i = 0; i < RINGS; i++) {
		struct lane *l = &s->lanes[i];

		l->ring = rouse_evring_init(l->memory, CAPACITY);
		assert_non_null(l->ring);
		l->target = (struct rouse_attn_target){ .attn = &s->attn, .device = i, .ring = 9 };
		l->random = i + 1u;
	}
}

static void
no_wake_is_lost_in_200000_parks(void **state)
{
	struct sleeper *s = &sleeper;
	uint64_t rung = 0, doorbells = 0;

	make(s);
	unit_deadline();
	for (int i = 0; i < RINGS; i++)
		assert_int_equal(pthread_create(&s->lanes[i].producer, NULL, produce, &s->lanes[i]),
				 0);
	consume(s);
	atomic_store(&stop, true);
	for (int i = 0; i < RINGS; i++)
		pthread_join(s->lanes[i].producer, NULL);
	while (drain_all(s) != 0)
		;

	assert_int_equal(s->out_of_order, 0);
	assert_int_equal(s->unmarked, 0);
	for (int i = 0; i < RINGS; i++) {
		assert_int_equal(s->lanes[i].taken, s->lanes[i].sent);
		rung += s->lanes[i].rung;
	}
	/* each doorbell is one change from PARK to ATTEND, which the consumer came to see */
	assert_int_equal(rung, s->claims_seen);
	if (read(s->attn.doorbell, &doorbells, sizeof(doorbells)) < 0)
		doorbells = 0;
	assert_int_equal(doorbells, rung);
	assert_true(s->blocks <= s->parks && rung <= s->parks);
	print_message("# %u parks, %u blocked, %u doorbells\n", (unsigned int)s->parks,
		      (unsigned int)s->blocks, (unsigned int)rung);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_is_lost_in_200000_parks),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
