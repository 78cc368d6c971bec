/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* A worker whose queues' interrupts cannot be armed or disarmed, or fire for nothing: its sleeps
 * are timed where they must be, and other sources go on. */

#include <errno.h>
#include <unistd.h>

#include "worker_bad_rig.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

/* ---- interrupts ---- */

static void
an_interrupt_that_cannot_be_armed_makes_the_sleep_timed_and_is_said_once(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): per-queue interrupt"), 1);
	assert_woken_by_interrupt();
	pmd.enable_error = -EIO;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_found_by_timer();
		assert_int_equal(rouse_counter_get(&w->stats.arm_errors), i);
	}
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Input/output error; "
				    "it is looked at every 1000 us until it can"),
			 1);
	assert_other_goes_on();
	pmd.enable_error = 0;
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
a_pmd_whose_interrupt_ops_all_fail_is_looked_at_by_the_timer(void **state)
{
	close(pmd.fd);
	pmd.enable_error = pmd.disable_error = -EIO;
	pmd.fd = -1;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(
		lines_with("port 3 (?): no interrupt: looked at every 1000 us while asleep"), 1);
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_int_equal(rouse_counter_get(&w->stats.arm_errors), 0);
	assert_int_equal(rouse_counter_get(&w->stats.arms), 0);
	assert_other_goes_on();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
an_interrupt_that_cannot_be_disarmed_is_no_error(void **state)
{
	pmd.disable_error = -EIO;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): per-queue interrupt"), 1);
	for (unsigned int i = 0; i < 3; i++)
		assert_woken_by_interrupt();
	assert_other_goes_on();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* Level-triggered: while it is readable, waiting for it returns at once. */
static void
a_queue_that_stays_readable_and_gives_nothing_is_looked_at_by_the_timer(void **state)
{
	uint64_t count;

	pmd.enable_error = -ENOTSUP;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): readable file descriptor"), 1);
	assert_woken_by_interrupt();
	/* it has not been read, and the queue is empty; then there is something */
	for (unsigned int i = 0; i < 20; i++) {
		sleep_while(nothing, BY_TIMER);
		assert_int_equal(rouse_counter_get(&w->stats.arm_errors), i + 1);
		assert_in_range(w->arm_limit_us, 1, RTE_MIN(20u << RTE_MIN(i, 10u), TIMED_US + 0u));
	}
	assert_found_by_timer();
	assert_int_equal(rouse_counter_get(&w->stats.spurious_wakes), 0);
	assert_other_goes_on();
	assert_int_equal(read(pmd.fd, &count, sizeof(count)), sizeof(count));
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* An error is told whether it is waited for or not, and whenever the fd is looked at. */
static void
a_queue_whose_fd_has_an_error_is_looked_at_by_the_timer_and_said_once(void **state)
{
	int ends[2];

	pmd.enable_error = -ENOTSUP;
	close(pmd.fd);
	assert_int_equal(pipe(ends), 0);
	pmd.fd = ends[1]; /* the end that writes */
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): readable file descriptor"), 1);
	sleep_while(signal_the_other, BY_OTHER);
	close(ends[0]);
	sleep_while(nothing, BY_OTHER); /* it was asked for before */
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Input/output error; "
				    "it is looked at every 1000 us until it can"),
			 1);
	assert_other_goes_on();
}

static void
close_the_reader(void)
{
	close(ends[0]);
}

static void
an_error_that_comes_while_it_sleeps_wakes_it_once(void **state)
{
	pmd.enable_error = -ENOTSUP;
	close(pmd.fd);
	assert_int_equal(pipe(ends), 0);
	pmd.fd = ends[1];
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	sleep_while(close_the_reader, BY_OTHER);
	for (unsigned int i = 0; i < 3; i++)
		sleep_while(nothing, BY_TIMER);
	assert_other_goes_on();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interrupt_that_cannot_be_armed_makes_the_sleep_timed_and_is_said_once),
		TEST(a_pmd_whose_interrupt_ops_all_fail_is_looked_at_by_the_timer),
		TEST(an_interrupt_that_cannot_be_disarmed_is_no_error),
		TEST(a_queue_that_stays_readable_and_gives_nothing_is_looked_at_by_the_timer),
		TEST(a_queue_whose_fd_has_an_error_is_looked_at_by_the_timer_and_said_once),
		TEST(an_error_that_comes_while_it_sleeps_wakes_it_once),
	};

	return UNIT_RUN(tests);
}
