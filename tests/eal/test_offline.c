/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Workers go offline and come back, again and again, while frames come, at half of what they could
 * take and so slowly that they sleep in between: all that was sent is received, nothing twice, each
 * flow in its order, and no worker is woken for what is another's. What cannot move is done by the
 * default worker. What is refused changes nothing. The numbers of the lcores have gaps.
 */

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#include "numbered.h"

#define NB_QUEUES  8
#define NB_WORKERS 3
#define NB_FRAMES  65536 /* of the capture, which is played again and again */
#define MAX_CPUS   8

#define FULL_LOAD_US 200000 /* so long frames come as fast as they are taken */
#define SLOW_PPS     50000

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

static const unsigned int main_lcore = 3;
static const unsigned int lcores[NB_WORKERS] = {
	RTE_MAX_LCORE / 3,
	RTE_MAX_LCORE * 3 / 4,
	RTE_MAX_LCORE - 1,
};

static struct rouse_worker *workers[NB_WORKERS];
static unsigned int nb_stopped; /* how often any was, in a test */

/* Written by whichever worker has the flow's queue; what orders them is the move. */
static struct {
	_Atomic uint64_t nb; /* frames in all */
	atomic_bool disordered, at_once;
	uint32_t next_of_flow[NUMBERED_NB_FLOWS]; /* the number that comes next */
	atomic_bool busy[NB_QUEUES];
} seen;

/* The frames of a flow come in turn, one loop after the other: so each is known by the last. */
static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	if (atomic_exchange(&seen.busy[queue], true))
		atomic_store(&seen.at_once, true);
	for (uint16_t i = 0; i < nb_pkts; i++) {
		uint32_t number = numbered_read(pkts[i]);
		uint32_t *next = &seen.next_of_flow[number % NUMBERED_NB_FLOWS];

		if (number != *next)
			atomic_store(&seen.disordered, true);
		*next = (number + NUMBERED_NB_FLOWS) % NB_FRAMES;
	}
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&seen.nb, nb_pkts);
	atomic_store(&seen.busy[queue], false);
}

static void
say_hello(struct rouse_worker *w, void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

/* It runs when this returns: one that is taken offline before it has begun does not begin. */
static void
start(unsigned int i)
{
	static atomic_bool runs;

	atomic_store(&runs, false);
	assert_int_equal(rouse_worker_post(workers[i], say_hello, &runs), 0);
	assert_int_equal(rte_eal_remote_launch(rouse_worker_run, workers[i], lcores[i]), 0);
	while (!atomic_load(&runs))
		usleep(10);
}

static void
await_end(unsigned int i)
{
	assert_int_equal(rte_eal_wait_lcore(lcores[i]), 0);
}

static void
take_offline(unsigned int i)
{
	assert_int_equal(rouse_worker_offline(workers[i]), 0);
	await_end(i);
	nb_stopped++;
}

static void
make_workers(void)
{
	char name[8];

	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		const struct rouse_worker_conf worker_conf = {
			.name = name,
			.socket_id = SOCKET_ID_ANY,
		};

		snprintf(name, sizeof(name), "w%u", i);
		workers[i] = rouse_worker_create(&worker_conf);
		assert_non_null(workers[i]);
	}
}

static void
start_workers(void)
{
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		start(i);
}

static void
end_workers(void)
{
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		if (rouse_worker_is_online(workers[i])) {
			rouse_worker_stop(workers[i]);
			await_end(i);
		}
	}
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		rouse_worker_destroy(workers[i]);
}

static unsigned int
nb_queues_of(const struct rouse_worker *w)
{
	struct rouse_worker_source_stats s;
	unsigned int nb = 0;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++)
		nb += s.type == ROUSE_SOURCE_TYPE_RXQ && s.state == ROUSE_SOURCE_ACTIVE;
	return nb;
}

/* As its bits say, one of which is for messages. */
static unsigned int
nb_queues_by_bits(const struct rouse_worker *w)
{
	struct rouse_worker_attention_bit bit;
	int nb = -1;

	for (unsigned int i = 0; i < ROUSE_ATTN_BITS; i++)
		nb += rouse_worker_attention_bit_get(w, i, &bit);
	return (unsigned int)nb;
}

static void
assert_all_have(unsigned int nb)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		sum += nb_queues_of(workers[i]);
		assert_int_equal(nb_queues_by_bits(workers[i]), nb_queues_of(workers[i]));
	}
	assert_int_equal(sum, nb);
}

