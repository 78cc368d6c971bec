/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_WORKER_H
#define ROUSE_WORKER_H

/**
 * @file
 * The worker: an lcore's engine. It drains sources (Rx queues of any PMD, event rings, messages,
 * timers, file descriptors), polls while there is work, and blocks without a timeout when there is
 * none.
 *
 * A worker is made by a control thread, run by one lcore, and given sources before or meanwhile:
 *
 *     w = rouse_worker_create(&conf);
 *     rouse_worker_ethdev_add(w, port, queue, handler, arg);      (port configured and started)
 *     rte_eal_remote_launch(rouse_worker_run, w, lcore);
 *     ...
 *     rouse_worker_stop(w);
 *     rte_eal_wait_lcore(lcore);
 *     rouse_worker_destroy(w);                                    (before the port is stopped)
 *
 * An application that keeps its own loop gives the worker the queues that it polls, and calls in
 * once a round:
 *
 *     rouse_worker_ethdev_watch(w, port, queue, NULL);
 *     do {
 *             nb_rx = rte_eth_rx_burst(port, queue, pkts, 32);
 *             ...
 *     } while (rouse_worker_idle(w, nb_rx));
 *     rouse_worker_leave(w);
 *
 * It is not a scheduler: handlers run to completion on the worker's thread, and must not block.
 *
 * Sources are added and removed by control threads, several at a time if they like, whether the
 * worker runs or not: one that runs makes the change itself between two rounds, and the call
 * returns when it has. No other worker notices. A thread that runs a worker waits for none: from a
 * handler these functions, rouse_worker_create() and rouse_worker_port_pause() say -EDEADLK. What
 * each of them may also return: -ENOMEM; -EINVAL: there is no function to call.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_mbuf.h>

#include <rouse_attn.h>
#include <rouse_attn_alloc.h>
#include <rouse_evring.h>

#include "rouse_histogram.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A worker; rouse_worker_create() makes one. */
struct rouse_worker;

/** When a worker polls and when it sleeps. */
enum rouse_worker_mode {
	ROUSE_WORKER_HYBRID,	/**< polls under load, attends, sleeps when idle */
	ROUSE_WORKER_POLL,	/**< always polls; for comparison */
	ROUSE_WORKER_INTERRUPT, /**< sleeps as soon as a round finds nothing */
};

/** How a worker learns that a source has work. */
enum rouse_source_kind {
	ROUSE_SOURCE_HANDSHAKE, /**< its producer sets attention bits */
	ROUSE_SOURCE_INTERRUPT, /**< a per-queue Rx interrupt, armed before sleeping */
	ROUSE_SOURCE_FD,	/**< a file descriptor that is readable */
	ROUSE_SOURCE_TIMED,	/**< neither: the worker looks every rouse_worker_conf.timed_us */
};

/**
 * How long a worker that finds nothing looks before it sleeps. To look on costs processor time, and
 * so do a sleep and its end: the more, the longer the sleep. Where the bounds differ the worker
 * measures both on its processor, and looks for as long as costs the same (break-even); for an
 * eighth of that, and at least min_us, when the last eight gaps were four times as long. All
 * zeros: it sleeps at once.
 */
struct rouse_worker_spin {
	uint32_t min_us; /**< at least, in us */
	uint32_t max_us; /**< at most, min_us to 1000000; the same as min_us: always that long */
	/** What latency is worth, in % of break-even, 1 to 1000; 0: 100. Above it the worker spends
	 * more processor time to wake less often; below it sleeps sooner and saves power. */
	uint32_t weight_pct;
};

/** For rouse_worker_conf.spin: measured, within 2 us and 1 ms. */
#define ROUSE_WORKER_SPIN_MEASURED ((struct rouse_worker_spin){ .min_us = 2, .max_us = 1000 })

/** What the kernel is asked for while a thread is the worker's; it has back what it had then. All
 * zeros: nothing. What is refused is logged in one line (WARNING), and the worker runs without. */
struct rouse_worker_settings {
	uint32_t timer_slack_ns; /**< how late its timers may be, up to 10^9 ns; 0: as it is */
	uint8_t fifo_priority;	 /**< SCHED_FIFO, 1 to 99; 0: as it is. It may starve others */
	uint16_t uclamp_min;	 /**< it counts as so busy at least, of 1024; 0: as it is */
	/** All processors of the machine leave their sleep within so many us, up to 10^6; 0: as it
	 * is. It costs power wherever one sleeps. */
	uint32_t cpu_latency_us;
};

