/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Vectors: what a message sets, who is woken by it, what mask and interval hold back, and that it
 * comes once and later rather than twice or never.
 */

#include <string.h>

#include "evnic_rig.h"
#include "unit.h"

#define DEVICE 5

static struct rouse_attn worker, other;

static void
make_with(enum rouse_steer_map map, uint16_t nb_queues, uint16_t nb_rings, uint16_t nb_vectors)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_vectors,
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

static void
bind_to(uint16_t queue, struct rouse_attn *attn)
{
	const struct rouse_attn_owner owner = { .attn = attn, .device = DEVICE };
	uint64_t rings;

	assert_int_equal(evnic_attn_ops.bind(rig, queue, &owner, &rings), 0);
}

/* How often it was rung since the last question. */
static uint64_t
rings_of(int doorbell)
{
	uint64_t n;

	return read(doorbell, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
park(struct rouse_attn *a)
{
	rouse_attn_attend(a);
	while (rouse_attn_take(a) != 0)
		;
	for (unsigned int d = 0; d < ROUSE_ATTN_BITS; d++)
		rouse_attn_take_detail(a, d);
	rouse_attn_park(a);
	assert_false(rouse_attn_look(a));
}

static uint64_t
bits_of(const struct rouse_attn *a)
{
	return rouse_attn_marked_rings(a, DEVICE);
}

static void
frame(uint16_t queue, uint64_t tsc)
{
	rig_frame(queue, tsc);
	rig_publish(tsc);
}

static uint64_t
pending(uint16_t vector)
{
	return atomic_load(&rig->vectors[vector].pending);
}

/* What the wire does when a control thread has changed something. */
static void
honour(uint64_t tsc)
{
	evnic_vectors_deliver(rig, evnic_vectors_unmasked(rig), tsc);
}

static unsigned int
lines(uint16_t vector, const char *fate)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < rig_nb_messages; i++)
		n += rig_messages[i].vector == vector && strcmp(rig_messages[i].fate, fate) == 0;
	return n;
}

/* ---- messages ---- */

static void
a_message_carries_the_bit_of_its_ring_and_wakes_the_owner_once(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 8, 8, 8);
	for (uint16_t q = 0; q < 8; q++)
		bind_to(q, &worker);
	for (uint16_t q = 0; q < 8; q++) {
		park(&worker);
		frame(q, 100 + q);
		assert_true(atomic_load(&worker.word) == UINT64_C(1) << DEVICE);
		assert_true(bits_of(&worker) == UINT64_C(1) << q);
		assert_int_equal(rings_of(worker.doorbell), 1);
		assert_int_equal(atomic_load(&worker.event_tsc), 100 + q);
		assert_int_equal(rouse_counter_get(&rig->vectors[q].messages), 1);
		assert_int_equal(rouse_counter_get(&rig->vectors[q].doorbells), 1);
		assert_int_equal(rig_messages[rig_nb_messages - 1].vector, q);
		assert_int_equal(rig_messages[rig_nb_messages - 1].ring, q);
	}
	assert_int_equal(rig_nb_messages, 8);
}

static void
an_owner_that_is_awake_gets_bits_and_no_doorbell_and_one_that_polls_nothing(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	bind_to(1, &worker);
	frame(1, 1);
	assert_true(bits_of(&worker) == 1 << 1);
	assert_int_equal(rings_of(worker.doorbell), 0);
	park(&worker);
	rouse_attn_poll(&worker);
	atomic_store(&rig->vectors[1].masked, true);
	frame(1, 2);
	assert_true(bits_of(&worker) == 0 && pending(1) == 0);
	assert_int_equal(rouse_counter_get(&rig->vectors[1].messages), 1);
}

