/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Vectors of a port with a device behind it: who is woken for what, that no packet is missed
 * whatever the device does between two steps of arming, and what arming costs.
 */

#include <errno.h>
#include <string.h>

#include "igb_rig.h"
#include "unit.h"

static int
enable(uint16_t queue)
{
	return igb_rxq_intr_enable(rig_dev, queue);
}

static int
disable(uint16_t queue)
{
	return igb_rxq_intr_disable(rig_dev, queue);
}

static unsigned int
vector_of(uint16_t queue)
{
	return rig->intr.plan.vector[queue];
}

/* Workers, as far as the registry sees them. */
static struct rouse_attn workers[4];

static struct rouse_attn_intr
assign(uint16_t queue, int worker)
{
	const struct rouse_attn_owner owner = { .attn = &workers[worker] };
	struct rouse_attn_intr intr;

	assert_int_equal(igb_attn_ops.assign(rig, queue, &owner, &intr), 0);
	return intr;
}

static uint64_t
all_messages(void)
{
	uint64_t sum = 0;

	for (int v = 0; v < DEVICE_VECTORS; v++)
		sum += device.messages[v];
	return sum;
}

/* ---- one message for each time that it is asked for ---- */

static void
a_queue_that_is_not_armed_sends_no_message(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	assert_true(rig_receive_one(0));
	assert_int_equal(all_messages(), 0);
	assert_int_equal(enable(1), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(all_messages(), 0);
	assert_int_equal(rig_burst(0), 2);
	rig_destroy();
}

static void
an_armed_queue_sends_one_message_however_many_packets_come(void **state)
{
	for (int heeds = 0; heeds < 2; heeds++) {
		rig_make(&(struct rig_conf){ .nb_queues = 2 });
		device.heeds_eiam = heeds != 0;
		for (int round = 0; round < 5; round++) {
			assert_int_equal(enable(1), 0);
			for (int i = 0; i < 10; i++)
				assert_true(rig_receive_one(1));
			assert_int_equal(rig_rung(vector_of(1)), 1);
			assert_int_equal(rig_rung(vector_of(0)), 0);
			assert_int_equal(disable(1), 0);
			assert_true(rig_receive_one(1));
			assert_int_equal(rig_burst(1), 11);
		}
		assert_int_equal(all_messages(), 5);
		rig_destroy();
	}
}

/* What came while it was polled left a cause, which must not wake it later. */
static void
a_stale_cause_wakes_nobody(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assign(0, 0);
	assert_int_equal(enable(0), 0);
	assert_int_equal(disable(0), 0);
	for (int i = 0; i < 100; i++) {
		assert_true(rig_receive_one(0));
		assert_int_equal(rig_burst(0), 1);
		assert_int_equal(enable(0), 0);
		assert_int_equal(rig_rung(vector_of(0)), 0);
		assert_int_equal(disable(0), 0);
	}
	assert_int_equal(all_messages(), 0);
	rig_destroy();
}

/* Somebody who does not look again is told of what was there before. */
static void
a_queue_that_is_armed_with_packets_in_it_fires_at_once(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_true(rig_receive_one(0));
	assert_int_equal(enable(0), 0);
	assert_int_equal(rig_rung(vector_of(0)), 1);
	assert_int_equal(rouse_counter_get(&rig->intr.vectors[vector_of(0)].fires), 1);
	/* a worker looks: nothing is fired for it */
	assert_int_equal(disable(0), 0);
	assign(0, 0);
	assert_int_equal(enable(0), 0);
	assert_int_equal(rig_rung(vector_of(0)), 0);
	assert_int_equal(rig_burst(0), 1);
	rig_destroy();
}

/* ---- posted writes: a packet between any two steps ---- */

/* A queue with a stale cause, as after a time of polling; writes wait from here on. */
static void
make_stale(bool heeds_eiam, bool owned)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	device.heeds_eiam = heeds_eiam;
	if (owned)
		assign(0, 0);
	assert_int_equal(enable(0), 0);
	assert_int_equal(disable(0), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_burst(0), 1);
	rig_rung(vector_of(0));
	device.is_posted = true;
}

