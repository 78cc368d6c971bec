/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef BITS_H
#define BITS_H

/* What the files that give bits have in common; others call what worker.h declares. */

#include <rouse_attn_alloc.h>

#include "worker.h"

#define BITS_REFUSAL_LEN 256

extern struct rouse_attn_alloc *bits_alloc;
extern __thread char bits_refusal[BITS_REFUSAL_LEN];

/* bits_move.c */

int bits_remove_left(uint32_t processor, int source);
int bits_remove_worker(const struct rouse_worker *w, bool *is_gone);

#endif /* BITS_H */