static void
await_frames(uint64_t more)
{
	uint64_t until = atomic_load(&seen.nb) + more;

	while (atomic_load(&seen.nb) < until)
		usleep(10);
}

/* ---- under traffic ---- */

/* One of those that are not the default worker goes and comes back. */
static void
cycle(unsigned int i)
{
	take_offline(i);
	assert_int_equal(nb_queues_of(workers[i]), 0);
	assert_all_have(NB_QUEUES);
	assert_int_equal(rouse_worker_online(workers[i]), 0);
	start(i);
	assert_true(rouse_worker_rebalance() > 0);
	assert_in_range(nb_queues_of(workers[i]), NB_QUEUES / NB_WORKERS,
			(NB_QUEUES + NB_WORKERS - 1) / NB_WORKERS);
}

static void
open_port(struct rig *r, const char *args)
{
	rig_begin(r);
	numbered_add(r, NB_FRAMES);
	rig_open(r, &(struct rig_setup){ .args = args,
					 .nb_rxq = NB_QUEUES,
					 .nb_desc = 512,
					 .nb_mbufs = 8192,
					 .conf = conf });
	rig_start(r);
}

static void
begin(struct rig *r, const char *args)
{
	memset(&seen, 0, sizeof(seen));
	nb_stopped = 0;
	for (uint32_t f = 0; f < NUMBERED_NB_FLOWS; f++)
		seen.next_of_flow[f] = f;
	open_port(r, args);
	make_workers();
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(
			rouse_worker_ethdev_add(workers[q % NB_WORKERS], r->port, q, receive, NULL),
			0);
	start_workers();
}

#define NB_ASKED 8 /* and in each cycle: a quarter of the wakes on a slow machine */

static uint64_t nb_wakes[NB_WORKERS];

/*
 * A wake for another's source would be a bit that names none here, a vector of a queue that has
 * gone, or a doorbell without a bit. So none of the first two is there, and a wake that finds
 * nothing has a source of the worker's own to look at, which was drained before its signal came: a
 * visit that misses. But for the stops, for what control threads ask as a worker goes to sleep, and
 * for a doorbell that was rung as the second look found
 * its bit: that ends the next sleep.
 */
static void
assert_nobody_woke_for_another_s(void)
{
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		struct rouse_worker_stats stats;

		rouse_worker_stats_get(workers[i], &stats);
		printf("# w%u: %" PRIu64 " packets, %" PRIu64 " wakes, %" PRIu64
		       " spurious, %" PRIu64 " misses, %" PRIu64 " rechecks, %" PRIu64
		       " stale bits, %" PRIu64 " rescues\n",
		       i, stats.rx_packets, stats.wakes, stats.spurious_wakes, stats.wake_misses,
		       stats.recheck_hits, stats.stale_bits, stats.rescues);
		assert_int_equal(stats.rescues, 0);
		assert_int_equal(stats.stale_bits, 0);
		assert_int_equal(stats.stale_wakes, 0);
		assert_in_range(stats.spurious_wakes, 0,
				stats.wake_misses + stats.recheck_hits + nb_stopped + NB_ASKED +
					stats.wakes / 4);
		assert_true(stats.rx_packets > 0);
		nb_wakes[i] = stats.wakes;
	}
}

/* The wire lets go of everything, and what is in the rings is taken. */
static void
await_all_that_was_sent(struct rig *r)
{
	uint64_t sent;

	assert_int_equal(rte_eth_dev_set_link_down(r->port), 0);
	do {
		sent = rig_xstat(r, "wire_rx_frames");
		usleep(20000);
	} while (rig_xstat(r, "wire_rx_frames") != sent || atomic_load(&seen.nb) != sent);
}

static void
end(struct rig *r)
{
	await_all_that_was_sent(r);
	assert_false(atomic_load(&seen.disordered));
	assert_false(atomic_load(&seen.at_once));
	assert_int_equal(rig_stats(r).imissed, 0);
	assert_nobody_woke_for_another_s();
	end_workers();
	rig_stop(r);
	rig_close(r);
}

static void
play_cycles(const char *more, uint64_t pps, unsigned int nb)
{
	uint64_t begin_tsc;
	char args[64];
	struct rig r;

	snprintf(args, sizeof(args), "overrun=wait,infinite_rx=1,pace=%" PRIu64 "%s", pps, more);
	begin(&r, args);
	begin_tsc = rte_rdtsc();
	for (unsigned int i = 0; i < nb; i++) {
		unit_deadline();
		cycle(1 + i % (NB_WORKERS - 1));
		assert_all_have(NB_QUEUES);
	}
	printf("# %s: %u cycles of %.2f ms\n", args, nb,
	       (double)(rte_rdtsc() - begin_tsc) * 1e3 / (double)rte_get_tsc_hz() / nb);
	end(&r);
}

