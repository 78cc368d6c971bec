/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EVNIC_H
#define EVNIC_H

/*
 * net_evnic, a software NIC: private declarations, grouped by the file that defines them.
 *
 * One wire thread a port plays the device, the lcores that call the ethdev functions play the
 * driver. They meet in three places, each with one writer a side:
 *
 *   posted buffers  driver -> wire   evnic_rxq.bufs, .posted
 *   event ring      wire -> driver   evnic_rxq.ring
 *   Tx ring         driver -> wire   evnic_txq.pkts, .head, .tail
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ethdev_driver.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include <rouse_attn.h>
#include <rouse_counter.h>
#include <rouse_evring.h>
#include <rouse_steer.h>

#define EVNIC_MAX_QUEUES ROUSE_STEER_MAX_QUEUES
#define EVNIC_RETA_SIZE	 RTE_ETH_RSS_RETA_SIZE_128
#define EVNIC_KEY_SIZE	 40 /* bytes; Toeplitz key of IPv6 with ports: 36 + 4 */
#define EVNIC_MIN_DESC	 64
#define EVNIC_MAX_DESC	 32768
#define EVNIC_DESC_ALIGN 32
#define EVNIC_MAX_FRAME	 UINT16_MAX /* bytes: what an mbuf segment's length can say */
#define EVNIC_BURST	 32	    /* frames the wire delivers between two looks around */
#define EVNIC_REFILL	 32	    /* buffers the driver posts at a time */

extern int evnic_logtype;
#define EVNIC_LOG(level, fmt, ...)                                                                 \
	rte_log(RTE_LOG_##level, evnic_logtype, "net_evnic: " fmt "\n", ##__VA_ARGS__)

/* Event flags of net_evnic beside ROUSE_EVENT_F_HASH: what the device found in the checksums. */
#define EVNIC_F_IP_GOOD 0x02
#define EVNIC_F_IP_BAD	0x04
#define EVNIC_F_L4_GOOD 0x08
#define EVNIC_F_L4_BAD	0x10
#define EVNIC_NB_F	0x20 /* flag combinations */

/* evnic_parse.c: what a frame is */

#define EVNIC_TUPLE_WORDS 9 /* two IPv6 addresses and the ports */

struct evnic_parsed {
	uint32_t ptype;			   /* RTE_PTYPE_ bits */
	uint8_t cksum;			   /* EVNIC_F_ bits */
	uint8_t addr_words;		   /* 2: IPv4, 8: IPv6, 0: cannot be hashed */
	bool has_ports;			   /* tuple[addr_words] holds source and destination port */
	uint64_t rss_ip;		   /* RTE_ETH_RSS_ types that hash it by addresses */
	uint64_t rss_l4;		   /* RTE_ETH_RSS_ type that hashes it by ports too */
	uint32_t tuple[EVNIC_TUPLE_WORDS]; /* source, destination, ports; words in host order */
};

void evnic_parse(const uint8_t *frame, uint32_t len, struct evnic_parsed *out);

/* evnic_rss.c: Toeplitz hash, key, RETA ops */

#define EVNIC_RSS_TYPES                                                                            \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |                 \
	 RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_SCTP |                            \
	 RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 |               \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP |                             \
	 RTE_ETH_RSS_NONFRAG_IPV6_SCTP | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)

struct evnic_rss {
	uint64_t types; /* RTE_ETH_RSS_ types; 0: everything goes to the default queue */
	uint8_t key[EVNIC_KEY_SIZE];
};

struct evnic_port;
struct evnic_frame;

