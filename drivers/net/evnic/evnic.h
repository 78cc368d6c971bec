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
 *   event rings     wire -> driver   evnic_ring
 *   Tx ring         driver -> wire   evnic_txq.pkts, .head, .tail
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <ethdev_driver.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include <rouse_attn.h>
#include <rouse_counter.h>
#include <rouse_evring.h>
#include <rouse_steer.h>

#include "rouse_evnic.h"

#define EVNIC_MAX_QUEUES ROUSE_STEER_MAX_QUEUES
#define EVNIC_RETA_SIZE	 RTE_ETH_RSS_RETA_SIZE_128
#define EVNIC_KEY_SIZE	 40 /* bytes; Toeplitz key of IPv6 with ports: 36 + 4 */
#define EVNIC_MIN_DESC	 64
#define EVNIC_MAX_DESC	 32768
#define EVNIC_DESC_ALIGN 32
/* bytes: what an mbuf can hold whose buffer length is 16 bits */
#define EVNIC_MAX_FRAME (UINT16_MAX - RTE_PKTMBUF_HEADROOM)
#define EVNIC_BURST	64 /* frames the wire delivers between two looks around */
#define EVNIC_REFILL	32 /* buffers the driver posts at a time */
#define EVNIC_MIN_BUF	64 /* bytes of a buffer */
#define EVNIC_MAX_MAC	16 /* unicast addresses of the port */
#define EVNIC_MAX_MC	64 /* multicast addresses of the list */
/* Bytes of a frame beside the MTU: header and two VLAN tags. The source holds no FCS. */
#define EVNIC_L2_OVERHEAD (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)

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
struct evnic_ring;
struct evnic_rxq;

void evnic_rss_init(struct evnic_rss *rss);
bool evnic_rss_hash(const struct evnic_rss *rss, const struct evnic_parsed *parsed, uint32_t *hash);
int evnic_rss_check(const struct evnic_port *p, const struct rte_eth_rss_conf *conf);
void evnic_rss_apply(struct evnic_rss *rss, const struct rte_eth_rss_conf *conf);
int evnic_rss_hash_update(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int evnic_rss_hash_conf_get(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int evnic_reta_update(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf,
		      uint16_t size);
int evnic_reta_query(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size);

/* evnic_filter.c: which frames are received; addresses, promiscuous modes, MTU */

/* What becomes of a frame, beside the ordinary way, which is 0. */
#define EVNIC_FATE_UNHASHED 0x01 /* it goes to the RSS default queue */
#define EVNIC_FATE_CHAINED  0x02 /* it is longer than the smallest buffer: several of them */
#define EVNIC_FATE_FILTERED 0x04 /* it is for somebody else: dropped */
#define EVNIC_FATE_TOO_LONG 0x08 /* longer than the MTU allows: dropped */
#define EVNIC_FATE_STAMPED  0x10 /* its last 8 bytes say when it came */
#define EVNIC_FATE_DROPPED  (EVNIC_FATE_FILTERED | EVNIC_FATE_TOO_LONG)

struct evnic_filter {
	bool promiscuous;
	bool allmulticast;
	uint32_t max_len; /* bytes: MTU and EVNIC_L2_OVERHEAD */
	uint32_t room;	  /* bytes of the smallest buffer of any receive queue */
	struct rte_ether_addr unicast[EVNIC_MAX_MAC]; /* 0 is the port's own; zero: unused */
	uint32_t nb_multicast;
	struct rte_ether_addr multicast[EVNIC_MAX_MC];
};

void evnic_filter_init(struct evnic_filter *filter, const struct rte_ether_addr *own);
uint8_t evnic_filter_fate(const struct evnic_filter *filter, const uint8_t *frame, uint32_t len);
void evnic_filter_start(struct rte_eth_dev *dev);
int evnic_promiscuous_enable(struct rte_eth_dev *dev);
int evnic_promiscuous_disable(struct rte_eth_dev *dev);
int evnic_allmulticast_enable(struct rte_eth_dev *dev);
int evnic_allmulticast_disable(struct rte_eth_dev *dev);
int evnic_mac_addr_add(struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index,
		       uint32_t pool);
void evnic_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index);
int evnic_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr);
int evnic_set_mc_addr_list(struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb);
int evnic_mtu_set(struct rte_eth_dev *dev, uint16_t mtu);

