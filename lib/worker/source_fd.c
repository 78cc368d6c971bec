/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * File descriptors of the application. They are in the worker's epoll set, level-triggered, so that
 * a handler may leave something unread; while the worker is awake it looks at the set now and then,
 * as that is a system call. One whose other side is gone would be ready for ever: its handler is
 * called once more, and it is watched no longer. So would one that was closed while it was watched,
 * if a duplicate of it is open: the set still has it, and it can be neither read nor taken out by
 * its number. Therefore each event is the last (EPOLLONESHOT) unless it is asked for again, which a
 * number that is closed, or another file's, cannot.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_errno.h>

#include "worker.h"

static void
forget(struct rouse_worker *w, struct source *s)
{
	s->fd.is_watched = false;
	w->nb_fds--;
}

static void
say_closed(const struct rouse_worker *w, const struct source *s)
{
	WORKER_LOG(WARNING,
		   "%s: fd %d was closed while it was watched; remove it from the worker first",
		   w->name, s->fd.fd);
}

static int
ask(const struct rouse_worker *w, struct source *s, int op)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = s };

	return epoll_ctl(w->epoll, op, s->fd.fd, &event) < 0 ? -errno : 0;
}

static uint32_t
fd_drain(struct rouse_worker *w, struct source *s)
{
	if (!s->fd.is_watched)
		return 0;
	if (ask(w, s, EPOLL_CTL_MOD) != 0) {
		say_closed(w, s);
		forget(w, s);
		return 0;
	}
	s->fd.handler(w, s->fd.fd, s->arg);
	return 1;
}

static int
fd_attach(struct rouse_worker *w, struct source *s)
{
	int ret = ask(w, s, EPOLL_CTL_ADD);

	if (ret != 0)
		return ret;
	s->fd.is_watched = true;
	w->nb_fds++;
	return 0;
}

static void
fd_detach(struct rouse_worker *w, struct source *s)
{
	if (!s->fd.is_watched)
		return;
	forget(w, s);
	/* the number may be somebody else's by now */
	if (s->fd.is_closed || epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd.fd, NULL) < 0)
		say_closed(w, s);
}

static const struct source_ops fd_ops = {
	.type = ROUSE_SOURCE_TYPE_FD,
	.drain = fd_drain,
	.attach = fd_attach,
	.detach = fd_detach,
	.is_on_demand = true,
};

/* Its other side is gone. */
void
source_fd_hang_up(struct rouse_worker *w, struct source *s)
{
	if (s->ops != &fd_ops || !s->fd.is_watched)
		return;
	WORKER_LOG(NOTICE, "%s: fd %d: the other side is gone; it is watched no longer", w->name,
		   s->fd.fd);
	fd_detach(w, s);
}

/* The source of that number; NULL: there is none. Control thread. */
static struct source *
find_fd(const struct rouse_worker *w, int fd)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (w->sources.at[i]->ops == &fd_ops && w->sources.at[i]->fd.fd == fd)
			return w->sources.at[i];
	return NULL;
}

/* Watch one; a source that has its number is that of a file that was closed. */
static int
add_fd(struct rouse_worker *w, struct source *s)
{
	struct source *closed = find_fd(w, s->fd.fd);
	int ret = source_insert(w, s);

	if (ret != 0 || closed == NULL)
		return ret;
	closed->fd.is_closed = true;
	source_remove(w, closed);
	return 0;
}

int
rouse_worker_fd_add(struct rouse_worker *w, int fd, rouse_worker_fd_t handler, void *arg)
{
	struct source model = { .ops = &fd_ops, .kind = ROUSE_SOURCE_FD, .arg = arg };
	struct source *s;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	model.fd.fd = fd;
	model.fd.handler = handler;
	s = source_create(w, &model);
	ret = s == NULL ? -ENOMEM : add_fd(w, s);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: fd %d cannot be watched: %s", w->name, fd, rte_strerror(-ret));
	if (ret != 0 && s != NULL)
		source_destroy(w, s);
	worker_unlock(w);
	return ret;
}

int
rouse_worker_fd_remove(struct rouse_worker *w, int fd)
{
	int ret = worker_lock(w);
	struct source *s;

	if (ret != 0)
		return ret;
	s = find_fd(w, fd);
	ret = s == NULL ? -ENOENT : source_remove(w, s);
	worker_unlock(w);
	return ret;
}