/* A packet that comes after the look: the writes that still wait arrive before it, or after it. */
static void
a_packet_after_the_look_is_told_of_whatever_still_waits(void **state)
{
	for (unsigned int c = 0; c < 16; c++) {
		make_stale((c & 1) != 0, (c & 2) != 0);
		assert_int_equal(enable(0), 0);
		assert_false(igb_rxq_has_packets(rig_dev->data->rx_queues[0]));
		device_arrive(c >> 2);
		assert_true(rig_receive_one(0));
		device_arrive(UINT32_MAX);
		assert_int_equal(rig_rung(vector_of(0)), 1);
		assert_int_equal(rig_burst(0), 1);
		rig_destroy();
	}
}

static int accesses_left;
static bool has_come;

static void
come_at_the_nth_access(void)
{
	if (has_come || accesses_left-- > 0)
		return;
	has_come = true;
	assert_true(rig_receive_one(0));
}

/* A packet that comes while it is armed, before the n-th register access: a worker's look sees it,
 * or it is told of. Anybody else is told. */
static void
a_packet_while_it_is_armed_is_seen_or_told_of(void **state)
{
	unsigned int nb_came = 0;

	for (unsigned int c = 0; c < 4; c++) {
		bool owned = (c & 2) != 0;

		for (int nth = 0; nth < 8; nth++) {
			bool is_seen;

			make_stale((c & 1) != 0, owned);
			accesses_left = nth;
			has_come = false;
			device.on_access = come_at_the_nth_access;
			assert_int_equal(enable(0), 0);
			device.on_access = NULL;
			nb_came += has_come;
			is_seen = owned && igb_rxq_has_packets(rig_dev->data->rx_queues[0]);
			device_arrive(UINT32_MAX);
			assert_true(is_seen || rig_rung(vector_of(0)) != 0 || !has_come);
			assert_int_equal(rig_burst(0), has_come);
			rig_destroy();
		}
	}
	/* before each of the accesses of arming */
	assert_true(nb_came >= 4 * 3);
}

/* ---- what it costs ---- */

/* Queues of one worker share a vector: they are armed with one, at the cost of one. */
static void
arming_many_queues_of_a_worker_costs_what_one_costs(void **state)
{
	uint64_t reads, writes;

	rig_make(&(struct rig_conf){ .nb_queues = 8 });
	for (uint16_t q = 0; q < 8; q++)
		assign(q, 0);
	for (int round = 0; round < 3; round++) {
		reads = device.nb_reads;
		writes = device.nb_writes;
		for (uint16_t q = 0; q < 8; q++)
			assert_int_equal(enable(q), 0);
		for (uint16_t q = 0; q < 8; q++)
			assert_int_equal(disable(q), 0);
		if (round == 0)
			continue; /* causes go to the vector from the first time on */
		assert_int_equal(device.nb_reads - reads, 1);
		assert_int_equal(device.nb_writes - writes, 3);
	}
	rig_destroy();
}

/* After any queue of it was disarmed the vector may have fired: it is armed anew. */
static void
a_vector_that_may_have_fired_is_armed_anew(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	assign(0, 0);
	assign(1, 0);
	assert_int_equal(vector_of(0), vector_of(1));
	assert_int_equal(enable(0), 0);
	assert_int_equal(enable(1), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(vector_of(0)), 1);
	assert_int_equal(disable(0), 0);
	assert_int_equal(rig_burst(0), 1);
	assert_int_equal(enable(0), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_rung(vector_of(0)), 1);
	assert_int_equal(rig_burst(1), 1);
	rig_destroy();
}

/* ---- whose vector ---- */

