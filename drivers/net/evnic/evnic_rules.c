/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The rules by which the wire takes frames in: the RSS key and types, and the filter. The wire
 * thread goes by a copy of its own. A change moves the version on, and what a frame remembers of an
 * older version is found again before it is delivered.
 */

#include "evnic.h"

#define STAMPED_FROM 60 /* bytes: shorter frames are headers and no more */

/* Everything of a frame that follows from its bytes and the rules. */
void
evnic_rules_judge(const struct evnic_rules *rules, struct evnic_frame *f)
{
	struct evnic_parsed parsed;

	evnic_parse(f->data, f->len, &parsed);
	f->ptype = parsed.ptype;
	f->flags = parsed.cksum;
	f->fate = evnic_filter_fate(&rules->filter, f->data, f->len);
	if (evnic_rss_hash(&rules->rss, &parsed, &f->hash)) {
		f->flags |= ROUSE_EVENT_F_HASH;
	} else {
		f->fate |= EVNIC_FATE_UNHASHED;
		f->hash = 0;
	}
	if (rules->stamps && f->len >= STAMPED_FROM && (f->fate & EVNIC_FATE_CHAINED) == 0)
		f->fate |= EVNIC_FATE_STAMPED;
	f->rules_version = rules->version;
}

/* Control thread: returns when the wire goes by the new rules. */
void
evnic_rules_change(struct evnic_port *p, const struct evnic_rss *rss,
		   const struct evnic_filter *filter)
{
	pthread_mutex_lock(&p->lock);
	if (rss != NULL)
		p->rules.rss = *rss;
	if (filter != NULL)
		p->rules.filter = *filter;
	p->rules.version++;
	pthread_mutex_unlock(&p->lock);
	evnic_wire_sync(p);
}

/* Wire thread, between two rounds. */
void
evnic_rules_copy(struct evnic_port *p, struct evnic_rules *to)
{
	pthread_mutex_lock(&p->lock);
	*to = p->rules;
	pthread_mutex_unlock(&p->lock);
}
