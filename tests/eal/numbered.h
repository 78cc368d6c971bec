/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef NUMBERED_H
#define NUMBERED_H

/*
 * Frames that say who they are: IPv4/UDP of several flows in turn, each with its number, so that a
 * test sees which of them are lost, doubled or out of order. And the hash that a frame must have,
 * by the definition of the Toeplitz hash; nothing of that comes from DPDK or from the product.
 */

#include <stdint.h>

#include <rte_mbuf.h>

#include "port_rig.h"

#define NUMBERED_NB_FLOWS 1024 /* enough to hit every entry of a RETA */
#define NUMBERED_KEY_SIZE 40

/* Frames 0 to `nb` - 1, which are of the flows 0 to NUMBERED_NB_FLOWS - 1 in turn. */
void numbered_add(struct rig *r, uint32_t nb);

/* The number of a received frame, which must be one of those. */
uint32_t numbered_read(const struct rte_mbuf *m);

/* The hash of a flow's addresses and ports. */
uint32_t numbered_hash(uint32_t number, const uint8_t *key);

/* Entries of a RETA, and the update that sets all of them. */
void numbered_set_reta(struct rig *r, const uint16_t *queues, uint16_t nb_entries);

#endif /* NUMBERED_H */