/* evnic_rules.c: the rules by which frames are taken in */

struct evnic_rules {
	uint32_t version; /* from 1 on, moves on with every change */
	struct evnic_rss rss;
	struct evnic_filter filter;
	bool stamps;
};

void evnic_rules_judge(const struct evnic_rules *rules, struct evnic_frame *f);
void evnic_rules_change(struct evnic_port *p, const struct evnic_rss *rss,
			const struct evnic_filter *filter);
void evnic_rules_copy(struct evnic_port *p, struct evnic_rules *to);

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
	enum rouse_steer_map map;
	uint16_t nb_rings;   /* 0: one a queue, or with map A one a queue and event code */
	uint16_t nb_vectors; /* 0: one a ring */
	bool tx_events;	     /* the worker that receives on a queue sends on it too */
	bool stamps;	     /* frames say when they came */
	char trace[EVNIC_PATH_MAX];
	int numa_node; /* -1: any */
	int wire_cpu;  /* -1: where EAL puts control threads, within the node */
};

int evnic_args_parse(const char *name, const char *params, struct evnic_args *args);

/* evnic_numa.c: memory and processors of the port's node */

bool evnic_numa_node_exists(int node);
void *evnic_numa_alloc(size_t size, int node);
void evnic_numa_free(void *mem, size_t size);
int evnic_numa_pin(pthread_t thread, int node, int cpu);

#include "evnic_ends.h"

#include "evnic_scheme.h"

/* evnic_wire.c: the thread that plays the device */

/* Devices of the wire's attention word. */
enum evnic_wire_bit {
	EVNIC_WIRE_ROOM,    /* room where the wire waits for it: a buffer; ring: queue; a sink */
	EVNIC_WIRE_FRAMES,  /* frames in a pipe to it; ring: 0 */
	EVNIC_WIRE_TX,	    /* frames to send; ring: queue */
	EVNIC_WIRE_CONTROL, /* look at stop and sync_wanted, or at owed events; ring: 0 */
};

/* One list: member, name in xstats, what it counts. Written by the wire thread. */
#define EVNIC_WIRE_STATS(X)                                                                        \
	X(frames, "wire_rx_frames", "frames delivered into buffers")                               \
	X(lost, "wire_rx_lost", "frames that the kernel had no room for; in imissed too")          \
	X(unhashed, "wire_rx_unhashed", "frames that could not be hashed")                         \
	X(messages, "wire_messages", "messages: bits set in an attention, by vector")              \
	X(doorbells, "wire_doorbells", "doorbells rung, those as an interrupt was enabled too")    \
	X(masked, "wire_masked", "messages held by the mask of their vector")                      \
	X(moderated, "wire_moderated", "messages held by the interval of their vector")            \
	X(parks, "wire_parks", "times the wire thread blocked")                                    \
	X(room_waits, "wire_room_waits", "times it waited for a buffer")                           \
	X(tx_waits, "wire_tx_waits", "times it waited for room in the sink")                       \
	X(filtered, "wire_rx_filtered", "frames for other addresses, dropped")                     \
	X(no_carrier, "wire_rx_no_carrier", "frames that came while the link was down")            \
	X(too_long, "wire_rx_too_long", "frames longer than the MTU or a buffer, dropped")         \
	X(tx_frames, "wire_tx_frames", "frames handed to the sink")                                \
	X(tx_events, "wire_events_tx", "events of code TX")                                        \
	X(link_events, "wire_events_link", "events of code LINK")                                  \
	X(error_events, "wire_events_error", "events of code ERROR")                               \
	X(ended, "wire_rx_ended", "1: nothing more will be received, since the last start")

struct evnic_wire_stats {
#define X(member, name, help) rouse_counter member;
	EVNIC_WIRE_STATS(X)
#undef X
};

enum {
#define X(member, name, help) EVNIC_WIRE_##member,
	EVNIC_WIRE_STATS(X)
#undef X
		EVNIC_NB_WIRE_STATS,
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
	bool awaits_driver; /* it starts under workers; control thread, before the thread runs */
	int epoll;
	int timer;
	/* the wire thread's alone */
	struct evnic_source *source; /* NULL: nothing is received */
	struct evnic_sink *sink;     /* NULL: nothing can be sent */
	struct evnic_trace *trace;   /* NULL: none */
	uint64_t touched;	     /* event rings with entries not yet published */
	uint32_t delivered;	     /* frames in them */
	uint32_t unhashed;	     /* of those */
	uint64_t held;		     /* vectors whose messages wait for their interval */
	struct evnic_rxq *blocked;   /* the queue that it waits for, overrun=wait */
	uint32_t needed;	     /* buffers that it waits for there */
	uint16_t first_txq;	     /* whose turn it is, after a sink without room */
	bool is_sink_full;
	bool carrier;		  /* copy of evnic_link.up */
	struct evnic_rules rules; /* copy of evnic_port.rules */
};

