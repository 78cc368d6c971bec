/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_ATTN_H
#define ROUSE_ATTN_H

/**
 * @file
 * Attention: how a producer tells one worker that one of its event rings has work.
 *
 * Each worker has an attention word (64 bits, one bit a device), a detail word per device (64
 * bits, one bit an event ring), a state and a doorbell. A bit means what the worker that owns
 * the word says it means: a source is the pair (worker, bit); which is whose says
 * rouse_attn_alloc.h. The message that a vector sends is a set of these bits, so two rings behind
 * one vector overwrite nothing.
 *
 * A device is known by the number of its detail word, and its bit is that number modulo 64. So the
 * first 64 devices have a bit each; only where bits are shared are there more, and then whoever
 * finds a bit set looks at every detail word that it may stand for.
 *
 * Both halves of the park handshake stand here, each once: the producer's steps P1 to P6 and the
 * consumer's stores, fences and looks. What a worker does between them is lib/worker's business.
 *
 *     producer                                consumer (worker, or a device's wire thread)
 *     P1 write the entry                      POLL -> ATTEND: rouse_attn_attend(), one full round
 *     P2 advance the write indicator          ATTEND: rouse_attn_take(), then take_detail(),
 *     P3 full fence                             then the ring
 *     P4 state is POLL: done                  ATTEND -> PARK: rouse_attn_park(), arm,
 *     P5 set detail bit, then attention bit     rouse_attn_look(); nothing: block
 *     P6 state is PARK and compare-exchange   awake: rouse_attn_unpark()
 *        to ATTEND wins: ring the doorbell
 *
 * The doorbell (an eventfd) is a hint that may come early, merged or for nothing, and is never
 * lost; the ring is the truth. The two full fences, P3 and the consumer's, are a store-buffering
 * (Dekker) pair: each side stores, fences, and looks at what the other stored, so at least one
 * of them sees the other. They exist in this file and nowhere else.
 *
 * No function here needs EAL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rouse_atomic.h>

#include "rouse_evring.h"
#include "rouse_window.h"

#ifdef __cplusplus
using std::atomic_thread_fence;

extern "C" {
#endif

#define ROUSE_ATTN_BITS 64 /**< of a word: devices, or event rings of a (worker, device) */

/** A consumer's states; what a producer owes in each is in the table of docs/architecture.md. */
enum rouse_attn_state {
	ROUSE_ATTN_POLL,   /**< visits every source: producers owe nothing more than the entry */
	ROUSE_ATTN_ATTEND, /**< visits what the bits name: producers set bits */
	ROUSE_ATTN_PARK,   /**< blocked: producers set bits, one of them rings the doorbell */
};

/** A consumer's attention: made by rouse_attn_init(), and on cache lines of its own. */
struct rouse_attn {
	/** enum rouse_attn_state. Written by the consumer, and by the producer that wins P6. */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint32_t) state;
	/** An eventfd; producers write it, the consumer waits for it edge-triggered and never
	 * reads it. Constant. */
	int doorbell;
	/** Detail words that have a device are below this, which is at least ROUSE_ATTN_BITS.
	 * Written by a control thread before a producer knows of the device, read by the consumer.
	 */
	ROUSE_ATOMIC(uint32_t) nb_details;
	/** When the event happened whose producer won P6, TSC cycles; 0 while it is not known.
	 * Written by that producer, cleared by the consumer before it parks. */
	ROUSE_ATOMIC(uint64_t) event_tsc;
	/** Attention word. Bits set by producers, taken by the consumer. */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint64_t) word;
	/** Detail words. Bits set by producers, taken by the consumer. Where bits are shared, more
	 * of them follow: see rouse_attn_memsize(). */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint64_t) detail[ROUSE_ATTN_BITS];
};

/** Where a producer signals: what the message data of a vector comes down to. */
struct rouse_attn_target {
	struct rouse_attn *attn; /**< the consumer's */
	uint16_t device;	 /**< its detail word; modulo 64 its bit of the attention word */
	uint8_t ring;		 /**< bit of the device's detail word */
};