/** What a worker is like. Zeros are valid for all but the name. */
struct rouse_worker_conf {
	const char *name;	     /**< for messages and dumps; at most 20 characters */
	int socket_id;		     /**< NUMA node of its memory, SOCKET_ID_ANY: any */
	enum rouse_worker_mode mode; /**< when it polls and when it sleeps */
	uint16_t burst;		     /**< packets a source hands over at a time, 1 to 512; 0: 32 */
	uint8_t type; /**< of processor, below 8: in its own layout, see rouse_worker_attention */
	struct rouse_worker_spin spin; /**< ROUSE_WORKER_SPIN_MEASURED is usual; not in mode POLL */
	struct rouse_worker_settings settings; /**< of its thread */
	uint32_t timed_us; /**< longest sleep with a timed source, 10 to 1000000; 0: 1000 */
	/** Run on the worker right before it blocks and right after it woke, NULL: nothing. For
	 * what must not wait for a worker that sleeps (send what is buffered), and for who must not
	 * be waited for (RCU: offline, online). Between the two no handler runs. */
	void (*before_sleep)(void *arg);
	void (*after_sleep)(void *arg); /**< see before_sleep */
	void *hook_arg;			/**< given to both */
};

/**
 * Takes packets of an Rx queue; they are the handler's from here on. Runs on the worker.
 *
 * @param arg      as given to rouse_worker_ethdev_add()
 * @param port     port number
 * @param queue    number of the Rx queue
 * @param pkts     the array is the worker's: valid until the handler returns
 * @param nb_pkts  1 to rouse_worker_conf.burst
 */
typedef void (*rouse_worker_rx_t)(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts,
				  uint16_t nb_pkts);

/** Takes one entry of an event ring, which is valid until it returns. Runs on the worker. */
typedef void (*rouse_worker_event_t)(void *arg, const struct rouse_event *event);

/** A message: a function that the worker runs. */
typedef void (*rouse_worker_msg_t)(struct rouse_worker *w, void *arg);

/** How workers learn by bits whose work there is. Zeros are good. */
struct rouse_worker_attention {
	enum rouse_attn_mode mode; /**< whose layout a bit is read with, see rouse_attn_alloc.h */
	/** Each Rx queue of a handshake producer is a device with a bit of its own, which cannot
	 * share event rings with others; else all queues of a port are one device. */
	bool bit_per_queue;
	uint64_t reserved; /**< bits that no device gets, of each worker */
	/** Beside these, of each worker of a type, which has another layout by that. */
	uint64_t reserved_of_type[ROUSE_ATTN_MAX_TYPES];
};

/**
 * Choose how bits are given, for all workers of the process, before the first is made. All modes
 * deliver the same; they are there to be compared, by the statistics attn_words, detail_words and
 * wake_details.
 *
 * @return 0; -EINVAL: no such mode, or all bits of a type are reserved; -EBUSY: there are workers
 * (logged, in each case)
 */
int rouse_worker_attention_set(const struct rouse_worker_attention *conf);

/**
 * For people: which bit of which worker means what, what is pending, who moved when. Any thread but
 * a worker's.
 * @return 0; -EIO: it could not be written
 */
int rouse_worker_attention_dump(FILE *file);

/** What a worker's attention is like at the moment. */
struct rouse_worker_attention_state {
	enum rouse_attn_state state; /**< of the park protocol */
	uint64_t word;		     /**< the attention word: bits that are set */
	int doorbell;		     /**< the eventfd by which the worker is woken */
	uint32_t nb_sources;	     /**< that have a bit, its own included */
	uint32_t nb_used;	     /**< bits with a meaning */
	uint32_t nb_reserved;	     /**< bits that no source gets */
	uint32_t nb_free;	     /**< the others */
};

/** Look at a worker's attention, which goes on; any thread but a worker's. */
void rouse_worker_attention_get(const struct rouse_worker *w,
				struct rouse_worker_attention_state *state);

/** A bit of a worker's attention word. */
struct rouse_worker_attention_bit {
	char name[128];	 /**< what it means, for people: sources, "reserved for ..." or "free" */
	uint64_t detail; /**< what is set in its detail words, all of them together */
};

/**
 * What a bit means to a worker; any thread but a worker's.
 * @return how many sources it stands for; -ERANGE: no such bit
 */
int rouse_worker_attention_bit_get(const struct rouse_worker *w, unsigned int bit,
				   struct rouse_worker_attention_bit *out);

