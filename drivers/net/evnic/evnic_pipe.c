/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * One direction of a cable, or a port's loopback: a bounded ring of frames from one wire thread to
 * another, or to itself. A record is a header, the frame, and the rest up to ALIGN bytes; it never
 * straddles the end of the ring.
 *
 *   frames: sender -> receiver   head, released by push; the receiver is woken by the handshake
 *   room:   receiver -> sender   tail, released by advance; the sender is woken by the handshake,
 *                                when it waits and half of the ring is free
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#include "evnic.h"

#define RING_SIZE (512u << 10) /* bytes, a power of two */
#define ALIGN	  16	       /* bytes, at least a header */
#define ENOUGH	  (RING_SIZE / 2)
#define SKIP	  UINT32_MAX /* for a length: the next record is at the start of the ring */

struct record {
	uint32_t len;
	uint32_t unused[3];
	uint8_t data[];
};

_Static_assert(sizeof(struct record) == ALIGN, "a header is never cut in two");

struct evnic_pipe {
	uint8_t *ring;
	/* who receives, who sends, NULL: nobody does. Control threads -> both wires; a wire that
	 * may still use what was there is waited for (evnic_wire_sync). */
	_Atomic(struct rouse_attn *) receiver;
	_Atomic(struct rouse_attn *) sender;
	/* sender -> receiver: records before it; bytes, free-running */
	alignas(ROUSE_CACHE_LINE) _Atomic uint64_t head;
	_Atomic bool room_wanted; /* the sender is about to block for room */
	/* sender's alone */
	uint64_t written; /* head, when it is pushed */
	uint64_t tail_seen;
	/* receiver -> sender: records before it are finished with */
	alignas(ROUSE_CACHE_LINE) _Atomic uint64_t tail;
};

/* ---- life: control threads ---- */

struct evnic_pipe *
evnic_pipe_create(int numa_node)
{
	struct evnic_pipe *pipe = evnic_numa_alloc(sizeof(*pipe), numa_node);

	if (pipe == NULL)
		return NULL;
	pipe->ring = evnic_numa_alloc(RING_SIZE, numa_node);
	if (pipe->ring == NULL) {
		evnic_numa_free(pipe, sizeof(*pipe));
		return NULL;
	}
	return pipe;
}

void
evnic_pipe_destroy(struct evnic_pipe *pipe)
{
	if (pipe == NULL)
		return;
	evnic_numa_free(pipe->ring, RING_SIZE);
	evnic_numa_free(pipe, sizeof(*pipe));
}

/* Who receives from now on; NULL: nobody, and what is in the pipe is lost. */
void
evnic_pipe_set_receiver(struct evnic_pipe *pipe, struct rouse_attn *receiver)
{
	atomic_store_explicit(&pipe->receiver, receiver, memory_order_release);
}

void
evnic_pipe_set_sender(struct evnic_pipe *pipe, struct rouse_attn *sender)
{
	atomic_store_explicit(&pipe->sender, sender, memory_order_release);
}

/* Nobody sends and nobody receives while this empties it. */
void
evnic_pipe_drain(struct evnic_pipe *pipe)
{
	atomic_store_explicit(&pipe->tail, atomic_load_explicit(&pipe->head, memory_order_acquire),
			      memory_order_release);
}

/* ---- the sending end ---- */

struct pipe_sink {
	struct evnic_sink base;
	struct evnic_pipe *pipe;
};

static struct evnic_pipe *
pipe_of_sink(const struct evnic_sink *s)
{
	const struct pipe_sink *sink = RTE_PTR_SUB(s, offsetof(struct pipe_sink, base));

	return sink->pipe;
}

static bool
has_space(struct evnic_pipe *pipe, uint64_t bytes)
{
	if (RING_SIZE - (pipe->written - pipe->tail_seen) >= bytes)
		return true;
	/* pairs with the release in advance() */
	pipe->tail_seen = atomic_load_explicit(&pipe->tail, memory_order_acquire);
	return RING_SIZE - (pipe->written - pipe->tail_seen) >= bytes;
}

