/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_ATTN_ALLOC_H
#define ROUSE_ATTN_ALLOC_H

/**
 * @file
 * Who gets which bit: from a source to (processor, bit), and back.
 *
 * A processor here is whoever has an attention word (a worker; in rouse_attn.h: the consumer), a
 * source whatever is drained by it and can be somewhere else tomorrow (an Rx queue, an event ring).
 * A source belongs to a device, which has one detail word on a processor: all sources of a device
 * that are on the same processor share it, and with it the bit.
 *
 * A bit means something by the *layout* that it is read with. Whose that is makes the three modes:
 *
 *     mode            whose layout    devices                      detail words looked at by a bit
 *     per-processor   a processor's   64 on each: P x 64 in all    1
 *     uniform         a type's        64 in all                    1
 *     shared          a type's        as many as there are words   all that the bit stands for
 *
 * The first is the idea of the whole, and the default; the others are there so that they can be
 * compared with it. Processors may be of different types, each with reserved bits, and in the last
 * two modes a layout, of its own.
 *
 * This is bookkeeping by control threads, which may call each function at any time; producers and
 * consumers never come here. One lock, held for a moment, makes each call a step of its own; what
 * takes several (a move, a processor that leaves) is the caller's to keep together. It says where a
 * source shall be, and who is refused; that a producer is told, and in which order, is the caller's
 * part. What is refused is an errno, one line for people that names what was wrong (but for
 * -ENOMEM, and where a function asks what may not be there), and nothing has changed.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rouse_attn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ROUSE_ATTN_MAX_TYPES	  8	/**< of processors */
#define ROUSE_ATTN_MAX_PROCESSORS 65536 /**< their numbers are below this */
#define ROUSE_ATTN_MAX_DETAILS	  65536 /**< detail words of a processor whose bits are shared */
#define ROUSE_ATTN_NAME_LEN	  32	/**< of a name for people, its end included */
#define ROUSE_ATTN_MAX_MOVES	  64	/**< moves that are remembered */
#define ROUSE_ATTN_NONE		  UINT32_MAX /**< no processor */

/** Whose layout a bit is read with, see above. */
enum rouse_attn_mode {
	ROUSE_ATTN_PER_PROCESSOR, /**< a processor's own */
	ROUSE_ATTN_UNIFORM,	  /**< the type's; a bit has one device */
	ROUSE_ATTN_SHARED,	  /**< the type's; a bit may have several devices */
	ROUSE_NB_ATTN_MODES,	  /**< how many there are */
};

/** Allocations of a process; rouse_attn_alloc_create() makes it. */
struct rouse_attn_alloc;

/** What it is like. Zeros are good. */
struct rouse_attn_alloc_conf {
	enum rouse_attn_mode mode; /**< 0: per-processor */
	uint32_t max_processors;   /**< their numbers are below this; 0: 1024 */
	/** SHARED: detail words that each processor's attention has, a multiple of 64: how many
	 * devices a layout can have; 0: 256. */
	uint32_t max_details;
	/** NULL, or takes each line of what is refused, without a line's end, on the thread that is
	 * refused. It calls nothing of this file. */
	void (*log)(void *arg, const char *line);
	void *log_arg; /**< given to it */
};

/**
 * The name of a mode: "per-processor", "uniform" or "shared". Any thread.
 *
 * @param mode  one of the enum, below ROUSE_NB_ATTN_MODES
 * @return the name, which is valid for good; NULL: no such mode
 */
const char *rouse_attn_mode_name(enum rouse_attn_mode mode);

/**
 * The mode of a name, the opposite of rouse_attn_mode_name(). Any thread.
 *
 * @param name  the whole name, in lower case; not NULL
 * @param mode  filled
 * @return 0; -EINVAL: no mode is called so (*mode is left as it was, and nothing is logged: who
 *         asks knows where the name comes from)
 */
int rouse_attn_mode_parse(const char *name, enum rouse_attn_mode *mode);

/**
 * Make one without processors.
 *
 * @param conf  what it is like; nothing of it is kept but log and log_arg
 * @return it; NULL with errno: EINVAL: a number of conf is out of range (logged), ENOMEM
 */
struct rouse_attn_alloc *rouse_attn_alloc_create(const struct rouse_attn_alloc_conf *conf);

/** Free it, and all that it knows of; NULL is ignored. Nobody else calls anything of it meanwhile,
 * or later. Attentions are the caller's, and stay as they are. */
void rouse_attn_alloc_destroy(struct rouse_attn_alloc *a);

/* ---- bits that no source gets ---- */

