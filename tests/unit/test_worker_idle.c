/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The idle form: a loop of the application's own, whose rounds are steps of the park protocol. An
 * event comes in each window between two of them, on a queue whose producer sets bits and on one
 * with an interrupt that forgets what came before it was armed. One that is missed keeps the worker
 * asleep until the test's timer wakes it, and that is a failure.
 */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "unit.h"
#include "worker_mock.h"

#define TIMER_S	   5
#define MARKED	   0 /* a port whose producer sets bits */
#define PLAIN	   1 /* one with interrupts */
#define BURST	   32
#define MAX_ROUNDS 8 /* more than it takes to come to rest */

static struct rouse_worker worker, *const w = &worker;

/* ---- windows ---- */

static enum rouse_window event_at;
static unsigned int events_left, passes_before;
static uint16_t event_port;
static enum rouse_window change_at; /* where PLAIN changes; ROUSE_NB_WINDOWS: nowhere */

void rouse_window(enum rouse_window window);

static void
event(uint16_t port)
{
	mock_deliver(port, 0, 0);
	if (port == MARKED)
		mock_signal(port, 0);
	else
		mock_interrupt(port, 0);
}

static void *
change_port(void *arg)
{
	mock_restart(PLAIN);
	worker_port_renew(PLAIN);
	return NULL;
}

void
rouse_window(enum rouse_window window)
{
	if (window == change_at) {
		change_at = ROUSE_NB_WINDOWS;
		change_port(NULL);
	}
	if (window != event_at || events_left == 0)
		return;
	if (passes_before > 0) {
		passes_before--;
		return;
	}
	events_left--;
	event(event_port);
}

/* ---- the application ---- */

static uint64_t
count_of(const rouse_counter *c)
{
	return rouse_counter_get(c);
}

static uint32_t
poll_queues(void)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t n = rte_eth_rx_burst(MARKED, 0, pkts, BURST);

	return n + rte_eth_rx_burst(PLAIN, 0, pkts, BURST);
}

/* The end of a round. If nothing wakes the worker, the timer does. */
static void
call_in(uint32_t found)
{
	const struct itimerspec in = { .it_value.tv_sec = TIMER_S };

	timerfd_settime(w->timer, 0, &in, NULL);
	assert_true(rouse_worker_idle(w, found));
}

static uint32_t
round_of_application(void)
{
	uint32_t n = poll_queues();

	call_in(n);
	/* nothing else ends its sleep */
	assert_int_equal(count_of(&w->stats.timer_wakes), 0);
	return n;
}

/* Rounds until the worker is about to sleep for want of work: the next one would block. */
static void
go_on_until_parking(void)
{
	for (unsigned int i = 0; !w->is_parking; i++) {
		assert_true(i < MAX_ROUNDS);
		assert_int_equal(round_of_application(), 0);
	}
}

static int
make(void **state)
{
	struct epoll_event timer = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_TIMER };

	events_left = passes_before = 0;
	change_at = ROUSE_NB_WINDOWS;
	mock_init();
	mock_make_plain(PLAIN);
	mock_worker_init(w);
	assert_int_equal(epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &timer), 0);
	w->conf.mode = ROUSE_WORKER_INTERRUPT;
	return 0;
}

static int
make_both(void **state)
{
	make(state);
	assert_int_equal(rouse_worker_ethdev_watch(w, MARKED, 0, NULL), 0);
	assert_int_equal(rouse_worker_ethdev_watch(w, PLAIN, 0, NULL), 0);
	go_on_until_parking();
	return 0;
}

static int
make_marked(void **state)
{
	make(state);
	assert_int_equal(rouse_worker_ethdev_watch(w, MARKED, 0, NULL), 0);
	call_in(0);
	return 0;
}

/* The same, and the port's changes reach the worker. */
static int
make_asked(void **state)
{
	make(state);
	mock_give_inbox(w);
	worker_enlist(w);
	assert_int_equal(rouse_worker_ethdev_watch(w, MARKED, 0, NULL), 0);
	assert_int_equal(rouse_worker_ethdev_watch(w, PLAIN, 0, NULL), 0);
	go_on_until_parking();
	return 0;
}

