/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Who owns event rings and vectors, what a worker makes of bits that name nothing, and what
 * rouse_evnic.h refuses.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "scheme_rig.h"

static void
queues_of_one_owner_share_vectors_before_those_of_two_do(void **state)
{
	static const uint8_t owner_of_queue[][4] = {
		{ 0, 0, 1, 1 }, { 0, 1, 0, 1 }, { 0, 1, 1, 0 }, { 0, 1, 1, 1 }
	};
	struct rig *r = scheme_open("overrun=wait,vectors=2", 4, 0);
	const struct rouse_steer *steer = rouse_evnic_steer(r->port);
	struct rouse_attn owners[2];

	assert_int_equal(rouse_attn_init(&owners[0]), 0);
	assert_int_equal(rouse_attn_init(&owners[1]), 0);
	for (unsigned int i = 0; i < UNIT_DIM(owner_of_queue); i++) {
		uint16_t vectors[4];

		for (uint16_t q = 0; q < 4; q++)
			scheme_bind(r, q, &owners[owner_of_queue[i][q]]);
		for (uint16_t q = 0; q < 4; q++)
			vectors[q] = rouse_steer_event(steer, q, ROUSE_EVENT_RX).vector;
		for (uint16_t q = 1; q < 4; q++)
			assert_int_equal(vectors[q] == vectors[0],
					 owner_of_queue[i][q] == owner_of_queue[i][0]);
		for (uint16_t q = 0; q < 4; q++)
			scheme_unbind(r, q);
	}
	/* what the user has said is left as it is */
	for (uint16_t ring = 0; ring < 4; ring++)
		assert_int_equal(rouse_evnic_vector_set(r->port, ring, 1), 0);
	scheme_bind(r, 0, &owners[0]);
	for (uint16_t ring = 0; ring < 4; ring++)
		assert_int_equal(rouse_steer_vector(steer, ring), 1);
	scheme_unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owners[0]);
	rouse_attn_fini(&owners[1]);
}

static void
a_ring_has_one_consumer(void **state)
{
	struct rig *r = scheme_open("overrun=wait,rings=2", 4, 0);
	struct rouse_attn owners[2];
	const struct rouse_attn_owner second = { .attn = &owners[1], .device = DEVICE };
	const struct rouse_attn_owner other_bit = { .attn = &owners[0], .device = DEVICE + 1 };
	struct rouse_attn_port port;
	uint64_t rings = 0;

	assert_int_equal(rouse_attn_init(&owners[0]), 0);
	assert_int_equal(rouse_attn_init(&owners[1]), 0);
	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(scheme_bind(r, 0, &owners[0]), 1);
	assert_int_equal(port.ops->bind(port.ctx, 2, &second, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 2, &other_bit, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 0, &second, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 4, &second, &rings), -ERANGE);
	assert_int_equal(port.ops->unbind(port.ctx, 2), -ENOENT);
	assert_int_equal(port.ops->unbind(port.ctx, 4), -ERANGE);
	assert_int_equal(port.ops->bind(port.ctx, 1, &second, &rings), 0);
	assert_int_equal(rings, 2);
	scheme_unbind(r, 0);
	assert_int_equal(port.ops->bind(port.ctx, 2, &second, &rings), 0);
	scheme_unbind(r, 1);
	scheme_unbind(r, 2);
	rig_close(r);
	rouse_attn_fini(&owners[0]);
	rouse_attn_fini(&owners[1]);
}

static void
bits_that_name_nothing_are_counted_and_ignored(void **state)
{
	struct rig *r = scheme_open("overrun=wait", 2, 0);
	struct rouse_attn_target t;
	struct rouse_worker *w;
	pthread_t thread;

	rig_start(r);
	w = scheme_worker_start(r, "stale", 0, 2, &thread);
	while (atomic_load(&scheme_nb_notes) == 0)
		rte_delay_us_sleep(50);
	scheme_worker_wait_asleep(w);
	t = scheme_private(r)->rings[0].bound;
	t.ring = 63;
	rouse_attn_signal(&t, rte_rdtsc());
	while (scheme_worker_stats(w).stale_bits < 1)
		rte_delay_us_sleep(50);
	scheme_worker_wait_asleep(w);
	t.device = 63;
	t.ring = 0;
	rouse_attn_signal(&t, rte_rdtsc());
	while (scheme_worker_stats(w).stale_bits < 2)
		rte_delay_us_sleep(50);
	scheme_worker_wait_asleep(w);
	assert_int_equal(scheme_worker_stats(w).stale_bits, 2);
	assert_int_equal(scheme_worker_stats(w).rx_packets, NB_FLOWS);
	scheme_set_link(r, false);
	while (atomic_load(&scheme_nb_notes) < 2)
		rte_delay_us_sleep(50);
	scheme_worker_stop(w, thread);
	rig_stop(r);
	rig_close(r);
}
/* ---- refusals ---- */

