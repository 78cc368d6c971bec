/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The worker's life: create, run, stop, destroy. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include <rouse_attn_alloc.h>

#include "worker.h"

#define DEFAULT_BURST	 32
#define DEFAULT_TIMED_US 1000
#define MIN_TIMED_US	 10
#define MAX_US		 1000000
#define BATCH_US	 5
#define MAX_NAME	 20

RTE_LOG_REGISTER(worker_logtype, rouse.worker, NOTICE);

/* ---- create ---- */

static int
check_conf(const struct rouse_worker_conf *conf)
{
	const char *name = conf == NULL || conf->name == NULL ? "" : conf->name;

	if (conf == NULL)
		WORKER_LOG(ERR, "a worker needs a struct rouse_worker_conf, not NULL");
	else if (name[0] == '\0' || strlen(name) > MAX_NAME)
		WORKER_LOG(ERR, "name \"%s\": give one of 1 to %d characters", name, MAX_NAME);
	else if (conf->socket_id < SOCKET_ID_ANY || conf->socket_id >= RTE_MAX_NUMA_NODES)
		WORKER_LOG(ERR, "%s: NUMA node %d: give 0 to %d, or SOCKET_ID_ANY", name,
			   conf->socket_id, RTE_MAX_NUMA_NODES - 1);
	else if (conf->burst > WORKER_MAX_BURST)
		WORKER_LOG(ERR, "%s: burst %u: give 1 to %d", name, conf->burst, WORKER_MAX_BURST);
	else if (worker_check_mode(name, conf->mode) != 0 ||
		 worker_check_spin(name, &conf->spin) != 0 ||
		 worker_check_settings(name, &conf->settings) != 0)
		return -EINVAL;
	else if (conf->timed_us != 0 && (conf->timed_us < MIN_TIMED_US || conf->timed_us > MAX_US))
		WORKER_LOG(ERR, "%s: timed sleep of %u us: give %d to %d", name, conf->timed_us,
			   MIN_TIMED_US, MAX_US);
	else if (conf->type >= ROUSE_ATTN_MAX_TYPES)
		WORKER_LOG(ERR, "%s: type %u: give 0 to %d", name, conf->type,
			   ROUSE_ATTN_MAX_TYPES - 1);
	else
		return 0;
	return -EINVAL;
}

static int
watch(const struct rouse_worker *w, int fd, uint64_t data)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = data };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int
open_fds(struct rouse_worker *w)
{
	int ret = rouse_attn_init(&w->attn);

	w->epoll = w->timer = -1;
	if (ret != 0)
		return ret;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->epoll < 0 || w->timer < 0)
		return -errno;
	ret = watch(w, w->attn.doorbell, EPOLL_DOORBELL);
	return ret != 0 ? ret : watch(w, w->timer, EPOLL_TIMER);
}

static void
close_fds(struct rouse_worker *w)
{
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->timer >= 0)
		close(w->timer);
	if (w->attn.doorbell >= 0)
		rouse_attn_fini(&w->attn);
}

struct rouse_worker *
rouse_worker_create(const struct rouse_worker_conf *conf)
{
	struct rouse_worker *w;
	int ret = check_conf(conf);

	if (ret == 0)
		ret = worker_check_thread(conf->name);
	if (ret != 0) {
		rte_errno = -ret;
		return NULL;
	}
	w = rte_zmalloc_socket("rouse_worker", sizeof(*w), WORKER_ALIGN, conf->socket_id);
	if (w == NULL) {
		WORKER_LOG(ERR, "%s: cannot be made: no memory on node %d", conf->name,
			   conf->socket_id);
		rte_errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&w->control, NULL);
	w->conf = *conf;
	w->conf.name = w->name;
	snprintf(w->name, sizeof(w->name), "rouse_%s", conf->name);
	w->burst = conf->burst == 0 ? DEFAULT_BURST : conf->burst;
	if (w->conf.timed_us == 0)
		w->conf.timed_us = DEFAULT_TIMED_US;
	w->ns_per_tsc = 1e9 / (double)rte_get_tsc_hz();

	ret = open_fds(w);
	if (ret == 0)
		ret = worker_bits_join(w);
	if (ret == 0)
		ret = worker_timers_create(w);
	if (ret == 0)
		ret = worker_inbox_create(w);
	if (ret != 0) {
		WORKER_LOG(ERR, "%s: cannot be made: %s", w->name,
			   ret == -EEXIST ? "there is a worker of that name; give it another"
					  : rte_strerror(-ret));
		rouse_worker_destroy(w);
		rte_errno = -ret;
		return NULL;
	}
	worker_enlist(w);
	return w;
}

