/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What the kernel says of one PCI device: who has it, and what VFIO would need. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_pci.h>
#include <rte_string_fns.h>

#include "check.h"

#define DEVICES "/sys/bus/pci/devices"

/* PCI Local Bus Specification 3.0, 6.7 and 6.8.2 */
#define CONFIG_LEN	 256
#define CONFIG_STATUS	 0x06
#define STATUS_HAS_LIST	 0x10
#define CONFIG_LIST	 0x34
#define CAPABILITY_MSIX	 0x11
#define MSIX_CONTROL	 2
#define MSIX_SIZE_MASK	 0x7ff /* less one */
#define MAX_CAPABILITIES 48    /* of 4 bytes at least, behind the header of 64 */
#define FIRST_CAPABILITY 0x40

/* How many vectors the device has, by its configuration space; -1: that is not all of it */
int
check_msix_vectors(const uint8_t *config, size_t len)
{
	uint8_t at;

	if (len < FIRST_CAPABILITY)
		return -1;
	if ((config[CONFIG_STATUS] & STATUS_HAS_LIST) == 0)
		return 0;
	at = config[CONFIG_LIST] & 0xfc;
	for (unsigned int i = 0; i < MAX_CAPABILITIES && at >= FIRST_CAPABILITY; i++) {
		const uint8_t *capability = config + at;

		if (at + MSIX_CONTROL + 2u > len)
			return -1;
		if (capability[0] == CAPABILITY_MSIX)
			return ((capability[MSIX_CONTROL] | capability[MSIX_CONTROL + 1] << 8) &
				MSIX_SIZE_MASK) +
			       1;
		at = capability[1] & 0xfc;
	}
	return 0;
}

/* The address as /sys has it. 0; -EINVAL */
int
check_parse_address(const char *text, char *address, size_t size)
{
	struct rte_pci_addr addr;

	if (rte_pci_addr_parse(text, &addr) != 0)
		return -EINVAL;
	rte_pci_device_name(&addr, address, size);
	return 0;
}

/* The last word of a link in the device's folder; empty: there is none. */
static void
read_link(const char *root, const char *address, const char *name, char *word, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/%s", root, address, name);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	slash = strrchr(target, '/');
	strlcpy(word, slash != NULL ? slash + 1 : target, size);
}

static int
count_vectors(const char *root, const char *address)
{
	uint8_t config[CONFIG_LEN];
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/config", root, address);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* only root gets more than the header */
	len = read(fd, config, sizeof(config));
	close(fd);
	return len < 0 ? -1 : check_msix_vectors(config, (size_t)len);
}

static bool
is_up(const char *root, const char *address, const char *netdev)
{
	char path[PATH_MAX];
	unsigned int flags = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/net/%s/flags", root, address, netdev);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fscanf(f, "%x", &flags) != 1)
		flags = 0;
	fclose(f);
	return (flags & 1) != 0; /* IFF_UP */
}

static void
find_netdev(const char *root, struct check_device *d)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/net", root, d->address);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && is_up(root, d->address, entry->d_name))
			strlcpy(d->netdev, entry->d_name, sizeof(d->netdev));
	closedir(dir);
}

/* VFIO gives a group away as a whole. Ports of the bus itself may stay where they are. */
static bool
is_shared_with(const char *driver)
{
	return driver[0] == '\0' || check_is_vfio(driver) || strcmp(driver, "pcieport") == 0 ||
	       strcmp(driver, "pci-stub") == 0;
}

static void
find_neighbour(const char *root, struct check_device *d)
{
	char path[PATH_MAX], driver[sizeof(d->neighbour_driver)];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/iommu_group/devices", root, d->address);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, d->address) == 0)
			continue;
		read_link(root, entry->d_name, "driver", driver, sizeof(driver));
		if (is_shared_with(driver))
			continue;
		strlcpy(d->neighbour, entry->d_name, sizeof(d->neighbour));
		strlcpy(d->neighbour_driver, driver, sizeof(d->neighbour_driver));
	}
	closedir(dir);
}

static bool
may_use(const char *root, const char *node)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, node);
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
}

/* VFIO lets one open a group at a time, and lets go of it at its close. */
static bool
is_busy(const char *root, const char *node)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s%s", root, node);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

static bool
has_file(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return access(path, F_OK) == 0;
}

static void
find_group(const char *root, struct check_device *d)
{
	char group[32];

	read_link(root, d->address, "iommu_group", group, sizeof(group));
	d->group = group[0] != '\0' ? atoi(group) : -1;
	if (d->group < 0)
		return;
	snprintf(d->node, sizeof(d->node), "/dev/vfio/noiommu-%d", d->group);
	if (!has_file(root, d->node))
		snprintf(d->node, sizeof(d->node), "/dev/vfio/%d", d->group);
	d->has_node = has_file(root, d->node);
	d->may_open = may_use(root, d->node) && may_use(root, "/dev/vfio/vfio");
	d->is_busy = d->has_node && d->may_open && is_busy(root, d->node);
	find_neighbour(root, d);
}

void
check_device(const char *root, const char *address, struct check_device *d)
{
	char path[PATH_MAX];

	memset(d, 0, sizeof(*d));
	d->group = d->nb_vectors = -1;
	strlcpy(d->address, address, sizeof(d->address));
	snprintf(path, sizeof(path), DEVICES "/%s", address);
	d->exists = has_file(root, path);
	if (!d->exists)
		return;
	read_link(root, address, "driver", d->driver, sizeof(d->driver));
	d->nb_vectors = count_vectors(root, address);
	find_netdev(root, d);
	find_group(root, d);
}

/* PCI Code and ID Assignment Specification: the base class of network controllers. */
static bool
is_nic(const char *root, const char *address)
{
	char path[PATH_MAX];
	unsigned int class = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/class", root, address);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fscanf(f, "%x", &class) != 1)
		class = 0;
	fclose(f);
	return class >> 16 == 0x02;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* In the order of their addresses. */
unsigned int
check_nics(const char *root, char addresses[][ROUSE_CHECK_ADDRESS_LEN], unsigned int max)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	unsigned int nb = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" DEVICES, root);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while (nb < max && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && is_nic(root, entry->d_name))
			strlcpy(addresses[nb++], entry->d_name, ROUSE_CHECK_ADDRESS_LEN);
	closedir(dir);
	qsort(addresses, nb, sizeof(addresses[0]), compare);
	return nb;
}
