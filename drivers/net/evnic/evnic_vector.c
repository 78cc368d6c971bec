/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The message-vector table, the device's side; the wire thread is the only one that sends.
 *
 * The message data of a vector is attention bits: the device's bit and, for each event ring, a bit
 * of the detail word, so that two rings that share a vector overwrite nothing. The bits are set
 * whatever the vector's state is: an owner that is awake sees them. What mask and interval hold
 * back is the step that wakes a parked owner; it is latched once, and taken when the vector may
 * fire again.
 */

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "evnic.h"

static void
hold(struct evnic_vector *v, uint16_t ring)
{
	atomic_fetch_or_explicit(&v->pending, UINT64_C(1) << ring, memory_order_relaxed);
}

static void
trace(const struct evnic_port *p, uint16_t vector, const struct rouse_attn_target *t,
      const char *fate)
{
	if (unlikely(p->wire.trace != NULL))
		evnic_trace_message(p->wire.trace, vector, t, fate);
}

/* No doorbell before. */
static uint64_t
next_tsc(const struct evnic_vector *v)
{
	return v->rung_tsc + atomic_load_explicit(&v->interval_tsc, memory_order_relaxed);
}

/* Wake the owner if it is parked. */
static void
fire(struct evnic_port *p, uint16_t vector, const struct rouse_attn_target *t, uint64_t tsc)
{
	struct evnic_vector *v = &p->vectors[vector];

	trace(p, vector, t, "sent");
	if (!rouse_attn_wake(t, tsc))
		return;
	rouse_counter_add(&v->doorbells, 1);
	rouse_counter_add(&p->wire.stats.doorbells, 1);
	v->rung_tsc = tsc;
}

/* Step P6 for a ring whose bits are set. */
static void
send_message(struct evnic_port *p, uint16_t vector, uint16_t ring,
	     const struct rouse_attn_target *t, uint64_t tsc)
{
	struct evnic_wire *w = &p->wire;
	struct evnic_vector *v = &p->vectors[vector];

	rouse_counter_add(&v->messages, 1);
	rouse_counter_add(&w->stats.messages, 1);
	if (unlikely(atomic_load_explicit(&v->masked, memory_order_relaxed))) {
		hold(v, ring);
		rouse_counter_add(&w->stats.masked, 1);
		trace(p, vector, t, "masked");
	} else if (unlikely(next_tsc(v) > tsc)) {
		hold(v, ring);
		w->held |= UINT64_C(1) << vector;
		rouse_counter_add(&w->stats.moderated, 1);
		trace(p, vector, t, "moderated");
	} else {
		fire(p, vector, t, tsc);
	}
}

/* Steps P4 to P6 for an owner. */
static void
signal_owner(struct evnic_port *p, uint16_t ring, const struct rouse_attn_target *t, uint64_t tsc)
{
	if (!rouse_attn_mark(t))
		return;
	for (uint64_t vectors = p->rings[ring].vectors; vectors != 0; vectors &= vectors - 1)
		send_message(p, (uint16_t)__builtin_ctzll(vectors), ring, t, tsc);
}

/* The attention of an ordinary user, with the bit of the ring. */
static struct rouse_attn_target
user_of(const struct evnic_port *p, uint16_t queue, uint16_t ring)
{
	struct rouse_attn_target t = p->rxq[queue]->own;

	t.ring = (uint8_t)ring;
	return t;
}

static void
signal_user(struct evnic_port *p, uint16_t queue, uint16_t ring, uint64_t tsc)
{
	const struct rouse_attn_target t = user_of(p, queue, ring);

	signal_owner(p, ring, &t, tsc);
}

/* A ring that was published, after the fence. */
void
evnic_vector_signal(struct evnic_port *p, uint16_t ring, uint64_t tsc)
{
	struct evnic_ring *r = &p->rings[ring];
	/* pairs with the release in bind */
	const struct rouse_attn_target *t = atomic_load_explicit(&r->target, memory_order_acquire);

	if (likely(t != NULL))
		signal_owner(p, ring, t, tsc);
	else
		for (uint64_t queues = r->addressed; queues != 0; queues &= queues - 1)
			signal_user(p, (uint16_t)__builtin_ctzll(queues), ring, tsc);
	r->vectors = r->addressed = 0;
	rouse_evring_settle(r->entries);
}

/* ---- what was held ---- */

static void
fire_user(struct evnic_port *p, uint16_t vector, uint16_t queue, uint16_t ring, uint64_t tsc)
{
	const struct rouse_attn_target t = user_of(p, queue, ring);

	fire(p, vector, &t, tsc);
}