/**
 * Bytes of an attention with so many detail words, as a consumer needs it whose bits are shared.
 * They are zeroed memory on cache lines of its own; rouse_attn_init() makes an attention of its
 * first sizeof(struct rouse_attn).
 *
 * @param nb_details  at least ROUSE_ATTN_BITS
 */
static inline size_t
rouse_attn_memsize(uint32_t nb_details)
{
	size_t more = nb_details - ROUSE_ATTN_BITS;
	size_t size = sizeof(struct rouse_attn) + more * sizeof(ROUSE_ATOMIC(uint64_t));

	return (size + ROUSE_CACHE_LINE - 1) / ROUSE_CACHE_LINE * ROUSE_CACHE_LINE;
}

/**
 * Make an attention with no bit set, in state ATTEND, and its doorbell.
 *
 * @return 0; -errno of eventfd(2) (-EMFILE: raise the limit of open files), and the doorbell is -1
 */
int rouse_attn_init(struct rouse_attn *a);

/** The same with a doorbell that the caller makes and closes: consumers that are told of the same
 * events may share one. Do not rouse_attn_fini() it. */
void rouse_attn_init_with(struct rouse_attn *a, int doorbell);

/** Close the doorbell. No producer may know the attention any more. */
void rouse_attn_fini(struct rouse_attn *a);

/** Ring a doorbell: wakes who blocks on it now, or lets the next block return at once. */
void rouse_attn_ring_doorbell(int doorbell);

/* ---- the producer's half ---- */

/**
 * Step P3, the full fence. Once for all the rings that were published before it: a device that
 * delivers a burst to many queues fences once, then calls rouse_attn_mark() for each.
 */
static inline void
rouse_attn_fence(void)
{
	ROUSE_WINDOW(P_PUBLISHED);
	/* pairs with the fences in rouse_attn_attend() and rouse_attn_look() */
	atomic_thread_fence(memory_order_seq_cst);
	ROUSE_WINDOW(P_FENCED);
}

/** Steps P4 and P5, after rouse_attn_fence(): set the bits unless the consumer polls.
 * @return false if the consumer polls, and nothing more is owed */
static inline bool
rouse_attn_mark(const struct rouse_attn_target *t)
{
	struct rouse_attn *a = t->attn;

	if (atomic_load_explicit(&a->state, memory_order_relaxed) == ROUSE_ATTN_POLL)
		return false;
	ROUSE_WINDOW(P_STATE);
	/* detail before attention: who takes the attention bit must find the detail bit. Pairs
	 * with the exchanges in rouse_attn_take() and rouse_attn_take_detail(). */
	atomic_fetch_or_explicit(&a->detail[t->device], UINT64_C(1) << t->ring,
				 memory_order_seq_cst);
	ROUSE_WINDOW(P_DETAIL);
	atomic_fetch_or_explicit(&a->word, UINT64_C(1) << t->device % ROUSE_ATTN_BITS,
				 memory_order_seq_cst);
	ROUSE_WINDOW(P_MARKED);
	return true;
}

/**
 * Step P6, after rouse_attn_mark(): wake the consumer if it is parked. Exactly one of the
 * producers that find it parked rings.
 *
 * @param t          where the bits were set
 * @param event_tsc  when the event happened, TSC cycles: the start of the wake latency
 * @return whether the doorbell was rung
 */
static inline bool
rouse_attn_wake(const struct rouse_attn_target *t, uint64_t event_tsc)
{
	struct rouse_attn *a = t->attn;
	uint32_t park = ROUSE_ATTN_PARK;

	/* read again, after the bits: the consumer may have parked since P4 */
	if (atomic_load_explicit(&a->state, memory_order_seq_cst) != ROUSE_ATTN_PARK)
		return false;
	if (!atomic_compare_exchange_strong_explicit(&a->state, &park, ROUSE_ATTN_ATTEND,
						     memory_order_seq_cst, memory_order_seq_cst))
		return false;
	ROUSE_WINDOW(P_CLAIMED);
	/* the write of the eventfd orders this store before the consumer's return */
	atomic_store_explicit(&a->event_tsc, event_tsc, memory_order_release);
	rouse_attn_ring_doorbell(a->doorbell);
	ROUSE_WINDOW(P_RUNG);
	return true;
}