/**
 * Make a worker without sources.
 *
 * @return the worker; NULL with rte_errno: EINVAL: a number of conf is out of range (logged),
 *         EEXIST: there is a worker of that name, ENOMEM, ENOSPC: no memory zone left,
 *         EMFILE: no file descriptors left
 */
struct rouse_worker *rouse_worker_create(const struct rouse_worker_conf *conf);

/** Free a worker that does not run; its sources are removed, messages that wait are not run. NULL
 * is ignored; one that runs, or is asked for in a handler, stays as it is (logged). The memory of
 * one that somebody signals all the while, of whom it knows, is not freed (logged). */
void rouse_worker_destroy(struct rouse_worker *w);

/**
 * Add an Rx queue, of any PMD. The port is started, and nobody else receives from the queue from
 * here on. How the worker is woken for it is found out here, and logged in one line a port
 * (NOTICE).
 *
 * @return 0; -EBUSY: a worker has the queue, this one or another, or another has one whose events
 *         come by the same event ring;
 *         -ENODEV: no such port; -EINVAL: no such queue; -ENETDOWN: the port is not started, or
 *         the worker is offline;
 *         -ENOSPC: no device bit left (64, of which, unless rouse_worker_attention_set() said
 *         otherwise, ports have one each and event rings and messages one for 64), or the limit of
 *         watched file descriptors was met; or the errno of the driver's binding
 */
int rouse_worker_ethdev_add(struct rouse_worker *w, uint16_t port, uint16_t queue,
			    rouse_worker_rx_t handler, void *arg);

/**
 * Remove an Rx queue. When it returns, the handler does not run and will not be called.
 *
 * @return 0; -ENOENT: the worker has no such queue
 */
int rouse_worker_ethdev_remove(struct rouse_worker *w, uint16_t port, uint16_t queue);

/**
 * Watch an Rx queue that the application polls itself, in every round of its loop: the worker
 * learns of its packets when it sleeps. For rouse_worker_idle(); rouse_worker_ethdev_remove()
 * removes it.
 *
 * @param w         the worker
 * @param port      port number; the port is started
 * @param queue     number of the Rx queue
 * @param may_poll  NULL, or where the worker says whether the application may poll the queue: true
 *                  when this returns, false while the port is paused or after the queue was
 *                  removed. It changes within rouse_worker_idle(), or while the worker does not
 *                  run, and stays valid until the queue is removed or the worker destroyed.
 *                  Without it the port of a worker that runs cannot be paused
 * @return as rouse_worker_ethdev_add(); -EINVAL also: the worker is in rouse_worker_run()
 */
int rouse_worker_ethdev_watch(struct rouse_worker *w, uint16_t port, uint16_t queue,
			      bool *may_poll);

/**
 * Let every worker of the process let go of a port: before the port or one of its queues is
 * stopped, reset, or set up anew. When it returns, nobody polls the port or waits for its
 * interrupts; other sources go on. A port that is paused already, or that nobody has, is no error.
 * ethdev and its drivers take it that no lcore receives from what is stopped: without a pause a
 * worker that is awake may crash in the driver, or lose mbufs.
 *
 * A port that goes for good takes its queues along, so that they need not be removed, but not
 * while it is polled: whoever removes it pauses it, or stops it, before that. Drivers of this
 * project, and rte_eth_dev_close(), which wants the port stopped, wait for the workers;
 * rte_dev_remove() of a started port of another driver frees what the workers use, and tells nobody
 * before. Of a device that is pulled out (RTE_ETH_EVENT_INTR_RMV) workers let go as by this
 * function. A handler removes no port.
 *
 * @return 0; else the first error met: -EBUSY: an application polls a queue of it and gave no
 *         may_poll (logged)
 */
int rouse_worker_port_pause(uint16_t port);

/**
 * The port has started again: workers take its queues up, and find out anew how they learn of
 * packets, as its eventfds are others; also those that nobody paused, and that slept meanwhile.
 * Where an application polls a queue and gave no may_poll, that is when it next calls
 * rouse_worker_idle(), and this does not wait for it.
 *
 * @return 0; else the first error met (logged), such as -ENETDOWN: the port is not started. That
 *         queue stays as it is, and this may be called again
 */
int rouse_worker_port_resume(uint16_t port);

