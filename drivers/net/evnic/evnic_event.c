/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Events without a frame: Tx completions, link changes, errors.
 *
 * TX of a queue and each kind of ERROR is posted again only when the last one was handled, and a
 * ring takes no more than EVNIC_CONTROL_EVENTS until these were handled, so that frames always find
 * room, in a stash, too. What cannot be posted yet is owed: nothing is lost, though several of a
 * kind may become one. While events are owed the driver tells the wire of each that it handles, by
 * the handshake.
 */

#include <rte_cycles.h>

#include "evnic.h"

/* ---- the wire's side ---- */

static bool
has_room(const struct evnic_ring *r)
{
	/* pairs with the release in evnic_events_handled() */
	return r->controls - atomic_load_explicit(&r->controls_read, memory_order_acquire) <
	       EVNIC_CONTROL_EVENTS;
}

static bool
post(struct evnic_port *p, struct rouse_steer_path path, const struct rouse_event *event)
{
	struct evnic_ring *r = &p->rings[path.ring];

	if (!has_room(r))
		return false;
	*rouse_evring_slot(r->entries, r->pending++) = *event;
	r->controls++;
	r->vectors |= UINT64_C(1) << path.vector;
	/* ordinary users enable interrupts for frames, and hear of links and errors elsewhere */
	if (event->code == ROUSE_EVENT_TX)
		r->addressed |= UINT64_C(1) << path.queue;
	p->wire.touched |= UINT64_C(1) << path.ring;
	if (p->wire.trace != NULL)
		evnic_trace_event(p->wire.trace, event, path);
	return true;
}

/* Not by a queue that is stopped: the event would be an old one when it starts. */
static bool
is_received(const struct evnic_port *p, uint16_t queue)
{
	/* pairs with the release in start_rxq() */
	return !atomic_load_explicit(&p->rxq[queue]->stopped, memory_order_acquire);
}

/* To the default processor. */
static bool
post_no_data(struct evnic_port *p, enum rouse_event_code code, uint64_t data, uint32_t len,
	     uint64_t tsc)
{
	struct rouse_steer_path path = rouse_steer_no_data(&p->steer, code);
	const struct rouse_event event = {
		.data = data,
		.time_tsc = tsc,
		.len = len,
		.queue = path.queue,
		.code = code,
	};

	return is_received(p, path.queue) && post(p, path, &event);
}

static bool
is_tx_handled(const struct evnic_txq *q)
{
	/* pairs with the release in evnic_event_handle(): the mbufs up to the tail were freed */
	return q->events_posted == atomic_load_explicit(&q->events_handled, memory_order_acquire);
}

static void
post_tx(struct evnic_port *p, uint16_t queue, uint64_t tsc)
{
	struct rouse_steer_path path = rouse_steer_event(&p->steer, queue, ROUSE_EVENT_TX);
	const struct rouse_event event = {
		.time_tsc = tsc,
		.queue = queue,
		.code = ROUSE_EVENT_TX,
	};

	if (!is_tx_handled(p->txq[queue]) || !post(p, path, &event))
		return;
	p->txq[queue]->events_posted++;
	p->events.tx_owed &= ~(UINT64_C(1) << queue);
	rouse_counter_add(&p->wire.stats.tx_events, 1);
}

static bool
is_error_handled(const struct evnic_events *e, unsigned int kind)
{
	/* pairs with the release in evnic_event_handle() */
	return e->error_posted[kind] ==
	       atomic_load_explicit(&e->error_handled[kind], memory_order_acquire);
}

static void
post_error(struct evnic_port *p, unsigned int kind, uint64_t tsc)
{
	struct evnic_events *e = &p->events;

	if (!is_error_handled(e, kind) ||
	    !post_no_data(p, ROUSE_EVENT_ERROR, e->errors[kind], kind, tsc))
		return;
	e->error_posted[kind] = e->errors[kind];
	e->error_owed &= ~(1u << kind);
	rouse_counter_add(&p->wire.stats.error_events, 1);
}

/* Post what is owed and can be posted; the caller publishes. */
void
evnic_events_post(struct evnic_port *p, uint64_t tsc)
{
	struct evnic_events *e = &p->events;

	for (uint64_t queues = e->tx_owed; queues != 0; queues &= queues - 1)
		post_tx(p, (uint16_t)__builtin_ctzll(queues), tsc);
	if (e->link_owed && post_no_data(p, ROUSE_EVENT_LINK, p->wire.carrier ? 1 : 0, 0, tsc)) {
		e->link_owed = false;
		rouse_counter_add(&p->wire.stats.link_events, 1);
	}
	for (uint32_t kinds = e->error_owed; kinds != 0; kinds &= kinds - 1)
		post_error(p, (unsigned int)__builtin_ctz(kinds), tsc);
	e->anything_owed = e->tx_owed != 0 || e->link_owed || e->error_owed != 0;
}

