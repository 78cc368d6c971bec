/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef SETTINGS_H
#define SETTINGS_H

/* What a thread had before it was a worker's, see settings.c. */

#include <stdbool.h>
#include <stdint.h>

/* struct sched_attr of linux/sched/types.h, which cannot be included beside sched.h. */
struct sched_attr_of_kernel {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

/* Written and read by the worker's thread. */
struct worker_before {
	uint32_t timer_slack_ns; /* 0: it was not changed */
	bool has_policy;	 /* it was, and so on */
	bool has_util_min;
	uint32_t util_min;
	struct sched_attr_of_kernel policy;
	int latency_fd; /* -1: none */
};

#endif /* SETTINGS_H */
