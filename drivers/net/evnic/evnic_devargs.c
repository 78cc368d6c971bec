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
	unsigned int seen; /* keys, by their index in the table */
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
parse_pace(struct parse *p, const char *key, const char *value)
{
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

static const struct {
	const char *key;
	int (*parse)(struct parse *p, const char *key, const char *value);
} table[] = {
	{ "rx_pcap", parse_rx_pcap },	{ "tx_pcap", parse_tx_pcap },
	{ "pace", parse_pace },		{ "speed", parse_speed },
	{ "loops", parse_loops },	{ "infinite_rx", parse_infinite_rx },
	{ "overrun", parse_overrun },	{ "numa", parse_numa },
	{ "wire_cpu", parse_wire_cpu },
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
	return refuse(p, key, value == NULL ? "" : value,
		      "unknown; there are rx_pcap, tx_pcap, pace, speed, loops, infinite_rx, "
		      "overrun, numa, wire_cpu");
}

/* What single arguments leave open or contradict. */
static int
settle(const struct parse *p)
{
	struct evnic_args *args = p->args;

	if (p->has_speed && args->pace != EVNIC_PACE_ORIG) {
		EVNIC_LOG(ERR, "%s: speed: it is a factor of the recorded pace, add pace=orig",
			  p->name);
		return -EINVAL;
	}
	if (!p->has_overrun)
		args->overrun = args->pace == EVNIC_PACE_MAX ? EVNIC_OVERRUN_WAIT
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
