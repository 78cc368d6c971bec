/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The one list of what can be said at the prompt: testpmd's words where it has the command. */

#include "prompt.h"

static void
help(struct control *c __rte_unused, const struct command_line *line __rte_unused)
{
	commands_help(stdout, "");
}

const struct command commands[] = {
	{ "help", help, "help: list the commands" },
	{ "start", cmd_start, "start: let the workers forward" },
	{ "stop", cmd_stop, "stop: let them rest, and show what was forwarded" },
	{ "quit", cmd_quit, "quit: end, with the report" },
	{ "top", cmd_top, "top: the live view; q comes back" },
	{ "set fwd io|mac|macswap|rxonly|txonly", cmd_set_fwd,
	  "set fwd io|mac|macswap|rxonly|txonly: what is done with packets, from the next start "
	  "on" },
	{ "set flush_rx on|off", cmd_set_flush,
	  "set flush_rx on|off: drop, at each start, what was received before" },
	{ "set verbose <number>", cmd_set_verbose,
	  "set verbose <level>: a line a packet that is received (1), sent (2) or either (3); 0: "
	  "none" },
	{ "set promisc <ports> on|off", cmd_set_promisc,
	  "set promisc <port>|all on|off: receive what is for others, too" },
	{ "set allmulti <ports> on|off", cmd_set_allmulti,
	  "set allmulti <port>|all on|off: receive all multicast frames" },
	{ "set link-up|link-down port <port>", cmd_set_link,
	  "set link-up|link-down port <port>: the port's side of the link" },
	{ "set rxmode poll|intr|hybrid", cmd_set_rxmode,
	  "set rxmode poll|intr|hybrid: whether workers sleep never, at once, or when idle" },
	{ "set policy <number> <number> <number>", cmd_set_policy,
	  "set policy <min us> <max us> <weight %>: how long idle workers look before they sleep" },
	{ "set moderation <port> <number> <number>", cmd_set_moderation,
	  "set moderation <port> <vector> <us>: at least so long between two messages" },
	{ "show config fwd|rxtx|cores", cmd_show_config,
	  "show config fwd|rxtx|cores: how queues are forwarded, and by whom" },
	{ "show fwd stats all", cmd_show_fwd,
	  "show fwd stats all: what was forwarded since start" },
	{ "clear fwd stats all", cmd_clear_fwd, "clear fwd stats all: count that anew" },
	{ "show port summary <ports>", cmd_show_summary,
	  "show port summary <port>|all: a line a port" },
	{ "show port info|stats|xstats <ports>", cmd_show_port,
	  "show port info|stats|xstats <port>|all: what it is, and what it counted" },
	{ "clear port stats|xstats <ports>", cmd_clear_port,
	  "clear port stats|xstats <port>|all: count anew" },
	{ "show port <port> rss reta <number> <text>", cmd_show_reta,
	  "show port <port> rss reta <size> (<mask>,...): entries of the redirection table" },
	{ "show port <port> rss-hash", cmd_show_rss, "show port <port> rss-hash: what is hashed" },
	{ "show port <port> rss-hash key", cmd_show_rss,
	  "show port <port> rss-hash key: and by which key" },
	{ "port config <port> rss reta <text>", cmd_set_reta,
	  "port config <port> rss reta (<hash>,<queue>)[,...]: set entries of the table" },
	{ "port config <port> rss-hash-key <text> <text>", cmd_set_key,
	  "port config <port> rss-hash-key ipv4|... <hex digits>: set the key" },
	{ "port config mtu <port> <number>", cmd_mtu,
	  "port config mtu <port> <bytes>: set the MTU" },
	{ "port start <ports>", cmd_port_start, "port start <port>|all: start it" },
	{ "port stop <ports>", cmd_port_stop,
	  "port stop <port>|all: stop it; forwarding is stopped" },
	{ "port close <ports>", cmd_port_close,
	  "port close <port>|all: close it for good; it is stopped" },
	{ "port reset <ports>", cmd_port_reset,
	  "port reset <port>|all: reset it, where its driver can; it is stopped" },
	{ "port <port> rxq|txq <queue> start|stop", cmd_queue,
	  "port <port> rxq|txq <queue> start|stop: a queue; forwarding is stopped" },
	{ "port <port> rxq <queue> intr enable|disable", cmd_signal,
	  "port <port> rxq <queue> intr enable|disable: whether its interrupt wakes the worker, or "
	  "the time does" },
	{ "port <port> rxq <queue> lcore <lcore>", cmd_move,
	  "port <port> rxq <queue> lcore <lcore>: move it to another worker, while packets come" },
	{ "show worker <lcores>", cmd_show_worker,
	  "show worker <lcore>|all: what it does, and its queues" },
	{ "show wake <lcores>", cmd_show_wake,
	  "show wake <lcore>|all: time from event to wake, by powers of two" },
	{ "show attn <lcores>", cmd_show_attn,
	  "show attn <lcore>|all: what each bit of its attention word means" },
	{ "show vector <port>", cmd_show_vector,
	  "show vector <port>: vector, cause, lcore, file descriptor, wakes" },
	{ "show map <port>", cmd_show_map,
	  "show map <port>: from queue and event to event ring and vector" },
	{ "worker rebalance", cmd_rebalance,
	  "worker rebalance: give all workers that are online the same number of queues" },
	{ "worker offline|online <lcore>", cmd_worker,
	  "worker offline|online <lcore>: move its queues to others, or let it have queues again" },
};

const uint32_t nb_commands = RTE_DIM(commands);

/* One a line. */
void
commands_help(FILE *out, const char *indent)
{
	for (uint32_t i = 0; i < nb_commands; i++)
		fprintf(out, "%s%s\n", indent, commands[i].help);
}
