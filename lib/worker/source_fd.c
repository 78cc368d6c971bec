/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * File descriptors of the application. They are in the worker's epoll set, level-triggered, so that
 * a handler may leave something unread; while the worker is awake it looks at the set now and then,
 * as that is a system call. One whose other side is gone would be ready for ever: its handler is
 * called once more, and it is watched no longer.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_errno.h>

#include "worker.h"

static uint32_t
fd_drain(struct rouse_worker *w, struct source *s)
{
	s->fd.handler(w, s->fd.fd, s->arg);
	rouse_counter_add(&s->packets, 1);
	rouse_counter_add(&w->stats.fd_events, 1);
	return 1;
}

static int
fd_attach(struct rouse_worker *w, struct source *s)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, s->fd.fd, &event) < 0)
		return -errno;
	s->fd.is_watched = true;
	w->nb_fds++;
	return 0;
}

static void
fd_detach(struct rouse_worker *w, struct source *s)
{
	if (!s->fd.is_watched)
		return;
	s->fd.is_watched = false;
	w->nb_fds--;
	/* the number may be somebody else's by now, and then is not in the set */
	if (epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd.fd, NULL) < 0)
		WORKER_LOG(WARNING,
			   "%s: fd %d was closed while it was watched; remove it from the worker "
			   "first",
			   w->name, s->fd.fd);
}

static const struct source_ops fd_ops = {
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
	ret = s == NULL ? -ENOMEM : source_insert(w, s);
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

	if (ret != 0)
		return ret;
	ret = -ENOENT;
	for (uint32_t i = 0; i < w->sources.nb && ret == -ENOENT; i++) {
		struct source *s = w->sources.at[i];

		if (s->ops == &fd_ops && s->fd.fd == fd)
			ret = source_remove(w, s);
	}
	worker_unlock(w);
	return ret;
}
