/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_H
#define IGB_H

/*
 * net_igb, a PMD for Intel's 82576 family: private declarations, grouped by the file that defines
 * them. Numbers such as 8.8.12 are sections of the 82576EB datasheet, revision 2.6.
 *
 * A queue is its lcore's, everything else is the control threads', one at a time a port, as ethdev
 * has it. What both touch says so.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <bus_pci_driver.h>
#include <ethdev_driver.h>
#include <rte_io.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include <rouse_attn.h>
#include <rouse_counter.h>

#include "igb_desc.h"
#include "igb_family.h"
#include "igb_plan.h"
#include "igb_regs.h"
#include "rouse_igb.h"

#define IGB_RETA_SIZE  RTE_ETH_RSS_RETA_SIZE_128
#define IGB_KEY_SIZE   40 /* bytes */
#define IGB_MIN_DESC   64
#define IGB_MAX_DESC   4096
#define IGB_DESC_ALIGN 32   /* descriptors: a refill never wraps */
#define IGB_REFILL     32   /* buffers that are posted at a time */
#define IGB_MIN_BUF    1024 /* bytes of a buffer: what SRRCTL can say */
#define IGB_MAX_FRAME  9728 /* bytes, FCS included: 9.5 KB */
#define IGB_MAX_SEGS   40   /* of a frame to send */
#define IGB_MAX_ADDRS  32
/* Bytes of a frame beside the MTU: header, FCS, two VLAN tags. */
#define IGB_L2_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)

extern int igb_logtype;
#define IGB_LOG(level, fmt, ...)                                                                   \
	rte_log(RTE_LOG_##level, igb_logtype, "net_igb: " fmt "\n", ##__VA_ARGS__)

struct igb_port;

/* igb_devargs.c: the device's arguments */

struct igb_args {
	uint16_t nb_queues;	/* that the port says it has, at most */
	uint16_t nb_vectors;	/* for queues, at most; 0: as many as there are */
	uint16_t per_owner;	/* vectors of one owner before its queues share */
	bool doorbell;		/* vectors ring their owner's doorbell */
	bool nvm_check;		/* refuse a device whose NVM does not add up */
	uint32_t moderation_us; /* of each vector, at start */
};

int igb_args_parse(const char *name, const struct rte_devargs *devargs, struct igb_args *args);

/* igb_hw.c: the device: reset, NVM, PHY */

struct igb_hw {
	volatile uint8_t *bar; /* BAR 0 */
	const struct igb_family *family;
	const char *name; /* of the device, for messages */
};

#ifdef IGB_DEVICE_OF_TEST
/* A test plays the device. */
uint32_t igb_read(const struct igb_hw *hw, uint32_t reg);
void igb_write(const struct igb_hw *hw, uint32_t reg, uint32_t value);
#else
static inline uint32_t
igb_read(const struct igb_hw *hw, uint32_t reg)
{
	return rte_read32(hw->bar + reg);
}

static inline void
igb_write(const struct igb_hw *hw, uint32_t reg, uint32_t value)
{
	rte_write32(value, hw->bar + reg);
}
#endif

/* Writes are posted: they have arrived when this returns. And what the device wrote to memory
 * before it answered is there, as a read's answer does not overtake writes. */
static inline void
igb_flush(const struct igb_hw *hw)
{
	igb_read(hw, IGB_STATUS);
}

int igb_hw_reset(const struct igb_hw *hw);
int igb_hw_check_nvm(const struct igb_hw *hw);
int igb_hw_read_nvm(const struct igb_hw *hw, uint16_t word, uint16_t *value);
int igb_hw_read_addr(const struct igb_hw *hw, struct rte_ether_addr *addr);
int igb_hw_poll(const struct igb_hw *hw, uint32_t reg, uint32_t mask, uint32_t wanted, uint32_t ms);

/* igb_phy.c: the PHY behind the MAC */

int igb_phy_start(const struct igb_hw *hw);
int igb_phy_stop(const struct igb_hw *hw);

/* igb_vector.c: vectors of queues: which cause goes where, arming, moderation */

/* One list: member, name in xstats, what it counts. Of a vector; written under its lock. */
#define IGB_VECTOR_STATS(X)                                                                        \
	X(arms, "arms", "times it was armed in the device")                                        \
	X(joins, "joins",                                                                          \
	  "queues armed with one that was armed just before: no register is touched")              \
	X(disarms, "disarms", "times it was disarmed in the device")                               \
	X(fires, "fires", "times it was fired by the driver: a packet came before it was armed")

struct igb_vector {
	rte_spinlock_t lock; /* of what follows: lcores that share it, and control threads */
	uint32_t armed;	     /* queues, a bit each */
	bool is_fresh;	     /* armed, and since then nothing was disarmed: it may not have fired */
	bool is_shared;	     /* by two owners: see igb_plan_is_shared() */
	uint32_t moderation_us; /* as the device has it */
	/* of intr.lock: whose doorbell it rings; NULL: its own eventfd */
	const struct rouse_attn *rings;
#define X(member, name, help) rouse_counter member;
	IGB_VECTOR_STATS(X)
#undef X
};

struct igb_intr {
	bool is_enabled; /* the kernel has the eventfds */
	bool is_on;	 /* and queues have vectors */
	struct igb_vector vectors[IGB_MAX_VECTORS];
	rte_spinlock_t lock; /* of what follows; taken before a vector's */
	struct igb_plan plan;
	uint32_t ivar[8];	 /* what was written there */
	_Atomic uint32_t mapped; /* queues whose entry is valid, a bit each; their lcores read it */
	rouse_counter ivar_writes, moves;
};

void igb_vectors_tell_shared(struct igb_port *p);
void igb_vector_unmap(struct igb_port *p, uint16_t queue);
void igb_vector_moderate(struct igb_port *p, uint16_t vector, uint32_t us);
int igb_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue);
int igb_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue);