static void
each_worker_is_woken_for_its_own_queues_only(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 16 });
	for (uint16_t q = 0; q < 16; q++)
		assign(q, q % 4);
	for (uint16_t q = 0; q < 16; q++)
		assert_int_equal(enable(q), 0);
	for (uint16_t q = 0; q < 16; q++) {
		unsigned int own = vector_of(q);

		assert_true(rig_receive_one(q));
		for (unsigned int v = 1; v < 10; v++)
			assert_int_equal(rig_rung(v), v == own);
		/* the worker wakes: it disarms all, drains, arms all */
		for (uint16_t other = q % 4; other < 16; other += 4)
			assert_int_equal(disable(other), 0);
		assert_int_equal(rig_burst(q), 1);
		for (uint16_t other = q % 4; other < 16; other += 4)
			assert_int_equal(enable(other), 0);
	}
	rig_destroy();
}

static void
a_queue_that_moves_wakes_its_new_owner(void **state)
{
	unsigned int old_vector, new_vector;

	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	for (uint16_t q = 0; q < 4; q++)
		assign(q, q % 2);
	for (uint16_t q = 0; q < 4; q++)
		assert_int_equal(enable(q), 0);
	old_vector = vector_of(0);
	assert_int_equal(disable(0), 0);
	device.is_posted = true;
	assert_int_equal(assign(0, 1).vector, vector_of(1));
	assert_int_equal(device_nb_waiting(), 0);
	device.is_posted = false;
	new_vector = vector_of(0);
	assert_int_not_equal(new_vector, old_vector);
	/* between the two owners it wakes nobody: the old one is armed, for its other queue */
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(old_vector), 0);
	assert_int_equal(rig_rung(new_vector), 0);
	/* the new one arms it, and looks */
	assert_int_equal(enable(0), 0);
	assert_int_equal(rig_burst(0), 1);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(old_vector), 0);
	assert_int_equal(rig_rung(new_vector), 1);
	assert_int_equal(rouse_counter_get(&rig->intr.moves), 1);
	assert_int_equal(rig_burst(0), 1);
	rig_destroy();
}

static void
a_released_queue_signals_nobody(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	assign(0, 0);
	assert_int_equal(enable(0), 0);
	assert_int_equal(disable(0), 0);
	assert_int_equal(igb_attn_ops.release(rig, 0), 0);
	device.messages[vector_of(0)] = 0;
	assert_true(rig_receive_one(0));
	igb_write(&rig->hw, IGB_EIMS, UINT32_MAX);
	assert_int_equal(all_messages(), 0);
	assert_int_equal(igb_attn_ops.release(rig, 0), -ENOENT);
	assert_int_equal(igb_attn_ops.release(rig, IGB_MAX_QUEUES), -ERANGE);
	assert_int_equal(rig_burst(0), 1);
	rig_destroy();
}

static void
ethdev_is_told_the_eventfd_of_the_vector(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	for (uint16_t q = 0; q < 4; q++) {
		struct rouse_attn_intr intr = assign(q, 0);
		int vec = rte_intr_vec_list_index_get(rig->handle, q);

		assert_int_equal(vec - RTE_INTR_VEC_RXTX_OFFSET + 1, intr.vector);
		assert_int_equal(intr.fd, rig_eventfds[intr.vector]);
	}
	rig_destroy();
}

/* ---- a vector that two workers share ---- */

static void
workers_beyond_the_vectors_share_and_miss_nothing(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2, .args = "vectors=1" });
	assign(0, 0);
	assign(1, 1);
	assert_int_equal(vector_of(0), vector_of(1));
	assert_int_equal(enable(0), 0);
	assert_int_equal(enable(1), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(1), 1);
	/* both are woken; the first arms again before the second has come round */
	assert_int_equal(disable(0), 0);
	assert_int_equal(rig_burst(0), 1);
	assert_int_equal(enable(0), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_rung(1), 1);
	/* ... and the second's packets do not keep the first awake */
	assert_int_equal(disable(0), 0);
	assert_int_equal(enable(0), 0);
	assert_int_equal(rig_rung(1), 0);
	assert_int_equal(disable(1), 0);
	assert_int_equal(rig_burst(1), 1);
	/* one that goes to poll does not disarm the other */
	assert_int_equal(enable(1), 0);
	assert_int_equal(disable(0), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_rung(1), 1);
	assert_int_equal(rig_burst(1), 1);
	rig_destroy();
}

