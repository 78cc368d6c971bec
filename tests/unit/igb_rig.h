/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_RIG_H
#define IGB_RIG_H

/*
 * A port of net_igb in one thread and without EAL: the driver is all there, the device is
 * igb_device.h's, and the kernel's VFIO hands messages to eventfds. What the driver logs is kept.
 */

#include <igb.h>

#include "igb_device.h"

struct rig_conf {
	uint16_t nb_queues;    /* Rx, and as many Tx; 0: 1 */
	uint16_t nb_msix;      /* that the kernel lets us have; 0: 10, as QEMU's device */
	uint16_t nb_desc;      /* 0: IGB_MIN_DESC */
	uint16_t room;	       /* of an mbuf; 0: 2048 */
	unsigned int nb_mbufs; /* 0: enough for everything */
	const char *args;      /* device arguments */
	uint64_t rx_offloads, tx_offloads;
	bool without_intr; /* no Rx interrupts */
	bool lsc;
};

extern struct rte_eth_dev *rig_dev;
extern struct igb_port *rig;
extern struct rte_mempool *rig_pool;
extern int rig_eventfds[DEVICE_VECTORS]; /* that the kernel has, by vector; -1: none */
extern bool rig_kernel_refuses;		 /* eventfds */
extern bool rig_has_no_memory;		 /* for rings */
extern unsigned int rig_nb_lcores;	 /* of the program */
extern unsigned int rig_link_events, rig_reset_events;
extern char rig_log[4096]; /* since it was made */

/* A port that was probed, or the error of the probe. */
int rig_probe(const struct rig_conf *conf);
/* And configured, its queues set up; then started. */
int rig_configure(const struct rig_conf *conf);
int rig_start(const struct rig_conf *conf);
/* Probed, configured, started: it must not fail. */
void rig_make(const struct rig_conf *conf);
/* Fails if an mbuf or memory is missing. */
void rig_destroy(void);

/* How often the vector's eventfd was written to since the last time that this was asked. */
uint64_t rig_rung(unsigned int vector);

/* What EAL's interrupt thread was asked to do once more. */
void rig_run_alarm(void);

/* A frame of 60 bytes for a queue. */
bool rig_receive_one(uint16_t queue);

/* rx_burst, of at most 64; the mbufs go back. */
unsigned int rig_burst(uint16_t queue);

#endif /* IGB_RIG_H */
