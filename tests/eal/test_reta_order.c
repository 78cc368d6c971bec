/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The RETA changes while frames come: flows go from queue to queue, of the same worker or of
 * another, and each stays in its order, as the handlers see it. A worker that is late with what a
 * flow's old queue has is waited for. All that was sent is received, nothing twice.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#include "numbered.h"

#define NB_QUEUES  6
#define NB_WORKERS 3
#define NB_FRAMES  65536 /* of the capture, which is played again and again */
#define MAX_CPUS   8
#define RETA_SIZE  RTE_ETH_RSS_RETA_SIZE_128
#define NB_GROUPS  (RETA_SIZE / RTE_ETH_RETA_GROUP_SIZE)
#define NB_WAITING                                                                                 \
	(NUMBERED_NB_FLOWS + 100) /* frames in a queue that is late: some of each flow             \
				   */
#define LOOKS_WITHOUT_FRAMES 2000 /* so many in turn: the wire waits */
#define NB_DESC		     (2 * NUMBERED_NB_FLOWS)
#define NB_MBUFS	     (NB_QUEUES * NB_DESC + 4096)

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

static struct rouse_worker *workers[NB_WORKERS];

/* Written by whichever worker has the flow's queue; what orders them is what is tested. */
static struct {
	_Atomic uint64_t nb; /* frames in all */
	_Atomic uint64_t nb_of_queue[NB_QUEUES];
	atomic_bool is_disordered;
	_Atomic uint32_t next_of_flow[NUMBERED_NB_FLOWS]; /* the number that comes next */
} seen;

/* The handler of the first queue waits as long as it is closed. */
static struct {
	atomic_bool is_closed, is_waiting;
} gate;

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	while (queue == 0 && atomic_load(&gate.is_closed)) {
		atomic_store(&gate.is_waiting, true);
		usleep(10);
	}
	for (uint16_t i = 0; i < nb_pkts; i++) {
		uint32_t number = numbered_read(pkts[i]);
		_Atomic uint32_t *next = &seen.next_of_flow[number % NUMBERED_NB_FLOWS];

		if (number != atomic_load(next))
			atomic_store(&seen.is_disordered, true);
		atomic_store(next, (number + NUMBERED_NB_FLOWS) % NB_FRAMES);
	}
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&seen.nb, nb_pkts);
	atomic_fetch_add(&seen.nb_of_queue[queue], nb_pkts);
}

/* ---- the table ---- */

static void
set_entry(struct rte_eth_rss_reta_entry64 *reta, uint16_t i, uint16_t queue)
{
	reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
	reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = queue;
}

static uint16_t
entry_of(const struct rig *r, uint16_t i)
{
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];

	memset(reta, 0xff, sizeof(reta));
	assert_int_equal(rte_eth_dev_rss_reta_query(r->port, reta, RETA_SIZE), 0);
	return reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
}

static int
set_all(const struct rig *r, uint16_t queue)
{
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];

	memset(reta, 0, sizeof(reta));
	for (uint16_t i = 0; i < RETA_SIZE; i++)
		set_entry(reta, i, queue);
	return rouse_worker_reta_update(r->port, reta, RETA_SIZE);
}

/* ---- the port and its workers ---- */

static void
begin(struct rig *r, const char *args)
{
	memset(&seen, 0, sizeof(seen));
	memset(&gate, 0, sizeof(gate));
	for (uint32_t f = 0; f < NUMBERED_NB_FLOWS; f++)
		seen.next_of_flow[f] = f;
	rig_begin(r);
	numbered_add(r, NB_FRAMES);
	rig_open(r, &(struct rig_setup){ .args = args,
					 .nb_rxq = NB_QUEUES,
					 .nb_desc = NB_DESC,
					 .nb_mbufs = NB_MBUFS,
					 .conf = conf });
	rig_start(r);
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		char name[8];
		const struct rouse_worker_conf worker_conf = { .name = name,
							       .socket_id = SOCKET_ID_ANY };

		snprintf(name, sizeof(name), "w%u", i);
		workers[i] = rouse_worker_create(&worker_conf);
		assert_non_null(workers[i]);
	}
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(
			rouse_worker_ethdev_add(workers[q % NB_WORKERS], r->port, q, receive, NULL),
			0);
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		assert_int_equal(rte_eal_remote_launch(rouse_worker_run, workers[i], i + 1), 0);
}

