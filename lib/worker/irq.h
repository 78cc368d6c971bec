/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IRQ_H
#define IRQ_H

/*
 * The kernel's interrupts: which number one has, by its name, and on which processors it is
 * delivered. No DPDK, and no device: `root` is put before /proc, so that a test has one of its own.
 */

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#define IRQ_CPUS_LEN 4096 /* of any list of processors as text */

bool irq_parse_line(const char *line, const char *name, unsigned int *irq);
int irq_format_cpus(const cpu_set_t *cpus, char *text, size_t size);

int irq_find(const char *root, const char *name);
int irq_path(const char *root, unsigned int irq, char *path, size_t size);
int irq_move(const char *root, unsigned int irq, const cpu_set_t *cpus);

#endif /* IRQ_H */
