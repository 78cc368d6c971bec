/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef STRESS_H
#define STRESS_H

/* What the stress tests share: EAL without hugepages, a worker on an lcore, a watchdog. */

#include <stdio.h>
#include <stdlib.h>

#include <rouse_worker.h>

#define STRESS_RING_SIZE    256
#define STRESS_WORKER_LCORE 1

#define CHECK(condition, fmt, ...)                                                                 \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s: " fmt "\n", __FILE__, __LINE__, #condition,    \
				##__VA_ARGS__);                                                    \
			fflush(stdout);                                                            \
			_Exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* EAL with two lcores, on two processors where there are two; `vdevs` ends with NULL. */
void stress_init(const char *program, const char *const *vdevs);

struct rouse_worker *stress_worker(enum rouse_worker_mode mode, uint32_t spin_us);
struct rouse_worker *stress_worker_burst(enum rouse_worker_mode mode, uint32_t spin_us,
					 uint16_t burst);
struct rouse_evring *stress_ring(uint32_t capacity);

/* Run the worker on the second lcore, watched by the watchdog; stop it and wait. */
void stress_run(struct rouse_worker *w);
void stress_stop(struct rouse_worker *w);

/*
 * Wait until *counter has reached at least `target`. If it does not move for STALL_S seconds, the
 * test fails with `what` and the watchdog's report: something was lost that it does not see.
 */
#define STALL_S 60
void stress_wait(struct rouse_worker *w, const _Atomic uint64_t *counter, uint64_t target,
		 const char *what);

/* A small generator with a fixed seed (xorshift64). */
uint64_t stress_random(uint64_t *state);

#endif /* STRESS_H */
