/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * 65 devices of two workers, in each of the three modes in which bits are given: a port whose 64
 * queues have a bit each, and the workers' own messages. A uniform layout refuses the 65th; with
 * shared bits its packets are looked for in two detail words; where each worker has a layout of its
 * own every bit is one detail word. Every frame is received, whatever the mode.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#include "numbered.h"

#define NB_QUEUES  64
#define NB_WORKERS 2
#define NB_FRAMES  4096

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

static struct rig r;
static struct rouse_worker *workers[NB_WORKERS];
static atomic_uint nb_seen;

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++)
		assert_true(numbered_read(pkts[i]) < NB_FRAMES);
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&nb_seen, nb_pkts);
}

static void *
run(void *arg)
{
	rte_thread_register();
	rouse_worker_run(arg);
	rte_thread_unregister();
	return NULL;
}

/* Half of the frames are for the last queue, and none for a queue that nobody has. */
static void
set_reta(uint16_t nb_queues)
{
	uint16_t queues[RTE_ETH_RSS_RETA_SIZE_128];

	for (uint16_t i = 0; i < UNIT_DIM(queues); i++)
		queues[i] = i % 2 == 0 ? nb_queues - 1 : i % nb_queues;
	numbered_set_reta(&r, queues, UNIT_DIM(queues));
}

static void
make_workers(enum rouse_attn_mode mode)
{
	static const char *const names[NB_WORKERS] = { "one", "other" };
	const struct rouse_worker_attention attention = { .mode = mode, .bit_per_queue = true };

	assert_int_equal(rouse_worker_attention_set(&attention), 0);
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		const struct rouse_worker_conf worker_conf = {
			.name = names[i],
			.socket_id = SOCKET_ID_ANY,
			.mode = ROUSE_WORKER_INTERRUPT, /* it never polls: bits name all that it
							   visits */
		};

		workers[i] = rouse_worker_create(&worker_conf);
		assert_non_null(workers[i]);
	}
	assert_int_equal(rouse_worker_attention_set(&attention), -EBUSY);
}

/* How many of the port's queues two workers can have, in turn. */
static uint16_t
add_queues(void)
{
	uint16_t q = 0;

	while (q < NB_QUEUES &&
	       rouse_worker_ethdev_add(workers[q % NB_WORKERS], r.port, q, receive, NULL) == 0)
		q++;
	if (q < NB_QUEUES)
		assert_int_equal(rouse_worker_ethdev_add(workers[(q + 1) % NB_WORKERS], r.port, q,
							 receive, NULL),
				 -ENOSPC);
	return q;
}

static void
receive_all(void)
{
	pthread_t threads[NB_WORKERS];

	atomic_store(&nb_seen, 0);
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, workers[i]), 0);
	while (atomic_load(&nb_seen) < NB_FRAMES)
		;
	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		rouse_worker_stop(workers[i]);
		pthread_join(threads[i], NULL);
	}
}

struct seen {
	/* visits that a bit led to: of all, of the last queue, and to messages */
	uint64_t visits, last_queue, messages;
	uint64_t details, wakes, wake_details;
};

/* All but the full round at the begin. */
static void
add_visits(const struct rouse_worker *w, struct seen *seen)
{
	struct rouse_worker_source_stats s;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++) {
		uint64_t visits = s.polls - 1;

		if (s.type == ROUSE_SOURCE_TYPE_INBOX)
			seen->messages += visits;
		else if (s.type != ROUSE_SOURCE_TYPE_RXQ)
			continue;
		else if (s.queue == NB_QUEUES - 1)
			seen->last_queue += visits;
		seen->visits += visits;
	}
}

static struct seen
look_at_workers(enum rouse_attn_mode mode)
{
	struct seen all = { 0 };

	for (unsigned int i = 0; i < NB_WORKERS; i++) {
		struct rouse_worker_stats stats;

		rouse_worker_stats_get(workers[i], &stats);
		assert_int_equal(stats.rescues, 0);
		assert_int_equal(stats.stale_bits, 0);
		assert_true(stats.wakes > 0);
		add_visits(workers[i], &all);
		all.details += stats.detail_words;
		all.wakes += stats.wakes;
		all.wake_details += stats.wake_details;
	}
	printf("# %s: %" PRIu64 " visits by bits, %" PRIu64 " detail words; %" PRIu64
	       " wakes, %.3f detail words a wake\n",
	       rouse_attn_mode_name(mode), all.visits, all.details, all.wakes,
	       (double)all.wake_details / (double)all.wakes);
	return all;
}

static struct seen
play(enum rouse_attn_mode mode, uint16_t nb_queues)
{
	struct seen seen;

	rig_begin(&r);
	numbered_add(&r, NB_FRAMES);
	rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=20000",
					  .nb_rxq = NB_QUEUES,
					  .nb_desc = 64,
					  .nb_mbufs = 8192,
					  .conf = conf });
	set_reta(nb_queues);
	rig_start(&r);
	make_workers(mode);
	assert_int_equal(add_queues(), nb_queues);
	receive_all();
	seen = look_at_workers(mode);
	for (unsigned int i = 0; i < NB_WORKERS; i++)
		rouse_worker_destroy(workers[i]);
	rig_stop(&r);
	rig_close(&r);
	return seen;
}

/* A detail word for each visit, but for those whose bits were taken with the signal before: the
 * next one's device bit comes when they are gone. */
static void
assert_one_word_a_bit(const struct seen *seen)
{
	assert_in_range(seen->details, seen->visits, seen->visits * 3 / 2);
}

static void
per_processor_every_bit_is_one_detail_word(void **state)
{
	const struct seen seen = play(ROUSE_ATTN_PER_PROCESSOR, NB_QUEUES);

	assert_one_word_a_bit(&seen);
}

static void
shared_bits_are_more_than_one(void **state)
{
	const struct seen seen = play(ROUSE_ATTN_SHARED, NB_QUEUES);

	/* the last queue's bit is that of the messages, too: each visit to it is two detail words,
	 * but for those that came with a message */
	assert_true(seen.last_queue > seen.messages);
	assert_true(seen.details >= seen.visits + seen.last_queue - seen.messages);
}

static void
uniform_refuses_the_65th(void **state)
{
	const struct seen seen = play(ROUSE_ATTN_UNIFORM, NB_QUEUES - 1);

	assert_one_word_a_bit(&seen);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(per_processor_every_bit_is_one_detail_word),
		cmocka_unit_test(shared_bits_are_more_than_one),
		cmocka_unit_test(uniform_refuses_the_65th),
	};

	if (rig_init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
