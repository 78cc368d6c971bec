/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The wire thread: the device. For each frame that is due it
 *
 *   1. takes the hash to the RETA, and so to queue, event ring and vector,
 *   2. copies the frame into the next buffer that the driver posted,
 *   3. writes the event entry;
 *
 * and for each event ring that it touched, after at most EVNIC_BURST frames,
 *
 *   4. advances the write indicator,
 *   5. sends the message: the park handshake towards whoever owns the ring, by its vectors.
 *
 * Events without a frame take the steps 3 to 5 (evnic_event.c).
 *
 * It sleeps itself: for the time of the next frame, for a posted buffer (overrun=wait), for frames
 * to send. There it is the consumer of the same handshake. It spins only for pace=max.
 */

#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_memcpy.h>
#include <rte_pause.h>

#include "evnic.h"

#define SPINS	       4096 /* a source that spins: looks for a buffer before it blocks for one */
#define PREFETCH_AHEAD 4    /* buffers */

/* ---- receive: from the source into the event rings ---- */

/* A posted buffer of the queue, or NULL. */
static void *
take_buffer(struct evnic_rxq *q)
{
	uint32_t ahead;

	if (q->taken == q->posted_seen) {
		/* pairs with the release in the driver's refill */
		q->posted_seen = atomic_load_explicit(&q->posted, memory_order_acquire);
		if (q->taken == q->posted_seen)
			return NULL;
	}
	ahead = q->taken + PREFETCH_AHEAD;
	if ((int32_t)(q->posted_seen - ahead) > 0)
		__builtin_prefetch((void *)(uintptr_t)q->bufs[evnic_buf_place(q, ahead)], 1);
	return (void *)(uintptr_t)q->bufs[evnic_buf_place(q, q->taken)];
}

static void
count_dropped(struct evnic_wire *w, const struct evnic_frame *f)
{
	if (f->fate & EVNIC_FATE_TOO_LONG)
		rouse_counter_add(&w->stats.too_long, 1);
	else
		rouse_counter_add(&w->stats.filtered, 1);
}

/* The queue has too few buffers for a frame. True: it is stopped, and the frame is gone. */
static bool
lack_buffers(struct evnic_wire *w, struct evnic_rxq *q, uint32_t needed)
{
	/* pairs with the release in start_rxq(): what was posted before is found next */
	if (atomic_load_explicit(&q->stopped, memory_order_acquire)) {
		rouse_counter_add(&q->missed, 1);
		return true;
	}
	w->blocked = q;
	w->needed = needed;
	return false;
}

/* Steps 1 to 3 for one frame. False: its queue has no buffer. */
static bool
deliver(struct evnic_port *p, struct evnic_frame *f, uint64_t tsc)
{
	struct evnic_wire *w = &p->wire;
	struct rouse_steer_path path;
	struct rouse_event *event;
	struct evnic_ring *ring;
	struct evnic_rxq *q;
	void *buf;

	if (unlikely(f->rules_version != w->rules.version))
		evnic_rules_judge(&w->rules, f);
	if (likely((f->fate & ~(EVNIC_FATE_CHAINED | EVNIC_FATE_STAMPED)) == 0)) {
		path = rouse_steer_hash(&p->steer, f->hash);
	} else if (f->fate & EVNIC_FATE_DROPPED) {
		count_dropped(w, f);
		return true;
	} else {
		path = rouse_steer_unhashed(&p->steer);
	}

	q = p->rxq[path.queue];
	if (unlikely(f->fate & EVNIC_FATE_CHAINED)) {
		if (!evnic_scatter_deliver(p, f, path, tsc))
			return lack_buffers(w, q, (f->len + q->room - 1) / q->room);
		goto delivered;
	}
	buf = take_buffer(q);
	if (unlikely(buf == NULL))
		return lack_buffers(w, q, 1);
	rte_memcpy(buf, f->data, f->len);
	if (unlikely(f->fate & EVNIC_FATE_STAMPED))
		memcpy((uint8_t *)buf + f->len - sizeof(tsc), &tsc, sizeof(tsc));

	/* a ring has an entry for every buffer of its queues: there is always room */
	ring = &p->rings[path.ring];
	event = rouse_evring_slot(ring->entries, ring->pending++);
	event->data = q->taken++;
	event->time_tsc = tsc;
	event->rss_hash = f->hash;
	event->ptype = f->ptype;
	event->len = f->len;
	event->queue = path.queue;
	event->code = ROUSE_EVENT_RX;
	event->flags = f->flags;
	ring->vectors |= UINT64_C(1) << path.vector;
	ring->addressed |= UINT64_C(1) << path.queue;
	w->touched |= UINT64_C(1) << path.ring;
	if (unlikely(w->trace != NULL))
		evnic_trace_event(w->trace, event, path);
delivered:
	w->delivered++;
	if (unlikely(f->fate & EVNIC_FATE_UNHASHED))
		w->unhashed++;
	return true;
}

