/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker's epoll set, and who is in it under which number. The set is told numbers, and a
 * number says nothing about whose file it is: a port that stops closes its eventfds, and the next
 * file that is opened, by whomever, has their number. So it is remembered here which source a
 * number belongs to: the one that was added last, as the set takes a number anew only when the file
 * before was closed. A source that lost its number changes nothing more under it.
 *
 * A file that was closed while it was in the set may still be there, if it has a duplicate, and can
 * be taken out by nobody. So a source that lost its number is remembered, too: what the set says of
 * it is not heard, and it is freed with the worker.
 */

#include <errno.h>
#include <sys/epoll.h>

#include "worker.h"

static int
control(const struct rouse_worker *w, int op, struct source *s, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	return epoll_ctl(w->epoll, op, s->set_fd, &event) < 0 ? -errno : 0;
}

static void
lose(struct rouse_worker *w, struct source *s)
{
	s->is_in_set = false;
	s->was_lost = true;
	if (s->ops->lose != NULL)
		s->ops->lose(w, s);
}

/* The set knows the source by that number from here on. Where the worker is, while nobody changes
 * its sources. 0 or -errno: -EEXIST: another source has it */
int
fdset_add(struct rouse_worker *w, struct source *s, int fd, uint32_t events)
{
	int ret;

	s->set_fd = fd;
	ret = control(w, EPOLL_CTL_ADD, s, events);
	if (ret != 0)
		return ret;
	s->is_in_set = true;
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		struct source *other = w->sources.at[i];

		if (other != s && other->is_in_set && other->set_fd == fd)
			lose(w, other);
	}
	return 0;
}

/* 0 or -errno: its file was closed, and it is not in the set any more */
int
fdset_change(struct rouse_worker *w, struct source *s, uint32_t events)
{
	int ret = s->is_in_set ? control(w, EPOLL_CTL_MOD, s, events) : -EBADF;

	if (ret != 0 && s->is_in_set)
		lose(w, s);
	return ret;
}

/* One that is not in the set is none to remove. */
void
fdset_remove(struct rouse_worker *w, struct source *s)
{
	if (!s->is_in_set)
		return;
	if (control(w, EPOLL_CTL_DEL, s, 0) != 0)
		lose(w, s);
	s->is_in_set = false;
}
