/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef POLICY_H
#define POLICY_H

/*
 * When to poll, to attend and to sleep: a pure decision. It is told what each round found and
 * when, and says what to do next; it reads no clock and touches nothing.
 *
 * Load is the share of recent time that went into rounds that found work, whatever their length: a
 * moving average over windows of POLICY_WINDOW_TSC. Above POLL_ON of it the worker polls, so that
 * producers owe it nothing; below POLL_OFF it attends. After spin_tsc cycles of nothing it parks;
 * after brief_tsc, once POLICY_SURE gaps in succession were so long that it would have been better
 * to know. If spin_tsc is the break-even, who always spins in full never pays more than twice what
 * he would if he knew each gap. A brief spin that is deceived may, so it is allowed against credit
 * only, of what was less than twice: whatever comes, what it pays beyond is bounded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rouse_worker.h"

#define POLICY_WINDOW_TSC (UINT64_C(1) << 20) /* 0.3 to 0.5 ms: a few hundred rounds */
#define POLICY_LOAD_ONE	  (1u << 16)	      /* the load when every round finds work */
#define POLICY_POLL_ON	  (POLICY_LOAD_ONE * 3 / 8)
#define POLICY_POLL_OFF	  (POLICY_LOAD_ONE / 8)
#define POLICY_SURE	  8 /* long gaps in succession, after which the next is taken to be one */
#define POLICY_LONG	  4 /* a gap is long from so many times spin_tsc on */
#define POLICY_BRIEF	  8 /* brief_tsc is that part of spin_tsc, or more */
#define POLICY_CREDIT	  8 /* times spin_tsc: credit at most, and to begin with */

struct policy {
	enum rouse_worker_mode mode;
	uint64_t spin_tsc, brief_tsc;
	uint32_t load;	     /* 0 to POLICY_LOAD_ONE */
	uint64_t window_tsc; /* when the window began */
	uint64_t busy_tsc;   /* of the window, in rounds that found work */
	uint64_t last_tsc;   /* the last round's end, or wake */
	uint64_t idle_since; /* TSC of the last round that found work, or of the last wake */
	uint64_t worked_at;  /* TSC of the last round that found work */
	uint32_t nb_long;    /* long gaps in succession, up to POLICY_SURE */
	uint64_t credit_tsc; /* for spins that are brief */
};

void policy_init(struct policy *p, enum rouse_worker_mode mode, uint64_t spin_tsc, uint64_t now);

/* Spin so many cycles from now on, and least_tsc of them when a long gap is expected. */
void policy_set_spin(struct policy *p, uint64_t spin_tsc, uint64_t least_tsc);

/*
 * After a round in state POLL or ATTEND that `found` work or not: the state to go to.
 * ROUSE_ATTN_PARK is only ever answered in state ATTEND.
 */
enum rouse_attn_state policy_step(struct policy *p, enum rouse_attn_state state, bool found,
				  uint64_t now);

/* A wake at `woke`, to look at what cannot say that it has work, and that had none: the budget was
 * spent before it slept, so it sleeps on. */
void policy_look(struct policy *p, uint64_t woke, uint64_t now);

/* A wake at `woke`, after which a round that `found` work or not ended `now`: the spin budget
 * begins anew, what was slept was not busy, and the gap ended when it woke. */
void policy_wake(struct policy *p, uint64_t woke, bool found, uint64_t now);

#endif /* POLICY_H */
