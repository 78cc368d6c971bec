/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker's sources: visiting one, adding and removing, and the table from attention bits back to
 * sources. A source is made, given bits and, at the end, freed by a control thread, which holds
 * w->control; into the lists and the table that the worker reads it is put by the worker itself
 * (control.c). A handshake source is named by a device bit and one or more of its ring bits, which
 * are given by bits.c. The ring bits of a port's device are the numbers of the port's event rings.
 */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "worker.h"

uint32_t
source_visit(struct rouse_worker *w, struct source *s)
{
	uint32_t n = s->ops->drain(w, s);

	source_count(w, s->counters, n);
	if (unlikely(w->is_waking)) {
		rouse_counter_add(&w->stats.wake_visits, 1);
		rouse_counter_add(&w->stats.wake_misses, n == 0);
	}
	ROUSE_WINDOW(C_DRAINED);
	return n;
}

/* ---- lists ---- */

/* Memory for one more, made by the control thread; NULL: there is room. */
static int
list_reserve(const struct source_list *l, struct source ***spare)
{
	uint32_t room = l->room == 0 ? 16 : l->room * 2;

	*spare = NULL;
	if (l->nb < l->room)
		return 0;
	*spare = rte_malloc("worker_list", room * sizeof(**spare), 0);
	return *spare == NULL ? -ENOMEM : 0;
}

/* Append with what was reserved; returns the memory that it takes the place of, to be freed. */
static struct source **
list_append(struct source_list *l, struct source *s, struct source **spare)
{
	struct source **old = NULL;

	if (spare != NULL) {
		old = l->at;
		if (l->nb != 0)
			memcpy(spare, old, l->nb * sizeof(*spare));
		l->at = spare;
		l->room = l->room == 0 ? 16 : l->room * 2;
	}
	l->at[l->nb++] = s;
	return old;
}

void
source_list_remove(struct source_list *l, const struct source *s)
{
	for (uint32_t i = 0; i < l->nb; i++) {
		if (l->at[i] != s)
			continue;
		memmove(&l->at[i], &l->at[i + 1], (l->nb - i - 1) * sizeof(*l->at));
		l->nb--;
		return;
	}
}

/* Room for so many more, in a list that no worker reads. 0, -ENOMEM */
int
source_list_reserve(struct source_list *l, uint32_t nb)
{
	uint32_t room = l->room == 0 ? 16 : l->room;
	struct source **at;

	while (room < l->nb + nb)
		room *= 2;
	if (room == l->room)
		return 0;
	at = rte_malloc("worker_list", room * sizeof(struct source *), 0);
	if (at == NULL)
		return -ENOMEM;
	if (l->nb != 0)
		memcpy(at, l->at, l->nb * sizeof(struct source *));
	rte_free(l->at);
	l->at = at;
	l->room = room;
	return 0;
}

/* There is room. */
void
source_list_add(struct source_list *l, struct source *s)
{
	l->at[l->nb++] = s;
}

/* ---- bits: control threads, which hold w->control ---- */

/* The detail word has a table from here on. Whatever it was before, no bit of it is set that the
 * worker would look for there. */
static int
reserve_device(struct rouse_worker *w, unsigned int device)
{
	if (w->devices[device] == NULL)
		w->devices[device] = rte_zmalloc_socket("worker_device", sizeof(struct device),
							RTE_CACHE_LINE_SIZE, w->conf.socket_id);
	return w->devices[device] == NULL ? -ENOMEM : 0;
}

/* What -errno means for who wants to add a source. */
const char *
source_strerror(const struct rouse_worker *w, int error)
{
	const char *remedy = error == -ENOSPC ? worker_bits_remedy(w) : NULL;

	if (error == -EBUSY)
		return "a worker has it, or an event ring of the port that it shares; remove that "
		       "first, or give it to the same worker";
	if (error == -EEXIST)
		return "the worker has it already";
	return remedy != NULL ? remedy : rte_strerror(-error);
}

/* Give a queue the bit of its device, if it has none. 0; -ENOSPC, -ENOMEM */
int
source_take_bits(struct rouse_worker *w, struct source *s)
{
	int ret = s->bits >= 0 ? 0 : source_add_bits(w, s, NULL);

	return ret != 0 ? ret : reserve_device(w, s->target.device);
}

/* Let these ring bits of its device name the source once it is inserted. 0; -EINVAL: there is
 * none, -ENOMEM */
