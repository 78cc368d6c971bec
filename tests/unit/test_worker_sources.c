/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * From attention bits back to sources: queues that share event rings, queues whose events come by
 * several, what is left when a source goes, and which lost signals are told from those that are
 * not.
 */

#include <errno.h>
#include <string.h>

#include "unit.h"
#include "worker_mock.h"

static struct rouse_worker *w, *other;

static int
make(void **state)
{
	static struct rouse_worker workers[2];

	w = &workers[0];
	other = &workers[1];
	mock_init();
	mock_worker_init(w);
	mock_worker_init(other);
	return 0;
}

static int
destroy(void **state)
{
	mock_worker_fini(w);
	mock_worker_fini(other);
	mock_fini();
	return 0;
}

static struct mock_queue *
queue_of(uint16_t queue)
{
	return &mock_ports[0].queues[queue];
}

static void
set_rings(uint16_t queue, uint64_t rings)
{
	queue_of(queue)->rings = rings;
}

/* Add queues 0 to `nb` - 1 of port 0; the looks that this takes are done and forgotten. */
static void
add_queues(uint16_t nb)
{
	for (uint16_t q = 0; q < nb; q++)
		assert_int_equal(mock_add(w, 0, q), 0);
	worker_attend(w);
	for (uint16_t q = 0; q < nb; q++)
		queue_of(q)->visits = queue_of(q)->taken = 0;
}

static uint64_t
stale_bits(void)
{
	return rouse_counter_get(&w->stats.stale_bits);
}

static uint64_t
rescues(void)
{
	return rouse_counter_get(&w->stats.rescues);
}

static void
assert_no_bits(void)
{
	assert_true(atomic_load(&w->attn.word) == 0);
	for (unsigned int d = 0; d < ROUSE_ATTN_BITS; d++)
		assert_true(atomic_load(&w->attn.detail[d]) == 0);
}

/* ---- visits ---- */

static void
both_queues_of_a_ring_are_visited_by_its_one_bit(void **state)
{
	set_rings(0, 1 << 3);
	set_rings(1, 1 << 3);
	add_queues(3);
	/* in the order in which the first one's visit finds the second one's, and in the other */
	for (uint16_t first = 0; first < 2; first++) {
		mock_deliver(0, 3, first);
		mock_deliver(0, 3, 1 - first);
		mock_signal(0, 3);
		assert_int_equal(worker_attend(w), 2);
	}
	assert_int_equal(queue_of(0)->taken, 2);
	assert_int_equal(queue_of(1)->taken, 2);
	assert_int_equal(queue_of(0)->visits, 2);
	assert_int_equal(queue_of(1)->visits, 2);
	assert_int_equal(queue_of(2)->visits, 0);
	assert_int_equal(stale_bits(), 0);
	assert_no_bits();
}

static void
each_ring_bit_of_a_queue_visits_it_and_no_other(void **state)
{
	static const unsigned int rings[] = { 2, 5, 63 };

	set_rings(0, UINT64_C(1) << 2 | UINT64_C(1) << 5 | UINT64_C(1) << 63);
	add_queues(2);
	for (unsigned int i = 0; i < UNIT_DIM(rings); i++) {
		mock_deliver(0, rings[i], 0);
		mock_signal(0, rings[i]);
		assert_int_equal(worker_attend(w), 1);
		assert_int_equal(queue_of(0)->taken, i + 1);
		assert_int_equal(queue_of(0)->visits, i + 1);
	}
	assert_int_equal(queue_of(1)->visits, 0);
	assert_int_equal(stale_bits(), 0);
	assert_no_bits();
}

static void
what_a_bounded_visit_leaves_in_any_ring_is_visited_again(void **state)
{
	unsigned int rounds = 0;

	set_rings(0, 1 << 1 | 1 << 4);
	set_rings(1, 1 << 4);
	add_queues(2);
	for (unsigned int i = 0; i < 100; i++)
		mock_deliver(0, 4, 0);
	mock_deliver(0, 4, 1);
	mock_signal(0, 4);
	while (atomic_load(&w->attn.word) != 0 && rounds++ < 100)
		worker_attend(w);
	assert_int_equal(queue_of(0)->taken, 100);
	assert_int_equal(queue_of(1)->taken, 1);
	assert_no_bits();
}

