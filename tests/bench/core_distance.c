/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * core_distance CPU CPU: how far apart two processors are, in ns that a cache line takes there and
 * back; one number on stdout.
 *
 * Two threads hand a line to and fro. What a device's thread and a worker can pass between them
 * hangs on it; and under a hypervisor that moves virtual processors about it changes from one
 * second to the next. The best of several short rounds counts, so that a preempted one does not.
 */

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS	10
#define RETURNS 1000 /* a round */

/* The ball: odd on the peer's side, even at home. Written by either side in turn. */
static alignas(128) _Atomic uint32_t ball;
/* The end. Written by main(), read by the peer. */
static alignas(128) _Atomic bool over;

static int
run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *
play(void *cpu)
{
	/* main() has seen that the processor is there */
	run_on(*(const int *)cpu);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint32_t at = atomic_load_explicit(&ball, memory_order_acquire);

		if (at & 1)
			atomic_store_explicit(&ball, at + 1, memory_order_release);
	}
	return NULL;
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double
play_round(uint32_t *at)
{
	double start = now_ns();

	for (int i = 0; i < RETURNS; i++) {
		atomic_store_explicit(&ball, *at + 1, memory_order_release);
		*at += 2;
		while (atomic_load_explicit(&ball, memory_order_acquire) != *at)
			;
	}
	return (now_ns() - start) / RETURNS;
}

int
main(int argc, char **argv)
{
	int cpus[2] = { argc == 3 ? atoi(argv[1]) : -1, argc == 3 ? atoi(argv[2]) : -1 };
	uint32_t at = 0;
	double best = 0;
	pthread_t peer;

	if (argc != 3 || cpus[0] < 0 || cpus[1] < 0 || cpus[0] == cpus[1] || run_on(cpus[1]) != 0 ||
	    run_on(cpus[0]) != 0) {
		fprintf(stderr, "give two different processors of this machine\n");
		return EXIT_FAILURE;
	}
	if (pthread_create(&peer, NULL, play, &cpus[1]) != 0)
		return EXIT_FAILURE;
	for (int i = 0; i < ROUNDS; i++) {
		double ns = play_round(&at);

		if (i == 0 || ns < best)
			best = ns;
	}
	atomic_store_explicit(&over, true, memory_order_relaxed);
	pthread_join(peer, NULL);
	printf("%.0f\n", best);
	return EXIT_SUCCESS;
}
