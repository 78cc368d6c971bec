/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx interrupts of ordinary users: whatever came before the interrupt was enabled, and in
 * whatever order, fires it.
 */

#include <errno.h>

#include "evnic_rig.h"
#include "unit.h"

static void
make_with(enum rouse_steer_map map, uint16_t nb_queues, uint16_t nb_rings)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_rings,
	};

	rig_make(&conf);
	rig->args.tx_events = true;
}

static int
destroy(void **state)
{
	rig_destroy();
	return 0;
}

static bool
has_fired(uint16_t queue)
{
	uint64_t n;

	return read(rig->rxq[queue]->own_attn.doorbell, &n, sizeof(n)) == sizeof(n);
}

static void
sent_event(void)
{
	evnic_event_tx(rig, 0);
	evnic_events_post(rig, 1);
	rig_publish(1);
}

/* Ordinary users hear of links and errors by other ways. */
static void
only_frames_and_what_was_sent_fire(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 1, 1);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	evnic_event_link(rig);
	evnic_event_error(rig, ROUSE_EVNIC_OVERRUN, 1);
	evnic_events_post(rig, 1);
	rig_publish(1);
	assert_false(has_fired(0));
	sent_event();
	assert_true(has_fired(0));
	rig_receive_all(0);
	/* without TX events nothing but a frame is looked for as it is enabled */
	rig->args.tx_events = false;
	evnic_event_link(rig);
	evnic_events_post(rig, 1);
	rig_publish(1);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_false(has_fired(0));
}

static void
an_empty_queue_fires_when_something_comes(void **state)
{
	make_with(ROUSE_STEER_MAP_A_RING, 2, 8);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_false(has_fired(0));
	rig_frame(0, 1);
	rig_publish(1);
	assert_true(has_fired(0));
	rig_receive_all(0);
	/* a code with another ring */
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_false(has_fired(0));
	sent_event();
	assert_true(has_fired(0));
}

static void
what_came_before_it_was_enabled_fires_at_once(void **state)
{
	make_with(ROUSE_STEER_MAP_A_RING, 2, 8);
	rig_frame(0, 1);
	rig_publish(1);
	assert_false(has_fired(0));
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_true(has_fired(0));
	rig_receive_all(0);
	assert_int_equal(evnic_rxq_intr_disable(&rig_dev, 0), 0);
	sent_event();
	assert_false(has_fired(0));
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_true(has_fired(0));
}

/* ---- enabled within a signal ---- */

static enum rouse_window enable_at;

static void
enable(enum rouse_window window)
{
	if (window != enable_at)
		return;
	rig_window = NULL;
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
}

static void
an_interrupt_enabled_anywhere_within_a_signal_fires(void **state)
{
	for (int is_frame = 0; is_frame <= 1; is_frame++) {
		for (enum rouse_window w = 0; w <= ROUSE_WINDOW_P_RUNG; w++) {
			make_with(ROUSE_STEER_MAP_B, 1, 1);
			enable_at = w;
			rig_window = enable;
			if (is_frame) {
				rig_frame(0, 1);
				rig_publish(1);
			} else {
				sent_event();
			}
			/* it was enabled, unless there is no such step for who has disabled it */
			assert_true(rig_window != NULL || has_fired(0));
			if (w <= ROUSE_WINDOW_P_FENCED)
				assert_null(rig_window);
			rig_window = NULL;
			rig_destroy();
		}
	}
	make_with(ROUSE_STEER_MAP_B, 1, 1);
}

/* The signal found a disabled interrupt: nothing more is owed, though it is not settled yet. */
static void
look_at_state_and_enable(enum rouse_window window)
{
	if (window != ROUSE_WINDOW_P_FENCED)
		return;
	rig_window = NULL;
	/* as if P4 had been done: the wire goes on with what it saw */
	rig->rings[0].addressed = 0;
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
}

static void
an_interrupt_enabled_after_the_wire_saw_it_disabled_fires(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 1, 1);
	rig_window = look_at_state_and_enable;
	sent_event();
	assert_null(rig_window);
	assert_true(has_fired(0));
}

/* ---- rings that are shared ---- */

static void
an_event_that_another_queues_burst_has_sorted_fires_at_once(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 1);
	sent_event(); /* for queue 0 */
	rig_receive_all(1);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_true(has_fired(0));
	rig_receive_all(0);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 0), 0);
	assert_false(has_fired(0));
}

/* ---- masked ---- */

static void
a_masked_vector_fires_on_unmask(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2);
	atomic_store(&rig->vectors[1].masked, true);
	rig_frame(1, 1);
	rig_publish(1);
	assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 1), 0);
	assert_false(has_fired(1));
	assert_true(atomic_load(&rig->vectors[1].pending) == 1 << 1);
	atomic_store(&rig->vectors[1].masked, false);
	evnic_vectors_deliver(rig, evnic_vectors_unmasked(rig), 2);
	assert_true(has_fired(1));
}

/* It would come by itself when something else happens; nothing may. */
static void
what_an_interval_or_a_mask_holds_back_is_the_wires_to_send(void **state)
{
	for (int masked = 0; masked <= 1; masked++) {
		uint64_t n;

		make_with(ROUSE_STEER_MAP_B, 2, 2);
		rig_frame(1, 1);
		rig_publish(1);
		if (masked)
			atomic_store(&rig->vectors[1].masked, true);
		else
			atomic_store(&rig->vectors[1].interval_tsc, 1);
		rouse_attn_park(&rig->wire.attn);
		assert_false(rouse_attn_look(&rig->wire.attn));
		assert_int_equal(evnic_rxq_intr_enable(&rig_dev, 1), 0);
		assert_false(has_fired(1));
		assert_true(atomic_load(&rig->wire.sync_wanted) !=
			    atomic_load(&rig->wire.sync_done));
		assert_int_equal(read(rig->wire.attn.doorbell, &n, sizeof(n)), sizeof(n));
		if (masked == 0)
			rig_destroy();
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_frames_and_what_was_sent_fire),
		TEST(an_empty_queue_fires_when_something_comes),
		TEST(what_came_before_it_was_enabled_fires_at_once),
		TEST(an_interrupt_enabled_anywhere_within_a_signal_fires),
		TEST(an_interrupt_enabled_after_the_wire_saw_it_disabled_fires),
		TEST(an_event_that_another_queues_burst_has_sorted_fires_at_once),
		TEST(a_masked_vector_fires_on_unmask),
		TEST(what_an_interval_or_a_mask_holds_back_is_the_wires_to_send),
	};

	return UNIT_RUN(tests);
}