/**
 * Keep a bit of every processor of a type for what the processor does with it itself.
 *
 * @param a     the allocations
 * @param type  below ROUSE_ATTN_MAX_TYPES
 * @param bit   below ROUSE_ATTN_BITS
 * @param name  what it is for
 * @return 0; -ERANGE: no such type or bit; -EEXIST: it is reserved; -EBUSY: a source has it
 */
int rouse_attn_alloc_reserve(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit,
			     const char *name);

/**
 * Let sources have it again.
 *
 * @param a     the allocations
 * @param type  below ROUSE_ATTN_MAX_TYPES
 * @param bit   below ROUSE_ATTN_BITS
 * @return 0; -ERANGE: no such type or bit; -ENOENT: it is not reserved; -EBUSY: an event is pending
 *         there, on one of the type's processors
 */
int rouse_attn_alloc_unreserve(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit);

/* ---- processors ---- */

/** Whether sources are on a processor. */
enum rouse_attn_presence {
	ROUSE_ATTN_ONLINE,  /**< sources may come */
	ROUSE_ATTN_LEAVING, /**< its sources move away: rouse_attn_alloc_leave() */
	ROUSE_ATTN_OFFLINE, /**< it has none but its own, and those for late signals */
};

/**
 * Add a processor, online. The first one is the default processor, and so is one that is added, or
 * comes online, where none is.
 *
 * @param a          the allocations
 * @param processor  its number; others may be missing
 * @param type       below ROUSE_ATTN_MAX_TYPES
 * @param attn       its attention, with conf.max_details detail words if bits are shared; NULL: the
 *                   caller keeps it, and what is pending is not known here. Valid until the
 *                   processor is removed
 * @param name       for people
 * @return 0; -ERANGE: no such number or type; -EEXIST: there is one of that number; -ENOMEM
 */
int rouse_attn_alloc_processor_add(struct rouse_attn_alloc *a, uint32_t processor,
				   unsigned int type, struct rouse_attn *attn, const char *name);

/**
 * Remove a processor, online or offline, that has no sources. If it was the default processor,
 * another one that is online is it from here on, or none.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0: its attention is the caller's alone; -ERANGE, -ENODEV: no such number, or processor;
 *         -EBUSY: it has sources, some are on their way to it, or places are kept for late signals:
 *         remove these first. The attention must stay valid then
 */
int rouse_attn_alloc_processor_remove(struct rouse_attn_alloc *a, uint32_t processor);

/**
 * Look at a processor's attention no more, as if it had been added without one: nothing is pending
 * there from here on, so that its sources can be removed, and then it. For a processor that goes
 * while somebody signals it who should not: its attention stays where that one finds it.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor
 */
int rouse_attn_alloc_detach(struct rouse_attn_alloc *a, uint32_t processor);

/**
 * Choose the default processor: the one that is never offline, so that there is always one for what
 * belongs to nobody else.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor; -ENETDOWN: it is offline, or leaving
 */
int rouse_attn_alloc_default_set(struct rouse_attn_alloc *a, uint32_t processor);

/** The default processor, which is online; ROUSE_ATTN_NONE: none is. */
uint32_t rouse_attn_alloc_default(struct rouse_attn_alloc *a);

/* ---- sources ---- */

/** Where a source may be. */
enum rouse_attn_policy {
	ROUSE_ATTN_LEAST_LOADED, /**< wherever the fewest sources are */
	ROUSE_ATTN_WITHIN,	 /**< likewise, of the processors in a mask, for good */
	ROUSE_ATTN_PINNED,	 /**< on this processor, for good */
	ROUSE_ATTN_AT,		 /**< on this processor now; it may be moved anywhere */
	ROUSE_ATTN_OWN,		 /**< this processor's own: it stays, even when that is offline */
};

/** What a source asks for. */
struct rouse_attn_wish {
	enum rouse_attn_policy policy; /**< where it may be */
	uint32_t processor;	       /**< PINNED, AT, OWN */
	const uint64_t *mask;	       /**< WITHIN: a bit a processor, of mask_words times 64 */
	uint32_t mask_words;	       /**< WITHIN */
	uint64_t key;		       /**< its device: sources of one key share a detail word */
	/** It needs a bit of the detail word for itself. If all 64 of a device are taken, the
	 * device gets another detail word. Else the caller knows which bits name the source. */
	bool wants_ring;
	const char *name; /**< for people */
};

/** Where a source is. */
struct rouse_attn_place {
	uint32_t processor;	 /**< its number */
	struct rouse_attn *attn; /**< its attention, as given */
	uint16_t device;	 /**< as in struct rouse_attn_target */
	uint64_t rings; /**< bits of the detail word that name the source; 0: not said yet */
};

