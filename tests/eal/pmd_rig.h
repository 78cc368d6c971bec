/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef PMD_RIG_H
#define PMD_RIG_H

/*
 * A port of any PMD that receives what the test sends, and a worker that has it. Frames are
 * numbered, so that one that is lost, doubled or out of order shows. Everything is within the
 * process, and in a network namespace of its own, which ends with it: the other end is another
 * port, or a packet socket.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <rouse_worker.h>

#include "unit.h"

#define PMD_TIMED_US 1000
#define PMD_MBUFS    4096
#define PMD_WINDOW   64 /* frames under way at once: less than any driver's smallest buffer */

/* What a worker is woken by, and the words of the worker's line about the port. */
enum pmd_wake { PMD_HANDSHAKE, PMD_INTERRUPT, PMD_READABLE, PMD_TIMED };

struct pmd_kind {
	const char *name;    /* of the PMD that receives */
	const char *rx, *tx; /* devices with their arguments; tx NULL: see `socket` */
	const char *socket;  /* a packet socket on this interface sends */
	enum pmd_wake wake;
	bool tx_first;	   /* the sender is made first */
	bool needs_netns;  /* and so privileges */
	bool never_idle;   /* it receives without an end */
	bool has_no_pool;  /* what it receives are the sender's mbufs */
	bool ends_as_peer; /* its driver does on EAL's interrupt thread what the peer's end asks for
			    */
	bool is_deaf;	   /* it forgets its interrupts when it is stopped and started */
	bool is_nic; /* rx and tx are environment variables: PCI addresses of two with a cable */
	const char *mode;   /* of a NIC's interrupts, for EAL */
	const char *remedy; /* which the worker names for what is missing */
};

struct pmd_rig {
	const struct pmd_kind *kind;
	uint16_t rx, tx;
	int sock;
	struct rte_mempool *pool, *tx_pool;
	struct rouse_worker *worker;
	pthread_t thread;
	uint32_t nb_sent;
};

/* What the handler saw. */
extern struct pmd_seen {
	atomic_uint nb;	      /* frames of the test */
	atomic_uint nb_any;   /* frames of any kind */
	atomic_uint nb_wrong; /* not the one that had to come next */
	atomic_bool may_lose; /* one that comes later is right, too */
} pmd_seen;

/* The kind of that name; NULL: there is none. */
const struct pmd_kind *pmd_find(const char *name);

/* Why it cannot run here, or NULL. Makes the namespace. */
const char *pmd_missing(const struct pmd_kind *kind);

/* EAL, then both ends configured and started, and a worker that does not run yet. */
void pmd_open(struct pmd_rig *r, const struct pmd_kind *kind, const char *program);
void pmd_close(struct pmd_rig *r);

/* One port, by its device arguments. */
uint16_t pmd_make_port(const char *device);
void pmd_set_up(uint16_t port, struct rte_mempool *pool, bool receives);
void pmd_start_port(uint16_t port);
/* The socket that sends, as its interface is another now. */
void pmd_open_socket(struct pmd_rig *r);
/* Let other threads run. NICs are those of a guest, whose processors take turns: one that does not
 * sleep keeps the others waiting, up to 0.1 s. */
void pmd_yield(const struct pmd_rig *r);
/* Wait until both ends have a link. */
void pmd_wait_up(const struct pmd_rig *r);

/* What the handler keeps from now on: everything, or nothing; in the second case what was kept is
 * freed by pmd_return(), so many at a time. */
void pmd_keep(bool keeps);
unsigned int pmd_nb_kept(void);
void pmd_return(unsigned int nb);

/* The handler of the worker's queue. */
void pmd_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts,
		 uint16_t nb_pkts);

void pmd_run_worker(struct pmd_rig *r);
/* The idle form: the thread polls the queue itself, whether it may or not, and hands over what it
 * found as the worker would. */
void pmd_run_application(struct pmd_rig *r);
void pmd_end_worker(struct pmd_rig *r);
struct rouse_worker_stats pmd_stats(const struct pmd_rig *r);

/* Send so many, and wait until they came: the deadline is for a window of them. */
void pmd_exchange(struct pmd_rig *r, uint32_t nb);
/* Send one if there is room; whether there was. */
bool pmd_try_send(struct pmd_rig *r);
/* Send all the time, by a thread, what is lost being lost; and no more. Meanwhile nobody else
 * sends. */
void pmd_begin_sending(struct pmd_rig *r);
void pmd_end_sending(struct pmd_rig *r);
/* Wait until so many more came of what is sent. */
void pmd_await_frames(const struct pmd_rig *r, uint32_t nb);
/* Wait until the worker is on its way to sleep, or sleeps. */
void pmd_wait_asleep(const struct pmd_rig *r);
/* And nothing is left that would end its sleep. */
void pmd_wait_settled(const struct pmd_rig *r);
/* Let this pass, at least. */
void pmd_pass_ms(unsigned int ms);
double pmd_now_us(void);
/* What was said of the worker's: how many lines have these words. */
unsigned int pmd_nb_lines(const char *words);

#endif /* PMD_RIG_H */
