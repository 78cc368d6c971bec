/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What the live view shows of a period: a text of lines, for any terminal or none. */

#include <inttypes.h>
#include <string.h>

#include "app.h"

#define BAR_WIDTH 8
#define NAME_SIZE 8 /* of a number for people */

/* At most five characters: 9999, 12.3k, 456k, 7.89M. */
static const char *
for_people(double n, char name[NAME_SIZE])
{
	static const char units[] = " kMGTPE";
	unsigned int unit = 0;

	if (n < 9999.5) {
		snprintf(name, NAME_SIZE, "%.0f", n);
		return name;
	}
	while (n >= 999.5 && unit + 2 < sizeof(units)) {
		n /= 1000;
		unit++;
	}
	snprintf(name, NAME_SIZE, "%.*f%c", n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, units[unit]);
	return name;
}

/* At most six characters: 9999.9, and then as above. */
static const char *
us_for_people(uint64_t ns, char name[NAME_SIZE])
{
	if (ns >= 9999950)
		return for_people((double)ns / 1e3, name);
	snprintf(name, NAME_SIZE, "%.1f", (double)ns / 1e3);
	return name;
}

/* Full of '#', as far as a part of 1 goes. */
static const char *
bar(double part, char text[BAR_WIDTH + 1])
{
	unsigned int nb = (unsigned int)(part * BAR_WIDTH + 0.5);

	memset(text, '.', BAR_WIDTH);
	memset(text, '#', nb);
	text[BAR_WIDTH] = '\0';
	return text;
}

static double
ratio(uint64_t n, uint64_t of)
{
	return of != 0 ? (double)n / (double)of : 0;
}

/* Of the time of a period, whose end is not read in the same moment. */
static double
share(uint64_t tsc, const struct rouse_worker_stats *s)
{
	return RTE_MIN(ratio(tsc, s->wall_tsc), 1.0);
}

/* The state of the park protocol in which it spent most of the period. */
static const char *
most_in(const struct rouse_worker_stats *s)
{
	if (share(s->asleep_tsc, s) > 0.5)
		return "PARK";
	return s->poll_rounds > s->attend_rounds ? "POLL" : "ATTEND";
}

static void
put_worker(FILE *out, const struct top_worker *w, double seconds)
{
	const struct rouse_worker_stats *s = &w->stats;
	char pps[NAME_SIZE], cycles[NAME_SIZE], wakes[NAME_SIZE], spurious[NAME_SIZE],
		p50[NAME_SIZE], p99[NAME_SIZE], text[BAR_WIDTH + 1];
	double busy = share(s->busy_tsc, s);

	fprintf(out, "%5u %-6s %s %6s %7s %4.0f %4.0f %5.0f %7s %4s %6s %6s\n", w->lcore,
		most_in(s), bar(busy, text), for_people((double)s->rx_packets / seconds, pps),
		s->rx_packets != 0 ? for_people(ratio(s->busy_tsc, s->rx_packets), cycles) : "-",
		100 * busy, 100 * share(s->spin_tsc, s), 100 * share(s->asleep_tsc, s),
		for_people((double)s->wakes / seconds, wakes),
		for_people((double)s->spurious_wakes / seconds, spurious),
		us_for_people(w->p50_ns, p50), us_for_people(w->p99_ns, p99));
}

static void
put_queues(FILE *out, const struct port_report *now, const struct port_report *before,
	   double seconds)
{
	char pps[NAME_SIZE];

	fprintf(out, "     rxq pps:");
	for (uint16_t q = 0; q < now->nb_queues; q++)
		fprintf(out, " %s",
			for_people((double)(now->q_ipackets[q] - before->q_ipackets[q]) / seconds,
				   pps));
	fprintf(out, "\n");
}

/* Packets that the port was given to send and did not. */
static uint64_t
unsent(const struct port_report *p)
{
	return p->tx_dropped + p->stats.oerrors;
}

static void
put_port(FILE *out, const struct port_report *now, const struct port_report *before, double seconds)
{
	const struct rte_eth_stats *n = &now->stats, *b = &before->stats;
	char rx[NAME_SIZE], tx[NAME_SIZE], missed[NAME_SIZE], dropped[NAME_SIZE], lost[NAME_SIZE];

	fprintf(out, "%5u %-14.14s %6u  %-10s %6s %6s %8s %8s %8s\n", now->port, now->name,
		now->nb_queues, now->kind,
		for_people((double)(n->ipackets - b->ipackets) / seconds, rx),
		for_people((double)(n->opackets - b->opackets) / seconds, tx),
		for_people((double)(n->imissed - b->imissed) / seconds, missed),
		for_people((double)(unsent(now) - unsent(before)) / seconds, dropped),
		for_people((double)(n->imissed + unsent(now)), lost));
	if (now->nb_queues > 1)
		put_queues(out, now, before, seconds);
}

void
top_put(FILE *out, const struct top_period *p)
{
	uint64_t rescues = 0;

	for (uint32_t i = 0; i < p->now->nb_workers; i++)
		rescues += p->now->workers[i].stats.rescues;
	fprintf(out, "rousepmd: %.0f s, processor time %.1f %%, rescues %" PRIu64 "; q leaves\n\n",
		p->up_s, 100 * (p->now->process_cpu_s - p->before->process_cpu_s) / p->seconds,
		rescues);
	fprintf(out, "%5s %-6s %-8s %6s %7s %4s %4s %5s %7s %4s %6s %6s\n", "lcore", "state",
		"load", "pps", "cyc/pkt", "busy", "spin", "sleep", "wakes/s", "spur", "p50 us",
		"p99 us");
	for (uint32_t i = 0; i < p->now->nb_workers; i++)
		put_worker(out, &p->workers[i], p->seconds);
	fprintf(out, "\n%5s %-14s %6s  %-10s %6s %6s %8s %8s %8s\n", "port", "name", "queues",
		"woken by", "rx pps", "tx pps", "missed/s", "txdrop/s", "lost");
	for (uint32_t i = 0; i < p->now->nb_ports; i++) {
		const struct port_report *now = &p->now->ports[i],
					 *before = collect_find(p->before, now->port);

		put_port(out, now, before != NULL ? before : now, p->seconds);
	}
}
