/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WORKER_BAD_RIG_H
#define WORKER_BAD_RIG_H

/* A worker with a queue of a handshake producer, port 0, which goes on whatever happens, and a PMD,
 * port PLAIN, each of whose ops can fail. */

#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_log.h>

#include "unit.h"
#include "worker_mock.h"

#define PLAIN	 3 /* the port that is no handshake producer */
#define TIMED_US 1000

extern struct rouse_worker *const w;

/* the PMD */

struct bad_pmd {
	int enable_error, disable_error;
	int fd; /* negative: none */
	unsigned int nb_enabled, nb_disabled;
	unsigned int nb_without; /* mbufs that it wanted */
	unsigned int nb_asked;	 /* for its statistics */
	int stats_error;	 /* what it says then */
	uint32_t nb_waiting;	 /* packets that it does not give */
	eth_rx_burst_t burst;
};

extern struct bad_pmd pmd;

uint32_t count_waiting(void *rxq);
void renew_interrupt(void);
void ring_interrupt(void);
void stop_port(void);
void start_port(void);

/* what is logged: lines since the last call; each must have these words */

unsigned int lines_with(const char *words);
const char *what_is_logged(void);

/* the worker, for a test */

int make(void **state);
int destroy(void **state);

/* sleeps */

enum cause { BY_TIMER, BY_OTHER };

void sleep_while(void (*happens)(void), enum cause cause);
void nothing(void);
void signal_the_other(void);
void assert_other_goes_on(void);
unsigned int taken(void);
void deliver(void);
void deliver_and_interrupt(void);
void assert_woken_by_interrupt(void);
void assert_found_by_timer(void);

/* a file descriptor of the application: a pipe */

extern int ends[2];
extern unsigned int nb_calls; /* of read_all() */

void read_all(struct rouse_worker *worker_of_fd, int fd, void *arg);
void write_one(void);

#endif /* WORKER_BAD_RIG_H */
