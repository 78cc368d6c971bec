/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues that go from one worker to another while packets come. In this order nothing is lost, and
 * nobody is woken for what is another's:
 *
 *     1. the old owner no longer holds what is owed against the bits (audit), nor asks for buffers
 *     2. the producer lets go of the old owner: from here on nobody is signalled
 *     3. the old owner, in a round of its own, takes what was signalled before, and lets go
 *     4. the new owner knows which bits will name the queue
 *     5. the producer learns the new owner: the new binding is published
 *     6. the new owner sets its own bit, and so looks once: it finds what came since 2
 *
 * A queue is drained by one worker at a time, and what one did is seen by the next: both make their
 * changes between two rounds, for the control thread that waits. So the order of each flow is the
 * same for the handlers. Queues that share event rings go together: a ring has one consumer.
 */

#include <errno.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "worker.h"

#define WAIT_US 20 /* when another thread changes one of the two workers */

/* A queue on its way: what it is on either worker. */
struct passage {
	struct source *old, *new;
	uint64_t rings;
};

struct party {
	struct rouse_worker *from, *to;
	struct passage *queues;
	uint32_t nb, nb_taken_up, nb_bound;
	bool is_planned; /* their bits are reserved on the other worker */
	const char *why; /* what is refused, for people */
};

/* ---- the worker's side ---- */

static void
stop_audit(struct rouse_worker *w __rte_unused, void *arg)
{
	const struct party *p = arg;

	for (uint32_t i = 0; i < p->nb; i++)
		p->queues[i].old->is_in_transit = true;
}

static void
withdraw_all(struct rouse_worker *w, void *arg)
{
	const struct party *p = arg;

	for (uint32_t i = 0; i < p->nb; i++) {
		source_withdraw(w, p->queues[i].old);
		p->queues[i].old->is_in_transit = false;
	}
	/* what a bounded visit has left is the other's to look for: no bit names it here */
	for (uint32_t i = 0; i < p->nb; i++)
		if (p->queues[i].old->rings != 0)
			source_forget_rings(w, p->queues[i].old);
}

/* ---- who goes ---- */

/* A queue of the other worker, of which that knows nothing yet. */
static struct source *
make_new(struct rouse_worker *to, const struct source *old)
{
	struct source model = {
		.ops = old->ops,
		.kind = old->kind,
		.is_paused = old->is_paused,
		.arg = old->arg,
	}, *s;

	model.ethdev.handler = old->ethdev.handler;
	model.ethdev.pool = old->ethdev.pool;
	model.ethdev.is_pool_told = old->ethdev.is_pool_told;
	model.ethdev.port = old->ethdev.port;
	model.ethdev.port_id = old->ethdev.port_id;
	model.ethdev.queue = old->ethdev.queue;
	model.ethdev.is_unsignalled = old->ethdev.is_unsignalled;
	model.ethdev.worker = to;
	s = source_create(to, &model);
	if (s == NULL || source_take_counters(to, s) == 0)
		return s;
	rte_free(s);
	return NULL;
}

/* The source, and those that share event rings with it. */
static uint32_t
find_group(const struct rouse_worker *w, const struct source *s, struct passage *out)
{
	uint64_t rings = s->rings, before;
	uint32_t nb = 0;

	do {
		before = rings;
		nb = 0;
		for (uint32_t i = 0; i < w->sources.nb; i++) {
			struct source *other = w->sources.at[i];

			if (other != s && (!source_is_of_port(other, s->ethdev.port_id) ||
					   (other->rings & rings) == 0))
				continue;
			rings |= other->rings;
			if (out != NULL)
				out[nb] = (struct passage){ .old = other, .rings = other->rings };
			nb++;
		}
	} while (rings != before);
	return nb;
}

static void
disband(struct party *p)
{
	for (uint32_t i = 0; i < p->nb; i++)
		rte_free(p->queues[i].new);
	rte_free(p->queues);
}

static int
gather(struct party *p, const struct source *s)
{
	int ret;

	p->nb = find_group(p->from, s, NULL);
	p->queues = rte_zmalloc("worker_party", p->nb * sizeof(*p->queues), 0);
	if (p->queues == NULL)
		return -ENOMEM;
	find_group(p->from, s, p->queues);
	ret = source_list_reserve(&p->to->sources, p->nb);
	for (uint32_t i = 0; i < p->nb && ret == 0; i++) {
		p->queues[i].new = make_new(p->to, p->queues[i].old);
		ret = p->queues[i].new == NULL ? -ENOMEM : 0;
	}
	if (ret != 0)
		disband(p);
	return ret;
}

/* ---- their bits ---- */

static void
cancel(struct party *p, uint32_t nb)
{
	for (uint32_t i = 0; i < nb && !p->is_planned; i++)
		if (p->queues[i].old->bits >= 0)
			source_cancel_move(p->queues[i].old);
}

