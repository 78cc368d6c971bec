/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands that change a port. */

#include <errno.h>
#include <string.h>

#include "prompt.h"

#ifdef HAS_EVNIC
#include <rouse_evnic.h>
#endif

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
start_one(uint16_t port)
{
	struct rte_ether_addr mac;
	int ret;

	if (ports_is_started(port)) {
		REFUSE("Port %u is now not stopped", port);
		return;
	}
	ret = ports_start_again(port);
	if (ret != 0) {
		say_if(ret, port, "cannot be started");
		return;
	}
	say_if(rouse_worker_port_resume(port), port, "workers cannot have it again");
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
cmd_port_start(struct control *c __rte_unused, const struct command_line *line)
{
	uint32_t n = line->words[2].n;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			start_one(port);
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

#ifdef HAS_EVNIC
	if (ret == -ENOTSUP && rouse_evnic_steer(port) != NULL)
		ret = rouse_evnic_vector_interval_set(port, (uint16_t)line->words[3].n,
						      line->words[4].n);
#endif
	say_if(ret, port, "the vector's interval cannot be set");
}