int
source_set_rings(struct rouse_worker *w, struct source *s, uint64_t rings)
{
	if (rings == 0)
		return -EINVAL;
	s->links = rte_zmalloc_socket("worker_links",
				      (size_t)__builtin_popcountll(rings) * sizeof(*s->links), 0,
				      w->conf.socket_id);
	if (s->links == NULL)
		return -ENOMEM;
	s->rings = rings;
	s->target.ring = (uint8_t)__builtin_ctzll(rings);
	return 0;
}

/* Give a source that is no port's a ring bit of its own. 0; -ENOSPC, -ENOMEM */
static int
take_ring(struct rouse_worker *w, struct source *s)
{
	uint64_t ring;
	int ret = source_add_bits(w, s, &ring);

	if (ret == 0)
		ret = reserve_device(w, s->target.device);
	return ret != 0 ? ret : source_set_rings(w, s, ring);
}

/* Its producer is gone and the worker has let go of it: what was signalled for nobody else is
 * nobody's. The worker does not change the table meanwhile. */
void
source_forget_rings(struct rouse_worker *w, struct source *s)
{
	const struct device *d = w->devices[s->target.device];
	uint64_t named = 0;

	for (unsigned int i = 0; i < ROUSE_ATTN_BITS; i++)
		if (d != NULL && d->rings[i].source != NULL)
			named |= UINT64_C(1) << i;
	rouse_attn_unmark(&w->attn, s->target.device, named == 0 ? UINT64_MAX : s->rings & ~named);
}

/* ---- the lists and the table: where the worker is ---- */

struct insertion {
	struct source *source;
	struct source **spare; /* memory for a longer list; then that of the shorter one */
	int ret;
};

/* The first source of a bit stands in the table itself; further ones hang on it, each by a link of
 * its own. */
static void
link_ring(struct device *d, struct source *s, unsigned int ring, struct source_link *own)
{
	struct source_link *last = &d->rings[ring];

	if (last->source == NULL) {
		last->source = s;
		return;
	}
	while (last->next != NULL)
		last = last->next;
	last->next = own;
	own->source = s;
	own->next = NULL;
}

static void
unlink_ring(struct device *d, const struct source *s, unsigned int ring)
{
	struct source_link *link = &d->rings[ring], *before = NULL;

	while (link->source != s) {
		before = link;
		link = link->next;
	}
	if (before != NULL)
		before->next = link->next;
	else if (link->next != NULL)
		*link = *link->next; /* the second becomes the first */
	else
		link->source = NULL;
}

/* Where the worker finds it; NULL: a file descriptor is visited when it is ready, and only then. */
static struct source_list *
list_of(struct rouse_worker *w, const struct source *s)
{
	if (s->ops->is_on_demand)
		return NULL;
	if (s->is_watched)
		return &w->watched;
	return s->kind == ROUSE_SOURCE_HANDSHAKE ? &w->handshake : &w->plain;
}

static void
let_application_poll(const struct source *s, bool may_poll)
{
	if (s->is_watched && s->ethdev.may_poll != NULL)
		*s->ethdev.may_poll = may_poll;
}

static void
count_waiting(struct rouse_worker *w, const struct source *s, uint32_t by)
{
	if (s->kind == ROUSE_SOURCE_TIMED)
		w->nb_timed += by;
	if (s->is_watched && s->ops->arm != NULL)
		w->nb_to_look_at += by;
}

/* The worker waits for it from here on. 0 or -errno: nothing changed */
int
source_begin_to_wait(struct rouse_worker *w, struct source *s)
{
	int ret = s->ops->attach == NULL ? 0 : s->ops->attach(w, s);

	if (ret == 0)
		count_waiting(w, s, 1);
	return ret;
}

void
source_end_to_wait(struct rouse_worker *w, struct source *s)
{
	if (s->ops->detach != NULL)
		s->ops->detach(w, s);
	count_waiting(w, s, UINT32_MAX);
}

static void
insert(struct rouse_worker *w, void *arg)
{
	struct insertion *in = arg;
	struct source *s = in->source;
	struct source_list *list = list_of(w, s);
	struct source_link *own = s->links;

	in->ret = source_begin_to_wait(w, s);
	if (in->ret != 0)
		return;
	if (list != NULL)
		in->spare = list_append(list, s, in->spare);
	for (uint64_t rings = s->rings; rings != 0; rings &= rings - 1)
		link_ring(w->devices[s->target.device], s, (unsigned int)__builtin_ctzll(rings),
			  own++);
	/* what is there already was signalled to nobody: look once */
	if (s->kind == ROUSE_SOURCE_HANDSHAKE)
		rouse_attn_mark_own(&s->target);
	let_application_poll(s, true);
}

/* The worker visits it no more. A bit that stays set names another source of the ring, or none, and
 * counts as stale then. Where the worker is. */