/* igb_intr.c: MSI-X, from the start of the port to its stop */

void igb_intr_init(struct igb_port *p);
int igb_intr_start(struct rte_eth_dev *dev);
int igb_intr_enable(struct rte_eth_dev *dev);
void igb_intr_stop(struct rte_eth_dev *dev);
void igb_intr_tell_vector(struct igb_port *p, uint16_t queue);

/* igb_bind.c: which worker a queue's interrupt is for */

int igb_check_let_go(const struct igb_port *p, uint16_t first, uint16_t nb, const char *what);

extern const struct rouse_attn_port_ops igb_attn_ops;

/* igb_reset.c: a device that was reset behind the port's back */

void igb_reset_look(struct rte_eth_dev *dev);
int igb_reset_mend(struct igb_port *p);
void igb_reset_forget(struct rte_eth_dev *dev);

/* igb_link.c: link and its event */

int igb_link_update(struct rte_eth_dev *dev, int wait);
int igb_set_link_up(struct rte_eth_dev *dev);
int igb_set_link_down(struct rte_eth_dev *dev);
void igb_link_start(struct rte_eth_dev *dev);
void igb_link_stop(struct rte_eth_dev *dev);
void igb_link_on_interrupt(void *arg);

/* igb_rss.c: hash, key, redirection table */

#define IGB_RSS_TYPES                                                                              \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |          \
	 RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_IPV6_EX | RTE_ETH_RSS_NONFRAG_IPV6_TCP |                   \
	 RTE_ETH_RSS_IPV6_TCP_EX | RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_IPV6_UDP_EX)

struct igb_rss {
	uint64_t types; /* RTE_ETH_RSS_ types; 0: everything goes to queue 0 */
	uint8_t key[IGB_KEY_SIZE];
	uint8_t reta[IGB_RETA_SIZE];
};

