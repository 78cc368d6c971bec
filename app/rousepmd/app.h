/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef APP_H
#define APP_H

/* rousepmd: private declarations, grouped by the file that defines them. */

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_ethdev.h>

#include <rouse_check.h>
#include <rouse_counter.h>
#include <rouse_worker.h>

#define APP_MAX_QUEUES 64
#define APP_MAX_BURST  512
#define FWD_PACKET_LEN 64  /* of those that txonly makes */
#define APP_MAX_PLACES 512 /* of --config */

/* One line to the user, naming what is wrong and what would be right. */
#define COMPLAIN(fmt, ...) fprintf(stderr, "rousepmd: " fmt "\n", ##__VA_ARGS__)

/* options.c */

struct fwd_mode;

enum topology {
	TOPOLOGY_PAIRED,  /* 0 with 1, 2 with 3, the last of an odd number with itself */
	TOPOLOGY_CHAINED, /* 0 to 1, 1 to 2, the last to the first */
	TOPOLOGY_LOOP,	  /* each to itself */
};

/* One (port,queue,lcore) of --config. */
struct assigned {
	uint16_t port;
	uint16_t queue;
	unsigned int lcore;
};

struct options {
	uint16_t nb_rxq;
	uint16_t nb_txq;
	uint16_t nb_rxd; /* 0: what the port suggests */
	uint16_t nb_txd;
	uint16_t burst;
	uint16_t mbuf_size;
	uint32_t nb_mbufs; /* 0: as many as queues and lcores can hold */
	uint32_t nb_cores; /* 0: every worker lcore */
	struct rouse_worker_spin spin;
	struct rouse_worker_settings settings;
	double stats_period; /* s; 0: no lines */
	double duration;     /* s; 0: until the source ends */
	uint64_t rss_types;
	enum rouse_worker_mode rx_mode;
	const struct fwd_mode *fwd;
	enum topology topology;
	uint32_t nb_places;
	struct assigned places[APP_MAX_PLACES]; /* queues that are not dealt out in turn */
	bool flush_rx;		  /* what was received before a start is dropped, as testpmd does */
	const char *json;	  /* path or NULL */
	const char *cmdline_file; /* path or NULL */
	bool interactive;
	bool auto_start; /* with a prompt: forward from the start on */
	bool perf;
	bool top;
	bool check;	 /* instead of forwarding */
	bool check_nics; /* those that nobody named, too */
};

/* Fill `o`; 0, 1: help was printed, or -EINVAL after a complaint. */
int options_parse(int argc, char **argv, struct options *o);
void options_help(const char *program);
bool options_is_check(const char *word);
bool options_have_prompt(const struct options *o);

/* places.c: --config */

int places_parse(const char *name, const char *value, struct options *o);
int places_check(const struct options *o); /* before ports are started */
const struct assigned *places_find(const struct options *o, uint16_t port, uint16_t queue);

/* log.c: what libraries and drivers log goes to stderr */

void log_open(void);

/* Say it, unless a library or driver has said why since the last call of log_mark(). */
void log_mark(void);
void log_complain(const char *fmt, ...) __rte_format_printf(1, 2);

/* eal_args.c: EAL's arguments out of the user's */

bool eal_args_want_pci(int argc, char **argv);
int eal_args_build(int argc, char **argv, char ***out);

/* devices.c: devices that were given, so that one that cannot be made, or used, ends the program */

int devices_add(const char *vdev);
int devices_plug(void);
int devices_allow(const char *device);
bool devices_are_given(void);
bool devices_have_port(const char *address);
bool devices_next_missing(unsigned int *i, struct rouse_check *check);
int devices_check(void);
void devices_explain(struct rouse_check *check);
void devices_watch(void);
int devices_look(void);

/* check.c: --check */

int check_ports(const struct options *o, bool has_eal);

/* starting.c: a signal between these two ends the program at once */

void starting_begin(int signals);
void starting_end(void);

/* fwd.c: what is done with received packets; fwd_*.c: one mode each */

/* One Rx queue and where its packets go; written by the one worker that owns the queue. */
struct fwd_stream {
	uint16_t rx_port;
	uint16_t rx_queue;
	uint16_t tx_port;
	uint16_t tx_queue;
	struct rte_ether_addr tx_mac; /* the Tx port's, as it was at the start */
	bool is_unsignalled;	      /* it is looked at by the time alone, whoever has it */
	bool has_tx_queue;	      /* of its own: only such a one generates packets */
	rouse_counter tx_packets;     /* read by any thread */
	rouse_counter tx_dropped;     /* the Tx ring was full; read by any thread */
};