/**
 * Add an event ring that another thread produces into: after publishing it signals the target
 * (rouse_attn_signal()) and then says that it has (rouse_evring_settle()), by which a lost wake-up
 * would show. A ring has one consumer: it is added once, to one worker.
 *
 * @param w        the worker, which is the ring's consumer from here on
 * @param ring     outlives the worker
 * @param handler  takes each entry
 * @param arg      for the handler
 * @param target   filled: what the producer signals
 * @return 0; -EBUSY: this worker or another has the ring; -ENOSPC: no device or ring bit left;
 *         -EINVAL: the ring or the target is NULL (all logged)
 */
int rouse_worker_evring_add(struct rouse_worker *w, struct rouse_evring *ring,
			    rouse_worker_event_t handler, void *arg,
			    struct rouse_attn_target *target);

/**
 * Remove an event ring. Its producer has stopped signalling: the bit may be given to another
 * source.
 *
 * @return 0; -ENOENT: the worker has no such ring
 */
int rouse_worker_evring_remove(struct rouse_worker *w, const struct rouse_evring *ring);

/** Runs on the worker when the file descriptor is readable, its other side is gone, or it has an
 * error, which is the handler's to take (recv(), getsockopt()). It must not block, and need not
 * read everything: it is called again for what it leaves, at once, so that one that never reads
 * keeps the worker awake. */
typedef void (*rouse_worker_fd_t)(struct rouse_worker *w, int fd, void *arg);

/**
 * Watch a file descriptor: a socket, a pipe, an eventfd, a timerfd. Whoever closes it removes it
 * first: the kernel drops one that was closed without a word, so the worker can tell only when it
 * is removed, or its number is watched again. While there is load it is looked at every 100 us. One
 * at its end (its other side is gone and everything was read, or it has an error that the handler
 * did not take) would be ready for ever: that is said once, and the handler is called again when
 * there is something new, as when another writer opens the pipe. One that stays readable, as its
 * handler reads nothing, keeps the worker awake.
 *
 * @return 0; -EBADF: it is not open; -EPERM: it cannot be waited for, as a file cannot; -EEXIST:
 *         the worker watches it already; -ENOSPC: the limit of watched file descriptors was met
 */
int rouse_worker_fd_add(struct rouse_worker *w, int fd, rouse_worker_fd_t handler, void *arg);

/**
 * Watch it no longer. When it returns, the handler does not run and will not be called.
 *
 * @return 0; -ENOENT: it is not watched
 */
int rouse_worker_fd_remove(struct rouse_worker *w, int fd);

/** Runs on the worker when its time has come. */
typedef void (*rouse_worker_timer_t)(struct rouse_worker *w, void *arg);

#define ROUSE_WORKER_MAX_TIMER_US UINT64_C(3600000000) /**< an hour */

/**
 * Let the worker run @p fn(w, @p arg) in @p first_us microseconds, waking it if it sleeps, and then
 * every @p period_us; 0: once. While there is load it runs after the round in which it falls due.
 * One that is late is not run twice for it.
 *
 * @return its number, 0 or more; -ERANGE: more than an hour; -ENOSPC: there are 64 (both logged)
 */
int rouse_worker_timer_add(struct rouse_worker *w, uint64_t first_us, uint64_t period_us,
			   rouse_worker_timer_t fn, void *arg);

/**
 * Remove a timer. When it returns, its function does not run and will not be called.
 *
 * @return 0; -ENOENT: there is no such timer, or it has run and was for once
 */
int rouse_worker_timer_remove(struct rouse_worker *w, int id);

/**
 * Let the worker run @p fn(w, @p arg) soon, waking it if it sleeps. Any thread.
 *
 * @return 0; -ENOBUFS: 1,023 messages wait already, try again when some have run
 */
int rouse_worker_post(struct rouse_worker *w, rouse_worker_msg_t fn, void *arg);

/**
 * Run the worker on the calling lcore until rouse_worker_stop(). Blocks all signals for the
 * calling thread meanwhile. Interrupts of its queues that come by VFIO are delivered on the
 * processors of the thread from here on, as they are at this time; where only root may say so, that
 * is logged once (WARNING). rouse_worker_idle() does the same when it is called first.
 *
 * @param worker  a struct rouse_worker *; the type is that of rte_eal_remote_launch()
 * @return 0; -EBUSY: it runs already; -ENETDOWN: it is offline (logged); -EINVAL: it has queues
 * that the application polls itself
 */
int rouse_worker_run(void *worker);

