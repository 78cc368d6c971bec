/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_DEVICE_H
#define IGB_DEVICE_H

/*
 * A device of the 82576 family, as far as the driver of net_igb sees it: registers, rings in
 * memory, interrupt causes and messages. Made from what the datasheet says (chapters 7 and 8), not
 * from the driver. Register writes are posted if a test wants that: they arrive at the next read,
 * or when the test says so, and what the device does meanwhile happens before them.
 */

#include <stdbool.h>
#include <stdint.h>

#define DEVICE_VECTORS	  25
#define DEVICE_QUEUES	  16
#define DEVICE_NVM_WORDS  0x80
#define DEVICE_MAX_SENT	  4096
#define DEVICE_MAX_POSTED 64
#define DEVICE_MAX_FRAME  16384

/* A frame that the device has sent. */
struct device_sent {
	uint16_t queue, len;
	bool has_context;
	uint32_t lens, type; /* of its context */
	uint32_t cmd, status;
	uint8_t data[64]; /* its first bytes */
};

extern struct device {
	uint32_t regs[0x20000 / 4];
	uint16_t nvm[DEVICE_NVM_WORDS];
	/* how it behaves */
	bool is_posted;		     /* writes wait */
	bool heeds_eiam;	     /* a message masks its vector: silicon does, QEMU does not */
	bool is_gone;		     /* every read is all ones */
	bool is_stuck;		     /* in reset, for ever */
	bool phy_is_stuck;	     /* its registers never answer */
	bool drops_enable;	     /* queues are never enabled */
	bool keeps_rqdpc;	     /* reading RQDPC does not clear it */
	uint32_t counts_after_reset; /* in MPC, which others clear by reading */
	/* how often the firmware keeps SWSM.SWESMBI, once the PHY was spoken to */
	unsigned int nb_refusals;
	/* what it did */
	uint64_t nb_reads, nb_writes;
	uint64_t messages[DEVICE_VECTORS];
	struct device_sent sent[DEVICE_MAX_SENT];
	unsigned int nb_sent;
	void (*on_message)(unsigned int vector); /* NULL: nobody listens */
	void (*on_access)(void);		 /* NULL; before each register access */
} device;

/* As after power-on, with an address and an NVM that adds up. */
void device_init(void);

/* Writes that wait arrive, the oldest so many of them. */
void device_arrive(unsigned int nb);
unsigned int device_nb_waiting(void);

/* A frame for a queue: into its buffers, with this status beside DD and EOP, and the cause is set.
 * false: there is no buffer for all of it, and it is dropped. */
bool device_receive(uint16_t queue, const void *frame, uint16_t len, uint32_t info, uint32_t hash,
		    uint32_t status);

/* Send what is in the ring of a queue, at most so many descriptors. */
void device_send(uint16_t queue, unsigned int max);

/* By somebody else: everything is as after power-on, but for the address. */
void device_reset(void);

/* The link changes. */
void device_set_link(bool is_up);

#endif /* IGB_DEVICE_H */
