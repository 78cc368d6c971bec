/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The application's options, behind "--" on the command line; testpmd's names where it has one. */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "prompt.h"

#define RSS_ALL (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)

/* One list: long name, argument as help shows it (NULL: none), what it does. */
#define OPTIONS(X)                                                                                 \
	X(RXQ, "rxq", "N", "Rx queues a port, 1 to 64 (1)")                                        \
	X(TXQ, "txq", "N", "Tx queues a port, 1 to 64 (1)")                                        \
	X(RXD, "rxd", "N", "descriptors of an Rx queue (what the port suggests)")                  \
	X(TXD, "txd", "N", "descriptors of a Tx queue (what the port suggests)")                   \
	X(BURST, "burst", "N", "packets taken from a queue at a time, 1 to 512 (32)")              \
	X(MBUF_SIZE, "mbuf-size", "BYTES", "data room of an mbuf, headroom included (2176)")       \
	X(NB_MBUFS, "total-num-mbufs", "N", "mbufs in the pool (as many as can be in use)")        \
	X(NB_CORES, "nb-cores", "N", "workers (one on each lcore beside the main one)")            \
	X(CONFIG, "config", "LIST",                                                                \
	  "(port,queue,lcore),...: whose a queue is (dealt out in turn)")                          \
	X(FORWARD_MODE, "forward-mode", "MODE", "io, mac, macswap, rxonly or txonly (io)")         \
	X(PORT_TOPOLOGY, "port-topology", "HOW", "paired, chained or loop: where to (paired)")     \
	X(NO_FLUSH_RX, "no-flush-rx", NULL, "keep what comes before a start, as is done anyhow")   \
	X(RX_MODE, "rx-mode", "MODE", "hybrid, poll or interrupt (hybrid)")                        \
	X(SPIN_US, "spin-us", "US", "an idle worker looks so long before it sleeps (measured)")    \
	X(SPIN_WEIGHT, "spin-weight", "PERCENT", "of what it measured: more is faster (100)")      \
	X(TIMER_SLACK, "timer-slack", "NS", "how late a worker's timers may be (the kernel's)")    \
	X(FIFO, "fifo", "PRIORITY", "run the workers as SCHED_FIFO, 1 to 99 (they are not)")       \
	X(UCLAMP_MIN, "uclamp-min", "N", "they count as so busy at least, 1 to 1024 (0)")          \
	X(CPU_LATENCY, "cpu-latency", "US", "processors leave their sleep within US (any time)")   \
	X(RSS_IP, "rss-ip", NULL, "hash by IP addresses only")                                     \
	X(RSS_UDP, "rss-udp", NULL, "hash by UDP ports too, and nothing but UDP")                  \
	X(STATS_PERIOD, "stats-period", "S", "print a line every S seconds (0: none)")             \
	X(DURATION, "duration", "S", "end after S seconds (0: when the replay ends)")              \
	X(JSON, "json", "FILE", "write the report to FILE, too")                                   \
	X(INTERACTIVE, "interactive", NULL, "take commands at a prompt, see help there (-i)")      \
	X(CMDLINE_FILE, "cmdline-file", "FILE", "carry out the commands in FILE first")            \
	X(AUTO_START, "auto-start", NULL, "with a prompt, forward from the start on (-a)")         \
	X(PERF, "perf", NULL, "count cycles, instructions, cache misses and context switches")     \
	X(TOP, "top", NULL, "show what workers and ports do, each second or --stats-period")       \
	X(CHECK, "check", NULL, "say what each port has of what it needs, and end")                \
	X(HELP, "help", NULL, "print this")

enum option_id {
	OPTION_NONE = 0xff, /* above any character that getopt might answer */
#define X(id, name, arg, help) OPTION_##id,
	OPTIONS(X)
#undef X
};

void
options_help(const char *program)
{
	printf("%s [EAL options] -- [options]\n\n", program);
#define X(id, name, arg, help)                                                                     \
	printf("  --%s%s%-*s %s\n", name, (arg) != NULL ? "=" : "",                                \
	       (int)(24 - strlen(name) - ((arg) != NULL)), (arg) != NULL ? (arg) : "", help);
	OPTIONS(X)
#undef X
	printf("\nCommands at the prompt, and in files:\n\n");
	commands_help(stdout, "  ");
}