/** Steps P3 to P6 for one target, after its ring was published.
 * @return whether the doorbell was rung */
static inline bool
rouse_attn_signal(const struct rouse_attn_target *t, uint64_t event_tsc)
{
	rouse_attn_fence();
	return rouse_attn_mark(t) && rouse_attn_wake(t, event_tsc);
}

/* ---- the consumer's half ---- */

/** ATTEND -> POLL: producers owe nothing from here on. */
static inline void
rouse_attn_poll(struct rouse_attn *a)
{
	atomic_store_explicit(&a->state, ROUSE_ATTN_POLL, memory_order_relaxed);
}

/** POLL -> ATTEND. The caller then visits every source once: what came before has no bit. */
static inline void
rouse_attn_attend(struct rouse_attn *a)
{
	atomic_store_explicit(&a->state, ROUSE_ATTN_ATTEND, memory_order_relaxed);
	ROUSE_WINDOW(C_ATTEND);
	/* pairs with rouse_attn_fence(): a producer that still saw POLL has published before the
	 * round that follows */
	atomic_thread_fence(memory_order_seq_cst);
	ROUSE_WINDOW(C_ROUND);
}

/** ATTEND: take the attention word, before any detail word. */
static inline uint64_t
rouse_attn_take(struct rouse_attn *a)
{
	uint64_t word;

	if (atomic_load_explicit(&a->word, memory_order_relaxed) == 0) {
		ROUSE_WINDOW(C_NOTHING);
		return 0;
	}
	/* pairs with the second fetch_or in rouse_attn_mark() */
	word = atomic_exchange_explicit(&a->word, 0, memory_order_acquire);
	ROUSE_WINDOW(C_WORD);
	return word;
}

/** ATTEND: take the detail word of a device, before any of its rings. */
static inline uint64_t
rouse_attn_take_detail(struct rouse_attn *a, unsigned int device)
{
	/* pairs with the first fetch_or in rouse_attn_mark() */
	uint64_t bits = atomic_exchange_explicit(&a->detail[device], 0, memory_order_acquire);

	ROUSE_WINDOW(C_DETAIL);
	return bits;
}

/** Set the bits of a ring in its producer's place: the consumer, in ATTEND, because it left entries
 * there; a control thread, for entries from before the producer knew the target. */
static inline void
rouse_attn_mark_own(const struct rouse_attn_target *t)
{
	atomic_fetch_or_explicit(&t->attn->detail[t->device], UINT64_C(1) << t->ring,
				 memory_order_seq_cst);
	atomic_fetch_or_explicit(&t->attn->word, UINT64_C(1) << t->device % ROUSE_ATTN_BITS,
				 memory_order_seq_cst);
}

/** After rouse_attn_take(): the detail words that a bit stands for have its number, and those 64,
 * 128, ... above it, as far as they are below this. Read after the word: who set the bit of a
 * device was told of it after this was raised. */
static inline unsigned int
rouse_attn_nb_details(const struct rouse_attn *a)
{
	return atomic_load_explicit(&a->nb_details, memory_order_relaxed);
}

/** Nobody signals these rings any more, and nobody shall look at them: clear their bits. Any
 * thread; the bit of the device may stay set, and then names nothing. */
static inline void
rouse_attn_unmark(struct rouse_attn *a, unsigned int device, uint64_t rings)
{
	atomic_fetch_and_explicit(&a->detail[device], ~rings, memory_order_seq_cst);
}

/** The rings of a device that are marked, a bit each: a settled entry in another one was lost. */
static inline uint64_t
rouse_attn_marked_rings(const struct rouse_attn *a, unsigned int device)
{
	uint64_t word = atomic_load_explicit(&a->word, memory_order_acquire);
	uint64_t bits = atomic_load_explicit(&a->detail[device], memory_order_acquire);

	return (word >> device % ROUSE_ATTN_BITS & 1) != 0 ? bits : 0;
}

