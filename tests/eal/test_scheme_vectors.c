/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Vectors: mask, pending, interval; for workers and for ordinary users. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <rte_cycles.h>

#include "scheme_rig.h"

static void
a_masked_vector_rings_once_and_on_unmask(void **state)
{
	struct rig *r = scheme_open("overrun=wait", 2, 0);
	struct rouse_attn owner;
	uint64_t before;

	assert_int_equal(rouse_attn_init(&owner), 0);
	scheme_bind(r, 0, &owner);
	scheme_bind(r, 1, &owner);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 1, true), 0);
	rouse_attn_park(&owner);
	rig_start(r);
	while (rig_xstat(r, "wire_rx_frames") < 2 * RIG_NB_POSTED)
		rte_delay_us_sleep(50);
	scheme_set_link(r, false);
	assert_int_equal(scheme_rung(owner.doorbell, 0), 0);
	assert_int_equal(owner.state, ROUSE_ATTN_PARK);
	assert_int_equal(scheme_vector(r, 0).pending, 1);
	assert_int_equal(scheme_vector(r, 1).pending, 2);
	assert_int_equal(owner.detail[DEVICE], 3); /* the bits are there all the same */

	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(scheme_rung(owner.doorbell, 0), 1);
	assert_int_equal(scheme_vector(r, 0).pending, 0);
	assert_int_equal(scheme_vector(r, 0).doorbells, 1);
	assert_int_equal(scheme_vector(r, 1).pending, 2);
	before = scheme_vector(r, 0).messages;
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(scheme_rung(owner.doorbell, 0), 0); /* there was nothing */
	assert_int_equal(scheme_vector(r, 0).messages, before);
	rig_stop(r);
	scheme_unbind(r, 0);
	scheme_unbind(r, 1);
	rig_close(r);
	rouse_attn_fini(&owner);
}

static void
a_worker_that_sleeps_is_not_woken_by_a_masked_vector_but_by_its_unmask(void **state)
{
	struct rig *r = scheme_open("overrun=wait,vectors=1", 2, 0);
	struct rouse_worker *w;
	pthread_t thread;
	uint64_t wakes;

	rig_start(r);
	w = scheme_worker_start(r, "masked", 0, 2, &thread);
	while (atomic_load(&scheme_nb_notes) == 0)
		rte_delay_us_sleep(50); /* the end of the source */
	scheme_worker_wait_asleep(w);	/* the other ring's frames may come after it */
	assert_int_equal(scheme_worker_stats(w).rx_packets, NB_FLOWS);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	wakes = scheme_worker_stats(w).wakes;
	scheme_set_link(r, false);
	scheme_set_link(r, true);
	assert_int_equal(scheme_vector(r, 0).pending, 1);
	assert_int_equal(scheme_worker_stats(w).wakes, wakes);
	assert_int_equal(atomic_load(&scheme_nb_notes), 1);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	while (atomic_load(&scheme_nb_notes) < 3)
		rte_delay_us_sleep(50);
	scheme_worker_wait_asleep(w);
	assert_int_equal(scheme_worker_stats(w).wakes, wakes + 1);
	scheme_worker_stop(w, thread);
	rig_stop(r);
	rig_close(r);
}

static void
workers_that_share_the_only_vector_receive_everything(void **state)
{
	static const uint16_t nb_of_first[] = { 2, 4 };

	for (unsigned int i = 0; i < UNIT_DIM(nb_of_first); i++) {
		struct rig *r = scheme_open("overrun=wait,pace=20000,loops=10,vectors=1", 4, 0);
		uint16_t nb = nb_of_first[i];
		struct rouse_worker *w[2] = { NULL };
		pthread_t threads[2];
		uint64_t sum;

		assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, i == 0 ? 0 : 200), 0);
		rig_start(r);
		w[0] = scheme_worker_start(r, "first", 0, nb, &threads[0]);
		if (nb < 4)
			w[1] = scheme_worker_start(r, "second", nb, 4 - nb, &threads[1]);
		do {
			rte_delay_us_sleep(500);
			sum = scheme_worker_stats(w[0]).rx_packets;
			if (w[1] != NULL)
				sum += scheme_worker_stats(w[1]).rx_packets;
		} while (sum < 10 * NB_FLOWS);
		assert_int_equal(sum, 10 * NB_FLOWS);
		assert_true(scheme_vector(r, 0).doorbells > 0);
		for (unsigned int n = 0; n < 2; n++)
			if (w[n] != NULL)
				scheme_worker_stop(w[n], threads[n]);
		rig_stop(r);
		rig_close(r);
	}
}

