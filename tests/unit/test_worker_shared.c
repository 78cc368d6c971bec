/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues that share an interrupt, because the device has fewer vectors, in one worker and in
 * several. The device's mask is the vector's, it forgets what comes while it is masked, and the bit
 * of a vector is that of its first queue. No packet may wait: a worker that sleeps is woken.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_ethdev.h>

#include "unit.h"
#include "worker_mock.h"

#define PORT	   0 /* of the device; queues 2 to 7 share vector 2 */
#define NB_VECTORS 3
#define MARKED	   1  /* a port whose producer sets bits */
#define LATE_S	   20 /* then a worker that should have been woken is, and the test fails */

static struct rouse_worker workers[2], *const w = &workers[0], *const other = &workers[1];

/* ---- what is logged ---- */

static FILE *log_file;
static char *log_text;
static size_t log_len;

/* ---- workers that sleep ---- */

static void (*meanwhile[2])(void); /* of each worker: when it is about to block, once */

static void
before_sleep(void *arg)
{
	void (**at)(void) = arg, (*now)(void) = *at;

	*at = NULL;
	if (now != NULL)
		now();
}

static uint64_t
count_of(const rouse_counter *c)
{
	return rouse_counter_get(c);
}

/* One sleep, while this happens, that ends by something other than the test's timer. */
static void
sleep_while(struct rouse_worker *worker, void (*happens)(void))
{
	const struct itimerspec late = { .it_value.tv_sec = LATE_S };
	uint64_t wakes = count_of(&worker->stats.wakes);

	timerfd_settime(worker->timer, 0, &late, NULL);
	worker_attend(worker);
	meanwhile[worker - workers] = happens;
	worker_park(worker);
	assert_null(meanwhile[worker - workers]);
	assert_int_equal(count_of(&worker->stats.wakes), wakes + 1);
	assert_int_equal(count_of(&worker->stats.timer_wakes), 0);
	assert_int_equal(count_of(&worker->stats.rescues), 0);
}

static int
make(void **state)
{
	struct epoll_event timer = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_TIMER };

	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
	mock_init();
	mock_make_shared(PORT, NB_VECTORS);
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++) {
		mock_worker_init(&workers[i]);
		workers[i].conf.before_sleep = before_sleep;
		workers[i].conf.hook_arg = &meanwhile[i];
		assert_int_equal(
			epoll_ctl(workers[i].epoll, EPOLL_CTL_ADD, workers[i].timer, &timer), 0);
	}
	assert_int_equal(mock_add(w, MARKED, 0), 0);
	assert_int_equal(mock_add(other, MARKED, 1), 0);
	return 0;
}

static int
destroy(void **state)
{
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++)
		mock_worker_fini(&workers[i]);
	mock_fini();
	rte_openlog_stream(NULL);
	fclose(log_file);
	free(log_text);
	return 0;
}

static unsigned int
taken(uint16_t queue)
{
	return mock_ports[PORT].queues[queue].taken;
}

static void
receive(uint16_t queue)
{
	mock_deliver(PORT, queue, queue);
	mock_interrupt(PORT, queue);
}

static bool
is_enabled(void)
{
	return mock_ports[PORT].queues[NB_VECTORS - 1].armed;
}

/* ---- one worker ---- */

static void
receive_on_5(void)
{
	receive(5);
}

/* Arming a queue's own bit would arm nothing. */
static void
a_queue_beyond_the_last_vector_wakes_its_worker(void **state)
{
	assert_int_equal(mock_add(w, PORT, 5), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		sleep_while(w, receive_on_5);
		assert_int_equal(taken(5), i);
		assert_false(is_enabled());
	}
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 3);
	assert_int_equal(count_of(&w->stats.spurious_wakes), 0);
}

static void
receive_on_2_and_7(void)
{
	mock_deliver(PORT, 7, 7);
	receive(2);
}

static void
all_queues_of_a_vector_are_visited_after_its_interrupt(void **state)
{
	for (uint16_t q = 2; q < MOCK_QUEUES; q++)
		assert_int_equal(mock_add(w, PORT, q), 0);
	sleep_while(w, receive_on_2_and_7);
	assert_int_equal(taken(2), 1);
	assert_int_equal(taken(7), 1);
	assert_false(is_enabled());
	/* the set named one of them; the others keep it when that one goes */
	mock_remove(w, PORT, 2);
	sleep_while(w, receive_on_5);
	assert_int_equal(taken(5), 1);
}

/* ---- two workers ---- */

static void
wake_other_by_its_bit(void)
{
	mock_deliver(MARKED, 1, 1);
	mock_signal(MARKED, 1);
}

static void
other_wakes_then_receive_on_5(void)
{
	struct pollfd fd = { .fd = mock_ports[PORT].queues[5].fd, .events = POLLIN };

	sleep_while(other, wake_other_by_its_bit);
	assert_int_equal(poll(&fd, 1, 0), 0);
	receive(5);
}

static void
a_worker_that_is_awake_again_leaves_the_interrupt_to_one_that_sleeps(void **state)
{
	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	sleep_while(w, other_wakes_then_receive_on_5);
	assert_int_equal(taken(5), 1);
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 1);
	assert_false(is_enabled());
}