/* What the workers take when frames come as fast as that. */
static uint64_t
full_load(void)
{
	uint64_t begin_tsc, before;
	double seconds;
	struct rig r;

	begin(&r, "overrun=wait,infinite_rx=1,pace=max");
	await_frames(NB_FRAMES);
	before = atomic_load(&seen.nb);
	begin_tsc = rte_rdtsc();
	usleep(FULL_LOAD_US);
	seconds = (double)(rte_rdtsc() - begin_tsc) / (double)rte_get_tsc_hz();
	before = atomic_load(&seen.nb) - before;
	end(&r);
	return (uint64_t)((double)before / seconds);
}

static void
a_thousand_times_offline_and_back_at_half_load_lose_nothing(void **state)
{
	play_cycles("", full_load() / 2, UNIT_TIMES(1000));
}

static void
two_hundred_times_offline_and_back_between_sleeps_lose_nothing(void **state)
{
	play_cycles("", SLOW_PPS, UNIT_TIMES(200));
	/* a worker that polls is woken by nobody */
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		assert_true(nb_wakes[i] > 0);
}

/* Each ring carries the events of two or three queues: these have one worker. */
static void
queues_that_share_an_event_ring_go_together(void **state)
{
	play_cycles(",rings=3", SLOW_PPS, UNIT_TIMES(100));
}

/* ---- what is refused ---- */

static char *
dump(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(rouse_worker_attention_dump(file), 0);
	fclose(file);
	return text;
}

static void
the_last_and_the_default_worker_stay(void **state)
{
	struct rig r;
	char *text;

	begin(&r, "overrun=wait,pace=20000,infinite_rx=1");
	assert_ptr_equal(rouse_worker_default(), workers[0]);
	assert_int_equal(rouse_worker_offline(workers[0]), -EBUSY);
	assert_int_equal(rouse_worker_online(workers[1]), -EALREADY);
	take_offline(1);
	assert_int_equal(rouse_worker_offline(workers[1]), -EALREADY);
	assert_int_equal(rouse_worker_default_set(workers[1]), -ENETDOWN);
	assert_int_equal(rouse_worker_run(workers[1]), -ENETDOWN);
	assert_int_equal(rouse_worker_ethdev_add(workers[1], r.port, 0, receive, NULL), -ENETDOWN);
	assert_int_equal(rouse_worker_ethdev_move(workers[0], workers[1], r.port, 0), -ENETDOWN);
	assert_int_equal(rouse_worker_ethdev_move(workers[1], workers[0], r.port, 1), -ENOENT);
	assert_int_equal(rouse_worker_default_set(workers[2]), 0);
	take_offline(0);
	assert_int_equal(nb_queues_of(workers[2]), NB_QUEUES);
	assert_int_equal(rouse_worker_offline(workers[2]), -EBUSY);
	assert_int_equal(nb_queues_of(workers[2]), NB_QUEUES);
	await_frames(1000);
	text = dump();
	assert_non_null(strstr(text, "w0), type 0, offline"));
	assert_non_null(strstr(text, "w2), type 0, online, default"));
	assert_non_null(strstr(text, "port 0 queue 7"));
	assert_non_null(strstr(text, "moves, the last"));
	free(text);
	end_workers();
	assert_false(atomic_load(&seen.disordered));
	rig_stop(&r);
	rig_close(&r);
}

/* Of each worker's bits all but four are reserved: one for messages, three for queues. With eight
 * queues there is one place left, on the last worker. */
