/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <sched.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "stress.h"
#include "watchdog.h"

#define MAX_ARGS 24

void
stress_init(const char *program, const char *const *vdevs)
{
	const char *args[MAX_ARGS] = {
		program,	  "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m",	       "128",	      "--lcores",
	};
	int nb = 8, cpu[2] = { -1, -1 }, ret;
	char lcores[64];
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE && cpu[1] < 0; i++)
		if (CPU_ISSET(i, &set))
			cpu[cpu[0] < 0 ? 0 : 1] = i;
	snprintf(lcores, sizeof(lcores), "0@%d,1@%d", cpu[0], cpu[1] < 0 ? cpu[0] : cpu[1]);
	args[nb++] = lcores;
	for (; *vdevs != NULL; vdevs++) {
		args[nb++] = "--vdev";
		args[nb++] = *vdevs;
	}
	ret = rte_eal_init(nb, (char **)(uintptr_t)args);
	CHECK(ret >= 0, "%s", rte_strerror(rte_errno));
}

struct rouse_worker *
stress_worker(enum rouse_worker_mode mode, uint32_t spin_us)
{
	return stress_worker_burst(mode, spin_us, 0);
}

struct rouse_worker *
stress_worker_burst(enum rouse_worker_mode mode, uint32_t spin_us, uint16_t burst)
{
	const struct rouse_worker_conf conf = {
		.name = "stress",
		.socket_id = SOCKET_ID_ANY,
		.mode = mode,
		.spin = { .min_us = spin_us, .max_us = spin_us },
		.burst = burst,
	};
	struct rouse_worker *w = rouse_worker_create(&conf);

	CHECK(w != NULL, "%s", rte_strerror(rte_errno));
	return w;
}

struct rouse_evring *
stress_ring(uint32_t capacity)
{
	void *mem = rte_zmalloc(NULL, rouse_evring_memsize(capacity), ROUSE_CACHE_LINE);
	struct rouse_evring *ring = rouse_evring_init(mem, capacity);

	CHECK(ring != NULL, "no memory");
	return ring;
}

static int
run_worker(void *arg)
{
	watchdog_start(arg);
	return rouse_worker_run(arg);
}

void
stress_run(struct rouse_worker *w)
{
	CHECK(rte_eal_remote_launch(run_worker, w, STRESS_WORKER_LCORE) == 0, "lcore is busy");
}

void
stress_stop(struct rouse_worker *w)
{
	rouse_worker_stop(w);
	rte_eal_wait_lcore(STRESS_WORKER_LCORE);
	watchdog_stop();
}

void
stress_wait(struct rouse_worker *w, const _Atomic uint64_t *counter, uint64_t target,
	    const char *what)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t last = 0, idle_ms = 0, now;

	while ((now = atomic_load(counter)) < target) {
		idle_ms = now == last ? idle_ms + 1 : 0;
		last = now;
		if (idle_ms >= STALL_S * UINT64_C(1000))
			watchdog_bark(w, what);
		nanosleep(&pause, NULL);
	}
}

uint64_t
stress_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