/* Steps 4 and 5: publish, one fence for all rings, signal each. */
static void
publish(struct evnic_port *p, uint64_t tsc)
{
	struct evnic_wire *w = &p->wire;
	uint64_t rings, queues = 0;

	if (w->touched == 0)
		return;
	for (rings = w->touched; rings != 0; rings &= rings - 1) {
		struct evnic_ring *r = &p->rings[__builtin_ctzll(rings)];

		rouse_evring_publish(r->entries, r->pending);
		r->pending = 0;
		queues |= r->addressed;
	}
	for (; queues != 0; queues &= queues - 1) {
		struct evnic_rxq *q = p->rxq[__builtin_ctzll(queues)];

		/* pairs with the acquire in evnic_rxq_count() */
		atomic_store_explicit(&q->filled, q->taken, memory_order_release);
	}
	rouse_attn_fence();
	for (rings = w->touched; rings != 0; rings &= rings - 1)
		evnic_vector_signal(p, (uint16_t)__builtin_ctzll(rings), tsc);
	rouse_counter_add(&w->stats.frames, w->delivered);
	rouse_counter_add(&w->stats.unhashed, w->unhashed);
	w->touched = 0;
	w->delivered = w->unhashed = 0;
}

/* No buffer, overrun=drop: is the driver late, or has it none to give? */
static void
miss(struct evnic_port *p, struct evnic_rxq *q)
{
	bool is_dry = atomic_load_explicit(&q->dry, memory_order_relaxed);

	rouse_counter_add(&q->missed, 1);
	evnic_event_error(p, is_dry ? ROUSE_EVNIC_NO_BUFFER : ROUSE_EVNIC_OVERRUN, 1);
}

/* The source says so each time that it is asked. */
static void
note_end(struct evnic_port *p, enum evnic_next next)
{
	struct evnic_wire *w = &p->wire;

	if (rouse_counter_get(&w->stats.ended) != 0)
		return;
	/* pairs with the acquire of who waits for it: every frame was delivered */
	atomic_store_explicit(&w->stats.ended, 1, memory_order_release);
	if (w->source != NULL)
		evnic_event_error(p,
				  next == EVNIC_FAILED ? ROUSE_EVNIC_SOURCE_FAILED
						       : ROUSE_EVNIC_SOURCE_ENDED,
				  1);
}

/* A burst at most, in as many pieces as the source gives it. */
static enum evnic_next
receive(struct evnic_port *p, uint64_t *due)
{
	struct evnic_wire *w = &p->wire;
	struct evnic_source *s = w->source;
	enum evnic_next next = s == NULL ? EVNIC_ENDED : EVNIC_MORE;
	uint64_t tsc = rte_rdtsc();
	uint32_t left = EVNIC_BURST;

	if (unlikely(!w->carrier) && s != NULL && s->ops->hold != NULL)
		return EVNIC_HELD;
	while (next == EVNIC_MORE && left != 0) {
		struct evnic_batch batch;
		uint32_t n;

		s->ops->peek(s, left, &batch);
		if (batch.nb_frames == 0) {
			next = batch.next;
			*due = batch.due_ns;
			break;
		}
		if (unlikely(!w->carrier)) {
			rouse_counter_add(&w->stats.no_carrier, batch.nb_frames);
			s->ops->advance(s, batch.nb_frames);
			left -= batch.nb_frames;
			continue;
		}
		for (n = 0; n < batch.nb_frames; n++) {
			if (likely(deliver(p, &batch.frames[n], tsc)))
				continue;
			if (p->args.overrun == EVNIC_OVERRUN_WAIT) {
				next = EVNIC_WAIT_ROOM;
				break;
			}
			miss(p, w->blocked);
		}
		s->ops->advance(s, n);
		left -= n;
	}
	publish(p, tsc);
	if (unlikely(next == EVNIC_ENDED || next == EVNIC_FAILED))
		note_end(p, next);
	if (unlikely(s != NULL && s->nb_bad != p->events.bad_seen)) {
		evnic_event_error(p, ROUSE_EVNIC_BAD_RECORD, s->nb_bad - p->events.bad_seen);
		p->events.bad_seen = s->nb_bad;
	}
	return next;
}

