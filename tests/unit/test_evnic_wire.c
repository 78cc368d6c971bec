/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The wire, run in the test's thread: from a frame, a change of the link or a frame that was sent
 * to the event, and in which order entry, write indicator and message come.
 */

#include <string.h>

#include "evnic_rig.h"
#include "no_eal.h"
#include "unit.h"

#define QUEUES	     4
#define DEVICE	     9
#define INTERVAL_TSC 200000000 /* another program may run in between */

static struct rouse_attn worker;

static void
make_with_desc(enum rouse_steer_map map, uint16_t nb_rings, uint16_t nb_vectors, uint16_t nb_desc)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = QUEUES,
		.nb_rings = nb_rings,
		.nb_vectors = nb_vectors,
		.nb_desc = nb_desc,
	};

	rig_make(&conf);
	assert_int_equal(rouse_attn_init(&worker), 0);
}

static void
make_with(enum rouse_steer_map map, uint16_t nb_rings, uint16_t nb_vectors)
{
	make_with_desc(map, nb_rings, nb_vectors, 256);
}

static int
destroy(void **state)
{
	rig_destroy();
	rouse_attn_fini(&worker);
	return 0;
}

static void
bind_all(void)
{
	const struct rouse_attn_owner owner = { .attn = &worker, .device = DEVICE };
	uint64_t rings;

	for (uint16_t q = 0; q < QUEUES; q++)
		assert_int_equal(evnic_attn_ops.bind(rig, q, &owner, &rings), 0);
}

static uint64_t
rung(int doorbell)
{
	uint64_t n;

	return read(doorbell, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
park(void)
{
	rouse_attn_attend(&worker);
	rouse_attn_take(&worker);
	rouse_attn_take_detail(&worker, DEVICE);
	rouse_attn_park(&worker);
	assert_false(rouse_attn_look(&worker));
}

/* ---- where frames go ---- */

static bool
frames_of_all_kinds(unsigned int nth)
{
	for (uint32_t hash = 0; hash < 16 && nth < 8; hash++) {
		rig_arrive(hash * 7 + nth, 0);
		rig_arrive(0, EVNIC_FATE_UNHASHED);
		rig_arrive(hash, EVNIC_FATE_FILTERED);
	}
	for (uint16_t q = 0; q < QUEUES; q++)
		rig_receive_all(q);
	return nth < 8;
}

static void
every_frame_goes_where_hash_and_map_say(void **state)
{
	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		unsigned int at = 0;

		make_with(map, 11, 5);
		/* default processor and RSS default queue are not the same */
		rouse_steer_default_processor_set(&rig->steer, 1);
		rouse_steer_rss_default_queue_set(&rig->steer, 2);
		for (uint16_t i = 0; i < EVNIC_RETA_SIZE; i++)
			rouse_steer_reta_set(&rig->steer, i, i * 5 / 3 % QUEUES);
		rouse_steer_ring_set(&rig->steer, 3, 10);
		assert_int_equal(evnic_rings_start(&rig_dev), 0);
		rig_run(frames_of_all_kinds);
		for (unsigned int n = 0; n < 8; n++) {
			for (uint32_t i = 0; i < 32; i++, at++) {
				bool hashed = i % 2 == 0;
				uint32_t hash = i / 2 * 7 + n;
				uint16_t queue = hashed ? (uint16_t)(hash % EVNIC_RETA_SIZE) * 5 /
								  3 % QUEUES
							: 2;
				struct rouse_steer_path path =
					rouse_steer_event(&rig->steer, queue, ROUSE_EVENT_RX);
				const struct rig_event *e;

				while (rig_events[at].event.code != ROUSE_EVENT_RX)
					at++;
				e = &rig_events[at];
				assert_int_equal(e->event.queue, queue);
				assert_int_equal(e->path.queue, queue);
				assert_int_equal(e->path.ring, path.ring);
				assert_int_equal(e->path.vector, path.vector);
				assert_int_equal(e->event.flags & ROUSE_EVENT_F_HASH, hashed);
				if (hashed)
					assert_int_equal(e->event.rss_hash, hash);
			}
		}
		assert_int_equal(rouse_counter_get(&rig->wire.stats.unhashed), 8 * 16);
		assert_int_equal(rouse_counter_get(&rig->wire.stats.filtered), 8 * 16);
		if (map != ROUSE_NB_STEER_MAPS - 1)
			destroy(NULL);
	}
}

/* ---- entry, write indicator, message ---- */

static struct {
	uint32_t events; /* that the trace had been told of before this burst */
	unsigned int fences, marks, messages_early;
	bool wrong;
} order;

/* Every event of the burst, in its ring as it was told to the trace. */
static void
check_published(void)
{
	uint32_t nb[EVNIC_MAX_QUEUES] = { 0 };

	for (uint32_t i = order.events; i < rig_nb_events; i++) {
		const struct rig_event *e = &rig_events[i];
		const struct rouse_evring *r = rig->rings[e->path.ring].entries;
		uint32_t at = e->write + nb[e->path.ring]++;

		order.wrong |= (int32_t)(atomic_load(&r->write) - at) <= 0;
		order.wrong |= memcmp(&r->entries[rouse_evring_place(r, at)], &e->event,
				      sizeof(e->event)) != 0;
	}
}

static void
look(enum rouse_window window)
{
	switch (window) {
	case ROUSE_WINDOW_P_PUBLISHED:
		if (rig_nb_events == order.events)
			break; /* a driver's */
		check_published();
		/* before the fence nobody is told */
		order.wrong |= rouse_attn_marked_rings(&worker, DEVICE) != 0;
		order.wrong |= rig_nb_messages != order.messages_early;
		order.fences++;
		break;
	case ROUSE_WINDOW_P_STATE:
		order.marks++;
		order.wrong |= order.fences == 0;
		check_published();
		break;
	default:
		break;
	}
}

static bool
bursts(unsigned int nth)
{
	if (nth > 0) {
		order.wrong |= order.fences != 1 || order.marks == 0;
		order.wrong |= rig_nb_events == order.events;
		order.wrong |= rung(worker.doorbell) != 1;
	}
	for (uint16_t q = 0; q < QUEUES; q++)
		rig_receive_all(q);
	park();
	order.fences = order.marks = 0;
	order.events = rig_nb_events;
	order.messages_early = rig_nb_messages;
	if (nth == 20)
		return false;
	for (uint32_t i = 0; i <= nth; i++)
		rig_arrive(i * 3 + nth, 0);
	return true;
}

static void
entry_then_write_indicator_then_fence_then_message(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 3, 2);
	bind_all();
	memset(&order, 0, sizeof(order));
	rig_window = look;
	rig_run(bursts);
	assert_false(order.wrong);
	/* when an entry was written, its ring's indicator stood where it had been before it */
	for (unsigned int i = 0; i < rig_nb_events; i++)
		for (unsigned int k = 0; k < i; k++)
			if (rig_events[k].path.ring == rig_events[i].path.ring)
				assert_true((int32_t)(rig_events[i].write - rig_events[k].write) >=
					    0);
	assert_int_equal(rig_events[0].write, 0);
}