/* ---- run ---- */

static __thread const struct rouse_worker *mine; /* the worker that the thread runs */

/* Is the worker the calling thread's? NULL: has it none? */
bool
worker_is_mine(const struct rouse_worker *w)
{
	return mine == w;
}

/* What readers take together changes between two of these. */
static void
turn(struct rouse_worker *w)
{
	uint32_t nb = atomic_load_explicit(&w->nb_turns, memory_order_relaxed);

	/* pairs with the looks in rouse_worker_stats_get(), before and after */
	atomic_store_explicit(&w->nb_turns, nb + 1, memory_order_release);
}

/* No change is under way while the worker begins to run. */
static int
claim(struct rouse_worker *w, bool is_idle_form)
{
	int ret = 0;

	pthread_mutex_lock(&w->control);
	if (atomic_load_explicit(&w->running, memory_order_acquire))
		ret = -EBUSY;
	else if (w->is_offline)
		ret = -ENETDOWN;
	else if (!is_idle_form && w->watched.nb != 0)
		ret = -EINVAL;
	if (ret == 0) {
		w->is_idle_form = is_idle_form;
		ethdev_vectors_follow(w);
		atomic_store_explicit(&w->running, true, memory_order_release);
	}
	pthread_mutex_unlock(&w->control);
	return ret;
}

/* The calling thread is the worker's from here on, in state ATTEND. 0; -EBUSY, -EINVAL */
int
worker_begin(struct rouse_worker *w, bool is_idle_form)
{
	clockid_t clock;
	uint64_t now;
	int ret = worker_is_mine(NULL) ? claim(w, is_idle_form) : -EBUSY;

	if (ret != 0)
		return ret;
	worker_settings_begin(w);
	worker_spin_begin(w);
	now = rte_rdtsc();
	w->round_tsc = w->awake_since_tsc = now;
	policy_init(&w->policy, w->conf.mode, 0, now);
	worker_spin_choose(w);
	mine = w;
	pthread_getcpuclockid(pthread_self(), &clock);
	turn(w);
	atomic_store_explicit(&w->cpu_clock, clock, memory_order_release);
	atomic_store_explicit(&w->start_cpu_ns, worker_thread_cpu_ns(clock), memory_order_release);
	atomic_store_explicit(&w->start_tsc, now, memory_order_release);
	turn(w);
	w->state = ROUSE_ATTN_ATTEND;
	w->nb_rounds = 1;
	w->is_within_round = true;
	w->batch_tsc = (uint64_t)(BATCH_US * 1e3 / w->ns_per_tsc);
	worker_enter_attend(w);
	w->is_within_round = !is_idle_form;
	return 0;
}

/* One round of the sources that the worker visits; what the application found before counts too. */
void
worker_step(struct rouse_worker *w, uint32_t found)
{
	uint64_t before = w->round_tsc, now;
	enum rouse_attn_state next;
	bool all_found = false;

	if (unlikely(worker_is_change_due(w)))
		worker_make_changes(w);
	if (w->state == ROUSE_ATTN_POLL) {
		found += worker_poll(w, &all_found);
	} else {
		found += worker_attend(w);
		rouse_counter_add(&w->stats.attend_rounds, 1);
	}
	now = worker_end_round(w, found != 0);
	worker_choose_batch(w, all_found, now - before);
	if (unlikely(now >= w->next_timer_tsc))
		found += worker_run_timers(w, now);
	if (unlikely(w->nb_fds != 0 && now >= w->next_look_tsc))
		found += worker_look_at_fds(w, now);
	next = policy_step(&w->policy, w->state, found != 0, now);
	if (next == w->state)
		return;
	if (next == ROUSE_ATTN_PARK) {
		worker_park(w);
		return;
	}
	w->state = next;
	if (next == ROUSE_ATTN_POLL)
		rouse_attn_poll(&w->attn);
	else
		worker_enter_attend(w);
}

