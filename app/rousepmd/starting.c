/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Signals while the ports are made. The main thread looks at none then, and a driver may have it
 * wait, for the end of a long file or for somebody who does not answer. So a thread waits for them,
 * and ends the program; there is nothing yet that had to be ended well.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app.h"

static pthread_t watcher;
static int signals_fd;
static int done = -1; /* eventfd: main thread -> watcher */

static void *
watch(void *arg __rte_unused)
{
	struct pollfd fds[] = {
		{ .fd = done, .events = POLLIN },
		{ .fd = signals_fd, .events = POLLIN },
	};

	while (poll(fds, RTE_DIM(fds), -1) < 0 && errno == EINTR)
		;
	if (fds[0].revents == 0 && fds[1].revents != 0) {
		COMPLAIN("ended by a signal before the ports were made");
		_exit(EXIT_FAILURE);
	}
	return NULL;
}

void
starting_begin(int signals)
{
	signals_fd = signals;
	done = eventfd(0, EFD_CLOEXEC);
	if (done >= 0 && pthread_create(&watcher, NULL, watch, NULL) != 0) {
		close(done);
		done = -1; /* then such a signal has to wait */
	}
}

void
starting_end(void)
{
	if (done < 0)
		return;
	eventfd_write(done, 1);
	pthread_join(watcher, NULL);
	close(done);
	done = -1;
}