void
source_withdraw(struct rouse_worker *w, struct source *s)
{
	struct source_list *list = list_of(w, s);

	let_application_poll(s, false);
	source_end_to_wait(w, s);
	if (list != NULL)
		source_list_remove(list, s);
	for (uint64_t rings = s->rings; rings != 0; rings &= rings - 1)
		unlink_ring(w->devices[s->target.device], s, (unsigned int)__builtin_ctzll(rings));
	if (s->is_dry)
		w->nb_dry--;
	s->is_dry = false;
}

static void
withdraw(struct rouse_worker *w, void *arg)
{
	source_withdraw(w, arg);
}

/* ---- adding and removing: control threads, which hold w->control ---- */

/* A source like the model, which the worker does not know yet. NULL: no memory. */
struct source *
source_create(struct rouse_worker *w, const struct source *model)
{
	struct source *s = rte_malloc_socket("worker_source", sizeof(*s), RTE_CACHE_LINE_SIZE,
					     w->conf.socket_id);

	if (s == NULL)
		return NULL;
	*s = *model;
	s->bits = -1;
	return s;
}

/* The worker visits it from here on. 0 or -errno, and nothing changed. */
int
source_enter(struct rouse_worker *w, struct source *s)
{
	struct insertion in = { .source = s };
	const struct source_list *list = list_of(w, s);
	int ret = list == NULL ? 0 : list_reserve(list, &in.spare);

	if (ret == 0) {
		worker_change(w, insert, &in);
		ret = in.ret;
	}
	if (ret == 0)
		source_tell_state(s, ROUSE_SOURCE_ACTIVE);
	rte_free(in.spare);
	return ret;
}

/* The worker has let go of it when this returns. */
void
source_leave(struct rouse_worker *w, struct source *s)
{
	worker_change(w, withdraw, s);
}

/* It is the worker's, and the worker visits it from here on. 0 or -errno, and nothing changed. */
int
source_insert(struct rouse_worker *w, struct source *s)
{
	int ret = source_list_reserve(&w->sources, 1);

	if (ret == 0)
		ret = source_take_counters(w, s);
	if (ret == 0)
		ret = source_enter(w, s);
	if (ret == 0)
		source_list_add(&w->sources, s);
	return ret;
}

/* Neither the worker nor a producer knows it, or does not any more. */
void
source_destroy(struct rouse_worker *w, struct source *s)
{
	if (s->ops->destroy != NULL)
		s->ops->destroy(s);
	if (s->bits >= 0)
		source_remove_bits(w, s);
	rte_free(s->links);
	if (!s->was_lost) {
		rte_free(s);
		return;
	}
	s->links = NULL;
	s->next_buried = w->buried;
	w->buried = s;
}

/* Make a handshake source that is no port's, and let the worker visit it. `hold` says whether it
 * may have what it drains, NULL: nobody else can want that. NULL with rte_errno. */
struct source *
source_add_software(struct rouse_worker *w, const struct source *model,
		    int (*hold)(struct source *s))
{
	struct source *s = source_create(w, model);
	int ret = s == NULL ? -ENOMEM : 0;

	if (ret == 0 && hold != NULL)
		ret = hold(s);
	if (ret == 0)
		ret = take_ring(w, s);
	if (ret == 0)
		ret = source_insert(w, s);
	if (ret == 0)
		return s;
	if (s != NULL)
		source_destroy(w, s);
	rte_errno = -ret;
	return NULL;
}

/* Withdraw it, let go of its producer, free it. */
void
source_remove(struct rouse_worker *w, struct source *s)
{
	if (!s->is_paused)
		source_leave(w, s);
	source_tell_state(s, ROUSE_SOURCE_REMOVED);
	source_list_remove(&w->sources, s);
	if (!s->is_paused && s->ops->remove != NULL)
		s->ops->remove(w, s);
	source_destroy(w, s);
}

/* The worker does not run. */
void
source_remove_all(struct rouse_worker *w)
{
	while (w->sources.nb > 0)
		source_remove(w, w->sources.at[w->sources.nb - 1]);
	while (w->buried != NULL) {
		struct source *s = w->buried;

		w->buried = s->next_buried;
		rte_free(s);
	}
	for (uint32_t i = 0; i < WORKER_MAX_DETAILS; i++) {
		rte_free(w->devices[i]);
		w->devices[i] = NULL;
	}
	rte_free(w->sources.at);
	rte_free(w->handshake.at);
	rte_free(w->plain.at);
	rte_free(w->watched.at);
	worker_counters_destroy(w);
}