static bool
takes_no_data(const struct evnic_port *p, enum rouse_event_code code)
{
	struct rouse_steer_path path = rouse_steer_no_data(&p->steer, code);

	return is_received(p, path.queue) && has_room(&p->rings[path.ring]);
}

/* The look before blocking while events are owed. */
bool
evnic_events_can_post(const struct evnic_port *p)
{
	const struct evnic_events *e = &p->events;

	if (e->link_owed && takes_no_data(p, ROUSE_EVENT_LINK))
		return true;
	for (uint32_t kinds = e->error_owed; kinds != 0; kinds &= kinds - 1)
		if (is_error_handled(e, (unsigned int)__builtin_ctz(kinds)) &&
		    takes_no_data(p, ROUSE_EVENT_ERROR))
			return true;
	for (uint64_t queues = e->tx_owed; queues != 0; queues &= queues - 1) {
		uint16_t queue = (uint16_t)__builtin_ctzll(queues);

		if (is_tx_handled(p->txq[queue]) &&
		    has_room(&p->rings[rouse_steer_event(&p->steer, queue, ROUSE_EVENT_TX).ring]))
			return true;
	}
	return false;
}

/* The queue has sent frames. There is no map entry for a queue that receives nothing. */
void
evnic_event_tx(struct evnic_port *p, uint16_t queue)
{
	if (queue >= p->data->nb_rx_queues)
		return;
	p->events.tx_owed |= UINT64_C(1) << queue;
	p->events.anything_owed = true;
}

/* The carrier came or went. */
void
evnic_event_link(struct evnic_port *p)
{
	if (p->data->nb_rx_queues == 0)
		return;
	p->events.link_owed = true;
	p->events.anything_owed = true;
}

void
evnic_event_error(struct evnic_port *p, enum rouse_evnic_error kind, uint64_t n)
{
	if (p->data->nb_rx_queues == 0)
		return;
	p->events.errors[kind] += n;
	p->events.error_owed |= 1u << kind;
	p->events.anything_owed = true;
}

/* The wire thread does not run, and the rings are empty: nothing is owed. */
void
evnic_events_reset(struct evnic_port *p)
{
	struct evnic_events *e = &p->events;

	e->tx_owed = e->bad_seen = 0;
	e->error_owed = 0;
	e->link_owed = e->anything_owed = false;
	for (unsigned int i = 0; i < ROUSE_EVNIC_NB_ERRORS; i++) {
		e->error_posted[i] = e->errors[i];
		atomic_store_explicit(&e->error_handled[i], e->errors[i], memory_order_relaxed);
	}
	atomic_store_explicit(&e->wanted, false, memory_order_relaxed);
}

/* ---- the driver's side: the lcore that drains ---- */

void
evnic_event_handle(struct evnic_rxq *q, const struct rouse_event *event)
{
	struct evnic_port *p = q->port;
	struct evnic_txq *txq;

	if (event->code == ROUSE_EVENT_TX) {
		txq = p->txq[event->queue];
		/* when the queue is stopped, another lcore may be sending */
		if (q->limit != 0)
			evnic_txq_reclaim(txq);
		/* pairs with the acquire in is_tx_handled() */
		atomic_fetch_add_explicit(&txq->events_handled, 1, memory_order_release);
	} else if (event->code == ROUSE_EVENT_ERROR) {
		/* pairs with the acquire in is_error_handled() */
		atomic_store_explicit(&p->events.error_handled[event->len], event->data,
				      memory_order_release);
	}
	q->handled[event->code]++;
	if (p->on_event != NULL && (event->code != ROUSE_EVENT_TX || q->limit != 0))
		p->on_event(p->data->port_id, event, p->on_event_arg);
}

/* Events were handled, and have left where they were: their rings may carry others instead. */
void
evnic_events_handled(struct evnic_rxq *q)
{
	struct evnic_port *p = q->port;
	const struct rouse_attn_target wire = {
		.attn = &p->wire.attn,
		.device = EVNIC_WIRE_CONTROL,
	};

	for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
		uint16_t ring =
			rouse_steer_event(&p->steer, q->queue, (enum rouse_event_code)code).ring;

		if (q->handled[code] == 0)
			continue;
		/* pairs with the acquire in has_room() */
		atomic_fetch_add_explicit(&p->rings[ring].controls_read, q->handled[code],
					  memory_order_release);
		q->handled[code] = 0;
	}
	rouse_attn_fence();
	if (atomic_load_explicit(&p->events.wanted, memory_order_relaxed) && rouse_attn_mark(&wire))
		rouse_attn_wake(&wire, rte_rdtsc());
}
