/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The interrupt scheme as the driver's users see it: queues that share event rings, events without
 * a frame, vectors with mask and interval, what rouse_evnic.h refuses.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include <rouse_worker.h>

#include "evnic.h"
#include "port_rig.h"

#define NB_FLOWS  200
#define NB_LINKS  300 /* more than any ring takes of events without a frame */
#define NB_STOPS  UNIT_TIMES(3000)
#define NB_LOOPS  UNIT_TIMES(1000u) /* of a capture under two pollers */
#define MAX_NOTES 1024
#define DEVICE	  9 /* bit of the fake owners' attention words */

/* ---- what the tests share ---- */

static struct note {
	uint8_t code;
	uint16_t queue;
	uint32_t len;
	uint64_t data;
} notes[MAX_NOTES];
static _Atomic uint32_t nb_notes;

static void
note_event(uint16_t port, const struct rouse_event *e, void *arg)
{
	uint32_t n = atomic_load(&nb_notes);

	if (n < MAX_NOTES)
		notes[n] = (struct note){ e->code, e->queue, e->len, e->data };
	atomic_store(&nb_notes, n + 1);
}

/* The last event of a code and, for errors, a kind; fails if there is none. */
static struct note
last_note(uint8_t code, uint32_t len)
{
	for (uint32_t i = RTE_MIN(nb_notes, (uint32_t)MAX_NOTES); i-- != 0;)
		if (notes[i].code == code && notes[i].len == len)
			return notes[i];
	fail_msg("no event of code %u, kind %u", code, len);
	return notes[0];
}

static struct rte_eth_conf
rss_conf(void)
{
	return (struct rte_eth_conf){
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = EVNIC_RSS_TYPES,
		.intr_conf.rxq = 1,
	};
}