static void
rings_that_share_a_vector_overwrite_nothing(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4, 1);
	for (uint16_t q = 0; q < 4; q++)
		bind_to(q, &worker);
	park(&worker);
	rig_frame(1, 7);
	rig_frame(3, 7);
	rig_publish(7);
	frame(2, 8);
	assert_true(bits_of(&worker) == (1 << 1 | 1 << 2 | 1 << 3));
	assert_int_equal(rings_of(worker.doorbell), 1);
}

static void
two_owners_of_a_vector_are_both_woken(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 1);
	bind_to(0, &worker);
	bind_to(1, &other);
	park(&worker);
	park(&other);
	rig_frame(0, 7);
	rig_frame(1, 7);
	rig_publish(7);
	assert_true(bits_of(&worker) == 1 << 0 && bits_of(&other) == 1 << 1);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_int_equal(rings_of(other.doorbell), 1);
}

static void
a_ring_is_signalled_by_the_vector_of_each_code_that_it_carries(void **state)
{
	make_with(ROUSE_STEER_MAP_A, 2, 1, 4);
	rouse_steer_event_set(&rig->steer, 0, ROUSE_EVENT_RX, 0, 1);
	rouse_steer_event_set(&rig->steer, 0, ROUSE_EVENT_LINK, 0, 3);
	bind_to(0, &worker);
	rig_frame(0, 1);
	evnic_event_link(rig);
	evnic_events_post(rig, 1);
	rig_publish(1);
	assert_int_equal(rig_nb_messages, 2);
	assert_int_equal(rig_messages[0].vector, 1);
	assert_int_equal(rig_messages[1].vector, 3);
	/* and by no other the next time */
	frame(0, 2);
	assert_int_equal(rig_nb_messages, 3);
	assert_int_equal(rig_messages[2].vector, 1);
}

/* ---- ordinary users ---- */

static void
without_an_owner_the_queues_are_told_that_something_came_for(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 1, 1);
	for (uint16_t q = 0; q < 4; q++)
		park(&rig->rxq[q]->own_attn);
	rig_frame(1, 1);
	rig_frame(3, 1);
	rig_publish(1);
	for (uint16_t q = 0; q < 4; q++)
		assert_int_equal(atomic_load(&rig->rxq[q]->own_attn.state),
				 q % 2 == 1 ? ROUSE_ATTN_ATTEND : ROUSE_ATTN_PARK);
	/* they share the doorbell of their vector */
	assert_int_equal(rings_of(rig->vectors[0].doorbell), 2);
	/* whose interrupt has fired or is disabled is left alone */
	rouse_attn_poll(&rig->rxq[0]->own_attn);
	rig_frame(0, 2);
	rig_frame(1, 2);
	rig_publish(2);
	assert_int_equal(rings_of(rig->vectors[0].doorbell), 0);
}

static void
a_held_message_reaches_ordinary_users_too(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 1, 1);
	park(&rig->rxq[1]->own_attn);
	atomic_store(&rig->vectors[0].masked, true);
	frame(1, 1);
	assert_int_equal(rings_of(rig->vectors[0].doorbell), 0);
	atomic_store(&rig->vectors[0].masked, false);
	honour(2);
	assert_int_equal(rings_of(rig->vectors[0].doorbell), 1);
	assert_int_equal(atomic_load(&rig->rxq[1]->own_attn.state), ROUSE_ATTN_ATTEND);
}

/* ---- mask ---- */

