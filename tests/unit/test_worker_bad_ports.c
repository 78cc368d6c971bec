/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* A worker whose ports are stopped, closed or renewed behind its back, or whose drivers go without
 * mbufs: nothing is lost, and what was broken works again when it is mended. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "worker_bad_rig.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

/* ---- a stopped port ---- */

static void
a_queue_of_a_stopped_port_is_not_added(void **state)
{
	stop_port();
	assert_int_equal(mock_add(w, PLAIN, 0), -ENETDOWN);
	assert_int_equal(lines_with("port 3 is not started; start it, then add its queues"), 1);
	assert_other_goes_on();
	start_port();
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
}

static void
a_stopped_port_is_known_when_there_is_no_number_left(void **state)
{
	mock_has_all_ports = true;
	stop_port();
	assert_int_equal(mock_add(w, PLAIN, 0), -ENETDOWN);
	start_port();
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
}

static struct source *
source_of_port(void)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (source_is_of_port(w->sources.at[i], PLAIN))
			return w->sources.at[i];
	return NULL;
}

static void
a_port_is_resumed_after_it_has_started_and_not_before(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	assert_int_equal(source_queue_pause(w, source_of_port()), 0);
	stop_port();
	assert_int_equal(source_queue_resume(w, source_of_port()), -ENETDOWN);
	assert_int_equal(lines_with("queue 0 of port 3 stays paused: Network is down"), 1);
	assert_other_goes_on();
	start_port();
	assert_int_equal(source_queue_resume(w, source_of_port()), 0);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
a_port_that_was_stopped_without_a_pause_is_taken_up_when_it_has_started(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	stop_port();
	renew_interrupt();
	for (unsigned int i = 0; i < 3; i++)
		sleep_while(nothing, BY_TIMER);
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Network is down"), 1);
	assert_other_goes_on();
	start_port();
	assert_found_by_timer();
	/* between two rounds */
	assert_true(worker_is_change_due(w));
	worker_make_changes(w);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* A file of the application's with the number that was the queue's. */
static void
take_number(int number)
{
	nb_calls = 0;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], number), number);
	close(ends[0]);
	ends[0] = number;
}

static void
assert_application_is_heard(void)
{
	unsigned int before = nb_calls;

	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, before + 1);
}

/* How a queue is waited for: by its interrupt, or by its fd. */
static void
check_number_of_closed_port(int enable_error)
{
	pmd.enable_error = enable_error;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.nb_disabled = pmd.nb_asked = 0;
	stop_port();
	take_number(pmd.fd); /* which closes it */
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_application_is_heard();
	/* a port that has gone is asked for nothing */
	assert_int_equal(pmd.nb_disabled + pmd.nb_asked, 0);
	mock_remove(w, PLAIN, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_application_is_heard();
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(pmd.nb_disabled, 0);
	close(ends[1]);
	start_port();
}

static void
an_fd_that_has_the_number_of_a_closed_ports_interrupt_is_heard(void **state)
{
	check_number_of_closed_port(0);
}

static void
an_fd_that_has_the_number_of_a_closed_ports_fd_is_heard(void **state)
{
	check_number_of_closed_port(-ENOTSUP);
}

/* Nobody told the worker that its port was stopped, and started again. */
static void
a_queue_whose_number_another_file_has_is_taken_up_again(void **state)
{
	int before = pmd.fd;

	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.fd = fcntl(before, F_DUPFD, before + 100);
	take_number(before);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	assert_found_by_timer();
	assert_true(worker_is_change_due(w));
	worker_make_changes(w);
	assert_woken_by_interrupt();
	assert_application_is_heard();
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
}

/* So that queues keep who has their interrupt. */
static void
a_port_that_did_not_change_is_not_taken_up_again(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.nb_enabled = 0;
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	assert_int_equal(pmd.nb_enabled, 0);
	assert_woken_by_interrupt();
}

static void
a_queue_that_cannot_be_renewed_is_looked_at_by_the_timer_until_it_can(void **state)
{
	const char *said;

	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	mock_fail_allocation = 1;
	renew_interrupt();
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_other_goes_on();
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	assert_woken_by_interrupt();
	assert_non_null(strstr(what_is_logged(),
			       "queue 0 of port 3 cannot be waited for: Cannot allocate "
			       "memory; it is looked at every 1000 us\n"));
	/* the last word is true */
	said = strstr(what_is_logged(), "no interrupt: looked at every 1000 us while asleep\n");
	assert_non_null(said);
	assert_non_null(strstr(said, "per-queue interrupt\n"));
}

static void
a_port_that_is_resumed_without_a_pause_is_waited_for_by_its_new_interrupt(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	renew_interrupt();
	assert_int_equal(source_queue_resume(w, source_of_port()), 0);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("per-queue interrupt"), 1);
}

