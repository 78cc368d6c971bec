/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The park protocol, step by step: compiled with its windows open, one side runs to its end inside
 * every window of the other, and a second producer inside every window of that. Whatever the
 * order, every entry must be consumed before the consumer sleeps for good. One thread, no chance:
 * what this cannot show is a missing fence.
 */

#include <string.h>

#include <rouse_attn.h>

#include "unit.h"

#define RINGS	  2
#define CAPACITY  8
#define NO_WINDOW ROUSE_NB_WINDOWS

enum start {
	START_POLL,   /* it polls, and goes to sleep when it runs */
	START_ATTEND, /* it attends, and goes to sleep when it runs */
	START_PARK,   /* it sleeps; when it runs it was woken by something else, a timer perhaps */
	NB_STARTS,
};

static alignas(ROUSE_CACHE_LINE) uint8_t memory[RINGS][1024];
static struct rouse_attn attn;
static struct rouse_evring *rings[RINGS];
static struct rouse_attn_target targets[RINGS];

/* What happened in one scenario. */
static uint64_t posted[RINGS], taken[RINGS];
static unsigned int nb_rung, nb_claims_seen;
static enum start start;
static bool wrong_order;

/* ---- windows ---- */

/* What runs in which window; the second only inside the first. */
static struct {
	enum rouse_window at;
	void (*run)(void);
} hooks[2];
static unsigned int next_hook;

void rouse_window(enum rouse_window window);

void
rouse_window(enum rouse_window window)
{
	if (next_hook < UNIT_DIM(hooks) && hooks[next_hook].run != NULL &&
	    hooks[next_hook].at == window)
		hooks[next_hook++].run();
}

/* ---- the producers ---- */

static void
post_and_signal(unsigned int ring)
{
	struct rouse_event e = { .data = posted[ring] };

	assert_true(rouse_evring_post(rings[ring], &e));
	posted[ring]++;
	nb_rung += rouse_attn_signal(&targets[ring], 1);
	rouse_evring_settle(rings[ring]);
}

static void
run_first_producer(void)
{
	post_and_signal(0);
}

static void
run_second_producer(void)
{
	post_and_signal(1);
}

/* ---- the consumer ---- */

/* At most one entry, so that what is left needs a bit. */
static uint32_t
drain(unsigned int ring)
{
	struct rouse_evring *r = rings[ring];

	if (rouse_evring_peek(r, 1) == 0)
		return 0;
	wrong_order |= rouse_evring_entry(r, 0)->data != taken[ring];
	taken[ring]++;
	rouse_evring_advance(r, 1);
	ROUSE_WINDOW(C_DRAINED);
	if (rouse_evring_peek(r, 1) != 0)
		rouse_attn_mark_own(&targets[ring]);
	return 1;
}

static uint32_t
drain_marked(void)
{
	uint32_t found = 0;

	for (uint64_t word = rouse_attn_take(&attn); word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);
		uint64_t bits = rouse_attn_take_detail(&attn, device);

		for (unsigned int ring = 0; ring < RINGS; ring++)
			if (targets[ring].device == device && (bits >> targets[ring].ring & 1) != 0)
				found += drain(ring);
	}
	return found;
}

static void
unpark(void)
{
	nb_claims_seen += rouse_attn_unpark(&attn);
	ROUSE_WINDOW(C_UNPARKED);
}

/* From ATTEND until it blocks. */
static void
run_until_blocked(void)
{
	for (;;) {
		while (drain_marked() != 0)
			;
		rouse_attn_park(&attn);
		if (!rouse_attn_look(&attn))
			break;
		unpark();
	}
	ROUSE_WINDOW(C_LOOKED);
}

static bool
was_rung(void)
{
	uint64_t n;

	return read(attn.doorbell, &n, sizeof(n)) == sizeof(n);
}

/* What the consumer does by itself. */
static void
run_consumer(void)
{
	if (start == START_POLL) {
		rouse_attn_attend(&attn);
		for (unsigned int ring = 0; ring < RINGS; ring++)
			drain(ring);
	} else if (start == START_PARK) {
		ROUSE_WINDOW(C_WOKEN);
		unpark();
	}
	run_until_blocked();
}

/* ---- scenarios ---- */

static void
begin(enum start at, bool same_device, unsigned int waiting)
{
	assert_int_equal(rouse_attn_init(&attn), 0);
	memset(hooks, 0, sizeof(hooks));
	next_hook = nb_rung = nb_claims_seen = 0;
	start = at;
	for (unsigned int ring = 0; ring < RINGS; ring++) {
		rings[ring] = rouse_evring_init(memory[ring], CAPACITY);
		targets[ring] = (struct rouse_attn_target){
			.attn = &attn,
			.device = same_device ? 7 : (uint8_t)(7 + ring),
			.ring = (uint8_t)(60 + ring),
		};
		posted[ring] = taken[ring] = 0;
	}
	if (start == START_POLL)
		rouse_attn_poll(&attn);
	else if (start == START_PARK)
		run_until_blocked();
	/* entries that are there already; the consumer, if it sleeps, is just being woken */
	for (unsigned int i = 0; i < waiting; i++)
		post_and_signal(i % RINGS);
}