static void
a_masked_vector_sets_bits_latches_once_and_delivers_on_unmask(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	bind_to(1, &worker);
	park(&worker);
	atomic_store(&rig->vectors[1].masked, true);
	for (uint64_t tsc = 1; tsc <= 5; tsc++)
		frame(1, tsc);
	assert_true(bits_of(&worker) == 1 << 1);
	assert_int_equal(atomic_load(&worker.state), ROUSE_ATTN_PARK);
	assert_int_equal(rings_of(worker.doorbell), 0);
	assert_true(pending(1) == 1 << 1);
	assert_int_equal(lines(1, "masked"), 5);
	assert_int_equal(rouse_counter_get(&rig->wire.stats.masked), 5);
	/* as long as it is masked nothing comes of it */
	honour(6);
	evnic_vectors_deliver(rig, 1 << 1, 6);
	assert_true(pending(1) == 1 << 1);
	assert_int_equal(rings_of(worker.doorbell), 0);

	atomic_store(&rig->vectors[1].masked, false);
	honour(7);
	assert_int_equal(lines(1, "sent"), 1);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_true(pending(1) == 0);
	/* once */
	park(&worker);
	honour(8);
	assert_int_equal(lines(1, "sent"), 1);
	assert_int_equal(rings_of(worker.doorbell), 0);
}

static void
a_masked_vector_holds_each_of_its_rings(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4, 2);
	bind_to(0, &worker); /* vector 0, as ring 2 */
	bind_to(2, &other);
	park(&worker);
	park(&other);
	atomic_store(&rig->vectors[0].masked, true);
	frame(0, 1);
	frame(2, 2);
	assert_true(pending(0) == (1 << 0 | 1 << 2));
	atomic_store(&rig->vectors[0].masked, false);
	honour(3);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_int_equal(rings_of(other.doorbell), 1);
}

static void
a_mask_holds_no_other_vector(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	bind_to(0, &worker);
	bind_to(1, &worker);
	park(&worker);
	atomic_store(&rig->vectors[0].masked, true);
	frame(0, 1);
	frame(1, 2);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_true(bits_of(&worker) == (1 << 0 | 1 << 1));
}

/* ---- interval ---- */

static void
within_the_interval_a_message_waits_and_then_it_comes(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	bind_to(1, &worker);
	atomic_store(&rig->vectors[1].interval_tsc, 1000);
	park(&worker);
	frame(1, 10100);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_true(evnic_vectors_next_ns(rig) == UINT64_MAX);

	park(&worker);
	frame(1, 11099);
	frame(1, 11099);
	assert_int_equal(rings_of(worker.doorbell), 0);
	assert_true(bits_of(&worker) == 1 << 1);
	assert_true(pending(1) == 1 << 1 && rig->wire.held == 1 << 1);
	assert_int_equal(lines(1, "moderated"), 2);
	assert_true(evnic_vectors_next_ns(rig) != UINT64_MAX);
	assert_true(evnic_vectors_due(rig, 11099) == 0);
	/* asked too early it stays, and is not forgotten */
	evnic_vectors_deliver(rig, 1 << 1, 11099);
	assert_true(pending(1) == 1 << 1 && rig->wire.held == 1 << 1);

	assert_true(evnic_vectors_due(rig, 11100) == 1 << 1);
	evnic_vectors_deliver(rig, 1 << 1, 11100);
	assert_int_equal(rings_of(worker.doorbell), 1);
	assert_true(pending(1) == 0 && rig->wire.held == 0);
	/* that doorbell begins an interval, too */
	park(&worker);
	frame(1, 12099);
	assert_int_equal(rings_of(worker.doorbell), 0);
	evnic_vectors_deliver(rig, evnic_vectors_due(rig, 12100), 12100);
	assert_int_equal(rings_of(worker.doorbell), 1);
}

static void
only_a_doorbell_begins_an_interval(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 1, 1, 1);
	bind_to(0, &worker);
	atomic_store(&rig->vectors[0].interval_tsc, 1000);
	frame(0, 10100); /* the owner is awake */
	park(&worker);
	frame(0, 10101);
	assert_int_equal(rings_of(worker.doorbell), 1);
}