void *evnic_wire_main(void *port);

/* evnic_wire_control.c: what control threads do with it */

#define EVNIC_CONTROL_WAIT_US 50 /* between two looks whether one has done what the other asked */

int evnic_wire_init(struct evnic_port *p);
void evnic_wire_fini(struct evnic_port *p);
int evnic_wire_start(struct evnic_port *p);
void evnic_wire_stop(struct evnic_port *p);
void evnic_wire_request(struct evnic_port *p);
void evnic_wire_sync(struct evnic_port *p);

/* evnic_scatter.c: frames longer than a buffer, the wire's side */

bool evnic_scatter_deliver(struct evnic_port *p, const struct evnic_frame *f,
			   struct rouse_steer_path path, uint64_t tsc);

/* evnic_rx.c: receive queues, the driver's side */

struct evnic_rxq {
	/* driver: the lcore that polls the queue */
	struct rouse_evring *entries; /* of its ring or, if that is shared, its stash */
	struct evnic_ring *ring;      /* of its frames */
	struct rte_mbuf **mbufs;      /* posted buffers by index & mask */
	uint64_t *bufs;		      /* their data addresses: what the device is told */
	uint32_t mask;
	uint32_t nb_desc;
	uint32_t limit;		   /* buffers to keep posted; 0: the queue is stopped */
	uint32_t chain;		   /* buffers that the longest frame takes */
	uint32_t room;		   /* bytes of a buffer; read by the wire */
	uint32_t next_post;	   /* index of the next buffer to post */
	_Atomic uint32_t consumed; /* buffers before this index are the application's */
	uint64_t rearm; /* mbuf rearm_data: data offset, one reference, one segment, port */
	struct rte_mempool *pool;
	struct evnic_port *port;
	uint16_t queue;
	bool gathers;				/* its events come by more than a ring of its own */
	bool waits;				/* overrun=wait: the wire may wait for a buffer */
	bool is_dry;				/* what `dry` says */
	bool deferred;				/* dev_start leaves it stopped */
	uint64_t rings;				/* by which its events come, a bit each */
	uint32_t handled[ROUSE_NB_EVENT_CODES]; /* events that the wire is yet to know of */
	struct rouse_evring *stash;    /* its entries out of shared rings; NULL: none is shared */
	uint64_t own_offloads;	       /* RTE_ETH_RX_OFFLOAD_ bits, without the port's */
	uint64_t offloads;	       /* with those */
	uint64_t ol_flags[EVNIC_NB_F]; /* by event flags */
	rouse_counter ipackets, ibytes, nombuf; /* read by control threads */

	/* driver -> wire */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t posted; /* buffers before this index */
	_Atomic bool dry;	   /* the pool had too few mbufs when buffers were posted last */
	_Atomic bool stopped;	   /* control thread: frames without a buffer are dropped */
	_Atomic bool reset_wanted; /* control thread sets it, the wire lets go and clears it */

	/* wire */
	alignas(ROUSE_CACHE_LINE) uint32_t taken; /* index of the next buffer to fill */
	uint32_t posted_seen;
	rouse_counter missed;	 /* no buffer, overrun=drop; read by control threads */
	_Atomic uint32_t filled; /* buffers before this index are published; read by the driver */
	/* the wire is about to block for a buffer; read by the driver after each refill */
	alignas(ROUSE_CACHE_LINE) _Atomic bool room_wanted;

	/* ordinary ethdev users: rx_queue_intr_enable */
	alignas(ROUSE_CACHE_LINE) struct rouse_attn_target own; /* names own_attn */
	struct rouse_attn own_attn;
};

/* Where the address of buffer i lies in bufs: eight to a cache line, and lines that follow each
 * other in time far apart, as in an event ring (rouse_evring_place). */