void evnic_rss_init(struct evnic_rss *rss);
bool evnic_rss_hash(const struct evnic_rss *rss, const struct evnic_parsed *parsed, uint32_t *hash);
void evnic_rss_frame(const struct evnic_rss *rss, uint32_t version, struct evnic_frame *f);
int evnic_rss_check(const struct evnic_port *p, const struct rte_eth_rss_conf *conf);
void evnic_rss_apply(struct evnic_rss *rss, const struct rte_eth_rss_conf *conf);
int evnic_rss_hash_update(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int evnic_rss_hash_conf_get(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int evnic_reta_update(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf,
		      uint16_t size);
int evnic_reta_query(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size);

/* evnic_devargs.c: the device's arguments */

enum evnic_pace_mode {
	EVNIC_PACE_MAX,	 /* as fast as the driver takes them */
	EVNIC_PACE_ORIG, /* as recorded, by the speed factor */
	EVNIC_PACE_PPS,	 /* so many frames a second */
};

enum evnic_overrun {
	EVNIC_OVERRUN_WAIT, /* the wire waits for a buffer: nothing is lost */
	EVNIC_OVERRUN_DROP, /* the frame is dropped and counted in imissed */
};

#define EVNIC_PATH_MAX	1024
#define EVNIC_IFACE_MAX 16 /* IF_NAMESIZE */

struct evnic_args {
	/* one of each at most; none: nothing is received, what is sent is dropped */
	char rx_pcap[EVNIC_PATH_MAX]; /* "": none; so are the others */
	char tx_pcap[EVNIC_PATH_MAX];
	char rx_iface[EVNIC_IFACE_MAX];
	char tx_iface[EVNIC_IFACE_MAX];
	const char *rx_iface_key, *tx_iface_key; /* "iface" or the key of one direction */
	char cable[RTE_ETH_NAME_MAX_LEN];	 /* the port at its other end */
	enum evnic_pace_mode pace;
	enum evnic_overrun overrun;
	uint64_t pps;
	double speed;
	uint64_t loops; /* 0: for ever */
	int numa_node;	/* -1: any */
	int wire_cpu;	/* -1: where EAL puts control threads, within the node */
};

int evnic_args_parse(const char *name, const char *params, struct evnic_args *args);

/* evnic_numa.c: memory and processors of the port's node */

bool evnic_numa_node_exists(int node);
void *evnic_numa_alloc(size_t size, int node);
void evnic_numa_free(void *mem, size_t size);
int evnic_numa_pin(pthread_t thread, int node, int cpu);

/* evnic_replay.c: the frames of a capture file, in memory and parsed */

struct evnic_frame {
	const uint8_t *data;
	uint64_t offset_ns; /* since the first frame, never falling */
	uint32_t len;
	uint32_t hash;
	uint32_t ptype;
	uint8_t flags; /* ROUSE_EVENT_F_ and EVNIC_F_ bits */
	uint32_t rss_version;
};

struct evnic_chunk;

struct evnic_replay {
	struct evnic_frame *frames;
	size_t frames_size; /* bytes */
	uint64_t nb_frames;
	uint64_t span_ns; /* from the first frame of a loop to the first of the next */
	uint32_t longest; /* bytes of the longest frame */
	struct evnic_chunk *chunks;
};

int evnic_replay_load(struct evnic_replay *r, const char *name, const char *path, int numa_node);
void evnic_replay_free(struct evnic_replay *r);

/* Sources: what gives the wire its frames. The wire thread's alone while it runs. */

/* How the wire goes on. */
enum evnic_next {
	EVNIC_MORE,	 /* at once */
	EVNIC_WAIT_TIME, /* the next frame is not due yet */
	EVNIC_WAIT_ROOM, /* no buffer in the frame's queue, overrun=wait */
	EVNIC_SILENT,	 /* no frame: the source's fd or its handshake will say that there is one */
	EVNIC_ENDED,	 /* there will be no frame any more */
};

/* What a source has to say. */
struct evnic_batch {
	struct evnic_frame *frames; /* valid until they are advanced over */
	uint32_t nb_frames;
	enum evnic_next next; /* without a frame: why */
	uint64_t due_ns;      /* EVNIC_WAIT_TIME: of CLOCK_MONOTONIC */
};

struct evnic_source;

/* Each but peek, advance and destroy may be NULL. */
struct evnic_source_ops {
	/* control thread, before the wire runs: begin from the beginning; 0 or -errno, logged */
	int (*start)(struct evnic_source *s);
	/* wire thread, first of all: the hash is known now */
	void (*prepare)(struct evnic_source *s, const struct evnic_rss *rss, uint32_t version);
	/* the next frames, at most max of them; asked again, it says the same */
	void (*peek)(struct evnic_source *s, uint32_t max, struct evnic_batch *out);
	/* n frames are finished with */
	void (*advance)(struct evnic_source *s, uint32_t n);
	/* the look before blocking of a source that was silent and follows the handshake */
	bool (*has_frames)(const struct evnic_source *s);
	/* control thread, after the wire has ended */
	void (*stop)(struct evnic_source *s);
	void (*destroy)(struct evnic_source *s);
};

struct evnic_source {
	const struct evnic_source_ops *ops;
	uint32_t longest; /* bytes of its longest frame; 0: not known, it leaves longer ones out */
	uint32_t max_len; /* bytes that the buffers of every queue hold; set before start */
	int fd;		  /* readable when there are frames, edge-triggered; -1: none */
	bool spins;	  /* waiting for a buffer, look for it so long before blocking */
};

/* evnic_source_pcap.c: the replay of a capture */

struct evnic_source *evnic_source_pcap_create(const struct evnic_port *p);

/* evnic_iface.c: a kernel interface, by libpcap */

struct pcap;

struct evnic_iface {
	const char *port; /* for messages: the port, and the argument that named the interface */
	const char *key;
	const char *name;
	bool is_rx;
};

int evnic_iface_open(const struct evnic_iface *i, struct pcap **out);
int evnic_iface_check(const struct evnic_iface *i);

/* evnic_source_iface.c: what a kernel interface receives */

struct evnic_source *evnic_source_iface_create(struct evnic_port *p);

/* Sinks: where the wire puts the frames that were sent. The wire thread's alone while it runs. */

struct evnic_sink;

/* Each but write and destroy may be NULL. */
struct evnic_sink_ops {
	/* control thread, before the wire runs; 0 or -errno, logged */
	int (*start)(struct evnic_sink *s);
	/* 0; -EAGAIN: no room now; another -errno: refused */
	int (*write)(struct evnic_sink *s, const struct rte_mbuf *pkt);
	/* some frames were written, and it is another's turn */
	void (*push)(struct evnic_sink *s);
	/* the wire is about to block */
	void (*flush)(struct evnic_sink *s);
	/* after -EAGAIN, before blocking: wake the wire when there is room, or no longer */
	void (*want_room)(struct evnic_sink *s, bool wanted);
	/* the look after that */
	bool (*has_room)(const struct evnic_sink *s);
	/* control thread, after the wire has ended */
	void (*stop)(struct evnic_sink *s);
	void (*destroy)(struct evnic_sink *s);
};

struct evnic_sink {
	const struct evnic_sink_ops *ops;
};

/* evnic_sink_pcap.c: a capture file */

struct evnic_sink *evnic_sink_pcap_create(const struct evnic_port *p);

/* evnic_sink_iface.c: a kernel interface that frames go out of */

struct evnic_sink *evnic_sink_iface_create(struct evnic_port *p);

/* evnic_pipe.c: frames from one wire thread to another, or to itself */

struct evnic_pipe;
struct evnic_wire_stats;

struct evnic_pipe *evnic_pipe_create(int numa_node);
void evnic_pipe_destroy(struct evnic_pipe *pipe);
void evnic_pipe_set_receiver(struct evnic_pipe *pipe, struct rouse_attn *receiver);
void evnic_pipe_set_sender(struct evnic_pipe *pipe, struct rouse_attn *sender);
void evnic_pipe_drain(struct evnic_pipe *pipe);
struct evnic_sink *evnic_pipe_sink(struct evnic_pipe *pipe);
struct evnic_source *evnic_pipe_source(struct evnic_pipe *pipe, struct evnic_wire_stats *stats);

/* evnic_cable.c: two ports joined by two pipes */

struct evnic_cable;

int evnic_cable_attach(struct evnic_port *p);
void evnic_cable_detach(struct evnic_port *p);
void evnic_cable_plug_in(struct evnic_port *p);
void evnic_cable_pull_out(struct evnic_port *p);

/* evnic_loopback.c: a port that receives what it sends, rte_eth_conf.lpbk_mode */

int evnic_loopback_set(struct evnic_port *p, bool wanted);
void evnic_loopback_destroy(struct evnic_port *p);

/* evnic_ends.c: a port's source and sink */

int evnic_ends_create(struct evnic_port *p);
int evnic_ends_start(struct evnic_port *p);
void evnic_ends_stop(struct evnic_port *p);
void evnic_ends_destroy(struct evnic_port *p);
uint32_t evnic_ends_longest(const struct evnic_port *p);
struct evnic_source *evnic_ends_source(const struct evnic_port *p);
struct evnic_sink *evnic_ends_sink(const struct evnic_port *p);

/* evnic_wire.c: the thread that plays the device */

/* Devices of the wire's attention word. */
enum evnic_wire_bit {
	EVNIC_WIRE_ROOM,    /* room where the wire waits for it: a buffer; ring: queue; a sink */
	EVNIC_WIRE_FRAMES,  /* frames in a pipe to it; ring: 0 */
	EVNIC_WIRE_TX,	    /* frames to send; ring: queue */
	EVNIC_WIRE_CONTROL, /* look at stop and sync_wanted; ring: 0 */
};

/* One list: member, name in xstats, what it counts. Written by the wire thread. */
#define EVNIC_WIRE_STATS(X)                                                                        \
	X(frames, "wire_rx_frames", "frames delivered into buffers")                               \
	X(too_long, "wire_rx_too_long", "frames left out, longer than a buffer")                   \
	X(lost, "wire_rx_lost", "frames that the kernel had no room for; in imissed too")          \
	X(unhashed, "wire_rx_unhashed", "frames that could not be hashed")                         \
	X(messages, "wire_messages", "handshakes: event rings that were signalled")                \
	X(doorbells, "wire_doorbells", "doorbells rung")                                           \
	X(parks, "wire_parks", "times the wire thread blocked")                                    \
	X(room_waits, "wire_room_waits", "times it waited for a buffer")                           \
	X(tx_waits, "wire_tx_waits", "times it waited for room in the sink")                       \
	X(tx_frames, "wire_tx_frames", "frames written to the sink")                               \
	X(tx_errors, "wire_tx_errors", "frames the sink refused")                                  \
	X(ended, "wire_rx_ended", "1: the source has ended, every frame was delivered")

struct evnic_wire_stats {
#define X(member, name, help) rouse_counter member;
	EVNIC_WIRE_STATS(X)
#undef X
};

struct evnic_wire {
	struct rouse_attn attn; /* the wire as a consumer: of buffers, Tx frames, control */
	struct evnic_wire_stats stats;
	_Atomic bool stop;	      /* control thread -> wire */
	_Atomic uint32_t sync_wanted; /* control thread -> wire: counts requests */
	_Atomic uint32_t sync_done;   /* wire -> control thread: the last one honoured */
	_Atomic bool alive;	      /* the thread honours requests; cleared by it at its end */
	pthread_t thread;	      /* control threads only */
	bool running;		      /* control threads only: to be joined */
	int epoll;
	int timer;
	/* the wire thread's alone */
	struct evnic_source *source; /* NULL: nothing is received */
	struct evnic_sink *sink;     /* NULL: nothing can be sent */
	uint64_t touched;	     /* event rings with entries not yet published */
	struct evnic_rxq *blocked;   /* the queue that it waits for, overrun=wait */
	uint16_t first_txq;	     /* whose turn it is, after a sink without room */
	bool is_sink_full;
	struct evnic_rss rss; /* copy of evnic_port.rss */
	uint32_t rss_version;
};

int evnic_wire_init(struct evnic_port *p);
void evnic_wire_fini(struct evnic_port *p);
int evnic_wire_start(struct evnic_port *p);
void evnic_wire_stop(struct evnic_port *p);
void evnic_wire_sync(struct evnic_port *p);

/* evnic_rx.c: receive queues, the driver's side */

struct evnic_rxq {
	/* driver: the lcore that polls the queue */
	struct rouse_evring *ring; /* this queue's event ring; the wire produces into it */
	struct rte_mbuf **mbufs;   /* posted buffers by index & mask */
	uint64_t *bufs;		   /* their data addresses: what the device is told */
	uint32_t mask;
	uint32_t nb_desc;
	uint32_t next_post; /* index of the next buffer to post */
	uint64_t rearm;	    /* mbuf rearm_data: data offset, one reference, one segment, port */
	struct rte_mempool *pool;
	struct evnic_port *port;
	uint16_t queue;
	bool waits;				/* overrun=wait: the wire may wait for a buffer */
	uint64_t offloads;			/* RTE_ETH_RX_OFFLOAD_ bits */
	uint64_t ol_flags[EVNIC_NB_F];		/* by event flags */
	rouse_counter ipackets, ibytes, nombuf; /* read by control threads */

	/* driver -> wire */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t posted; /* buffers before this index */

	/* wire */
	alignas(ROUSE_CACHE_LINE) uint32_t taken; /* index of the next buffer to fill */
	uint32_t posted_seen;
	uint32_t pending;	  /* entries written, not yet published */
	rouse_counter missed;	  /* no buffer, overrun=drop; read by control threads */
	_Atomic bool room_wanted; /* the wire is about to block for a buffer; read by the driver */

	/* vector: where the events of this queue's ring are signalled */
	alignas(ROUSE_CACHE_LINE) _Atomic(const struct rouse_attn_target *) target;
	struct rouse_attn_target own; /* names own_attn */
	struct rouse_attn own_attn;   /* of ordinary ethdev users: rx_queue_intr_enable */
};

int evnic_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		    const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
void evnic_rxq_release(struct rte_eth_dev *dev, uint16_t queue);
void evnic_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info);
int evnic_rxq_start(struct evnic_rxq *q);
void evnic_rxq_stop(struct evnic_rxq *q);
bool evnic_rxq_has_buffers(struct evnic_rxq *q);
uint32_t evnic_rxq_count(void *rxq);
uint16_t evnic_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* evnic_vector.c: Rx interrupts of ordinary users, and the worker's binding */

extern const struct rouse_attn_port_ops evnic_attn_ops;

int evnic_intr_init(struct rte_eth_dev *dev);
void evnic_intr_fini(struct rte_eth_dev *dev);
int evnic_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue);
int evnic_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue);

