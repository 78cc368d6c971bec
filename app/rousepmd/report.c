/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The report for people: a line a period, and tables at the end. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app.h"

static void
add_port(struct rte_eth_stats *sum, const struct port_report *p)
{
	sum->ipackets += p->stats.ipackets;
	sum->opackets += p->stats.opackets;
	sum->imissed += p->stats.imissed;
	sum->oerrors += p->stats.oerrors;
}

/* Over all ports. */
static struct rte_eth_stats
sum_ports(const struct report *r)
{
	struct rte_eth_stats sum = { 0 };

	for (uint32_t i = 0; i < r->nb_ports; i++)
		add_port(&sum, &r->ports[i]);
	return sum;
}

/* What those had counted before that there are now: one may have been closed meanwhile. */
static struct rte_eth_stats
sum_before(const struct report *now, const struct report *before)
{
	struct rte_eth_stats sum = { 0 };

	for (uint32_t i = 0; i < now->nb_ports; i++) {
		const struct port_report *p = collect_find(before, now->ports[i].port);

		if (p != NULL)
			add_port(&sum, p);
	}
	return sum;
}

/* Of a period; counters that were cleared in it have counted since then. */
static double
rate(uint64_t now, uint64_t before, double seconds)
{
	return (double)(now >= before ? now - before : now) / seconds;
}

void
report_line(const struct report *now, const struct report *before, double seconds)
{
	struct rte_eth_stats sum = sum_ports(now), last = sum_before(now, before);
	uint64_t tsc = 0, asleep = 0, wakes = 0, rescues = 0;
	double cpu = 0;

	for (uint32_t i = 0; i < now->nb_workers; i++) {
		const struct worker_report *n = &now->workers[i], *b = &before->workers[i];

		tsc += n->stats.wall_tsc - b->stats.wall_tsc;
		asleep += n->stats.asleep_tsc - b->stats.asleep_tsc;
		wakes += n->stats.wakes - b->stats.wakes;
		rescues += n->stats.rescues;
		cpu += n->cpu_s - b->cpu_s;
	}
	printf("rx %10.0f pps  tx %10.0f pps  missed %" PRIu64 "  wakes/s %8.0f  "
	       "asleep %5.1f %%  workers' cpu %5.1f %%  rescues %" PRIu64 "\n",
	       rate(sum.ipackets, last.ipackets, seconds),
	       rate(sum.opackets, last.opackets, seconds), sum.imissed, (double)wakes / seconds,
	       tsc != 0 ? 100.0 * (double)asleep / (double)tsc : 0.0, 100.0 * cpu / seconds,
	       rescues);
	fflush(stdout);
}

/* What a handshake port's own driver says of its event rings and vectors. */
static void
print_scheme(const struct port_report *p, FILE *out)
{
	if (p->is_handshake)
		rte_eth_dev_priv_dump(p->port, out);
}

static void
print_port(const struct port_report *p, FILE *out)
{
	fprintf(out, "\nPort %u: %s (%s)\n", p->port, p->name, p->kind);
	fprintf(out,
		"  RX-packets: %-12" PRIu64 " RX-bytes: %-14" PRIu64 " RX-missed: %" PRIu64 "\n",
		p->stats.ipackets, p->stats.ibytes, p->stats.imissed);
	fprintf(out,
		"  TX-packets: %-12" PRIu64 " TX-bytes: %-14" PRIu64 " TX-errors: %" PRIu64 "\n",
		p->stats.opackets, p->stats.obytes, p->stats.oerrors);
	for (uint16_t q = 0; q < p->nb_queues; q++)
		fprintf(out, "  queue %2u: RX-packets: %-12" PRIu64 " TX-packets: %" PRIu64 "\n", q,
			p->q_ipackets[q], p->q_opackets[q]);
	print_scheme(p, out);
}