static int
destroy(void **state)
{
	rouse_worker_leave(w);
	mock_worker_fini(w);
	mock_fini();
	return 0;
}

static int
destroy_asked(void **state)
{
	worker_delist(w);
	return destroy(state);
}

/* ---- events ---- */

/* One event, in a window or when that is passed for the second time. */
static void
check_window(enum rouse_window window, unsigned int passes)
{
	uint32_t found = 0;

	if (w->is_parking)
		worker_give_up_parking(w);
	event_at = window;
	passes_before = passes - 1;
	events_left = 1;
	while (found == 0)
		found += round_of_application();
	assert_int_equal(found, 1);
	assert_int_equal(events_left, 0);
	go_on_until_parking();
}

static void
an_event_in_any_window_of_the_way_to_sleep_reaches_the_application(void **state)
{
	for (event_port = MARKED; event_port <= PLAIN; event_port++) {
		for (enum rouse_window at = ROUSE_WINDOW_C_PARKING; at <= ROUSE_WINDOW_C_LOOKED;
		     at++)
			check_window(at, 1);
		/* the look when it arms, and the one before it blocks */
		check_window(ROUSE_WINDOW_C_ARMED, 2);
		check_window(ROUSE_WINDOW_C_LOOK, 2);
	}
	assert_int_equal(count_of(&w->stats.rescues), 0);
}

static void
what_comes_between_arming_and_the_second_look_ends_the_attempt(void **state)
{
	for (uint16_t port = MARKED; port <= PLAIN; port++) {
		uint64_t hits = count_of(&w->stats.recheck_hits);

		event(port);
		assert_int_equal(round_of_application(), 1);
		assert_int_equal(count_of(&w->stats.recheck_hits), hits + 1);
		go_on_until_parking();
	}
	assert_int_equal(count_of(&w->stats.blocks), 0);
}

/* The interrupt forgets what came before it was armed: only the application's look finds it. */
static void
what_came_before_arming_is_found_by_the_application(void **state)
{
	event_port = PLAIN;
	worker_give_up_parking(w);
	event_at = ROUSE_WINDOW_C_PARKING;
	events_left = 1;
	assert_int_equal(round_of_application(), 0);
	assert_int_equal(events_left, 0);
	assert_int_equal(round_of_application(), 1);
	assert_int_equal(count_of(&w->stats.blocks), 0);
	assert_true(count_of(&w->stats.recheck_hits) == 1);
}

static void
what_comes_after_the_second_look_ends_the_sleep(void **state)
{
	for (uint16_t port = MARKED; port <= PLAIN; port++) {
		uint32_t n = poll_queues();

		assert_int_equal(n, 0);
		event(port);
		/* a bit is seen before it blocks; an interrupt has set its eventfd */
		call_in(n);
		assert_int_equal(poll_queues(), 1);
		call_in(1);
		go_on_until_parking();
	}
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 1);
	/* its eventfd is ready since the event that was seen before blocking */
	assert_int_equal(count_of(&w->stats.doorbell_wakes), 1);
	assert_int_equal(count_of(&w->stats.spurious_wakes), 0);
	assert_int_equal(count_of(&w->stats.rescues), 0);
}

static void
a_wake_that_finds_nothing_is_spurious_once_the_application_has_looked(void **state)
{
	assert_int_equal(poll_queues(), 0);
	mock_interrupt(PLAIN, 0);
	call_in(0);
	assert_int_equal(count_of(&w->stats.wakes), 1);
	assert_int_equal(count_of(&w->stats.spurious_wakes), 0);
	go_on_until_parking();
	assert_int_equal(count_of(&w->stats.spurious_wakes), 1);
}

