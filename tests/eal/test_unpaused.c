/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port that is stopped, started and changed under a worker that was not told to pause. ethdev
 * wants no lcore in a burst then, and nothing but the sleep of the worker sees to that here.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "scheme_rig.h"

#define NB_STARTS 100

/* A second port, whose frames wake the worker again and again. */
static void
open_other(struct rig *other)
{
	const struct rig_setup setup = {
		.args = "overrun=wait,pace=2000,infinite_rx=1",
		.nb_rxq = 1,
	};

	rig_begin(other);
	rig_add_flow(other, 1);
	rig_open(other, &setup);
	rig_start(other);
}

/* It looks after each wake whether a queue was forgotten, another queue each time. */
static void
wait_for_wakes(const struct rouse_worker *w)
{
	uint64_t wakes = scheme_worker_stats(w).wakes;

	while (scheme_worker_stats(w).wakes < wakes + 50)
		rte_delay_us_sleep(500);
}

static void
wait_for_frames(struct rig *r, uint64_t nb)
{
	while (rig_stats(r).ipackets < nb)
		rte_delay_us_sleep(500);
}

static int
configure(const struct rig *r)
{
	const struct rte_eth_conf conf = scheme_rss_conf();

	return rte_eth_dev_configure(r->port, 2, 0, &conf);
}

static int
set_up(const struct rig *r, uint16_t queue)
{
	return rte_eth_rx_queue_setup(r->port, queue, 2 * RIG_NB_DESC, 0, NULL, r->pool);
}

static void
a_worker_survives_that_its_port_is_changed_and_the_change_is_refused(void **state)
{
	static struct rig other;
	struct rig *r = scheme_open("overrun=wait", 2, 0);
	struct rouse_worker *w;
	pthread_t thread;

	open_other(&other);
	rig_start(r);
	w = scheme_worker_start(r, "surprised", 0, 2, &thread);
	assert_int_equal(rouse_worker_ethdev_add(w, other.port, 0, scheme_receive, NULL), 0);
	wait_for_frames(r, NB_FLOWS);
	wait_for_wakes(w);

	rig_stop(r);
	wait_for_wakes(w);
	assert_int_equal(set_up(r, 1), -EBUSY);
	wait_for_wakes(w);
	assert_int_equal(rte_eth_dev_start(r->port), -EINVAL);
	rig_log_begin();
	assert_int_equal(configure(r), -EBUSY);
	rig_log_end("a queue is bound to a worker; pause the port there");
	wait_for_wakes(w);
	assert_int_equal(configure(r), -EBUSY);

	assert_int_equal(rouse_worker_port_pause(r->port), 0);
	assert_int_equal(configure(r), 0);
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(set_up(r, q), 0);
	rig_start(r);
	assert_int_equal(rouse_worker_port_resume(r->port), 0);
	wait_for_frames(r, NB_FLOWS);
	wait_for_wakes(w);
	scheme_worker_stop(w, thread);
	rig_stop(r);
	rig_close(r);
	rig_stop(&other);
	rig_close(&other);
}

/* It sleeps as the port stops, and is woken by what comes as the port starts: not before it can
 * receive that. */
static void
a_worker_that_sleeps_is_not_woken_by_a_port_that_is_not_quite_started(void **state)
{
	struct rig *r = scheme_open("overrun=wait", 2, 0);
	struct rouse_worker *w;
	pthread_t thread;

	rig_start(r);
	w = scheme_worker_start(r, "asleep", 0, 2, &thread);
	for (uint64_t i = 1; i < NB_STARTS; i++) {
		uint64_t end = rte_rdtsc() + 60 * rte_get_tsc_hz(); /* it is as good as never */

		while (rig_stats(r).ipackets < i * NB_FLOWS) {
			assert_true(rte_rdtsc() < end);
			rte_delay_us_sleep(50);
		}
		while (atomic_load(&scheme_nb_notes) < i)
			rte_delay_us_sleep(50); /* the end of the source */
		scheme_worker_wait_asleep(w);
		rig_stop(r);
		rig_start(r);
	}
	scheme_worker_stop(w, thread);
	rig_stop(r);
	rig_close(r);
}

static void
a_queue_that_was_released_under_its_worker_can_be_removed_there(void **state)
{
	struct rig *r = scheme_open("overrun=wait", 2, 0);
	struct rouse_worker *w;
	pthread_t thread;

	rig_start(r);
	w = scheme_worker_start(r, "surprised", 0, 2, &thread);
	wait_for_frames(r, NB_FLOWS);
	rig_stop(r);
	assert_int_equal(configure(r), -EBUSY);
	assert_int_equal(rouse_worker_ethdev_remove(w, r->port, 1), 0);
	assert_int_equal(configure(r), -EBUSY);
	scheme_worker_stop(w, thread); /* with queue 0 */
	assert_int_equal(configure(r), 0);
	rig_close(r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_worker_survives_that_its_port_is_changed_and_the_change_is_refused),
		cmocka_unit_test(
			a_worker_that_sleeps_is_not_woken_by_a_port_that_is_not_quite_started),
		cmocka_unit_test(a_queue_that_was_released_under_its_worker_can_be_removed_there),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