/* ---- doorbells ---- */

static void
a_doorbell_is_rung_for_all_queues_of_its_worker(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 4, .args = "doorbell=1" });
	for (int w = 0; w < 2; w++)
		assert_int_equal(rouse_attn_init(&workers[w]), 0);
	for (uint16_t q = 0; q < 4; q++) {
		assert_int_equal(assign(q, q % 2).fd, -1);
		assert_int_equal(rig_eventfds[vector_of(q)], workers[q % 2].doorbell);
		assert_int_equal(enable(q), 0);
	}
	assert_true(rig_receive_one(3));
	assert_int_equal(rig_rung(vector_of(1)), 1);
	assert_int_equal(rig_rung(vector_of(0)), 0);
	/* who leaves may close his doorbell */
	for (uint16_t q = 0; q < 4; q++)
		assert_int_equal(igb_attn_ops.release(rig, q), 0);
	for (unsigned int v = 1; v <= 4; v++)
		for (int w = 0; w < 2; w++)
			assert_int_not_equal(rig_eventfds[v], workers[w].doorbell);
	for (int w = 0; w < 2; w++)
		rouse_attn_fini(&workers[w]);
	assert_int_equal(rig_burst(3), 1);
	rig_destroy();
}

static void
more_workers_than_vectors_cannot_have_doorbells(void **state)
{
	struct rouse_attn_owner owner = { .attn = &workers[1] };
	struct rouse_attn_intr intr;

	rig_make(&(struct rig_conf){ .nb_queues = 2, .args = "vectors=1,doorbell=1" });
	for (int w = 0; w < 2; w++)
		assert_int_equal(rouse_attn_init(&workers[w]), 0);
	assign(0, 0);
	assert_int_equal(igb_attn_ops.assign(rig, 1, &owner, &intr), -ENOSPC);
	assert_non_null(strstr(rig_log, "doorbell=0"));
	/* the first one goes on */
	assert_int_equal(enable(0), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(1), 1);
	assert_int_equal(igb_attn_ops.release(rig, 1), -ENOENT);
	assert_int_equal(rig_burst(0), 1);
	assert_int_equal(igb_attn_ops.release(rig, 0), 0);
	for (int w = 0; w < 2; w++)
		rouse_attn_fini(&workers[w]);
	rig_destroy();
}

/* A vector that rings a doorbell wakes nobody who waits for its own eventfd: he is told, and has it
 * when the worker has left. */
static void
who_waits_unknown_is_refused_a_vector_that_rings_a_doorbell(void **state)
{
	struct rouse_attn_owner owner = { .attn = &workers[0] };
	struct rouse_attn_intr intr;

	rig_make(&(struct rig_conf){ .nb_queues = 2, .args = "vectors=1,doorbell=1" });
	assert_int_equal(rouse_attn_init(&workers[0]), 0);
	assign(0, 0);
	assert_int_equal(enable(1), -ENOSPC);
	assert_non_null(strstr(rig_log, "Rx queue 1: its vector 1 rings a worker's doorbell"));
	assert_int_equal(enable(0), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_rung(1), 0);
	assert_true(rig_receive_one(0));
	assert_int_equal(rig_rung(1), 1);
	assert_int_equal(igb_attn_ops.release(rig, 0), 0);
	assert_int_equal(enable(1), 0);
	assert_int_not_equal(rig_eventfds[1], workers[0].doorbell);
	assert_int_equal(rig_rung(1), 1);
	/* and it is his */
	assert_int_equal(igb_attn_ops.assign(rig, 0, &owner, &intr), -ENOSPC);
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(rig_burst(q), 1);
	rouse_attn_fini(&workers[0]);
	rig_destroy();
}