/* Two queues with one eventfd, of which one goes. */
static void
a_queue_keeps_the_interrupt_that_another_one_shared(void **state)
{
	struct mock_queue *queues = mock_ports[PLAIN].queues;

	close(queues[1].fd);
	queues[1].fd = queues[0].fd;
	assert_int_equal(rouse_worker_ethdev_watch(w, PLAIN, 0, NULL), 0);
	assert_int_equal(rouse_worker_ethdev_watch(w, PLAIN, 1, NULL), 0);
	assert_int_equal(rouse_worker_ethdev_remove(w, PLAIN, 1), 0);
	queues[1].fd = -1;
	go_on_until_parking();
	assert_int_equal(poll_queues(), 0);
	event(PLAIN);
	call_in(0);
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 1);
	assert_int_equal(count_of(&w->stats.timer_wakes), 0);
	assert_int_equal(poll_queues(), 1);
}

/* ---- ports that change ---- */

/* Another thread says so, which may be EAL's: it does not wait until the application calls in. */
static void
change_by_another_thread(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, change_port, NULL), 0);
	pthread_join(thread, NULL);
}

static void
assert_woken_by_interrupt(void)
{
	uint64_t wakes = count_of(&w->stats.interrupt_wakes);

	go_on_until_parking();
	assert_int_equal(poll_queues(), 0);
	event(PLAIN);
	call_in(0);
	assert_int_equal(count_of(&w->stats.interrupt_wakes), wakes + 1);
	assert_int_equal(count_of(&w->stats.timer_wakes), 0);
	assert_int_equal(poll_queues(), 1);
}

/* The application did not say where it looks whether it may poll; it need not. */
static void
a_port_that_changes_is_waited_for_by_its_new_interrupt(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		change_by_another_thread();
		assert_int_equal(round_of_application(), 0);
		assert_woken_by_interrupt();
		go_on_until_parking();
	}
	assert_int_equal(count_of(&w->stats.rescues), 0);
}

static void
a_change_in_any_window_of_the_way_to_sleep_is_seen(void **state)
{
	for (enum rouse_window at = ROUSE_WINDOW_C_NOTHING; at <= ROUSE_WINDOW_C_UNPARKED; at++) {
		if (at == ROUSE_WINDOW_C_DRAINED)
			continue; /* nothing is */
		if (w->is_parking)
			worker_give_up_parking(w);
		change_at = at;
		/* what ends the sleep where no change does */
		event_at = ROUSE_WINDOW_C_LOOKED;
		event_port = MARKED;
		passes_before = 0;
		events_left = at > ROUSE_WINDOW_C_LOOKED;
		for (unsigned int i = 0; change_at == at; i++) {
			assert_true(i < MAX_ROUNDS);
			if (at == ROUSE_WINDOW_C_WORD || at == ROUSE_WINDOW_C_DETAIL)
				event(MARKED);
			round_of_application();
		}
		while (poll_queues() != 0)
			;
		assert_woken_by_interrupt();
	}
	assert_int_equal(count_of(&w->stats.rescues), 0);
}

/* A control thread may be changing the queue. The worker does not wait for it, and looks meanwhile.
 */
static void
a_change_that_cannot_be_looked_at_yet_limits_the_sleep(void **state)
{
	w->conf.timed_us = 1000;
	pthread_mutex_lock(&w->control);
	change_by_another_thread();
	for (unsigned int i = 0; count_of(&w->stats.timer_wakes) == 0; i++) {
		assert_true(i < MAX_ROUNDS);
		call_in(poll_queues());
	}
	mock_deliver(PLAIN, 0, 0);
	assert_int_equal(poll_queues(), 1);
	pthread_mutex_unlock(&w->control);
	call_in(1);
	assert_false(w->is_renewal_due);
	atomic_store(&w->stats.timer_wakes, 0);
	assert_woken_by_interrupt();
}

static void *
restart_and_resume(void *arg)
{
	mock_restart(PLAIN);
	*(int *)arg = rouse_worker_port_resume(PLAIN);
	return NULL;
}

