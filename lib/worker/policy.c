/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <rte_common.h>

#include "policy.h"

void
policy_init(struct policy *p, enum rouse_worker_mode mode, uint64_t spin_tsc, uint64_t now)
{
	*p = (struct policy){
		.mode = mode,
		.window_tsc = now,
		.last_tsc = now,
		.idle_since = now,
		.worked_at = now,
		.credit_tsc = UINT64_MAX / 2,
	};
	policy_set_spin(p, spin_tsc, spin_tsc);
}

void
policy_set_spin(struct policy *p, uint64_t spin_tsc, uint64_t least_tsc)
{
	p->spin_tsc = p->mode == ROUSE_WORKER_INTERRUPT ? 0 : spin_tsc;
	p->brief_tsc = RTE_MIN(p->spin_tsc, RTE_MAX(p->spin_tsc / POLICY_BRIEF, least_tsc));
}

static uint64_t
budget(const struct policy *p)
{
	return p->nb_long == POLICY_SURE && p->credit_tsc >= p->spin_tsc ? p->brief_tsc
									 : p->spin_tsc;
}

/* Work came at `at`. Gaps below brief_tsc do not say that others are short: within them it looks
 * anyhow. */
static void
note_gap(struct policy *p, uint64_t at)
{
	uint64_t gap = at - p->worked_at, looked = budget(p);

	if (gap <= looked)
		p->credit_tsc += gap; /* nobody pays less */
	else if (looked < p->spin_tsc && gap > p->spin_tsc)
		p->credit_tsc += p->spin_tsc - looked;
	else if (looked < p->spin_tsc) /* deceived */
		p->credit_tsc -= p->spin_tsc;
	p->credit_tsc = RTE_MIN(p->credit_tsc, POLICY_CREDIT * p->spin_tsc);
	if (gap > POLICY_LONG * p->spin_tsc)
		p->nb_long = RTE_MIN(p->nb_long + 1, (uint32_t)POLICY_SURE);
	else if (gap > p->brief_tsc)
		p->nb_long = 0;
}

/* The time since the last round's end was busy, or not. A window that is over weighs one half. */
static void
add_to_load(struct policy *p, bool found, uint64_t now)
{
	uint64_t total = now - p->window_tsc;

	if (found)
		p->busy_tsc += now - p->last_tsc;
	p->last_tsc = now;
	if (total < POLICY_WINDOW_TSC)
		return;
	p->load = (p->load + (uint32_t)((double)p->busy_tsc * POLICY_LOAD_ONE / (double)total)) / 2;
	p->window_tsc = now;
	p->busy_tsc = 0;
}

enum rouse_attn_state
policy_step(struct policy *p, enum rouse_attn_state state, bool found, uint64_t now)
{
	if (p->mode == ROUSE_WORKER_POLL)
		return ROUSE_ATTN_POLL;

	add_to_load(p, found, now);
	if (found) {
		note_gap(p, now);
		p->idle_since = p->worked_at = now;
	}
	if (state == ROUSE_ATTN_POLL)
		return p->load < POLICY_POLL_OFF ? ROUSE_ATTN_ATTEND : ROUSE_ATTN_POLL;
	if (p->mode == ROUSE_WORKER_HYBRID && p->load > POLICY_POLL_ON)
		return ROUSE_ATTN_POLL;
	if (!found && now - p->idle_since >= budget(p))
		return ROUSE_ATTN_PARK;
	return ROUSE_ATTN_ATTEND;
}

void
policy_wake(struct policy *p, uint64_t woke, bool found, uint64_t now)
{
	add_to_load(p, false, woke);
	add_to_load(p, found, now);
	if (found) {
		note_gap(p, woke);
		p->worked_at = now;
	}
	p->idle_since = now;
}

void
policy_look(struct policy *p, uint64_t woke, uint64_t now)
{
	add_to_load(p, false, woke);
	add_to_load(p, false, now);
}
