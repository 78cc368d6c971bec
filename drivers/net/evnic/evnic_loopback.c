/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Internal loopback, rte_eth_conf.lpbk_mode: the port receives what it sends, by a pipe from its
 * wire thread to itself. As on a NIC, what is outside neither gives nor gets anything meanwhile.
 */

#include <errno.h>

#include "evnic.h"

static int
create(struct evnic_port *p)
{
	struct evnic_pipe *pipe = evnic_pipe_create(p->args.numa_node);

	if (pipe == NULL)
		return -ENOMEM;
	p->loopback.pipe = pipe;
	p->loopback.source = evnic_pipe_source(pipe, &p->wire.stats);
	p->loopback.sink = evnic_pipe_sink(pipe);
	if (p->loopback.source == NULL || p->loopback.sink == NULL) {
		evnic_loopback_destroy(p);
		return -ENOMEM;
	}
	evnic_pipe_set_sender(pipe, &p->wire.attn);
	evnic_pipe_set_receiver(pipe, &p->wire.attn);
	return 0;
}

/* Control thread, while the port is stopped. 0; -ENOMEM */
int
evnic_loopback_set(struct evnic_port *p, bool wanted)
{
	int ret = 0;

	if (wanted && p->loopback.pipe == NULL)
		ret = create(p);
	p->loopback.is_on = wanted && ret == 0;
	return ret;
}

void
evnic_loopback_destroy(struct evnic_port *p)
{
	if (p->loopback.sink != NULL)
		p->loopback.sink->ops->destroy(p->loopback.sink);
	if (p->loopback.source != NULL)
		p->loopback.source->ops->destroy(p->loopback.source);
	evnic_pipe_destroy(p->loopback.pipe);
	p->loopback.sink = NULL;
	p->loopback.source = NULL;
	p->loopback.pipe = NULL;
	p->loopback.is_on = false;
}
