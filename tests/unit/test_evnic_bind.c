/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Queues bound to workers: an event ring has one consumer, whatever the map. */

#include <errno.h>
#include <string.h>

#include "evnic_rig.h"
#include "no_eal.h"
#include "unit.h"

#define ROUNDS 20000

static struct rouse_attn worker, other;
static const struct rouse_attn_owner owner = { .attn = &worker, .device = 3 };
static const struct rouse_attn_owner same_worker = { .attn = &worker, .device = 4 };
static const struct rouse_attn_owner somebody_else = { .attn = &other, .device = 3 };

static void
make_with(enum rouse_steer_map map, uint16_t nb_queues, uint16_t nb_rings, uint16_t nb_vectors)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_vectors,
		.is_planned = true,
	};

	rig_make(&conf);
	assert_int_equal(rouse_attn_init(&worker), 0);
	assert_int_equal(rouse_attn_init(&other), 0);
}

static int
destroy(void **state)
{
	rig_destroy();
	rouse_attn_fini(&worker);
	rouse_attn_fini(&other);
	return 0;
}

static int
bind_queue(uint16_t queue, const struct rouse_attn_owner *to)
{
	uint64_t rings;

	return evnic_attn_ops.bind(rig, queue, to, &rings);
}

static int
unbind_queue(uint16_t queue)
{
	return evnic_attn_ops.unbind(rig, queue);
}

static const struct rouse_attn_target *
target_of(uint16_t ring)
{
	return atomic_load(&rig->rings[ring].target);
}

static void
bind_names_the_rings_and_the_ring_bit_is_the_ring(void **state)
{
	uint64_t rings = 0;

	make_with(ROUSE_STEER_MAP_A_RING, 4, 16, 16);
	assert_int_equal(evnic_attn_ops.bind(rig, 2, &owner, &rings), 0);
	/* by default queue q's code c has the ring q + c * queues */
	assert_true(rings == (1 << 2 | 1 << 6 | 1 << 10 | 1 << 14));
	for (uint16_t ring = 0; ring < 16; ring++) {
		const struct rouse_attn_target *t = target_of(ring);

		if ((rings >> ring & 1) == 0) {
			assert_null(t);
			continue;
		}
		assert_ptr_equal(t->attn, &worker);
		assert_int_equal(t->device, 3);
		assert_int_equal(t->ring, ring);
	}
}

static void
queues_that_are_not_there_or_not_bound_are_refused(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	assert_int_equal(bind_queue(2, &owner), -ERANGE);
	assert_int_equal(bind_queue(UINT16_MAX, &owner), -ERANGE);
	assert_int_equal(unbind_queue(2), -ERANGE);
	assert_int_equal(unbind_queue(1), -ENOENT);
	assert_false(evnic_is_bound(rig));
	assert_int_equal(bind_queue(1, &owner), 0);
	assert_true(evnic_is_bound(rig));
	assert_int_equal(bind_queue(1, &owner), -EBUSY);
	assert_int_equal(bind_queue(1, &somebody_else), -EBUSY);
	assert_int_equal(unbind_queue(1), 0);
	assert_int_equal(unbind_queue(1), -ENOENT);
	assert_false(evnic_is_bound(rig));
}

static void
a_ring_has_one_owner_and_a_refusal_changes_nothing(void **state)
{
	make_with(ROUSE_STEER_MAP_A_RING, 3, 3, 3);
	/* queue 0: rings 0 and 1; queue 1: 1 and 2; queue 2: 2 */
	for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
		uint16_t second = code == ROUSE_EVENT_LINK;

		rouse_steer_event_set(&rig->steer, 0, (enum rouse_event_code)code, second, 0);
		rouse_steer_event_set(&rig->steer, 1, (enum rouse_event_code)code, 1 + second, 0);
		rouse_steer_event_set(&rig->steer, 2, (enum rouse_event_code)code, 2, 0);
	}
	assert_int_equal(evnic_rings_start(&rig_dev), 0);
	assert_int_equal(bind_queue(0, &owner), 0);
	assert_int_equal(bind_queue(1, &somebody_else), -EBUSY);
	assert_int_equal(bind_queue(1, &same_worker), -EBUSY); /* by another bit */
	assert_null(target_of(2));
	assert_true(rig->rings[1].bound_queues == 1 << 0 && rig->rings[2].bound_queues == 0);
	assert_int_equal(bind_queue(2, &somebody_else), 0);
	assert_int_equal(bind_queue(1, &owner), -EBUSY);
	assert_int_equal(unbind_queue(2), 0);
	assert_int_equal(bind_queue(1, &owner), 0);
	/* the ring outlives the first of its queues, and not the last */
	assert_int_equal(unbind_queue(0), 0);
	assert_null(target_of(0));
	assert_ptr_equal(target_of(1)->attn, &worker);
	assert_int_equal(unbind_queue(1), 0);
	assert_null(target_of(1));
	assert_null(target_of(2));
}

