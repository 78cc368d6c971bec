/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_IGB_H
#define ROUSE_IGB_H

/**
 * @file
 * net_igb's vectors: what ethdev has no word for. Which vector a receive queue is signalled by, and
 * how often a vector may fire. Programs that need none of it use the port as any other.
 *
 * Thread rules: control threads, one at a time a port, as for ethdev's own control functions. Each
 * function returns -ENODEV if the port is not a net_igb one, and -ENOTSUP if its queues have no
 * vectors: it is stopped, or configured without Rx interrupts. What is refused is said in one line.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The vector of a receive queue, a number of the device's MSI-X table.
 *
 * @param port   port number
 * @param queue  number of the receive queue
 * @return 1 or more; -ERANGE: no such queue
 */
int rouse_igb_vector_get(uint16_t port, uint16_t queue);

/**
 * Set the least time between two messages of a vector (EITR, datasheet section 8.8.12), at any time
 * while the port runs. It stays until the port is stopped.
 *
 * @param port    port number
 * @param vector  number of the vector, 0: that of link changes
 * @param us      microseconds, 0: none, at most 8191
 * @return 0; -ERANGE: no such vector, or too long
 */
int rouse_igb_moderation_set(uint16_t port, uint16_t vector, uint32_t us);

/**
 * What rouse_igb_moderation_set() has set, as the device has it.
 *
 * @param port    port number
 * @param vector  number of the vector
 * @return microseconds; -ERANGE: no such vector
 */
int rouse_igb_moderation_get(uint16_t port, uint16_t vector);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_IGB_H */
