/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker's rounds and its way to sleep, with an event in each window: one that it misses keeps
 * it asleep until the test's timer wakes it, and that is a failure.
 */

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_cycles.h>

#include "unit.h"
#include "worker_mock.h"

#define TIMER_S 20

static struct rouse_worker worker, *const w = &worker;
static struct mock_queue *queue;

/* ---- windows ---- */

static enum rouse_window event_at;
static unsigned int events_left;

void rouse_window(enum rouse_window window);

static enum rouse_window stop_at = ROUSE_NB_WINDOWS; /* nowhere */

void
rouse_window(enum rouse_window window)
{
	if (window == stop_at && !worker_shall_stop(w))
		rouse_worker_stop(w);
	if (window != event_at || events_left == 0)
		return;
	events_left--;
	mock_deliver(0, 0, 0);
	mock_signal(0, 0);
}

static int
make(void **state)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_TIMER };

	events_left = 0;
	mock_init();
	mock_worker_init(w);
	queue = &mock_ports[0].queues[0];
	assert_int_equal(epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &event), 0);
	assert_int_equal(mock_add(w, 0, 0), 0);
	worker_enter_attend(w);
	worker_attend(w);
	queue->visits = queue->taken = 0;
	return 0;
}

static int
destroy(void **state)
{
	mock_worker_fini(w);
	mock_fini();
	return 0;
}

static void
let_an_event_come_at(enum rouse_window window)
{
	event_at = window;
	events_left = 1;
}

static void
park(void)
{
	const struct itimerspec in = { .it_value.tv_sec = TIMER_S };

	timerfd_settime(w->timer, 0, &in, NULL);
	worker_park(w);
}

/* ---- rounds ---- */

static void
what_came_while_it_polled_is_found_on_the_way_to_attend(void **state)
{
	rouse_attn_poll(&w->attn);
	mock_deliver(0, 0, 0);
	mock_signal(0, 0);
	assert_true(atomic_load(&w->attn.word) == 0);
	worker_enter_attend(w);
	assert_int_equal(queue->taken, 1);
	assert_int_equal(atomic_load(&w->attn.state), ROUSE_ATTN_ATTEND);
}

static void
an_event_in_any_window_on_the_way_to_attend_is_found(void **state)
{
	for (enum rouse_window at = ROUSE_WINDOW_C_ATTEND; at <= ROUSE_WINDOW_C_DRAINED; at++) {
		unsigned int before = queue->taken;

		rouse_attn_poll(&w->attn);
		let_an_event_come_at(at);
		worker_enter_attend(w);
		worker_attend(w);
		worker_attend(w);
		assert_int_equal(queue->taken, before + 1 - events_left);
	}
}

static void
an_event_in_any_window_of_a_round_is_found(void **state)
{
	static const enum rouse_window windows[] = {
		ROUSE_WINDOW_C_NOTHING,
		ROUSE_WINDOW_C_WORD,
		ROUSE_WINDOW_C_DETAIL,
		ROUSE_WINDOW_C_DRAINED,
	};

	for (unsigned int i = 0; i < UNIT_DIM(windows); i++) {
		unsigned int before = queue->taken;

		if (windows[i] != ROUSE_WINDOW_C_NOTHING) {
			mock_deliver(0, 0, 0);
			mock_signal(0, 0);
			before++;
		}
		let_an_event_come_at(windows[i]);
		worker_attend(w);
		assert_int_equal(events_left, 0);
		worker_attend(w);
		assert_int_equal(queue->taken, before + 1);
	}
}

/* ---- sleep ---- */

static void
an_event_in_any_window_of_the_way_to_sleep_is_found(void **state)
{
	for (enum rouse_window at = ROUSE_WINDOW_C_PARKING; at <= ROUSE_WINDOW_C_LOOKED; at++) {
		unsigned int before = queue->taken;
		uint64_t hits = rouse_counter_get(&w->stats.recheck_hits);

		let_an_event_come_at(at);
		park();
		assert_int_equal(events_left, 0);
		/* it did not block if the event was there before the look */
		assert_int_equal(rouse_counter_get(&w->stats.recheck_hits),
				 hits + (at != ROUSE_WINDOW_C_LOOKED));
		worker_attend(w);
		assert_int_equal(queue->taken, before + 1);
		assert_int_equal(atomic_load(&w->attn.state), ROUSE_ATTN_ATTEND);
	}
	assert_int_equal(rouse_counter_get(&w->stats.timer_wakes), 0);
	assert_int_equal(rouse_counter_get(&w->stats.wakes), 1);
	assert_int_equal(rouse_counter_get(&w->stats.rescues), 0);
}

#define BURNT_TSC 1000000

static void
burn(void *arg)
{
	uint64_t begin = rte_rdtsc();

	while (rte_rdtsc() - begin < BURNT_TSC)
		;
}

static void
what_the_application_does_before_a_sleep_is_no_sleep(void **state)
{
	uint64_t before = rouse_counter_get(&w->stats.spin_tsc);

	w->conf.before_sleep = burn;
	let_an_event_come_at(ROUSE_WINDOW_C_LOOKED);
	park();
	assert_int_equal(rouse_counter_get(&w->stats.wakes), 1);
	assert_true(rouse_counter_get(&w->stats.spin_tsc) - before >= BURNT_TSC);
}

/* It has no entry: whoever takes its bit finds nothing. */
static void
a_stop_at_any_time_before_the_sleep_is_heard(void **state)
{
	const struct itimerspec late = { .it_value.tv_sec = TIMER_S };

	mock_give_inbox(w);
	worker_attend(w);
	policy_init(&w->policy, ROUSE_WORKER_INTERRUPT, 0, 0);
	timerfd_settime(w->timer, 0, &late, NULL);
	/* right after the loop looked: this step takes the bit */
	rouse_worker_stop(w);
	worker_step(w, 0);
	assert_true(worker_shall_stop(w));
	for (stop_at = ROUSE_WINDOW_C_PARKING; stop_at <= ROUSE_WINDOW_C_LOOKED; stop_at++) {
		atomic_store(&w->stop_wanted, false);
		worker_attend(w);
		worker_park(w);
		assert_true(worker_shall_stop(w));
	}
	stop_at = ROUSE_NB_WINDOWS;
	assert_int_equal(rouse_counter_get(&w->stats.timer_wakes), 0);
}

static void
see_sleep(void *arg)
{
	uint64_t asleep = worker_asleep_tsc(w, rte_rdtsc());

	assert_true(asleep >= *(uint64_t *)arg);
	*(uint64_t *)arg = asleep;
}

static void
for_readers_the_time_asleep_only_grows(void **state)
{
	uint64_t seen = 0;

	w->conf.before_sleep = w->conf.after_sleep = see_sleep;
	w->conf.hook_arg = &seen;
	for (unsigned int i = 0; i < 3; i++) {
		let_an_event_come_at(ROUSE_WINDOW_C_LOOKED);
		park();
		assert_true(worker_asleep_tsc(w, rte_rdtsc()) >= seen);
		see_sleep(&seen);
		worker_attend(w);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_came_while_it_polled_is_found_on_the_way_to_attend),
		TEST(an_event_in_any_window_on_the_way_to_attend_is_found),
		TEST(an_event_in_any_window_of_a_round_is_found),
		TEST(an_event_in_any_window_of_the_way_to_sleep_is_found),
		TEST(what_the_application_does_before_a_sleep_is_no_sleep),
		TEST(for_readers_the_time_asleep_only_grows),
		TEST(a_stop_at_any_time_before_the_sleep_is_heard),
	};

	return UNIT_RUN(tests);
}
