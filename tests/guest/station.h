/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef STATION_H
#define STATION_H

/*
 * A port of a NIC in the guest, a worker on each lcore but the main one, and what they received,
 * asked for by lines on the standard input. station.c has the commands.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <rouse_worker.h>

#define MAX_WORKERS 16
#define MAX_QUEUES  16

/* A worker and its lcore. */
struct crew {
	struct rouse_worker *worker;
	unsigned int lcore;
};

struct station {
	uint16_t port;
	uint16_t nb_queues;
	uint16_t nb_txq; /* one a queue, if the NIC has as many */
	uint16_t nb_desc;
	bool has_rss;
	enum rouse_worker_mode mode; /* of the workers */
	struct rte_mempool *pool;
	struct crew crew[MAX_WORKERS];
	unsigned int nb_workers;
	unsigned int owner[MAX_QUEUES]; /* index into crew */
};

/* station_port.c; all but the first: 0 or -errno */
int port_open(struct station *st, uint16_t nb_mbufs);
int port_set_up(struct station *st);
int port_start(struct station *st);
int port_stop(struct station *st);
int port_set_reta(const struct station *st, const unsigned int *queues, unsigned int nb);
/* Stopped and closed; whether the pool is whole. */
bool port_close(struct station *st);

/* station_crew.c */
int crew_create(struct station *st);
int crew_add_queue(struct station *st, uint16_t queue, unsigned int worker);
int crew_move_queue(struct station *st, uint16_t queue, unsigned int worker);
int crew_run(const struct station *st);
void crew_print(const struct station *st);
void crew_end(struct station *st);

/* station_flows.c: what was received; written by workers, read while they have nothing to do */
void flows_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts,
		   uint16_t nb_pkts);
/* Send back what comes, or free it. */
void flows_set_echo(bool is_on);
/* Keep what comes, or free it and all that was kept. */
void flows_set_keep(bool is_on);
void flows_print(void);
void flows_clear(void);

#endif /* STATION_H */
