/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands that start and stop forwarding, and say how it goes; testpmd's wording. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "prompt.h"

#define BORDER	   "----------------------"
#define ALL_BORDER "+++++++++++++++"

static bool
are_all_started(void)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (!ports_is_started(port))
			return false;
	return true;
}

static void
remember_zero(struct control *c)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		rte_eth_stats_get(port, &c->zero[port]);
}

/* 0, -errno after a complaint */
int
forwarding_start(struct control *c)
{
	int ret;

	if (c->is_forwarding)
		return 0;
	ret = crew_check(c->options);
	if (ret == 0 && c->crew->fwd != c->options->fwd)
		ret = crew_set_fwd(c->crew, c->options->fwd);
	if (ret != 0)
		return ret;
	crew_wire(c->crew, c->options);
	if (c->options->flush_rx)
		ports_flush(c->options);
	remember_zero(c);
	c->is_forwarding = true;
	return crew_start(c->crew, c->options);
}

void
forwarding_stop(struct control *c)
{
	crew_stop(c->crew);
	c->is_forwarding = false;
}

void
cmd_start(struct control *c, const struct command_line *line __rte_unused)
{
	if (!are_all_started())
		REFUSE("Not all ports were started");
	else if (c->is_forwarding)
		REFUSE("Packet forwarding already started");
	else
		forwarding_start(c);
}

void
cmd_stop(struct control *c, const struct command_line *line)
{
	if (!c->is_forwarding) {
		REFUSE("Packet forwarding not started");
		return;
	}
	printf("Telling cores to stop...\nWaiting for lcores to finish...\n");
	forwarding_stop(c);
	verbose_print(); /* what was noted, before it is said that all is done */
	cmd_show_fwd(c, line);
	printf("\nDone.\n");
}

/* The main lcore draws it from here on. */
void
cmd_top(struct control *c, const struct command_line *line __rte_unused)
{
	c->has_view = prompt_is_open() && top_open(c->crew);
	if (!c->has_view)
		REFUSE("top: expected a prompt at a terminal; --stats-period has lines");
}

void
cmd_quit(struct control *c, const struct command_line *line __rte_unused)
{
	c->is_over = true;
}

void
cmd_set_fwd(struct control *c, const struct command_line *line)
{
	c->options->fwd = fwd_find(line->words[2].word);
	printf("Set %s packet forwarding mode\n", c->options->fwd->name);
}

void
cmd_set_flush(struct control *c, const struct command_line *line)
{
	c->options->flush_rx = strcmp(line->words[2].word, "on") == 0;
}

void
cmd_set_verbose(struct control *c __rte_unused, const struct command_line *line)
{
	unsigned int before = verbose_level(), level = line->words[2].n;
	int ret = level > UINT16_MAX ? -ERANGE : verbose_set(level);

	if (ret != 0)
		log_complain("\"%s\": cannot be told: %s", line->words[2].word, strerror(-ret));
	else
		printf("Change verbose level from %u to %u\n", before, level);
}

/* ---- what was forwarded ---- */

/* Packets that were received for the port and did not fit into its Tx queues. */
static uint64_t
tx_dropped(const struct crew *crew, uint16_t port)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < crew->nb; i++)
		for (uint32_t k = 0; k < crew->members[i].nb_streams; k++)
			if (crew->members[i].streams[k].tx_port == port)
				sum += rouse_counter_get(&crew->members[i].streams[k].tx_dropped);
	return sum;
}

static void
show_sums(const struct rte_eth_stats *s, uint64_t dropped)
{
	printf("  RX-packets: %-14" PRIu64 " RX-dropped: %-14" PRIu64 "RX-total: %-" PRIu64 "\n",
	       s->ipackets, s->imissed, s->ipackets + s->imissed);
	if (s->rx_nombuf > 0)
		printf("  RX-nombufs: %-14" PRIu64 "\n", s->rx_nombuf);
	printf("  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 "TX-total: %-" PRIu64 "\n",
	       s->opackets, dropped, s->opackets + dropped);
}

void
cmd_show_fwd(struct control *c, const struct command_line *line __rte_unused)
{
	struct rte_eth_stats s, sum = { 0 };
	uint64_t dropped, sum_dropped = 0;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		if (rte_eth_stats_get(port, &s) != 0)
			continue;
		s.ipackets -= c->zero[port].ipackets;
		s.opackets -= c->zero[port].opackets;
		s.imissed -= c->zero[port].imissed;
		s.rx_nombuf -= c->zero[port].rx_nombuf;
		dropped = tx_dropped(c->crew, port) + s.oerrors - c->zero[port].oerrors;
		printf("\n  %s Forward statistics for port %-2d %s\n", BORDER, port, BORDER);
		show_sums(&s, dropped);
		printf("  %s--------------------------------%s\n", BORDER, BORDER);
		sum.ipackets += s.ipackets;
		sum.opackets += s.opackets;
		sum.imissed += s.imissed;
		sum.rx_nombuf += s.rx_nombuf;
		sum_dropped += dropped;
	}
	printf("\n  %s Accumulated forward statistics for all ports%s\n", ALL_BORDER, ALL_BORDER);
	show_sums(&sum, sum_dropped);
	printf("  %s++++++++++++++++++++++++++++++++++++++++++++++%s\n", ALL_BORDER, ALL_BORDER);
}

void
cmd_clear_fwd(struct control *c, const struct command_line *line __rte_unused)
{
	remember_zero(c);
}