/** ATTEND -> PARK, the store. The caller arms its plain sources next. */
static inline void
rouse_attn_park(struct rouse_attn *a)
{
	ROUSE_WINDOW(C_PARKING);
	atomic_store_explicit(&a->event_tsc, 0, memory_order_relaxed);
	/* release: event_tsc is cleared before a producer can claim PARK and set it */
	atomic_store_explicit(&a->state, ROUSE_ATTN_PARK, memory_order_release);
	ROUSE_WINDOW(C_PARK);
}

/** PARK, after arming: the fence and the second look. The caller looks at its plain sources too.
 * @return whether a bit is set: do not block */
static inline bool
rouse_attn_look(struct rouse_attn *a)
{
	ROUSE_WINDOW(C_ARMED);
	/* pairs with rouse_attn_fence(): a producer that did not see PARK has set its bits, or,
	 * for a plain source, has its packets in the ring, before the look that follows */
	atomic_thread_fence(memory_order_seq_cst);
	ROUSE_WINDOW(C_LOOK);
	return atomic_load_explicit(&a->word, memory_order_relaxed) != 0;
}

/** PARK -> ATTEND, after blocking or instead of it.
 * @return whether a producer had done so before: its doorbell was rung, or will be */
static inline bool
rouse_attn_unpark(struct rouse_attn *a)
{
	return atomic_exchange_explicit(&a->state, ROUSE_ATTN_ATTEND, memory_order_seq_cst) !=
	       ROUSE_ATTN_PARK;
}

/* ---- the registry: where drivers and workers meet ---- */

#define ROUSE_ATTN_MAX_PORTS 256 /**< port numbers are below this */

/**
 * Who shall be told of a queue's events: a worker, and its number for the queue's device. The third
 * part of a target, the ring bit, is the driver's to say: it is the number of the event ring, which
 * is below ROUSE_ATTN_BITS.
 */
struct rouse_attn_owner {
	struct rouse_attn *attn; /**< the worker's */
	uint16_t device;	 /**< as in struct rouse_attn_target */
};

/** How an interrupt reaches the owner of a queue. */
struct rouse_attn_intr {
	int fd; /**< the eventfd to wait for, the driver's; -1: the owner's doorbell is rung */
	uint16_t vector; /**< of the device's table: its kernel interrupt belongs where the owner
			    runs */
};

/**
 * What a driver offers. One whose queues are handshake producers has bind, unbind, owed and
 * has_buffers; one of a device that cannot set bits, but can choose which vector a queue's
 * interrupt comes by, has assign and release. The others are NULL. Each function is called from one
 * control thread or worker at a time per port, never from the data path of the device.
 */
