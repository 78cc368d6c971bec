/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef CHECK_H
#define CHECK_H

/*
 * The check: private declarations, grouped by the file that defines them. `root` is put before what
 * is read below /sys, /proc and /dev, so that a test has a tree of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rouse_check.h"

/* machine.c: what all devices have in common */

struct check_machine {
	bool is_amd;
	bool has_iommu;	   /* that the kernel uses */
	bool has_noiommu;  /* VFIO is told to do without */
	bool has_vfio_pci; /* the kernel's driver is loaded */
	enum rouse_check_answer remapping;
	uint64_t hugepages_kb, free_kb;
	bool has_hugetlbfs;  /* mounted where this user may write */
	uint64_t memlock_kb; /* UINT64_MAX: no limit */
	bool may_move_irqs;
};

void check_machine(const char *root, struct check_machine *m);

/* device.c: one device on PCI */

struct check_device {
	char address[ROUSE_CHECK_ADDRESS_LEN];
	bool exists;
	char driver[64]; /* the kernel's */
	char netdev[64]; /* a network interface of it that is up */
	int group;	 /* of the IOMMU; negative: none */
	char node[64];	 /* that is opened for it: /dev/vfio/... */
	bool has_node;
	bool may_open;	    /* node, and /dev/vfio/vfio */
	bool is_busy;	    /* node is open: this process or another has the group */
	char neighbour[64]; /* in the group, and bound to what VFIO does not share it with */
	char neighbour_driver[64];
	int nb_vectors; /* negative: not known */
};

int check_msix_vectors(const uint8_t *config, size_t len);
int check_parse_address(const char *text, char *address, size_t size);
void check_device(const char *root, const char *address, struct check_device *d);
unsigned int check_nics(const char *root, char addresses[][ROUSE_CHECK_ADDRESS_LEN],
			unsigned int max);

/* remedy.c: what is missing, and what to do. No I/O. */

bool check_is_vfio(const char *driver);
void check_judge(const struct check_machine *m, const struct check_device *d,
		 struct rouse_check *c);
void check_judge_software(const struct check_machine *m, struct rouse_check *c);

#endif /* CHECK_H */
