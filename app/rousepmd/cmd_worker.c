/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands about workers, which testpmd has not. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_launch.h>

#include <rouse_worker_signal.h>

#include "prompt.h"

#define BAR_WIDTH 40
#define NB_POWERS 64

static void
for_each(struct control *c, uint32_t lcore, void (*show)(const struct crew_member *m))
{
	for (uint32_t i = 0; i < c->crew->nb; i++)
		if (lcore == COMMAND_ALL || lcore == c->crew->members[i].lcore)
			show(&c->crew->members[i]);
}

/* ---- showing ---- */

static void
show_worker(const struct crew_member *m)
{
	struct rouse_worker_source_stats q;
	struct rouse_worker_stats s;

	rouse_worker_stats_get(m->worker, &s);
	printf("Worker on lcore %u: %s%s\n", m->lcore,
	       rouse_worker_is_online(m->worker) ? "online" : "offline",
	       rte_eal_get_lcore_state(m->lcore) == RUNNING ? "" : ", does not run");
	printf("  RX-packets: %" PRIu64 "  wakes: %" PRIu64 "  spurious: %" PRIu64
	       "  recheck hits: %" PRIu64 "  rescues: %" PRIu64 "\n",
	       s.rx_packets, s.wakes, s.spurious_wakes, s.recheck_hits, s.rescues);
	if (s.wall_tsc != 0)
		printf("  busy %.2f %%, asleep %.2f %%\n",
		       100.0 * (double)s.busy_tsc / (double)s.wall_tsc,
		       100.0 * (double)s.asleep_tsc / (double)s.wall_tsc);
	for (unsigned int i = 0; rouse_worker_source_stats_get(m->worker, i, &q); i++)
		if (q.type == ROUSE_SOURCE_TYPE_RXQ && q.state != ROUSE_SOURCE_REMOVED)
			printf("  port %u queue %u (%s%s): RX-packets: %" PRIu64 "  wakes: %" PRIu64
			       "\n",
			       q.port, q.queue, collect_kind_name(q.kind),
			       q.state == ROUSE_SOURCE_PAUSED ? ", paused" : "", q.packets,
			       q.wakes);
}

void
cmd_show_worker(struct control *c, const struct command_line *line)
{
	for_each(c, line->words[2].n, show_worker);
}

static void
show_bar(uint64_t below_ns, uint64_t n, uint64_t most)
{
	int width = (int)((double)n / (double)most * BAR_WIDTH + 0.5);

	printf("  below %12.1f us %10" PRIu64 " %.*s\n", (double)below_ns / 1e3, n, width,
	       "########################################");
}

static void
show_wake(const struct crew_member *m)
{
	const struct rouse_histogram *h = rouse_worker_wake_ns(m->worker);
	uint64_t powers[NB_POWERS] = { 0 }, most = 1;

	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++) {
		uint64_t max = rouse_histogram_bucket_max(i);
		uint64_t *n = &powers[max == 0 ? 0 : 63 - __builtin_clzll(max)];

		*n += rouse_counter_get(&h->buckets[i]);
		most = RTE_MAX(most, *n);
	}
	printf("Worker on lcore %u: %" PRIu64
	       " wakes measured, p50 %.1f us, p99 %.1f us, max %.1f us\n",
	       m->lcore, rouse_histogram_count(h), (double)rouse_histogram_percentile(h, 0.5) / 1e3,
	       (double)rouse_histogram_percentile(h, 0.99) / 1e3,
	       (double)rouse_histogram_percentile(h, 1.0) / 1e3);
	for (unsigned int i = 0; i < NB_POWERS; i++)
		if (powers[i] != 0)
			show_bar(i < NB_POWERS - 1 ? UINT64_C(2) << i : UINT64_MAX, powers[i],
				 most);
}

void
cmd_show_wake(struct control *c, const struct command_line *line)
{
	for_each(c, line->words[2].n, show_wake);
}

static void
show_attn(const struct crew_member *m)
{
	static const char *const states[] = {
		[ROUSE_ATTN_POLL] = "POLL",
		[ROUSE_ATTN_ATTEND] = "ATTEND",
		[ROUSE_ATTN_PARK] = "PARK",
	};
	struct rouse_worker_attention_state a;
	struct rouse_worker_attention_bit b;

	rouse_worker_attention_get(m->worker, &a);
	printf("Worker on lcore %u: %s, word 0x%016" PRIx64
	       ", doorbell fd %d; bits used %u, reserved %u, free %u\n",
	       m->lcore, states[a.state], a.word, a.doorbell, a.nb_used, a.nb_reserved, a.nb_free);
	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS; bit++)
		if (rouse_worker_attention_bit_get(m->worker, bit, &b) > 0)
			printf("  bit %2u: %s; detail 0x%016" PRIx64 "\n", bit, b.name, b.detail);
}

void
cmd_show_attn(struct control *c, const struct command_line *line)
{
	for_each(c, line->words[2].n, show_attn);
}

void
cmd_show_vector(struct control *c, const struct command_line *line)
{
	struct vector_row rows[APP_MAX_QUEUES];
	uint32_t nb = vectors_collect(c->crew, (uint16_t)line->words[2].n, rows);

	for (uint32_t i = 0; i < nb; i++) {
		if (rows[i].vector >= 0)
			printf("vector %d", rows[i].vector);
		else
			printf("vector unknown");
		printf(" <- RX of queue %u (%s) -> lcore %u, fd %d; wakes %" PRIu64 "\n",
		       rows[i].queue, collect_kind_name(rows[i].kind), rows[i].lcore, rows[i].fd,
		       rows[i].wakes);
	}
}

