/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * ethdev tells a queue's eventfd and not the vector that signals it. Drivers give queues to vectors
 * as they like; so the kernel is asked: VFIO signals the eventfd of a vector when it is told to
 * (linux/vfio.h: software loopback), and no interrupt is involved. That goes by the device's fd,
 * which EAL keeps for itself, and a group gives as many as one likes.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <rte_vfio.h>

#include "vfio.h"

#define DEVICES "/sys/bus/pci/devices"
#define NB_TIMES                                                                                   \
	2 /* that an eventfd is signalled: the device itself may, too, but hardly so often */

/* A further fd of the device, or -errno. */
static int
open_device(const char *pci)
{
	int group_num, group, fd;

	if (rte_vfio_get_group_num(DEVICES, pci, &group_num) <= 0)
		return -ENODEV;
	group = rte_vfio_get_group_fd(group_num);
	if (group < 0)
		return -ENODEV;
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, pci);
	return fd < 0 ? -errno : fd;
}

/* How often the eventfd was signalled since it was read; its readers need not know. 0, -EIO */
static int
read_count(int eventfd, uint64_t *count)
{
	char path[64], line[128];
	int ret = -EIO;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", eventfd);
	info = fopen(path, "re");
	if (info == NULL)
		return ret;
	while (ret != 0 && fgets(line, sizeof(line), info) != NULL)
		ret = sscanf(line, "eventfd-count: %" SCNx64, count) == 1 ? 0 : -EIO;
	fclose(info);
	return ret;
}

/* 0; -EINVAL: the driver does not use this one */
static int
signal_vector(int device, unsigned int index, unsigned int vector)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.start = vector,
		.count = 1,
	};

	return ioctl(device, VFIO_DEVICE_SET_IRQS, &set) < 0 ? -errno : 0;
}

/* Does the MSI-X vector signal the eventfd? 1, 0 or -errno */
static int
signals(int device, unsigned int vector, int eventfd)
{
	uint64_t before, after;
	int ret = read_count(eventfd, &before);

	for (int i = 0; i < NB_TIMES && ret == 0; i++)
		ret = signal_vector(device, VFIO_PCI_MSIX_IRQ_INDEX, vector);
	if (ret == 0)
		ret = read_count(eventfd, &after);
	return ret == 0 ? after >= before + NB_TIMES : ret;
}

/* The MSI-X vector, of so many, that signals the eventfd; -ENOENT: none does, or -errno. Vector 0
 * is not tried: EAL has it for the device's other causes. */
static int
find_vector(int device, int eventfd, unsigned int nb, unsigned int guess)
{
	int ret;

	if (guess < nb && signals(device, guess, eventfd) > 0)
		return (int)guess;
	for (unsigned int v = 1; v < nb; v++) {
		ret = v == guess ? 0 : signals(device, v, eventfd);
		if (ret > 0)
			return (int)v;
		if (ret == -EINVAL)
			break; /* the driver uses no more */
		if (ret < 0)
			return ret;
	}
	return -ENOENT;
}

/* As vfio_find_irq(), of an open device. */
static int
find_irq(int device, const char *pci, int eventfd, unsigned int guess, struct vfio_irq *irq)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX };
	int ret = ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) < 0 ? -errno : 0;

	if (ret != 0)
		return ret;
	irq->nb_vectors = info.count;
	ret = find_vector(device, eventfd, info.count, guess);
	irq->is_msix = ret >= 0;
	if (ret >= 0)
		snprintf(irq->name, sizeof(irq->name), "vfio-msix[%d](%s)", ret, pci);
	else if (ret == -ENOENT && signal_vector(device, VFIO_PCI_MSI_IRQ_INDEX, 0) == 0)
		snprintf(irq->name, sizeof(irq->name), "vfio-msi[0](%s)", pci);
	else if (ret == -ENOENT && signal_vector(device, VFIO_PCI_INTX_IRQ_INDEX, 0) == 0)
		snprintf(irq->name, sizeof(irq->name), "vfio-intx(%s)", pci);
	else
		return ret;
	return 0;
}

/*
 * The interrupt of the device that signals the eventfd. The guess at its vector is tried first, so
 * that where it is right no other eventfd is signalled. A device that has but one interrupt (MSI,
 * INTx) signals all by that. 0; -ENOENT: it has none that does, -ENODEV: it is no device of VFIO's,
 * or -errno
 */
int
vfio_find_irq(const char *pci, int eventfd, unsigned int guess, struct vfio_irq *irq)
{
	int device = open_device(pci), ret;

	if (device < 0)
		return device;
	ret = find_irq(device, pci, eventfd, guess, irq);
	close(device);
	return ret;
}