uint32_t igb_rss_mrqc(uint64_t types);
uint32_t igb_rss_key_word(const uint8_t key[IGB_KEY_SIZE], uint32_t index);
uint32_t igb_rss_reta_word(const uint8_t reta[IGB_RETA_SIZE], uint32_t index);
void igb_rss_init(struct igb_rss *rss);
int igb_rss_configure(struct rte_eth_dev *dev);
void igb_rss_start(struct igb_port *p);
int igb_rss_hash_update(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int igb_rss_hash_conf_get(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int igb_reta_update(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size);
int igb_reta_query(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size);

/* igb_filter.c: which frames are received */

struct igb_filter {
	uint32_t mta[IGB_MTA_WORDS];   /* multicast addresses, hashed */
	uint32_t vfta[IGB_VFTA_WORDS]; /* VLAN ids */
};

void igb_filter_init(struct igb_port *p);
uint32_t igb_filter_rctl(const struct rte_eth_dev *dev);
void igb_filter_start(struct rte_eth_dev *dev);
int igb_promiscuous_enable(struct rte_eth_dev *dev);
int igb_promiscuous_disable(struct rte_eth_dev *dev);
int igb_allmulticast_enable(struct rte_eth_dev *dev);
int igb_allmulticast_disable(struct rte_eth_dev *dev);
int igb_mac_addr_add(struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index,
		     uint32_t pool);
void igb_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index);
int igb_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr);
int igb_set_mc_addr_list(struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb);
int igb_mtu_set(struct rte_eth_dev *dev, uint16_t mtu);
int igb_vlan_filter_set(struct rte_eth_dev *dev, uint16_t vlan, int on);
int igb_vlan_offload_set(struct rte_eth_dev *dev, int mask);

/* igb_rx.c: the receive path */

struct igb_rxq {
	union igb_rx_desc *ring;
	struct rte_mbuf **mbufs; /* of each descriptor; NULL: its buffer was received */
	const uint64_t *flags;	 /* RTE_MBUF_F_RX_ flags by igb_rx_flags_index() */
	const uint32_t *ptypes;	 /* RTE_PTYPE_ bits by IGB_RX_TYPE() */
	const struct igb_hw *hw;
	uint32_t tail; /* RDT */
	uint16_t nb_desc;
	uint16_t next;		 /* descriptor that is looked at next; others may ask */
	uint16_t refill;	 /* the next one that gets a buffer, a multiple of IGB_REFILL */
	uint16_t nb_free;	 /* descriptors without a buffer; others may ask */
	_Atomic bool is_started; /* control thread -> lcore; a stopped queue gets no buffers */
	struct rte_mempool *pool;
	uint64_t rearm;	       /* mbuf rearm_data: data offset, one reference, one segment, port */
	struct rte_mbuf *head; /* of a frame that is not complete yet */
	struct rte_mbuf *last;
	struct igb_port *port;
	uint16_t queue;
	bool is_deferred; /* dev_start leaves it stopped */
	bool drop;
	uint64_t offloads;
	uint64_t iova; /* of the ring */
	const struct rte_memzone *zone;
	rouse_counter ipackets, ibytes, nombuf; /* read by control threads */
};

/* A mbuf's data offset, references, segments and port are one word. */
static inline uint64_t *
igb_rearm_word(struct rte_mbuf *m)
{
	uintptr_t at = (uintptr_t)&m->rearm_data;

	return (uint64_t *)at;
}

uint16_t igb_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t igb_rx_burst_scattered(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts);
void igb_rxq_refill(struct igb_rxq *q);
bool igb_rxq_has_packets(const struct igb_rxq *q);

static inline bool
igb_rxq_is_started(const struct igb_rxq *q)
{
	/* pairs with the release at the end of its start: the ring is as it was left there */
	return atomic_load_explicit(&q->is_started, memory_order_acquire);
}

uint32_t igb_rxq_count(void *rxq);
int igb_rx_descriptor_status(void *rxq, uint16_t offset);

/* igb_rxq.c: receive queues, from set-up to release */

int igb_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		  const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
void igb_rxq_release(struct rte_eth_dev *dev, uint16_t queue);
void igb_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info);
uint32_t igb_rxq_room(const struct igb_rxq *q);
int igb_rx_queue_start(struct rte_eth_dev *dev, uint16_t queue);
int igb_rx_queue_stop(struct rte_eth_dev *dev, uint16_t queue);
int igb_rx_start(struct rte_eth_dev *dev);
void igb_rx_stop(struct rte_eth_dev *dev);
int igb_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_burst_mode *mode);

/* igb_tx.c: the transmit path */