static void
who_has_no_room_elsewhere_stays(void **state)
{
	struct rouse_worker_attention attention = {
		.bit_per_queue = true,
		.reserved = UINT64_MAX << 4,
	};
	char *before, *after;
	struct rig r;

	assert_int_equal(rouse_worker_attention_set(&attention), 0);
	begin(&r, "overrun=wait,infinite_rx=1,pace=20000");
	await_frames(1000);
	await_all_that_was_sent(&r);
	before = dump();
	for (unsigned int n = 0; n < 10; n++) {
		assert_int_equal(rouse_worker_offline(workers[1]), -ENOSPC);
		assert_int_equal(rouse_worker_offline(workers[2]), -ENOSPC);
		assert_int_equal(rouse_worker_ethdev_move(workers[2], workers[0], r.port, 2),
				 -ENOSPC);
	}
	after = dump();
	assert_string_equal(after, before);
	free(before);
	free(after);
	assert_true(rouse_worker_is_online(workers[1]) && rouse_worker_is_online(workers[2]));
	assert_int_equal(nb_queues_of(workers[0]), 3);
	assert_int_equal(nb_queues_of(workers[1]), 3);
	assert_int_equal(nb_queues_of(workers[2]), 2);
	assert_int_equal(rte_eth_dev_set_link_up(r.port), 0);
	await_frames(1000);
	assert_int_equal(rouse_worker_ethdev_move(workers[1], workers[2], r.port, 1), 0);
	await_frames(1000);
	end(&r);
	attention = (struct rouse_worker_attention){ 0 };
	assert_int_equal(rouse_worker_attention_set(&attention), 0);
}

/* Two threads move one queue: one of them at a time. */
static atomic_bool ends;
static uint16_t moved_port;

static void *
move_to_and_fro(void *arg)
{
	unsigned int *nb_refused = arg;

	while (!atomic_load(&ends)) {
		for (unsigned int i = 0; i < 2; i++) {
			int ret =
				rouse_worker_ethdev_move(workers[i], workers[1 - i], moved_port, 0);

			assert_true(ret == 0 || ret == -ENOENT || ret == -EBUSY);
			*nb_refused += ret == -EBUSY;
		}
	}
	return NULL;
}

static void
a_second_move_meanwhile_is_refused(void **state)
{
	unsigned int nb_refused[2] = { 0, 0 };
	pthread_t movers[2];
	struct rig r;

	begin(&r, "overrun=wait,pace=100000,infinite_rx=1");
	rte_log_set_level_pattern("rouse.worker", RTE_LOG_CRIT); /* each refusal is a line */
	moved_port = r.port;
	atomic_store(&ends, false);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&movers[i], NULL, move_to_and_fro, &nb_refused[i]),
				 0);
	await_frames(50000);
	atomic_store(&ends, true);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(movers[i], NULL);
	rte_log_set_level_pattern("rouse.worker", RTE_LOG_NOTICE);
	assert_true(nb_refused[0] + nb_refused[1] > 0);
	await_frames(1000);
	assert_all_have(NB_QUEUES);
	end_workers();
	assert_false(atomic_load(&seen.disordered));
	assert_false(atomic_load(&seen.at_once));
	rig_stop(&r);
	rig_close(&r);
}

/* ---- what cannot move ---- */

static struct {
	atomic_uint nb_messages, nb_events, nb_ticks, nb_bytes;
	_Atomic(struct rouse_worker *) of;
	atomic_uint lcore;
} stayed;

static void
take_message(struct rouse_worker *w, void *arg)
{
	atomic_store(&stayed.of, w);
	atomic_store(&stayed.lcore, rte_lcore_id());
	atomic_fetch_add(&stayed.nb_messages, 1);
}

static void
take_event(void *arg, const struct rouse_event *event)
{
	assert_true(event->data == atomic_load(&stayed.nb_events));
	atomic_fetch_add(&stayed.nb_events, 1);
}

static void
tick(struct rouse_worker *w, void *arg)
{
	assert_ptr_equal(w, workers[1]);
	atomic_fetch_add(&stayed.nb_ticks, 1);
}

static void
read_byte(struct rouse_worker *w, int fd, void *arg)
{
	char byte;

	assert_ptr_equal(w, workers[1]);
	if (read(fd, &byte, 1) == 1)
		atomic_fetch_add(&stayed.nb_bytes, 1);
}

static void
post_one(struct rouse_evring *ring, const struct rouse_attn_target *target, uint32_t i)
{
	const struct rouse_event event = { .code = ROUSE_EVENT_TX, .data = i };

	while (!rouse_evring_post(ring, &event))
		;
	rouse_attn_signal(target, rte_rdtsc());
	rouse_evring_settle(ring);
}

/* One of each, and all of them are taken, once. */
static void
signal_all(struct rouse_evring *ring, const struct rouse_attn_target *target, int fd, uint32_t i)
{
	unsigned int ticks = atomic_load(&stayed.nb_ticks);

	assert_int_equal(rouse_worker_post(workers[1], take_message, NULL), 0);
	post_one(ring, target, i);
	assert_int_equal(write(fd, "x", 1), 1);
	while (atomic_load(&stayed.nb_messages) != i + 1 ||
	       atomic_load(&stayed.nb_events) != i + 1 || atomic_load(&stayed.nb_bytes) != i + 1 ||
	       atomic_load(&stayed.nb_ticks) == ticks)
		usleep(10);
	assert_ptr_equal(atomic_load(&stayed.of), workers[1]);
}

