/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What the kernel is asked for while a thread is the worker's: prctl(2), sched_setattr(2), and
 * Documentation/power/pm_qos_interface.rst of the kernel. What it refuses is said once a run, and
 * the worker runs without.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker.h"

#define LATENCY_FILE   "/dev/cpu_dma_latency"
#define MAX_SLACK_NS   1000000000
#define MAX_PRIORITY   99
#define MAX_UCLAMP     1024
#define MAX_LATENCY_US 1000000
#define KEEP	       (0x08 | 0x10) /* SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS */
#define UTIL_CLAMP_MIN 0x20	     /* SCHED_FLAG_UTIL_CLAMP_MIN */
#define RESET_ON_FORK  0x01	     /* SCHED_FLAG_RESET_ON_FORK */

/* 0; -EINVAL, after one line */
int
worker_check_settings(const char *name, const struct rouse_worker_settings *s)
{
	if (s->timer_slack_ns > MAX_SLACK_NS)
		WORKER_LOG(ERR, "%s: timer slack of %u ns: give 1 to %d, or 0 for as it is", name,
			   s->timer_slack_ns, MAX_SLACK_NS);
	else if (s->fifo_priority > MAX_PRIORITY)
		WORKER_LOG(ERR, "%s: SCHED_FIFO priority %u: give 1 to %d, or 0 for as it is", name,
			   s->fifo_priority, MAX_PRIORITY);
	else if (s->uclamp_min > MAX_UCLAMP)
		WORKER_LOG(ERR, "%s: uclamp of %u: give 1 to %d, or 0 for as it is", name,
			   s->uclamp_min, MAX_UCLAMP);
	else if (s->cpu_latency_us > MAX_LATENCY_US)
		WORKER_LOG(ERR, "%s: latency of processors of %u us: give 1 to %d, or 0 for any",
			   name, s->cpu_latency_us, MAX_LATENCY_US);
	else
		return 0;
	return -EINVAL;
}

static void
tell_refused(const struct rouse_worker *w, const char *what, const char *remedy)
{
	WORKER_LOG(WARNING, "%s: runs without %s: %s; %s", w->name, what, strerror(errno), remedy);
}

static void
set_slack(struct rouse_worker *w)
{
	int before = prctl(PR_GET_TIMERSLACK);

	if (before >= 0 &&
	    prctl(PR_SET_TIMERSLACK, (unsigned long)w->conf.settings.timer_slack_ns) == 0)
		w->before.timer_slack_ns = (uint32_t)before;
	else
		tell_refused(w, "the timer slack asked for", "leave it out");
}

static bool
get_attr(struct sched_attr_of_kernel *attr)
{
	memset(attr, 0, sizeof(*attr));
	return syscall(SYS_sched_getattr, 0, attr, sizeof(*attr), 0) == 0;
}

static bool
set_attr(struct sched_attr_of_kernel *attr)
{
	attr->size = sizeof(*attr);
	return syscall(SYS_sched_setattr, 0, attr, 0) == 0;
}

static void
set_fifo(struct rouse_worker *w)
{
	struct sched_attr_of_kernel attr, before;

	if (get_attr(&before)) {
		attr = before;
		attr.policy = SCHED_FIFO;
		attr.priority = w->conf.settings.fifo_priority;
		attr.nice = 0;
		attr.flags = before.flags & RESET_ON_FORK;
		if (set_attr(&attr)) {
			w->before.policy = before;
			w->before.has_policy = true;
			return;
		}
	}
	tell_refused(w, "SCHED_FIFO", "give it CAP_SYS_NICE, or allow the priority (ulimit -r)");
}

static void
set_uclamp(struct rouse_worker *w)
{
	struct sched_attr_of_kernel attr;
	uint32_t before;

	if (get_attr(&attr)) {
		before = attr.util_min;
		attr.flags = KEEP | UTIL_CLAMP_MIN;
		attr.util_min = w->conf.settings.uclamp_min;
		if (set_attr(&attr)) {
			w->before.util_min = before;
			w->before.has_util_min = true;
			return;
		}
	}
	tell_refused(w, "uclamp", "it needs a kernel with CONFIG_UCLAMP_TASK, or leave it out");
}

/* It holds for as long as the file is open, and for all processors. */
static void
set_latency(struct rouse_worker *w)
{
	int32_t us = (int32_t)w->conf.settings.cpu_latency_us;
	int fd = open(LATENCY_FILE, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, &us, sizeof(us)) == sizeof(us)) {
		w->before.latency_fd = fd;
		return;
	}
	tell_refused(w, "a limit on the latency of processors",
		     "allow it to write " LATENCY_FILE ", or leave it out");
	if (fd >= 0)
		close(fd);
}

/* The calling thread becomes the worker's. */
void
worker_settings_begin(struct rouse_worker *w)
{
	const struct rouse_worker_settings *s = &w->conf.settings;

	w->before = (struct worker_before){ .latency_fd = -1 };
	/* a thread of SCHED_FIFO has no slack that could be set */
	if (s->timer_slack_ns != 0)
		set_slack(w);
	if (s->uclamp_min != 0)
		set_uclamp(w);
	if (s->fifo_priority != 0)
		set_fifo(w);
	if (s->cpu_latency_us != 0)
		set_latency(w);
}

/* The calling thread is the worker's no more: in reverse. */
void
worker_settings_end(struct rouse_worker *w)
{
	struct worker_before *before = &w->before;
	struct sched_attr_of_kernel attr;

	if (before->latency_fd >= 0)
		close(before->latency_fd);
	if (before->has_policy) {
		before->policy.flags &= RESET_ON_FORK;
		set_attr(&before->policy);
	}
	if (before->has_util_min && get_attr(&attr)) {
		attr.flags = KEEP | UTIL_CLAMP_MIN;
		attr.util_min = before->util_min;
		set_attr(&attr);
	}
	if (before->timer_slack_ns != 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)before->timer_slack_ns);
	w->before = (struct worker_before){ .latency_fd = -1 };
}
