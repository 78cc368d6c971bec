/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ATTN_ALLOC_H
#define ATTN_ALLOC_H

/* The allocator: private declarations, grouped by the file that defines them. All of it is guarded
 * by the lock, which public functions take. */

#include <pthread.h>
#include <time.h>

#include "rouse_attn_alloc.h"

struct place;
struct processor;

/* That a source is at a place, or will be: one of a place's. */
struct holding {
	struct place *place; /* NULL: it is nowhere */
	uint64_t rings;	     /* bits of the detail word that name it; 0: not said */
	struct source *source;
	struct holding *next;
};

struct source {
	int number;
	char name[ROUSE_ATTN_NAME_LEN];
	uint64_t key;
	uint64_t group;
	uint64_t *mask; /* what it may be on; NULL: everything */
	uint32_t mask_words;
	bool is_pinned; /* to where it is */
	bool wants_ring;
	bool stays;   /* it is its processor's own, or late */
	bool is_late; /* it keeps a place for late signals */
	struct holding at;
	struct holding to; /* while it is being moved */
};

/* A device on a processor: a detail word that sources have. */
struct place {
	struct processor *processor;
	uint64_t key;
	uint32_t instance; /* of the devices with that key: those without a free ring bit are more
			      than one */
	uint16_t device;
	uint64_t taken; /* ring bits given to sources that wanted one */
	struct holding *holdings;
	struct place *next; /* in its bucket */
};

struct processor {
	uint32_t number;
	unsigned int type;
	enum rouse_attn_presence presence;
	struct rouse_attn *attn;
	char name[ROUSE_ATTN_NAME_LEN];
	uint64_t used; /* PER_PROCESSOR: bits that have a device */
	struct place **places;
	uint32_t nb_places, room;
	uint32_t nb_sources; /* on it, and on their way to it */
	uint32_t nb_staying;
};

/* A device of a type's layout. */
struct entry {
	uint64_t key;
	uint32_t instance;
	uint32_t nb_places; /* on how many processors it is; 0: the entry is free */
	uint32_t next;	    /* in its bucket: device + 1; 0: the last */
};

#define LAYOUT_BUCKETS 1024

struct type {
	uint64_t reserved;
	char reserved_for[ROUSE_ATTN_BITS][ROUSE_ATTN_NAME_LEN];
	/* UNIFORM, SHARED: the layout */
	struct entry *entries; /* by device */
	uint32_t room;
	uint32_t nb_entries;
	uint32_t nb_details; /* those that are not free are below this */
	uint32_t first_free; /* none below this is */
	uint32_t nb_of_bit[ROUSE_ATTN_BITS];
	uint32_t buckets[LAYOUT_BUCKETS]; /* by key: device + 1 */
};

/* What happened to a source, or to a processor: who moved when. */
struct move {
	struct timespec when;
	char name[ROUSE_ATTN_NAME_LEN];
	uint32_t from, to; /* processors; of a processor that came or went: to is NONE, or from */
	uint16_t from_device, to_device;
};

struct rouse_attn_alloc {
	pthread_mutex_t lock;
	struct rouse_attn_alloc_conf conf;
	struct type types[ROUSE_ATTN_MAX_TYPES];
	struct processor **processors; /* by number */
	uint32_t nb_online;
	uint32_t default_processor;
	struct place **buckets; /* by processor, key and instance */
	uint32_t nb_buckets;	/* a power of two */
	uint32_t nb_places;
	struct source **sources; /* by number */
	uint32_t nb_sources, room;
	uint32_t first_free; /* no number below this is free */
	struct move moves[ROUSE_ATTN_MAX_MOVES];
	uint64_t nb_moves;
};

/* attn_alloc.c: life, types and processors */

int attn_refuse(struct rouse_attn_alloc *a, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int attn_find_processor(struct rouse_attn_alloc *a, uint32_t number, struct processor **p);
void attn_set_name(char *to, const char *name);
void attn_remember(struct rouse_attn_alloc *a, const char *name, const struct place *from,
		   const struct place *to);
void attn_remember_presence(struct rouse_attn_alloc *a, const struct processor *p, bool is_online);
void attn_come_online(struct rouse_attn_alloc *a, struct processor *p);

/* attn_alloc_layout.c: which device numbers are taken */

bool attn_layout_has_room(const struct rouse_attn_alloc *a, const struct processor *p, uint64_t key,
			  uint32_t instance);
int attn_layout_take(struct rouse_attn_alloc *a, struct processor *p, uint64_t key,
		     uint32_t instance);
void attn_layout_give_back(struct rouse_attn_alloc *a, const struct place *place);
uint64_t attn_layout_used(const struct rouse_attn_alloc *a, const struct processor *p);
uint32_t attn_layout_nb_details(const struct rouse_attn_alloc *a, const struct processor *p);
uint32_t attn_layout_limit(const struct rouse_attn_alloc *a);
void attn_layout_tell(const struct rouse_attn_alloc *a, const struct processor *p);

/* attn_alloc_place.c: devices on processors */

int attn_places_init(struct rouse_attn_alloc *a);
uint64_t attn_marked(const struct processor *p, uint32_t device);
bool attn_has_room(const struct rouse_attn_alloc *a, const struct processor *p,
		   const struct source *s, bool *needs_bit);
int attn_hold(struct rouse_attn_alloc *a, struct processor *p, struct source *s, struct holding *h);
uint64_t attn_pending(const struct holding *h);
void attn_let_go(struct rouse_attn_alloc *a, struct holding *h);
void attn_fill_place(const struct holding *h, struct rouse_attn_place *place);

/* attn_alloc_source.c: sources */

/* How one of several processors is chosen. */
enum choice {
	CHOOSE_LEAST_LOADED,
	CHOOSE_SPARING, /* one where it needs no bit, or with the most bits left */
};

int attn_move_cancel(struct rouse_attn_alloc *a, struct source *s);
int attn_move_begin(struct rouse_attn_alloc *a, struct source *s, struct processor *to);
int attn_choose(struct rouse_attn_alloc *a, const struct source *s, const struct processor *except,
		const struct rouse_attn_wish *within, enum choice choice, struct processor **out);

#endif /* ATTN_ALLOC_H */