static void
end(struct rig *r)
{
	uint64_t sent;

	assert_int_equal(rte_eth_dev_set_link_down(r->port), 0);
	do {
		sent = rig_xstat(r, "wire_rx_frames");
		usleep(20000);
	} while (rig_xstat(r, "wire_rx_frames") != sent || atomic_load(&seen.nb) != sent);
	assert_int_equal(rig_stats(r).imissed, 0);
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		struct rouse_worker_stats stats;

		rouse_worker_stats_get(workers[i], &stats);
		assert_int_equal(stats.rescues, 0);
		rouse_worker_stop(workers[i]);
		assert_int_equal(rte_eal_wait_lcore(i + 1), 0);
		rouse_worker_destroy(workers[i]);
	}
	rig_stop(r);
	rig_close(r);
	assert_false(atomic_load(&seen.is_disordered));
}

static void
await_sent(struct rig *r, uint64_t more)
{
	uint64_t until = rig_xstat(r, "wire_rx_frames") + more;

	while (rig_xstat(r, "wire_rx_frames") < until) {
		unit_deadline();
		usleep(100);
	}
}

/* Likewise; but a queue that is late may have no room left, and then the wire waits for it. */
static void
await_sent_or_full(struct rig *r, uint64_t more)
{
	uint64_t sent = rig_xstat(r, "wire_rx_frames"), until = sent + more;

	for (unsigned int i = 0; i < LOOKS_WITHOUT_FRAMES && sent < until; i++) {
		uint64_t before = sent;

		usleep(100);
		sent = rig_xstat(r, "wire_rx_frames");
		i = sent != before ? 0 : i;
	}
}

/* ---- order ---- */

static int refusal;

static void *
set_all_to_1(void *arg)
{
	refusal = set_all(arg, 1);
	return NULL;
}

/* The old queue's handler is held up, with frames behind it; the new queue gets those that follow,
 * and its worker has nothing else to do. */
static void
what_a_flow_s_old_queue_has_is_handled_first(void **state)
{
	pthread_t thread;
	struct rig r;

	begin(&r, "overrun=wait,infinite_rx=1,pace=50000");
	assert_int_equal(set_all(&r, 0), 0);
	atomic_store(&gate.is_closed, true);
	while (!atomic_load(&gate.is_waiting))
		usleep(100);
	await_sent_or_full(&r, NB_WAITING);
	assert_int_equal(pthread_create(&thread, NULL, set_all_to_1, &r), 0);
	while (entry_of(&r, 0) != 1)
		usleep(100);
	await_sent_or_full(&r, NB_WAITING);
	atomic_store(&gate.is_closed, false);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(refusal, 0);
	await_sent(&r, NB_WAITING);
	end(&r);
	assert_true(atomic_load(&seen.nb_of_queue[1]) > 0);
}

