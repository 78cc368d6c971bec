/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef CREW_H
#define CREW_H

/*
 * What programs for the guest have in common: the first port, and a worker for each lcore beside
 * the main one. What fails ends the program.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include <rouse_worker.h>

#define CREW_PORT	 0
#define CREW_MAX_WORKERS 8
#define CREW_NUMBER_LEN	 4 /* bytes at the end of a frame: its number */

extern struct rouse_worker *crew[CREW_MAX_WORKERS];
extern unsigned int crew_size;

_Noreturn void crew_fail(const char *what, int ret);

/* What its link does is said, if its driver has interrupts for that. RSS: NULL if there is none. */
void crew_start_port(uint16_t nb_queues, const struct rte_eth_rss_conf *rss);
void crew_start(void);
/* As far as its driver has been told. */
bool crew_link_is_up(void);
/* One of those that are not the default worker goes offline, comes back and has queues again. */
void crew_cycle(unsigned int worker);
void crew_give(unsigned int worker, uint16_t queue, rouse_worker_rx_t handler);
/* The number that the sender has put into a frame. */
uint32_t crew_number(const struct rte_mbuf *m);
/* A line waits on standard input, or its end. */
bool crew_is_told(void);
/* Stop the workers, say what they counted. */
void crew_stop(void);
/* Then the port; say how many mbufs are missing. */
void crew_close(void);

#endif /* CREW_H */