static void
the_device_is_told_of_every_binding_and_its_end(void **state)
{
	uint32_t before;

	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	before = atomic_load(&rig->wire.sync_wanted);
	assert_int_equal(bind_queue(0, &owner), 0);
	assert_true(atomic_load(&rig->wire.sync_wanted) != before);
	before = atomic_load(&rig->wire.sync_wanted);
	assert_int_equal(unbind_queue(0), 0);
	assert_true(atomic_load(&rig->wire.sync_wanted) != before);
}

static void
bindings_that_need_it_get_vectors_of_their_own(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4, 2);
	assert_int_equal(bind_queue(0, &owner), 0);
	assert_int_equal(bind_queue(1, &somebody_else), 0);
	assert_int_equal(bind_queue(2, &somebody_else), 0);
	assert_int_equal(bind_queue(3, &owner), 0);
	assert_int_equal(rouse_steer_vector(&rig->steer, 0), rouse_steer_vector(&rig->steer, 3));
	assert_int_equal(rouse_steer_vector(&rig->steer, 1), rouse_steer_vector(&rig->steer, 2));
	assert_true(rouse_steer_vector(&rig->steer, 0) != rouse_steer_vector(&rig->steer, 1));
}

static void
the_plan_is_every_maps_and_the_users_word_stands(void **state)
{
	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		make_with(map, 4, 4, 2);
		assert_int_equal(bind_queue(0, &owner), 0);
		assert_int_equal(bind_queue(1, &somebody_else), 0);
		assert_int_equal(bind_queue(2, &somebody_else), 0);
		assert_int_equal(bind_queue(3, &owner), 0);
		for (uint16_t q = 0; q < 16; q++) {
			struct rouse_steer_path path = rouse_steer_event(
				&rig->steer, q % 4, (enum rouse_event_code)(q / 4));

			assert_int_equal(path.vector, rouse_steer_vector(&rig->steer, path.ring));
		}
		assert_int_equal(unbind_queue(0), 0);
		rig->is_planned = false;
		rouse_steer_vector_set(&rig->steer, 0, 1);
		rouse_steer_vector_set(&rig->steer, 1, 1);
		assert_int_equal(bind_queue(0, &owner), 0);
		assert_int_equal(rouse_steer_vector(&rig->steer, 0), 1);
		assert_int_equal(rouse_steer_vector(&rig->steer, 1), 1);
		if (map != ROUSE_NB_STEER_MAPS - 1)
			destroy(NULL);
	}
}

/* ---- ports that are changed under a worker ---- */

static void
release(uint16_t queue)
{
	evnic_rxq_reset(rig->rxq[queue]);
	evnic_rxq_stop(rig->rxq[queue]);
	evnic_rxq_release(&rig_dev, queue);
	assert_null(rig->rxq[queue]);
}

static int
set_up(uint16_t queue)
{
	const struct rte_eth_rxconf conf = { .offloads = 0 };

	return evnic_rxq_setup(&rig_dev, queue, EVNIC_MIN_DESC, 0, &conf, rig_pool);
}

/* ethdev releases the queues of a port whose configuration the driver refuses. */
static void
a_bound_queue_that_is_released_is_silent_until_it_is_unbound(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 1, 1);
	assert_int_equal(bind_queue(0, &owner), 0);
	assert_int_equal(bind_queue(1, &owner), 0);
	release(1);
	assert_true(evnic_is_bound(rig));
	assert_true(rig->rings[0].bound_queues == (1 << 0 | 1 << 1));
	assert_int_equal(evnic_attn_ops.owed(rig, 1), 0);
	assert_true(evnic_attn_ops.has_buffers(rig, 1));
	assert_int_equal(no_eal_mbufs_out, evnic_rxq_limit(EVNIC_MIN_DESC));
	assert_int_equal(set_up(1), -EBUSY);
	assert_null(rig->rxq[1]);
	assert_int_equal(bind_queue(1, &owner), -ERANGE); /* there is none */

	assert_int_equal(unbind_queue(1), 0);
	assert_true(rig->rings[0].bound_queues == 1 << 0);
	assert_ptr_equal(target_of(0)->attn, &worker);
	assert_int_equal(unbind_queue(1), -ERANGE);
	assert_int_equal(set_up(1), 0);
	assert_int_equal(evnic_rings_start(&rig_dev), 0);
	assert_int_equal(unbind_queue(1), -ENOENT);
	assert_int_equal(bind_queue(1, &owner), 0);

	/* all of them, as when the configuration is refused */
	release(0);
	release(1);
	rig_dev.data->nb_rx_queues = 0;
	for (uint16_t q = 0; q < 2; q++) {
		assert_int_equal(evnic_attn_ops.owed(rig, q), 0);
		assert_true(evnic_attn_ops.has_buffers(rig, q));
		assert_true(evnic_is_bound(rig));
		assert_int_equal(unbind_queue(q), 0);
	}
	assert_false(evnic_is_bound(rig));
	assert_null(target_of(0));
}