static int
bad(const char *name, const char *value, const char *remedy)
{
	COMPLAIN("--%s=%s: %s", name, value, remedy);
	return -EINVAL;
}

static int
parse_u32(const char *name, const char *value, uint32_t min, uint32_t max, uint32_t *out)
{
	unsigned long long n;
	char remedy[64];
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || n < min || n > max) {
		snprintf(remedy, sizeof(remedy), "give a number from %u to %u", min, max);
		return bad(name, value, remedy);
	}
	*out = (uint32_t)n;
	return 0;
}

static int
parse_u16(const char *name, const char *value, uint16_t min, uint16_t max, uint16_t *out)
{
	uint32_t n = 0;
	int ret = parse_u32(name, value, min, max, &n);

	if (ret == 0)
		*out = (uint16_t)n;
	return ret;
}

static int
parse_u8(const char *name, const char *value, uint8_t min, uint8_t max, uint8_t *out)
{
	uint32_t n = 0;
	int ret = parse_u32(name, value, min, max, &n);

	if (ret == 0)
		*out = (uint8_t)n;
	return ret;
}

static int
parse_seconds(const char *name, const char *value, double *out)
{
	char *end;

	*out = strtod(value, &end);
	if (value[0] == '\0' || *end != '\0' || !(*out >= 0 && *out <= 1e6))
		return bad(name, value, "give seconds from 0 to 1000000");
	return 0;
}

static int
parse_rx_mode(const char *name, const char *value, enum rouse_worker_mode *out)
{
	if (strcmp(value, "hybrid") == 0)
		*out = ROUSE_WORKER_HYBRID;
	else if (strcmp(value, "poll") == 0)
		*out = ROUSE_WORKER_POLL;
	else if (strcmp(value, "interrupt") == 0)
		*out = ROUSE_WORKER_INTERRUPT;
	else
		return bad(name, value, "give hybrid, poll or interrupt");
	return 0;
}

static int
parse_forward_mode(const char *name, const char *value, const struct fwd_mode **out)
{
	*out = fwd_find(value);
	return *out != NULL ? 0 : bad(name, value, fwd_names());
}

static int
parse_topology(const char *name, const char *value, enum topology *out)
{
	static const char *const names[] = {
		[TOPOLOGY_PAIRED] = "paired",
		[TOPOLOGY_CHAINED] = "chained",
		[TOPOLOGY_LOOP] = "loop",
	};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		if (strcmp(value, names[i]) == 0) {
			*out = (enum topology)i;
			return 0;
		}
	}
	return bad(name, value, "give paired, chained or loop");
}

static int
parse_file(const char *name, const char *value, const char **out)
{
	*out = value;
	return value[0] != '\0' ? 0 : bad(name, value, "name a file");
}

