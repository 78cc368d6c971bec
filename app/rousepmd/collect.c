/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Gathering what a report says: from ethdev, the workers and the kernel. */

#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_string_fns.h>

#include "app.h"

#define KIND_NONE "unused" /* no worker has a queue of the port */

const char *
collect_kind_name(enum rouse_source_kind kind)
{
	switch (kind) {
	case ROUSE_SOURCE_HANDSHAKE:
		return "handshake";
	case ROUSE_SOURCE_INTERRUPT:
		return "interrupt";
	case ROUSE_SOURCE_TIMED:
		return "timed";
	case ROUSE_SOURCE_FD:
		return "fd";
	}
	return "?";
}

static void
collect_port(uint16_t port, struct port_report *r)
{
	struct rte_eth_dev_info info;

	memset(r, 0, sizeof(*r));
	r->port = port;
	r->kind = KIND_NONE;
	if (rte_eth_dev_get_name_by_port(port, r->name) != 0)
		r->name[0] = '\0';
	rte_eth_stats_get(port, &r->stats);
	r->has_wire = true;
#define X(member, xstat) r->has_wire &= ports_xstat(port, xstat, &r->wire.member);
	PORT_WIRE_STATS(X)
#undef X
	if (rte_eth_dev_info_get(port, &info) == 0)
		r->nb_queues =
			RTE_MIN(RTE_MAX(info.nb_rx_queues, info.nb_tx_queues), APP_MAX_QUEUES);
}

static struct port_report *
find_port(struct report *r, uint16_t port)
{
	for (uint32_t i = 0; i < r->nb_ports; i++)
		if (r->ports[i].port == port)
			return &r->ports[i];
	return NULL;
}

/* The node where the memory of `at` is; -1: the kernel does not say. */
static int
node_of(const void *at)
{
	void *page = (void *)((uintptr_t)at & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1));
	int node = -1;

	return move_pages(0, 1, &page, NULL, &node, 0) == 0 && node >= 0 ? node : -1;
}

/* A queue may have been with several workers, each of which counts what it took from it. What they
 * learn of its packets by is said by who has it now; of a port, by a queue that is signalled. */
static void
collect_sources(const struct rouse_worker *w, struct report *all)
{
	struct rouse_worker_source_stats s;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++) {
		struct port_report *rx = s.type == ROUSE_SOURCE_TYPE_RXQ ? find_port(all, s.port)
									 : NULL;

		if (rx == NULL)
			continue;
		rx->q_ipackets[s.queue] += s.packets;
		if (s.state == ROUSE_SOURCE_REMOVED)
			continue;
		if (s.kind != ROUSE_SOURCE_TIMED || strcmp(rx->kind, KIND_NONE) == 0)
			rx->kind = collect_kind_name(s.kind);
		rx->is_handshake |= s.kind == ROUSE_SOURCE_HANDSHAKE;
	}
}

static void
collect_worker(const struct crew_member *m, struct report *all, struct worker_report *r)
{
	const struct rouse_histogram *wake_ns = rouse_worker_wake_ns(m->worker);
	double hz = (double)rte_get_tsc_hz();

	memset(r, 0, sizeof(*r));
	r->lcore = m->lcore;
	r->numa_node = node_of(m->worker);
	rouse_worker_stats_get(m->worker, &r->stats);
	for (uint32_t i = 0; i < m->nb_streams; i++) {
		const struct fwd_stream *s = &m->streams[i];
		uint64_t sent = rouse_counter_get(&s->tx_packets);
		uint64_t dropped = rouse_counter_get(&s->tx_dropped);
		struct port_report *tx = find_port(all, s->tx_port);

		r->tx_packets += sent;
		r->tx_dropped += dropped;
		if (tx != NULL) {
			tx->q_opackets[s->tx_queue] += sent;
			tx->tx_dropped += dropped;
		}
	}
	collect_sources(m->worker, all);
	r->wall_s = (double)r->stats.wall_tsc / hz;
	r->cpu_s = (double)r->stats.cpu_ns / 1e9;
	if (r->stats.wall_tsc != 0) {
		r->busy_pct = 100.0 * (double)r->stats.busy_tsc / (double)r->stats.wall_tsc;
		r->asleep_pct = 100.0 * (double)r->stats.asleep_tsc / (double)r->stats.wall_tsc;
	}
	if (r->stats.rx_packets != 0)
		r->cycles_per_packet = (double)r->stats.busy_tsc / (double)r->stats.rx_packets;
	r->wake_count = rouse_histogram_count(wake_ns);
	r->wake_ns_p50 = rouse_histogram_percentile(wake_ns, 0.5);
	r->wake_ns_p99 = rouse_histogram_percentile(wake_ns, 0.99);
	r->wake_ns_p999 = rouse_histogram_percentile(wake_ns, 0.999);
	r->wake_ns_p9999 = rouse_histogram_percentile(wake_ns, 0.9999);
	r->wake_ns_max = rouse_histogram_percentile(wake_ns, 1.0);
	rouse_worker_spin_get(m->worker, &r->spin);
	r->has_perf = perf_read(&m->perf, r->perf);
}

static void
collect_process(struct report *r)
{
	struct rusage usage;
	char line[128];
	FILE *status;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		r->process_cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
				   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	status = fopen("/proc/self/status", "r");
	if (status == NULL)
		return;
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			r->rss_kb = strtoull(line + 6, NULL, 10);
		else if (strncmp(line, "HugetlbPages:", 13) == 0)
			r->hugetlb_kb = strtoull(line + 13, NULL, 10);
	}
	fclose(status);
}

const struct port_report *
collect_find(const struct report *r, uint16_t port)
{
	for (uint32_t i = 0; i < r->nb_ports; i++)
		if (r->ports[i].port == port)
			return &r->ports[i];
	return NULL;
}

void
collect(const struct crew *crew, struct report *r)
{
	uint16_t port;

	memset(r, 0, sizeof(*r));
	RTE_ETH_FOREACH_DEV (port)
		collect_port(port, &r->ports[r->nb_ports++]);
	for (uint32_t i = 0; i < crew->nb; i++)
		collect_worker(&crew->members[i], r, &r->workers[r->nb_workers++]);
	collect_process(r);
}
