/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands that change a port. */

#include <errno.h>
#include <string.h>

#include <rouse_attn.h>

#include "prompt.h"

/* Unless its driver has said why. */
static void
say_if(int ret, uint16_t port, const char *what)
{
	if (ret != 0)
		log_complain("port %u: %s: %s", port, what, strerror(-ret));
	log_mark();
}

/* ---- stop and start ---- */

static void
start_one(struct control *c, uint16_t port)
{
	struct rte_ether_addr mac;
	int ret;

	if (ports_is_started(port)) {
		REFUSE("Port %u is now not stopped", port);
		return;
	}
	ret = ports_start_again(port, c->options);
	if (ret != 0) {
		say_if(ret, port, "cannot be started");
		return;
	}
	verbose_set(verbose_level()); /* its queues may be others */
	say_if(rouse_worker_port_resume(port), port, "workers cannot have it again");
	say_if(crew_adopt(c->crew, port), port, "no worker can have all of its queues");
	if (rte_eth_macaddr_get(port, &mac) == 0)
		printf("Port %u: " RTE_ETHER_ADDR_PRT_FMT "\n", port, RTE_ETHER_ADDR_BYTES(&mac));
}

static void
stop_one(uint16_t port)
{
	int ret;

	if (!ports_is_started(port))
		return;
	ret = rouse_worker_port_pause(port);
	if (ret != 0) {
		say_if(ret, port, "workers cannot let go of it");
		return;
	}
	ret = ports_stop_one(port);
	if (ret != 0)
		rouse_worker_port_resume(port);
	say_if(ret, port, "cannot be stopped");
}

void
cmd_port_start(struct control *c, const struct command_line *line)
{
	uint32_t n = line->words[2].n;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			start_one(c, port);
	printf("Done\n");
}

void
cmd_port_stop(struct control *c, const struct command_line *line)
{
	uint32_t n = line->words[2].n;
	uint16_t port;

	printf("Stopping ports...\n");
	RTE_ETH_FOREACH_DEV (port) {
		if (n != COMMAND_ALL && n != port)
			continue;
		if (c->is_forwarding) /* others may send by it */
			REFUSE("Please remove port %u from forwarding configuration.", port);
		else
			stop_one(port);
	}
	printf("Done\n");
}

/* ---- close and reset ---- */

static bool
is_in_use(const struct control *c, uint16_t port)
{
	if (c->is_forwarding)
		REFUSE("Please remove port %u from forwarding configuration.", port);
	return c->is_forwarding;
}

static void
close_one(struct control *c, uint16_t port)
{
	int ret = 0;

	if (ports_is_started(port)) {
		REFUSE("Please stop port %u first", port);
		return;
	}
	for (uint16_t q = 0; q < c->options->nb_rxq && ret == 0; q++)
		ret = crew_abandon(c->crew, port, q);
	if (ret == 0) {
		verbose_leave_port(port);
		ret = ports_close_one(port);
	}
	say_if(ret, port, "cannot be closed");
}

void
cmd_port_close(struct control *c, const struct command_line *line)
{
	uint32_t n = line->words[2].n;
	uint16_t port;

	printf("Closing ports...\n");
	RTE_ETH_FOREACH_DEV (port)
		if ((n == COMMAND_ALL || n == port) && !is_in_use(c, port))
			close_one(c, port);
	printf("Done\n");
}

static bool
are_stopped(uint32_t n)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if ((n == COMMAND_ALL || n == port) && ports_is_started(port))
			return false;
	return true;
}

void
cmd_port_reset(struct control *c, const struct command_line *line)
{
	uint32_t n = line->words[2].n;
	uint16_t port;
	int ret;

	if (!are_stopped(n)) {
		REFUSE("Can not reset port(s), please stop port(s) first.");
		return;
	}
	printf("Resetting ports...\n");
	RTE_ETH_FOREACH_DEV (port) {
		if ((n != COMMAND_ALL && n != port) || is_in_use(c, port))
			continue;
		ret = ports_reset_one(port);
		if (ret != 0)
			REFUSE("Failed to reset port %u. diag=%d: %s", port, ret, strerror(-ret));
	}
	printf("Done\n");
}