static bool
one_burst(unsigned int nth)
{
	for (uint32_t i = 0; i < 20 && nth == 0; i++)
		rig_arrive(0, 0); /* one ring */
	return nth == 0;
}

static void
no_entry_of_a_burst_is_published_before_all_are_written(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4);
	rig_run(one_burst);
	assert_int_equal(rig_nb_events, 20);
	for (unsigned int i = 0; i < rig_nb_events; i++)
		assert_int_equal(rig_events[i].write, 0);
	assert_int_equal(rig_receive_all(0), 20);
}

/* ---- what control threads ask for ---- */

static bool
mask_and_unmask(unsigned int nth)
{
	switch (nth) {
	case 0:
		park();
		atomic_store(&rig->vectors[1].masked, true);
		rig_arrive(1, 0);
		return true;
	case 1:
		assert_int_equal(rung(worker.doorbell), 0);
		assert_true(rouse_attn_marked_rings(&worker, DEVICE) == 1 << 1);
		atomic_store(&rig->vectors[1].masked, false);
		atomic_fetch_add(&rig->wire.sync_wanted, 1);
		return true;
	default:
		if (nth < 4)
			return true;
		assert_int_equal(rung(worker.doorbell), 1);
		return false;
	}
}

static void
an_unmasked_vector_delivers_before_the_request_is_done(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4);
	bind_all();
	rig_run(mask_and_unmask);
	assert_true(atomic_load(&rig->wire.sync_done) == atomic_load(&rig->wire.sync_wanted));
}