/* A port over NB_FLOWS frames, each of a flow of its own. */
static struct rig *
open_port(const char *args, uint16_t nb_rxq, uint16_t nb_txq)
{
	static struct rig r;
	const struct rig_setup setup = {
		.args = args,
		.nb_rxq = nb_rxq,
		.nb_txq = nb_txq,
		.conf = rss_conf(),
	};

	rig_begin(&r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(&r, (uint16_t)(1000 + i));
	rig_open(&r, &setup);
	nb_notes = 0;
	assert_int_equal(rouse_evnic_on_event(r.port, note_event, NULL), 0);
	return &r;
}

static struct evnic_port *
private_of(const struct rig *r)
{
	return rte_eth_devices[r->port].data->dev_private;
}

static void
wait_for_end(struct rig *r)
{
	while (rig_xstat(r, "wire_rx_ended") == 0)
		rte_delay_us_sleep(50);
}

static void
set_link(const struct rig *r, bool up)
{
	assert_int_equal(up ? rte_eth_dev_set_link_up(r->port) : rte_eth_dev_set_link_down(r->port),
			 0);
}

/* How often an eventfd was rung since it was looked at last; waits so long for the first. */
static uint64_t
rung(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	eventfd_t n = 0;

	if (poll(&p, 1, wait_ms) > 0)
		assert_int_equal(eventfd_read(fd, &n), 0);
	return n;
}

static uint64_t
bind_to(const struct rig *r, uint16_t queue, struct rouse_attn *attn)
{
	const struct rouse_attn_owner owner = { .attn = attn, .device = DEVICE };
	struct rouse_attn_port port;
	uint64_t rings;

	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(port.ops->bind(port.ctx, queue, &owner, &rings), 0);
	return rings;
}

static void
unbind(const struct rig *r, uint16_t queue)
{
	struct rouse_attn_port port;

	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(port.ops->unbind(port.ctx, queue), 0);
}

static struct rouse_evnic_vector
vector_of(const struct rig *r, uint16_t vector)
{
	struct rouse_evnic_vector v;

	assert_int_equal(rouse_evnic_vector_get(r->port, vector, &v), 0);
	return v;
}

/* ---- what the driver delivers ---- */

static void
frames_reach_their_queue_whatever_ring_carries_them(void **state)
{
	static const char *const maps[] = { "A", "A-ring", "A-vector", "B" };

	for (unsigned int i = 0; i < 4 * UNIT_DIM(maps); i++) {
		bool was_seen[NB_FLOWS] = { false };
		char args[96];
		struct rig *r;

		snprintf(args, sizeof(args), "overrun=wait,map=%s,rings=%u,vectors=%u", maps[i / 4],
			 i % 4 * 3 + 1, i % 3 + 1);
		r = open_port(args, 8, 0);
		rig_replay(r);
		assert_int_equal(r->nb_seen, NB_FLOWS);
		for (uint32_t n = 0; n < r->nb_seen; n++) {
			const struct rig_seen *s = &r->seen[n];
			unsigned int flow = s->head[34] * 256u + s->head[35] - 1000;

			assert_int_equal(s->queue, s->hash % 128 % 8);
			assert_true(flow < NB_FLOWS && !was_seen[flow]);
			was_seen[flow] = true;
		}
		rig_close(r);
	}
}

/* One of two threads: polls its queues until all frames have come to either. */
struct poller {
	struct rig *r;
	uint16_t first, step;
	uint64_t expected;
	uint64_t nb_strays, bytes;
	_Atomic uint64_t *sum, *arrived;
};

static void *
poll_queues(void *arg)
{
	struct poller *p = arg;
	struct rte_mbuf *pkts[32];
	cpu_set_t all;

	/* EAL has pinned the first thread to a processor, and so the second one */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (atomic_load(p->sum) < p->expected) {
		/* both begin their round at the same time */
		uint64_t both = (atomic_fetch_add(p->arrived, 1) | 1) + 1;

		while (atomic_load(p->arrived) < both && atomic_load(p->sum) < p->expected)
			rte_pause();
		for (uint16_t q = p->first; q < p->r->nb_rxq; q += p->step) {
			uint16_t n = rte_eth_rx_burst(p->r->port, q, pkts, 32);

			for (uint16_t i = 0; i < n; i++) {
				p->nb_strays += pkts[i]->hash.rss % 128 % p->r->nb_rxq != q;
				p->bytes += pkts[i]->pkt_len;
			}
			rte_pktmbuf_free_bulk(pkts, n);
			atomic_fetch_add(p->sum, n);
		}
	}
	return NULL;
}

static uint64_t
poll_by_two_threads(struct rig *r, uint64_t nb_frames)
{
	_Atomic uint64_t sum = 0, arrived = 0;
	struct poller p[2] = { { r, 0, 2, nb_frames, 0, 0, &sum, &arrived },
			       { r, 1, 2, nb_frames, 0, 0, &sum, &arrived } };
	pthread_t thread;

	rig_start(r);
	assert_int_equal(pthread_create(&thread, NULL, poll_queues, &p[0]), 0);
	poll_queues(&p[1]);
	pthread_join(thread, NULL);
	wait_for_end(r);
	for (uint16_t q = 0; q < r->nb_rxq; q++)
		assert_int_equal(rig_drain(r, q), 0);
	assert_int_equal(sum, nb_frames);
	assert_int_equal(p[0].nb_strays + p[1].nb_strays, 0);
	rig_stop(r);
	return p[0].bytes + p[1].bytes;
}

static void
two_lcores_can_poll_queues_that_share_a_ring(void **state)
{
	static const char *const maps[] = { "B,rings=1", "A,rings=3" };

	for (unsigned int i = 0; i < UNIT_DIM(maps); i++) {
		uint32_t nb_loops = i == 0 ? NB_LOOPS : NB_LOOPS / 5;
		struct rig *r;
		char args[64];

		snprintf(args, sizeof(args), "overrun=wait,loops=%u,map=%s", nb_loops, maps[i]);
		r = open_port(args, 4, 0);
		poll_by_two_threads(r, UINT64_C(1) * nb_loops * NB_FLOWS);
		rig_close(r);
	}
}

static void
frames_in_several_mbufs_come_through_shared_rings(void **state)
{
	struct rig_setup setup = {
		.args = "overrun=wait,loops=100,rings=2",
		.nb_rxq = 5,
		.room = 256,
		.conf = rss_conf(),
	};
	static struct rig r;
	uint64_t bytes = 0;

	setup.conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER;
	rig_begin(&r);
	for (uint16_t i = 0; i < 100; i++) {
		const struct frame_flow flow = { "10.0.0.1", "10.0.0.2", i, 80 };
		struct frame f;

		frame_make(&f, &flow, FRAME_UDP, i * 14u);
		rig_add(&r, f.at, f.len);
		bytes += f.len;
	}
	rig_open(&r, &setup);
	assert_int_equal(poll_by_two_threads(&r, 100 * 100), 100 * bytes);
	rig_close(&r);
}

static void
a_queue_stops_and_starts_while_others_share_its_ring(void **state)
{
	struct rig *r = open_port("overrun=wait,loops=0,rings=1", 3, 0);

	rig_start(r);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t sum[2] = { 0 };

		while (sum[0] < 500 || sum[1] < 500)
			for (uint16_t q = 0; q < 3; q++)
				sum[q == 1] += rig_poll(r, q);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 1), 0);
		for (sum[0] = 0; sum[0] < 2000;)
			sum[0] += rig_poll(r, 0) + rig_poll(r, 2);
		assert_int_equal(rte_eth_dev_rx_queue_start(r->port, 1), 0);
	}
	rig_stop(r);
	rig_close(r);
}