static void
the_default_worker_does_what_cannot_move(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 8);
	struct rouse_attn_target target, late;
	uint32_t i = 0;
	int ends_of[2], timer;

	memset(&stayed, 0, sizeof(stayed));
	make_workers();
	start_workers();
	assert_int_equal(pipe(ends_of), 0);
	assert_int_equal(rouse_worker_evring_add(workers[1], ring, take_event, NULL, &target), 0);
	assert_int_equal(rouse_worker_fd_add(workers[1], ends_of[0], read_byte, NULL), 0);
	timer = rouse_worker_timer_add(workers[1], 100, 1000, tick, NULL);
	assert_true(timer >= 0);
	for (unsigned int n = 0; n < 20; n++) {
		for (unsigned int j = 0; j < 5; j++)
			signal_all(ring, &target, ends_of[1], i++);
		assert_int_equal(atomic_load(&stayed.lcore), lcores[1]);
		take_offline(1);
		for (unsigned int j = 0; j < 5; j++)
			signal_all(ring, &target, ends_of[1], i++);
		assert_int_equal(atomic_load(&stayed.lcore), lcores[0]);
		/* another one is the default worker, and looks after it */
		assert_int_equal(rouse_worker_default_set(workers[2]), 0);
		for (unsigned int j = 0; j < 5; j++)
			signal_all(ring, &target, ends_of[1], i++);
		assert_int_equal(atomic_load(&stayed.lcore), lcores[2]);
		/* it can be changed all the same */
		assert_int_equal(rouse_worker_evring_remove(workers[1], ring), 0);
		assert_int_equal(rouse_worker_evring_add(workers[1], ring, take_event, NULL, &late),
				 0);
		assert_int_equal(late.device, target.device);
		assert_int_equal(late.ring, target.ring);
		assert_int_equal(rouse_worker_timer_remove(workers[1], timer), 0);
		timer = rouse_worker_timer_add(workers[1], 100, 1000, tick, NULL);
		for (unsigned int j = 0; j < 5; j++)
			signal_all(ring, &target, ends_of[1], i++);
		assert_int_equal(rouse_worker_default_set(workers[0]), 0);
		assert_int_equal(rouse_worker_online(workers[1]), 0);
		/* what comes before it runs is not lost */
		assert_int_equal(rouse_worker_post(workers[1], take_message, NULL), 0);
		post_one(ring, &target, i);
		assert_int_equal(write(ends_of[1], "x", 1), 1);
		i++;
		start(1);
		while (atomic_load(&stayed.nb_messages) != i ||
		       atomic_load(&stayed.nb_events) != i || atomic_load(&stayed.nb_bytes) != i)
			usleep(10);
	}
	/* one that is offline may be destroyed, and so may its host */
	take_offline(1);
	end_workers();
	close(ends_of[0]);
	close(ends_of[1]);
}

/* Lcores wherever there is a processor. */
static int
init(const char *program)
{
	char cpus[MAX_CPUS * 5] = "", list[RIG_LCORES_LEN];
	unsigned int nb = 0;
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -1;
	for (unsigned int i = 0; i < CPU_SETSIZE && nb < MAX_CPUS; i++) {
		size_t len = strlen(cpus);

		if (CPU_ISSET(i, &allowed))
			snprintf(&cpus[len], sizeof(cpus) - len, "%s%u", nb++ == 0 ? "" : ",", i);
	}
	snprintf(list, sizeof(list), "%u@(%s),%u@(%s),%u@(%s),%u@(%s)", main_lcore, cpus, lcores[0],
		 cpus, lcores[1], cpus, lcores[2], cpus);
	return rig_init_lcores(program, list);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_worker_does_what_cannot_move),
		cmocka_unit_test(the_last_and_the_default_worker_stay),
		cmocka_unit_test(who_has_no_room_elsewhere_stays),
		cmocka_unit_test(a_second_move_meanwhile_is_refused),
		cmocka_unit_test(a_thousand_times_offline_and_back_at_half_load_lose_nothing),
		cmocka_unit_test(two_hundred_times_offline_and_back_between_sleeps_lose_nothing),
		cmocka_unit_test(queues_that_share_an_event_ring_go_together),
	};

	if (init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
