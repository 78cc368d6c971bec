/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef POLICY_H
#define POLICY_H

/*
 * When to poll, to attend and to sleep: a pure decision. It is told what each round found and
 * when, and says what to do next; it reads no clock and touches nothing.
 *
 * Load is the share of recent rounds that found work (a moving average). Above POLL_ON of it the
 * worker polls, so that producers owe it nothing; below POLL_OFF it attends. After spin_tsc
 * cycles of nothing it parks.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rouse_worker.h"

#define POLICY_LOAD_ONE	 (1u << 16) /* the load when every round finds work */
#define POLICY_LOAD_BITS 6	    /* a round weighs 1/64 */
#define POLICY_POLL_ON	 (POLICY_LOAD_ONE / 2)
#define POLICY_POLL_OFF	 (POLICY_LOAD_ONE / 8)

struct policy {
	enum rouse_worker_mode mode;
	uint64_t spin_tsc;
	uint32_t load;
	uint64_t idle_since; /* TSC of the last round that found work, or of the last wake */
};

void policy_init(struct policy *p, enum rouse_worker_mode mode, uint64_t spin_tsc, uint64_t now);

/*
 * After a round in state POLL or ATTEND that `found` work or not: the state to go to.
 * ROUSE_ATTN_PARK is only ever answered in state ATTEND.
 */
enum rouse_attn_state policy_step(struct policy *p, enum rouse_attn_state state, bool found,
				  uint64_t now);

/* A wake: the spin budget begins anew. */
void policy_wake(struct policy *p, uint64_t now);

#endif /* POLICY_H */