/* What is in the rings of a port that nobody can receive from is not lost. */
static void
nothing_is_owed_by_a_port_that_is_stopped(void **state)
{
	void *ethdevs_own = NULL;

	make_with(ROUSE_STEER_MAP_B, 1, 1, 1);
	assert_int_equal(bind_queue(0, &owner), 0);
	rig_frame(0, 1);
	rig_publish(1);
	assert_int_equal(evnic_attn_ops.owed(rig, 0), 1);
	rte_eth_fp_ops[rig_dev.data->port_id].rxq.data = &ethdevs_own;
	assert_int_equal(evnic_attn_ops.owed(rig, 0), 0);
	rte_eth_fp_ops[rig_dev.data->port_id].rxq.data = rig_dev.data->rx_queues;
	assert_int_equal(evnic_attn_ops.owed(rig, 0), 1);
	/* a control thread makes the rings anew */
	rte_spinlock_lock(&rig->rings_lock);
	assert_int_equal(evnic_attn_ops.owed(rig, 0), 0);
	rte_spinlock_unlock(&rig->rings_lock);
}

/* ---- against a model ---- */

static void
random_bindings_keep_to_the_model(void **state)
{
	const struct rouse_attn_owner *owners[] = { &owner, &same_worker, &somebody_else };
	const struct rouse_attn_owner *bound[6] = { NULL };
	uint64_t random = 3;

	make_with(ROUSE_STEER_MAP_A_RING, 6, 5, 3);
	for (int round = 0; round < ROUNDS; round++) {
		uint16_t queue = (uint16_t)unit_random_below(&random, 6);
		const struct rouse_attn_owner *to = owners[unit_random_below(&random, 3)];
		uint64_t rings = evnic_rings_of(rig, queue);
		int expected = 0;

		if (round % 50 == 0) { /* with other rings */
			for (uint16_t q = 0; q < 6; q++)
				if (bound[q] != NULL)
					assert_int_equal(unbind_queue(q), 0);
			memset(bound, 0, sizeof(bound));
			for (unsigned int i = 0; i < 6 * ROUSE_NB_EVENT_CODES; i++)
				rouse_steer_event_set(
					&rig->steer, (uint16_t)(i / ROUSE_NB_EVENT_CODES),
					(enum rouse_event_code)(i % ROUSE_NB_EVENT_CODES),
					(uint16_t)unit_random_below(&random, 5), 0);
			continue;
		}
		if (bound[queue] != NULL && unit_random_below(&random, 2) == 0) {
			assert_int_equal(unbind_queue(queue), 0);
			bound[queue] = NULL;
		} else {
			for (uint16_t q = 0; q < 6; q++)
				if (bound[q] != NULL &&
				    (q == queue ||
				     (bound[q] != to && (evnic_rings_of(rig, q) & rings) != 0)))
					expected = -EBUSY;
			assert_int_equal(bind_queue(queue, to), expected);
			if (expected == 0)
				bound[queue] = to;
		}
		for (uint16_t ring = 0; ring < 5; ring++) {
			const struct rouse_attn_owner *is = NULL;

			for (uint16_t q = 0; q < 6; q++)
				if (bound[q] != NULL && (evnic_rings_of(rig, q) >> ring & 1) != 0)
					is = bound[q];
			assert_int_equal(target_of(ring) != NULL, is != NULL);
			if (is == NULL)
				continue;
			assert_ptr_equal(target_of(ring)->attn, is->attn);
			assert_int_equal(target_of(ring)->device, is->device);
			assert_int_equal(target_of(ring)->ring, ring);
		}
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_names_the_rings_and_the_ring_bit_is_the_ring),
		TEST(queues_that_are_not_there_or_not_bound_are_refused),
		TEST(a_ring_has_one_owner_and_a_refusal_changes_nothing),
		TEST(the_device_is_told_of_every_binding_and_its_end),
		TEST(bindings_that_need_it_get_vectors_of_their_own),
		TEST(the_plan_is_every_maps_and_the_users_word_stands),
		TEST(a_bound_queue_that_is_released_is_silent_until_it_is_unbound),
		TEST(nothing_is_owed_by_a_port_that_is_stopped),
		TEST(random_bindings_keep_to_the_model),
	};

	return UNIT_RUN(tests);
}
