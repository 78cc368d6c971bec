/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WORKER_VFIO_H
#define WORKER_VFIO_H

/* What only VFIO knows of a device: which of its interrupts signals an eventfd. */

#include <stdbool.h>
#include <stddef.h>

/* An interrupt of a device that VFIO has. */
struct vfio_irq {
	char name[64];		 /* as in /proc/interrupts */
	unsigned int nb_vectors; /* MSI-X vectors of the device */
	bool is_msix;		 /* one of these; else the device has but one interrupt */
};

int vfio_find_irq(const char *pci, int eventfd, unsigned int guess, struct vfio_irq *irq);

#endif /* WORKER_VFIO_H */