static bool
moderate(unsigned int nth)
{
	static unsigned int rings;

	if (nth == 0) {
		rings = 0;
		park();
		atomic_store(&rig->vectors[1].interval_tsc, INTERVAL_TSC);
		rig_arrive(1, 0);
		return true;
	}
	rings += rung(worker.doorbell) != 0;
	if (nth == 1) {
		assert_int_equal(rings, 1);
		park();
		rig_arrive(1, 0);
	}
	/* nothing else happens: the wire finds by itself that the interval is over */
	return rings < 2;
}

static void
a_moderated_message_comes_by_itself(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 4, 4);
	bind_all();
	rig_run(moderate);
	assert_int_equal(rouse_counter_get(&rig->wire.stats.moderated), 1);
	assert_int_equal(rouse_counter_get(&rig->wire.stats.doorbells), 2);
}

/* ---- link ---- */

static bool
flap(unsigned int nth)
{
	for (uint16_t q = 0; q < QUEUES; q++)
		rig_receive_all(q);
	atomic_store(&rig->link.up, nth % 2 == 0);
	atomic_fetch_add(&rig->wire.sync_wanted, 1);
	return nth < 6;
}

static void
each_change_of_the_link_is_an_event(void **state)
{
	unsigned int nb_links = 0;

	make_with(ROUSE_STEER_MAP_A, 16, 16);
	rouse_steer_default_processor_set(&rig->steer, 3);
	rig->wire.carrier = true;
	rig_run(flap);
	for (unsigned int i = 0; i < rig_nb_events; i++) {
		if (rig_events[i].event.code != ROUSE_EVENT_LINK)
			continue;
		assert_int_equal(rig_events[i].path.queue, 3);
		assert_int_equal(rig_events[i].path.ring, 3 + QUEUES * ROUSE_EVENT_LINK);
		assert_int_equal(rig_events[i].event.data, nb_links % 2 == 0 ? 0 : 1);
		nb_links++;
	}
	assert_int_equal(nb_links, 6);
}

/* ---- transmit ---- */

static struct rte_mbuf *to_send[10];
static unsigned int before_send;

static bool
send_frames(unsigned int nth)
{
	if (nth == 0) {
		for (unsigned int i = 0; i < 10; i++)
			to_send[i] = rig_mbuf();
		before_send = no_eal_mbufs_out;
		assert_int_equal(evnic_tx_burst(rig->txq[2], to_send, 10), 10);
		rig_sink_room = 4;
	} else if (nth == 3) {
		/* four are sent, and said to be: they and no others are freed */
		assert_int_equal(no_eal_mbufs_out, before_send);
		rig_receive_all(2);
		assert_int_equal(no_eal_mbufs_out, before_send - 4);
		rig_sink_room = UINT32_MAX;
	} else if (nth == 6) {
		rig_receive_all(2);
		assert_int_equal(no_eal_mbufs_out, before_send - 10);
	}
	return nth < 6;
}

static void
a_tx_event_frees_what_was_sent_and_no_more(void **state)
{
	unsigned int nb_tx = 0;

	make_with(ROUSE_STEER_MAP_A, 16, 16);
	rig->args.tx_events = true;
	rig->txq[2]->waits = true;
	rig_run(send_frames);
	for (unsigned int i = 0; i < rig_nb_events; i++) {
		if (rig_events[i].event.code != ROUSE_EVENT_TX)
			continue;
		assert_int_equal(rig_events[i].path.queue, 2);
		assert_int_equal(rig_events[i].path.ring, 2 + QUEUES * ROUSE_EVENT_TX);
		nb_tx++;
	}
	assert_int_equal(nb_tx, 2);
}

static void
without_tx_events_nothing_is_said_of_what_was_sent(void **state)
{
	make_with(ROUSE_STEER_MAP_A, 16, 16);
	for (unsigned int i = 0; i < 10; i++)
		to_send[i] = rig_mbuf();
	assert_int_equal(evnic_tx_burst(rig->txq[2], to_send, 10), 10);
	rig_run(one_burst);
	for (unsigned int i = 0; i < rig_nb_events; i++)
		assert_int_equal(rig_events[i].event.code, ROUSE_EVENT_RX);
}

/* ---- errors ---- */

static bool
too_many(unsigned int nth)
{
	for (unsigned int i = 0; i < 100 && nth < 4; i++)
		rig_arrive(0, 0);
	return nth < 5;
}