/**
 * Give a source its bit.
 *
 * @param a      the allocations
 * @param wish   what it asks for; nothing of it is kept
 * @param place  filled: where it is
 * @return its number, 0 or more; -EINVAL: no such policy; -ERANGE, -ENODEV: no such number, or
 *         processor, or none of the mask is online; -ENETDOWN: the processor is not online;
 * -ENOSPC: no processor that may be asked has a bit left; -ENOMEM
 */
int rouse_attn_alloc_add(struct rouse_attn_alloc *a, const struct rouse_attn_wish *wish,
			 struct rouse_attn_place *place);

/**
 * Say which bits of the detail word name a source that did not want one, and which others it shares
 * them with.
 *
 * @param a      the allocations
 * @param source its number
 * @param rings  the bits
 * @param group  0, or a number that all sources have that must be on one processor: they move
 *               together when it leaves
 * @return 0; -ENOENT: no such source
 */
int rouse_attn_alloc_describe(struct rouse_attn_alloc *a, int source, uint64_t rings,
			      uint64_t group);

/**
 * Take a source's bit back. No producer signals it any more, and its consumer has taken what was
 * signalled.
 *
 * @param a       the allocations
 * @param source  its number, which another one may get from here on
 * @return 0; -ENOENT: no such source; -EBUSY: it is being moved, or an event is pending that no
 *         other source would be visited for: rouse_attn_alloc_discard() what is nobody's
 */
int rouse_attn_alloc_remove(struct rouse_attn_alloc *a, int source);

/**
 * What is pending for a source alone at its place on a processor is nobody's: clear it. Its
 * producer has let go of that place, or was never told of it, and its consumer has taken what was
 * signalled; what is marked all the same came from somebody who should not. What another source
 * would be visited for stays.
 *
 * @param a          the allocations
 * @param source     its number
 * @param processor  where it is, or will be
 * @return 0: nothing is pending there, unless somebody goes on to signal; -ENOENT: no such source,
 *         or it has no place there
 */
int rouse_attn_alloc_discard(struct rouse_attn_alloc *a, int source, uint32_t processor);

/* ---- moving ---- */

/**
 * A source shall be somewhere else: reserve its bit there. Till the move ends it has both.
 *
 * @param a       the allocations
 * @param source  its number
 * @param to      where: PINNED, AT, OWN: that processor; else one of those that it may be on and is
 *                not on now. What it may be on does not change
 * @param place   filled: where it will be
 * @return 0; -ENOENT: no such source; -EBUSY: it is being moved already; -EEXIST: it is there;
 *         -EPERM: by its own wish it may not be there; else as rouse_attn_alloc_add()
 */
int rouse_attn_alloc_move_begin(struct rouse_attn_alloc *a, int source,
				const struct rouse_attn_wish *to, struct rouse_attn_place *place);

/**
 * It has moved.
 *
 * @param a       the allocations
 * @param source  its number
 * @param late    NULL: its producer has let go of the old place, and what was signalled there was
 *                taken. Else filled: the number of what keeps the old place, for signals that are
 *                late, until rouse_attn_alloc_remove()
 * @return 0; -ENOENT: no such source, or it is not being moved; -EBUSY: an event is pending at the
 *         old place; -ENOMEM
 */
int rouse_attn_alloc_move_end(struct rouse_attn_alloc *a, int source, int *late);

/**
 * It stays where it was. No producer signals it at the place where it should have been.
 *
 * @param a       the allocations
 * @param source  its number
 * @return 0; -ENOENT: no such source, or it is not being moved; -EBUSY: an event is pending at the
 *         place where it should have been: take it, or rouse_attn_alloc_discard() it, and try again
 */
int rouse_attn_alloc_move_cancel(struct rouse_attn_alloc *a, int source);

/**
 * A processor is to go offline: reserve a place for each of its sources, or for none. From here on
 * no source comes to it. The caller moves them, ends each move, and calls rouse_attn_alloc_left();
 * or has the processor stay, by rouse_attn_alloc_stay().
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor, or a source of it may be on no other
 *         that is online; -EALREADY: it is offline, or leaving; -EBUSY: it is the last one online,
 *         or the default one, or a source of it is pinned or being moved; -ENOSPC: the others have
 *         no room for its sources; -ENOMEM
 */
int rouse_attn_alloc_leave(struct rouse_attn_alloc *a, uint32_t processor);

/**
 * A processor that was leaving is online again: its sources that have not moved stay, and the
 * places that were reserved for them are free. Those that have moved are where they went to.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor; -ENETDOWN: it was not leaving;
 *         -EBUSY: an event is pending where one of them should have been, and it is leaving still:
 *         take it, or rouse_attn_alloc_discard() it, and try again
 */
