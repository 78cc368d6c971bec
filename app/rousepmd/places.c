/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* --config="(port,queue,lcore),...", l3fwd-power's: whose worker an Rx queue is given to. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>

#include "app.h"

/* The next one at *at, which then is behind it. */
static bool
take_place(const char **at, struct assigned *place)
{
	unsigned int port, queue;
	int len = 0;

	if (sscanf(*at, "(%5u,%5u,%5u)%n", &port, &queue, &place->lcore, &len) != 3 || len == 0 ||
	    port > UINT16_MAX || queue > UINT16_MAX)
		return false;
	place->port = (uint16_t)port;
	place->queue = (uint16_t)queue;
	*at += len;
	return true;
}

/* 0, -EINVAL after a complaint */
int
places_parse(const char *name, const char *value, struct options *o)
{
	const char *at = value;

	o->nb_places = 0;
	do {
		if (o->nb_places == RTE_DIM(o->places)) {
			COMPLAIN("--%s=%s: give %u queues at most", name, value, o->nb_places);
			return -EINVAL;
		}
		if (!take_place(&at, &o->places[o->nb_places++])) {
			COMPLAIN("--%s=%s: \"%s\": give (port,queue,lcore)[,...], such as "
				 "(0,0,1),(0,1,2)",
				 name, value, at);
			return -EINVAL;
		}
	} while (*at++ == ',');
	if (at[-1] == '\0')
		return 0;
	COMPLAIN("--%s=%s: \"%s\": expected a comma or the end", name, value, at - 1);
	return -EINVAL;
}

const struct assigned *
places_find(const struct options *o, uint16_t port, uint16_t queue)
{
	for (uint32_t i = 0; i < o->nb_places; i++)
		if (o->places[i].port == port && o->places[i].queue == queue)
			return &o->places[i];
	return NULL;
}

static bool
is_worker(const struct options *o, unsigned int wanted)
{
	unsigned int lcore, nb = 0;

	RTE_LCORE_FOREACH_WORKER (lcore)
		if (nb++ < crew_size(o) && lcore == wanted)
			return true;
	return false;
}

/* 0, -EINVAL after a complaint about the first that cannot be */
int
places_check(const struct options *o)
{
	for (uint32_t i = 0; i < o->nb_places; i++) {
		const struct assigned *p = &o->places[i];
		const char *expected = NULL;

		if (!rte_eth_dev_is_valid_port(p->port))
			expected = "the number of a port first";
		else if (p->queue >= o->nb_rxq)
			expected = "a queue that --rxq has";
		else if (!is_worker(o, p->lcore))
			expected = "the lcore of a worker last (-l, --lcores, --nb-cores)";
		else if (places_find(o, p->port, p->queue) != p)
			expected = "each queue once";
		if (expected == NULL)
			continue;
		COMPLAIN("--config: (%u,%u,%u): give %s", p->port, p->queue, p->lcore, expected);
		return -EINVAL;
	}
	return 0;
}