/* Some entries to other queues, and as often two queues change places. */
static void
change_at_random(const struct rig *r, uint64_t *dice)
{
	uint16_t a = (uint16_t)unit_random_below(dice, NB_QUEUES);
	uint16_t b = (uint16_t)unit_random_below(dice, NB_QUEUES);
	bool is_swap = unit_random_below(dice, 2) == 0;
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];

	memset(reta, 0, sizeof(reta));
	for (uint16_t i = 0; i < RETA_SIZE; i++) {
		uint16_t is = entry_of(r, i);

		if (is_swap && (is == a || is == b))
			set_entry(reta, i, is == a ? b : a);
		else if (!is_swap && unit_random_below(dice, 4) == 0)
			set_entry(reta, i, (uint16_t)unit_random_below(dice, NB_QUEUES));
	}
	assert_int_equal(rouse_worker_reta_update(r->port, reta, RETA_SIZE), 0);
	for (uint16_t i = 0; i < RETA_SIZE; i++)
		if ((reta[i / RTE_ETH_RETA_GROUP_SIZE].mask >> i % RTE_ETH_RETA_GROUP_SIZE & 1) !=
		    0)
			assert_int_equal(entry_of(r, i),
					 reta[i / RTE_ETH_RETA_GROUP_SIZE]
						 .reta[i % RTE_ETH_RETA_GROUP_SIZE]);
}

static void
play(const char *args, unsigned int nb)
{
	uint64_t dice = 5;
	struct rig r;

	begin(&r, args);
	for (unsigned int i = 0; i < nb; i++) {
		unit_deadline();
		change_at_random(&r, &dice);
	}
	await_sent(&r, NB_WAITING);
	printf("# %s: %u changes, %llu frames\n", args, nb,
	       (unsigned long long)atomic_load(&seen.nb));
	end(&r);
}

static void
flows_stay_in_order_while_the_table_changes(void **state)
{
	play("overrun=wait,infinite_rx=1,pace=max", UNIT_TIMES(100));
	play("overrun=wait,infinite_rx=1,pace=50000", UNIT_TIMES(100));
}

static void
so_they_do_where_queues_share_event_rings(void **state)
{
	play("overrun=wait,infinite_rx=1,pace=50000,rings=3", UNIT_TIMES(100));
}

/* ---- what is refused ---- */

static void
assert_refused(const struct rig *r, const struct rte_eth_rss_reta_entry64 *reta, uint16_t size,
	       int error, const char *words)
{
	uint16_t before[RETA_SIZE];

	for (uint16_t i = 0; i < RETA_SIZE; i++)
		before[i] = entry_of(r, i);
	rig_log_begin();
	assert_int_equal(rouse_worker_reta_update(r->port, reta, size), error);
	assert_int_equal(rig_log_end(words), 1);
	for (uint16_t i = 0; i < RETA_SIZE; i++)
		assert_int_equal(entry_of(r, i), before[i]);
}

static void
what_cannot_be_changed_changes_nothing(void **state)
{
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];
	struct rig r;

	begin(&r, "overrun=wait,infinite_rx=1,pace=20000");
	memset(reta, 0, sizeof(reta));
	set_entry(reta, 0, 1);
	set_entry(reta, 127, NB_QUEUES);
	assert_refused(&r, reta, RETA_SIZE, -EINVAL,
		       "entry 127 of the redirection table: queue 6 exceeds the maximum rxq index: "
		       "6");
	assert_refused(&r, reta, RTE_ETH_RSS_RETA_SIZE_64, -EINVAL,
		       "a redirection table of 64 entries: give one of 128");
	assert_refused(&r, NULL, RETA_SIZE, -EINVAL, "give one of 128");
	rig_log_begin();
	assert_int_equal(rouse_worker_reta_update(RTE_MAX_ETHPORTS - 1, reta, RETA_SIZE), -ENODEV);
	assert_true(rig_log_end("there is none that can be asked") >= 1);
	await_sent(&r, NB_WAITING);
	end(&r);
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
	snprintf(list, sizeof(list), "0@(%s),1@(%s),2@(%s),3@(%s)", cpus, cpus, cpus, cpus);
	return rig_init_lcores(program, list);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_flow_s_old_queue_has_is_handled_first),
		cmocka_unit_test(flows_stay_in_order_while_the_table_changes),
		cmocka_unit_test(so_they_do_where_queues_share_event_rings),
		cmocka_unit_test(what_cannot_be_changed_changes_nothing),
	};

	if (init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