static void
what_came_before_a_queue_was_added_is_found(void **state)
{
	set_rings(0, 1 << 6 | 1 << 7);
	mock_deliver(0, 7, 0);
	assert_int_equal(mock_add(w, 0, 0), 0);
	assert_int_equal(worker_attend(w), 1);
	assert_int_equal(queue_of(0)->taken, 1);
}

/* ---- what is refused ---- */

static void
assert_without_sources(const struct rouse_worker *worker)
{
	assert_int_equal(worker->sources.nb, 0);
	assert_int_equal(worker->handshake.nb, 0);
	for (unsigned int i = 0; i < MOCK_QUEUES; i++)
		assert_true(queue_of((uint16_t)i)->owner.attn != &worker->attn);
	for (unsigned int ring = 0; ring < ROUSE_ATTN_BITS; ring++)
		assert_null(source_of_bits(worker, 0, ring));
}

static void
a_ring_has_one_worker(void **state)
{
	set_rings(0, 1 << 0 | 1 << 1);
	set_rings(1, 1 << 1 | 1 << 2);
	set_rings(2, 1 << 2);
	assert_int_equal(mock_add(w, 0, 0), 0);
	assert_int_equal(mock_add(other, 0, 1), -EBUSY);
	assert_int_equal(mock_add(other, 0, 0), -EBUSY);
	assert_without_sources(other);
	/* a queue of another ring is nobody's yet, and the first worker may have the second queue
	 */
	assert_int_equal(mock_add(other, 0, 3), 0);
	assert_int_equal(mock_add(w, 0, 1), 0);
	assert_int_equal(mock_add(w, 0, 1), -EBUSY);
	assert_int_equal(mock_add(other, 0, 2), -EBUSY);
	mock_remove(w, 0, 1);
	assert_int_equal(mock_add(other, 0, 2), 0);
}

static void
a_binding_that_fails_leaves_no_trace(void **state)
{
	mock_ports[0].bind_error = -EIO;
	assert_int_equal(mock_add(w, 0, 0), -EIO);
	assert_without_sources(w);
	assert_no_bits();
	/* a driver that names no ring */
	set_rings(0, 0);
	assert_int_equal(mock_add(w, 0, 0), -EINVAL);
	assert_without_sources(w);
	assert_no_bits();
}

/* The queue's n-th allocation fails; whether it had so many. */
static bool
fails_without_trace(uint16_t q, int nth)
{
	int ret;

	mock_fail_allocation = nth;
	ret = mock_add(w, 0, q);
	mock_fail_allocation = 0;
	if (ret == 0)
		return false;
	assert_int_equal(ret, -ENOMEM);
	assert_null(queue_of(q)->owner.attn);
	assert_int_equal(w->sources.nb, q);
	assert_int_equal(w->handshake.nb, q);
	for (unsigned int ring = 0; ring < 8; ring++) {
		const struct source_link *link = source_of_bits(w, 0, ring);

		assert_int_equal(link != NULL, q == 1);
		assert_true(link == NULL || link->next == NULL);
	}
	return true;
}

static void
want_of_memory_leaves_no_trace(void **state)
{
	/* each: the source, its links; the first: the table of its device, the room in two lists,
	 * the counters, some of which stay for the next time */
	static const int nb_allocations[] = { 6, 2 };

	for (uint16_t q = 0; q < 2; q++) {
		for (int nth = 1; nth <= nb_allocations[q]; nth++) {
			mock_worker_fini(w);
			mock_worker_init(w);
			/* the second one needs links of its own: it comes second to each of its
			 * rings */
			set_rings(0, 0xff);
			set_rings(1, 0xff);
			for (uint16_t before = 0; before < q; before++)
				assert_int_equal(mock_add(w, 0, before), 0);
			assert_true(fails_without_trace(q, nth));
		}
		assert_false(fails_without_trace(q, nb_allocations[q] + 1));
	}
	mock_deliver(0, 7, 0);
	mock_deliver(0, 7, 1);
	worker_attend(w);
	assert_int_equal(queue_of(0)->taken, 1);
	assert_int_equal(queue_of(1)->taken, 1);
}

