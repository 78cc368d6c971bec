/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* One thread passes data to another, ordered by what it is told: "release", "fence", or nothing
 * ("relaxed"); for the test of the threaded run itself. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t data;
static _Atomic int is_there;
static enum { RELEASE, FENCE, RELAXED } order;

static void *
put(void *arg)
{
	data = 1;
	if (order == FENCE)
		atomic_thread_fence(memory_order_seq_cst);
	atomic_store_explicit(&is_there, 1,
			      order == RELEASE ? memory_order_release : memory_order_relaxed);
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	pthread_t thread;

	order = strcmp(what, "release") == 0 ? RELEASE
		: strcmp(what, "fence") == 0 ? FENCE
					     : RELAXED;
	if (pthread_create(&thread, NULL, put, NULL) != 0)
		return EXIT_FAILURE;
	while (atomic_load_explicit(&is_there, memory_order_acquire) == 0)
		sched_yield();
	data++;
	pthread_join(thread, NULL);
	printf("%s: not stopped\n", what);
	return EXIT_SUCCESS;
}