/* evnic_tx.c: transmit queues, the driver's side, and what the wire takes from them */

struct evnic_txq {
	/* driver */
	struct rte_mbuf **pkts;
	bool waits; /* overrun=wait: tx_burst waits for the sink */
	uint32_t mask;
	uint32_t nb_desc;
	uint32_t reclaimed; /* mbufs before this index are freed */
	struct evnic_port *port;
	struct rouse_attn_target wire;
	uint16_t queue;
	rouse_counter opackets, obytes; /* read by control threads */
	/* driver -> wire */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t head;
	/* wire -> driver */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t tail;
};

int evnic_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		    const struct rte_eth_txconf *conf);
void evnic_txq_release(struct rte_eth_dev *dev, uint16_t queue);
void evnic_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info);
/* What became of a queue's frames. */
struct evnic_sent {
	uint32_t frames; /* taken from the queue, the refused ones included */
	uint32_t errors; /* refused by the sink */
	bool is_full;	 /* the sink has no room, overrun=wait */
};

uint32_t evnic_txq_stop(struct evnic_txq *q);
bool evnic_txq_waits(const struct evnic_txq *q);
void evnic_txq_send(struct evnic_txq *q, struct evnic_sink *sink, struct evnic_sent *sent);
uint16_t evnic_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t evnic_tx_drop(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* evnic_stats.c */

int evnic_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats);
int evnic_stats_reset(struct rte_eth_dev *dev);
int evnic_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names,
			   unsigned int size);