static inline uint32_t
evnic_buf_place(const struct evnic_rxq *q, uint32_t i)
{
	return ((i >> 3) * 53u << 3 | (i & 7)) & q->mask;
}

int evnic_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		    const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
void evnic_rxq_release(struct rte_eth_dev *dev, uint16_t queue);
void evnic_rxq_free(struct evnic_rxq *q);
int evnic_rxq_fit(struct evnic_rxq *q);
void evnic_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info);
uint32_t evnic_rxq_limit(uint32_t nb_desc);
int evnic_rxq_start(struct evnic_rxq *q);
void evnic_rxq_stop(struct evnic_rxq *q);
void evnic_rxq_reset(struct evnic_rxq *q);
bool evnic_rxq_has_buffers(struct evnic_rxq *q);
uint32_t evnic_rxq_count(void *rxq);
int evnic_rx_descriptor_status(void *rxq, uint16_t offset);
uint16_t evnic_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t evnic_rx_burst_scattered(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* evnic_intr.c: Rx interrupts of ordinary users */

int evnic_intr_init(struct rte_eth_dev *dev);
void evnic_intr_fini(struct rte_eth_dev *dev);
int evnic_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue);
int evnic_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue);

/* evnic_bind.c: queues bound to workers */

extern const struct rouse_attn_port_ops evnic_attn_ops;

bool evnic_is_bound(const struct evnic_port *p);
bool evnic_is_received(const struct evnic_port *p);
void evnic_unbind(struct evnic_port *p, uint16_t queue);
void evnic_plan(struct evnic_port *p);

/* evnic_tx.c: transmit queues, the driver's side, and what the wire takes from them */

/* Why a transmit queue sends nothing. */
#define EVNIC_GATE_STOPPED    0x01 /* nothing is accepted */
#define EVNIC_GATE_NO_CARRIER 0x02 /* what is accepted is dropped and counted in oerrors */

struct evnic_txq {
	/* driver */
	struct rte_mbuf **pkts;
	bool waits;	      /* overrun=wait: tx_burst waits for the sink */
	bool fast_free;	      /* mbufs of one pool, with one reference; since the last start */
	bool deferred;	      /* dev_start leaves it stopped */
	_Atomic uint8_t gate; /* EVNIC_GATE_ bits; control thread -> driver */
	uint32_t mask;
	uint32_t nb_desc;
	uint32_t reclaimed; /* mbufs before this index are freed */
	/* a TX event, in rx_burst, against the stop of the queue by a control thread */
	rte_spinlock_t reclaim_lock;
	struct evnic_port *port;
	struct rouse_attn_target wire;
	uint16_t queue;
	uint64_t own_offloads;		/* RTE_ETH_TX_OFFLOAD_ bits, without the port's */
	rouse_counter opackets, obytes; /* read by control threads */
	rouse_counter odropped;		/* without carrier; read by control threads */
	/* driver -> wire */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t head;
	/* wire -> driver */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t tail;
	rouse_counter errors, error_bytes; /* refused by the sink; read by control threads */
	uint32_t events_posted;		   /* TX events; the wire's alone */
	/* driver -> wire: TX events that were handled */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t events_handled;
};

int evnic_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		    const struct rte_eth_txconf *conf);
void evnic_txq_release(struct rte_eth_dev *dev, uint16_t queue);
void evnic_txq_fit(struct evnic_txq *q);
void evnic_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info);
int evnic_tx_descriptor_status(void *txq, uint16_t offset);
int evnic_tx_done_cleanup(void *txq, uint32_t free_cnt);
void evnic_txq_reclaim(struct evnic_txq *q);
void evnic_txq_stop(struct evnic_txq *q);
bool evnic_txq_waits(const struct evnic_txq *q);
uint32_t evnic_txq_send(struct evnic_txq *q, struct evnic_sink *sink, bool *is_full);
uint16_t evnic_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t evnic_tx_drop(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);

/* evnic_queue.c: single queues: start, stop, what their bursts are */

int evnic_queues_start(struct rte_eth_dev *dev);
void evnic_queues_stop(struct rte_eth_dev *dev);
int evnic_rx_queue_start(struct rte_eth_dev *dev, uint16_t queue);
int evnic_rx_queue_stop(struct rte_eth_dev *dev, uint16_t queue);
int evnic_tx_queue_start(struct rte_eth_dev *dev, uint16_t queue);
int evnic_tx_queue_stop(struct rte_eth_dev *dev, uint16_t queue);
int evnic_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue,
			    struct rte_eth_burst_mode *mode);
