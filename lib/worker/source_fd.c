/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * File descriptors of the application. They are in the worker's epoll set, level-triggered, so that
 * a handler may leave something unread; while the worker is awake it looks at the set now and then,
 * as that is a system call. Two would be ready for ever:
 *
 *   - One that was closed while it was watched, if a duplicate of it is open (fdset.c). Therefore
 *     each event is the last (EPOLLONESHOT) unless it is asked for again, which a number that is
 *     closed, or another file's, cannot.
 *   - One at its end: its other side is gone and everything was read, or it has an error that its
 *     handler cannot take. That may pass: another writer opens the pipe. So it is asked for
 *     edge-triggered, until there is something to read or the end is none any more.
 */

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <rte_errno.h>

#include "worker.h"

#define EVENTS	      (EPOLLIN | EPOLLRDHUP | EPOLLONESHOT)
#define EVENTS_AT_END (EPOLLIN | EPOLLRDHUP | EPOLLET)

static uint32_t
fd_drain(struct rouse_worker *w, struct source *s)
{
	if (fdset_change(w, s, EVENTS) != 0)
		return 0;
	s->fd.handler(w, s->fd.fd, s->arg);
	return 1;
}

static int
fd_attach(struct rouse_worker *w, struct source *s)
{
	int ret = fdset_add(w, s, s->fd.fd, EVENTS);

	if (ret == 0)
		w->nb_fds++;
	return ret;
}

static void
fd_detach(struct rouse_worker *w, struct source *s)
{
	if (!s->is_in_set)
		return;
	fdset_remove(w, s);
	if (!s->was_lost)
		w->nb_fds--;
}

static void
fd_lose(struct rouse_worker *w, struct source *s)
{
	w->nb_fds--;
	source_tell_state(s, ROUSE_SOURCE_REMOVED);
	WORKER_LOG(WARNING,
		   "%s: fd %d was closed while it was watched; remove it from the worker first",
		   w->name, s->fd.fd);
}

static const struct source_ops fd_ops = {
	.type = ROUSE_SOURCE_TYPE_FD,
	.drain = fd_drain,
	.attach = fd_attach,
	.detach = fd_detach,
	.lose = fd_lose,
	.is_on_demand = true,
};

/* ---- an fd at its end ---- */

/* Is there nothing to read, and its other side gone, or an error that the handler did not take? */
static bool
is_at_end(const struct source *s)
{
	struct pollfd now = { .fd = s->fd.fd, .events = POLLIN | POLLRDHUP };
	int nb_bytes = 0;

	return poll(&now, 1, 0) > 0 && (now.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0 &&
	       (ioctl(s->fd.fd, FIONREAD, &nb_bytes) != 0 || nb_bytes == 0);
}

static void
wait_for_something_new(struct rouse_worker *w, struct source *s)
{
	if (fdset_change(w, s, EVENTS_AT_END) != 0)
		return;
	s->fd.is_at_end = true;
	if (!s->fd.was_said)
		WORKER_LOG(NOTICE,
			   "%s: fd %d: the other side is gone, or it has an error that stays; its "
			   "handler is called again when there is something new",
			   w->name, s->fd.fd);
	s->fd.was_said = true;
}

/* The set has named it. Entries found: 1, or 0 */
uint32_t
source_fd_visit(struct rouse_worker *w, struct source *s, uint32_t events)
{
	bool may_be_at_end = (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0;
	uint32_t found;

	if (s->fd.is_at_end && may_be_at_end && is_at_end(s))
		return 0;
	s->fd.is_at_end = false;
	found = source_visit(w, s);
	if (may_be_at_end && found != 0 && is_at_end(s))
		wait_for_something_new(w, s);
	return found;
}

/* ---- adding and removing; control threads ---- */

/* The source of that number; NULL: there is none. */
static struct source *
find_fd(const struct rouse_worker *w, int fd)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (w->sources.at[i]->ops == &fd_ops && w->sources.at[i]->fd.fd == fd)
			return w->sources.at[i];
	return NULL;
}

/* What to do about one that is refused. */
static const char *
remedy(int ret)
{
	switch (ret) {
	case -EEXIST:
		return "remove it first";
	case -EPERM:
		return "give a socket, a pipe or an eventfd, not a file or a folder";
	case -EBADF:
		return "open it first";
	default:
		return "close others, or free memory";
	}
}

/* Watch one; a source that has its number is that of a file that was closed. */
static int
add_fd(struct rouse_worker *w, struct source *s)
{
	struct source *before = find_fd(w, s->fd.fd);
	int ret = source_insert(w, s);

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
		WORKER_LOG(ERR, "%s: fd %d cannot be watched: %s; %s", w->name, fd,
			   rte_strerror(-ret), remedy(ret));
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
	if (s != NULL)
		source_remove(w, s);
	else
		WORKER_LOG(ERR, "%s: fd %d cannot be removed: it is not watched", w->name, fd);
	worker_unlock(w);
	return s == NULL ? -ENOENT : 0;
}