static void
other_gets_a_queue_then_receive_on_5(void)
{
	assert_int_equal(mock_add(other, PORT, 2), 0);
	assert_int_equal(mock_add(other, PORT, 7), 0);
	mock_remove(other, PORT, 2);
	receive(5);
}

static void
a_queue_that_comes_or_goes_leaves_the_interrupt_to_one_that_sleeps(void **state)
{
	assert_int_equal(mock_add(w, PORT, 5), 0);
	sleep_while(w, other_gets_a_queue_then_receive_on_5);
	assert_int_equal(taken(5), 1);
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 1);
}

static void
other_sleeps_while_receive_on_5(void)
{
	sleep_while(other, receive_on_5);
}

static void
an_interrupt_that_masks_itself_wakes_all_that_sleep(void **state)
{
	mock_ports[PORT].masks_itself = true;
	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		sleep_while(w, other_sleeps_while_receive_on_5);
		assert_int_equal(taken(5), i);
		assert_int_equal(count_of(&other->stats.spurious_wakes), i);
	}
	assert_int_equal(count_of(&w->stats.interrupt_wakes), 3);
	assert_int_equal(count_of(&other->stats.interrupt_wakes), 3);
}

static struct source *
source_of(struct rouse_worker *worker, uint16_t queue)
{
	for (uint32_t i = 0; i < worker->plain.nb; i++)
		if (worker->plain.at[i]->ethdev.queue == queue)
			return worker->plain.at[i];
	fail();
	return NULL;
}

static void
arm_other(uint16_t port, uint16_t queue)
{
	struct source *s = source_of(other, 2);

	mock_disabling = NULL;
	assert_int_equal(s->ops->arm(s), 0);
	assert_true(is_enabled());
}

static void
forget_packet_of_other(uint16_t port, uint16_t queue)
{
	if (is_enabled())
		return; /* the first of two bits */
	mock_disabled = NULL;
	receive(2);
}

static void
what_comes_while_one_masks_and_another_arms_wakes_that_one(void **state)
{
	struct epoll_event event;
	struct source *s;

	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	s = source_of(w, 5);
	assert_int_equal(s->ops->arm(s), 0);
	mock_disabling = arm_other;
	mock_disabled = forget_packet_of_other;
	s->ops->disarm(s);
	assert_null(mock_disabling);
	assert_null(mock_disabled);
	assert_true(is_enabled());
	assert_int_equal(epoll_wait(other->epoll, &event, 1, 0), 1);
	s = source_of(other, 2);
	assert_ptr_equal(event.data.ptr, s);
	s->ops->disarm(s);
	assert_false(is_enabled());
}

static void
an_interrupt_that_could_not_be_armed_is_not_waited_for(void **state)
{
	struct source *s, *of_other;

	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	s = source_of(w, 5);
	of_other = source_of(other, 2);
	assert_int_equal(of_other->ops->arm(of_other), 0);
	mock_ports[PORT].intr_error = -EIO;
	assert_int_equal(s->ops->arm(s), -EIO);
	mock_ports[PORT].intr_error = 0;
	mock_ports[PORT].queues[NB_VECTORS - 1].armed = true;
	of_other->ops->disarm(of_other);
	assert_false(is_enabled());
}

/* Its packets, and not those of one that is awake. */
static void
forget_packets_while_masked(uint16_t port, uint16_t queue)
{
	if (is_enabled())
		return; /* the first of two bits */
	mock_disabled = NULL;
	receive(2);
	receive(6);
}

static void
what_comes_while_one_arms_beside_another_wakes_that_one(void **state)
{
	struct epoll_event event;
	struct source *s, *of_other;

	mock_ports[PORT].latches = true;
	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	assert_int_equal(mock_add(other, PORT, 6), 0);
	s = source_of(w, 5);
	of_other = source_of(other, 2);
	assert_int_equal(of_other->ops->arm(of_other), 0);
	for (unsigned int i = 0; i < 2; i++) {
		mock_disabled = forget_packets_while_masked;
		assert_int_equal(s->ops->arm(s), 0);
		assert_null(mock_disabled);
		assert_true(is_enabled());
		/* it is rung for once, until it was awake */
		assert_int_equal(epoll_wait(other->epoll, &event, 1, 0), i == 0);
		s->ops->disarm(s);
	}
	of_other->ops->disarm(of_other);
	assert_false(is_enabled());
	/* nobody sleeps beside it */
	s->ops->arm(s);
	assert_int_equal(epoll_wait(other->epoll, &event, 1, 0), 0);
	s->ops->disarm(s);
}

static void
a_driver_that_counts_no_packets_has_one_worker_a_vector(void **state)
{
	rte_eth_fp_ops[PORT].rx_queue_count = NULL;
	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_int_equal(mock_add(w, PORT, 6), 0);
	assert_int_equal(mock_add(other, PORT, 2), 0);
	assert_int_equal(w->nb_timed, 0);
	assert_int_equal(other->nb_timed, 1);
	fflush(log_file);
	assert_non_null(
		strstr(log_text, "port 0 (?): queue 2 shares its interrupt with another worker's"));
	sleep_while(w, receive_on_5);
	assert_int_equal(taken(5), 1);
}