/* ---- no mbufs ---- */

static void
go_without(void)
{
	pmd.nb_without++;
}

/* It refills its ring at once or not at all, so that no pool is empty. */
static void
a_driver_that_goes_without_mbufs_is_looked_at_until_it_has_some(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	go_without();
	for (unsigned int i = 1; i <= 3; i++) {
		sleep_while(go_without, BY_TIMER);
		assert_int_equal(rouse_counter_get(&w->stats.starved), i);
	}
	assert_found_by_timer();
	/* it got them */
	assert_woken_by_interrupt();
	assert_int_equal(rouse_counter_get(&w->stats.starved), 4);
	assert_other_goes_on();
}

/* A packet of the port tells that its pool has so many. */
static void
learn_pool(unsigned int nb_mbufs)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	mock_make_pool(nb_mbufs);
	mock_ports[PLAIN].has_interrupts = true; /* its packets have a pool */
	assert_woken_by_interrupt();
}

static uint64_t
nb_starved(void)
{
	return rouse_counter_get(&w->stats.starved);
}

/* Drivers take several at once, or none; but this one needs none. */
static void
a_pool_that_has_few_mbufs_limits_no_sleep_if_the_driver_lacks_none(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	learn_pool(63);
	for (unsigned int nb = 63; nb > 0; nb /= 2) {
		mock_nb_mbufs = nb;
		assert_woken_by_interrupt();
		assert_int_equal(mock_nb_mbufs, nb);
	}
	/* nor if it only counts */
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 0);
}

static void
a_pool_that_has_too_few_mbufs_limits_the_sleep(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	learn_pool(64);
	/* none, whatever the driver says */
	mock_nb_mbufs = 0;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
	/* packets wait: it gives none */
	mock_nb_mbufs = 31;
	pmd.nb_waiting = 40;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 2);
	pmd.nb_waiting = 0;
	assert_woken_by_interrupt();
	/* it went without */
	go_without();
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 3);
	assert_woken_by_interrupt();
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

static void
a_pool_of_which_the_driver_says_nothing_must_have_enough(void **state)
{
	learn_pool(64);
	pmd.stats_error = -ENOTSUP;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 0);
	mock_nb_mbufs = 63;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
}

/* Before the first packet nobody knows the pool. */
static void
a_driver_that_keeps_its_first_packets_is_looked_at(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	pmd.nb_waiting = 1;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
	pmd.nb_waiting = 0;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 1);
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

static unsigned int nb_asked;

/* One has come since the question before. */
static uint32_t
count_late(void *rxq)
{
	return nb_asked++ % 2;
}

static void
a_packet_that_came_after_the_second_look_is_no_want_of_mbufs(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_late;
	learn_pool(63);
	nb_asked = 0;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_woken_by_interrupt();
		assert_int_equal(nb_asked, 2 * i);
		assert_int_equal(nb_starved(), 0);
	}
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_queue_of_a_stopped_port_is_not_added),
		TEST(a_stopped_port_is_known_when_there_is_no_number_left),
		TEST(a_port_is_resumed_after_it_has_started_and_not_before),
		TEST(a_port_that_was_stopped_without_a_pause_is_taken_up_when_it_has_started),
		TEST(an_fd_that_has_the_number_of_a_closed_ports_interrupt_is_heard),
		TEST(an_fd_that_has_the_number_of_a_closed_ports_fd_is_heard),
		TEST(a_queue_whose_number_another_file_has_is_taken_up_again),
		TEST(a_port_that_did_not_change_is_not_taken_up_again),
		TEST(a_queue_that_cannot_be_renewed_is_looked_at_by_the_timer_until_it_can),
		TEST(a_port_that_is_resumed_without_a_pause_is_waited_for_by_its_new_interrupt),
		TEST(a_driver_that_goes_without_mbufs_is_looked_at_until_it_has_some),
		TEST(a_pool_that_has_few_mbufs_limits_no_sleep_if_the_driver_lacks_none),
		TEST(a_pool_that_has_too_few_mbufs_limits_the_sleep),
		TEST(a_pool_of_which_the_driver_says_nothing_must_have_enough),
		TEST(a_driver_that_keeps_its_first_packets_is_looked_at),
		TEST(a_packet_that_came_after_the_second_look_is_no_want_of_mbufs),
	};

	return UNIT_RUN(tests);
}