/* ---- events without a frame ---- */

static void
events_reach_the_default_processor_and_it_can_be_changed(void **state)
{
	/* more frames than the queues have buffers: it does not end by itself */
	struct rig *r = open_port("overrun=wait,map=A,loops=3", 4, 0);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 2), 0);
	rig_start(r);
	set_link(r, false);
	rig_poll(r, 0);
	rig_poll(r, 1);
	rig_poll(r, 3);
	assert_int_equal(nb_notes, 0); /* it went to another one */
	rig_poll(r, 2);
	assert_int_equal(last_note(ROUSE_EVENT_LINK, 0).queue, 2);
	assert_int_equal(last_note(ROUSE_EVENT_LINK, 0).data, 0);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 3), 0);
	assert_int_equal(rouse_evnic_default_processor_set(r->port, 4), -ERANGE);
	assert_int_equal(rouse_steer_default_processor_get(rouse_evnic_steer(r->port)), 3);
	set_link(r, true);
	rig_receive_all(r);
	assert_int_equal(last_note(ROUSE_EVENT_LINK, 0).queue, 3);
	assert_int_equal(last_note(ROUSE_EVENT_LINK, 0).data, 1);
	while (nb_notes < 3)
		rig_poll(r, 3);
	assert_int_equal(last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_SOURCE_ENDED).queue, 3);
	assert_int_equal(nb_notes, 3);
	rig_stop(r);
	rig_close(r);
}

/* The default processor shares a ring with a queue that is polled, and is not polled itself. */
static void
a_flood_of_events_displaces_no_frame_and_the_last_state_is_told(void **state)
{
	static const char *const args[] = { "overrun=wait,rings=1", "overrun=wait,rings=2",
					    "overrun=wait,map=A,rings=1", "overrun=wait,map=A" };

	for (unsigned int i = 0; i < UNIT_DIM(args); i++) {
		struct rig *r = open_port(args[i], 2, 0);
		uint64_t nb_posted;
		uint32_t sum = 0;

		assert_int_equal(rouse_evnic_default_processor_set(r->port, 1), 0);
		rig_start(r);
		for (unsigned int n = 0; n < NB_LINKS; n++) {
			set_link(r, n % 2 == 1);
			sum += rig_poll(r, 0);
		}
		nb_posted = rig_xstat(r, "wire_events_link");
		assert_in_range(nb_posted, EVNIC_CONTROL_EVENTS, EVNIC_CONTROL_EVENTS);
		set_link(r, false);
		while (rig_xstat(r, "wire_events_link") == nb_posted ||
		       last_note(ROUSE_EVENT_LINK, 0).data != 0)
			sum += rig_poll(r, 1);
		set_link(r, true);
		while (rig_xstat(r, "wire_rx_ended") == 0 || sum < NB_FLOWS)
			sum += rig_poll(r, 0) + rig_poll(r, 1);
		assert_int_equal(sum, NB_FLOWS);
		while (last_note(ROUSE_EVENT_LINK, 0).data != 1)
			rig_poll(r, 1);
		rig_stop(r);
		rig_close(r);
	}
}

static void
an_overrun_is_told_and_in_the_end_how_many_frames_it_took(void **state)
{
	struct rig *r = open_port("overrun=drop,loops=20", 2, 0);

	rig_start(r);
	wait_for_end(r);
	rig_receive_all(r);
	while (nb_notes < 3)
		rig_poll(r, 0);
	assert_int_equal(last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_OVERRUN).data,
			 rig_stats(r).imissed);
	assert_int_equal(rig_stats(r).imissed, 20 * NB_FLOWS - r->nb_seen);
	assert_int_equal(last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_SOURCE_ENDED).data, 1);
	rig_stop(r);
	rig_close(r);
}