struct fwd_mode {
	const char *name;
	bool sends;
	rouse_worker_rx_t rx; /* its arg is a struct fwd_stream */
	/* NULL, or what a worker sends of its own accord, again and again */
	void (*generate)(struct fwd_stream *stream, uint16_t burst);
};

extern const struct fwd_mode fwd_io, fwd_mac, fwd_macswap, fwd_rxonly, fwd_txonly;

/* fwd_rxonly.c */
void fwd_drop(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts);

const struct fwd_mode *fwd_find(const char *name);
const char *fwd_names(void);
void fwd_send(struct fwd_stream *stream, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* ports.c: the ports, from configuring to closing */

int ports_start(const struct options *o, unsigned int nb_workers);
/* Stop and close them all; -EFAULT after a complaint: mbufs are missing. */
int ports_stop(void);
bool ports_is_started(uint16_t port);
const char *ports_why_not(uint16_t port); /* it could not be started; empty: nobody knows */
/* One port, from which nobody receives. Start one that was stopped, or reset; stop one; reset or
 * close one that is stopped. 0, -errno */
int ports_start_again(uint16_t port, const struct options *o);
int ports_stop_one(uint16_t port);
int ports_reset_one(uint16_t port);
int ports_close_one(uint16_t port);
void ports_flush(const struct options *o);
struct rte_mempool *ports_pool(void);
bool ports_have_ended(void);
/* An extended statistic; whether the port has one of that name. */
bool ports_xstat(uint16_t port, const char *name, uint64_t *value);

/* perf.c: what Linux counts of a worker's thread */

/* One list: member, what it is called, type and configuration of perf_event_open(2). */
#define PERF_EVENTS(X)                                                                             \
	X(cycles, "cycles", HARDWARE, HW_CPU_CYCLES)                                               \
	X(instructions, "instructions", HARDWARE, HW_INSTRUCTIONS)                                 \
	X(cache_misses, "cache misses", HARDWARE, HW_CACHE_MISSES)                                 \
	X(context_switches, "context switches", SOFTWARE, SW_CONTEXT_SWITCHES)

enum {
#define X(member, text, type, config) PERF_##member,
	PERF_EVENTS(X)
#undef X
		PERF_NB
};

#define PERF_OFF INT_MIN /* not asked for, or its thread has not begun */

struct perf {
	_Atomic int fds[PERF_NB]; /* or -errno, or PERF_OFF; written by the worker's thread */
};

struct perf_count {
	uint64_t value;
	int error; /* errno; 0: it was counted */
};

void perf_init(struct perf *p);
void perf_open(struct perf *p);
void perf_stop(struct perf *p);
bool perf_read(const struct perf *p, struct perf_count *counts);
void perf_close(struct perf *p);
const char *perf_strerror(int error);

/* crew.c: the workers and which queue is whose */

struct crew_member {
	unsigned int lcore;
	uint16_t burst;
	struct rouse_worker *worker;
	uint32_t nb_streams;
	struct fwd_stream *streams; /* in the order of the worker's queues */
	/* Of packets that nobody sent here: whether to go on, written by the main lcore, and
	 * whether the message that does it is on its way, written by who posts or ends it. */
	atomic_bool generates, has_generator;
	const struct fwd_mode *fwd; /* as the crew's */
	struct perf perf;
};

struct crew {
	uint32_t nb;
	const struct fwd_mode *fwd; /* of all streams */
	struct crew_member members[RTE_MAX_LCORE];
};

unsigned int crew_size(const struct options *o);
int crew_check(const struct options *o); /* before ports are started */
int crew_create(struct crew *crew, const struct options *o);
int crew_start(struct crew *crew, const struct options *o);
int crew_launch(struct crew_member *m, const struct options *o);
void crew_stop(struct crew *crew);
struct crew_member *crew_owner(struct crew *crew, uint16_t port, uint16_t queue);
struct fwd_stream *crew_stream(struct crew *crew, uint16_t port, uint16_t queue);
struct crew_member *crew_member(struct crew *crew, unsigned int lcore);
void crew_wire(struct crew *crew, const struct options *o); /* no worker runs */
int crew_adopt(struct crew *crew, uint16_t port);
int crew_abandon(struct crew *crew, uint16_t port, uint16_t queue);
int crew_set_fwd(struct crew *crew, const struct fwd_mode *fwd);
void crew_destroy(struct crew *crew);

/* collect.c: everything that a report says, as it stands */

/* One list: member, the extended statistic of net_evnic that it is. */
#define PORT_WIRE_STATS(X)                                                                         \
	X(rx_frames, "wire_rx_frames")                                                             \
	X(messages, "wire_messages")                                                               \
	X(doorbells, "wire_doorbells")

struct port_report {
	uint16_t port;
	char name[RTE_ETH_NAME_MAX_LEN];
	const char *kind;  /* how workers learn of its packets, of some queue at least */
	bool is_handshake; /* by Rouse's own, of some queue: its driver has event rings and vectors
			      to show */
	struct rte_eth_stats stats;
	uint16_t nb_queues;
	uint64_t q_ipackets[APP_MAX_QUEUES];
	uint64_t q_opackets[APP_MAX_QUEUES];
	uint64_t tx_dropped; /* its Tx queues had no room */
	bool has_wire;	     /* all of these */
	struct {
#define X(member, xstat) uint64_t member;
		PORT_WIRE_STATS(X)
#undef X
	} wire;
};

struct worker_report {
	unsigned int lcore;
	int numa_node; /* of its memory, -1: not known */
	struct rouse_worker_stats stats;
	uint64_t tx_packets;
	uint64_t tx_dropped;
	double wall_s;
	double cpu_s;
	double busy_pct;
	double asleep_pct;
	double cycles_per_packet; /* of busy rounds; 0: no packets */
	uint64_t wake_count;
	uint64_t wake_ns_p50, wake_ns_p99, wake_ns_p999, wake_ns_p9999, wake_ns_max;
	struct rouse_worker_spin_state spin;
	bool has_perf;
	struct perf_count perf[PERF_NB];
};

struct report {
	uint32_t nb_ports;
	struct port_report ports[RTE_MAX_ETHPORTS];
	uint32_t nb_workers;
	struct worker_report workers[RTE_MAX_LCORE];
	double process_cpu_s;
	uint64_t rss_kb;
	uint64_t hugetlb_kb;
};

void collect(const struct crew *crew, struct report *r);
/* A port as it was; NULL: it was not there. */
const struct port_report *collect_find(const struct report *r, uint16_t port);

const char *collect_kind_name(enum rouse_source_kind kind);

/* vectors.c: by which vector a queue's packets wake whom */

struct vector_row {
	uint16_t queue;
	unsigned int lcore; /* of the worker that has the queue */
	enum rouse_source_kind kind;
	int vector; /* -1: the driver does not say */
	int fd;	    /* which the worker waits for; -1: it has none */
	uint64_t arms;
	uint64_t wakes;
	uint64_t messages, doorbells; /* of the vector, where the driver counts them */
};

/* How many rows there are, one for each queue that a worker has. */
uint32_t vectors_collect(const struct crew *crew, uint16_t port,
			 struct vector_row rows[APP_MAX_QUEUES]);

/* telemetry.c: workers on DPDK's socket */

int telemetry_open(const struct crew *crew);
void telemetry_close(void);

/* report.c, report_json.c */

void report_line(const struct report *now, const struct report *before, double seconds);
int report_print(const struct report *r, FILE *out);
bool report_has_errors(const struct report *r);
int report_json_check(const char *path);
int report_json_write(const struct report *r, const char *path);

/* verbose.c: a line a packet, which the main lcore prints for the workers */

int verbose_set(unsigned int level);
unsigned int verbose_level(void);
void verbose_leave_port(uint16_t port);
void verbose_print(void);
void verbose_close(void);

/* top.c: the live view; top_screen.c: its text */

struct top_worker {
	unsigned int lcore;
	struct rouse_worker_stats stats; /* of the period */
	uint64_t p50_ns, p99_ns;
};

struct top_period {
	const struct report *now, *before;
	const struct top_worker *workers; /* in the order of the report's */
	double seconds;			  /* its length */
	double up_s;			  /* since the start */
};

bool top_open(const struct crew *crew);
void top_close(void);
int top_read_key(void);
void top_draw(const struct crew *crew, const struct report *now, const struct report *before,
	      double seconds, double up_s);
void top_put(FILE *out, const struct top_period *p);

#endif /* APP_H */