static void
rings_that_share_a_vector_are_both_found(void **state)
{
	struct rig *r = scheme_open("overrun=wait,vectors=1", 4, 0);
	struct rouse_attn owners[2];

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rouse_attn_init(&owners[i]), 0);
		rouse_attn_park(&owners[i]);
		scheme_bind(r, (uint16_t)(2 * i), &owners[i]);
		scheme_bind(r, (uint16_t)(2 * i + 1), &owners[i]);
	}
	rig_start(r);
	while (rig_xstat(r, "wire_rx_frames") < NB_FLOWS)
		rte_delay_us_sleep(50);
	scheme_set_link(r, false);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(scheme_rung(owners[i].doorbell, 0), 1);
		assert_int_equal(rouse_attn_take(&owners[i]), UINT64_C(1) << DEVICE);
		assert_int_equal(rouse_attn_take_detail(&owners[i], DEVICE), 3u << 2 * i);
	}
	rig_stop(r);
	for (uint16_t q = 0; q < 4; q++)
		scheme_unbind(r, q);
	rig_close(r);
	rouse_attn_fini(&owners[0]);
	rouse_attn_fini(&owners[1]);
}

/* The queue's eventfd, in an epoll set of EAL. */
static int
watch(const struct rig *r, uint16_t queue)
{
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(r->port, queue);

	assert_true(fd >= 0);
	scheme_rung(fd, 0);
	return fd;
}

/* Some frames, and no more than those; the queue has been empty. */
static void
let_frames_come(struct rig *r, uint16_t queue)
{
	scheme_set_link(r, true);
	while (rte_eth_rx_queue_count(r->port, queue) == 0)
		;
	scheme_set_link(r, false);
}

static void
an_ordinary_user_is_not_woken_by_a_masked_vector_but_by_its_unmask(void **state)
{
	struct rig *r = scheme_open("overrun=wait,pace=5000,infinite_rx=1,vectors=1", 2, 0);
	struct rte_epoll_event event;
	int fd;

	rig_start(r);
	scheme_set_link(r, false);
	rig_drain(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r->port, 0, RTE_EPOLL_PER_THREAD,
						   RTE_INTR_EVENT_ADD, NULL),
			 0);
	fd = watch(r, 0);

	/* what comes while it is enabled */
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
	let_frames_come(r, 0);
	assert_int_equal(scheme_rung(fd, 0), 0);
	assert_true((scheme_vector(r, 0).pending & 1) != 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, 0), 1);
	assert_int_not_equal(rig_drain(r, 0), 0);

	/* what came before */
	assert_int_equal(rte_eth_dev_rx_intr_disable(r->port, 0), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	let_frames_come(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
	assert_int_equal(scheme_rung(fd, 0), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, 0), 1);
	assert_int_not_equal(rig_drain(r, 0), 0);
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r->port, 0, RTE_EPOLL_PER_THREAD,
						   RTE_INTR_EVENT_DEL, NULL),
			 0);
	rig_stop(r);
	rig_close(r);
}

/* It has been moved out of the ring by another queue's rx_burst. */
static void
an_interrupt_is_not_enabled_over_a_frame_that_waits(void **state)
{
	struct rig *r = scheme_open("overrun=wait,pace=5000,infinite_rx=1,rings=1", 2, 0);
	int fd;

	rig_start(r);
	scheme_set_link(r, false);
	rig_drain(r, 0);
	rig_drain(r, 1);
	fd = watch(r, 1);
	let_frames_come(r, 1);
	rig_drain(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 1), 0);
	assert_int_equal(scheme_rung(fd, 0), 1);
	assert_int_not_equal(rig_drain(r, 1), 0);
	rig_stop(r);
	rig_close(r);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

#define INTERVAL_US 50000

/* A worker that sleeps again and again while the link changes. */
static void
check_interval_of_worker(void)
{
	struct rig *r = scheme_open("overrun=wait,vectors=1", 1, 0);
	struct rouse_attn owner;
	uint64_t begin, nb_rung = 0, nb_handled;

	assert_int_equal(rouse_attn_init(&owner), 0);
	scheme_bind(r, 0, &owner);
	rig_start(r);
	rig_receive_all(r);
	while (scheme_nb_notes < 1)
		rig_poll(r, 0);
	scheme_rung(owner.doorbell, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, INTERVAL_US), 0);
	begin = now_us();
	for (unsigned int i = 0; nb_rung < 6; i++) {
		scheme_set_link(r, i % 2 == 1);
		rouse_attn_park(&owner);
		nb_rung += scheme_rung(owner.doorbell, 1);
		if (i % 3 == 0)
			rig_poll(r, 0);
		assert_true(nb_rung <= 1 + (now_us() - begin) / INTERVAL_US);
	}
	rig_drain(r, 0);
	/* the last one comes, too */
	nb_handled = scheme_nb_notes;
	rouse_attn_park(&owner);
	scheme_set_link(r, scheme_last_note(ROUSE_EVENT_LINK, 0).data == 0);
	assert_int_equal(scheme_rung(owner.doorbell, -1), 1);
	rig_poll(r, 0);
	assert_int_equal(scheme_nb_notes, nb_handled + 1);
	rig_stop(r);
	scheme_unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owner);
}

