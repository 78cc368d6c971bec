/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What a worker refuses: functions that are not there, queues that somebody has, more devices than
 * it has bits for. An errno and one line say so, and other sources go on. */

#include <errno.h>

#include "worker_bad_rig.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

/* ---- a queue that is taken ---- */

static void
a_queue_is_added_once(void **state)
{
	static struct rouse_worker second;

	mock_worker_init(&second);
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	pmd.nb_disabled = 0;
	assert_int_equal(mock_add(w, PLAIN, 0), -EBUSY);
	assert_int_equal(mock_add(&second, PLAIN, 0), -EBUSY);
	assert_int_equal(lines_with("queue 0 of port 3 cannot be added: a worker has it"), 2);
	/* and nobody disarmed what it is waiting for */
	assert_int_equal(pmd.nb_disabled, 0);
	assert_woken_by_interrupt();
	mock_remove(w, PLAIN, 0);
	assert_int_equal(mock_add(&second, PLAIN, 0), 0);
	mock_worker_fini(&second);
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
}

/* ---- nothing to call ---- */

static void
ignore(void *arg, const struct rouse_event *event)
{
}

static void
what_has_no_function_to_call_is_refused(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 4);
	uint32_t nb = w->sources.nb;
	struct rouse_attn_target target;

	assert_int_equal(rouse_worker_ethdev_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_evring_add(w, NULL, NULL, NULL, &target), -EINVAL);
	assert_int_equal(rouse_worker_fd_add(w, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_timer_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_post(w, NULL, NULL), -EINVAL);
	assert_int_equal(lines_with("give a function to call"), 5);
	assert_int_equal(rouse_worker_evring_add(w, NULL, ignore, NULL, &target), -EINVAL);
	assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, NULL), -EINVAL);
	assert_int_equal(lines_with("give a ring and a target"), 2);
	assert_null(rouse_worker_create(NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(lines_with("needs a struct rouse_worker_conf"), 1);
	assert_int_equal(w->sources.nb, nb);
}

/* ---- more devices than bits ---- */

static void
the_65th_device_is_refused_in_one_line(void **state)
{
	const unsigned int nb_rings = (ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS;
	struct rouse_attn_target target;

	for (unsigned int i = 0; i < nb_rings; i++)
		assert_int_equal(
			rouse_worker_evring_add(w, mock_event_ring(i), ignore, NULL, &target), 0);
	assert_int_equal(
		rouse_worker_evring_add(w, mock_event_ring(nb_rings), ignore, NULL, &target),
		-ENOSPC);
	assert_int_equal(
		lines_with("event ring cannot be added: the worker's 64 device bits are taken"), 1);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	assert_int_equal(lines_with("queue 0 of port 1 cannot be added: the worker's 64 device "
				    "bits are taken"),
			 1);
	/* a plain queue needs none, and a port that is there can have more queues */
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(mock_add(w, 0, 1), 0);
	assert_woken_by_interrupt();
	assert_other_goes_on();
}

static void
the_bit_of_a_device_that_has_gone_is_another_ones(void **state)
{
	const unsigned int nb_rings = (ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS;
	struct rouse_attn_target target;

	for (unsigned int i = 0; i < nb_rings; i++)
		assert_int_equal(
			rouse_worker_evring_add(w, mock_event_ring(i), ignore, NULL, &target), 0);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	for (unsigned int i = 0; i < nb_rings; i++)
		assert_int_equal(rouse_worker_evring_remove(w, mock_event_ring(i)), 0);
	assert_int_equal(rouse_worker_evring_remove(w, mock_event_ring(0)), -ENOENT);
	assert_int_equal(mock_add(w, 1, 0), 0);
	assert_int_equal(mock_add(w, 2, 0), 0);
	assert_int_not_equal(mock_ports[1].queues[0].owner.device,
			     mock_ports[2].queues[0].owner.device);
	mock_deliver(2, 0, 0);
	mock_signal(2, 0);
	worker_attend(w);
	assert_int_equal(mock_ports[2].queues[0].taken, 1);
	assert_other_goes_on();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_queue_is_added_once),
		TEST(what_has_no_function_to_call_is_refused),
		TEST(the_65th_device_is_refused_in_one_line),
		TEST(the_bit_of_a_device_that_has_gone_is_another_ones),
	};

	return UNIT_RUN(tests);
}
