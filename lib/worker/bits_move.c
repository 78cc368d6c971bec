/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Bits of queues that move, and of workers that go offline, come back, or are destroyed. The
 * allocator releases no bit with an event pending. So what is marked at a place that nobody should
 * signal is discarded first; if somebody signals it all the same, that place stays taken, and
 * nothing else is held up by it.
 */

#include <errno.h>
#include <stdio.h>

#include "bits.h"

#define MAX_TRIES 1000 /* to clear a bit that somebody sets again */
#define MAX_LEFT  256  /* sources of a bit that are looked at for what was left */

/* ---- what somebody signals who was to stop ---- */

/*
 * The source's place on the processor is not, or no longer, one that a producer should signal: what
 * is marked there for it alone is nobody's. Whoever goes on to, each time in between, is given up
 * on: -EBUSY.
 */
static int
insist(int source, uint32_t processor, int (*fn)(struct rouse_attn_alloc *a, int source))
{
	int ret = -EBUSY;

	for (unsigned int i = 0; i < MAX_TRIES && ret == -EBUSY; i++) {
		rouse_attn_alloc_discard(bits_alloc, source, processor);
		ret = fn(bits_alloc, source);
	}
	return ret;
}

static int
end_move(struct rouse_attn_alloc *a, int source)
{
	return rouse_attn_alloc_move_end(a, source, NULL);
}

/* Of a processor: one that is being moved to or from there is so no more, and comes again. */
int
bits_remove_left(uint32_t processor, int source)
{
	struct rouse_attn_source_info info;
	int ret = rouse_attn_alloc_source_get(bits_alloc, source, &info);

	if (ret == 0 && info.to.processor != ROUSE_ATTN_NONE)
		ret = insist(source, info.to.processor, rouse_attn_alloc_move_cancel);
	if (ret == 0 && info.at.processor == processor)
		ret = insist(source, processor, rouse_attn_alloc_remove);
	return ret;
}

/* All that a worker has, and it. 0, -EBUSY */
static int
remove_worker(const struct rouse_worker *w)
{
	int source, ret = 0;

	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS && ret == 0; bit++)
		while (ret == 0 &&
		       rouse_attn_alloc_sources_of(bits_alloc, w->processor, bit, &source, 1) > 0)
			ret = bits_remove_left(w->processor, source);
	return ret != 0 ? ret : rouse_attn_alloc_processor_remove(bits_alloc, w->processor);
}

/* Bits that stayed taken go with the worker. 0; -EBUSY: somebody signals it still, so that its
 * attention must stay. *is_gone: its number is free; but for one of its queues that was to move to
 * where somebody signals, too, it is */
int
bits_remove_worker(const struct rouse_worker *w, bool *is_gone)
{
	int ret = remove_worker(w);

	*is_gone = ret == 0;
	if (ret == 0)
		return 0;
	rouse_attn_alloc_detach(bits_alloc, w->processor);
	*is_gone = remove_worker(w) == 0;
	return ret;
}

static bool
has_source(const struct rouse_worker *w, int source)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (w->sources.at[i]->bits == source)
			return true;
	return false;
}

/* Is it gone? What is of another worker, and was to come here, stays there. */
static bool
reap_one(const struct rouse_worker *w, int source)
{
	struct rouse_attn_source_info info;

	if (rouse_attn_alloc_source_get(bits_alloc, source, &info) != 0)
		return true;
	/* it has moved, and without memory that could not be written down */
	if (info.at.processor == w->processor && info.to.processor != ROUSE_ATTN_NONE)
		return false;
	return bits_remove_left(w->processor, source) == 0;
}

/* Bits that stayed taken when a source was removed, or had moved, are free if they can be. 0;
 * -EBUSY: see worker_bits_refusal() */
static int
reap(const struct rouse_worker *w)
{
	int left[MAX_LEFT];

	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS; bit++) {
		int nb = rouse_attn_alloc_sources_of(bits_alloc, w->processor, bit, left, MAX_LEFT);

		for (int i = 0; i < RTE_MIN(nb, MAX_LEFT); i++) {
			if (has_source(w, left[i]) || reap_one(w, left[i]))
				continue;
			snprintf(bits_refusal, sizeof(bits_refusal),
				 "it cannot go offline: bit %u stays taken: somebody signals a "
				 "source that was removed, or has moved; stop it before",
				 bit);
			return -EBUSY;
		}
	}
	return 0;
}

/* ---- moving ---- */

/* What is left of a move that somebody's signals kept from ending, or from being cancelled, is made
 * up for: nobody moves it now. */
static void
settle_move(const struct source *s)
{
	struct rouse_attn_source_info info;

	if (rouse_attn_alloc_source_get(bits_alloc, s->bits, &info) != 0 ||
	    info.to.processor == ROUSE_ATTN_NONE)
		return;
	if (info.to.processor == s->ethdev.worker->processor)
		insist(s->bits, info.at.processor, end_move);
	else
		insist(s->bits, info.to.processor, rouse_attn_alloc_move_cancel);
}