int evnic_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue,
			    struct rte_eth_burst_mode *mode);

/* evnic_link.c: carrier, and the event that it has changed */

struct evnic_link {
	_Atomic bool up;	      /* control threads -> wire */
	int event;		      /* eventfd: the link has changed; -1: there is none */
	struct rte_intr_handle *intr; /* how EAL's interrupt thread knows the eventfd */
};

int evnic_link_init(struct rte_eth_dev *dev);
void evnic_link_fini(struct rte_eth_dev *dev);
void evnic_link_start(struct rte_eth_dev *dev);
void evnic_link_stop(struct rte_eth_dev *dev);
int evnic_link_update(struct rte_eth_dev *dev, int wait);
int evnic_set_link_up(struct rte_eth_dev *dev);
int evnic_set_link_down(struct rte_eth_dev *dev);

/* evnic_dump.c: the scheme, for people: rte_eth_dev_priv_dump() */

int evnic_priv_dump(struct rte_eth_dev *dev, FILE *file);

/* evnic_regs.c: the indicators of wire and rings, as registers */

#define EVNIC_REGS_VERSION 2
#define EVNIC_REGS_PORT	   13 /* 32-bit words: of the port, */
#define EVNIC_REGS_RXQ	   8  /* of a receive queue, */
#define EVNIC_REGS_TXQ	   4  /* of a transmit queue, */
#define EVNIC_REGS_RING	   4  /* of an event ring, */
#define EVNIC_REGS_VECTOR  4  /* of a vector */

int evnic_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info);

/* evnic_stats.c */

int evnic_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats);
int evnic_stats_reset(struct rte_eth_dev *dev);
int evnic_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names,
			   unsigned int size);
int evnic_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n);
int evnic_xstats_reset(struct rte_eth_dev *dev);

/* evnic_ethdev.c: the port */

extern const struct eth_dev_ops evnic_ops;

/* What the counters said at the last clear; they only grow. Control threads only. */
struct evnic_stats_zero {
	uint64_t ipackets[EVNIC_MAX_QUEUES], ibytes[EVNIC_MAX_QUEUES], nombuf[EVNIC_MAX_QUEUES];
	uint64_t missed[EVNIC_MAX_QUEUES];
	uint64_t opackets[EVNIC_MAX_QUEUES], obytes[EVNIC_MAX_QUEUES];
	uint64_t oerrors[EVNIC_MAX_QUEUES], oerror_bytes[EVNIC_MAX_QUEUES];
	uint64_t odropped[EVNIC_MAX_QUEUES];
	uint64_t lost, ierrors;
	uint64_t wire[EVNIC_NB_WIRE_STATS]; /* of the extended statistics alone */
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
	bool is_planned;	  /* the driver says which rings share a vector, not the user */
	bool is_processor_chosen; /* the user says which queue is the default processor */
	struct evnic_ring rings[EVNIC_MAX_QUEUES];
	struct evnic_vector vectors[EVNIC_MAX_QUEUES];
	struct evnic_events events;
	struct evnic_trace *trace; /* NULL: none */
	rte_spinlock_t sort_lock;  /* who sorts the entries of shared rings */
	/* control thread, while the port is stopped -> lcores that drain */
	rouse_evnic_event_fn on_event; /* NULL: nobody is told */
	void *on_event_arg;
	struct evnic_rxq *rxq[EVNIC_MAX_QUEUES];
	/* Those that a worker drains, by the registry; such a one outlives its release by ethdev.
	 * Control threads -> the worker, before it knows of the queue. */
	struct evnic_rxq *bound[EVNIC_MAX_QUEUES];
	rte_spinlock_t rings_lock; /* a control thread makes rings; a worker asks what is owed */
	struct evnic_txq *txq[EVNIC_MAX_QUEUES];
	struct evnic_wire wire;
	struct evnic_stats_zero zero;
	struct evnic_link link;
	struct rte_ether_addr macs[EVNIC_MAX_MAC]; /* ethdev's list; the filter has its own */

	pthread_mutex_t lock;	  /* guards the rules against the wire's copying them */
	struct evnic_rules rules; /* as configured */
};

#endif /* EVNIC_H */