/* An application that waits until its port has stopped and started does not call in meanwhile. */
static void
a_resume_does_not_wait_for_an_application_that_was_not_asked_and_is_heard(void **state)
{
	eth_rx_burst_t burst = rte_eth_fp_ops[PLAIN].rx_pkt_burst;
	pthread_t control;
	int ret;

	for (unsigned int i = 0; i < 3; i++) {
		ret = -1;
		assert_int_equal(pthread_create(&control, NULL, restart_and_resume, &ret), 0);
		pthread_join(control, NULL);
		assert_int_equal(ret, 0);
		assert_int_equal(round_of_application(), 0);
		assert_woken_by_interrupt();
		go_on_until_parking();
	}
	/* as ethdev leaves a port that is stopped */
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = rte_eth_fp_ops[RTE_MAX_ETHPORTS - 1].rx_pkt_burst;
	assert_int_equal(pthread_create(&control, NULL, restart_and_resume, &ret), 0);
	pthread_join(control, NULL);
	assert_int_equal(ret, -ENETDOWN);
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = burst;
}

static void
a_port_of_which_it_has_no_queue_does_not_concern_the_worker(void **state)
{
	worker_port_renew(MARKED); /* its producer tells */
	worker_port_renew(PLAIN + 1);
	assert_int_equal(atomic_load(&w->attn.word), 0);
	worker_port_renew(PLAIN);
	assert_int_not_equal(atomic_load(&w->attn.word), 0);
}

/* ---- the steps between ---- */

static void
a_bit_of_a_watched_queue_keeps_the_worker_awake_until_it_was_polled(void **state)
{
	uint64_t parks = count_of(&w->stats.parks);

	event(MARKED);
	call_in(0);
	assert_int_equal(atomic_load(&w->attn.word), 0);
	assert_int_equal(count_of(&w->stats.parks), parks);
	assert_int_equal(poll_queues(), 1);
}

/* What came in state POLL has no bit: the application's round after it is the full round. */
static void
the_call_from_poll_to_attend_does_not_park(void **state)
{
	w->policy.mode = ROUSE_WORKER_HYBRID;
	while (w->state != ROUSE_ATTN_POLL)
		call_in(1);
	for (;;) {
		uint64_t parks = count_of(&w->stats.parks);

		call_in(0);
		if (w->state != ROUSE_ATTN_POLL) {
			assert_int_equal(count_of(&w->stats.parks), parks);
			break;
		}
		event(MARKED);
		assert_int_equal(atomic_load(&w->attn.word), 0);
		assert_int_equal(poll_queues(), 1);
	}
}

static void
a_queue_without_buffers_limits_the_sleep(void **state)
{
	mock_ports[MARKED].queues[0].is_dry = true;
	w->conf.mode = ROUSE_WORKER_INTERRUPT;
	while (count_of(&w->stats.wakes) == 0)
		call_in(poll_queues());
	assert_int_equal(count_of(&w->stats.starved), 1);
	assert_int_equal(count_of(&w->stats.timer_wakes), 1);
}

/* ---- ports that stop ---- */

static void
the_application_is_told_when_it_may_poll(void **state)
{
	bool may_poll = false;

	worker_enlist(w);
	assert_int_equal(rouse_worker_ethdev_watch(w, PLAIN, 0, &may_poll), 0);
	assert_true(may_poll);
	assert_int_equal(rouse_worker_port_pause(PLAIN), 0);
	assert_false(may_poll);
	assert_int_equal(rouse_worker_port_resume(PLAIN), 0);
	assert_true(may_poll);
	assert_int_equal(rouse_worker_ethdev_remove(w, PLAIN, 0), 0);
	assert_false(may_poll);
	worker_delist(w);
}

static void *
pause_plain(void *arg)
{
	*(int *)arg = rouse_worker_port_pause(PLAIN);
	return NULL;
}

