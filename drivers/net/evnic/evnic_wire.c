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
 *   5. signals: the park handshake towards whoever owns the vector.
 *
 * It sleeps itself: for the time of the next frame, for a posted buffer (overrun=wait), for frames
 * to send. There it is the consumer of the same handshake. It spins only for pace=max.
 */

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_memcpy.h>
#include <rte_pause.h>

#include "evnic.h"

#define SPINS		4096 /* pause=max: looks for a buffer before it blocks for one */
#define PREFETCH_AHEAD	4    /* buffers */
#define NEVER_NS	4e18 /* 126 years: with the clock's time added it still fits */
#define CONTROL_WAIT_US 50   /* between two looks whether the wire has honoured a request */

/* What kept wire_receive() from going on. */
enum outcome {
	MORE,	   /* nothing: there are more frames due */
	WAIT_TIME, /* the next frame is not due yet */
	WAIT_ROOM, /* no buffer in the frame's queue, overrun=wait */
	NOTHING,   /* the source has ended, or there is none */
	HELD,	   /* the link is down */
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- receive: from the source into the event rings ---- */

static void
hash_frame(const struct evnic_wire *w, struct evnic_frame *f)
{
	struct evnic_parsed parsed;

	evnic_parse(f->data, f->len, &parsed);
	f->flags = parsed.cksum;
	f->fate = evnic_filter_fate(&w->filter, f->data, f->len);
	if (evnic_rss_hash(&w->rss, &parsed, &f->hash)) {
		f->flags |= ROUSE_EVENT_F_HASH;
	} else {
		f->fate |= EVNIC_FATE_UNHASHED;
		f->hash = 0;
	}
	f->rss_version = w->rss_version;
}

/* When the recording has the frame, from the start of the replay. Clocks that jump, and slow
 * motion, make times that 64 bits do not hold: those are never. */
static uint64_t
recorded_ns(const struct evnic_port *p, const struct evnic_frame *f)
{
	double ns = ((double)p->wire.loop * (double)p->replay.span_ns + (double)f->offset_ns) /
		    p->args.speed;

	return ns < NEVER_NS ? (uint64_t)ns : (uint64_t)NEVER_NS;
}

/* When the next frame is due, in ns of CLOCK_MONOTONIC. */
static uint64_t
due_ns(const struct evnic_port *p, const struct evnic_frame *f)
{
	const struct evnic_wire *w = &p->wire;
	uint64_t ns;

	if (p->args.pace == EVNIC_PACE_PPS)
		ns = w->sent / p->args.pps * NS_PER_S +
		     w->sent % p->args.pps * NS_PER_S / p->args.pps;
	else
		ns = recorded_ns(p, f);
	return w->start_ns + ns;
}

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
		__builtin_prefetch((void *)(uintptr_t)q->bufs[ahead & q->mask], 1);
	return (void *)(uintptr_t)q->bufs[q->taken & q->mask];
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
	/* pairs with the release in evnic_rx_queue_start(): what was posted before is found next */
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
	struct evnic_rxq *q, *owner;
	void *buf;