/* ---- any order ---- */

static uint64_t seed;
static bool sleeps[2];
static unsigned int busy; /* the worker that arms or disarms */

static void
arm_all(unsigned int i)
{
	struct source_list *list = &workers[i].plain;
	struct epoll_event event;

	/* what was signalled before is no help */
	while (epoll_wait(workers[i].epoll, &event, 1, 0) > 0)
		;
	busy = i;
	for (uint32_t at = 0; at < list->nb; at++)
		assert_int_equal(list->at[at]->ops->arm(list->at[at]), 0);
	sleeps[i] = true;
}

static void
disarm_all(unsigned int i)
{
	struct source_list *list = &workers[i].plain;

	sleeps[i] = false;
	busy = i;
	for (uint32_t at = 0; at < list->nb; at++)
		list->at[at]->ops->disarm(list->at[at]);
}

/* In the midst of that the other worker may do either. */
static void
meet(uint16_t port, uint16_t queue)
{
	unsigned int one = busy, i = 1 - one;

	if (unit_random_below(&seed, 2) == 0)
		return;
	mock_disabling = mock_disabled = mock_enabled = NULL;
	if (sleeps[i])
		disarm_all(i);
	else
		arm_all(i);
	busy = one;
	mock_disabling = mock_disabled = mock_enabled = meet;
}

/* Nobody sleeps who is neither woken nor can be. Who was woken may sleep again before the other. */
static void
wake_and_check(unsigned int step)
{
	struct epoll_event event;

	for (unsigned int i = 0; i < UNIT_DIM(workers); i++) {
		if (!sleeps[i])
			continue;
		if (epoll_wait(workers[i].epoll, &event, 1, 0) == 1) {
			disarm_all(i);
			if (unit_random_below(&seed, 2) == 0)
				arm_all(i);
		} else if (!is_enabled() || mock_ports[PORT].queues[NB_VECTORS - 1].is_latched)
			fail_msg("step %u: worker %u sleeps and will not be woken", step, i);
	}
}

/* Workers that have queues 2 to `last`, by turns. */
static void
check_orders(uint16_t last)
{
	sleeps[0] = sleeps[1] = false;
	for (uint16_t q = 2; q <= last; q++)
		assert_int_equal(mock_add(&workers[q % 2], PORT, q), 0);
	mock_disabling = mock_disabled = mock_enabled = meet;
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i = unit_random_below(&seed, 2);

		mock_ports[PORT].masks_itself = unit_random_below(&seed, 2) != 0;
		mock_ports[PORT].latches = unit_random_below(&seed, 2) != 0;
		if (unit_random_below(&seed, 4) == 0)
			mock_interrupt(PORT, 2);
		else if (sleeps[i])
			disarm_all(i); /* another source woke it */
		else
			arm_all(i);
		wake_and_check(step);
	}
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++)
		if (sleeps[i])
			disarm_all(i);
	mock_disabling = mock_disabled = mock_enabled = NULL;
	for (uint16_t q = 2; q <= last; q++)
		mock_remove(&workers[q % 2], PORT, q);
}

static void
in_no_order_of_steps_does_a_worker_sleep_behind_a_mask(void **state)
{
	seed = 1;
	check_orders(3);
	check_orders(MOCK_QUEUES - 1);
}

/* ---- what is said ---- */

static void
sharing_is_said_once(void **state)
{
	static const char words[] =
		"port 0 (?): 8 queues share 3 interrupts: a packet for one of queues 2 to 7 wakes "
		"every worker that has another; give these to one worker, or configure 3 queues\n";
	const char *said;

	assert_int_equal(mock_add(w, PORT, 0), 0);
	fflush(log_file);
	assert_null(strstr(log_text, "share"));
	for (uint16_t q = 2; q < MOCK_QUEUES; q++)
		assert_int_equal(mock_add(&workers[q % 2], PORT, q), 0);
	fflush(log_file);
	said = strstr(log_text, words);
	assert_non_null(said);
	assert_null(strstr(said + strlen(words), "share"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_queue_beyond_the_last_vector_wakes_its_worker),
		TEST(all_queues_of_a_vector_are_visited_after_its_interrupt),
		TEST(a_worker_that_is_awake_again_leaves_the_interrupt_to_one_that_sleeps),
		TEST(a_queue_that_comes_or_goes_leaves_the_interrupt_to_one_that_sleeps),
		TEST(an_interrupt_that_masks_itself_wakes_all_that_sleep),
		TEST(what_comes_while_one_masks_and_another_arms_wakes_that_one),
		TEST(what_comes_while_one_arms_beside_another_wakes_that_one),
		TEST(a_driver_that_counts_no_packets_has_one_worker_a_vector),
		TEST(an_interrupt_that_could_not_be_armed_is_not_waited_for),
		TEST(in_no_order_of_steps_does_a_worker_sleep_behind_a_mask),
		TEST(sharing_is_said_once),
	};

	return UNIT_RUN(tests);
}