/* What of the hooks found no window happens now; then the consumer until it sleeps for good. */
static void
finish(void)
{
	while (next_hook < UNIT_DIM(hooks) && hooks[next_hook].run != NULL)
		hooks[next_hook++].run();
	while (was_rung()) {
		unpark();
		run_until_blocked();
	}
	for (unsigned int ring = 0; ring < RINGS; ring++) {
		assert_int_equal(taken[ring], posted[ring]);
		assert_int_equal(rouse_evring_owed(rings[ring]), 0);
		assert_true(atomic_load(&attn.detail[targets[ring].device]) == 0);
	}
	assert_false(wrong_order);
	assert_true(atomic_load(&attn.word) == 0);
	assert_int_equal(atomic_load(&attn.state), ROUSE_ATTN_PARK);
	/* each doorbell is one change from PARK to ATTEND that the consumer came to see */
	assert_int_equal(nb_rung, nb_claims_seen);
	rouse_attn_fini(&attn);
}

static void
first_hook(enum rouse_window at, void (*run)(void))
{
	hooks[0].at = at;
	hooks[0].run = run;
}

static void
second_hook(enum rouse_window at, void (*run)(void))
{
	hooks[1].at = at;
	hooks[1].run = run;
}

/* Every start, rings of one device and of two, up to three entries that wait already. */
#define FOR_EACH_START(at, same, waiting)                                                          \
	for (enum start at = 0; at < NB_STARTS; at++)                                              \
		for (int same = 0; same <= 1; same++)                                              \
			for (unsigned int waiting = 0; waiting <= 3; waiting++)

static void
no_entry_is_lost_when_the_consumer_sleeps_within_a_signal(void **state)
{
	FOR_EACH_START(at, same, waiting)
	{
		for (enum rouse_window w = 0; w < NO_WINDOW; w++) {
			begin(at, same, waiting);
			first_hook(w, run_consumer);
			run_first_producer();
			finish();
		}
	}
}

static void
no_entry_is_lost_when_a_signal_comes_while_the_consumer_goes_to_sleep(void **state)
{
	FOR_EACH_START(at, same, waiting)
	{
		for (enum rouse_window w = 0; w < NO_WINDOW; w++) {
			begin(at, same, waiting);
			first_hook(w, run_first_producer);
			run_consumer();
			finish();
		}
	}
}

static void
no_entry_is_lost_when_a_second_producer_joins_anywhere(void **state)
{
	FOR_EACH_START(at, same, waiting)
	{
		for (enum rouse_window w = 0; w < NO_WINDOW; w++) {
			for (enum rouse_window v = 0; v < NO_WINDOW; v++) {
				begin(at, same, waiting);
				first_hook(w, run_consumer);
				second_hook(v, run_second_producer);
				run_first_producer();
				finish();

				begin(at, same, waiting);
				first_hook(w, run_first_producer);
				second_hook(v, run_second_producer);
				run_consumer();
				finish();

				begin(at, same, waiting);
				first_hook(w, run_second_producer);
				second_hook(v, run_consumer);
				run_first_producer();
				finish();
			}
		}
	}
}

static void
one_of_two_producers_rings_a_sleeper_wherever_they_meet(void **state)
{
	for (enum rouse_window w = 0; w < NO_WINDOW; w++) {
		begin(START_PARK, true, 0);
		first_hook(w, run_second_producer);
		run_first_producer();
		if (next_hook == 1)
			assert_int_equal(nb_rung, 1);
		finish();
	}
}

/* ---- the order of the steps themselves ---- */

static uint64_t word_seen, detail_seen;
static uint32_t state_seen;

static void
see(void)
{
	word_seen = atomic_load(&attn.word);
	detail_seen = atomic_load(&attn.detail[targets[0].device]);
	state_seen = atomic_load(&attn.state);
}

static void
see_at(enum rouse_window w)
{
	begin(START_PARK, true, 0);
	first_hook(w, see);
	run_first_producer();
	assert_int_equal(next_hook, 1);
	finish();
}

static void
the_detail_bit_comes_before_the_attention_bit_and_both_before_the_state(void **state)
{
	see_at(ROUSE_WINDOW_P_STATE);
	assert_true(detail_seen == 0 && word_seen == 0 && state_seen == ROUSE_ATTN_PARK);
	see_at(ROUSE_WINDOW_P_DETAIL);
	assert_true(detail_seen != 0 && word_seen == 0 && state_seen == ROUSE_ATTN_PARK);
	see_at(ROUSE_WINDOW_P_MARKED);
	assert_true(detail_seen != 0 && word_seen != 0 && state_seen == ROUSE_ATTN_PARK);
	see_at(ROUSE_WINDOW_P_CLAIMED);
	assert_true(detail_seen != 0 && word_seen != 0 && state_seen == ROUSE_ATTN_ATTEND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_entry_is_lost_when_the_consumer_sleeps_within_a_signal),
		cmocka_unit_test(
			no_entry_is_lost_when_a_signal_comes_while_the_consumer_goes_to_sleep),
		cmocka_unit_test(no_entry_is_lost_when_a_second_producer_joins_anywhere),
		cmocka_unit_test(one_of_two_producers_rings_a_sleeper_wherever_they_meet),
		cmocka_unit_test(
			the_detail_bit_comes_before_the_attention_bit_and_both_before_the_state),
	};

	return UNIT_RUN(tests);
}
