/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What Linux counts of a worker's thread: perf_event_open(2). Not every machine counts everything,
 * and a virtual one often has software's counters only. */

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"

struct event {
	uint32_t type;
	uint64_t config;
};

static const struct event events[] = {
#define X(member, text, event_type, event_config)                                                  \
	{ .type = PERF_TYPE_##event_type, .config = PERF_COUNT_##event_config },
	PERF_EVENTS(X)
#undef X
};

/* As read(2) gives it for the read_format below. */
struct reading {
	uint64_t value;
	uint64_t enabled_ns;
	uint64_t running_ns; /* less, where counters take turns */
};

/* Of the calling thread, wherever it runs. -1, errno */
static int
open_event(const struct event *e, bool with_kernel)
{
	struct perf_event_attr attr = {
		.type = e->type,
		.size = sizeof(attr),
		.config = e->config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = !with_kernel,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The worker's thread. What cannot be counted is told by the report. */
void
perf_open(struct perf *p)
{
	for (unsigned int i = 0; i < PERF_NB; i++) {
		int fd = atomic_load_explicit(&p->fds[i], memory_order_relaxed);

		if (fd >= 0) { /* it was stopped, and goes on */
			ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
			continue;
		}
		fd = open_event(&events[i], true);
		/* as kernel.perf_event_paranoid may have it */
		if (fd < 0 && (errno == EACCES || errno == EPERM))
			fd = open_event(&events[i], false);
		/* pairs with the acquire in perf_read() */
		atomic_store_explicit(&p->fds[i], fd >= 0 ? fd : -errno, memory_order_release);
	}
}

/* What the thread does from here on is not the worker's. */
void
perf_stop(struct perf *p)
{
	for (unsigned int i = 0; i < PERF_NB; i++) {
		int fd = atomic_load_explicit(&p->fds[i], memory_order_relaxed);

		if (fd >= 0)
			ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	}
}

static struct perf_count
read_count(int fd)
{
	struct reading r;

	if (fd < 0)
		return (struct perf_count){ .error = -fd };
	if (read(fd, &r, sizeof(r)) != sizeof(r))
		return (struct perf_count){ .error = errno };
	if (r.running_ns == 0)
		return (struct perf_count){ .error = EAGAIN };
	if (r.running_ns < r.enabled_ns)
		r.value = (uint64_t)((double)r.value * (double)r.enabled_ns / (double)r.running_ns);
	return (struct perf_count){ .value = r.value };
}

/* Any thread. Whether anything is asked for. */
bool
perf_read(const struct perf *p, struct perf_count *counts)
{
	for (unsigned int i = 0; i < PERF_NB; i++) {
		int fd = atomic_load_explicit(&p->fds[i], memory_order_acquire);

		if (fd == PERF_OFF)
			return false;
		counts[i] = read_count(fd);
	}
	return true;
}

void
perf_init(struct perf *p)
{
	for (unsigned int i = 0; i < PERF_NB; i++)
		atomic_init(&p->fds[i], PERF_OFF);
}

/* When the worker runs no more. */
void
perf_close(struct perf *p)
{
	for (unsigned int i = 0; i < PERF_NB; i++) {
		int fd = atomic_load_explicit(&p->fds[i], memory_order_relaxed);

		if (fd >= 0)
			close(fd);
	}
	perf_init(p);
}

const char *
perf_strerror(int error)
{
	if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV)
		return "this machine does not count them";
	if (error == EACCES || error == EPERM)
		return "not permitted, see kernel.perf_event_paranoid";
	if (error == EAGAIN)
		return "no counter was free for them";
	return strerror(error);
}