static int
parse_one(enum option_id id, const char *name, const char *value, struct options *o)
{
	switch (id) {
	case OPTION_RXQ:
		return parse_u16(name, value, 1, APP_MAX_QUEUES, &o->nb_rxq);
	case OPTION_TXQ:
		return parse_u16(name, value, 1, APP_MAX_QUEUES, &o->nb_txq);
	case OPTION_RXD:
		return parse_u16(name, value, 1, UINT16_MAX, &o->nb_rxd);
	case OPTION_TXD:
		return parse_u16(name, value, 1, UINT16_MAX, &o->nb_txd);
	case OPTION_BURST:
		return parse_u16(name, value, 1, APP_MAX_BURST, &o->burst);
	case OPTION_MBUF_SIZE:
		return parse_u16(name, value, RTE_PKTMBUF_HEADROOM + 64, UINT16_MAX, &o->mbuf_size);
	case OPTION_NB_MBUFS:
		return parse_u32(name, value, 64, 1u << 24, &o->nb_mbufs);
	case OPTION_NB_CORES:
		return parse_u32(name, value, 1, RTE_MAX_LCORE - 1, &o->nb_cores);
	case OPTION_CONFIG:
		return places_parse(name, value, o);
	case OPTION_PORT_TOPOLOGY:
		return parse_topology(name, value, &o->topology);
	case OPTION_NO_FLUSH_RX:
		o->flush_rx = false;
		return 0;
	case OPTION_FORWARD_MODE:
		return parse_forward_mode(name, value, &o->fwd);
	case OPTION_RX_MODE:
		return parse_rx_mode(name, value, &o->rx_mode);
	case OPTION_SPIN_US:
		if (parse_u32(name, value, 0, 1000000, &o->spin.max_us) != 0)
			return -1;
		o->spin.min_us = o->spin.max_us;
		return 0;
	case OPTION_SPIN_WEIGHT:
		return parse_u32(name, value, 1, 1000, &o->spin.weight_pct);
	case OPTION_TIMER_SLACK:
		return parse_u32(name, value, 1, 1000000000, &o->settings.timer_slack_ns);
	case OPTION_FIFO:
		return parse_u8(name, value, 1, 99, &o->settings.fifo_priority);
	case OPTION_UCLAMP_MIN:
		return parse_u16(name, value, 1, 1024, &o->settings.uclamp_min);
	case OPTION_CPU_LATENCY:
		return parse_u32(name, value, 1, 1000000, &o->settings.cpu_latency_us);
	case OPTION_RSS_IP:
		o->rss_types = RTE_ETH_RSS_IP;
		return 0;
	case OPTION_RSS_UDP:
		o->rss_types = RTE_ETH_RSS_UDP;
		return 0;
	case OPTION_STATS_PERIOD:
		return parse_seconds(name, value, &o->stats_period);
	case OPTION_DURATION:
		return parse_seconds(name, value, &o->duration);
	case OPTION_JSON:
		return parse_file(name, value, &o->json);
	case OPTION_INTERACTIVE:
		o->interactive = true;
		return 0;
	case OPTION_CMDLINE_FILE:
		return parse_file(name, value, &o->cmdline_file);
	case OPTION_AUTO_START:
		o->auto_start = true;
		return 0;
	case OPTION_PERF:
		o->perf = true;
		return 0;
	case OPTION_TOP:
		o->top = true;
		return 0;
	case OPTION_CHECK:
		o->check = true;
		return 0;
	case OPTION_HELP:
		options_help("rousepmd");
		return 1;
	case OPTION_NONE:
		break;
	}
	return -EINVAL;
}

/* What getopt could not make sense of. */
static int
bad_option(int id, const char *word)
{
	if (id == ':')
		COMPLAIN("%s: it needs a value; rousepmd -- --help lists the options", word);
	else
		COMPLAIN("%s: no such option, or one that takes no value; rousepmd -- --help lists "
			 "them",
			 word);
	return -EINVAL;
}

/* With one, nothing is forwarded before it is told so. A file of commands is one, too. */
bool
options_have_prompt(const struct options *o)
{
	return o->interactive || o->cmdline_file != NULL;
}

/* Only one of them can have the terminal. */
static int
check_together(const struct options *o)
{
	if (!o->interactive || !o->top)
		return 0;
	COMPLAIN(
		"--interactive and --top: both want the terminal; give one of them (the prompt has top)");
	return -EINVAL;
}

/* "rousepmd --check" says enough, without a "--" before it. EAL has no such option. */
bool
options_is_check(const char *word)
{
	return strcmp(word, "--check") == 0;
}

int
options_parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
#define X(id, name, arg, help)                                                                     \
	{ name, (arg) != NULL ? required_argument : no_argument, NULL, OPTION_##id },
		OPTIONS(X)
#undef X
			{ NULL, 0, NULL, 0 },
	};
	int id, at = 0, ret = 0;

	*o = (struct options){
		.nb_rxq = 1,
		.nb_txq = 1,
		.burst = 32,
		.mbuf_size = RTE_MBUF_DEFAULT_BUF_SIZE,
		.spin = ROUSE_WORKER_SPIN_MEASURED,
		.rss_types = RSS_ALL,
		.fwd = &fwd_io,
	};
	optind = 1;
	opterr = 0; /* bad_option() says it in one line */
	while (ret == 0 && (id = getopt_long(argc, argv, ":ia", table, &at)) != -1) {
		if (id == '?' || id == ':')
			ret = bad_option(id, argv[optind - 1]);
		else if (id == 'i')
			o->interactive = true;
		else if (id == 'a')
			o->auto_start = true;
		else
			ret = parse_one((enum option_id)id, table[at].name, optarg, o);
	}
	if (ret == 0)
		ret = check_together(o);
	opterr = 1; /* EAL's turn is next, and it leaves this to getopt */
	if (ret == 0 && optind < argc) {
		COMPLAIN("%s: options begin with --; rousepmd -- --help lists them", argv[optind]);
		ret = -EINVAL;
	}
	return ret;
}