struct igb_txq {
	union igb_tx_desc *ring;
	struct rte_mbuf **mbufs; /* to be freed when the descriptor is done; NULL: nothing is */
	uint16_t *reports;	 /* descriptors that report, in order: a ring of nb_desc */
	const struct igb_hw *hw;
	uint32_t tail; /* TDT */
	uint16_t nb_desc;
	uint16_t next;	  /* descriptor that is written next */
	uint16_t last;	  /* and the last one of the frame before */
	uint16_t clean;	  /* the first one that is not reclaimed */
	uint16_t nb_free; /* always one less than could be: a full ring looks like an empty one */
	uint16_t enough;  /* with so many free nothing is reclaimed */
	uint16_t first_report, next_report;
	bool fast_free;		 /* mbufs of one pool, with one reference */
	_Atomic bool is_started; /* control thread -> lcore; a stopped queue takes nothing */
	struct igb_tx_context contexts[IGB_TX_CONTEXTS]; /* that the device has */
	uint8_t slot;					 /* the context that is replaced next */
	struct igb_port *port;
	uint16_t queue;
	bool is_deferred;
	uint64_t offloads;
	uint64_t iova;
	const struct rte_memzone *zone;
	rouse_counter opackets, obytes; /* read by control threads */
};

static inline bool
igb_txq_is_started(const struct igb_txq *q)
{
	/* pairs with the release at the end of its start: the ring is as it was left there */
	return atomic_load_explicit(&q->is_started, memory_order_acquire);
}

uint16_t igb_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);
uint16_t igb_tx_prepare(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts);
void igb_txq_reclaim(struct igb_txq *q, uint32_t max);
int igb_tx_descriptor_status(void *txq, uint16_t offset);
int igb_tx_done_cleanup(void *txq, uint32_t nb);

/* igb_txq.c: transmit queues, from set-up to release */

int igb_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		  const struct rte_eth_txconf *conf);
void igb_txq_release(struct rte_eth_dev *dev, uint16_t queue);
void igb_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info);
int igb_tx_queue_start(struct rte_eth_dev *dev, uint16_t queue);
int igb_tx_queue_stop(struct rte_eth_dev *dev, uint16_t queue);
int igb_tx_start(struct rte_eth_dev *dev);
void igb_tx_stop(struct rte_eth_dev *dev);
int igb_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_burst_mode *mode);

/* igb_stats.c */

/* The device's counters that the driver reads: member, register, its upper half or 0, name in
 * xstats. Reading clears them: the driver sums up. 8.19 */