/* ---- event rings of the application ---- */

static void
ignore(void *arg, const struct rouse_event *event)
{
}

static void
event_rings_are_named_by_a_pair_of_bits_each(void **state)
{
	struct rouse_attn_target target;
	uint64_t seen[3] = { 0, 0, 0 };

	/* a port in between has a device bit of its own */
	for (unsigned int i = 0; i < 2 * ROUSE_ATTN_BITS; i++) {
		if (i == 10)
			assert_int_equal(mock_add(w, 0, 0), 0);
		assert_int_equal(
			rouse_worker_evring_add(w, mock_event_ring(i), ignore, NULL, &target), 0);
		assert_ptr_equal(target.attn, &w->attn);
		assert_true(target.device < 3 && target.device != 1);
		assert_int_equal(seen[target.device] >> target.ring & 1, 0);
		seen[target.device] |= UINT64_C(1) << target.ring;
	}
	assert_int_equal(queue_of(0)->owner.device, 1);
	assert_true(seen[0] == UINT64_MAX && seen[2] == UINT64_MAX);
	/* a bit that was given back is given out again */
	source_remove(w, source_of_bits(w, 2, 17)->source);
	assert_int_equal(rouse_worker_evring_add(w, mock_event_ring(2 * ROUSE_ATTN_BITS), ignore,
						 NULL, &target),
			 0);
	assert_int_equal(target.device, 2);
	assert_int_equal(target.ring, 17);
}

static void
an_event_ring_has_one_worker(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 4);
	struct rouse_attn_target target = { .attn = NULL };

	assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), 0);
	target.attn = NULL;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rouse_worker_evring_add(other, ring, ignore, NULL, &target),
				 -EBUSY);
		assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), -EBUSY);
	}
	assert_null(target.attn);
	assert_int_equal(w->sources.nb, 1);
	assert_without_sources(other);
	assert_int_equal(rouse_worker_evring_remove(w, ring), 0);
	assert_int_equal(rouse_worker_evring_add(other, ring, ignore, NULL, &target), 0);
	assert_ptr_equal(target.attn, &other->attn);
	assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), -EBUSY);
}

/* ---- ports that go ---- */

/* As a driver does before it frees anything. */
static void
a_port_that_is_withdrawn_takes_its_queues_along(void **state)
{
	worker_enlist(w);
	worker_enlist(other);
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(q == 1 ? other : w, 0, q), 0);
	assert_int_equal(mock_add(w, 1, 0), 0);
	assert_int_equal(rouse_worker_port_pause(1), 0);
	rouse_attn_registry_remove(0);
	for (uint16_t q = 0; q < 3; q++)
		assert_null(queue_of(q)->owner.attn);
	assert_int_equal(w->sources.nb, 1); /* the other port's */
	assert_without_sources(other);
	assert_int_equal(rouse_worker_ethdev_remove(w, 0, 0), -ENOENT);
	/* one that is paused, too */
	rouse_attn_registry_remove(1);
	assert_without_sources(w);
	/* and its number is free for another */
	assert_int_equal(rouse_attn_registry_add(0, &mock_ops, &mock_ports[0]), 0);
	assert_int_equal(mock_add(other, 0, 0), 0);
	worker_delist(w);
	worker_delist(other);
}

static void
the_65th_device_is_refused(void **state)
{
	const unsigned int nb_rings = (ROUSE_ATTN_BITS - 3) * ROUSE_ATTN_BITS;
	struct rouse_attn_target target;

	for (uint16_t port = 0; port < 3; port++)
		for (uint16_t q = 0; q < MOCK_QUEUES - 1; q++)
			assert_int_equal(mock_add(w, port, q), 0);
	for (unsigned int i = 0; i < nb_rings; i++)
		assert_int_equal(
			rouse_worker_evring_add(w, mock_event_ring(i), ignore, NULL, &target), 0);
	assert_int_equal(
		rouse_worker_evring_add(w, mock_event_ring(nb_rings), ignore, NULL, &target),
		-ENOSPC);
	assert_int_equal(mock_add(w, 3, 0), -ENOSPC);
	/* ports that have a device bit can have more queues */
	assert_int_equal(mock_add(w, 2, MOCK_QUEUES - 1), 0);
}