/* What was posted before the stop runs; what comes after it may. */
static void
run_messages(struct rouse_worker *w)
{
	unsigned int nb = w->inbox == NULL ? 0 : rte_ring_count(w->inbox);

	if (nb == 0)
		return;
	for (unsigned int i = 0; i <= nb / w->burst; i++)
		source_visit(w, w->inbox_source);
}

static void
add_run(struct rouse_worker *w)
{
	uint64_t start = atomic_load_explicit(&w->start_tsc, memory_order_relaxed);
	uint64_t start_ns = atomic_load_explicit(&w->start_cpu_ns, memory_order_relaxed);
	clockid_t clock = atomic_load_explicit(&w->cpu_clock, memory_order_relaxed);

	atomic_fetch_add_explicit(&w->past_tsc, rte_rdtsc() - start, memory_order_release);
	atomic_fetch_add_explicit(&w->past_cpu_ns, worker_thread_cpu_ns(clock) - start_ns,
				  memory_order_release);
}

/* The calling thread is the worker's no more. */
void
worker_end(struct rouse_worker *w)
{
	run_messages(w);
	worker_make_changes(w);
	turn(w);
	add_run(w);
	atomic_store_explicit(&w->start_tsc, 0, memory_order_release);
	turn(w);
	mine = NULL;
	ethdev_vectors_stay(w);
	worker_settings_end(w);
	rouse_attn_attend(&w->attn);
	w->is_idle_form = w->is_within_round = false;
	atomic_store_explicit(&w->stop_wanted, false, memory_order_relaxed);
	/* pairs with the acquires of control threads */
	atomic_store_explicit(&w->running, false, memory_order_release);
}

int
rouse_worker_run(void *worker)
{
	struct rouse_worker *w = worker;
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = worker_begin(w, false);
	if (ret == 0) {
		while (!worker_shall_stop(w))
			worker_step(w, 0);
		worker_end(w);
	} else if (ret == -ENETDOWN) {
		WORKER_LOG(ERR, "%s: it is offline; call rouse_worker_online() first", w->name);
	} else if (ret == -EINVAL) {
		WORKER_LOG(ERR,
			   "%s: the application polls queues of it itself: call "
			   "rouse_worker_idle() from its loop",
			   w->name);
	} else {
		WORKER_LOG(ERR,
			   "%s: rouse_worker_run(): another thread runs it, or this one another",
			   w->name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* ---- stop ---- */

void
rouse_worker_stop(struct rouse_worker *w)
{
	int error = errno; /* it may run in a signal handler */

	/* pairs with the acquire in worker_shall_stop() */
	atomic_store_explicit(&w->stop_wanted, true, memory_order_release);
	rouse_attn_signal(&w->inbox_source->target, rte_rdtsc());
	errno = error;
}

void
rouse_worker_destroy(struct rouse_worker *w)
{
	int ret;

	if (w == NULL)
		return;
	if (!worker_is_mine(NULL) || atomic_load_explicit(&w->running, memory_order_acquire)) {
		WORKER_LOG(ERR,
			   "%s: not destroyed: it runs, or a handler asks for it; stop it first",
			   w->name);
		return;
	}
	/* nobody who goes offline meanwhile has places for queues here, or is hosted here */
	workers_lock(true);
	worker_forget_hosts(w);
	worker_delist(w);
	source_remove_all(w);
	ret = worker_bits_leave(w);
	workers_unlock();
	worker_find_hosts();
	worker_inbox_destroy(w);
	worker_timers_destroy(w);
	if (ret != 0) {
		WORKER_LOG(ERR,
			   "%s: its attention stays, with its memory: somebody signals a source "
			   "that it had; stop it before",
			   w->name);
		return;
	}
	close_fds(w);
	pthread_mutex_destroy(&w->control);
	rte_free(w);
}

int
rouse_worker_socket_id(const struct rouse_worker *w)
{
	return w->conf.socket_id;
}