static double
per_second(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

static void
print_perf_count(const char *name, const struct perf_count *c, const struct rouse_worker_stats *s,
		 FILE *out)
{
	fprintf(out, "  perf:    %s: ", name);
	if (c->error != 0) {
		fprintf(out, "%s\n", perf_strerror(c->error));
		return;
	}
	fprintf(out, "%" PRIu64, c->value);
	if (s->rx_packets != 0)
		fprintf(out, ", %.2f a packet", (double)c->value / (double)s->rx_packets);
	if (s->wakes != 0)
		fprintf(out, ", %.2f a wake", (double)c->value / (double)s->wakes);
	fprintf(out, "\n");
}

static void
print_perf(const struct worker_report *w, FILE *out)
{
#define X(member, text, type, config)                                                              \
	print_perf_count(text, &w->perf[PERF_##member], &w->stats, out);
	PERF_EVENTS(X)
#undef X
}

static void
print_worker(const struct worker_report *w, FILE *out)
{
	const struct rouse_worker_stats *s = &w->stats;

	fprintf(out, "\nWorker on lcore %u (memory on NUMA node %d)\n", w->lcore, w->numa_node);
	fprintf(out,
		"  packets: RX %" PRIu64 ", TX %" PRIu64 ", TX dropped %" PRIu64
		"; %.0f packets/s, %.0f cycles/packet\n",
		s->rx_packets, w->tx_packets, w->tx_dropped, per_second(s->rx_packets, w->wall_s),
		w->cycles_per_packet);
	fprintf(out,
		"  time:    %.2f s; busy %.2f %%, asleep %.2f %%; thread's processor time %.3f s "
		"(%.2f %%)\n",
		w->wall_s, w->busy_pct, w->asleep_pct, w->cpu_s,
		w->wall_s > 0 ? 100 * w->cpu_s / w->wall_s : 0);
	fprintf(out,
		"  wakes:   %" PRIu64 ", spurious %" PRIu64 ", by timer %" PRIu64
		"; recheck hits %" PRIu64 ", rescues %" PRIu64 ", starved %" PRIu64 "\n",
		s->wakes, s->spurious_wakes, s->timer_wakes, s->recheck_hits, s->rescues,
		s->starved);
	fprintf(out,
		"  event to wake (%" PRIu64 " measured): p50 %.1f us, p99 %.1f us, p99.9 %.1f us, "
		"p99.99 %.1f us, max %.1f us\n",
		w->wake_count, (double)w->wake_ns_p50 / 1e3, (double)w->wake_ns_p99 / 1e3,
		(double)w->wake_ns_p999 / 1e3, (double)w->wake_ns_p9999 / 1e3,
		(double)w->wake_ns_max / 1e3);
	fprintf(out,
		"  spin before a sleep: %.1f us, before one that will be long %.1f us; break-even ",
		(double)w->spin.spin_ns / 1e3, (double)w->spin.brief_ns / 1e3);
	if (w->spin.break_even_ns == 0)
		fprintf(out, "not measured\n");
	else
		fprintf(out, "%.1f us\n", (double)w->spin.break_even_ns / 1e3);
	if (w->has_perf)
		print_perf(w, out);
}

/* Frames that a port took and could not send: after a complaint. */
bool
report_has_errors(const struct report *r)
{
	struct rte_eth_stats sum = sum_ports(r);

	if (sum.oerrors != 0)
		COMPLAIN("%" PRIu64 " frames were taken and could not be sent, see TX-errors",
			 sum.oerrors);
	return sum.oerrors != 0;
}

int
report_print(const struct report *r, FILE *out)
{
	for (uint32_t i = 0; i < r->nb_ports; i++)
		print_port(&r->ports[i], out);
	for (uint32_t i = 0; i < r->nb_workers; i++)
		print_worker(&r->workers[i], out);
	fprintf(out, "\nProcess: processor time %.3f s, resident %.1f MB, hugepages %.1f MB\n",
		r->process_cpu_s, (double)r->rss_kb / 1024, (double)r->hugetlb_kb / 1024);
	if (fflush(out) == 0 && ferror(out) == 0)
		return 0;
	COMPLAIN("the report cannot be written to the standard output: %s", strerror(errno));
	return -EIO;
}
