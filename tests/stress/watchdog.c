/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "stress.h"
#include "watchdog.h"
#include "worker.h" /* this is a test, it may know */

/* Between two looks: what a worker that was rung for needs to wake, and more. */
#define LOOK_MS 500
/* What a worker that was kicked is given at most to take what it was owed. */
#define KICK_MS 10000

static struct {
	pthread_t thread;
	pid_t worker; /* its thread */
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
} dog = { .lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER };

/* ---- looking ---- */

/* The begin of its sleep, in a form that no two sleeps share; 0: it is awake. */
static uint64_t
sleep_of(const struct rouse_worker *w)
{
	uint64_t word = atomic_load_explicit(&w->asleep, memory_order_acquire);

	return word & WORKER_ASLEEP ? word : 0;
}

/* The worker's lists and its sources' counts are its own; while it sleeps they stand still. */
static uint64_t
owed(const struct source *s)
{
	return s->ops->owed == NULL ? 0 : s->ops->owed(s);
}

static bool
owes_anything(const struct rouse_worker *w)
{
	for (uint32_t i = 0; i < w->handshake.nb; i++)
		if (owed(w->handshake.at[i]) != 0)
			return true;
	return false;
}

/* A thread that has been woken, or holds in a window, may be without a processor for long. */
static bool
is_blocked(void)
{
	char path[64], line[256] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", dog.worker);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	end = strrchr(line, ')'); /* of the thread's name; its state follows */
	return end != NULL && end[1] == ' ' && end[2] == 'S';
}

static bool
is_rung_for(const struct rouse_worker *w)
{
	struct pollfd set = { .fd = w->epoll, .events = POLLIN };

	return poll(&set, 1, 0) > 0;
}

/* The sleep in which it is owed something and nothing will wake it; 0: all is well. */
static uint64_t
suspicious_sleep(const struct rouse_worker *w)
{
	uint64_t sleep = sleep_of(w);

	if (sleep == 0 || !owes_anything(w) || is_rung_for(w) || !is_blocked())
		return 0;
	return sleep_of(w) == sleep ? sleep : 0;
}

/* ---- the report ---- */

static const char *
state_name(uint32_t state)
{
	static const char *const names[] = { "POLL", "ATTEND", "PARK" };

	return state < RTE_DIM(names) ? names[state] : "?";
}

static void
report_source(const struct rouse_worker *w, const struct source *s)
{
	if (s->ops->type == ROUSE_SOURCE_TYPE_INBOX)
		fprintf(stderr, "stall:   inbox");
	else if (s->ops->type == ROUSE_SOURCE_TYPE_RXQ)
		fprintf(stderr, "stall:   port %u queue %u", s->ethdev.port_id, s->ethdev.queue);
	else
		fprintf(stderr, "stall:   event ring");
	if (s->kind == ROUSE_SOURCE_HANDSHAKE)
		fprintf(stderr,
			": device bit %u, ring bits %#" PRIx64 ", marked %#" PRIx64
			", owes %#" PRIx64 "\n",
			s->target.device, s->rings,
			s->rings & rouse_attn_marked_rings(&w->attn, s->target.device), owed(s));
	else
		fprintf(stderr, ": plain, %sarmed\n", s->armed ? "" : "not ");
}

static void
report(struct rouse_worker *w, const char *why)
{
	const struct rouse_attn *a = &w->attn;
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	fprintf(stderr,
		"stall: %s: %s: state %s, %s, word %#" PRIx64 "; parks %" PRIu64 ", wakes %" PRIu64
		", rescues %" PRIu64 "\n",
		w->name, why, state_name(atomic_load(&a->state)),
		sleep_of(w) != 0 ? "asleep" : "awake", atomic_load(&a->word), stats.parks,
		stats.wakes, stats.rescues);
	for (unsigned int i = 0; i < ROUSE_ATTN_BITS; i++)
		if (atomic_load(&a->detail[i]) != 0)
			fprintf(stderr, "stall:   detail word %u: %#" PRIx64 "\n", i,
				atomic_load(&a->detail[i]));
	for (uint32_t i = 0; i < w->handshake.nb; i++)
		if (owed(w->handshake.at[i]) != 0 || w->handshake.nb <= 8)
			report_source(w, w->handshake.at[i]);
	for (uint32_t i = 0; i < w->plain.nb; i++)
		report_source(w, w->plain.at[i]);
}

static uint64_t
nb_handled(struct rouse_worker *w, struct rouse_worker_stats *stats)
{
	rouse_worker_stats_get(w, stats);
	return stats->rx_packets + stats->events + stats->messages;
}

/* More than once: each wake holds but some of its sources against their bits. */
static void
kick(struct rouse_worker *w)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct rouse_worker_stats stats;
	uint64_t before = nb_handled(w, &stats), after = before;

	for (unsigned int ms = 0; ms < KICK_MS && after == before; ms++) {
		rouse_attn_ring_doorbell(w->attn.doorbell);
		nanosleep(&pause, NULL);
		after = nb_handled(w, &stats);
	}
	fprintf(stderr,
		"stall: kicked: wakes %" PRIu64 ", rescues %" PRIu64 ", handled %" PRIu64 "\n",
		stats.wakes, stats.rescues, after - before);
}

_Noreturn void
watchdog_bark(struct rouse_worker *w, const char *why)
{
	report(w, why);
	kick(w);
	fflush(stdout);
	_Exit(1);
}

/* ---- the thread ---- */

/* Whether it is to end; else after LOOK_MS. */
static bool
rest(void)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&dog.lock);
	if (!dog.stop)
		pthread_cond_timedwait(&dog.stopped, &dog.lock, &until);
	stop = dog.stop;
	pthread_mutex_unlock(&dog.lock);
	return stop;
}

static void *
watch(void *arg)
{
	struct rouse_worker *w = arg;
	uint64_t before = 0;

	while (!rest()) {
		uint64_t now = suspicious_sleep(w);

		if (now != 0 && now == before)
			watchdog_bark(w, "it sleeps on what it is owed");
		before = now;
	}
	return NULL;
}

void
watchdog_start(struct rouse_worker *w)
{
	dog.stop = false;
	dog.worker = gettid();
	CHECK(pthread_create(&dog.thread, NULL, watch, w) == 0, "no thread");
}

void
watchdog_stop(void)
{
	pthread_mutex_lock(&dog.lock);
	dog.stop = true;
	pthread_cond_signal(&dog.stopped);
	pthread_mutex_unlock(&dog.lock);
	pthread_join(dog.thread, NULL);
}
