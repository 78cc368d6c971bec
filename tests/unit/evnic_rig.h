/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EVNIC_RIG_H
#define EVNIC_RIG_H

/*
 * A port of net_evnic in one thread and without EAL: its maps, event rings, vectors, queues and
 * wire are those of the driver, compiled with the windows of the park protocol open. What they ask
 * of EAL, and the two ends of the port, are mocks; so is the trace, which keeps what it is told.
 */

#include <evnic.h>

struct rig_conf {
	enum rouse_steer_map map;
	uint16_t nb_queues; /* Rx, and as many Tx */
	uint16_t nb_rings;
	uint16_t nb_vectors;
	uint16_t nb_desc; /* 0: 64 */
	bool is_planned;  /* vectors by evnic_plan() */
};

#define RIG_MAX_EVENTS 4096

/* An event that the wire has written, as the trace is told. */
struct rig_event {
	struct rouse_event event;
	struct rouse_steer_path path;
	uint32_t write; /* of its ring, at that time */
};

struct rig_message {
	uint16_t vector;
	uint16_t ring;
	char fate[12];
};

extern struct evnic_port *rig;
extern struct rte_eth_dev rig_dev;
extern void (*rig_window)(enum rouse_window window); /* NULL: nothing happens there */
extern struct rte_mempool *rig_pool;

/* What the trace was told; forgotten by rig_forget(). */
extern struct rig_event rig_events[RIG_MAX_EVENTS];
extern struct rig_message rig_messages[RIG_MAX_EVENTS];
extern unsigned int rig_nb_events, rig_nb_messages;

/* A port whose queues are set up and started; the wire does not run. */
void rig_make(const struct rig_conf *conf);
/* Fails if an mbuf or memory is missing. */
void rig_destroy(void);
void rig_forget(void);

/* What the wire does for a frame of the queue, and for what it has written. */
void rig_frame(uint16_t queue, uint64_t tsc);
void rig_publish(uint64_t tsc);

/* What rx_burst gives, 32 at most; the mbufs go back to their pool. */
unsigned int rig_receive(uint16_t queue);

/* Everything in a queue's rings. */
unsigned int rig_receive_all(uint16_t queue);

/*
 * Run the wire in this thread. Before each round it asks its source, and that calls round(), which
 * may let frames arrive with rig_arrive(); false: the wire is told to stop. It does not block while
 * round() says true.
 */
void rig_run(bool (*round)(unsigned int nth));

/* What the source says when it has no frame (EVNIC_WAIT_TIME), and what it left out. */
extern enum evnic_next rig_source_next;
extern struct evnic_source *const rig_source;

/* Frames that were hashed, or could not be; of 60 bytes. */
void rig_arrive(uint32_t hash, uint8_t fate);

/* The sink has room for so many frames; UINT32_MAX: no limit. */
extern uint32_t rig_sink_room;
/* An mbuf to send. */
struct rte_mbuf *rig_mbuf(void);

#endif /* EVNIC_RIG_H */
