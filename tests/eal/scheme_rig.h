/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef SCHEME_RIG_H
#define SCHEME_RIG_H

/*
 * What the tests of the interrupt scheme share: a port that notes the events that are no frame,
 * owners that are fakes, workers that receive and do nothing.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rouse_worker.h>

#include "evnic.h"
#include "port_rig.h"

#define NB_FLOWS  200
#define MAX_NOTES 1024
#define DEVICE	  9 /* bit of the fake owners' attention words */

/* ---- the port ---- */

struct rte_eth_conf scheme_rss_conf(void);

/* A port over NB_FLOWS frames, each of a flow of its own. */
struct rig *scheme_open(const char *args, uint16_t nb_rxq, uint16_t nb_txq);
struct evnic_port *scheme_private(const struct rig *r);
void scheme_wait_for_end(struct rig *r);
void scheme_set_link(const struct rig *r, bool up);
struct rouse_evnic_vector scheme_vector(const struct rig *r, uint16_t vector);

/* ---- events that are no frame, noted as whoever drains the queue is told of them ---- */

struct note {
	uint8_t code;
	uint16_t queue;
	uint32_t len;
	uint64_t data;
};

extern struct note scheme_notes[MAX_NOTES];
extern _Atomic uint32_t scheme_nb_notes; /* since the port was opened; the first ones are kept */

void scheme_note_event(uint16_t port, const struct rouse_event *e, void *arg);
/* The last event of a code and, for errors, a kind; fails if there is none. */
struct note scheme_last_note(uint8_t code, uint32_t len);

/* ---- owners ---- */

/* How often an eventfd was rung since it was looked at last; waits so long for the first. */
uint64_t scheme_rung(int fd, int wait_ms);
/* Returns the queue's event rings. */
uint64_t scheme_bind(const struct rig *r, uint16_t queue, struct rouse_attn *attn);
void scheme_unbind(const struct rig *r, uint16_t queue);

/* A handler that counts nothing and keeps nothing. */
void scheme_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
/* A worker that runs in a thread of its own, with nb queues from the first on. */
struct rouse_worker *scheme_worker_start(const struct rig *r, const char *name, uint16_t first,
					 uint16_t nb, pthread_t *thread);
/* Fails if it had a rescue. */
void scheme_worker_stop(struct rouse_worker *w, pthread_t thread);
struct rouse_worker_stats scheme_worker_stats(const struct rouse_worker *w);
void scheme_worker_wait_asleep(const struct rouse_worker *w);

#endif /* SCHEME_RIG_H */