static void
an_unmasked_vector_keeps_to_its_interval_and_a_masked_one_waits_longer(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 1, 1, 1);
	bind_to(0, &worker);
	atomic_store(&rig->vectors[0].interval_tsc, 1000);
	park(&worker);
	frame(0, 100);
	park(&worker);
	rings_of(worker.doorbell);
	/* masked, then unmasked within the interval */
	atomic_store(&rig->vectors[0].masked, true);
	frame(0, 200);
	atomic_store(&rig->vectors[0].masked, false);
	honour(300);
	assert_int_equal(rings_of(worker.doorbell), 0);
	assert_true(rig->wire.held == 1);
	/* masked when the interval is over */
	atomic_store(&rig->vectors[0].masked, true);
	evnic_vectors_deliver(rig, evnic_vectors_due(rig, 1100), 1100);
	assert_int_equal(rings_of(worker.doorbell), 0);
	assert_true(pending(0) == 1);
	atomic_store(&rig->vectors[0].masked, false);
	honour(1200);
	assert_int_equal(rings_of(worker.doorbell), 1);
}

/* ---- the order within a signal ---- */

static struct {
	unsigned int met[ROUSE_NB_WINDOWS];
	bool settled_early;
	bool wrong_bits;
	int order[16];
	unsigned int nb;
} seen;

static void
look(enum rouse_window window)
{
	const struct rouse_evring *r = rig->rings[1].entries;

	seen.met[window]++;
	if (window > ROUSE_WINDOW_P_RUNG)
		return;
	if (seen.nb < UNIT_DIM(seen.order))
		seen.order[seen.nb++] = (int)window;
	seen.settled_early |= rouse_evring_owed(r) != 0;
	if (window >= ROUSE_WINDOW_P_MARKED)
		seen.wrong_bits |= bits_of(&worker) != 1 << 1;
	else
		seen.wrong_bits |= bits_of(&worker) != 0;
}

static void
a_ring_is_settled_when_its_signal_is_over_and_not_before(void **state)
{
	static const int order[] = { ROUSE_WINDOW_P_PUBLISHED, ROUSE_WINDOW_P_FENCED,
				     ROUSE_WINDOW_P_STATE,     ROUSE_WINDOW_P_DETAIL,
				     ROUSE_WINDOW_P_MARKED,    ROUSE_WINDOW_P_CLAIMED,
				     ROUSE_WINDOW_P_RUNG };

	make_with(ROUSE_STEER_MAP_B, 2, 2, 2);
	bind_to(1, &worker);
	park(&worker);
	rig_frame(1, 1);
	memset(&seen, 0, sizeof(seen));
	rig_window = look;
	rig_publish(1);
	rig_window = NULL;
	assert_false(seen.settled_early);
	assert_false(seen.wrong_bits);
	assert_int_equal(seen.nb, UNIT_DIM(order));
	assert_memory_equal(seen.order, order, sizeof(order));
	assert_int_equal(rouse_evring_owed(rig->rings[1].entries), 1);
	assert_true(evnic_attn_ops.owed(rig, 1) == 1 << 1);
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_carries_the_bit_of_its_ring_and_wakes_the_owner_once),
		TEST(an_owner_that_is_awake_gets_bits_and_no_doorbell_and_one_that_polls_nothing),
		TEST(rings_that_share_a_vector_overwrite_nothing),
		TEST(two_owners_of_a_vector_are_both_woken),
		TEST(a_ring_is_signalled_by_the_vector_of_each_code_that_it_carries),
		TEST(without_an_owner_the_queues_are_told_that_something_came_for),
		TEST(a_held_message_reaches_ordinary_users_too),
		TEST(a_masked_vector_sets_bits_latches_once_and_delivers_on_unmask),
		TEST(a_masked_vector_holds_each_of_its_rings),
		TEST(a_mask_holds_no_other_vector),
		TEST(within_the_interval_a_message_waits_and_then_it_comes),
		TEST(only_a_doorbell_begins_an_interval),
		TEST(an_unmasked_vector_keeps_to_its_interval_and_a_masked_one_waits_longer),
		TEST(a_ring_is_settled_when_its_signal_is_over_and_not_before),
	};

	return UNIT_RUN(tests);
}