/**
 * A round of the application's own loop is over: serve the worker's other sources, and sleep if
 * there is nothing to do. The thread that calls it first is the worker's until
 * rouse_worker_leave(). In every round the application polls each queue that it gave to
 * rouse_worker_ethdev_watch() and may poll, and what it sends is sent before the call, or by
 * rouse_worker_conf.before_sleep. Signals are not blocked: one ends a sleep.
 *
 * @param w      the worker
 * @param nb_rx  packets that the round found; other work counts likewise. 0: nothing to do
 * @return whether to go on: false after rouse_worker_stop(), or (logged) if another thread runs the
 *         worker, or this one another, or a handler calls it
 */
bool rouse_worker_idle(struct rouse_worker *w, uint32_t nb_rx);

/** The application's loop is over. By the thread that called rouse_worker_idle(), and before that
 * thread ends: till then the worker runs, and changes wait for it. It may begin anew. A thread that
 * has not called rouse_worker_idle() changes nothing, nor does a handler (logged). */
void rouse_worker_leave(struct rouse_worker *w);

/** Let the worker return from rouse_worker_run() after its present round, and rouse_worker_idle()
 * return false; one that does not run returns at once when it is run next. Messages posted before
 * have run when it returns. Any thread; also from a signal handler. */
void rouse_worker_stop(struct rouse_worker *w);

/**
 * One list: member, what it counts. Counters only grow; a "clear" is a remembered zero
 * (rouse_worker_stats_since()). They are written by the worker, read by any thread without a lock.
 */
#define ROUSE_WORKER_STATS(X)                                                                      \
	X(rx_packets, "packets taken from Rx queues")                                              \
	X(app_found, "what the application's own rounds found, in the idle form")                  \
	X(events, "entries taken from event rings")                                                \
	X(messages, "messages run")                                                                \
	X(timers, "timers run")                                                                    \
	X(fd_events, "file descriptors found readable")                                            \
	X(poll_rounds, "rounds in state POLL: every source visited")                               \
	X(attend_rounds, "rounds in state ATTEND")                                                 \
	X(polls, "visits to sources")                                                              \
	X(empty_polls, "visits that found nothing")                                                \
	X(attn_words, "attention words found with a bit set, and scanned")                         \
	X(detail_words, "detail words screened")                                                   \
	X(wake_details, "of these, in the first round after a wake")                               \
	X(stale_bits, "attention bits that name no source")                                        \
	X(arms, "interrupts armed")                                                                \
	X(arm_errors, "interrupts that could not be armed: the sleep was timed")                   \
	X(parks, "attempts to sleep")                                                              \
	X(recheck_hits, "attempts in which the second look found work")                            \
	X(blocks, "attempts that led to blocking")                                                 \
	X(wakes, "returns from blocking")                                                          \
	X(doorbell_wakes, "wakes by a handshake producer or a message")                            \
	X(interrupt_wakes, "wakes by an Rx interrupt, or an Rx queue's file descriptor")           \
	X(fd_wakes, "wakes by a file descriptor of the application")                               \
	X(timer_wakes, "wakes by a timer, or to look at timed sources")                            \
	X(spurious_wakes, "wakes, but for those by the timer alone, that found nothing")           \
	X(stale_wakes, "of these, by a vector of which a queue had just been taken away")          \
	X(wake_candidates, "queues that interrupts may have been for: of a vector, or a doorbell") \
	X(wake_visits, "visits to sources in the first round after a wake")                        \
	X(wake_misses, "of these, visits that found nothing: sources screened")                    \
	X(late_events, "wakes whose event is older than the last wake: not in the latencies")      \
	X(rescues, "work found whose own signal is absent: a lost wake-up, always a bug")          \
	X(starved, "sleeps cut short because a queue may lack mbufs")                              \
	X(busy_tsc, "cycles in rounds that found work")                                            \
	X(spin_tsc, "cycles in rounds that found nothing")

#define ROUSE_WORKER_BURST_SIZES 10 /**< powers of two that sizes of bursts are counted by */

/** What a worker did: the members of ROUSE_WORKER_STATS(), and some that are computed. */
struct rouse_worker_stats {
#define X(member, help) uint64_t member;
	ROUSE_WORKER_STATS(X)
#undef X
	/** Visits that found something, by how much: from 2^i to 2^(i+1) - 1. */
	uint64_t burst_sizes[ROUSE_WORKER_BURST_SIZES];
	uint64_t asleep_tsc; /**< cycles blocked, the present sleep included */
	uint64_t cpu_ns;     /**< processor time of the thread while it was the worker's */
	uint64_t wall_tsc;   /**< cycles while it was */
};