static void
a_driver_without_mbufs_is_told_apart_from_one_that_is_late(void **state)
{
	struct rig *r = open_port("overrun=drop,loops=0", 1, 0);
	struct rte_mbuf *taken[RIG_NB_MBUFS];
	bool is_told = false;
	unsigned int n = 0;

	rig_start(r);
	while (rte_mempool_get(r->pool, (void **)&taken[n]) == 0)
		rte_mbuf_refcnt_set(taken[n++], 1);
	/* nothing is given back: the queue runs dry */
	while (!is_told) {
		n += rte_eth_rx_burst(r->port, 0, &taken[n], (uint16_t)(RIG_NB_MBUFS - n));
		for (uint32_t i = 0; i < nb_notes && i < MAX_NOTES; i++)
			is_told |= notes[i].len == ROUSE_EVNIC_NO_BUFFER;
		if (n == RIG_NB_MBUFS) {
			struct rte_mbuf *m;

			assert_int_equal(rte_eth_rx_burst(r->port, 0, &m, 1), 0);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		rte_mempool_put(r->pool, taken[i]);
	rig_stop(r);
	rig_close(r);
}

static void
tx_events_free_the_mbufs_of_a_sender_that_sends_no_more(void **state)
{
	static const char *const args[] = { "overrun=wait,tx_pcap=/dev/null,tx_events=1",
					    "overrun=wait,tx_pcap=/dev/null,tx_events=1,map=A",
					    "overrun=wait,tx_pcap=/dev/null,tx_events=1,rings=1" };

	for (unsigned int i = 0; i < UNIT_DIM(args); i++) {
		struct rig *r = open_port(args[i], 3, 3);
		struct rte_mbuf *pkts[90];

		rig_start(r);
		rig_receive_all(r);
		rig_alloc(r, pkts, UNIT_DIM(pkts));
		for (uint16_t q = 0; q < 3; q++)
			assert_int_equal(rte_eth_tx_burst(r->port, q, &pkts[30 * q], 30), 30);
		while (rte_mempool_avail_count(r->pool) < RIG_NB_MBUFS - 3 * RIG_NB_POSTED)
			for (uint16_t q = 0; q < 3; q++)
				rig_poll(r, q);
		for (uint16_t q = 0; q < 3; q++)
			rig_poll(r, q);
		assert_true(rig_xstat(r, "wire_events_tx") >= 3);
		rig_stop(r);
		rig_close(r);
	}
}

static atomic_bool poller_stops;

static void *
poll_queue_0(void *arg)
{
	const struct rig *r = arg;
	struct rte_mbuf *pkts[8];
	cpu_set_t all;

	/* it began where EAL put its maker */
	memset(&all, 0xff, sizeof(all));
	pthread_setaffinity_np(pthread_self(), sizeof(all), &all);
	while (!atomic_load(&poller_stops))
		rte_pktmbuf_free_bulk(pkts, rte_eth_rx_burst(r->port, 0, pkts, UNIT_DIM(pkts)));
	return NULL;
}

static int
compare_pointers(const void *a, const void *b)
{
	uintptr_t one = (uintptr_t) * (void *const *)a, other = (uintptr_t) * (void *const *)b;

	return (one > other) - (one < other);
}

/* Each mbuf is in the pool once: its own count cannot tell, as it says no more than there are. */
static void
check_no_mbuf_twice(struct rig *r)
{
	static void *mbufs[2 * RIG_NB_MBUFS];
	unsigned int nb = 0;

	while (nb < UNIT_DIM(mbufs) && rte_mempool_get(r->pool, &mbufs[nb]) == 0)
		nb++;
	qsort(mbufs, nb, sizeof(mbufs[0]), compare_pointers);
	for (unsigned int i = 1; i < nb; i++)
		assert_ptr_not_equal(mbufs[i], mbufs[i - 1]);
	assert_int_equal(nb, RIG_NB_MBUFS);
	for (unsigned int i = 0; i < nb; i++)
		rte_mempool_put(r->pool, mbufs[i]);
}

/* ethdev asks for no lcore in a tx_burst then; the TX event comes in an rx_burst. */
static void
a_tx_queue_can_stop_while_its_events_are_received(void **state)
{
	struct rig *r = open_port("overrun=wait,tx_pcap=/dev/null,tx_events=1", 1, 1);
	pthread_t poller;

	rig_start(r);
	rig_receive_all(r);
	atomic_store(&poller_stops, false);
	assert_int_equal(pthread_create(&poller, NULL, poll_queue_0, r), 0);
	for (unsigned int i = 0; i < NB_STOPS; i++) {
		struct rte_mbuf *pkts[30];

		rig_alloc(r, pkts, UNIT_DIM(pkts));
		assert_int_equal(rte_eth_tx_burst(r->port, 0, pkts, UNIT_DIM(pkts)),
				 UNIT_DIM(pkts));
		assert_int_equal(rte_eth_dev_tx_queue_stop(r->port, 0), 0);
		assert_int_equal(rte_eth_dev_tx_queue_start(r->port, 0), 0);
	}
	atomic_store(&poller_stops, true);
	pthread_join(poller, NULL);
	rig_stop(r);
	check_no_mbuf_twice(r);
	rig_close(r);
}

/* ---- vectors ---- */

static void
a_masked_vector_rings_once_and_on_unmask(void **state)
{
	struct rig *r = open_port("overrun=wait", 2, 0);
	struct rouse_attn owner;
	uint64_t before;

	assert_int_equal(rouse_attn_init(&owner), 0);
	bind_to(r, 0, &owner);
	bind_to(r, 1, &owner);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 1, true), 0);
	rouse_attn_park(&owner);
	rig_start(r);
	while (rig_xstat(r, "wire_rx_frames") < 2 * RIG_NB_POSTED)
		rte_delay_us_sleep(50);
	set_link(r, false);
	assert_int_equal(rung(owner.doorbell, 0), 0);
	assert_int_equal(owner.state, ROUSE_ATTN_PARK);
	assert_int_equal(vector_of(r, 0).pending, 1);
	assert_int_equal(vector_of(r, 1).pending, 2);
	assert_int_equal(owner.detail[DEVICE], 3); /* the bits are there all the same */

	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(rung(owner.doorbell, 0), 1);
	assert_int_equal(vector_of(r, 0).pending, 0);
	assert_int_equal(vector_of(r, 0).doorbells, 1);
	assert_int_equal(vector_of(r, 1).pending, 2);
	before = vector_of(r, 0).messages;
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(rung(owner.doorbell, 0), 0); /* there was nothing */
	assert_int_equal(vector_of(r, 0).messages, before);
	rig_stop(r);
	unbind(r, 0);
	unbind(r, 1);
	rig_close(r);
	rouse_attn_fini(&owner);
}