/* ---- moderation ---- */

static void
moderation_is_set_while_the_port_runs(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2, .args = "moderation_us=50" });
	assert_int_equal(rouse_igb_moderation_get(0, 1), 50);
	assert_int_equal(rouse_igb_moderation_get(0, 0), 0);
	assert_int_equal(rouse_igb_moderation_set(0, 2, 1000), 0);
	assert_int_equal(device.regs[(0x1680 + 8) / 4] & 0x7fff, 4000);
	assert_int_equal(rouse_igb_moderation_get(0, 2), 1000);
	assert_int_equal(rouse_igb_moderation_get(0, 1), 50);
	/* by whoever finds the port in the registry, likewise */
	assert_int_equal(igb_attn_ops.moderate(rig, 2, 500), 0);
	assert_int_equal(rouse_igb_moderation_get(0, 2), 500);
	assert_int_equal(igb_attn_ops.moderate(rig, 3, 500), -ERANGE);
	assert_int_equal(rouse_igb_moderation_set(0, 3, 0), -ERANGE);
	assert_int_equal(rouse_igb_moderation_set(0, 1, 8192), -ERANGE);
	assert_int_equal(rouse_igb_moderation_get(0, 3), -ERANGE);
	assert_int_equal(rouse_igb_vector_get(0, 1), vector_of(1));
	assert_int_equal(rouse_igb_vector_get(0, 2), -ERANGE);
	assert_int_equal(rouse_igb_vector_get(7, 0), -ENODEV);
	rig_destroy();
}

/* ---- start and stop ---- */

static void
owners_find_their_vectors_again_after_a_stop(void **state)
{
	uint16_t before[4];

	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	for (uint16_t q = 0; q < 4; q++)
		before[q] = assign(q, q % 2).vector;
	assert_int_equal(enable(0), 0);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(enable(0), -ENOTSUP);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	for (uint16_t q = 0; q < 4; q++)
		assert_int_equal(vector_of(q), before[q]);
	assert_true(rig_receive_one(0));
	assert_int_equal(all_messages(), 0);
	assert_int_equal(rig_burst(0), 1);
	rig_destroy();
}

static int
set_up_anew(uint16_t queue)
{
	const struct rte_eth_rxconf conf = { .offloads = 0 };

	return igb_rxq_setup(rig_dev, queue, IGB_MIN_DESC, 0, &conf, rig_pool);
}

/* Each becomes the other, as if the memory of one had been had by the other before. */
static void
swap_queues(void)
{
	struct igb_rxq **queues = (struct igb_rxq **)(void *)rig_dev->data->rx_queues;
	struct igb_rxq *first = queues[0];

	queues[0] = queues[1];
	queues[1] = first;
	queues[0]->queue = 0;
	queues[1]->queue = 1;
	queues[0]->tail = igb_rx_reg(0, IGB_RDT);
	queues[1]->tail = igb_rx_reg(1, IGB_RDT);
}

static void
a_queue_that_a_worker_has_is_not_set_up_anew_nor_its_port_configured(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	assign(1, 0);
	assert_int_equal(enable(1), 0);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	igb_rxq_release(rig_dev, 1); /* as ethdev does before it asks the driver */
	assert_int_equal(set_up_anew(1), -EBUSY);
	assert_non_null(strstr(rig_log, "Rx queue 1 is a worker's; pause the port there"));
	assert_int_equal(set_up_anew(0), 0);
	rig_log[0] = '\0';
	assert_int_equal(igb_ops.dev_configure(rig_dev), -EBUSY);
	assert_non_null(strstr(rig_log, "Rx queue 1 is a worker's; pause the port there"));
	/* what the worker may still ask, of a queue that is no more */
	assert_int_equal(enable(1), -ENOTSUP);
	assert_int_equal(disable(1), -ENOTSUP);
	assert_int_equal(igb_attn_ops.release(rig, 1), 0);
	assert_int_equal(igb_ops.dev_configure(rig_dev), 0);
	assert_int_equal(set_up_anew(1), 0);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	assign(1, 1);
	assert_int_equal(enable(1), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_rung(vector_of(1)), 1);
	assert_int_equal(rig_burst(1), 1);
	rig_destroy();
}

