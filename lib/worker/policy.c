/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include "policy.h"

void
policy_init(struct policy *p, enum rouse_worker_mode mode, uint64_t spin_tsc, uint64_t now)
{
	*p = (struct policy){
		.mode = mode,
		.spin_tsc = mode == ROUSE_WORKER_INTERRUPT ? 0 : spin_tsc,
		.window_tsc = now,
		.last_tsc = now,
		.idle_since = now,
	};
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
	if (found)
		p->idle_since = now;
	if (state == ROUSE_ATTN_POLL)
		return p->load < POLICY_POLL_OFF ? ROUSE_ATTN_ATTEND : ROUSE_ATTN_POLL;
	if (p->mode == ROUSE_WORKER_HYBRID && p->load > POLICY_POLL_ON)
		return ROUSE_ATTN_POLL;
	if (!found && now - p->idle_since >= p->spin_tsc)
		return ROUSE_ATTN_PARK;
	return ROUSE_ATTN_ATTEND;
}

void
policy_wake(struct policy *p, uint64_t woke, bool found, uint64_t now)
{
	add_to_load(p, false, woke);
	add_to_load(p, found, now);
	p->idle_since = now;
}

void
policy_look(struct policy *p, uint64_t woke, uint64_t now)
{
	add_to_load(p, false, woke);
	add_to_load(p, false, now);
}
