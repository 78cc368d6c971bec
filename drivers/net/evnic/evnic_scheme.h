/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EVNIC_SCHEME_H
#define EVNIC_SCHEME_H

/*
 * The interrupt scheme: events, event rings, vectors. Part of evnic.h, which includes it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ethdev_driver.h>

#include <rouse_attn.h>
#include <rouse_counter.h>
#include <rouse_evring.h>
#include <rouse_steer.h>

#include "rouse_evnic.h"

struct evnic_port;
struct evnic_ring;
struct evnic_rxq;
struct evnic_args;

/* evnic_event.c: events without a frame; the wire posts them, the driver handles them */

#define EVNIC_CONTROL_EVENTS 32 /* entries of each ring that frames leave to them */

/* The wire's alone, but for what the driver has seen. */
struct evnic_events {
	uint64_t tx_owed;    /* queues whose TX event is yet to be posted */
	uint32_t error_owed; /* kinds of ERROR, likewise */
	bool link_owed;
	bool anything_owed;
	uint64_t errors[ROUSE_EVNIC_NB_ERRORS];	      /* how often */
	uint64_t error_posted[ROUSE_EVNIC_NB_ERRORS]; /* what the last event said */
	uint64_t bad_seen;			      /* of evnic_source.nb_bad */
	/* driver -> wire */
	_Atomic uint64_t error_handled[ROUSE_EVNIC_NB_ERRORS]; /* of the last one it handled */
	_Atomic bool wanted; /* wire -> driver: say when an event was handled */
};

void evnic_event_tx(struct evnic_port *p, uint16_t queue);
void evnic_event_link(struct evnic_port *p);
void evnic_event_error(struct evnic_port *p, enum rouse_evnic_error kind, uint64_t n);
void evnic_events_post(struct evnic_port *p, uint64_t tsc);
bool evnic_events_can_post(const struct evnic_port *p);
void evnic_events_reset(struct evnic_port *p);
void evnic_event_handle(struct evnic_rxq *q, const struct rouse_event *event);
void evnic_events_handled(struct evnic_rxq *q);

/* evnic_ring.c: event rings, and how queues that share one come by their entries */

struct evnic_ring {
	struct rouse_evring *entries; /* NULL before the first start */
	uint64_t members;	      /* queues of which it can carry an event, a bit each */
	bool is_shared;		      /* more than one: its entries are sorted by queue */

	/* wire */
	alignas(ROUSE_CACHE_LINE) uint32_t pending; /* entries written, not yet published */
	uint32_t controls;			    /* events without a frame, ever */
	uint64_t vectors;			    /* through which `pending` is signalled */
	uint64_t addressed; /* queues whose own interrupt `pending` is for */
	/* Who is told; NULL: each queue's own. Control threads -> wire. */
	_Atomic(const struct rouse_attn_target *) target;

	/* driver -> wire: events without a frame that were handled, ever */
	alignas(ROUSE_CACHE_LINE) _Atomic uint32_t controls_read;

	/* control threads only */
	struct rouse_attn_target bound; /* what target points to while a queue is bound */
	uint64_t bound_queues;		/* members that are bound, a bit each */
};

int evnic_rings_start(struct rte_eth_dev *dev);
void evnic_rings_free(struct evnic_port *p);
uint64_t evnic_rings_of(const struct evnic_port *p, uint16_t queue);
void evnic_rxq_gather(struct evnic_rxq *q);
uint64_t evnic_rxq_owed(const struct evnic_rxq *q);
bool evnic_rxq_has_entries(const struct evnic_rxq *q);

/* evnic_vector.c: the message-vector table, the device's side */

struct evnic_vector {
	/* control threads -> wire */
	_Atomic bool masked;
	_Atomic uint64_t interval_tsc; /* between two doorbells at least, TSC cycles */
	/* wire; read by control threads */
	_Atomic uint64_t pending; /* rings whose message is held, a bit each */
	uint64_t rung_tsc;	  /* the last doorbell */
	rouse_counter messages, doorbells;
	int doorbell; /* eventfd of ordinary users; -1: not made yet */
	/* doorbells rung as an interrupt was enabled: lcores -> control threads */
	_Atomic uint64_t fired;
};

void evnic_vectors_init(struct evnic_port *p);
int evnic_vectors_start(struct evnic_port *p);
void evnic_vectors_fini(struct evnic_port *p);
uint64_t evnic_vector_doorbells(const struct evnic_vector *v);
uint64_t evnic_vectors_fired(const struct evnic_port *p);
void evnic_vector_signal(struct evnic_port *p, uint16_t ring, uint64_t tsc);
void evnic_vectors_deliver(struct evnic_port *p, uint64_t vectors, uint64_t tsc);
uint64_t evnic_vectors_unmasked(const struct evnic_port *p);
uint64_t evnic_vectors_due(const struct evnic_port *p, uint64_t tsc);
uint64_t evnic_vectors_next_ns(const struct evnic_port *p);

/* evnic_plan.c: which rings share a vector */

void evnic_plan_vectors(const void *const owners[], uint16_t nb_rings, uint64_t used,
			uint16_t nb_vectors, uint16_t vector_of_ring[]);

/* evnic_trace.c: what the device did, a line each */

struct evnic_trace;

struct evnic_trace *evnic_trace_open(const char *name, const struct evnic_args *args);
void evnic_trace_close(struct evnic_trace *t);
void evnic_trace_event(struct evnic_trace *t, const struct rouse_event *event,
		       struct rouse_steer_path path);
void evnic_trace_message(struct evnic_trace *t, uint16_t vector,
			 const struct rouse_attn_target *target, const char *fate);

#endif /* EVNIC_SCHEME_H */