static void
frames_that_are_dropped_are_an_error_of_the_default_processor(void **state)
{
	unsigned int nb_errors = 0;

	make_with(ROUSE_STEER_MAP_B, 4, 4);
	rouse_steer_default_processor_set(&rig->steer, 1);
	rig_run(too_many);
	for (unsigned int i = 0; i < rig_nb_events; i++) {
		if (rig_events[i].event.code != ROUSE_EVENT_ERROR)
			continue;
		assert_int_equal(rig_events[i].event.len, ROUSE_EVNIC_OVERRUN);
		assert_int_equal(rig_events[i].path.queue, 1);
		nb_errors++;
	}
	assert_int_equal(nb_errors, 1);
	assert_int_equal(rouse_counter_get(&rig->rxq[0]->missed), 400 - evnic_rxq_limit(256));
}

/* The errors that the wire told of, in their order; queue 1 is the default processor. */
static unsigned int
errors_told(struct rouse_event *out, unsigned int max)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < rig_nb_events; i++) {
		if (rig_events[i].event.code != ROUSE_EVENT_ERROR)
			continue;
		assert_true(nb < max);
		assert_int_equal(rig_events[i].path.queue, 1);
		out[nb++] = rig_events[i].event;
	}
	return nb;
}

static struct rte_mbuf *kept[8192];
static unsigned int nb_kept;

/* What rx_burst gives goes back to the pool after it has posted buffers, as in a real program. */
static bool
drop_for_either_reason(unsigned int nth)
{
	uint32_t limit = evnic_rxq_limit(rig->rxq[0]->nb_desc);

	switch (nth) {
	case 0: /* the driver is late */
		for (uint32_t i = 0; i < limit + 3; i++)
			rig_arrive(0, 0);
		return true;
	case 2: /* it receives everything, and finds no mbuf to post */
		while (rte_mempool_get(rig_pool, (void **)&kept[nb_kept]) == 0)
			nb_kept++;
		while (rig->rxq[0]->next_post != atomic_load(&rig->rxq[0]->consumed))
			nb_kept += evnic_rx_burst(rig->rxq[0], &kept[nb_kept], 32);
		rig_arrive(0, 0);
		rig_arrive(0, 0);
		return true;
	case 4: /* there are mbufs again, and it posts them */
		while (nb_kept != 0)
			rte_mempool_put(rig_pool, kept[--nb_kept]);
		rig_receive_all(0);
		rig_receive_all(1);
		for (uint32_t i = 0; i < limit + 5; i++)
			rig_arrive(0, 0);
		return true;
	default:
		return nth < 6;
	}
}

static void
a_driver_that_is_late_is_told_apart_from_one_without_mbufs(void **state)
{
	static const uint16_t nb_desc[] = { 64, 96, 128, 1024 };
	static const struct {
		uint32_t kind, nb;
	} expected[] = { { ROUSE_EVNIC_OVERRUN, 3 },
			 { ROUSE_EVNIC_NO_BUFFER, 2 },
			 { ROUSE_EVNIC_OVERRUN, 8 } };

	for (unsigned int i = 0; i < UNIT_DIM(nb_desc); i++) {
		struct rouse_event told[8];

		make_with_desc(ROUSE_STEER_MAP_B, 4, 4, nb_desc[i]);
		rouse_steer_default_processor_set(&rig->steer, 1);
		rig_run(drop_for_either_reason);
		assert_int_equal(errors_told(told, UNIT_DIM(told)), UNIT_DIM(expected));
		for (unsigned int k = 0; k < UNIT_DIM(expected); k++) {
			assert_int_equal(told[k].len, expected[k].kind);
			assert_int_equal(told[k].data, expected[k].nb);
		}
		if (i != UNIT_DIM(nb_desc) - 1)
			destroy(NULL);
	}
}

static bool
leave_records_out(unsigned int nth)
{
	/* what it had left out before the start is one event, what comes later others */
	rig_source->nb_bad += nth == 3 || nth == 7 ? nth : 0;
	rig_receive_all(1);
	if (nth == 3)
		rig_arrive(0, 0);
	return nth < 10;
}

static void
records_that_are_no_frame_are_told_with_their_number(void **state)
{
	static const uint64_t sums[] = { 2, 2 + 3, 2 + 3 + 7 };
	struct rouse_event told[8];

	make_with(ROUSE_STEER_MAP_A, 16, 16);
	rouse_steer_default_processor_set(&rig->steer, 1);
	rig_source->nb_bad = 2;
	rig_run(leave_records_out);
	assert_int_equal(errors_told(told, UNIT_DIM(told)), UNIT_DIM(sums));
	for (unsigned int i = 0; i < UNIT_DIM(sums); i++) {
		assert_int_equal(told[i].len, ROUSE_EVNIC_BAD_RECORD);
		assert_int_equal(told[i].data, sums[i]);
	}
}

