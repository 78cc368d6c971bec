/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef SCHEME_PLAYER_H
#define SCHEME_PLAYER_H

/* What the files of scheme_player share. An operation is given the words behind its name. */

#include <stdint.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "evnic.h"

#define PLAYER_NB_MBUFS 4096

/* scheme_player.c: the program; ports and their tables */

extern struct player_port {
	char name[32];
	uint16_t id, nb_queues;
	struct rte_mempool *pool;
	struct rouse_attn_port registered;
	uint64_t nb_frames; /* received since the start */
	uint64_t nb_tx;	    /* TX events that this program saw, since it was opened */
	uint64_t errors[ROUSE_EVNIC_NB_ERRORS]; /* ERROR events that it saw since the start */
	uint64_t told;				/* wire_events_error at the start */
} player_port;
extern FILE *player_log;

void player_die(const char *format, ...) __rte_noreturn __rte_format_printf(1, 2);
void player_must(int ret);
uint16_t player_number(const char *word);
uint64_t player_xstat(const char *name);

/* scheme_player_owners.c: who is sent messages, and what holds these back */

int player_owners_init(void);
void player_bind(char **words);
void player_unbind(char **words);
void player_owner(char **words);
void player_take(char **words);
void player_mask(char **words);
void player_unmask(char **words);
void player_moderate(char **words);
void player_release(char **words);

/* scheme_player_traffic.c: receiving, sending, the link */

void player_on_event(uint16_t id, const struct rouse_event *event, void *arg);
/* An event is seen before its message is sent: wait until the wire has sent the messages, too. */
void player_settle(void);
void player_run(char **words);
void player_down(char **words);
void player_up(char **words);
void player_finish(char **words);
void player_starve(char **words);
void player_dry(char **words);
void player_tx(char **words);

#endif /* SCHEME_PLAYER_H */