static void
a_port_that_is_polled_unasked_cannot_be_paused(void **state)
{
	pthread_t control;
	int ret = 0;

	worker_enlist(w);
	assert_int_equal(rouse_worker_port_pause(PLAIN), -EDEADLK);
	assert_int_equal(pthread_create(&control, NULL, pause_plain, &ret), 0);
	pthread_join(control, NULL);
	assert_int_equal(ret, -EBUSY);
	worker_delist(w);
	assert_int_equal(w->watched.nb, 2);
}

static void
a_watched_queue_is_refused_in_the_run_form(void **state)
{
	assert_int_equal(rouse_worker_ethdev_watch(w, MARKED, 0, NULL), 0);
	assert_int_equal(rouse_worker_run(w), -EINVAL);
	assert_false(atomic_load(&w->running));
}

static unsigned int nb_misused;

static void
idle_and_leave(struct rouse_worker *worker_of_message, void *arg)
{
	nb_misused++;
	assert_false(rouse_worker_idle(w, 0));
	rouse_worker_leave(w);
	assert_true(atomic_load(&w->running));
}

static void
stop(struct rouse_worker *worker_of_message, void *arg)
{
	rouse_worker_stop(w);
}

/* Within rouse_worker_idle() as within rouse_worker_run(); in the first round, too. */
static void
a_handler_neither_idles_nor_leaves(void **state)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1000000 };

	nb_misused = 0;
	mock_give_inbox(w);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(rouse_worker_post(w, idle_and_leave, NULL), 0);
		/* the first call finds nothing after its first round, and sleeps */
		timerfd_settime(w->timer, 0, &soon, NULL);
		assert_true(rouse_worker_idle(w, 0));
		assert_int_equal(nb_misused, i);
		assert_true(atomic_load(&w->running));
	}
	rouse_worker_leave(w);
	assert_false(atomic_load(&w->running));
	assert_int_equal(rouse_worker_post(w, idle_and_leave, NULL), 0);
	assert_int_equal(rouse_worker_post(w, stop, NULL), 0);
	assert_int_equal(rouse_worker_run(w), 0);
	assert_int_equal(nb_misused, 4);
	assert_false(atomic_load(&w->running));
}

#define TEST(name)	  cmocka_unit_test_setup_teardown(name, make, destroy)
#define TEST_BOTH(name)	  cmocka_unit_test_setup_teardown(name, make_both, destroy)
#define TEST_ASKED(name)  cmocka_unit_test_setup_teardown(name, make_asked, destroy_asked)
#define TEST_MARKED(name) cmocka_unit_test_setup_teardown(name, make_marked, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(an_event_in_any_window_of_the_way_to_sleep_reaches_the_application),
		TEST_BOTH(what_comes_between_arming_and_the_second_look_ends_the_attempt),
		TEST_BOTH(what_came_before_arming_is_found_by_the_application),
		TEST_BOTH(what_comes_after_the_second_look_ends_the_sleep),
		TEST_BOTH(a_wake_that_finds_nothing_is_spurious_once_the_application_has_looked),
		TEST(a_queue_keeps_the_interrupt_that_another_one_shared),
		TEST_ASKED(a_port_that_changes_is_waited_for_by_its_new_interrupt),
		TEST_ASKED(a_change_in_any_window_of_the_way_to_sleep_is_seen),
		TEST_ASKED(a_change_that_cannot_be_looked_at_yet_limits_the_sleep),
		TEST_ASKED(
			a_resume_does_not_wait_for_an_application_that_was_not_asked_and_is_heard),
		TEST_ASKED(a_port_of_which_it_has_no_queue_does_not_concern_the_worker),
		TEST_MARKED(a_bit_of_a_watched_queue_keeps_the_worker_awake_until_it_was_polled),
		TEST_MARKED(the_call_from_poll_to_attend_does_not_park),
		TEST_MARKED(a_queue_without_buffers_limits_the_sleep),
		TEST(the_application_is_told_when_it_may_poll),
		TEST_BOTH(a_port_that_is_polled_unasked_cannot_be_paused),
		TEST(a_watched_queue_is_refused_in_the_run_form),
		TEST(a_handler_neither_idles_nor_leaves),
	};

	return UNIT_RUN(tests);
}
