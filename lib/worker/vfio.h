/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WORKER_VFIO_H
#define WORKER_VFIO_H

/* What only VFIO knows of a device: which of its vectors signals an eventfd. */

int vfio_vector_of(const char *pci, int eventfd, unsigned int guess);

#endif /* WORKER_VFIO_H */