/* ---- queues ---- */

static int
stop_rxq(struct control *c, uint16_t port, uint16_t queue)
{
	int ret = crew_abandon(c->crew, port, queue);

	if (ret == 0)
		ret = rte_eth_dev_rx_queue_stop(port, queue);
	if (ret != 0)
		crew_adopt(c->crew, port);
	return ret;
}

static int
start_rxq(struct control *c, uint16_t port, uint16_t queue)
{
	int ret = rte_eth_dev_rx_queue_start(port, queue);

	return ret == 0 ? crew_adopt(c->crew, port) : ret;
}

/* Nobody has the port meanwhile: queues may share what the driver changes. */
static int
change_rxq(struct control *c, uint16_t port, uint16_t queue, bool starts)
{
	int ret = rouse_worker_port_pause(port);

	if (ret != 0)
		return ret;
	ret = starts ? start_rxq(c, port, queue) : stop_rxq(c, port, queue);
	rouse_worker_port_resume(port);
	return ret;
}

static bool
is_queue(uint16_t port, uint32_t queue, bool is_rx)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(port, &info) == 0 &&
	       queue < (is_rx ? info.nb_rx_queues : info.nb_tx_queues);
}

void
cmd_queue(struct control *c, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[1].n, queue = (uint16_t)line->words[3].n;
	bool is_rx = strcmp(line->words[2].word, "rxq") == 0;
	bool starts = strcmp(line->words[4].word, "start") == 0;
	int ret;

	if (!is_queue(port, line->words[3].n, is_rx))
		REFUSE("\"%s\": expected the number of %s queue of port %u", line->words[3].word,
		       is_rx ? "an Rx" : "a Tx", port);
	else if (c->is_forwarding)
		REFUSE("Please stop forwarding first");
	else if (!ports_is_started(port))
		REFUSE("Please start port %u first", port);
	else {
		log_mark();
		if (is_rx)
			ret = change_rxq(c, port, queue, starts);
		else if (starts)
			ret = rte_eth_dev_tx_queue_start(port, queue);
		else
			ret = rte_eth_dev_tx_queue_stop(port, queue);
		say_if(ret, port,
		       starts ? "the queue cannot be started" : "the queue cannot be stopped");
	}
}

/* ---- settings ---- */

void
cmd_set_promisc(struct control *c __rte_unused, const struct command_line *line)
{
	bool on = strcmp(line->words[3].word, "on") == 0;
	uint32_t n = line->words[2].n;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			say_if(on ? rte_eth_promiscuous_enable(port)
				  : rte_eth_promiscuous_disable(port),
			       port, "promiscuous mode cannot be set");
}

void
cmd_set_allmulti(struct control *c __rte_unused, const struct command_line *line)
{
	bool on = strcmp(line->words[3].word, "on") == 0;
	uint32_t n = line->words[2].n;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			say_if(on ? rte_eth_allmulticast_enable(port)
				  : rte_eth_allmulticast_disable(port),
			       port, "allmulticast mode cannot be set");
}

void
cmd_set_link(struct control *c __rte_unused, const struct command_line *line)
{
	bool up = strcmp(line->words[1].word, "link-up") == 0;
	uint16_t port = (uint16_t)line->words[3].n;

	say_if(up ? rte_eth_dev_set_link_up(port) : rte_eth_dev_set_link_down(port), port,
	       "the link cannot be set");
}

void
cmd_mtu(struct control *c __rte_unused, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[3].n;
	uint32_t mtu = line->words[4].n;

	say_if(mtu > UINT16_MAX ? -EINVAL : rte_eth_dev_set_mtu(port, (uint16_t)mtu), port,
	       "the MTU cannot be set");
}

void
cmd_set_moderation(struct control *c __rte_unused, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[2].n;
	int ret = line->words[3].n > UINT16_MAX ? -ERANGE : -ENOTSUP;
	struct rouse_attn_port p;

	if (ret == -ENOTSUP && rouse_attn_registry_find(port, &p) && p.ops->moderate != NULL)
		ret = p.ops->moderate(p.ctx, (uint16_t)line->words[3].n, line->words[4].n);
	say_if(ret, port, "the vector's interval cannot be set");
}