	if (unlikely(f->rss_version != w->rss_version))
		hash_frame(w, f);
	if (likely((f->fate & ~EVNIC_FATE_CHAINED) == 0)) {
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

	/* a ring has an entry for every buffer of its queue: there is always room */
	owner = p->rxq[path.ring];
	event = rouse_evring_slot(owner->ring, owner->pending++);
	event->data = q->taken++;
	event->time_tsc = tsc;
	event->rss_hash = f->hash;
	event->ptype = f->ptype;
	event->len = f->len;
	event->queue = path.queue;
	event->code = ROUSE_EVENT_RX;
	event->flags = f->flags;
delivered:
	w->touched |= UINT64_C(1) << path.ring;
	if (unlikely(f->fate & EVNIC_FATE_UNHASHED))
		rouse_counter_add(&w->stats.unhashed, 1);
	return true;
}

/* Steps 4 and 5: publish, one fence for all rings, signal each. */
static void
publish(struct evnic_port *p, uint64_t tsc)
{
	struct evnic_wire *w = &p->wire;
	uint64_t rings, delivered = 0;

	if (w->touched == 0)
		return;
	for (rings = w->touched; rings != 0; rings &= rings - 1) {
		struct evnic_rxq *q = p->rxq[__builtin_ctzll(rings)];

		rouse_evring_publish(q->ring, q->pending);
		delivered += q->pending;
		q->pending = 0;
	}
	rouse_attn_fence();
	for (rings = w->touched; rings != 0; rings &= rings - 1) {
		uint16_t ring = (uint16_t)__builtin_ctzll(rings);
		struct evnic_rxq *q = p->rxq[rouse_steer_vector(&p->steer, ring)];
		/* pairs with the release in bind */
		const struct rouse_attn_target *t =
			atomic_load_explicit(&q->target, memory_order_acquire);

		if (rouse_attn_mark(t)) {
			rouse_counter_add(&w->stats.messages, 1);
			if (rouse_attn_wake(t, tsc))
				rouse_counter_add(&w->stats.doorbells, 1);
		}
		rouse_evring_settle(p->rxq[ring]->ring);
	}
	rouse_counter_add(&w->stats.frames, delivered);
	w->touched = 0;
}

static enum outcome
receive(struct evnic_port *p, uint64_t *due)
{
	const struct evnic_replay *r = &p->replay;
	struct evnic_wire *w = &p->wire;
	bool paced = p->args.pace != EVNIC_PACE_MAX;
	uint64_t now = paced ? now_ns() : 0;
	uint64_t tsc = rte_rdtsc();
	enum outcome outcome = MORE;

	if (unlikely(!w->carrier))
		return HELD;
	for (int i = 0; i < EVNIC_BURST; i++) {
		struct evnic_frame *f = &r->frames[w->next];

		if (r->nb_frames == 0 || p->data->nb_rx_queues == 0 ||
		    (p->args.loops != 0 && w->loop == p->args.loops)) {
			outcome = NOTHING;
			break;
		}
		if (paced) {
			*due = due_ns(p, f);
			if (*due > now) {
				outcome = WAIT_TIME;
				break;
			}
		}
		if (unlikely(!deliver(p, f, tsc))) {
			if (p->args.overrun == EVNIC_OVERRUN_WAIT) {
				outcome = WAIT_ROOM;
				break;
			}
			rouse_counter_add(&w->blocked->missed, 1);
		}
		w->sent++;
		if (++w->next == r->nb_frames) {
			w->next = 0;
			w->loop++;
		}
	}
	publish(p, tsc);
	if (unlikely(w->chained != 0)) { /* publish() has counted buffers */
		rouse_counter_add(&w->stats.frames, -(uint64_t)w->chained);
		w->chained = 0;
	}
	if (outcome == NOTHING)
		atomic_store_explicit(&w->stats.ended, 1, memory_order_release);
	return outcome;
}

/* ---- transmit: from the Tx rings into the sink ---- */

static uint32_t
transmit(struct evnic_port *p)
{
	uint32_t sent = 0;

	if (p->sink == NULL)
		return 0;
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++)
		sent += evnic_txq_send(p->txq[i], p->sink);
	if (sent != 0)
		rouse_counter_add(&p->wire.stats.tx_frames, sent);
	return sent;
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
has_work(struct evnic_port *p, enum outcome outcome)
{
	struct evnic_rxq *q = p->wire.blocked;

	if (has_request(&p->wire))
		return true;
	if (outcome == WAIT_ROOM &&
	    atomic_load_explicit(&q->posted, memory_order_acquire) - q->taken >= p->wire.needed)
		return true;
	for (uint16_t i = 0; p->sink != NULL && i < p->data->nb_tx_queues; i++)
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
block(struct evnic_port *p, enum outcome outcome, uint64_t due)
{
	struct evnic_wire *w = &p->wire;
	struct epoll_event event;

	if (outcome == WAIT_TIME)
		set_timer(w->timer, due);
	if (outcome == WAIT_ROOM)
		atomic_store_explicit(&w->blocked->room_wanted, true, memory_order_relaxed);
	rouse_attn_park(&w->attn);
	if (!rouse_attn_look(&w->attn) && !has_work(p, outcome)) {
		rouse_counter_add(&w->stats.parks, 1);
		if (outcome == WAIT_ROOM)
			rouse_counter_add(&w->stats.room_waits, 1);
		/* edge-triggered; EINTR and an early return are spurious wakes */
		epoll_wait(w->epoll, &event, 1, -1);
	}
	rouse_attn_unpark(&w->attn);
	rouse_attn_poll(&w->attn);
	/* it looks at everything each round: the bits only say that somebody was there */
	for (uint64_t bits = rouse_attn_take(&w->attn); bits != 0; bits &= bits - 1)
		rouse_attn_take_detail(&w->attn, (unsigned int)__builtin_ctzll(bits));
	if (outcome == WAIT_ROOM)
		atomic_store_explicit(&w->blocked->room_wanted, false, memory_order_relaxed);
}

/* ---- the loop ---- */

/* While there is no carrier the replay stands still, its clock with it. */
static void
follow_carrier(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	bool up = atomic_load_explicit(&p->link.up, memory_order_acquire);

	if (up == w->carrier)
		return;
	w->carrier = up;
	if (up)
		w->start_ns += now_ns() - w->held_ns;
	else
		w->held_ns = now_ns();
}

/* What control threads ask for takes effect between two rounds. */
static void
honour_requests(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	uint32_t wanted = atomic_load_explicit(&w->sync_wanted, memory_order_acquire);
	uint32_t version = atomic_load_explicit(&p->rss_version, memory_order_acquire);

	if (version != w->rss_version) {
		pthread_mutex_lock(&p->lock);
		w->rss = p->rss;
		w->filter = p->filter;
		pthread_mutex_unlock(&p->lock);
		w->rss_version = version;
	}
	follow_carrier(p);
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		struct evnic_rxq *q = p->rxq[i];

		/* pairs with the release in evnic_rx_queue_stop() */
		if (atomic_load_explicit(&q->reset_wanted, memory_order_acquire)) {
			evnic_rxq_reset(q);
			atomic_store_explicit(&q->reset_wanted, false, memory_order_relaxed);
		}
	}
	/* pairs with the acquire in evnic_wire_sync() */
	atomic_store_explicit(&w->sync_done, wanted, memory_order_release);
}

static void *
wire_main(void *arg)
{
	struct evnic_port *p = arg;
	struct evnic_wire *w = &p->wire;
	enum outcome outcome;
	uint64_t due = 0;
	int spins = 0;

	honour_requests(p);
	for (uint64_t i = 0; i < p->replay.nb_frames; i++)
		hash_frame(w, &p->replay.frames[i]);
	w->start_ns = now_ns();
	for (;;) {
		if (unlikely(has_request(w))) {
			honour_requests(p);
			if (atomic_load_explicit(&w->stop, memory_order_acquire))
				break;
		}
		outcome = receive(p, &due);
		if (transmit(p) != 0 || outcome == MORE) {
			spins = 0;
		} else if (outcome == WAIT_ROOM && p->args.pace == EVNIC_PACE_MAX &&
			   ++spins < SPINS) {
			rte_pause();
		} else {
			block(p, outcome, due);
			spins = 0;
		}
	}
	while (transmit(p) != 0)
		;
	honour_requests(p); /* nobody shall wait for a thread that has ended */
	return NULL;
}

/* ---- control threads ---- */

static int
watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int
evnic_wire_init(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	int ret = rouse_attn_init(&w->attn);

	if (ret != 0)
		return ret;
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->timer < 0 || w->epoll < 0)
		ret = -errno;
	if (ret == 0)
		ret = watch(w->epoll, w->timer);
	if (ret == 0)
		ret = watch(w->epoll, w->attn.doorbell);
	if (ret != 0)
		evnic_wire_fini(p);
	return ret;
}