/* An ordinary user who enables the interrupt again and again while frames come. */
static void
check_interval_of_user(void)
{
	struct rig *r = scheme_open("overrun=wait,pace=5000,infinite_rx=1,vectors=1", 1, 0);
	uint64_t begin, nb_rung = 0;
	int fd;

	rig_start(r);
	fd = watch(r, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, INTERVAL_US), 0);
	begin = now_us();
	while (nb_rung < 6) {
		assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		nb_rung += scheme_rung(fd, 1);
		rte_eth_dev_rx_intr_disable(r->port, 0);
		rig_drain(r, 0);
		assert_true(nb_rung <= 1 + (now_us() - begin) / INTERVAL_US);
	}
	/* the last one comes, too, by the wire, which sleeps: before it is enabled, or after */
	scheme_set_link(r, false);
	for (int i = 0; i < 4; i++) {
		rig_drain(r, 0);
		if (i % 2 == 0)
			assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		let_frames_come(r, 0);
		if (i % 2 != 0)
			assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		assert_int_equal(scheme_rung(fd, -1), 1);
		rte_eth_dev_rx_intr_disable(r->port, 0);
	}
	rig_stop(r);
	rig_close(r);
}

static void
doorbells_of_a_vector_keep_their_interval_and_lose_nothing(void **state)
{
	check_interval_of_worker();
	check_interval_of_user();
}

/* A message and a doorbell that were counted once stay so: of the vectors, and in the sum. */
static void
check_figures(struct rig *r, struct rouse_evnic_vector *before)
{
	uint64_t messages = 0, doorbells = 0;

	for (uint16_t i = 0; i < 2; i++) {
		struct rouse_evnic_vector v = scheme_vector(r, i);

		assert_true(v.messages >= before[i].messages);
		assert_true(v.doorbells >= before[i].doorbells);
		messages += v.messages;
		doorbells += v.doorbells;
		before[i] = v;
	}
	assert_int_equal(rig_xstat(r, "wire_messages"), messages);
	assert_int_equal(rig_xstat(r, "wire_doorbells"), doorbells);
}

/* Rung by the wire, and as an interrupt was enabled over what had come. */
static void
vectors_count_since_the_port_exists(void **state)
{
	struct rig *r = scheme_open("overrun=wait,pace=5000,infinite_rx=1,vectors=2", 2, 0);
	struct rouse_evnic_vector seen[2] = { { .messages = 0 } };
	uint64_t nb_rung = 0;
	int fd;

	rig_start(r);
	scheme_set_link(r, false);
	rig_drain(r, 0);
	fd = watch(r, 0);
	for (int i = 0; i < 6; i++) {
		if (i % 2 == 0)
			assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		let_frames_come(r, 0);
		if (i % 2 != 0)
			assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		nb_rung += scheme_rung(fd, -1);
		rte_eth_dev_rx_intr_disable(r->port, 0);
		rig_drain(r, 0);
	}
	assert_int_equal(nb_rung, 6);
	check_figures(r, seen);
	assert_int_equal(seen[0].doorbells, 6);
	rig_stop(r);
	check_figures(r, seen);
	/* the queue comes by another vector, and is set up anew */
	assert_int_equal(rouse_evnic_vector_set(r->port, 0, 1), 0);
	check_figures(r, seen);
	assert_int_equal(rte_eth_rx_queue_setup(r->port, 0, RIG_NB_DESC, 0, NULL, r->pool), 0);
	check_figures(r, seen);
	assert_int_equal(seen[0].doorbells, 6);
	assert_int_equal(seen[1].doorbells, 0);
	rig_close(r);
}

static void
an_interval_that_is_given_up_holds_nothing_back(void **state)
{
	struct rig *r = scheme_open("overrun=wait,vectors=1", 1, 0);
	struct rouse_attn owner;

	assert_int_equal(rouse_attn_init(&owner), 0);
	scheme_bind(r, 0, &owner);
	rig_start(r);
	rig_receive_all(r);
	while (scheme_nb_notes < 1)
		rig_poll(r, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, 1000000), 0);
	rouse_attn_park(&owner);
	scheme_set_link(r, false);
	assert_int_equal(scheme_rung(owner.doorbell, 0), 1);
	rouse_attn_park(&owner);
	scheme_set_link(r, true);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, 0), 0);
	assert_int_equal(scheme_rung(owner.doorbell, 0), 1);
	assert_int_equal(scheme_vector(r, 0).pending, 0);
	rig_stop(r);
	scheme_unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owner);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_masked_vector_rings_once_and_on_unmask),
		cmocka_unit_test(
			a_worker_that_sleeps_is_not_woken_by_a_masked_vector_but_by_its_unmask),
		cmocka_unit_test(workers_that_share_the_only_vector_receive_everything),
		cmocka_unit_test(rings_that_share_a_vector_are_both_found),
		cmocka_unit_test(
			an_ordinary_user_is_not_woken_by_a_masked_vector_but_by_its_unmask),
		cmocka_unit_test(an_interrupt_is_not_enabled_over_a_frame_that_waits),
		cmocka_unit_test(doorbells_of_a_vector_keep_their_interval_and_lose_nothing),
		cmocka_unit_test(vectors_count_since_the_port_exists),
		cmocka_unit_test(an_interval_that_is_given_up_holds_nothing_back),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
