/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Event rings that another thread of the application produces into. */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>

#include "worker.h"

static uint32_t
evring_drain(struct rouse_worker *w, struct source *s)
{
	struct rouse_evring *ring = s->evring.ring;
	uint32_t n = rouse_evring_peek(ring, w->burst);

	if (n > w->burst)
		n = w->burst;
	for (uint32_t i = 0; i < n; i++)
		s->evring.handler(s->arg, rouse_evring_entry(ring, i));
	if (n == 0)
		return 0;
	rouse_evring_advance(ring, n);
	return n;
}

static uint64_t
evring_owed(const struct source *s)
{
	return rouse_evring_owed(s->evring.ring) != 0 ? s->rings : 0;
}

static void evring_release(struct source *s);

static const struct source_ops evring_ops = {
	.type = ROUSE_SOURCE_TYPE_EVRING,
	.drain = evring_drain,
	.owed = evring_owed,
	.destroy = evring_release,
};

/* ---- a ring has one consumer, of all workers ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct source *all; /* guarded by lock */

/* 0; -EBUSY: a worker has the ring, this one or another */
static int
evring_hold(struct source *s)
{
	const struct source *other;

	pthread_mutex_lock(&lock);
	for (other = all; other != NULL; other = other->evring.next)
		if (other->evring.ring == s->evring.ring)
			break;
	if (other == NULL) {
		s->evring.next = all;
		all = s;
	}
	pthread_mutex_unlock(&lock);
	return other == NULL ? 0 : -EBUSY;
}

/* A source that was not given its ring holds none. */
static void
evring_release(struct source *s)
{
	pthread_mutex_lock(&lock);
	for (struct source **at = &all; *at != NULL; at = &(*at)->evring.next) {
		if (*at != s)
			continue;
		*at = s->evring.next;
		break;
	}
	pthread_mutex_unlock(&lock);
}

/* ---- adding and removing ---- */

/* The source of a ring; NULL: there is none. Control thread. */
static struct source *
find_ring(const struct rouse_worker *w, const struct rouse_evring *ring)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (w->sources.at[i]->ops == &evring_ops && w->sources.at[i]->evring.ring == ring)
			return w->sources.at[i];
	return NULL;
}

int
rouse_worker_evring_add(struct rouse_worker *w, struct rouse_evring *ring,
			rouse_worker_event_t handler, void *arg, struct rouse_attn_target *target)
{
	struct source model, *s;
	int ret = worker_check_handler(w, handler != NULL);

	if (ret == 0 && (ring == NULL || target == NULL)) {
		WORKER_LOG(ERR,
			   "%s: event ring cannot be added: give a ring and a target, not NULL",
			   w->name);
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = worker_lock(w);
	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.ops = &evring_ops;
	model.kind = ROUSE_SOURCE_HANDSHAKE;
	model.arg = arg;
	model.evring.handler = handler;
	model.evring.ring = ring;
	s = source_add_software(w, &model, evring_hold);
	if (s != NULL)
		*target = s->target;
	else
		ret = -rte_errno;
	if (ret == -EBUSY)
		WORKER_LOG(ERR, "%s: event ring cannot be added: %s has it; remove it there first",
			   w->name, find_ring(w, ring) != NULL ? "this worker" : "another worker");
	else if (ret != 0)
		WORKER_LOG(ERR, "%s: event ring cannot be added: %s", w->name,
			   source_strerror(w, ret));
	worker_unlock(w);
	return ret;
}

int
rouse_worker_evring_remove(struct rouse_worker *w, const struct rouse_evring *ring)
{
	struct source *s;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	s = find_ring(w, ring);
	if (s != NULL)
		source_remove(w, s);
	else
		WORKER_LOG(ERR, "%s: event ring cannot be removed: it is not this worker's",
			   w->name);
	worker_unlock(w);
	return s == NULL ? -ENOENT : 0;
}