#define IGB_HW_STATS(X)                                                                            \
	X(crc_errors, 0x04000, 0, "rx_crc_errors")                                                 \
	X(align_errors, 0x04004, 0, "rx_align_errors")                                             \
	X(symbol_errors, 0x04008, 0, "rx_symbol_errors")                                           \
	X(rx_errors, 0x0400c, 0, "rx_errors_seen")                                                 \
	X(missed, 0x04010, 0, "rx_missed")                                                         \
	X(collisions, 0x04028, 0, "tx_collisions")                                                 \
	X(late_collisions, 0x04020, 0, "tx_late_collisions")                                       \
	X(length_errors, 0x04040, 0, "rx_length_errors")                                           \
	X(xon_rx, 0x04048, 0, "rx_xon")                                                            \
	X(xon_tx, 0x0404c, 0, "tx_xon")                                                            \
	X(xoff_rx, 0x04050, 0, "rx_xoff")                                                          \
	X(xoff_tx, 0x04054, 0, "tx_xoff")                                                          \
	X(rx_64, 0x0405c, 0, "rx_size_64")                                                         \
	X(rx_127, 0x04060, 0, "rx_size_65_to_127")                                                 \
	X(rx_255, 0x04064, 0, "rx_size_128_to_255")                                                \
	X(rx_511, 0x04068, 0, "rx_size_256_to_511")                                                \
	X(rx_1023, 0x0406c, 0, "rx_size_512_to_1023")                                              \
	X(rx_max, 0x04070, 0, "rx_size_1024_to_max")                                               \
	X(rx_good, 0x04074, 0, "rx_good_packets_seen")                                             \
	X(rx_broadcast, 0x04078, 0, "rx_broadcast")                                                \
	X(rx_multicast, 0x0407c, 0, "rx_multicast")                                                \
	X(tx_good, 0x04080, 0, "tx_good_packets_sent")                                             \
	X(rx_octets, 0x04088, 0x0408c, "rx_good_octets_seen")                                      \
	X(tx_octets, 0x04090, 0x04094, "tx_good_octets_sent")                                      \
	X(no_buffers, 0x040a0, 0, "rx_no_descriptors")                                             \
	X(undersize, 0x040a4, 0, "rx_undersize")                                                   \
	X(fragments, 0x040a8, 0, "rx_fragments")                                                   \
	X(oversize, 0x040ac, 0, "rx_oversize")                                                     \
	X(jabber, 0x040b0, 0, "rx_jabber")                                                         \
	X(rx_total, 0x040d0, 0, "rx_total_packets_seen")                                           \
	X(tx_total, 0x040d4, 0, "tx_total_packets_sent")                                           \
	X(tx_64, 0x040d8, 0, "tx_size_64")                                                         \
	X(tx_127, 0x040dc, 0, "tx_size_65_to_127")                                                 \
	X(tx_255, 0x040e0, 0, "tx_size_128_to_255")                                                \
	X(tx_511, 0x040e4, 0, "tx_size_256_to_511")                                                \
	X(tx_1023, 0x040e8, 0, "tx_size_512_to_1023")                                              \
	X(tx_max, 0x040ec, 0, "tx_size_1024_to_max")                                               \
	X(tx_multicast, 0x040f0, 0, "tx_multicast")                                                \
	X(tx_broadcast, 0x040f4, 0, "tx_broadcast")

struct igb_stats {
#define X(member, reg, high, name) uint64_t member;
	IGB_HW_STATS(X)
#undef X
	uint64_t dropped[IGB_MAX_QUEUES]; /* RQDPC */
	/* the driver's own, when they were cleared */
	uint64_t ipackets[IGB_MAX_QUEUES], ibytes[IGB_MAX_QUEUES], nombuf[IGB_MAX_QUEUES];
	uint64_t opackets[IGB_MAX_QUEUES], obytes[IGB_MAX_QUEUES];
};

int igb_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats);
int igb_stats_reset(struct rte_eth_dev *dev);
/* A queue that is released has counted on: so much stays of it. */
void igb_stats_keep_rxq(struct igb_port *p, const struct igb_rxq *q);
void igb_stats_keep_txq(struct igb_port *p, const struct igb_txq *q);
int igb_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names,
			 unsigned int size);
int igb_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int size);

/* igb_dump.c: registers, and the plan of vectors, for people */

int igb_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info);
int igb_fw_version_get(struct rte_eth_dev *dev, char *text, size_t size);
int igb_priv_dump(struct rte_eth_dev *dev, FILE *file);

/* igb_ethdev.c: the port */

extern const struct eth_dev_ops igb_ops;

int igb_port_init(struct rte_eth_dev *dev);
int igb_check_ring(const struct rte_eth_dev *dev, const char *way, uint16_t queue,
		   uint16_t nb_desc);
int igb_no_memory(const struct rte_eth_dev *dev, const char *way, uint16_t queue,
		  unsigned int socket);

struct igb_port {
	struct igb_hw hw;
	struct rte_eth_dev_data *data;
	struct rte_intr_handle *handle; /* the PCI device's */
	struct igb_args args;
	struct igb_intr intr;
	struct igb_rss rss;
	struct igb_filter filter;
	struct rte_ether_addr addr;   /* its own: the NVM's, or a random one */
	bool is_link_down;	      /* by set_link_down */
	_Atomic bool is_reset_behind; /* seen by any thread; until the next start */
	struct rte_ether_addr macs[IGB_MAX_ADDRS];
	uint64_t rx_flags[IGB_NB_RX_FLAGS];
	uint32_t rx_ptypes[IGB_NB_RX_TYPES];
	rte_spinlock_t stats_lock;
	struct igb_stats stats; /* sums of what was read; of the driver's, what was cleared */
};

#endif /* IGB_H */