/** Read the counters; any thread. A snapshot: single counters are exact, sums may be a round
 * apart. */
void rouse_worker_stats_get(const struct rouse_worker *w, struct rouse_worker_stats *stats);

/** The worker's wake latencies, from the event to the return from blocking, in ns; any thread. */
const struct rouse_histogram *rouse_worker_wake_ns(const struct rouse_worker *w);

/** Take from @p stats what had been counted when @p zero was read: how to clear counters. */
void rouse_worker_stats_since(struct rouse_worker_stats *stats,
			      const struct rouse_worker_stats *zero);

/** What a source is. */
enum rouse_source_type {
	ROUSE_SOURCE_TYPE_RXQ,	  /**< an Rx queue */
	ROUSE_SOURCE_TYPE_EVRING, /**< an event ring */
	ROUSE_SOURCE_TYPE_INBOX,  /**< messages; a worker has one */
	ROUSE_SOURCE_TYPE_FD,	  /**< a file descriptor */
	ROUSE_SOURCE_TYPE_TIMERS, /**< all timers of the worker, by a timerfd; from the first on */
};

/** Whether it is drained. */
enum rouse_source_state {
	ROUSE_SOURCE_REMOVED, /**< not any more; or an FD was found to be closed */
	ROUSE_SOURCE_PAUSED,  /**< not now: rouse_worker_port_pause() */
	ROUSE_SOURCE_ACTIVE,  /**< it is */
};

/** What one source of a worker did. The counters of one that was removed stay, and go on if it is
 * added again. */
struct rouse_worker_source_stats {
	enum rouse_source_type type;   /**< what it is */
	enum rouse_source_kind kind;   /**< how the worker learns of its work */
	enum rouse_source_state state; /**< whether it is drained now */
	uint16_t port;		       /**< RXQ */
	uint16_t queue;		       /**< RXQ */
	uint16_t device;	       /**< EVRING: its detail word, see rouse_attn_target */
	uint8_t ring;		       /**< EVRING: its bit of the detail word */
	int fd;			       /**< FD */
	uint64_t
		packets; /**< packets, entries or messages taken; calls, of an FD or of TIMERS. 0 of
			    an RXQ that the application polls itself, as all but wakes and arms */
	uint64_t polls;	 /**< visits */
	uint64_t empty_polls; /**< visits that found nothing */
	uint64_t arms;	      /**< its interrupt was armed */
	uint64_t arm_errors;  /**< it could not be armed */
	uint64_t wakes;	      /**< wakes that named it */
	/** Visits that found something, by how much: from 2^i to 2^(i+1) - 1. */
	uint64_t burst_sizes[ROUSE_WORKER_BURST_SIZES];
};

/**
 * The @p index-th source of the worker, in the order of first addition: the messages are the first.
 * Any thread, without a lock; a snapshot as rouse_worker_stats_get().
 *
 * @return whether there is one, or was
 */
bool rouse_worker_source_stats_get(const struct rouse_worker *w, unsigned int index,
				   struct rouse_worker_source_stats *stats);

/**
 * Let the worker look for more or less time from now on. Whether it runs or not; not from a handler
 * (-EDEADLK).
 *
 * @return 0; -EINVAL: a number is out of range (logged)
 */
int rouse_worker_spin_set(struct rouse_worker *w, const struct rouse_worker_spin *spin);

/** Likewise: when it polls and when it sleeps, for which one that sleeps is woken.
 * @return 0; -EINVAL: no such mode (logged) */
int rouse_worker_mode_set(struct rouse_worker *w, enum rouse_worker_mode mode);

/** How long a worker looks at present, and why. */
struct rouse_worker_spin_state {
	uint64_t break_even_ns; /**< what it measured; 0: nothing was */
	uint64_t spin_ns;	/**< how long it looks, unless it expects a long gap */
	uint64_t brief_ns;	/**< how long it looks then */
};

/** Any thread, without a lock; all 0 before the worker runs for the first time. */
void rouse_worker_spin_get(const struct rouse_worker *w, struct rouse_worker_spin_state *state);

/** The NUMA node that the worker was asked to be on, SOCKET_ID_ANY: any. */
int rouse_worker_socket_id(const struct rouse_worker *w);

#ifdef __cplusplus
}
#endif

#include "rouse_worker_moves.h"

#endif /* ROUSE_WORKER_H */