static int
reserve(struct party *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->nb && ret == 0; i++) {
		struct source *new = p->queues[i].new;
		uint32_t processor;

		if (p->queues[i].old->bits < 0)
			continue;
		if (!p->is_planned)
			ret = source_begin_move(p->queues[i].old, p->to);
		if (ret != 0) {
			p->why = ret == -ENOMEM ? rte_strerror(ENOMEM) : worker_bits_refusal();
			cancel(p, i);
			break;
		}
		new->bits = p->queues[i].old->bits;
		new->target.attn = &p->to->attn;
		/* those that go together were planned together, and none was added since */
		if (!source_find_move(p->queues[i].old, &processor, &new->target.device) ||
		    processor != p->to->processor) {
			p->why = "a queue that shares its event ring goes to another worker";
			ret = -EBUSY;
		}
	}
	return ret;
}

/* ---- the way ---- */

static bool
is_handshake(const struct party *p)
{
	return p->queues[0].old->kind == ROUSE_SOURCE_HANDSHAKE;
}

/* Producers let go of the old owner, and it of the queues. */
static void
let_go(struct party *p)
{
	bool is_bound = is_handshake(p);

	if (is_bound)
		worker_change(p->from, stop_audit, p);
	for (uint32_t i = 0; i < p->nb && is_bound; i++)
		ethdev_unbind(p->queues[i].old);
	worker_change(p->from, withdraw_all, p);
	for (uint32_t i = 0; i < p->nb; i++) {
		struct source *old = p->queues[i].old;

		if (!is_bound && old->ops->remove != NULL)
			old->ops->remove(p->from, old);
		rte_free(old->links);
		old->links = NULL;
		old->rings = 0;
	}
}

static void
look_at_all(struct rouse_worker *w __rte_unused, void *arg)
{
	const struct party *p = arg;

	for (uint32_t i = 0; i < p->nb; i++) {
		rouse_attn_mark_own(&p->queues[i].new->target);
		p->queues[i].new->is_in_transit = false;
	}
}

/* The new owner knows it, and its producer does not know the new owner. */
static int
enter(struct party *p, struct passage *q)
{
	int ret = source_take_bits(p->to, q->new);

	if (ret == 0)
		ret = source_set_rings(p->to, q->new, q->rings);
	if (ret != 0)
		return ret;
	source_describe_bits(p->to, q->new);
	q->new->is_in_transit = true;
	ret = source_enter(p->to, q->new);
	if (ret == 0)
		p->nb_taken_up++;
	return ret;
}

static int
bind(struct party *p, struct passage *q)
{
	const struct rouse_attn_owner owner = { .attn = &p->to->attn,
						.device = q->new->target.device };
	uint64_t rings;
	int ret = ethdev_bind(q->new, &owner, &rings);

	if (ret == 0)
		p->nb_bound++;
	return ret == 0 && rings != q->rings ? -EBUSY : ret;
}

static int
take_up(struct party *p)
{
	int ret = 0;

	if (!is_handshake(p)) {
		ret = source_queue_take_up(p->to, p->queues[0].new);
		p->nb_taken_up = ret == 0 ? 1 : 0;
		return ret;
	}
	for (uint32_t i = 0; i < p->nb && ret == 0; i++)
		ret = enter(p, &p->queues[i]);
	for (uint32_t i = 0; i < p->nb && ret == 0; i++)
		ret = bind(p, &p->queues[i]);
	if (ret == 0)
		worker_change(p->to, look_at_all, p);
	return ret;
}

/* The other worker lets go of what it has taken up. */
static void
let_go_again(struct party *p)
{
	bool has_rings = is_handshake(p);

	for (uint32_t i = 0; i < p->nb_bound; i++)
		ethdev_unbind(p->queues[i].new);
	for (uint32_t i = 0; i < p->nb_taken_up; i++) {
		struct source *new = p->queues[i].new;

		source_leave(p->to, new);
		if (has_rings)
			source_forget_rings(p->to, new);
		else if (new->ops->remove != NULL)
			new->ops->remove(p->to, new);
	}
	for (uint32_t i = 0; i < p->nb; i++)
		rte_free(p->queues[i].new->links);
}

/* What the other worker could not take up is the old one's again. */
static void
give_back(struct party *p)
{
	let_go_again(p);
	for (uint32_t i = 0; i < p->nb; i++) {
		struct source *old = p->queues[i].old;
		int ret = source_queue_take_up(p->from, old);

		if (ret == 0)
			continue;
		old->is_paused = true;
		source_tell_state(old, ROUSE_SOURCE_PAUSED);
		WORKER_LOG(ERR,
			   "%s: queue %u of port %u, which could not be moved, is paused: %s; call "
			   "rouse_worker_port_resume()",
			   p->from->name, old->ethdev.queue, old->ethdev.port_id,
			   source_strerror(p->from, ret));
	}
}

static int
pass(struct party *p)
{
	int ret;

	if (p->queues[0].old->is_paused)
		return 0;
	let_go(p);
	ret = take_up(p);
	if (ret != 0)
		give_back(p);
	return ret;
}

/* ---- the books ---- */

