/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Cables: a pair of pipes between two ports of this process that name each other, whichever is
 * made first. A port holds one end; the cable goes when both are let go of.
 *
 * An end is plugged in while its port runs. Pulling it out waits for the other port's wire thread
 * to have begun a new round: from then on that uses neither this port's attention nor its memory.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "evnic.h"

struct end {
	char name[RTE_ETH_NAME_MAX_LEN]; /* of the port that the end is for */
	struct evnic_port *port;	 /* NULL: not there */
	bool is_plugged_in;
};

struct evnic_cable {
	struct evnic_cable *next;
	struct end ends[2];
	struct evnic_pipe *to[2]; /* by the end that receives */
};

/* Guards the list and the ends; for control threads, as they make, start, stop, remove ports. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct evnic_cable *cables;

static void
destroy(struct evnic_cable *c)
{
	evnic_pipe_destroy(c->to[0]);
	evnic_pipe_destroy(c->to[1]);
	free(c);
}

static struct evnic_cable *
create(const char *one, const char *other, int numa_node)
{
	struct evnic_cable *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	snprintf(c->ends[0].name, sizeof(c->ends[0].name), "%s", one);
	snprintf(c->ends[1].name, sizeof(c->ends[1].name), "%s", other);
	c->to[0] = evnic_pipe_create(numa_node);
	c->to[1] = evnic_pipe_create(numa_node);
	if (c->to[0] == NULL || c->to[1] == NULL) {
		destroy(c);
		return NULL;
	}
	return c;
}

/* The end of a cable between the two that is for `name`, -1: it is another cable. */
static int
end_for(const struct evnic_cable *c, const char *name, const char *peer)
{
	for (int i = 0; i < 2; i++)
		if (strcmp(c->ends[i].name, name) == 0 && strcmp(c->ends[!i].name, peer) == 0)
			return i;
	return -1;
}

/* The port at the other end of the cable that `name` holds, NULL: it holds none. */
static const char *
peer_of(const char *name)
{
	for (const struct evnic_cable *c = cables; c != NULL; c = c->next)
		for (int i = 0; i < 2; i++)
			if (c->ends[i].port != NULL && strcmp(c->ends[i].name, name) == 0)
				return c->ends[!i].name;
	return NULL;
}

/* A port that is there and does not name this one would never be reached. */
static int
check_peer(const char *name, const char *peer)
{
	const char *other = peer_of(peer);

	if (other != NULL ? strcmp(other, name) == 0 : rte_eth_dev_allocated(peer) == NULL)
		return 0;
	if (other == NULL)
		EVNIC_LOG(ERR, "%s: cable=%s: %s has no cable; give it cable=%s", name, peer, peer,
			  name);
	else
		EVNIC_LOG(ERR, "%s: cable=%s: %s is cabled to %s; give it cable=%s", name, peer,
			  peer, other, name);
	return -EINVAL;
}

static struct evnic_cable *
take_end(struct evnic_port *p, int *end)
{
	const char *name = p->data->name, *peer = p->args.cable;
	struct evnic_cable *c;

	for (c = cables; c != NULL; c = c->next) {
		*end = end_for(c, name, peer);
		if (*end >= 0)
			break;
	}
	if (c == NULL) {
		c = create(name, peer, p->args.numa_node);
		if (c == NULL)
			return NULL;
		*end = 0;
		c->next = cables;
		cables = c;
	}
	c->ends[*end].port = p;
	return c;
}

/* 0 or -errno, logged: p->cable, its source and sink. */
int
evnic_cable_attach(struct evnic_port *p)
{
	int end = 0, ret;

	pthread_mutex_lock(&lock);
	ret = check_peer(p->data->name, p->args.cable);
	if (ret == 0) {
		p->cable = take_end(p, &end);
		if (p->cable == NULL)
			ret = -ENOMEM;
	}
	pthread_mutex_unlock(&lock);
	if (ret != 0)
		return ret;
	p->cable_end = end;
	p->source = evnic_pipe_source(p->cable->to[end], &p->wire.stats);
	p->sink = evnic_pipe_sink(p->cable->to[!end]);
	return p->source == NULL || p->sink == NULL ? -ENOMEM : 0;
}

void
evnic_cable_detach(struct evnic_port *p)
{
	struct evnic_cable *c = p->cable, **at = &cables;

	if (c == NULL)
		return;
	p->cable = NULL;
	pthread_mutex_lock(&lock);
	c->ends[p->cable_end].port = NULL;
	if (c->ends[!p->cable_end].port == NULL) {
		while (*at != c)
			at = &(*at)->next;
		*at = c->next;
		destroy(c);
	}
	pthread_mutex_unlock(&lock);
}

/* Before the port's wire thread runs. */
void
evnic_cable_plug_in(struct evnic_port *p)
{
	struct evnic_cable *c = p->cable;

	if (c == NULL)
		return;
	pthread_mutex_lock(&lock);
	evnic_pipe_set_sender(c->to[!p->cable_end], &p->wire.attn);
	evnic_pipe_set_receiver(c->to[p->cable_end], &p->wire.attn);
	c->ends[p->cable_end].is_plugged_in = true;
	pthread_mutex_unlock(&lock);
}

/* After the port's wire thread has ended. What is on its way to the port is lost. */
void
evnic_cable_pull_out(struct evnic_port *p)
{
	struct evnic_cable *c = p->cable;

	if (c == NULL)
		return;
	pthread_mutex_lock(&lock);
	c->ends[p->cable_end].is_plugged_in = false;
	evnic_pipe_set_sender(c->to[!p->cable_end], NULL);
	evnic_pipe_set_receiver(c->to[p->cable_end], NULL);
	if (c->ends[!p->cable_end].is_plugged_in)
		evnic_wire_sync(c->ends[!p->cable_end].port);
	evnic_pipe_drain(c->to[p->cable_end]);
	pthread_mutex_unlock(&lock);
}
