/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_CHECK_H
#define ROUSE_CHECK_H

/**
 * @file
 * What a port needs of the machine so that its packets wake a worker: a kernel driver that hands
 * interrupts out (vfio-pci), vectors, an IOMMU that remaps interrupts, permissions, hugepages. It
 * is looked up where the kernel says it, and for what is missing there is a remedy, in words.
 *
 * Nothing is changed, and nobody is asked to: it says what to do. To see whether another process
 * has a device, the file of its VFIO group is opened, and closed at once; a process that opens it
 * in just that moment finds it busy.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rouse_worker.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROUSE_CHECK_ADDRESS_LEN 32 /**< of a PCI address, with its end */

/** Whether something is there. */
enum rouse_check_answer {
	ROUSE_CHECK_NO,	      /**< it is not */
	ROUSE_CHECK_YES,      /**< it is */
	ROUSE_CHECK_UNKNOWN,  /**< the kernel does not say, at least not to this user */
	ROUSE_CHECK_UNNEEDED, /**< this device does without */
};

/** What was found. Strings are empty where there is no such thing. */
struct rouse_check {
	char device[64];	     /**< PCI address, or the name of a device that is not on PCI */
	char driver[64];	     /**< DPDK's, if there is a port */
	char kernel_driver[64];	     /**< what a PCI device is bound to */
	bool is_pci;		     /**< it is on PCI: it has a kernel driver, and vectors */
	uint16_t nb_queues;	     /**< Rx queues that the port is configured for */
	bool has_kind;		     /**< the port is started, and kind says how it wakes */
	enum rouse_source_kind kind; /**< how a worker learns of its packets */
	int nb_vectors; /**< MSI-X vectors of the device; -1: not known, or not on PCI */
	enum rouse_check_answer iommu;	     /**< the device is behind one */
	enum rouse_check_answer remapping;   /**< interrupts are remapped */
	enum rouse_check_answer permissions; /**< this user may have the device, and pin memory */
	enum rouse_check_answer affinity; /**< this user may choose the processor of an interrupt */
	uint64_t hugepages_kb;		  /**< of all sizes, in kB */
	uint64_t free_kb;		  /**< of these, what nobody has */
	bool is_usable;			  /**< packets can be received */
	bool is_guess;			  /**< no port, though nothing is missing: EAL knows why */
	char remedy[1024]; /**< what to do, several things separated by "; "; empty: nothing */
};

/**
 * Look at a port, which is started, and whose Rx queue 0 no worker has: one of its own has it for a
 * moment.
 *
 * @param port   port number
 * @param check  filled, also in part if an error is returned later than -ENODEV
 * @return 0; -ENODEV: there is no such port; or the errno of rouse_worker_create() and
 *         rouse_worker_ethdev_add(), which have logged why: is_usable is false then
 */
int rouse_check_port(uint16_t port, struct rouse_check *check);

/**
 * Look at a port that is not started, as it could not be: how a worker would learn of its packets
 * is not known then, and why it does not start is known to whom was told so.
 *
 * @param port   port number
 * @param check  filled
 * @return 0; -ENODEV: there is no such port
 */
int rouse_check_stopped_port(uint16_t port, struct rouse_check *check);

/**
 * Look at a PCI device of which there is no port; EAL need not be initialised.
 *
 * @param pci    its address, with or without the domain: "0000:01:00.0", "01:00.0"
 * @param check  filled
 * @return 0; -EINVAL: that is no PCI address
 */
int rouse_check_device(const char *pci, struct rouse_check *check);

/**
 * The network devices on PCI, whoever has them.
 *
 * @param addresses  filled, with the domain
 * @param max        how many there is room for
 * @return how many were found, at most @p max
 */
unsigned int rouse_check_nics(char addresses[][ROUSE_CHECK_ADDRESS_LEN], unsigned int max);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_CHECK_H */