static void
commit(struct party *p)
{
	uint16_t port = p->queues[0].old->ethdev.port_id;

	for (uint32_t i = 0; i < p->nb; i++) {
		struct source *old = p->queues[i].old, *new = p->queues[i].new;

		if (old->bits >= 0)
			source_end_move(new, p->from);
		old->bits = -1;
		source_tell_state(old, ROUSE_SOURCE_REMOVED);
		source_tell_state(new, new->is_paused ? ROUSE_SOURCE_PAUSED : ROUSE_SOURCE_ACTIVE);
		source_list_remove(&p->from->sources, old);
		source_list_add(&p->to->sources, new);
		if (old->was_lost) {
			old->next_buried = p->from->buried;
			p->from->buried = old;
		} else {
			rte_free(old);
		}
		p->queues[i].new = NULL;
	}
	/* which of them go together shows now that all are there */
	for (uint32_t i = 0; i < p->to->sources.nb; i++) {
		struct source *s = p->to->sources.at[i];

		if (source_is_of_port(s, port) && s->bits >= 0 && s->rings != 0)
			source_describe_bits(p->to, s);
	}
	source_port_forget(p->from, port);
}

/* Whoever has the control of one may wait for that of the other: so nobody waits with one of them.
 */
static void
lock_both(struct rouse_worker *from, struct rouse_worker *to)
{
	for (;;) {
		pthread_mutex_lock(&from->control);
		if (pthread_mutex_trylock(&to->control) == 0)
			return;
		pthread_mutex_unlock(&from->control);
		usleep(WAIT_US);
	}
}

static int
move_group(struct party *p, const struct source *s)
{
	int ret = gather(p, s);

	if (ret != 0) {
		p->why = rte_strerror(-ret);
		return ret;
	}
	ret = reserve(p);
	if (ret == 0) {
		ret = pass(p);
		if (ret == 0) {
			commit(p);
		} else {
			p->why = source_strerror(p->to, ret);
			cancel(p, p->nb);
		}
	}
	disband(p);
	return ret == 0 ? (int)p->nb : ret;
}

/* Move a queue, and those that go with it, to another worker; the caller has the lock of all
 * workers, and the control of none. How many moved; -ENOENT: it has no such queue, or another
 * -errno with *why, and nothing changed */
int
worker_move_queue(struct rouse_worker *from, struct rouse_worker *to, uint16_t port, uint16_t queue,
		  bool is_planned, const char **why)
{
	struct party p = { .from = from, .to = to, .is_planned = is_planned };
	const struct source *s;
	int ret = -ENOENT;

	lock_both(from, to);
	s = source_find_queue(from, port, queue);
	if (s != NULL && !s->is_watched)
		ret = move_group(&p, s);
	pthread_mutex_unlock(&to->control);
	pthread_mutex_unlock(&from->control);
	*why = p.why;
	return ret;
}

/* ---- what programs call ---- */

static int
refuse(const struct rouse_worker *from, uint16_t port, uint16_t queue, int error, const char *why)
{
	WORKER_LOG(ERR, "%s: queue %u of port %u cannot be moved: %s", from->name, queue, port,
		   why);
	return error;
}

static int
refuse_unknown(const struct rouse_worker *from, uint16_t port, uint16_t queue)
{
	return refuse(from, port, queue, -ENOENT,
		      "it is not this worker's; ask the one that has it");
}

/* 0; -ENOENT, -EPERM */
static int
check(struct rouse_worker *from, uint16_t port, uint16_t queue)
{
	const struct source *s;
	int ret = 0;

	pthread_mutex_lock(&from->control);
	s = source_find_queue(from, port, queue);
	if (s == NULL)
		ret = refuse_unknown(from, port, queue);
	else if (s->is_watched)
		ret = refuse(from, port, queue, -EPERM,
			     "the application polls it; remove it, and let another watch it");
	pthread_mutex_unlock(&from->control);
	return ret;
}

static int
move(struct rouse_worker *from, struct rouse_worker *to, uint16_t port, uint16_t queue)
{
	int ret = check(from, port, queue);
	const char *why;

	if (ret != 0)
		return ret;
	if (from == to)
		return refuse(from, port, queue, -EEXIST,
			      "it is this worker's already; name another");
	if (!worker_bits_are_online(to)) {
		WORKER_LOG(ERR,
			   "%s: queue %u of port %u cannot be moved to %s: that is offline; bring "
			   "it online first",
			   from->name, queue, port, to->name);
		return -ENETDOWN;
	}
	ret = worker_move_queue(from, to, port, queue, false, &why);
	if (ret == -ENOENT) /* it was removed meanwhile */
		return refuse_unknown(from, port, queue);
	if (ret < 0)
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be moved to %s: %s", from->name,
			   queue, port, to->name, why);
	return RTE_MIN(ret, 0);
}

int
rouse_worker_ethdev_move(struct rouse_worker *from, struct rouse_worker *to, uint16_t port,
			 uint16_t queue)
{
	int ret = workers_try_lock(from->name);

	if (ret != 0)
		return ret;
	ret = move(from, to, port, queue);
	workers_unlock();
	return ret;
}