int rouse_attn_alloc_stay(struct rouse_attn_alloc *a, uint32_t processor);

/**
 * A processor that was leaving is offline. What is its own, and what keeps a place for late
 * signals, stays with it.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor; -ENETDOWN: it was not leaving;
 *         -EBUSY: sources of it have not moved, and it is leaving still
 */
int rouse_attn_alloc_left(struct rouse_attn_alloc *a, uint32_t processor);

/**
 * A processor that was offline is online again. No source moves by that. Where none was online it
 * is the default processor.
 *
 * @param a          the allocations
 * @param processor  its number
 * @return 0; -ERANGE, -ENODEV: no such number, or processor; -EALREADY: it is online, or leaving:
 *         rouse_attn_alloc_stay() has one that is leaving stay
 */
int rouse_attn_alloc_online(struct rouse_attn_alloc *a, uint32_t processor);

/* ---- looking ---- */

/** A source. */
struct rouse_attn_source_info {
	char name[ROUSE_ATTN_NAME_LEN]; /**< for people */
	uint64_t key;			/**< its device */
	uint64_t group;			/**< rouse_attn_alloc_describe() */
	struct rouse_attn_place at;	/**< where it is */
	struct rouse_attn_place to; /**< where it will be; its processor ROUSE_ATTN_NONE: it is not
					 being moved */
	bool is_late;		    /**< it keeps a place for signals that are late */
};

/**
 * Where a source is, and will be.
 *
 * @param a       the allocations
 * @param source  its number
 * @param info    filled; that may be past when the caller reads it
 * @return 0; -ENOENT: no such source (*info is left as it was, and nothing is logged)
 */
int rouse_attn_alloc_source_get(struct rouse_attn_alloc *a, int source,
				struct rouse_attn_source_info *info);

/** A processor. */
struct rouse_attn_processor_info {
	char name[ROUSE_ATTN_NAME_LEN];	   /**< for people */
	enum rouse_attn_presence presence; /**< whether sources are on it */
	unsigned int type;		   /**< its type */
	struct rouse_attn *attn;	   /**< as given */
	uint32_t nb_sources;		   /**< the others on it, and on their way to it */
	uint32_t nb_staying;  /**< its own, and those that keep a place for late signals */
	uint32_t nb_used;     /**< bits that its layout gives a meaning */
	uint32_t nb_reserved; /**< bits that no source gets */
	uint32_t nb_free;     /**< the others */
	uint32_t nb_details;  /**< detail words that have a device */
};

/**
 * What a processor has.
 *
 * @param a          the allocations
 * @param processor  its number
 * @param info       filled; that may be past when the caller reads it
 * @return 0; -ERANGE, -ENODEV: no such number, or processor (*info is left as it was)
 */
int rouse_attn_alloc_processor_get(struct rouse_attn_alloc *a, uint32_t processor,
				   struct rouse_attn_processor_info *info);

/**
 * The reverse table: which sources a bit of a processor means.
 *
 * @param a          the allocations
 * @param processor  its number
 * @param bit        below ROUSE_ATTN_BITS
 * @param sources    filled with numbers of sources, as far as there is room
 * @param room       how many it holds
 * @return how many sources there are; -ERANGE, -ENODEV: no such number, processor, or bit
 */
int rouse_attn_alloc_sources_of(struct rouse_attn_alloc *a, uint32_t processor, unsigned int bit,
				int *sources, uint32_t room);

/**
 * The same for people: names of its sources, with commas between them, "sources of other
 * processors" (of the layout), "reserved for ..." or "free".
 *
 * @param a          the allocations
 * @param processor  its number
 * @param bit        below ROUSE_ATTN_BITS
 * @param name       filled, and cut where its room ends
 * @param size       its room in bytes, the end included; 32 are enough for one source
 * @return 0; -ERANGE, -ENODEV: no such number, processor, or bit (the name is left as it was)
 */
int rouse_attn_alloc_name_of(struct rouse_attn_alloc *a, uint32_t processor, unsigned int bit,
			     char *name, size_t size);

/**
 * For people: which bit of which processor means what, what is pending, who moved when (the last
 * ROUSE_ATTN_MAX_MOVES).
 *
 * @param a     the allocations
 * @param file  where it is written to, while nobody else is told anything of them
 * @return 0; -EIO: it could not be written
 */
int rouse_attn_alloc_dump(struct rouse_attn_alloc *a, FILE *file);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_ATTN_ALLOC_H */
