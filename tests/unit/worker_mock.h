/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WORKER_MOCK_H
#define WORKER_MOCK_H

/*
 * What a worker's sources ask of DPDK, and a port in the registry whose queues share event rings.
 * It keeps to the contract of rouse_attn_port_ops, in one thread: what a test delivers is published
 * at once, and signalled when the test says so.
 */

#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

#define MOCK_PORTS  4
#define MOCK_QUEUES 8 /* of each port */
#define MOCK_ROOM   256

/* An event ring: the queues that its entries are for. */
struct mock_ring {
	uint16_t queue[MOCK_ROOM];
	unsigned int nb;
};

struct mock_queue {
	struct mock_port *port;
	uint64_t rings; /* that can carry events of it */
	struct rouse_attn_owner owner;
	unsigned int kept;   /* entries that another queue's burst found */
	unsigned int visits; /* bursts */
	unsigned int taken;  /* packets */
	bool is_dry;	     /* it gets no buffer when it asks for one */
	int fd;		     /* of a port with interrupts: the queue's eventfd */
	bool armed;	     /* likewise: its interrupt is enabled */
	bool is_latched;     /* likewise, of the vector's queue: masked it interrupts again */
};

/* How a device gives queues to vectors. */
#define MOCK_VECTOR(port, queue) RTE_MIN((queue), (port)->nb_vectors - 1)

struct mock_port {
	struct mock_queue queues[MOCK_QUEUES];
	struct mock_ring rings[ROUSE_ATTN_BITS];
	int bind_error; /* what the next bind says */
	bool has_interrupts;
	int intr_error; /* what enabling and disabling an interrupt says */
	/* Queues beyond the last vector have that one, and the bit that masks vector v is that of
	 * queue v, as on the 82576 under net_e1000_igb. */
	uint16_t nb_vectors;
	bool masks_itself; /* an interrupt masks its vector */
	bool latches;	   /* and there is no other until it was masked, as of an 82574 with MSI */
	bool has_no_vectors; /* its eventfds are nobody's */
	const char *device;  /* its name, NULL: the port has none */
};

extern struct mock_port mock_ports[MOCK_PORTS];
extern bool mock_has_all_ports; /* every port number is a port's; only the first can be used */
extern const struct rouse_attn_port_ops mock_ops;
extern int mock_allocations;	 /* that are not freed */
extern int mock_fail_allocation; /* the n-th from now on fails; 0: none does */

extern uint8_t mock_type; /* of processor, of workers that are made from here on */

/* All ports, unbound and empty; queue q has the ring q. */
void mock_init(void);
void mock_fini(void);

/* The i-th of as many empty event rings, of 4 entries, as the bits of all devices name. */
#define MOCK_EVENT_RINGS (ROUSE_ATTN_BITS * ROUSE_ATTN_BITS)
struct rouse_evring *mock_event_ring(unsigned int i);

/* A worker without sources, that can sleep. */
void mock_worker_init(struct rouse_worker *w);
/* And one that takes messages. */
void mock_give_inbox(struct rouse_worker *w);
void mock_worker_fini(struct rouse_worker *w);
/* One as rouse_worker_create() makes it, for rouse_worker_destroy(). */
struct rouse_worker *mock_make_worker(const char *name);

/* Add a queue whose handler counts in mock_queue.taken. */
int mock_add(struct rouse_worker *w, uint16_t port, uint16_t queue);

/* Remove a source, as the end of a worker does with all. */
void mock_remove(struct rouse_worker *w, uint16_t port, uint16_t queue);

/* An entry for a queue in a ring; its signal is another step. */
void mock_deliver(uint16_t port, unsigned int ring, uint16_t queue);

/* The port is no handshake producer, but has an interrupt for each queue. */
void mock_make_plain(uint16_t port);

/* It is, and has so many vectors. */
void mock_make_shared(uint16_t port, uint16_t nb_vectors);

/* As a stop and a start do: its queues have other eventfds, and nothing is armed. */
void mock_restart(uint16_t port);

/* Called when an interrupt is about to be disabled, when it was, and when one was enabled; NULL:
 * nothing. */
extern void (*mock_disabling)(uint16_t port, uint16_t queue);
extern void (*mock_disabled)(uint16_t port, uint16_t queue);
extern void (*mock_enabled)(uint16_t port, uint16_t queue);

/* A mempool of the packets of plain ports, and how many it has; NULL: packets tell none. */
extern struct rte_mempool *mock_pool;
extern unsigned int mock_nb_mbufs;
void mock_make_pool(unsigned int nb_mbufs);

extern int mock_vfio_error; /* what VFIO says when it is asked; 0: the interrupt */
extern unsigned int mock_wrong_guesses;

/* An interrupt of a queue, if it is enabled; what came before is forgotten. */
void mock_interrupt(uint16_t port, uint16_t queue);

/* P3 to P6 for a ring; its owner is that of any queue of it that is bound. */
void mock_signal(uint16_t port, unsigned int ring);

#endif /* WORKER_MOCK_H */
