/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker's rounds: what it visits in state POLL, in state ATTEND, and on the way from one to
 * the other. A source that the application polls itself is named by bits as any other, and never
 * visited (idle.c).
 */

#include <rte_cycles.h>

#include "worker.h"

#define MAX_ROUNDS 16 /* of a batch in state POLL */

uint32_t
worker_visit_list(struct rouse_worker *w, const struct source_list *list)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < list->nb; i++)
		found += source_visit(w, list->at[i]);
	return found;
}

/* Visit a handshake source in state ATTEND: what a bounded visit leaves has no bit but this one.
 * The inbox may find more than a burst. */
static uint32_t
visit_handshake(struct rouse_worker *w, struct source *s)
{
	uint32_t n = source_visit(w, s);

	if (n >= w->burst)
		rouse_attn_mark_own(&s->target);
	return n;
}

/* Visit what a ring bit names. */
static uint32_t
visit_ring(struct rouse_worker *w, unsigned int device, unsigned int ring)
{
	const struct source_link *link = source_of_bits(w, device, ring);
	uint32_t found = 0;

	if (link == NULL)
		rouse_counter_add(&w->stats.stale_bits, 1);
	for (; link != NULL; link = link->next) {
		struct source *s = link->source;

		if (unlikely(w->is_waking))
			rouse_counter_add(&s->counters->wakes, 1);
		found += s->is_watched ? 1 : visit_handshake(w, s);
	}
	return found;
}

/* Visit what a detail word names. */
static uint32_t
visit_device(struct rouse_worker *w, unsigned int device)
{
	uint64_t bits = rouse_attn_take_detail(&w->attn, device);
	uint32_t found = 0;

	rouse_counter_add(&w->stats.detail_words, 1);
	if (unlikely(w->is_waking))
		rouse_counter_add(&w->stats.wake_details, 1);
	for (; bits != 0; bits &= bits - 1)
		found += visit_ring(w, device, (unsigned int)__builtin_ctzll(bits));
	return found;
}

/* Where bits are not shared, a bit is one detail word. */
static uint32_t
visit_marked(struct rouse_worker *w)
{
	uint64_t word = rouse_attn_take(&w->attn);
	uint32_t found = 0, nb;

	if (word == 0)
		return 0;
	nb = rouse_attn_nb_details(&w->attn);
	rouse_counter_add(&w->stats.attn_words, 1);
	for (; word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);

		do {
			found += visit_device(w, device);
			device += ROUSE_ATTN_BITS;
		} while (unlikely(device < nb));
	}
	return found;
}

/* A queue without buffers is silent, and gets new ones only when it is visited: each round, since a
 * worker whose other sources have work may not sleep for long. */
static uint32_t
visit_dry(struct rouse_worker *w)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < w->handshake.nb && w->nb_dry > 0; i++)
		if (w->handshake.at[i]->is_dry)
			found += visit_handshake(w, w->handshake.at[i]);
	return found;
}

static bool
is_inbox_empty(const struct rouse_worker *w)
{
	return atomic_load_explicit(&w->inbox_begun, memory_order_relaxed) ==
	       rouse_counter_get(&w->inbox_taken);
}

/* The inbox is the first source of all; that it is empty, as it is nearly always, is seen without a
 * visit. */
static uint32_t
poll_round(struct rouse_worker *w)
{
	uint32_t found = worker_visit_list(w, &w->plain);

	for (uint32_t i = w->inbox != NULL && is_inbox_empty(w) ? 1 : 0; i < w->handshake.nb; i++)
		found += source_visit(w, w->handshake.at[i]);
	return found;
}

/* A batch of rounds in state POLL. */
uint32_t
worker_poll(struct rouse_worker *w, bool *all_found)
{
	uint32_t found = 0;

	*all_found = true;
	for (uint32_t i = 0; i < w->nb_rounds; i++) {
		uint32_t n = poll_round(w);

		found += n;
		*all_found &= n != 0;
	}
	rouse_counter_add(&w->stats.poll_rounds, w->nb_rounds);
	return found;
}

/* At full load clock, policy, timers and changes are looked at once for many short rounds. */
void
worker_choose_batch(struct rouse_worker *w, bool all_found, uint64_t tsc)
{
	if (!all_found || tsc > 2 * w->batch_tsc)
		w->nb_rounds = 1;
	else if (tsc < w->batch_tsc && w->nb_rounds < MAX_ROUNDS)
		w->nb_rounds *= 2;
}

/* To state ATTEND, from POLL or from the start: the full round that this takes. */
void
worker_enter_attend(struct rouse_worker *w)
{
	rouse_attn_attend(&w->attn);
	for (uint32_t i = 0; i < w->handshake.nb; i++)
		visit_handshake(w, w->handshake.at[i]);
	worker_visit_list(w, &w->plain);
}

/* One round in state ATTEND: what the bits name, then what no bit will name, and every plain
 * source, so that busy bits never starve one. */
uint32_t
worker_attend(struct rouse_worker *w)
{
	return visit_marked(w) + visit_dry(w) + worker_visit_list(w, &w->plain);
}

/* Account for the time since the last round's end; now. */
uint64_t
worker_end_round(struct rouse_worker *w, bool found)
{
	uint64_t now = rte_rdtsc();

	rouse_counter_add(found ? &w->stats.busy_tsc : &w->stats.spin_tsc, now - w->round_tsc);
	w->round_tsc = now;
	return now;
}