static void
deliver_ring(struct evnic_port *p, uint16_t vector, uint16_t ring, uint64_t tsc)
{
	const struct evnic_ring *r = &p->rings[ring];
	const struct rouse_attn_target *t = atomic_load_explicit(&r->target, memory_order_acquire);

	if (t != NULL) {
		fire(p, vector, t, tsc);
		return;
	}
	for (uint64_t queues = r->members; queues != 0; queues &= queues - 1)
		fire_user(p, vector, (uint16_t)__builtin_ctzll(queues), ring, tsc);
}

/* Send what these vectors hold, if they may fire. */
void
evnic_vectors_deliver(struct evnic_port *p, uint64_t vectors, uint64_t tsc)
{
	for (; vectors != 0; vectors &= vectors - 1) {
		uint16_t vector = (uint16_t)__builtin_ctzll(vectors);
		struct evnic_vector *v = &p->vectors[vector];
		uint64_t rings;

		p->wire.held &= ~(UINT64_C(1) << vector);
		if (atomic_load_explicit(&v->masked, memory_order_relaxed))
			continue;
		if (next_tsc(v) > tsc) {
			p->wire.held |= UINT64_C(1) << vector;
			continue;
		}
		rings = atomic_exchange_explicit(&v->pending, 0, memory_order_relaxed);
		for (; rings != 0; rings &= rings - 1)
			deliver_ring(p, vector, (uint16_t)__builtin_ctzll(rings), tsc);
	}
}

/* Vectors that hold a message and are not masked. */
uint64_t
evnic_vectors_unmasked(const struct evnic_port *p)
{
	uint64_t vectors = 0;

	for (uint16_t i = 0; i < p->steer.nb_vectors; i++) {
		const struct evnic_vector *v = &p->vectors[i];

		if (atomic_load_explicit(&v->pending, memory_order_relaxed) != 0 &&
		    !atomic_load_explicit(&v->masked, memory_order_relaxed))
			vectors |= UINT64_C(1) << i;
	}
	return vectors;
}

/* Vectors whose interval is over, of those that wait for it. */
uint64_t
evnic_vectors_due(const struct evnic_port *p, uint64_t tsc)
{
	uint64_t due = 0;

	for (uint64_t held = p->wire.held; held != 0; held &= held - 1) {
		unsigned int vector = (unsigned int)__builtin_ctzll(held);

		if (next_tsc(&p->vectors[vector]) <= tsc)
			due |= UINT64_C(1) << vector;
	}
	return due;
}

/* When the first of them may fire, in ns of CLOCK_MONOTONIC; UINT64_MAX: none waits. */
uint64_t
evnic_vectors_next_ns(const struct evnic_port *p)
{
	uint64_t first = UINT64_MAX, now = rte_rdtsc();
	struct timespec t;

	if (p->wire.held == 0)
		return UINT64_MAX;
	for (uint64_t held = p->wire.held; held != 0; held &= held - 1)
		first = RTE_MIN(first, next_tsc(&p->vectors[__builtin_ctzll(held)]));
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec +
	       (uint64_t)((first > now ? (double)(first - now) : 0) * NS_PER_S /
			  (double)rte_get_tsc_hz());
}

/* ---- life: control threads ---- */

void
evnic_vectors_init(struct evnic_port *p)
{
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++)
		p->vectors[i].doorbell = -1;
}

/* Before the wire thread runs. What a vector held goes to nobody: the rings are empty. */
int
evnic_vectors_start(struct evnic_port *p)
{
	for (uint16_t i = 0; i < p->steer.nb_vectors; i++) {
		struct evnic_vector *v = &p->vectors[i];

		atomic_store_explicit(&v->pending, 0, memory_order_relaxed);
		v->rung_tsc = 0;
		if (v->doorbell >= 0)
			continue;
		v->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (v->doorbell < 0) {
			int error = errno;

			EVNIC_LOG(ERR,
				  "port %u: no eventfd for vector %u of %u: %s; raise ulimit -n, "
				  "or give fewer vectors=",
				  p->data->port_id, i, p->steer.nb_vectors, strerror(error));
			return -error;
		}
	}
	return 0;
}

/* Rung by whom it may be, ever. */
uint64_t
evnic_vector_doorbells(const struct evnic_vector *v)
{
	return rouse_counter_get(&v->doorbells) +
	       atomic_load_explicit(&v->fired, memory_order_relaxed);
}

/* Those of all vectors that the wire did not ring. */
uint64_t
evnic_vectors_fired(const struct evnic_port *p)
{
	uint64_t fired = 0;

	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++)
		fired += atomic_load_explicit(&p->vectors[i].fired, memory_order_relaxed);
	return fired;
}

void
evnic_vectors_fini(struct evnic_port *p)
{
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		if (p->vectors[i].doorbell >= 0)
			close(p->vectors[i].doorbell);
		p->vectors[i].doorbell = -1;
	}
}
