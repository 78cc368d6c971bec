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
#include <sys/ioctl.h>

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
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
		.data.ptr = s,
	};

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
		s->fd.is_closed = true;
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
	/* the set has taken the number: it is no more that of the one before */
	if (s->fd.before != NULL) {
		s->fd.before->fd.is_closed = true;
		if (s->fd.before->fd.is_watched) {
			say_closed(w, s->fd.before);
			forget(w, s->fd.before);
		}
		s->fd.before = NULL;
	}
	return 0;
}

static void
fd_detach(struct rouse_worker *w, struct source *s)
{
	if (!s->fd.is_watched)
		return;
	forget(w, s);
	s->fd.is_closed = epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd.fd, NULL) < 0;
	if (s->fd.is_closed)
		say_closed(w, s);
}

/* The set may still have one that was closed, and name it once more. */
static bool
fd_must_stay(const struct source *s)
{
	return s->fd.is_closed;
}

static const struct source_ops fd_ops = {
	.type = ROUSE_SOURCE_TYPE_FD,
	.drain = fd_drain,
	.attach = fd_attach,
	.detach = fd_detach,
	.must_stay = fd_must_stay,
	.is_on_demand = true,
};

/* Its other side is gone. What it has sent is read first. */
void
source_fd_hang_up(struct rouse_worker *w, struct source *s)
{
	int nb_bytes = 0;

	if (s->ops != &fd_ops || !s->fd.is_watched ||
	    (ioctl(s->fd.fd, FIONREAD, &nb_bytes) == 0 && nb_bytes > 0))
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
	struct source *before = find_fd(w, s->fd.fd);
	int ret;

	s->fd.before = before;
	ret = source_insert(w, s);
	if (ret == 0 && before != NULL)
		source_remove(w, before);
	if (ret == 0)
		source_tell_state(s, ROUSE_SOURCE_ACTIVE); /* their counters are the same */
	return ret;
}

int
rouse_worker_fd_add(struct rouse_worker *w, int fd, rouse_worker_fd_t handler, void *arg)
{
	struct source model = { .ops = &fd_ops, .kind = ROUSE_SOURCE_FD, .arg = arg };
	struct source *s;
	int ret = worker_check_handler(w, handler != NULL);

	if (ret == 0)
		ret = worker_lock(w);
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
	if (ret != 0)
		WORKER_LOG(ERR, "%s: fd %d cannot be removed: %s", w->name, fd,
			   s == NULL ? "it is not watched" : rte_strerror(-ret));
	worker_unlock(w);
	return ret;
}
