/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef THREADS_H
#define THREADS_H

/*
 * Threads that are to meet in the middle of something must run at the same time: each is kept on a
 * processor of its own where there are enough of them, and waits by spinning. Where there is one
 * processor they take turns.
 */

#include <pthread.h>
#include <sched.h>

#define THREADS_SPINS                                                                              \
	10000 /* looks before the other thread is believed to be off its processor                 \
	       */

/* Processors that the program was given: asked for once, as pinning changes the answer. */
static cpu_set_t threads_cpus;
static unsigned int threads_nb_cpus;

/* Before the first thread is made. */
static inline void
threads_init(void)
{
	CPU_ZERO(&threads_cpus);
	sched_getaffinity(0, sizeof(threads_cpus), &threads_cpus);
	threads_nb_cpus = (unsigned int)CPU_COUNT(&threads_cpus);
}

/* Keep the calling thread on the `nth` of these processors, modulo their number. */
static inline void
threads_pin(unsigned int nth)
{
	cpu_set_t one;
	int cpu = 0;

	if (threads_nb_cpus < 2)
		return;
	for (nth %= threads_nb_cpus; nth != 0 || !CPU_ISSET(cpu, &threads_cpus); cpu++)
		nth -= CPU_ISSET(cpu, &threads_cpus) != 0;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

/* One turn of waiting for another thread; `spins` counts the turns since there was progress. */
static inline void
threads_idle(unsigned int *spins)
{
	if (++*spins < THREADS_SPINS && threads_nb_cpus > 1)
		return;
	*spins = 0;
	sched_yield();
}

#endif /* THREADS_H */