void
evnic_wire_fini(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;

	if (w->epoll >= 0)
		close(w->epoll);
	if (w->timer >= 0)
		close(w->timer);
	rouse_attn_fini(&w->attn);
}

int
evnic_wire_start(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	char name[RTE_MAX_THREAD_NAME_LEN];
	int ret;

	atomic_store_explicit(&w->stop, false, memory_order_relaxed);
	atomic_store_explicit(&w->stats.ended, 0, memory_order_relaxed);
	w->next = w->loop = w->sent = w->touched = 0;
	w->carrier = true;
	rouse_attn_poll(&w->attn);
	snprintf(name, sizeof(name), "wire-%u", p->data->port_id);
	ret = rte_ctrl_thread_create(&w->thread, name, NULL, wire_main, p);
	if (ret != 0) {
		EVNIC_LOG(ERR, "port %u: no wire thread: %s", p->data->port_id, strerror(-ret));
		return ret;
	}
	w->running = true;
	ret = evnic_numa_pin(w->thread, p->data->numa_node, p->args.wire_cpu);
	if (ret != 0)
		EVNIC_LOG(WARNING, "port %u: the wire thread stays where it is: %s",
			  p->data->port_id, strerror(-ret));
	return 0;
}

static void
request(struct evnic_wire *w)
{
	const struct rouse_attn_target t = { .attn = &w->attn, .device = EVNIC_WIRE_CONTROL };

	rouse_attn_signal(&t, rte_rdtsc());
}

void
evnic_wire_stop(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;

	if (!w->running)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_release);
	request(w);
	pthread_join(w->thread, NULL);
	w->running = false;
}

/*
 * Returns when the wire thread has begun a new round, and so uses nothing that was changed
 * before: a target, the RSS key.
 */
void
evnic_wire_sync(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	uint32_t wanted;

	if (!w->running)
		return;
	wanted = atomic_fetch_add_explicit(&w->sync_wanted, 1, memory_order_release) + 1;
	request(w);
	/* pairs with the release in honour_requests() */
	while ((int32_t)(atomic_load_explicit(&w->sync_done, memory_order_acquire) - wanted) < 0)
		usleep(CONTROL_WAIT_US);
}