int evnic_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n);
int evnic_xstats_reset(struct rte_eth_dev *dev);

/* evnic_ethdev.c: the port */

/* What the counters said at the last clear; they only grow. Control threads only. */
struct evnic_stats_zero {
	uint64_t ipackets[EVNIC_MAX_QUEUES], ibytes[EVNIC_MAX_QUEUES], nombuf[EVNIC_MAX_QUEUES];
	uint64_t missed[EVNIC_MAX_QUEUES];
	uint64_t opackets[EVNIC_MAX_QUEUES], obytes[EVNIC_MAX_QUEUES];
	uint64_t lost;
	uint64_t oerrors;
};

struct evnic_port {
	struct rte_eth_dev_data *data;
	struct evnic_args args;
	struct evnic_source *source; /* NULL: nothing is received */
	struct evnic_sink *sink;     /* NULL: what is sent is dropped */
	struct evnic_cable *cable;   /* NULL: none; source and sink are its pipes' ends */
	int cable_end;
	/* in place of the source and sink above while lpbk_mode is configured */
	struct {
		bool is_on;
		struct evnic_pipe *pipe; /* NULL: not wanted yet */
		struct evnic_source *source;
		struct evnic_sink *sink;
	} loopback;
	struct rouse_steer steer;
	struct evnic_rxq *rxq[EVNIC_MAX_QUEUES];
	struct evnic_txq *txq[EVNIC_MAX_QUEUES];
	struct evnic_wire wire;
	struct evnic_stats_zero zero;
	struct rte_ether_addr mac;

	pthread_mutex_t lock;	      /* guards rss against the wire's copying it */
	struct evnic_rss rss;	      /* as configured */
	_Atomic uint32_t rss_version; /* moves on with every change of rss */
};

#endif /* EVNIC_H */