/* ---- removal ---- */

static void
bits_of_a_queue_that_was_removed_are_forgotten(void **state)
{
	const struct rouse_attn_target left = { .attn = &w->attn, .device = 0, .ring = 3 };
	const struct rouse_attn_target no_device = { .attn = &w->attn, .device = 9, .ring = 0 };

	set_rings(0, 1 << 3 | 1 << 5);
	add_queues(1);
	mock_deliver(0, 3, 0);
	mock_signal(0, 3);
	mock_signal(0, 5);
	mock_remove(w, 0, 0);
	assert_true(atomic_load(&w->attn.detail[0]) == 0);
	assert_int_equal(worker_attend(w), 0);
	assert_int_equal(stale_bits(), 0);
	assert_int_equal(queue_of(0)->visits, 0);
	/* a late producer, and one that is wrong, are not */
	rouse_attn_signal(&left, 1);
	rouse_attn_signal(&no_device, 1);
	assert_int_equal(worker_attend(w), 0);
	assert_int_equal(stale_bits(), 2);
	assert_no_bits();
}

static void
the_other_queues_of_a_ring_outlive_the_removal_of_any(void **state)
{
	for (uint16_t gone = 0; gone < 3; gone++) {
		for (uint16_t q = 0; q < 3; q++)
			set_rings(q, 1 << 2 | 1 << q);
		add_queues(3);
		/* signalled before the removal, for those that stay */
		for (uint16_t q = 0; q < 3; q++)
			if (q != gone)
				mock_deliver(0, 2, q);
		mock_signal(0, 2);
		mock_remove(w, 0, gone);
		assert_int_equal(worker_attend(w), 2);
		assert_int_equal(queue_of(gone)->visits, 0);
		for (uint16_t q = 0; q < 3; q++) {
			if (q == gone)
				continue;
			assert_int_equal(queue_of(q)->taken, 1);
			mock_remove(w, 0, q);
		}
		assert_int_equal(stale_bits(), 0);
		assert_without_sources(w);
	}
}

/* ---- lost signals ---- */

/* What happens after the second look of a worker that parks, before it blocks. */
static void (*after_look)(void);

static uint32_t
happen(struct rouse_worker *worker, struct source *s)
{
	void (*now)(void) = after_look;

	after_look = NULL;
	if (now != NULL)
		now();
	return 0;
}

/* Park, and wake by what happens meanwhile. A plain source is the last that is looked at. */
static void
park_while(void (*meanwhile)(void))
{
	static const struct source_ops ops = { .drain = happen };
	const struct source model = { .ops = &ops, .kind = ROUSE_SOURCE_INTERRUPT };
	uint64_t wakes = rouse_counter_get(&w->stats.wakes);
	struct source *s = source_create(w, &model);

	assert_non_null(s);
	assert_int_equal(source_insert(w, s), 0);
	after_look = meanwhile;
	worker_park(w);
	assert_null(after_look);
	assert_int_equal(rouse_counter_get(&w->stats.wakes), wakes + 1);
	source_remove(w, s);
}

static void
signal_ring_0(void)
{
	mock_deliver(0, 0, 0);
	mock_signal(0, 0);
}

static void
signal_ring_1(void)
{
	mock_deliver(0, 1, 0);
	mock_deliver(0, 1, 1);
	mock_signal(0, 1);
}

static void
lose_the_signal_of_ring_1(void)
{
	mock_deliver(0, 1, 1);
	signal_ring_0();
}

static void
add_two_queues_one_of_two_rings(void)
{
	set_rings(0, 1 << 0 | 1 << 1);
	set_rings(1, 1 << 1);
	add_queues(2);
}

static void
a_signal_by_any_ring_of_a_queue_is_no_rescue(void **state)
{
	add_two_queues_one_of_two_rings();
	park_while(signal_ring_0);
	assert_int_equal(queue_of(0)->taken, 1);
	park_while(signal_ring_1);
	assert_int_equal(queue_of(0)->taken, 2);
	assert_int_equal(queue_of(1)->taken, 1);
	assert_int_equal(rescues(), 0);
	assert_no_bits();
}