/* Each change of the tables that the port allows only while it is still. */
static void
assert_tables_are_kept(const struct rig *r, int ret)
{
	uint16_t port = r->port;

	assert_int_equal(rouse_evnic_map_set(port, ROUSE_STEER_MAP_A), ret);
	assert_int_equal(rouse_evnic_ring_set(port, 1, 0), ret);
	assert_int_equal(rouse_evnic_vector_set(port, 1, 0), ret);
	assert_int_equal(rouse_evnic_event_set(port, 1, ROUSE_EVENT_RX, 1, 0), ret);
}

static void
what_cannot_be_is_refused_and_changes_nothing(void **state)
{
	struct rig *r = scheme_open("overrun=wait,rings=3,vectors=2", 2, 0);
	struct evnic_port *p = scheme_private(r);
	struct rouse_evnic_vector v;
	struct rouse_steer before;
	struct rouse_attn owner;
	uint16_t port = r->port;

	memcpy(&before, &p->steer, sizeof(before));
	assert_int_equal(rouse_evnic_map_set(port, ROUSE_NB_STEER_MAPS), -EINVAL);
	assert_int_equal(rouse_evnic_ring_set(port, 2, 0), -ERANGE);
	assert_int_equal(rouse_evnic_ring_set(port, 0, 3), -ERANGE);
	assert_int_equal(rouse_evnic_vector_set(port, 3, 0), -ERANGE);
	assert_int_equal(rouse_evnic_vector_set(port, 0, 2), -ERANGE);
	assert_int_equal(rouse_evnic_event_set(port, 2, ROUSE_EVENT_RX, 0, 0), -ERANGE);
	assert_int_equal(rouse_evnic_event_set(port, 0, ROUSE_NB_EVENT_CODES, 0, 0), -ERANGE);
	assert_int_equal(rouse_evnic_event_set(port, 0, ROUSE_EVENT_RX, 3, 0), -ERANGE);
	assert_int_equal(rouse_evnic_event_set(port, 0, ROUSE_EVENT_RX, 0, 2), -ERANGE);
	assert_int_equal(rouse_evnic_rss_default_queue_set(port, 2), -ERANGE);
	assert_int_equal(rouse_evnic_default_processor_set(port, 2), -ERANGE);
	assert_int_equal(rouse_evnic_vector_mask(port, 2, true), -ERANGE);
	assert_int_equal(rouse_evnic_vector_interval_set(port, 2, 1), -ERANGE);
	assert_int_equal(rouse_evnic_vector_interval_set(port, 0, 1000001), -ERANGE);
	assert_int_equal(rouse_evnic_vector_get(port, 2, &v), -ERANGE);
	assert_memory_equal(&before, &p->steer, sizeof(before));
	assert_true(p->is_planned);
	assert_false(scheme_vector(r, 0).masked);
	assert_int_equal(scheme_vector(r, 0).interval_us, 0);

	assert_int_equal(rouse_attn_init(&owner), 0);
	scheme_bind(r, 0, &owner);
	memcpy(&before, &p->steer, sizeof(before));
	assert_tables_are_kept(r, -EBUSY);
	assert_memory_equal(&before, &p->steer, sizeof(before));
	scheme_unbind(r, 0);

	rig_start(r);
	memcpy(&before, &p->steer, sizeof(before));
	assert_tables_are_kept(r, -EBUSY);
	assert_int_equal(rouse_evnic_on_event(port, NULL, NULL), -EBUSY);
	assert_true(p->on_event == scheme_note_event);
	assert_memory_equal(&before, &p->steer, sizeof(before));
	rig_stop(r);
	assert_tables_are_kept(r, 0);
	rig_close(r);

	assert_tables_are_kept(r, -ENODEV); /* there is no port any more */
	assert_int_equal(rouse_evnic_on_event(port, NULL, NULL), -ENODEV);
	assert_int_equal(rouse_evnic_rss_default_queue_set(port, 0), -ENODEV);
	assert_int_equal(rouse_evnic_default_processor_set(port, 0), -ENODEV);
	assert_int_equal(rouse_evnic_vector_mask(port, 0, true), -ENODEV);
	assert_int_equal(rouse_evnic_vector_interval_set(port, 0, 1), -ENODEV);
	assert_int_equal(rouse_evnic_vector_get(port, 0, &v), -ENODEV);
	assert_null(rouse_evnic_steer(port));
	rouse_attn_fini(&owner);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_one_owner_share_vectors_before_those_of_two_do),
		cmocka_unit_test(a_ring_has_one_consumer),
		cmocka_unit_test(bits_that_name_nothing_are_counted_and_ignored),
		cmocka_unit_test(what_cannot_be_is_refused_and_changes_nothing),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
