/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * --vdev arguments. EAL goes on without a virtual device that its driver refused, and the program
 * would forward on fewer ports than it was told to. So they are kept from EAL, and plugged one by
 * one when it is up.
 */

#include <errno.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "app.h"

static const char *vdevs[RTE_MAX_ETHPORTS];
static unsigned int nb_vdevs;

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