static void
receive_nothing(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	rte_pktmbuf_free_bulk(pkts, n);
}

static void *
run_worker(void *w)
{
	rouse_worker_run(w);
	return NULL;
}

static struct rouse_worker_stats
stats_of(const struct rouse_worker *w)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	return stats;
}

static void
wait_until_asleep(const struct rouse_worker *w)
{
	uint64_t asleep, wakes;

	do {
		wakes = stats_of(w).wakes;
		asleep = stats_of(w).asleep_tsc;
		rte_delay_us_sleep(2000);
	} while (stats_of(w).asleep_tsc == asleep || stats_of(w).wakes != wakes);
}

static struct rouse_worker *
start_worker(const struct rig *r, const char *name, uint16_t first, uint16_t nb, pthread_t *thread)
{
	const struct rouse_worker_conf conf = { .name = name, .socket_id = SOCKET_ID_ANY };
	struct rouse_worker *w = rouse_worker_create(&conf);

	assert_non_null(w);
	for (uint16_t q = first; q < first + nb; q++)
		assert_int_equal(rouse_worker_ethdev_add(w, r->port, q, receive_nothing, NULL), 0);
	assert_int_equal(pthread_create(thread, NULL, run_worker, w), 0);
	return w;
}

static void
stop_worker(struct rouse_worker *w, pthread_t thread)
{
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(stats_of(w).rescues, 0);
	rouse_worker_destroy(w);
}

static void
a_worker_that_sleeps_is_not_woken_by_a_masked_vector_but_by_its_unmask(void **state)
{
	struct rig *r = open_port("overrun=wait,vectors=1", 2, 0);
	struct rouse_worker *w;
	pthread_t thread;
	uint64_t wakes;

	rig_start(r);
	w = start_worker(r, "masked", 0, 2, &thread);
	while (atomic_load(&nb_notes) == 0)
		rte_delay_us_sleep(50); /* the end of the source */
	assert_int_equal(stats_of(w).rx_packets, NB_FLOWS);
	wait_until_asleep(w);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	wakes = stats_of(w).wakes;
	set_link(r, false);
	set_link(r, true);
	assert_int_equal(vector_of(r, 0).pending, 1);
	assert_int_equal(stats_of(w).wakes, wakes);
	assert_int_equal(atomic_load(&nb_notes), 1);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	while (atomic_load(&nb_notes) < 3)
		rte_delay_us_sleep(50);
	wait_until_asleep(w);
	assert_int_equal(stats_of(w).wakes, wakes + 1);
	stop_worker(w, thread);
	rig_stop(r);
	rig_close(r);
}

static void
workers_that_share_the_only_vector_receive_everything(void **state)
{
	static const uint16_t nb_of_first[] = { 2, 4 };

	for (unsigned int i = 0; i < UNIT_DIM(nb_of_first); i++) {
		struct rig *r = open_port("overrun=wait,pace=20000,loops=10,vectors=1", 4, 0);
		uint16_t nb = nb_of_first[i];
		struct rouse_worker *w[2] = { NULL };
		pthread_t threads[2];
		uint64_t sum;

		assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, i == 0 ? 0 : 200), 0);
		rig_start(r);
		w[0] = start_worker(r, "first", 0, nb, &threads[0]);
		if (nb < 4)
			w[1] = start_worker(r, "second", nb, 4 - nb, &threads[1]);
		do {
			rte_delay_us_sleep(500);
			sum = stats_of(w[0]).rx_packets;
			if (w[1] != NULL)
				sum += stats_of(w[1]).rx_packets;
		} while (sum < 10 * NB_FLOWS);
		assert_int_equal(sum, 10 * NB_FLOWS);
		assert_true(vector_of(r, 0).doorbells > 0);
		for (unsigned int n = 0; n < 2; n++)
			if (w[n] != NULL)
				stop_worker(w[n], threads[n]);
		rig_stop(r);
		rig_close(r);
	}
}

