/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ALLOC_RIG_H
#define ALLOC_RIG_H

/*
 * Processors with attentions of their own, and an allocator over them. What it is refused is a
 * line, which is kept; rig_refused() asserts the errno, that there was one line with these words in
 * it, and that nothing changed.
 */

#include <rouse_attn_alloc.h>

#include "unit.h"

#define RIG_PROCESSORS 8 /* attentions; numbers of processors are the test's */
#define RIG_DETAILS    256

struct rig {
	struct rouse_attn_alloc *alloc;
	struct rouse_attn *attn[RIG_PROCESSORS];
	unsigned int nb_lines;
	char line[256]; /* the last one */
};

extern struct rig rig;

void rig_init(enum rouse_attn_mode mode);
void rig_fini(void);

/* The same, for tests that begin and end with them. */
int rig_per_processor(void **state);
int rig_uniform(void **state);
int rig_shared(void **state);
int rig_destroy(void **state);

/* Processors 0 to nb - 1, of type 0. */
void rig_add_processors(unsigned int nb);

/* A source of a device of its own; its number, or the errno. */
int rig_add(enum rouse_attn_policy policy, uint32_t processor, uint64_t key);
int rig_add_within(const uint64_t *mask, uint32_t words, uint64_t key);
int rig_begin_move(int source, uint32_t number);
struct rouse_attn_place rig_place(int source);
struct rouse_attn_processor_info rig_processor(uint32_t number);

/* An event for the source, where it is. */
void rig_signal(int source);

/* A bit of its place, the lowest that names it, or bit 0. */
struct rouse_attn_target rig_target(const struct rouse_attn_place *place);

/* What a consumer does: all that the bits of a processor name, how many detail words it looked at,
 * and how many bits were set in these. */
struct rig_wake {
	unsigned int words, details, events;
	uint16_t device[RIG_DETAILS]; /* of each event */
	uint8_t ring[RIG_DETAILS];
};
struct rig_wake rig_wake(unsigned int processor);

/* The dump, without times; to be freed. */
char *rig_dump(void);

/* The next call is refused: what is, before and after. */
#define rig_refused(call, error, words)                                                            \
	do {                                                                                       \
		char *rig_before_ = rig_dump();                                                    \
		unsigned int rig_nb_ = rig.nb_lines;                                               \
		assert_int_equal(call, error);                                                     \
		rig_assert_refused(rig_before_, rig_nb_, words);                                   \
	} while (0)
void rig_assert_refused(char *before, unsigned int nb_lines, const char *words);

#endif /* ALLOC_RIG_H */
