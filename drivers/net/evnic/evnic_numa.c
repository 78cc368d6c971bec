/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Memory and processors of the port's NUMA node, by libnuma; machines without NUMA have node 0. */

#include <errno.h>
#include <numa.h>
#include <sched.h>
#include <sys/mman.h>

#include "evnic.h"

bool
evnic_numa_node_exists(int node)
{
	if (numa_available() < 0)
		return node == 0;
	return node >= 0 && node <= numa_max_node() &&
	       numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned int)node);
}

/* Zeroed pages on `node`, -1: any; NULL if there is no memory. */
void *
evnic_numa_alloc(size_t size, int node)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	if (node >= 0 && numa_available() >= 0)
		numa_tonode_memory(mem, size, node);
	return mem;
}

void
evnic_numa_free(void *mem, size_t size)
{
	if (mem != NULL)
		munmap(mem, size);
}

/*
 * Keep a control thread on `cpu`, or, if that is -1, on those of its processors that belong to
 * `node`. If none of them does, it stays where EAL put it: off the lcores matters more.
 */
int
evnic_numa_pin(pthread_t thread, int node, int cpu)
{
	struct bitmask *of_node;
	cpu_set_t set, wanted;

	if (cpu >= 0) {
		CPU_ZERO(&wanted);
		CPU_SET(cpu, &wanted);
		return -pthread_setaffinity_np(thread, sizeof(wanted), &wanted);
	}
	if (node < 0 || numa_available() < 0)
		return 0;
	if (pthread_getaffinity_np(thread, sizeof(set), &set) != 0)
		return 0;
	of_node = numa_allocate_cpumask();
	if (of_node == NULL)
		return -ENOMEM;
	CPU_ZERO(&wanted);
	if (numa_node_to_cpus(node, of_node) == 0)
		for (int i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &set) && numa_bitmask_isbitset(of_node, (unsigned int)i))
				CPU_SET(i, &wanted);
	numa_free_cpumask(of_node);
	if (CPU_COUNT(&wanted) == 0)
		return 0;
	return -pthread_setaffinity_np(thread, sizeof(wanted), &wanted);
}