/* The wire asks again and again, as somebody wants something of it. */
static bool
ask_after_the_end(unsigned int nth)
{
	if (nth == 1)
		rig_arrive(0, 0);
	atomic_fetch_add(&rig->wire.sync_wanted, 1);
	rig_receive_all(1);
	return nth < 6;
}

static void
the_end_of_a_source_is_told_once_and_whether_it_failed(void **state)
{
	static const struct {
		enum evnic_next next;
		uint32_t kind;
	} ends[] = { { EVNIC_ENDED, ROUSE_EVNIC_SOURCE_ENDED },
		     { EVNIC_FAILED, ROUSE_EVNIC_SOURCE_FAILED } };
	struct rouse_event told[8];

	for (unsigned int i = 0; i < UNIT_DIM(ends); i++) {
		make_with(ROUSE_STEER_MAP_A, 16, 16);
		rouse_steer_default_processor_set(&rig->steer, 1);
		rig_source_next = ends[i].next;
		rig_run(ask_after_the_end);
		assert_int_equal(errors_told(told, UNIT_DIM(told)), 1);
		assert_int_equal(told[0].len, ends[i].kind);
		assert_int_equal(told[0].data, 1);
		assert_int_equal(rouse_counter_get(&rig->wire.stats.ended), 1);
		if (i == 0)
			destroy(NULL);
	}
}

/* ---- before it blocks ---- */

static struct {
	bool is_late, is_done;
} owed;

/* What is owed is handled as the wire is about to block; the driver finds it awake, and tells it
 * nothing. */
static void
handle_late(enum rouse_window window)
{
	const struct rouse_attn_target wire = {
		.attn = &rig->wire.attn,
		.device = EVNIC_WIRE_CONTROL,
	};

	if (window == ROUSE_WINDOW_C_PARKING && rig->events.anything_owed && !owed.is_done) {
		owed.is_done = true;
		rig_receive_all(1);
		assert_true(evnic_events_can_post(rig));
	} else if (window == ROUSE_WINDOW_C_LOOKED) {
		/* it blocks now, and somebody has to wake it */
		owed.is_late |= evnic_events_can_post(rig);
		rig_window = NULL;
		atomic_store(&rig->wire.stop, true);
		rouse_attn_signal(&wire, 1);
	}
}

static bool
owe_an_error(unsigned int nth)
{
	if (nth < 2)
		rig_source->nb_bad++;
	/* a second round: the event of the first one is not handled yet */
	if (nth == 0)
		atomic_fetch_add(&rig->wire.sync_wanted, 1);
	return true;
}

static void
the_wire_does_not_block_over_events_that_can_be_posted(void **state)
{
	struct rouse_event told[8];

	make_with(ROUSE_STEER_MAP_B, 4, 4);
	rouse_steer_default_processor_set(&rig->steer, 1);
	memset(&owed, 0, sizeof(owed));
	rig_source_next = EVNIC_SILENT;
	rig_window = handle_late;
	rig_run(owe_an_error);
	assert_true(owed.is_done);
	assert_false(owed.is_late);
	assert_int_equal(errors_told(told, UNIT_DIM(told)), 2);
	assert_int_equal(told[1].data, 2);
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_frame_goes_where_hash_and_map_say),
		TEST(entry_then_write_indicator_then_fence_then_message),
		TEST(no_entry_of_a_burst_is_published_before_all_are_written),
		TEST(an_unmasked_vector_delivers_before_the_request_is_done),
		TEST(a_moderated_message_comes_by_itself),
		TEST(each_change_of_the_link_is_an_event),
		TEST(a_tx_event_frees_what_was_sent_and_no_more),
		TEST(without_tx_events_nothing_is_said_of_what_was_sent),
		TEST(frames_that_are_dropped_are_an_error_of_the_default_processor),
		TEST(a_driver_that_is_late_is_told_apart_from_one_without_mbufs),
		TEST(records_that_are_no_frame_are_told_with_their_number),
		TEST(the_end_of_a_source_is_told_once_and_whether_it_failed),
		TEST(the_wire_does_not_block_over_events_that_can_be_posted),
	};

	return UNIT_RUN(tests);
}