/* ---- transmit: from the Tx rings into the sink ---- */

static uint32_t
transmit(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	uint16_t nb_queues = p->data->nb_tx_queues;
	uint16_t queue = w->first_txq;
	uint32_t sent = 0;

	if (w->sink == NULL)
		return 0;
	for (uint16_t i = 0; i < nb_queues; i++) {
		uint32_t n = evnic_txq_send(p->txq[queue], w->sink, &w->is_sink_full);

		if (n != 0 && p->args.tx_events)
			evnic_event_tx(p, queue);
		sent += n;
		if (w->is_sink_full)
			break;
		if (++queue == nb_queues)
			queue = 0;
	}
	w->first_txq = queue;
	if (sent != 0)
		rouse_counter_add(&w->stats.tx_frames, sent);
	return sent;
}

static void
want_room_in_sink(const struct evnic_wire *w, bool wanted)
{
	if (w->is_sink_full && w->sink->ops->want_room != NULL)
		w->sink->ops->want_room(w->sink, wanted);
}

/* ---- blocking: the consumer's half of the handshake ---- */

static bool
has_request(const struct evnic_wire *w)
{
	/* pairs with the release stores in evnic_wire_stop() and evnic_wire_sync() */
	return atomic_load_explicit(&w->stop, memory_order_acquire) ||
	       atomic_load_explicit(&w->sync_wanted, memory_order_acquire) !=
		       atomic_load_explicit(&w->sync_done, memory_order_relaxed);
}

/* The second look: is there anything that arrived before the state was PARK? */
static bool
has_work(struct evnic_port *p, enum evnic_next next)
{
	const struct evnic_wire *w = &p->wire;

	if (has_request(w))
		return true;
	if (next == EVNIC_WAIT_ROOM &&
	    atomic_load_explicit(&w->blocked->posted, memory_order_acquire) - w->blocked->taken >=
		    w->needed)
		return true;
	if (next == EVNIC_SILENT && w->source->ops->has_frames != NULL &&
	    w->source->ops->has_frames(w->source))
		return true;
	if (p->events.anything_owed && evnic_events_can_post(p))
		return true;
	if (w->is_sink_full)
		return w->sink->ops->has_room != NULL && w->sink->ops->has_room(w->sink);
	for (uint16_t i = 0; w->sink != NULL && i < p->data->nb_tx_queues; i++)
		if (evnic_txq_waits(p->txq[i]))
			return true;
	return false;
}

static void
set_timer(int timer, uint64_t ns)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) },
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void
block(struct evnic_port *p, enum evnic_next next, uint64_t due)
{
	struct evnic_wire *w = &p->wire;
	struct epoll_event event;
	uint64_t at = evnic_vectors_next_ns(p);

	if (next == EVNIC_WAIT_TIME)
		at = RTE_MIN(at, due);
	if (at != UINT64_MAX)
		set_timer(w->timer, at);
	if (p->events.anything_owed)
		atomic_store_explicit(&p->events.wanted, true, memory_order_relaxed);
	if (next == EVNIC_WAIT_ROOM)
		atomic_store_explicit(&w->blocked->room_wanted, true, memory_order_relaxed);
	want_room_in_sink(w, true);
	rouse_attn_park(&w->attn);
	if (!rouse_attn_look(&w->attn) && !has_work(p, next)) {
		rouse_counter_add(&w->stats.parks, 1);
		if (next == EVNIC_WAIT_ROOM)
			rouse_counter_add(&w->stats.room_waits, 1);
		if (w->is_sink_full)
			rouse_counter_add(&w->stats.tx_waits, 1);
		ROUSE_WINDOW(C_LOOKED);
		/* edge-triggered; EINTR and an early return are spurious wakes */
		epoll_wait(w->epoll, &event, 1, -1);
		ROUSE_WINDOW(C_WOKEN);
	}
	rouse_attn_unpark(&w->attn);
	ROUSE_WINDOW(C_UNPARKED);
	rouse_attn_poll(&w->attn);
	/* it looks at everything each round: the bits only say that somebody was there */
	for (uint64_t bits = rouse_attn_take(&w->attn); bits != 0; bits &= bits - 1)
		rouse_attn_take_detail(&w->attn, (unsigned int)__builtin_ctzll(bits));
	if (next == EVNIC_WAIT_ROOM)
		atomic_store_explicit(&w->blocked->room_wanted, false, memory_order_relaxed);
	want_room_in_sink(w, false);
	atomic_store_explicit(&p->events.wanted, false, memory_order_relaxed);
}

