/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The device's arguments: --vdev=net_evnic0,rx_pcap=FILE,pace=max,... */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>

#include "evnic.h"

#define MAX_PPS UINT64_C(1000000000)

/* One parse in progress. */
struct parse {
	const char *name; /* of the device, for messages */
	struct evnic_args *args;
	bool has_overrun, has_speed, has_loops;
	unsigned int seen;     /* keys, by their index in the table */
	const char *of_replay; /* the last argument that only a replay has use for, or NULL */
};

static int
refuse(const struct parse *p, const char *key, const char *value, const char *remedy)
{
	EVNIC_LOG(ERR, "%s: %s=%s: %s", p->name, key, value, remedy);
	return -EINVAL;
}

/* A whole decimal number within [min, max]. */
static bool
parse_number(const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	*out = strtoull(value, &end, 10);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static int
parse_path(const struct parse *p, const char *key, const char *value, char *out)
{
	if (value[0] == '\0')
		return refuse(p, key, value, "name a file");
	if (strlen(value) >= EVNIC_PATH_MAX)
		return refuse(p, key, value, "the path is too long, 1023 bytes at most");
	strcpy(out, value);
	return 0;
}

static int
parse_rx_pcap(struct parse *p, const char *key, const char *value)
{
	return parse_path(p, key, value, p->args->rx_pcap);
}

static int
parse_tx_pcap(struct parse *p, const char *key, const char *value)
{
	return parse_path(p, key, value, p->args->tx_pcap);
}

static int
parse_iface_name(const struct parse *p, const char *key, const char *value, char *out,
		 const char **out_key)
{
	if (out[0] != '\0')
		return refuse(p, key, value, "there is one interface a direction; name it once");
	if (value[0] == '\0')
		return refuse(p, key, value, "name an interface, see ip link");
	if (strlen(value) >= EVNIC_IFACE_MAX)
		return refuse(p, key, value, "an interface's name has 15 bytes at most");
	strcpy(out, value);
	*out_key = key;
	return 0;
}

static int
parse_rx_iface(struct parse *p, const char *key, const char *value)
{
	return parse_iface_name(p, "rx_iface", value, p->args->rx_iface, &p->args->rx_iface_key);
}

static int
parse_tx_iface(struct parse *p, const char *key, const char *value)
{
	return parse_iface_name(p, "tx_iface", value, p->args->tx_iface, &p->args->tx_iface_key);
}

static int
parse_iface(struct parse *p, const char *key, const char *value)
{
	struct evnic_args *args = p->args;
	int ret = parse_iface_name(p, "iface", value, args->rx_iface, &args->rx_iface_key);

	return ret != 0 ? ret
			: parse_iface_name(p, "iface", value, args->tx_iface, &args->tx_iface_key);
}

static int
parse_cable(struct parse *p, const char *key, const char *value)
{
	if (strncmp(value, "net_evnic", strlen("net_evnic")) != 0 ||
	    strlen(value) >= RTE_ETH_NAME_MAX_LEN)
		return refuse(p, key, value, "name the net_evnic port at its other end");
	if (strcmp(value, p->name) == 0)
		return refuse(p, key, value,
			      "name another port; for what a port sends itself there is lpbk_mode");
	strcpy(p->args->cable, value);
	return 0;
}

static int
parse_pace(struct parse *p, const char *key, const char *value)
{
	p->of_replay = "pace";
	if (strcmp(value, "max") == 0) {
		p->args->pace = EVNIC_PACE_MAX;
	} else if (strcmp(value, "orig") == 0) {
		p->args->pace = EVNIC_PACE_ORIG;
	} else if (parse_number(value, 1, MAX_PPS, &p->args->pps)) {
		p->args->pace = EVNIC_PACE_PPS;
	} else {
		return refuse(p, key, value,
			      "give orig, max, or packets per second from 1 to 1000000000");
	}
	return 0;
}

static int
parse_speed(struct parse *p, const char *key, const char *value)
{
	char *end;

	p->has_speed = true;
	p->of_replay = "speed";
	p->args->speed = strtod(value, &end);
	if (value[0] == '\0' || *end != '\0' ||
	    !(p->args->speed >= 0.001 && p->args->speed <= 1000))
		return refuse(p, key, value, "give a factor from 0.001 to 1000");
	return 0;
}

static int
parse_loops(struct parse *p, const char *key, const char *value)
{
	if (p->has_loops)
		return refuse(p, key, value, "give loops or infinite_rx once, not both");
	p->has_loops = true;
	p->of_replay = "loops";
	if (!parse_number(value, 0, UINT32_MAX, &p->args->loops))
		return refuse(p, key, value, "give a number from 0 (for ever) to 4294967295");
	return 0;
}

static int
parse_infinite_rx(struct parse *p, const char *key, const char *value)
{
	uint64_t on;

	if (p->has_loops)
		return refuse(p, key, value, "give loops or infinite_rx once, not both");
	p->has_loops = true;
	p->of_replay = "infinite_rx";
	if (!parse_number(value, 0, 1, &on))
		return refuse(p, key, value, "give 0 or 1");
	p->args->loops = on ? 0 : 1;
	return 0;
}

static int
parse_overrun(struct parse *p, const char *key, const char *value)
{
	p->has_overrun = true;
	if (strcmp(value, "wait") == 0)
		p->args->overrun = EVNIC_OVERRUN_WAIT;
	else if (strcmp(value, "drop") == 0)
		p->args->overrun = EVNIC_OVERRUN_DROP;
	else
		return refuse(p, key, value, "give wait or drop");
	return 0;
}

static int
parse_numa(struct parse *p, const char *key, const char *value)
{
	uint64_t node;

	if (!parse_number(value, 0, RTE_MAX_NUMA_NODES - 1, &node) ||
	    !evnic_numa_node_exists((int)node))
		return refuse(p, key, value, "give a NUMA node of this machine, see numactl -H");
	p->args->numa_node = (int)node;
	return 0;
}

static int
parse_wire_cpu(struct parse *p, const char *key, const char *value)
{
	cpu_set_t online;
	uint64_t cpu;

	/* the main thread may be pinned already; init's affinity is every processor there is */
	CPU_ZERO(&online);
	if (sched_getaffinity(1, sizeof(online), &online) != 0)
		memset(&online, 0xff, sizeof(online));
	if (!parse_number(value, 0, CPU_SETSIZE - 1, &cpu) || !CPU_ISSET(cpu, &online))
		return refuse(p, key, value, "give a processor of this machine, see nproc");
	p->args->wire_cpu = (int)cpu;
	return 0;
}

static int
parse_map(struct parse *p, const char *key, const char *value)
{
	if (rouse_steer_map_parse(value, &p->args->map) != 0)
		return refuse(p, key, value, "give A, A-ring, A-vector or B");
	return 0;
}

static int
parse_nb(struct parse *p, const char *key, const char *value, uint16_t *out)
{
	uint64_t nb;

	if (!parse_number(value, 1, EVNIC_MAX_QUEUES, &nb))
		return refuse(p, key, value, "give a number from 1 to 64");
	*out = (uint16_t)nb;
	return 0;
}

static int
parse_rings(struct parse *p, const char *key, const char *value)
{
	return parse_nb(p, key, value, &p->args->nb_rings);
}

static int
parse_vectors(struct parse *p, const char *key, const char *value)
{
	return parse_nb(p, key, value, &p->args->nb_vectors);
}

static int
parse_tx_events(struct parse *p, const char *key, const char *value)
{
	uint64_t on;

	if (!parse_number(value, 0, 1, &on))
		return refuse(p, key, value, "give 0 or 1");
	p->args->tx_events = on != 0;
	return 0;
}

static int
parse_stamp(struct parse *p, const char *key, const char *value)
{
	uint64_t on;

	if (!parse_number(value, 0, 1, &on))
		return refuse(p, key, value, "give 0 or 1");
	p->args->stamps = on != 0;
	return 0;
}

static int
parse_trace(struct parse *p, const char *key, const char *value)
{
	return parse_path(p, key, value, p->args->trace);
}

static const struct {
	const char *key;
	int (*parse)(struct parse *p, const char *key, const char *value);
} table[] = {
	{ "rx_pcap", parse_rx_pcap },	  { "tx_pcap", parse_tx_pcap },
	{ "iface", parse_iface },	  { "rx_iface", parse_rx_iface },
	{ "tx_iface", parse_tx_iface },	  { "cable", parse_cable },
	{ "pace", parse_pace },		  { "speed", parse_speed },
	{ "loops", parse_loops },	  { "infinite_rx", parse_infinite_rx },
	{ "overrun", parse_overrun },	  { "numa", parse_numa },
	{ "wire_cpu", parse_wire_cpu },	  { "map", parse_map },
	{ "rings", parse_rings },	  { "vectors", parse_vectors },
	{ "tx_events", parse_tx_events }, { "stamp", parse_stamp },
	{ "trace", parse_trace },
};

static int
parse_pair(struct parse *p, const char *key, const char *value)
{
	for (size_t i = 0; i < RTE_DIM(table); i++) {
		if (strcmp(table[i].key, key) != 0)
			continue;
		if ((p->seen & 1u << i) != 0)
			return refuse(p, key, value == NULL ? "" : value, "give it once");
		p->seen |= 1u << i;
		return table[i].parse(p, key, value == NULL ? "" : value);
	}
	return refuse(
		p, key, value == NULL ? "" : value,
		"unknown; there are rx_pcap, tx_pcap, iface, rx_iface, tx_iface, cable, pace, "
		"speed, loops, infinite_rx, overrun, numa, wire_cpu, map, rings, vectors, "
		"tx_events, stamp, trace");
}

/* At most one source and one sink, and nothing that they have no use for. */
static int
settle_ends(const struct parse *p)
{
	const struct evnic_args *args = p->args;
	bool has_rx_iface = args->rx_iface[0] != '\0', has_tx_iface = args->tx_iface[0] != '\0';
	bool has_cable = args->cable[0] != '\0';

	if (args->rx_pcap[0] != '\0' && has_rx_iface)
		return refuse(p, args->rx_iface_key, args->rx_iface,
			      "rx_pcap says already what is received; leave one out");
	if (args->tx_pcap[0] != '\0' && has_tx_iface)
		return refuse(p, args->tx_iface_key, args->tx_iface,
			      "tx_pcap says already where frames go; leave one out");
	if (has_cable &&
	    (args->rx_pcap[0] != '\0' || args->tx_pcap[0] != '\0' || has_rx_iface || has_tx_iface))
		return refuse(p, "cable", args->cable,
			      "it is both source and sink; leave out rx_pcap, tx_pcap, iface, "
			      "rx_iface and tx_iface");
	if (p->of_replay != NULL && (has_rx_iface || has_cable)) {
		EVNIC_LOG(ERR, "%s: %s: only the replay of rx_pcap has it; leave it out", p->name,
			  p->of_replay);
		return -EINVAL;
	}
	return 0;
}

/* What single arguments leave open or contradict. */
static int
settle(const struct parse *p)
{
	struct evnic_args *args = p->args;

	if (settle_ends(p) != 0)
		return -EINVAL;
	if (p->has_speed && args->pace != EVNIC_PACE_ORIG) {
		EVNIC_LOG(ERR, "%s: speed: it is a factor of the recorded pace, add pace=orig",
			  p->name);
		return -EINVAL;
	}
	if (!p->has_overrun)
		args->overrun = args->pace == EVNIC_PACE_MAX && args->rx_iface[0] == '\0'
					? EVNIC_OVERRUN_WAIT
					: EVNIC_OVERRUN_DROP;
	return 0;
}

int
evnic_args_parse(const char *name, const char *params, struct evnic_args *args)
{
	struct parse p = { .name = name, .args = args };
	struct rte_kvargs *pairs;
	int ret = 0;

	*args = (struct evnic_args){
		.pace = EVNIC_PACE_MAX,
		.map = ROUSE_STEER_MAP_B,
		.speed = 1.0,
		.loops = 1,
		.numa_node = -1,
		.wire_cpu = -1,
	};
	if (params == NULL || params[0] == '\0')
		return settle(&p);
	pairs = rte_kvargs_parse(params, NULL);
	if (pairs == NULL) {
		EVNIC_LOG(ERR, "%s: arguments \"%s\": give key=value pairs joined by commas", name,
			  params);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < pairs->count && ret == 0; i++)
		ret = parse_pair(&p, pairs->pairs[i].key, pairs->pairs[i].value);
	rte_kvargs_free(pairs);
	return ret != 0 ? ret : settle(&p);
}