/* Nobody has said who it is: he is told what came before, and keeps nobody from a set-up. */
static void
who_waits_unknown_is_the_same_after_his_queues_were_set_up_anew(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(enable(q), 0);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(igb_ops.dev_configure(rig_dev), 0);
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(set_up_anew(q), 0);
	/* wherever the allocator would put them: neither is where it was */
	swap_queues();
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	for (uint16_t q = 0; q < 2; q++) {
		assert_true(rig_receive_one(q));
		assert_int_equal(enable(q), 0);
		assert_int_equal(rig_rung(vector_of(q)), 1);
		assert_int_equal(igb_attn_ops.release(rig, q), -ENOENT);
		assert_int_equal(rig_burst(q), 1);
	}
	rig_destroy();
}

static void
link_changes_come_by_vector_0(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2, .lsc = true });
	device.messages[0] = 0;
	igb_read(&rig->hw, IGB_ICR);
	for (unsigned int i = 1; i <= 6; i++) {
		device_set_link(i % 2 == 0);
		assert_int_equal(device.messages[0], i);
		igb_link_on_interrupt(rig_dev);
		assert_int_equal(rig_link_events, i);
		assert_int_equal(rig_dev->data->dev_link.link_status, i % 2 == 0);
	}
	for (unsigned int v = 1; v < DEVICE_VECTORS; v++)
		assert_int_equal(device.messages[v], 0);
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_that_is_not_armed_sends_no_message),
		cmocka_unit_test(an_armed_queue_sends_one_message_however_many_packets_come),
		cmocka_unit_test(a_stale_cause_wakes_nobody),
		cmocka_unit_test(a_queue_that_is_armed_with_packets_in_it_fires_at_once),
		cmocka_unit_test(a_packet_after_the_look_is_told_of_whatever_still_waits),
		cmocka_unit_test(a_packet_while_it_is_armed_is_seen_or_told_of),
		cmocka_unit_test(arming_many_queues_of_a_worker_costs_what_one_costs),
		cmocka_unit_test(a_vector_that_may_have_fired_is_armed_anew),
		cmocka_unit_test(each_worker_is_woken_for_its_own_queues_only),
		cmocka_unit_test(a_queue_that_moves_wakes_its_new_owner),
		cmocka_unit_test(a_released_queue_signals_nobody),
		cmocka_unit_test(ethdev_is_told_the_eventfd_of_the_vector),
		cmocka_unit_test(workers_beyond_the_vectors_share_and_miss_nothing),
		cmocka_unit_test(a_doorbell_is_rung_for_all_queues_of_its_worker),
		cmocka_unit_test(more_workers_than_vectors_cannot_have_doorbells),
		cmocka_unit_test(who_waits_unknown_is_refused_a_vector_that_rings_a_doorbell),
		cmocka_unit_test(moderation_is_set_while_the_port_runs),
		cmocka_unit_test(owners_find_their_vectors_again_after_a_stop),
		cmocka_unit_test(
			a_queue_that_a_worker_has_is_not_set_up_anew_nor_its_port_configured),
		cmocka_unit_test(who_waits_unknown_is_the_same_after_his_queues_were_set_up_anew),
		cmocka_unit_test(link_changes_come_by_vector_0),
	};

	return UNIT_RUN(tests);
}