static void
rings_that_share_a_vector_are_both_found(void **state)
{
	struct rig *r = open_port("overrun=wait,vectors=1", 4, 0);
	struct rouse_attn owners[2];

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rouse_attn_init(&owners[i]), 0);
		rouse_attn_park(&owners[i]);
		bind_to(r, (uint16_t)(2 * i), &owners[i]);
		bind_to(r, (uint16_t)(2 * i + 1), &owners[i]);
	}
	rig_start(r);
	while (rig_xstat(r, "wire_rx_frames") < NB_FLOWS)
		rte_delay_us_sleep(50);
	set_link(r, false);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rung(owners[i].doorbell, 0), 1);
		assert_int_equal(rouse_attn_take(&owners[i]), UINT64_C(1) << DEVICE);
		assert_int_equal(rouse_attn_take_detail(&owners[i], DEVICE), 3u << 2 * i);
	}
	rig_stop(r);
	for (uint16_t q = 0; q < 4; q++)
		unbind(r, q);
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
	rung(fd, 0);
	return fd;
}

/* Some frames, and no more than those; the queue has been empty. */
static void
let_frames_come(struct rig *r, uint16_t queue)
{
	set_link(r, true);
	while (rte_eth_rx_queue_count(r->port, queue) == 0)
		;
	set_link(r, false);
}

static void
an_ordinary_user_is_not_woken_by_a_masked_vector_but_by_its_unmask(void **state)
{
	struct rig *r = open_port("overrun=wait,pace=5000,infinite_rx=1,vectors=1", 2, 0);
	struct rte_epoll_event event;
	int fd;

	rig_start(r);
	set_link(r, false);
	rig_drain(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r->port, 0, RTE_EPOLL_PER_THREAD,
						   RTE_INTR_EVENT_ADD, NULL),
			 0);
	fd = watch(r, 0);

	/* what comes while it is enabled */
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
	let_frames_come(r, 0);
	assert_int_equal(rung(fd, 0), 0);
	assert_true((vector_of(r, 0).pending & 1) != 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, false), 0);
	assert_int_equal(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, 0), 1);
	assert_int_not_equal(rig_drain(r, 0), 0);

	/* what came before */
	assert_int_equal(rte_eth_dev_rx_intr_disable(r->port, 0), 0);
	assert_int_equal(rouse_evnic_vector_mask(r->port, 0, true), 0);
	let_frames_come(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
	assert_int_equal(rung(fd, 0), 0);
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
	struct rig *r = open_port("overrun=wait,pace=5000,infinite_rx=1,rings=1", 2, 0);
	int fd;

	rig_start(r);
	set_link(r, false);
	rig_drain(r, 0);
	rig_drain(r, 1);
	fd = watch(r, 1);
	let_frames_come(r, 1);
	rig_drain(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 1), 0);
	assert_int_equal(rung(fd, 0), 1);
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
	struct rig *r = open_port("overrun=wait,vectors=1", 1, 0);
	struct rouse_attn owner;
	uint64_t begin, nb_rung = 0, nb_handled;

	assert_int_equal(rouse_attn_init(&owner), 0);
	bind_to(r, 0, &owner);
	rig_start(r);
	rig_receive_all(r);
	while (nb_notes < 1)
		rig_poll(r, 0);
	rung(owner.doorbell, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, INTERVAL_US), 0);
	begin = now_us();
	for (unsigned int i = 0; nb_rung < 6; i++) {
		set_link(r, i % 2 == 1);
		rouse_attn_park(&owner);
		nb_rung += rung(owner.doorbell, 1);
		if (i % 3 == 0)
			rig_poll(r, 0);
		assert_true(nb_rung <= 1 + (now_us() - begin) / INTERVAL_US);
	}
	rig_drain(r, 0);
	/* the last one comes, too */
	nb_handled = nb_notes;
	rouse_attn_park(&owner);
	set_link(r, last_note(ROUSE_EVENT_LINK, 0).data == 0);
	assert_int_equal(rung(owner.doorbell, -1), 1);
	rig_poll(r, 0);
	assert_int_equal(nb_notes, nb_handled + 1);
	rig_stop(r);
	unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owner);
}