struct rouse_attn_port_ops {
	/**
	 * Let the device signal events of @p queue to @p owner, with the number of the event ring
	 * as the ring bit. The owner is copied; its attention stays valid until unbind returns.
	 * Entries that are in the rings already are not signalled: the caller looks once. The
	 * binding outlives a stop and a start of the port, and the rings of a bound queue stay the
	 * same: the driver refuses to set it up anew, or to configure its port. Since ethdev
	 * releases queues without asking, and the owner may not have been told, `owed` and
	 * `has_buffers` can be called until unbind: of a queue that is no more nothing is owed,
	 * and it needs no buffer.
	 *
	 * A ring may carry events of several queues. Receiving from one of these takes what the
	 * ring has for the others out of it, too, and keeps it for them; if it returns less than it
	 * was asked for, it has looked at all that was in the queue's rings.
	 *
	 * @param rings  filled: the event rings that can carry events of the queue, a bit each,
	 *               at least one
	 * @return 0; -ERANGE: no such queue; -EBUSY: it is bound already, or one of its rings also
	 *         carries events of a queue that is bound to another owner: a ring has one consumer
	 *         (nothing changed, in either case)
	 */
	int (*bind)(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner,
		    uint64_t *rings);
	/**
	 * Undo bind. When it returns, the device has let go of the owner as far as this queue is
	 * concerned.
	 * @return 0; -ERANGE: no such queue; -ENOENT: it is not bound
	 */
	int (*unbind)(void *ctx, uint16_t queue);
	/** The event rings of @p queue, a bit each, with entries whose handshake is over and that
	 * are not read yet; called by the worker that drains the queue. */
	uint64_t (*owed)(void *ctx, uint16_t queue);
	/** Post buffers for @p queue; whether the device has one then. Without one the queue is
	 * silent for good: nothing arrives, so nothing is signalled. Called by the worker that
	 * drains the queue. */
	bool (*has_buffers)(void *ctx, uint16_t queue);
	/**
	 * The interrupt of @p queue is for @p owner from here on. It comes by a vector that no
	 * other owner waits for, as long as the device has vectors for all; no other owner's queue
	 * changes its vector. A queue that has an owner moves: the old one has let go of it
	 * (disarmed it), and nothing that comes from here on is signalled to it, but for a message
	 * that was on its way. Packets are in the queue already, or come before the new owner has
	 * armed it: it looks, as it does each time that it arms. The owner outlives a stop and a
	 * start of the port; the driver refuses to set up his queue anew, or to configure its port.
	 *
	 * @param intr  filled: what to wait for. It stays so until the queue is released or
	 * assigned again, or the port is stopped
	 * @return 0; -ERANGE: no such queue; -ENOTSUP: the port runs without interrupts of its
	 *         queues; -ENOSPC: doorbells are rung, and there are more owners than vectors;
	 *         -EIO: the kernel refuses. In each of these cases nobody is the owner
	 */
	int (*assign)(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner,
		      struct rouse_attn_intr *intr);
	/**
	 * Undo assign. When it returns, packets of the queue signal nobody, and what the owner gave
	 * may go away.
	 * @return 0; -ERANGE: no such queue; -ENOENT: nobody is the owner
	 */
	int (*release)(void *ctx, uint16_t queue);
	/**
	 * The least time between two messages of a vector, while the port runs; any control thread,
	 * one at a time a port. NULL: its driver cannot.
	 *
	 * @param vector  by the device's numbers
	 * @param us      microseconds, 0: none; the device says how many at most
	 * @return 0; -ERANGE: no such vector, or too long; -ENOTSUP: the port runs without vectors.
	 *         After one line, and nothing changed
	 */
	int (*moderate)(void *ctx, uint16_t vector, uint32_t us);
};

/** A registered port. */
struct rouse_attn_port {
	const struct rouse_attn_port_ops *ops; /**< what its driver offers */
	void *ctx;			       /**< for each of these */
};

/**
 * Offer a port's queues to workers. Called by a driver when the port exists; any thread.
 *
 * @param port  port number, below ROUSE_ATTN_MAX_PORTS
 * @param ops   valid until rouse_attn_registry_remove()
 * @param ctx   handed to every op
 * @return 0; -ERANGE: port number too large; -EEXIST: registered already
 */
int rouse_attn_registry_add(uint16_t port, const struct rouse_attn_port_ops *ops, void *ctx);

/**
 * Withdraw a port. Called by its driver before anything of it goes: when it returns, the workers of
 * the process have let go of its queues, and none is bound. Unknown ports are ignored. A handler
 * cannot wait for its own worker: the port is not to be removed there.
 */
void rouse_attn_registry_remove(uint16_t port);

/** Let @p fn(port) be called while a port is withdrawn, on the thread that does so: whoever has
 * bound queues of it unbinds them. There is one; the worker library's. */
void rouse_attn_registry_on_remove(void (*fn)(uint16_t port));

/**
 * Look a port up; any thread.
 *
 * @return whether the port is registered, and then *out is filled
 */
bool rouse_attn_registry_find(uint16_t port, struct rouse_attn_port *out);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_ATTN_H */
