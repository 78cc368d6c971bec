/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_WINDOW_H
#define ROUSE_WINDOW_H

/**
 * @file
 * Windows: the places between two steps of the park protocol where an event can arrive.
 *
 * A stress test compiles the protocol with ROUSE_WINDOWS defined and supplies rouse_window(),
 * which injects an event there. Everywhere else a window is no code at all.
 */

/** A place between two steps. */
enum rouse_window {
	/* the producer's half, lib/attn */
	ROUSE_WINDOW_P_PUBLISHED, /**< write indicator advanced, fence not yet done */
	ROUSE_WINDOW_P_FENCED,	  /**< fence done, state not yet read */
	ROUSE_WINDOW_P_STATE,	  /**< state was not POLL, no bit set yet */
	ROUSE_WINDOW_P_DETAIL,	  /**< detail bit set, attention bit not yet */
	ROUSE_WINDOW_P_MARKED,	  /**< bits set, state not yet read again */
	ROUSE_WINDOW_P_CLAIMED,	  /**< PARK changed to ATTEND, doorbell not yet rung */
	ROUSE_WINDOW_P_RUNG,	  /**< doorbell rung */
	/* the consumer's half, lib/attn and lib/worker */
	ROUSE_WINDOW_C_ATTEND,	 /**< POLL left, fence not yet done */
	ROUSE_WINDOW_C_ROUND,	 /**< fence done, the full round not yet begun */
	ROUSE_WINDOW_C_NOTHING,	 /**< attention word found empty */
	ROUSE_WINDOW_C_WORD,	 /**< attention word taken, detail words not yet */
	ROUSE_WINDOW_C_DETAIL,	 /**< detail word taken, its rings not yet drained */
	ROUSE_WINDOW_C_DRAINED,	 /**< a source drained */
	ROUSE_WINDOW_C_PARKING,	 /**< decided to park, PARK not yet stored */
	ROUSE_WINDOW_C_PARK,	 /**< PARK stored, sources not yet armed */
	ROUSE_WINDOW_C_ARMED,	 /**< sources armed, fence not yet done */
	ROUSE_WINDOW_C_LOOK,	 /**< fence done, second look not yet done */
	ROUSE_WINDOW_C_LOOKED,	 /**< second look found nothing, not yet blocked */
	ROUSE_WINDOW_C_WOKEN,	 /**< returned from blocking, state not yet stored */
	ROUSE_WINDOW_C_UNPARKED, /**< ATTEND stored, sources not yet disarmed */
	ROUSE_NB_WINDOWS,	 /**< how many there are */
};

#ifdef ROUSE_WINDOWS
/** Called at each place, by the thread that is there. */
void rouse_window(enum rouse_window window);
#define ROUSE_WINDOW(name) rouse_window(ROUSE_WINDOW_##name)
#else
/** The place of that name, less ROUSE_WINDOW_. */
#define ROUSE_WINDOW(name) ((void)0)
#endif

#endif /* ROUSE_WINDOW_H */