void
cmd_show_map(struct control *c __rte_unused, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[2].n;

	if (rte_eth_dev_priv_dump(port, stdout) != 0)
		REFUSE("port %u: its driver has no map to show", port);
}

/* ---- changing ---- */

void
cmd_set_rxmode(struct control *c, const struct command_line *line)
{
	const char *word = line->words[2].word;
	enum rouse_worker_mode mode = strcmp(word, "poll") == 0	  ? ROUSE_WORKER_POLL
				      : strcmp(word, "intr") == 0 ? ROUSE_WORKER_INTERRUPT
								  : ROUSE_WORKER_HYBRID;

	log_mark();
	for (uint32_t i = 0; i < c->crew->nb; i++) {
		if (rouse_worker_mode_set(c->crew->members[i].worker, mode) != 0) {
			log_complain("the mode cannot be set");
			return;
		}
	}
	c->options->rx_mode = mode;
}

void
cmd_set_policy(struct control *c, const struct command_line *line)
{
	const struct rouse_worker_spin spin = {
		.min_us = line->words[2].n,
		.max_us = line->words[3].n,
		.weight_pct = line->words[4].n,
	};

	log_mark();
	for (uint32_t i = 0; i < c->crew->nb; i++) {
		if (rouse_worker_spin_set(c->crew->members[i].worker, &spin) != 0) {
			log_complain("the policy cannot be set");
			return;
		}
	}
	c->options->spin = spin;
}

/* Of "port P rxq Q ..."; NULL after a complaint. */
static struct crew_member *
owner_named(struct control *c, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[1].n;
	uint32_t queue = line->words[3].n;
	struct crew_member *owner =
		queue < APP_MAX_QUEUES ? crew_owner(c->crew, port, (uint16_t)queue) : NULL;

	if (owner == NULL)
		REFUSE("\"%s\": expected the number of a queue of port %u that a worker has",
		       line->words[3].word, port);
	return owner;
}

/* In mode poll it changes nothing before another mode is set. */
void
cmd_signal(struct control *c, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[1].n, queue = (uint16_t)line->words[3].n;
	bool on = strcmp(line->words[5].word, "enable") == 0;
	struct crew_member *owner = owner_named(c, line);
	int ret;

	if (owner == NULL)
		return;
	log_mark();
	ret = rouse_worker_ethdev_signal_set(owner->worker, port, queue, on);
	if (ret == 0)
		crew_stream(c->crew, port, queue)->is_unsignalled = !on;
	else
		log_complain("port %u queue %u: its interrupt cannot be %sd: %s", port, queue,
			     line->words[5].word, strerror(-ret));
}

void
cmd_move(struct control *c, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[1].n, queue = (uint16_t)line->words[3].n;
	struct crew_member *from = owner_named(c, line);
	struct crew_member *to = crew_member(c->crew, line->words[5].n);
	int ret;

	if (from == NULL || from == to)
		return;
	log_mark();
	ret = rouse_worker_ethdev_move(from->worker, to->worker, port, queue);
	if (ret != 0)
		log_complain("port %u queue %u: cannot move to lcore %u: %s", port, queue,
			     to->lcore, strerror(-ret));
}

/* The default worker looks after those that are offline; another one can, too. */
static void
choose_another_default(struct control *c, const struct crew_member *m)
{
	for (uint32_t i = 0; i < c->crew->nb && rouse_worker_default() == m->worker; i++) {
		struct rouse_worker *other = c->crew->members[i].worker;

		if (other != m->worker && rouse_worker_is_online(other))
			rouse_worker_default_set(other);
	}
}

static int
take_offline(struct control *c, const struct crew_member *m)
{
	bool was_default = rouse_worker_default() == m->worker;
	int ret;

	choose_another_default(c, m);
	ret = rouse_worker_offline(m->worker);
	if (ret == 0)
		rte_eal_wait_lcore(m->lcore);
	else if (was_default)
		rouse_worker_default_set(m->worker);
	return ret;
}

static int
bring_online(struct control *c, struct crew_member *m)
{
	int ret = rouse_worker_online(m->worker);

	if (ret == 0 && c->is_forwarding)
		ret = crew_launch(m, c->options);
	return ret;
}

void
cmd_worker(struct control *c, const struct command_line *line)
{
	struct crew_member *m = crew_member(c->crew, line->words[2].n);
	bool is_online = strcmp(line->words[1].word, "online") == 0;
	int ret;

	log_mark();
	ret = is_online ? bring_online(c, m) : take_offline(c, m);
	if (ret != 0)
		log_complain("worker on lcore %u: cannot be %s: %s", m->lcore, line->words[1].word,
			     strerror(-ret));
}

void
cmd_rebalance(struct control *c __rte_unused, const struct command_line *line __rte_unused)
{
	int ret;

	log_mark();
	ret = rouse_worker_rebalance();
	if (ret < 0)
		log_complain("queues cannot be moved: %s", strerror(-ret));
	else
		printf("%d queues moved\n", ret);
}