/* An ordinary user who enables the interrupt again and again while frames come. */
static void
check_interval_of_user(void)
{
	struct rig *r = open_port("overrun=wait,pace=5000,infinite_rx=1,vectors=1", 1, 0);
	uint64_t begin, nb_rung = 0;
	int fd;

	rig_start(r);
	fd = watch(r, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, INTERVAL_US), 0);
	begin = now_us();
	while (nb_rung < 6) {
		assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
		nb_rung += rung(fd, 1);
		rte_eth_dev_rx_intr_disable(r->port, 0);
		rig_drain(r, 0);
		assert_true(nb_rung <= 1 + (now_us() - begin) / INTERVAL_US);
	}
	/* the last one comes, too */
	set_link(r, false);
	rig_drain(r, 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, 0), 0);
	let_frames_come(r, 0);
	assert_int_equal(rung(fd, -1), 1);
	rig_stop(r);
	rig_close(r);
}

static void
doorbells_of_a_vector_keep_their_interval_and_lose_nothing(void **state)
{
	check_interval_of_worker();
	check_interval_of_user();
}

static void
an_interval_that_is_given_up_holds_nothing_back(void **state)
{
	struct rig *r = open_port("overrun=wait,vectors=1", 1, 0);
	struct rouse_attn owner;

	assert_int_equal(rouse_attn_init(&owner), 0);
	bind_to(r, 0, &owner);
	rig_start(r);
	rig_receive_all(r);
	while (nb_notes < 1)
		rig_poll(r, 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, 1000000), 0);
	rouse_attn_park(&owner);
	set_link(r, false);
	assert_int_equal(rung(owner.doorbell, 0), 1);
	rouse_attn_park(&owner);
	set_link(r, true);
	assert_int_equal(rouse_evnic_vector_interval_set(r->port, 0, 0), 0);
	assert_int_equal(rung(owner.doorbell, 0), 1);
	assert_int_equal(vector_of(r, 0).pending, 0);
	rig_stop(r);
	unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owner);
}

static void
queues_of_one_owner_share_vectors_before_those_of_two_do(void **state)
{
	static const uint8_t owner_of_queue[][4] = {
		{ 0, 0, 1, 1 }, { 0, 1, 0, 1 }, { 0, 1, 1, 0 }, { 0, 1, 1, 1 }
	};
	struct rig *r = open_port("overrun=wait,vectors=2", 4, 0);
	const struct rouse_steer *steer = rouse_evnic_steer(r->port);
	struct rouse_attn owners[2];

	assert_int_equal(rouse_attn_init(&owners[0]), 0);
	assert_int_equal(rouse_attn_init(&owners[1]), 0);
	for (unsigned int i = 0; i < UNIT_DIM(owner_of_queue); i++) {
		uint16_t vectors[4];

		for (uint16_t q = 0; q < 4; q++)
			bind_to(r, q, &owners[owner_of_queue[i][q]]);
		for (uint16_t q = 0; q < 4; q++)
			vectors[q] = rouse_steer_event(steer, q, ROUSE_EVENT_RX).vector;
		for (uint16_t q = 1; q < 4; q++)
			assert_int_equal(vectors[q] == vectors[0],
					 owner_of_queue[i][q] == owner_of_queue[i][0]);
		for (uint16_t q = 0; q < 4; q++)
			unbind(r, q);
	}
	/* what the user has said is left as it is */
	for (uint16_t ring = 0; ring < 4; ring++)
		assert_int_equal(rouse_evnic_vector_set(r->port, ring, 1), 0);
	bind_to(r, 0, &owners[0]);
	for (uint16_t ring = 0; ring < 4; ring++)
		assert_int_equal(rouse_steer_vector(steer, ring), 1);
	unbind(r, 0);
	rig_close(r);
	rouse_attn_fini(&owners[0]);
	rouse_attn_fini(&owners[1]);
}

static void
a_ring_has_one_consumer(void **state)
{
	struct rig *r = open_port("overrun=wait,rings=2", 4, 0);
	struct rouse_attn owners[2];
	const struct rouse_attn_owner second = { .attn = &owners[1], .device = DEVICE };
	const struct rouse_attn_owner other_bit = { .attn = &owners[0], .device = DEVICE + 1 };
	struct rouse_attn_port port;
	uint64_t rings = 0;

	assert_int_equal(rouse_attn_init(&owners[0]), 0);
	assert_int_equal(rouse_attn_init(&owners[1]), 0);
	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(bind_to(r, 0, &owners[0]), 1);
	assert_int_equal(port.ops->bind(port.ctx, 2, &second, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 2, &other_bit, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 0, &second, &rings), -EBUSY);
	assert_int_equal(port.ops->bind(port.ctx, 4, &second, &rings), -ERANGE);
	assert_int_equal(port.ops->unbind(port.ctx, 2), -ENOENT);
	assert_int_equal(port.ops->unbind(port.ctx, 4), -ERANGE);
	assert_int_equal(port.ops->bind(port.ctx, 1, &second, &rings), 0);
	assert_int_equal(rings, 2);
	unbind(r, 0);
	assert_int_equal(port.ops->bind(port.ctx, 2, &second, &rings), 0);
	unbind(r, 1);
	unbind(r, 2);
	rig_close(r);
	rouse_attn_fini(&owners[0]);
	rouse_attn_fini(&owners[1]);
}

