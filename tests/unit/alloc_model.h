/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ALLOC_MODEL_H
#define ALLOC_MODEL_H

/*
 * A model of the allocator: a list of sources, which is searched for every answer, and the
 * operations that are asked of both. Each is by the dice, asks the allocator, asserts that its
 * errno and its places are those of the model, and changes that likewise.
 */

#include <rouse_attn_alloc.h>

#include "unit.h"

#define PROCESSORS   4	/* that exist at a time */
#define NUMBERS	     40 /* of processors: sparse */
#define TYPES	     2
#define SOURCES	     700 /* at a time, with places for late signals */
#define DETAILS	     128
#define KEYS	     300
#define RING_KEYS    3 /* the last of these: devices whose sources want a ring bit each */
#define NO_PROCESSOR -1

enum where { AT, TO };

struct m_place {
	int processor; /* NO_PROCESSOR: it is nowhere */
	unsigned int key, instance;
	uint64_t rings;
	unsigned int device; /* as the allocator said */
};

struct m_source {
	bool exists, wants_ring, is_pinned, has_mask, is_late;
	int late_of; /* whose signals are late here */
	unsigned int group;
	uint64_t mask;
	struct m_place place[2];
};

struct m_event {
	int source, processor;
	unsigned int device, ring;
};

struct model {
	enum rouse_attn_mode mode;
	struct {
		bool exists;
		unsigned int type;
		enum rouse_attn_presence presence;
		struct rouse_attn *attn;
	} processors[NUMBERS];
	uint64_t reserved[TYPES];
	int default_processor;
	struct m_source sources[SOURCES];
	struct m_event events[4096];
	unsigned int nb_events;
	uint64_t nb_signalled, nb_found, nb_forwarded, nb_discarded;
	uint64_t nb_left, nb_without_room, nb_stayed, nb_full; /* what the sequence came by */
};

/* What the sequence tends to for a while, so that it comes by full processors and empty ones. */
struct mood {
	bool is_filling;
	bool is_plain; /* sources may be anywhere, alone */
	uint32_t nb_keys;
	uint32_t rings; /* of 16 new sources so many want one */
};

extern struct model m;
extern struct mood m_mood;
extern struct rouse_attn_alloc *m_alloc; /* that of the product */
extern uint64_t m_dice;

/* alloc_model.c: what it says, places that the allocator gave, dice */

bool m_is_online(int p);
unsigned int m_nb_online(void);
bool m_find_device(int p, unsigned int key, unsigned int instance, uint64_t *taken);
unsigned int m_count_devices(int p, int type);
unsigned int m_capacity(int p);
unsigned int m_load(int p, bool late);
bool m_is_allowed(const struct m_source *s, int p);
int m_choose(const struct m_source *s, unsigned int key, bool wants_ring, uint64_t mask, int except,
	     int *chosen);
int m_choose_given(uint32_t number, unsigned int key, bool wants_ring, int *chosen);
bool m_is_for_it_alone(const struct m_source *s, const struct m_place *at,
		       const struct m_event *event);
bool m_is_pending(const struct m_source *s, const struct m_place *at);
void m_take_place(struct m_source *s, enum where w, int processor, unsigned int key,
		  const struct rouse_attn_place *got);
uint32_t m_below(uint32_t limit);
uint32_t m_any_processor(void);
uint32_t m_likely_processor(void);
int m_likely_source(void);
bool m_exists(int s);
struct rouse_attn_wish m_random_wish(uint64_t *mask);

/* alloc_model_sources.c: operations on sources */

void m_add_source(void);
void m_describe_source(void);
void m_remove_source(void);
void m_begin_move(void);
void m_end_move(int i);
void m_cancel_move(void);
void m_discard(void);

/* alloc_model_processors.c: and on processors, and on bits that are reserved */

void m_add_processor(void);
void m_remove_processor(void);
void m_set_default(void);
void m_leave(void);
void m_stay(void);
void m_left(void);
void m_bring_online(void);
void m_reserve(void);
void m_unreserve(void);

/* alloc_model_events.c: events, and the comparison of all that there is */

void m_signal_source(void);
void m_wake(int processor);
void m_wake_one(void);
void m_compare_all(void);

#endif /* ALLOC_MODEL_H */
