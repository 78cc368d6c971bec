/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef PORT_RIG_H
#define PORT_RIG_H

/*
 * A port of net_evnic over hand-made frames, on EAL, with this thread as its only lcore unless the
 * test names others. Each rig has a mempool of its own, and each stop asserts that the pool is
 * whole.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "capture.h"
#include "frame.h"
#include "unit.h"

#define RIG_NB_DESC    128
#define RIG_NB_POSTED  (RIG_NB_DESC - 32) /* the others are for events that are no frame */
#define RIG_NB_MBUFS   2048
#define RIG_MAX_SEEN   512
#define RIG_DEADLINE   60 /* seconds a test may take */
#define RIG_LCORES_LEN 512

/* What a received packet was. */
struct rig_seen {
	uint32_t len, ptype, hash;
	uint16_t queue, nb_segs;
	uint64_t ol_flags;
	uint8_t head[64]; /* its first bytes */
	bool is_pattern;  /* every byte from 14 on is rig_byte() of its place */
};

struct rig_setup {
	const char *args; /* beside rx_pcap; "" is overrun=wait,pace=max,loops=1 */
	uint16_t nb_rxq, nb_txq;
	uint16_t nb_desc;  /* of every queue; 0: RIG_NB_DESC */
	uint32_t nb_mbufs; /* 0: RIG_NB_MBUFS */
	uint16_t room;	   /* bytes of a frame in an mbuf; 0: 2048 */
	bool deferred;	   /* queue 1 and up wait for queue_start, in both directions */
	struct rte_eth_conf conf;
};

struct rig {
	struct capture capture;
	char name[32];
	uint16_t port, nb_rxq, nb_txq;
	struct rte_mempool *pool;
	struct rig_seen seen[RIG_MAX_SEEN];
	uint32_t nb_seen;
};

int rig_init(const char *program);
int rig_init_lcores(const char *program, const char *lcores); /* as EAL's --lcores */

/* Frames first, then the port. */
void rig_begin(struct rig *r);
void rig_add(struct rig *r, const void *frame, uint32_t len);
void rig_add_flow(struct rig *r, uint16_t source_port);
/* A frame to `dest` of `len` bytes, the pattern behind its header. */
void rig_add_to(struct rig *r, const char *dest, uint32_t len);
uint8_t rig_byte(uint32_t at);

/* Make the port, configure it, set the queues up. */
void rig_open(struct rig *r, const struct rig_setup *setup);
void rig_start(struct rig *r);
void rig_stop(struct rig *r);
void rig_close(struct rig *r);

/* One burst of a queue, noted in seen[] as far as there is room; returns its packets. */
uint16_t rig_poll(struct rig *r, uint16_t queue);
/* Poll the queue until it is found empty. */
uint32_t rig_drain(struct rig *r, uint16_t queue);
/* Receive until the source has ended. */
void rig_receive_all(struct rig *r);
/* Start, receive everything, stop: seen[] is what one replay gave. */
void rig_replay(struct rig *r);

uint64_t rig_xstat(struct rig *r, const char *name);
struct rte_eth_stats rig_stats(struct rig *r);

/* Keep what is logged, by DPDK and its drivers, until the end; that returns how many lines there
 * are, and fails if `words` are in none of them. Or take it all, to be freed. */
void rig_log_begin(void);
unsigned int rig_log_end(const char *words);
char *rig_log_take(void);

/* So many frames of 60 bytes, from the rig's pool. */
void rig_alloc(struct rig *r, struct rte_mbuf **pkts, uint16_t nb);

#endif /* PORT_RIG_H */