static void
bits_that_name_nothing_are_counted_and_ignored(void **state)
{
	struct rig *r = open_port("overrun=wait", 2, 0);
	struct rouse_attn_target t;
	struct rouse_worker *w;
	pthread_t thread;

	rig_start(r);
	w = start_worker(r, "stale", 0, 2, &thread);
	while (atomic_load(&nb_notes) == 0)
		rte_delay_us_sleep(50);
	wait_until_asleep(w);
	t = private_of(r)->rings[0].bound;
	t.ring = 63;
	rouse_attn_signal(&t, rte_rdtsc());
	while (stats_of(w).stale_bits < 1)
		rte_delay_us_sleep(50);
	wait_until_asleep(w);
	t.device = 63;
	t.ring = 0;
	rouse_attn_signal(&t, rte_rdtsc());
	while (stats_of(w).stale_bits < 2)
		rte_delay_us_sleep(50);
	wait_until_asleep(w);
	assert_int_equal(stats_of(w).stale_bits, 2);
	assert_int_equal(stats_of(w).rx_packets, NB_FLOWS);
	set_link(r, false);
	while (atomic_load(&nb_notes) < 2)
		rte_delay_us_sleep(50);
	stop_worker(w, thread);
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
	struct rig *r = open_port("overrun=wait,rings=3,vectors=2", 2, 0);
	struct evnic_port *p = private_of(r);
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
	assert_false(vector_of(r, 0).masked);
	assert_int_equal(vector_of(r, 0).interval_us, 0);

	assert_int_equal(rouse_attn_init(&owner), 0);
	bind_to(r, 0, &owner);
	memcpy(&before, &p->steer, sizeof(before));
	assert_tables_are_kept(r, -EBUSY);
	assert_memory_equal(&before, &p->steer, sizeof(before));
	unbind(r, 0);

	rig_start(r);
	memcpy(&before, &p->steer, sizeof(before));
	assert_tables_are_kept(r, -EBUSY);
	assert_int_equal(rouse_evnic_on_event(port, NULL, NULL), -EBUSY);
	assert_true(p->on_event == note_event);
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
		cmocka_unit_test(frames_reach_their_queue_whatever_ring_carries_them),
		cmocka_unit_test(two_lcores_can_poll_queues_that_share_a_ring),
		cmocka_unit_test(frames_in_several_mbufs_come_through_shared_rings),
		cmocka_unit_test(a_queue_stops_and_starts_while_others_share_its_ring),
		cmocka_unit_test(events_reach_the_default_processor_and_it_can_be_changed),
		cmocka_unit_test(a_flood_of_events_displaces_no_frame_and_the_last_state_is_told),
		cmocka_unit_test(an_overrun_is_told_and_in_the_end_how_many_frames_it_took),
		cmocka_unit_test(a_driver_without_mbufs_is_told_apart_from_one_that_is_late),
		cmocka_unit_test(tx_events_free_the_mbufs_of_a_sender_that_sends_no_more),
		cmocka_unit_test(a_tx_queue_can_stop_while_its_events_are_received),
		cmocka_unit_test(a_masked_vector_rings_once_and_on_unmask),
		cmocka_unit_test(
			a_worker_that_sleeps_is_not_woken_by_a_masked_vector_but_by_its_unmask),
		cmocka_unit_test(workers_that_share_the_only_vector_receive_everything),
		cmocka_unit_test(rings_that_share_a_vector_are_both_found),
		cmocka_unit_test(
			an_ordinary_user_is_not_woken_by_a_masked_vector_but_by_its_unmask),
		cmocka_unit_test(an_interrupt_is_not_enabled_over_a_frame_that_waits),
		cmocka_unit_test(doorbells_of_a_vector_keep_their_interval_and_lose_nothing),
		cmocka_unit_test(an_interval_that_is_given_up_holds_nothing_back),
		cmocka_unit_test(queues_of_one_owner_share_vectors_before_those_of_two_do),
		cmocka_unit_test(a_ring_has_one_consumer),
		cmocka_unit_test(bits_that_name_nothing_are_counted_and_ignored),
		cmocka_unit_test(what_cannot_be_is_refused_and_changes_nothing),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
