/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WORKER_H
#define WORKER_H

/* The worker: private declarations, grouped by the file that defines them. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>
#include <rte_ring.h>

#include <rouse_counter.h>

#include "policy.h"
#include "settings.h"
#include "wake_cost.h"
#include "rouse_worker.h"

#define WORKER_MAX_BURST 512

/* A set of ports, a bit each. */
#define WORKER_PORT_WORDS     ((RTE_MAX_ETHPORTS + 63) / 64)
#define WORKER_PORT_BIT(port) (UINT64_C(1) << (port) % 64)

_Static_assert(sizeof(struct rouse_attn) % ROUSE_CACHE_LINE == 0,
	       "more detail words follow the attention at once");

extern int worker_logtype;
#define WORKER_LOG(level, fmt, ...)                                                                \
	rte_log(RTE_LOG_##level, worker_logtype, "worker: " fmt "\n", ##__VA_ARGS__)

struct source;

/* A change to what the worker reads; made by the worker between two rounds, or while it does not
 * run. */
typedef void (*worker_change_t)(struct rouse_worker *w, void *arg);

/* What a kind of source can do; called by the worker's thread unless it says otherwise. */
struct source_ops {
	/* Take at most a burst; how much was taken. A full burst means that there may be more. */
	uint32_t (*drain)(struct rouse_worker *w, struct source *s);
	/* Interrupt sources: ask for an interrupt; 0 or -errno: the sleep is timed, and ends after
	 * source.retry_us if that is not 0. */
	int (*arm)(struct source *s);
	/* Interrupt sources: stop asking; 0 or -errno. */
	int (*disarm)(struct source *s);
	/* Handshake sources: those of its ring bits whose entries' handshake is over, and the
	 * entries not taken yet. */
	uint64_t (*owed)(const struct source *s);
	/* Begin and end to watch it, as the worker lets it in and lets go of it; either may be
	 * NULL. 0 or -errno. */
	int (*attach)(struct rouse_worker *w, struct source *s);
	void (*detach)(struct rouse_worker *w, struct source *s);
	/* NULL, or: let go of the source's producer; the worker has let go of the source. Control
	 * thread. */
	void (*remove)(struct rouse_worker *w, struct source *s);
	enum rouse_source_type type;
	/* NULL, or: the source is about to be freed. Control thread. */
	void (*destroy)(struct source *s);
	/* NULL, or: its file was closed while it was in the epoll set. */
	void (*lose)(struct rouse_worker *w, struct source *s);
	/* Visited when it is ready, and only then. */
	bool is_on_demand;
};

/*
 * What a source did, in a place that outlives it: a source that comes back goes on counting there,
 * and readers need no lock. Written by the worker.
 */
struct source_counters {
	_Atomic uint64_t identity; /* see counters.c; written by control threads */
	rouse_counter
		full_bursts; /* which are in no other counter: under load it is the only one */
	rouse_counter packets, empty_polls, arms, arm_errors, wakes;
	rouse_counter burst_sizes[ROUSE_WORKER_BURST_SIZES];
};

struct source {
	const struct source_ops *ops;
	enum rouse_source_kind kind;
	/* handshake sources: the bits that name it; of its ring bits, target has the lowest */
	struct rouse_attn_target target;
	uint64_t rings;
	int bits; /* who says which these are knows it by this number; negative: it has none */
	struct source_link *links; /* one for each ring bit */
	struct source *next_buried;
	struct source_counters *counters;
	int set_fd;	   /* its number in the epoll set; see fdset.c */
	bool is_in_set;	   /* the worker's, as the next */
	bool was_lost;	   /* its file was closed meanwhile: the set may still name it */
	uint32_t retry_us; /* arm() */
	bool armed;
	bool is_paused;	    /* the worker has let go of it for a while; control threads' */
	bool is_in_transit; /* no producer knows its bits: what is owed is no lost wake; move.c */
	bool is_dry;	    /* handshake queues: the device has no buffer, and will be silent */
	bool is_watched;    /* Rx queues: the application takes the packets itself */
	void *arg;
	union {
		struct {
			rouse_worker_rx_t handler;
			struct rte_mempool *pool;
			struct rouse_attn_port port; /* handshake sources */
			uint16_t port_id;
			uint16_t queue;
			bool *may_poll; /* of a watched one: NULL, or where the application looks */
			int fd; /* interrupt sources: in the worker's epoll set; -1: it rings the
				   doorbell */
			/* what signals it, and the next source that it is for; see
			 * ethdev_vector.c */
			struct ethdev_vector *vector;
			struct source *sharer;
			_Atomic uint8_t waits; /* written by the worker, read by who shares, who may
						  ring: ethdev_vector.c */
			bool is_assigned;      /* the driver knows whose interrupt it is, */
			uint16_t msix;	       /* and has told the vector's number */
			/* the worker's: of those that share the fd one is in the set, and the
			 * others hang on it */
			struct source *next_of_fd;
			bool may_be_stale; /* the worker's, of the first: a queue of the fd has
					      left, and its last interrupt may yet come */
			struct rouse_worker *worker;
			/* the worker's: how often there was something to read, and nothing came */
			uint32_t nb_barren;
			uint64_t nb_without; /* the worker's: mbufs that the driver did not get */
			bool was_low;	     /* the worker's: its pool, at the last sleep */
			bool had_waiting;    /* the worker's: packets, before the second look */
			bool is_pool_told;   /* by the driver; else packets tell it */
			bool was_stopped;    /* the worker's: its port, when it was to be armed */
			bool has_failed; /* the worker's: it could not be armed, which was said */
			bool is_unsignalled; /* rouse_worker_ethdev_signal_set(): it is timed */
			bool is_said;	     /* how the worker is woken for it, and what was said */
			int said;	     /* enum ethdev_wake; of who has control */
		} ethdev;
		struct {
			rouse_worker_event_t handler;
			struct rouse_evring *ring;
			struct source *next; /* of all that have a ring, of whatever worker */
		} evring;
		struct {
			rouse_worker_fd_t handler;
			int fd;
			bool is_at_end; /* the worker's: and the handler was told */
			bool was_said;	/* likewise */
		} fd;
	};
};

/* A list of sources. Changed where the worker is; its memory is the control thread's to make. */
struct source_list {
	struct source **at;
	uint32_t nb;
	uint32_t room;
};

/* One of the sources that a ring bit names. */
struct source_link {
	struct source *source;
	struct source_link *next;
};

/*
 * A detail word: what its bits name. Several queues may share an event ring, and the events of one
 * queue may come by several. The first source of a bit stands in the table itself, so that an
 * unshared bit costs no more than that look. Which device it is says bits.c, and may change.
 */
struct device {
	struct source_link rings[ROUSE_ATTN_BITS]; /* reverse table: bit -> sources */
};

#define WORKER_MAX_DETAILS 256 /* of a worker whose bits are shared; else 64 */

struct worker_counters {
#define X(member, help) rouse_counter member;
	ROUSE_WORKER_STATS(X)
#undef X
};

/* What the timer of the epoll set and the doorbell are called there; others are sources. */
#define EPOLL_DOORBELL UINT64_C(1)
#define EPOLL_TIMER    UINT64_C(2)

#define WORKER_ALIGN 4096 /* of a worker: a page */

#define COUNTERS_OF_CHUNK 64
#define MAX_CHUNKS	  1024

/*
 * In the order of use: what each round reads and writes, the begin of pkts included, is in the
 * first page. Where pages are small and the caches of their addresses full of mbufs', each other
 * page costs a round as much as three packets.
 */
struct rouse_worker {
	struct rouse_attn attn;
	/* where bits are shared: what follows attn.detail, see rouse_attn_memsize() */
	_Atomic uint64_t more_details[WORKER_MAX_DETAILS - ROUSE_ATTN_BITS];
	/* the worker's alone while it runs */
	struct policy policy;
	struct wake_cost wake_cost;
	struct worker_before before;  /* of its thread */
	enum rouse_attn_state state;  /* ATTEND or POLL: what the policy said last */
	struct source_list handshake; /* those whose producer sets bits */
	struct source_list plain;     /* the others */
	struct source_list watched;   /* those of both kinds that the application polls */
	uint32_t nb_timed;	      /* plain sources without an interrupt */
	uint32_t nb_ringing;	      /* plain sources whose interrupt rings the doorbell */
	uint32_t nb_dry;	      /* sources that are dry */
	uint32_t nb_fds;	      /* file descriptors of the application that are watched */
	uint32_t nb_to_look_at;	      /* watched sources that are armed before each sleep */
	uint64_t next_look_tsc;	      /* at them, while awake */
	uint32_t next_audit;	      /* index into handshake */
	struct timers *timers;
	uint64_t next_timer_tsc;  /* when the first timer is due; UINT64_MAX: there is none */
	struct worker_call *call; /* a change to make between two rounds; NULL: none */
	bool is_renewal_due;	  /* of some port; likewise */
	bool is_idle_form;	  /* the application's loop calls rouse_worker_idle() */
	bool is_within_round;	  /* idle form: not set in between; else always */
	bool is_parking;	  /* idle form: the second look is the application's */
	bool is_wake_open;	  /* idle form: it woke, and has found nothing yet */
	bool is_waking;		  /* the first round after a wake */
	uint32_t arm_limit_us;	  /* of the sleep that is coming, as arming failed; 0: none */
	bool may_be_stale;	  /* a source that rings the doorbell has left */
	uint32_t nb_rounds;	  /* in state POLL: of the next batch */
	uint64_t batch_tsc; /* a shorter batch may grow, one of twice that is one round again */
	uint16_t burst;
	uint64_t awake_since_tsc; /* the last return from blocking */
	uint64_t round_tsc;	  /* the end of the last round */
	double ns_per_tsc;
	int epoll;
	int timer;
	struct rouse_worker_conf conf;
	char name[RTE_RING_NAMESIZE];

	/* written by producers of messages */
	alignas(ROUSE_CACHE_LINE) _Atomic uint64_t
		inbox_settled;	      /* messages, renewals and calls whose handshake is over */
	_Atomic uint64_t inbox_begun; /* those that are there, and some that will be */
	_Atomic bool stop_wanted;
	/* set by whoever sees that a port has changed, taken by the worker */
	_Atomic uint64_t ports_to_renew[WORKER_PORT_WORDS];
	_Atomic bool is_renewal_asked;		/* and the worker has not seen that */
	struct worker_call *_Atomic call_asked; /* by who holds control; taken by the worker */
	struct rte_ring *inbox;
	struct source *inbox_source;
	rouse_counter inbox_taken; /* the worker's */

	/* the worker's, as above */
	alignas(ROUSE_CACHE_LINE) struct rte_mbuf *pkts[WORKER_MAX_BURST];
	struct device *devices[WORKER_MAX_DETAILS]; /* by number; NULL: it never had one */

	/* control threads' */
	struct rouse_worker *next;  /* of all workers */
	bool is_offline;	    /* as the next two, written with w->control */
	struct rouse_worker *host;  /* looks after it while it is offline; NULL: nobody */
	struct source *hosted;	    /* the host's source for it */
	uint32_t processor;	    /* its number for who says which bit is whose, */
	bool has_joined;	    /* if it has one */
	pthread_mutex_t control;    /* held during a change, and while the worker begins to run */
	struct source_list sources; /* all, in the order of addition; guarded by control */
	struct source *buried;	    /* removed, but may still be named */
	cpu_set_t cpus;		    /* where its thread may run; ethdev_vector.c */
	bool has_cpus;		    /* they are known, as it runs */

	/* written by control threads, read by any thread */
	struct source_counters *counters[MAX_CHUNKS];
	_Atomic uint32_t nb_counters;
	_Atomic uint64_t plain_ports[WORKER_PORT_WORDS]; /* those of its plain queues */

	/* written by the worker, read by any thread */
	alignas(ROUSE_CACHE_LINE) struct worker_counters stats;
	struct rouse_histogram wake_ns;
	_Atomic bool running;
	_Atomic uint32_t nb_turns;     /* odd: a run begins or ends, and what follows changes */
	_Atomic uint64_t start_tsc;    /* of the run that is on; 0: none */
	rouse_counter past_tsc;	       /* of runs that are over */
	rouse_counter past_cpu_ns;     /* likewise */
	_Atomic int cpu_clock;	       /* of the thread */
	_Atomic uint64_t start_cpu_ns; /* what it had used when the run began */
	_Atomic uint64_t asleep;       /* see worker_asleep_tsc() */
	_Atomic uint64_t break_even_ns, spin_ns, brief_ns; /* for rouse_worker_spin_get() */
};

/* port.c: all workers, for what concerns a port */

void worker_enlist(struct rouse_worker *w);
void worker_delist(struct rouse_worker *w);
void worker_port_renew(uint16_t port);
void worker_port_forget(uint16_t port);
int workers_lock(bool waits);
int workers_try_lock(const char *what);
void workers_unlock(void);
struct rouse_worker *workers_first(void);

/* ethdev_port.c: what ethdev does not say of a port */

enum ethdev_wake {
	ETHDEV_WAKE_HANDSHAKE,
	ETHDEV_WAKE_INTERRUPT, /* armed */
	ETHDEV_WAKE_READABLE,  /* an fd, and nothing to arm */
	ETHDEV_WAKE_TIMED,     /* neither */
};

bool ethdev_is_started(uint16_t port);
int ethdev_check_queue(const struct rouse_worker *w, uint16_t port, uint16_t queue);
int ethdev_find_fd(uint16_t port, uint16_t queue, bool has_interrupt);
enum ethdev_wake ethdev_probe(uint16_t port, uint16_t queue, int *fd);
void ethdev_send_missed_signal(int fd);
int ethdev_bind(struct source *s, const struct rouse_attn_owner *owner, uint64_t *rings);
void ethdev_unbind(struct source *s);
int ethdev_assign(struct source *s, const struct rouse_attn_owner *owner);
void ethdev_unassign(struct source *s);
int ethdev_hold(uint16_t port, uint16_t queue);
void ethdev_release(uint16_t port, uint16_t queue);
void ethdev_unsay(uint16_t port, enum ethdev_wake wake);
void ethdev_say(uint16_t port, enum ethdev_wake wake, uint32_t timed_us);
void ethdev_say_shared(uint16_t port, uint16_t first, uint16_t last);
void ethdev_say_deaf(uint16_t port, uint16_t queue, unsigned int nb_vectors);
void ethdev_say_opaque(uint16_t port, uint16_t queue);
bool ethdev_is_deaf_by(uint16_t port, bool is_msix);
void ethdev_watch_link(uint16_t port);
void ethdev_watch_end(uint16_t port);

/* ethdev_vector.c: interrupts, which queues may share, and where they are delivered */

extern const char *ethdev_irq_root; /* before /proc and /sys; a test has its own */

int ethdev_vector_join(struct source *s);
void ethdev_vector_leave(struct source *s);
void ethdev_vectors_follow(struct rouse_worker *w);
void ethdev_vectors_stay(struct rouse_worker *w);
int ethdev_vector_arm(struct source *s);
int ethdev_vector_disarm(struct source *s);

/* ethdev_ops.c */

extern const struct source_ops ethdev_handshake_ops, ethdev_interrupt_ops, ethdev_readable_ops,
	ethdev_timed_ops;

static inline bool
source_is_ethdev(const struct source *s)
{
	return s->ops->type == ROUSE_SOURCE_TYPE_RXQ;
}

bool source_is_waited_for(struct rouse_worker *w, struct source *s);
void source_look_for_buffers(struct rouse_worker *w, struct source *s);

/* ethdev_mbufs.c: queues that may lack mbufs */

enum pool_level {
	POOL_EMPTY,
	POOL_LOW, /* has some, and may have less than a driver takes at once */
	POOL_AMPLE,
};

/* The pool that was looked at last: queues that follow each other often have the same. */
struct pool_seen {
	struct rte_mempool *pool;
	enum pool_level level;
};

void source_note_waiting(struct source *s);
bool source_lacks_mbufs(struct source *s, struct pool_seen *seen);

/* source_ethdev.c */

bool source_is_of_port(const struct source *s, uint16_t port);
struct source *source_find_queue(const struct rouse_worker *w, uint16_t port, uint16_t queue);
int source_queue_pause(struct rouse_worker *w, struct source *s);
int source_queue_take_up(struct rouse_worker *w, struct source *s);
void source_queue_let_go(struct rouse_worker *w, struct source *s);
void source_port_forget(struct rouse_worker *w, uint16_t port);
int source_queue_resume(struct rouse_worker *w, struct source *s);
bool source_port_is_plain(const struct rouse_worker *w, uint16_t port);
void source_renew_port(struct rouse_worker *w, uint16_t port);
int source_queue_forget(struct rouse_worker *w, struct source *s);

/* source.c: visiting, adding and removing, the reverse table */

uint32_t source_visit(struct rouse_worker *w, struct source *s);
struct source *source_create(struct rouse_worker *w, const struct source *model);
const char *source_strerror(const struct rouse_worker *w, int error);
int source_take_bits(struct rouse_worker *w, struct source *s);
int source_set_rings(struct rouse_worker *w, struct source *s, uint64_t rings);
void source_forget_rings(struct rouse_worker *w, struct source *s);
int source_insert(struct rouse_worker *w, struct source *s);
int source_enter(struct rouse_worker *w, struct source *s);
void source_leave(struct rouse_worker *w, struct source *s);
void source_withdraw(struct rouse_worker *w, struct source *s);
int source_list_reserve(struct source_list *l, uint32_t nb);
void source_list_add(struct source_list *l, struct source *s);
void source_list_remove(struct source_list *l, const struct source *s);
int source_begin_to_wait(struct rouse_worker *w, struct source *s);
void source_end_to_wait(struct rouse_worker *w, struct source *s);
void source_destroy(struct rouse_worker *w, struct source *s);
struct source *source_add_software(struct rouse_worker *w, const struct source *model,
				   int (*hold)(struct source *s));
void source_remove(struct rouse_worker *w, struct source *s);
void source_remove_all(struct rouse_worker *w);

/* The sources that the bits name, at least one; NULL: none. */
static inline const struct source_link *
source_of_bits(const struct rouse_worker *w, unsigned int device, unsigned int ring)
{
	const struct device *d = w->devices[device];

	return d == NULL || d->rings[ring].source == NULL ? NULL : &d->rings[ring];
}

/* bits.c: who has which bit, of all workers of the process */

int worker_bits_join(struct rouse_worker *w);
int worker_bits_leave(struct rouse_worker *w);
int source_add_bits(struct rouse_worker *w, struct source *s, uint64_t *ring);
void source_describe_bits(struct rouse_worker *w, struct source *s);
void source_remove_bits(struct rouse_worker *w, struct source *s);
const char *worker_bits_remedy(const struct rouse_worker *w);
const char *worker_bits_refusal(void);

/* bits_move.c: bits of queues that move, and of workers that go and come */

int source_begin_move(const struct source *s, const struct rouse_worker *to);
bool source_find_move(const struct source *s, uint32_t *processor, uint16_t *device);
void source_end_move(const struct source *s, const struct rouse_worker *from);
void source_cancel_move(const struct source *s);
bool worker_bits_are_online(const struct rouse_worker *w);
int worker_bits_go(const struct rouse_worker *w);
int worker_bits_gone(const struct rouse_worker *w);
int worker_bits_stay(const struct rouse_worker *w);
int worker_bits_come(const struct rouse_worker *w);
int worker_bits_set_default(const struct rouse_worker *w);
bool worker_bits_are_default(const struct rouse_worker *w);

/* move.c: queues that go from one worker to another */

int worker_move_queue(struct rouse_worker *from, struct rouse_worker *to, uint16_t port,
		      uint16_t queue, bool is_planned, const char **why);

/* host.c: who looks after a worker that is offline */

int worker_host_begin(struct rouse_worker *w, struct rouse_worker *host);
void worker_host_end(struct rouse_worker *w);

/* offline.c */

void worker_forget_hosts(struct rouse_worker *w);
void worker_find_hosts(void);

/* fdset.c: who is in the epoll set */

int fdset_add(struct rouse_worker *w, struct source *s, int fd, uint32_t events);
int fdset_change(struct rouse_worker *w, struct source *s, uint32_t events);
void fdset_remove(struct rouse_worker *w, struct source *s);

/* counters.c: what sources did */

int source_take_counters(struct rouse_worker *w, struct source *s);
void source_tell_state(const struct source *s, enum rouse_source_state state);
void worker_counters_destroy(struct rouse_worker *w);

static inline void
source_count(const struct rouse_worker *w, struct source_counters *c, uint32_t n)
{
	if (likely(n == w->burst)) {
		rouse_counter_add(&c->full_bursts, 1);
	} else if (n != 0) {
		rouse_counter_add(&c->packets, n);
		rouse_counter_add(&c->burst_sizes[31 - __builtin_clz(n)], 1);
	} else {
		rouse_counter_add(&c->empty_polls, 1);
	}
}

/* control.c: changes while the worker runs */

int worker_check_handler(const struct rouse_worker *w, bool is_given);
int worker_check_thread(const char *what);
int worker_lock(struct rouse_worker *w);
void worker_unlock(struct rouse_worker *w);
void worker_change(struct rouse_worker *w, worker_change_t fn, void *arg);
void worker_ask_renewal(struct rouse_worker *w, uint16_t port);
void worker_want_renewal(struct rouse_worker *w, uint16_t port);
uint32_t worker_take_renewal(struct rouse_worker *w);
uint32_t worker_take_call(struct rouse_worker *w);
void worker_make_changes(struct rouse_worker *w);

static inline bool
worker_is_change_due(const struct rouse_worker *w)
{
	return w->call != NULL || w->is_renewal_due;
}

/* spin.c: how long to look before a sleep */

int worker_check_mode(const char *name, enum rouse_worker_mode mode);
int worker_check_spin(const char *name, const struct rouse_worker_spin *spin);
void worker_spin_begin(struct rouse_worker *w);
void worker_spin_choose(struct rouse_worker *w);
uint64_t worker_spin_before_sleep(const struct rouse_worker *w);
void worker_spin_after_sleep(struct rouse_worker *w, uint64_t began_ns, uint64_t slept_tsc);

/* settings.c: what the kernel is asked for */

int worker_check_settings(const char *name, const struct rouse_worker_settings *settings);
void worker_settings_begin(struct rouse_worker *w);
void worker_settings_end(struct rouse_worker *w);

/* timer.c */

int worker_timers_create(struct rouse_worker *w);
void worker_timers_destroy(struct rouse_worker *w);
void worker_count_timer_wake(struct rouse_worker *w);
uint32_t worker_run_timers(struct rouse_worker *w, uint64_t now);

/* source_fd.c */

uint32_t source_fd_visit(struct rouse_worker *w, struct source *s, uint32_t events);

/* source_msg.c */

int worker_inbox_create(struct rouse_worker *w);
void worker_inbox_destroy(struct rouse_worker *w);
void worker_inbox_begin(struct rouse_worker *w);
void worker_inbox_signal(struct rouse_worker *w);

/* rounds.c: what is visited in each state */

uint32_t worker_visit_list(struct rouse_worker *w, const struct source_list *list);
uint32_t worker_attend(struct rouse_worker *w);
void worker_enter_attend(struct rouse_worker *w);
uint32_t worker_poll(struct rouse_worker *w, bool *all_found);
void worker_choose_batch(struct rouse_worker *w, bool all_found, uint64_t tsc);
uint64_t worker_end_round(struct rouse_worker *w, bool found);

/* park.c: from ATTEND to sleep, and back */

void worker_park(struct rouse_worker *w);
void worker_look_again(struct rouse_worker *w, bool found);
void worker_give_up_parking(struct rouse_worker *w);
uint32_t worker_look_at_fds(struct rouse_worker *w, uint64_t now);
void worker_set_timer(struct rouse_worker *w);

/* worker.c: what both forms of running have in common */

int worker_begin(struct rouse_worker *w, bool is_idle_form);
bool worker_is_mine(const struct rouse_worker *w);
void worker_step(struct rouse_worker *w, uint32_t found);
void worker_end(struct rouse_worker *w);

static inline bool
worker_shall_stop(const struct rouse_worker *w)
{
	/* pairs with the release in rouse_worker_stop() */
	return atomic_load_explicit(&w->stop_wanted, memory_order_acquire);
}

/* stats.c */

/*
 * Cycles asleep, in one word, so that a reader never sees half of a change: while awake the sum of
 * all sleeps, while asleep WORKER_ASLEEP and the sleep's begin less that sum.
 */
#define WORKER_ASLEEP (UINT64_C(1) << 63)

static inline uint64_t
worker_asleep_tsc(const struct rouse_worker *w, uint64_t now)
{
	uint64_t word = atomic_load_explicit(&w->asleep, memory_order_relaxed);

	return word & WORKER_ASLEEP ? now - (word & ~WORKER_ASLEEP) : word;
}

uint64_t worker_thread_cpu_ns(clockid_t clock);

#endif /* WORKER_H */