static void
a_lost_signal_shows_though_another_ring_of_the_queue_has_its_bit(void **state)
{
	add_two_queues_one_of_two_rings();
	park_while(lose_the_signal_of_ring_1);
	assert_int_equal(queue_of(0)->taken, 1);
	/* and that very ring was marked, so that all its queues were visited */
	assert_int_equal(queue_of(1)->taken, 1);
	assert_int_equal(rescues(), 1);
	assert_no_bits();
}

/* ---- queues without buffers ---- */

/* What is busy here would keep a worker awake for ever. */
static void
a_dry_queue_is_visited_though_the_worker_never_sleeps(void **state)
{
	add_queues(2);
	queue_of(1)->is_dry = true;
	mock_deliver(0, 1, 1);
	mock_signal(0, 1);
	worker_attend(w);
	queue_of(1)->visits = 0;
	for (unsigned int round = 1; round <= 3; round++) {
		mock_deliver(0, 0, 0);
		mock_signal(0, 0);
		assert_int_not_equal(worker_attend(w), 0);
		assert_int_equal(queue_of(1)->visits, round);
	}
	/* and not any more when it has one */
	queue_of(1)->is_dry = false;
	worker_attend(w);
	worker_attend(w);
	assert_int_equal(queue_of(1)->visits, 4);
}

/* ---- against a model ---- */

#define ROUNDS	    20000
#define MODEL_RINGS 6

/* Random queues come and go with random rings; random rings are signalled. Who is visited follows
 * from the rings that each has. */
static void
random_additions_and_removals_keep_to_the_model(void **state)
{
	bool there[MOCK_QUEUES] = { false };
	uint64_t random = 11, stale = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint16_t queue = (uint16_t)unit_random_below(&random, MOCK_QUEUES);
		uint64_t marked = 1 + unit_random_below(&random, (1 << MODEL_RINGS) - 1);
		uint64_t named = 0;

		if (there[queue]) {
			mock_remove(w, 0, queue);
		} else {
			set_rings(queue, 1 + unit_random_below(&random, (1 << MODEL_RINGS) - 1));
			assert_int_equal(mock_add(w, 0, queue), 0);
			worker_attend(w);
		}
		there[queue] = !there[queue];
		for (uint16_t q = 0; q < MOCK_QUEUES; q++)
			queue_of(q)->visits = 0;

		for (uint64_t bits = marked; bits != 0; bits &= bits - 1) {
			const struct rouse_attn_target t = {
				.attn = &w->attn,
				.ring = (uint8_t)__builtin_ctzll(bits),
			};

			rouse_attn_signal(&t, 1);
		}
		worker_attend(w);
		for (uint16_t q = 0; q < MOCK_QUEUES; q++) {
			uint64_t by = there[q] ? queue_of(q)->rings & marked : 0;

			assert_int_equal(queue_of(q)->visits, __builtin_popcountll(by));
			named |= by;
		}
		stale += (uint64_t)__builtin_popcountll(marked & ~named);
		assert_int_equal(stale_bits(), stale);
		assert_no_bits();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_queues_of_a_ring_are_visited_by_its_one_bit),
		TEST(each_ring_bit_of_a_queue_visits_it_and_no_other),
		TEST(what_a_bounded_visit_leaves_in_any_ring_is_visited_again),
		TEST(what_came_before_a_queue_was_added_is_found),
		TEST(a_ring_has_one_worker),
		TEST(a_binding_that_fails_leaves_no_trace),
		TEST(want_of_memory_leaves_no_trace),
		TEST(event_rings_are_named_by_a_pair_of_bits_each),
		TEST(an_event_ring_has_one_worker),
		TEST(a_port_that_is_withdrawn_takes_its_queues_along),
		TEST(the_65th_device_is_refused),
		TEST(bits_of_a_queue_that_was_removed_are_forgotten),
		TEST(the_other_queues_of_a_ring_outlive_the_removal_of_any),
		TEST(a_signal_by_any_ring_of_a_queue_is_no_rescue),
		TEST(a_lost_signal_shows_though_another_ring_of_the_queue_has_its_bit),
		TEST(a_dry_queue_is_visited_though_the_worker_never_sleeps),
		TEST(random_additions_and_removals_keep_to_the_model),
	};

	return UNIT_RUN(tests);
}