static struct record *
record_at(const struct evnic_pipe *pipe, uint64_t at)
{
	return RTE_PTR_ADD(pipe->ring, at & (RING_SIZE - 1));
}

/* 0; -EAGAIN: no room; -ENOLINK: nobody is at the other end; -EMSGSIZE: longer than any buffer */
static int
write_one(struct evnic_pipe *pipe, const struct rte_mbuf *pkt)
{
	uint32_t len = pkt->pkt_len;
	uint32_t size = RTE_ALIGN_CEIL((uint32_t)sizeof(struct record) + len, ALIGN);
	uint32_t to_end = RING_SIZE - (uint32_t)(pipe->written & (RING_SIZE - 1));
	uint32_t skipped = size > to_end ? to_end : 0;
	struct record *r;
	const void *data;

	if (len == 0 || len > EVNIC_MAX_FRAME)
		return -EMSGSIZE;
	/* pairs with the release in evnic_pipe_set_receiver() */
	if (atomic_load_explicit(&pipe->receiver, memory_order_acquire) == NULL)
		return -ENOLINK;
	if (!has_space(pipe, skipped + size))
		return -EAGAIN;
	if (skipped != 0)
		record_at(pipe, pipe->written)->len = SKIP;
	r = record_at(pipe, pipe->written + skipped);
	r->len = len;
	data = rte_pktmbuf_read(pkt, 0, len, r->data);
	if (data != r->data)
		memcpy(r->data, data, len);
	pipe->written += skipped + size;
	return 0;
}

static void
push(struct evnic_pipe *pipe)
{
	struct rouse_attn_target target = { .device = EVNIC_WIRE_FRAMES };

	if (pipe->written == atomic_load_explicit(&pipe->head, memory_order_relaxed))
		return;
	/* pairs with the acquires in peek() and has_frames() */
	atomic_store_explicit(&pipe->head, pipe->written, memory_order_release);
	target.attn = atomic_load_explicit(&pipe->receiver, memory_order_acquire);
	if (target.attn != NULL)
		rouse_attn_signal(&target, rte_rdtsc());
}

static uint32_t
write_burst(struct evnic_sink *sink, struct rte_mbuf *const *pkts, uint32_t nb_pkts,
	    uint64_t *refused)
{
	struct evnic_pipe *pipe = pipe_of_sink(sink);
	uint32_t n;

	for (n = 0; n < nb_pkts; n++) {
		int ret = write_one(pipe, pkts[n]);

		if (ret == -EAGAIN)
			break;
		if (ret != 0)
			*refused |= UINT64_C(1) << n;
	}
	push(pipe);
	return n;
}

static void
want_room(struct evnic_sink *sink, bool wanted)
{
	/* before the fence of the park; pairs with the load after the fence in advance() */
	atomic_store_explicit(&pipe_of_sink(sink)->room_wanted, wanted, memory_order_relaxed);
}

static bool
has_enough(const struct evnic_pipe *pipe, uint64_t head, uint64_t tail)
{
	return RING_SIZE - (head - tail) >= ENOUGH;
}

static bool
has_room(const struct evnic_sink *sink)
{
	const struct evnic_pipe *pipe = pipe_of_sink(sink);

	return has_enough(pipe, pipe->written,
			  atomic_load_explicit(&pipe->tail, memory_order_acquire)) ||
	       atomic_load_explicit(&pipe->receiver, memory_order_acquire) == NULL;
}

static void
destroy_sink(struct evnic_sink *sink)
{
	free(RTE_PTR_SUB(sink, offsetof(struct pipe_sink, base)));
}

static const struct evnic_sink_ops sink_ops = {
	.write = write_burst,
	.want_room = want_room,
	.has_room = has_room,
	.destroy = destroy_sink,
};

/* The pipe stays the caller's. NULL: no memory. */
struct evnic_sink *
evnic_pipe_sink(struct evnic_pipe *pipe)
{
	struct pipe_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base.ops = &sink_ops;
	s->pipe = pipe;
	return &s->base;
}

/* ---- the receiving end ---- */