/* ---- the loop ---- */

static void
follow_carrier(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	bool up = atomic_load_explicit(&p->link.up, memory_order_acquire);

	if (up == w->carrier)
		return;
	w->carrier = up;
	if (w->source != NULL && w->source->ops->hold != NULL)
		w->source->ops->hold(w->source, !up);
	evnic_event_link(p);
}

static void
post_events(struct evnic_port *p)
{
	uint64_t tsc = rte_rdtsc();

	if (p->events.anything_owed) {
		evnic_events_post(p, tsc);
		publish(p, tsc);
	}
	if (p->wire.held != 0)
		evnic_vectors_deliver(p, evnic_vectors_due(p, tsc), tsc);
}

/* What control threads ask for takes effect between two rounds. */
static void
honour_requests(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	uint32_t wanted = atomic_load_explicit(&w->sync_wanted, memory_order_acquire);

	evnic_rules_copy(p, &w->rules);
	follow_carrier(p);
	evnic_vectors_deliver(p, evnic_vectors_unmasked(p), rte_rdtsc());
	post_events(p);
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		struct evnic_rxq *q = p->rxq[i];

		/* pairs with the release in stop_rxq() */
		if (atomic_load_explicit(&q->reset_wanted, memory_order_acquire)) {
			evnic_rxq_reset(q);
			atomic_store_explicit(&q->reset_wanted, false, memory_order_relaxed);
		}
	}
	/* pairs with the acquire in evnic_wire_sync() */
	atomic_store_explicit(&w->sync_done, wanted, memory_order_release);
}

/*
 * ethdev puts rx_burst in its place when dev_start has returned. A worker that nobody told of the
 * stop has its queues all the same, and what woke it before that it would not find.
 */
static void
await_driver(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;

	while (!evnic_is_received(p) && !atomic_load_explicit(&w->stop, memory_order_acquire)) {
		if (has_request(w))
			honour_requests(p);
		usleep(EVNIC_CONTROL_WAIT_US);
	}
}

/* The thread. */
void *
evnic_wire_main(void *arg)
{
	struct evnic_port *p = arg;
	struct evnic_wire *w = &p->wire;
	bool spins = w->source != NULL && w->source->spins;
	enum evnic_next next;
	uint64_t due = 0;
	int spun = 0;

	honour_requests(p);
	if (w->awaits_driver)
		await_driver(p);
	if (w->source != NULL && w->source->ops->prepare != NULL)
		w->source->ops->prepare(w->source, &w->rules);
	for (;;) {
		if (unlikely(has_request(w))) {
			honour_requests(p);
			if (atomic_load_explicit(&w->stop, memory_order_acquire))
				break;
		}
		next = receive(p, &due);
		if (unlikely(p->events.anything_owed || w->held != 0))
			post_events(p);
		if (transmit(p) != 0 || next == EVNIC_MORE) {
			spun = 0;
		} else if (next == EVNIC_WAIT_ROOM && spins && ++spun < SPINS) {
			rte_pause();
		} else {
			block(p, next, due);
			spun = 0;
		}
	}
	while (transmit(p) != 0)
		;
	honour_requests(p); /* nobody shall wait for a thread that has ended */
	/* pairs with the acquire in evnic_wire_sync() */
	atomic_store_explicit(&w->alive, false, memory_order_release);
	return NULL;
}