/* Reserve the bit of a queue's device on another worker. 0 or -errno, see worker_bits_refusal() */
int
source_begin_move(const struct source *s, const struct rouse_worker *to)
{
	const struct rouse_attn_wish wish = {
		.policy = ROUSE_ATTN_AT,
		.processor = to->processor,
	};
	struct rouse_attn_place place;

	settle_move(s);
	return rouse_attn_alloc_move_begin(bits_alloc, s->bits, &wish, &place);
}

/* Where a queue is going to be; false: it is not being moved. */
bool
source_find_move(const struct source *s, uint32_t *processor, uint16_t *device)
{
	struct rouse_attn_source_info info;

	if (rouse_attn_alloc_source_get(bits_alloc, s->bits, &info) != 0 ||
	    info.to.processor == ROUSE_ATTN_NONE)
		return false;
	*processor = info.to.processor;
	*device = info.to.device;
	return true;
}

/*
 * The source has moved: its producer has let go of the old place. If somebody signals there all the
 * same, that place stays the old worker's, for signals that are late, until that goes offline or is
 * destroyed. Without memory to write that down the source counts as moving until it moves again.
 */
void
source_end_move(const struct source *s, const struct rouse_worker *from)
{
	struct rouse_attn_source_info info;
	int late;

	if (insist(s->bits, from->processor, end_move) == 0 ||
	    rouse_attn_alloc_source_get(bits_alloc, s->bits, &info) != 0)
		return;
	rouse_attn_alloc_move_end(bits_alloc, s->bits, &late);
	WORKER_LOG(ERR, "%s: bit %u stays taken: somebody signals a source that has moved; stop it",
		   from->name, info.at.device % ROUSE_ATTN_BITS);
}

/* The source stays: no producer was told of the new place, or the one that was has let go. If
 * somebody signals there all the same, the place is reserved until it moves again. */
void
source_cancel_move(const struct source *s)
{
	struct rouse_attn_source_info info;

	if (rouse_attn_alloc_source_get(bits_alloc, s->bits, &info) == 0 &&
	    insist(s->bits, info.to.processor, rouse_attn_alloc_move_cancel) != 0)
		WORKER_LOG(ERR,
			   "%s: bit %u of another worker stays taken: somebody signals %s there, "
			   "where it did not go; stop it",
			   s->ethdev.worker->name, info.to.device % ROUSE_ATTN_BITS, info.name);
}

/* ---- workers that go offline, and come back ---- */

static enum rouse_attn_presence
presence_of(const struct rouse_worker *w)
{
	struct rouse_attn_processor_info info;

	return rouse_attn_alloc_processor_get(bits_alloc, w->processor, &info) == 0
		       ? info.presence
		       : ROUSE_ATTN_OFFLINE;
}

bool
worker_bits_are_online(const struct rouse_worker *w)
{
	return presence_of(w) == ROUSE_ATTN_ONLINE;
}

/* Reserve a place elsewhere for every queue with bits; no queue of any worker moves now. 0 or
 * -errno, see worker_bits_refusal() */
int
worker_bits_go(const struct rouse_worker *w)
{
	int ret = reap(w);

	for (uint32_t i = 0; i < w->sources.nb; i++)
		settle_move(w->sources.at[i]);
	return ret != 0 ? ret : rouse_attn_alloc_leave(bits_alloc, w->processor);
}

/* They have moved. 0; -EBUSY: a bit stayed taken, see worker_bits_refusal() */
int
worker_bits_gone(const struct rouse_worker *w)
{
	return rouse_attn_alloc_left(bits_alloc, w->processor);
}

/* Those that have not stay. 0; -EBUSY: somebody signals where one should have been, see
 * worker_bits_refusal(), and it is leaving still */
int
worker_bits_stay(const struct rouse_worker *w)
{
	int ret = -EBUSY;

	for (unsigned int n = 0; n < MAX_TRIES && ret == -EBUSY; n++) {
		for (uint32_t i = 0; i < w->sources.nb; i++) {
			uint32_t processor;
			uint16_t device;

			if (source_find_move(w->sources.at[i], &processor, &device))
				rouse_attn_alloc_discard(bits_alloc, w->sources.at[i]->bits,
							 processor);
		}
		ret = rouse_attn_alloc_stay(bits_alloc, w->processor);
	}
	return ret;
}

/* One that is leaving still stays. 0 or -errno, see worker_bits_refusal() */
int
worker_bits_come(const struct rouse_worker *w)
{
	return presence_of(w) == ROUSE_ATTN_LEAVING
		       ? worker_bits_stay(w)
		       : rouse_attn_alloc_online(bits_alloc, w->processor);
}

/* The default worker is the one that never goes. */
int
worker_bits_set_default(const struct rouse_worker *w)
{
	return rouse_attn_alloc_default_set(bits_alloc, w->processor);
}

bool
worker_bits_are_default(const struct rouse_worker *w)
{
	return rouse_attn_alloc_default(bits_alloc) == w->processor;
}