struct pipe_source {
	struct evnic_source base;
	struct evnic_pipe *pipe;
	struct evnic_wire_stats *stats;
	uint32_t next;	    /* of the batch: what was advanced over */
	uint32_t nb_frames; /* of the batch */
	uint64_t read;	    /* records before it are in the batch, or finished with */
	struct evnic_frame frames[EVNIC_BURST]; /* their data lies in the ring */
	uint64_t ends[EVNIC_BURST];		/* of their records */
};

static struct pipe_source *
of(struct evnic_source *s)
{
	return RTE_PTR_SUB(s, offsetof(struct pipe_source, base));
}

static int
start(struct evnic_source *source)
{
	struct pipe_source *s = of(source);

	s->next = s->nb_frames = 0;
	s->read = atomic_load_explicit(&s->pipe->tail, memory_order_relaxed);
	return 0;
}

/* Records before `end` are finished with: room for a sender that waits. */
static void
release(struct pipe_source *s, uint64_t end)
{
	struct evnic_pipe *pipe = s->pipe;
	struct rouse_attn_target target = { .device = EVNIC_WIRE_ROOM };

	atomic_store_explicit(&pipe->tail, end, memory_order_release);
	rouse_attn_fence();
	if (!atomic_load_explicit(&pipe->room_wanted, memory_order_relaxed) ||
	    !has_enough(pipe, atomic_load_explicit(&pipe->head, memory_order_relaxed), end))
		return;
	target.attn = atomic_load_explicit(&pipe->sender, memory_order_acquire);
	if (target.attn != NULL && rouse_attn_mark(&target))
		rouse_attn_wake(&target, rte_rdtsc());
}

/* Take a burst of records into the batch. */
static void
fill(struct pipe_source *s)
{
	uint64_t head = atomic_load_explicit(&s->pipe->head, memory_order_acquire);
	uint64_t before = s->read;

	s->next = s->nb_frames = 0;
	while (s->read != head && s->nb_frames < EVNIC_BURST) {
		struct record *r = record_at(s->pipe, s->read);
		struct evnic_frame *f = &s->frames[s->nb_frames];

		if (r->len == SKIP) {
			s->read += RING_SIZE - (s->read & (RING_SIZE - 1));
			continue;
		}
		s->read += RTE_ALIGN_CEIL(sizeof(*r) + r->len, ALIGN);
		if (r->len > s->base.max_len) {
			rouse_counter_add(&s->stats->too_long, 1);
			continue;
		}
		f->data = r->data;
		f->len = r->len;
		f->rules_version = 0; /* the wire judges it */
		s->ends[s->nb_frames++] = s->read;
	}
	if (s->nb_frames == 0 && s->read != before)
		release(s, s->read); /* there was nothing but what is too long */
}

static void
peek(struct evnic_source *source, uint32_t max, struct evnic_batch *out)
{
	struct pipe_source *s = of(source);

	if (s->next == s->nb_frames)
		fill(s);
	out->frames = &s->frames[s->next];
	out->nb_frames = RTE_MIN(s->nb_frames - s->next, max);
	out->next = EVNIC_SILENT;
}

static void
advance(struct evnic_source *source, uint32_t n)
{
	struct pipe_source *s = of(source);

	if (n == 0)
		return;
	s->next += n;
	release(s, s->next == s->nb_frames ? s->read : s->ends[s->next - 1]);
}

static bool
has_frames(const struct evnic_source *source)
{
	const struct pipe_source *s = RTE_PTR_SUB(source, offsetof(struct pipe_source, base));

	return atomic_load_explicit(&s->pipe->head, memory_order_acquire) != s->read;
}

static void
destroy_source(struct evnic_source *source)
{
	free(of(source));
}

static const struct evnic_source_ops source_ops = {
	.start = start,
	.peek = peek,
	.advance = advance,
	.has_frames = has_frames,
	.destroy = destroy_source,
};

/* The pipe stays the caller's. NULL: no memory. */
struct evnic_source *
evnic_pipe_source(struct evnic_pipe *pipe, struct evnic_wire_stats *stats)
{
	struct pipe_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base.ops = &source_ops;
	s->base.fd = -1;
	s->base.spins = true;
	s->pipe = pipe;
	s->stats = stats;
	return &s->base;
}
