/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Devices that the user named. EAL goes on without a virtual device (--vdev) that its driver
 * refused, and without one on PCI (-a) that it cannot use, and the program would forward on fewer
 * ports than it was told to. So the former are kept from EAL, and plugged one by one when it is up,
 * and the latter are looked for then.
 */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_pci.h>
#include <rte_string_fns.h>

#include "app.h"

static const char *vdevs[RTE_MAX_ETHPORTS];
static unsigned int nb_vdevs;
static const char *allowed[RTE_MAX_ETHPORTS]; /* with their arguments */
static unsigned int nb_allowed;
static bool is_eal_up;

int
devices_add(const char *vdev)
{
	if (nb_vdevs == RTE_DIM(vdevs)) {
		COMPLAIN("--vdev=%s: there are %u already, which is the most", vdev, nb_vdevs);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < nb_vdevs; i++) {
		size_t len = strcspn(vdev, ",");

		if (len == strcspn(vdevs[i], ",") && strncmp(vdevs[i], vdev, len) == 0) {
			COMPLAIN("--vdev=%s: there is one of that name; give each its own number",
				 vdev);
			return -EINVAL;
		}
	}
	vdevs[nb_vdevs++] = vdev;
	return 0;
}

static int
plug(const char *vdev)
{
	size_t len = strcspn(vdev, ",");
	const char *params = vdev[len] == ',' ? vdev + len + 1 : "";
	char name[RTE_DEV_NAME_MAX_LEN];
	int ret;

	if (len == 0 || len >= sizeof(name)) {
		COMPLAIN("--vdev=%s: give NAME,KEY=VALUE,... with a name of at most %zu characters",
			 vdev, sizeof(name) - 1);
		return -EINVAL;
	}
	memcpy(name, vdev, len);
	name[len] = '\0';
	log_mark();
	ret = rte_eal_hotplug_add("vdev", name, params);
	if (ret != 0)
		log_complain("--vdev=%s: %s; is there a driver of that name (-d loads one)?", vdev,
			     rte_strerror(-ret));
	return ret;
}

int
devices_plug(void)
{
	int eal = rte_log_get_level(RTE_LOGTYPE_EAL);
	int ret = 0;

	/* these two only repeat that the driver refused, which has said why */
	rte_log_set_level(RTE_LOGTYPE_EAL, RTE_LOG_CRIT);
	rte_log_set_level_pattern("bus.vdev", RTE_LOG_CRIT);
	for (unsigned int i = 0; i < nb_vdevs && ret == 0; i++)
		ret = plug(vdevs[i]);
	rte_log_set_level(RTE_LOGTYPE_EAL, (uint32_t)eal);
	return ret;
}

/* ---- on PCI ---- */

int
devices_allow(const char *device)
{
	if (nb_allowed == RTE_DIM(allowed)) {
		COMPLAIN("-a %s: there are %u already, which is the most", device, nb_allowed);
		return -EINVAL;
	}
	allowed[nb_allowed++] = device;
	return 0;
}

bool
devices_have_port(const char *address)
{
	struct rte_eth_dev_info info;
	char name[ROUSE_CHECK_ADDRESS_LEN];
	struct rte_pci_addr addr;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		if (rte_eth_dev_info_get(port, &info) != 0 || info.device == NULL ||
		    rte_pci_addr_parse(rte_dev_name(info.device), &addr) != 0)
			continue;
		rte_pci_device_name(&addr, name, sizeof(name));
		if (strcmp(name, address) == 0)
			return true;
	}
	return false;
}

/* -b */
static bool
is_excluded(const char *address)
{
	char name[ROUSE_CHECK_ADDRESS_LEN];
	struct rte_devargs *devargs;
	struct rte_pci_addr addr;

	RTE_EAL_DEVARGS_FOREACH("pci", devargs)
	{
		if (devargs->policy != RTE_DEV_BLOCKED ||
		    rte_pci_addr_parse(devargs->name, &addr) != 0)
			continue;
		rte_pci_device_name(&addr, name, sizeof(name));
		if (strcmp(name, address) == 0)
			return true;
	}
	return false;
}

/* Of a device that lacks nothing, and of which there is no port: what EAL was told, or did. */
void
devices_explain(struct rouse_check *check)
{
	if (!check->is_guess)
		return;
	if (!is_eal_up)
		strlcpy(check->remedy, "EAL did not start, and says why on stderr",
			sizeof(check->remedy));
	else if (!rte_eal_has_pci())
		strlcpy(check->remedy,
			"EAL was not to look for it, as no hugepage is free, or --no-huge was given",
			sizeof(check->remedy));
	else if (is_excluded(check->device))
		strlcpy(check->remedy, "it is excluded: leave out that -b (--block)",
			sizeof(check->remedy));
}

/* The next one on PCI that is given and of which there is no port; *i begins with 0. */
bool
devices_next_missing(unsigned int *i, struct rouse_check *check)
{
	while (*i < nb_allowed) {
		const char *device = allowed[(*i)++];
		char address[ROUSE_CHECK_ADDRESS_LEN];

		snprintf(address, sizeof(address), "%.*s", (int)strcspn(device, ","), device);
		/* what is on another bus is another's to judge */
		if (rouse_check_device(address, check) != 0 || devices_have_port(check->device))
			continue;
		devices_explain(check);
		return true;
	}
	return false;
}

/* Every device that was given has a port: 0; -ENODEV after a line for each that has not. */
int
devices_check(void)
{
	struct rouse_check check;
	unsigned int i = 0;
	int ret = 0;

	while (devices_next_missing(&i, &check)) {
		COMPLAIN("-a %s: there is no port of it%s%s; %s", check.device,
			 check.kernel_driver[0] != '\0' ? ", it is bound to " : "",
			 check.kernel_driver, check.remedy);
		ret = -ENODEV;
	}
	return ret;
}

bool
devices_are_given(void)
{
	return nb_allowed != 0 || nb_vdevs != 0;
}

/* ---- devices that are pulled out ---- */

/* Written by EAL's interrupt thread, read by the main lcore; one is enough. */
static atomic_bool is_pulled;
static char pulled[RTE_DEV_NAME_MAX_LEN];

static void
on_event(const char *name, enum rte_dev_event_type type, void *arg __rte_unused)
{
	if (type != RTE_DEV_EVENT_REMOVE || atomic_load(&is_pulled))
		return;
	strlcpy(pulled, name, sizeof(pulled));
	atomic_store(&is_pulled, true);
}

/* Of a device of vfio-pci the kernel tells EAL that it wants it back, and waits for that. */
void
devices_watch(void)
{
	is_eal_up = true;
	rte_dev_event_callback_register(NULL, on_event, NULL);
}

/* 0; -ENODEV after a complaint: one of the devices shall go. Others may send to it, so all ends. */
int
devices_look(void)
{
	if (!atomic_load(&is_pulled))
		return 0;
	COMPLAIN("%s is being pulled out: the run ends; start it again without that device",
		 pulled);
	return -ENODEV;
}
