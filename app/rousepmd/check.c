/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * --check: a line for each port, for each device that was given and is none, and, if none was
 * given, for each other NIC. What is found out is rouse_check.h's.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app.h"

#define MAX_NICS 64

static const char *
answer_name(enum rouse_check_answer answer)
{
	switch (answer) {
	case ROUSE_CHECK_NO:
		return "no";
	case ROUSE_CHECK_YES:
		return "yes";
	case ROUSE_CHECK_UNKNOWN:
		return "unknown";
	case ROUSE_CHECK_UNNEEDED:
		return "not needed";
	}
	return "?";
}

static const char *
interrupts_of(const struct rouse_check *c)
{
	if (!c->has_kind)
		return "unknown";
	switch (c->kind) {
	case ROUSE_SOURCE_HANDSHAKE:
		return "yes (the driver wakes the worker)";
	case ROUSE_SOURCE_INTERRUPT:
		return "yes";
	case ROUSE_SOURCE_FD:
		return "no (a file descriptor that is readable)";
	case ROUSE_SOURCE_TIMED:
		return "no (looked at by a timer)";
	}
	return "?";
}

static void
print_pci(const struct rouse_check *c)
{
	printf(", kernel's %s; vectors ", c->kernel_driver[0] != '\0' ? c->kernel_driver : "none");
	if (c->nb_vectors >= 0)
		printf("%d", c->nb_vectors);
	else
		printf("unknown");
}

/* why: it is no started port, or empty */
static void
print_check(const char *what, const struct rouse_check *c, const char *why)
{
	bool is_all = c->remedy[0] == '\0' && why[0] == '\0';

	printf("%s %s: driver %s", what, c->device, c->driver[0] != '\0' ? c->driver : "none");
	if (c->is_pci)
		print_pci(c);
	else
		printf("; vectors not on PCI");
	printf("; Rx interrupts %s; IOMMU %s; interrupt remapping %s; permissions %s; interrupts "
	       "follow workers %s; hugepages %" PRIu64 " MB, %" PRIu64 " free%s%s%s%s%s\n",
	       interrupts_of(c), answer_name(c->iommu), answer_name(c->remapping),
	       answer_name(c->permissions), answer_name(c->affinity), c->hugepages_kb / 1024,
	       c->free_kb / 1024, is_all ? "" : "; to do: ", c->remedy,
	       c->remedy[0] != '\0' && why[0] != '\0' ? "; " : "",
	       why[0] != '\0' ? "it does not start: " : "", why);
}

static int
check_port(uint16_t port)
{
	char what[16];
	struct rouse_check c;
	int ret;

	snprintf(what, sizeof(what), "port %u", port);
	if (ports_is_started(port)) {
		ret = rouse_check_port(port, &c);
		print_check(what, &c, "");
		return ret;
	}
	if (rouse_check_stopped_port(port, &c) == 0)
		print_check(what, &c, ports_why_not(port));
	return -ENETDOWN;
}

static void
check_other_nics(void)
{
	static char addresses[MAX_NICS][ROUSE_CHECK_ADDRESS_LEN];
	unsigned int nb = rouse_check_nics(addresses, MAX_NICS);
	struct rouse_check c;

	for (unsigned int i = 0; i < nb; i++)
		if (!devices_have_port(addresses[i]) && rouse_check_device(addresses[i], &c) == 0) {
			devices_explain(&c);
			print_check("NIC", &c, "");
		}
}

/* 0: packets can be received from every port, and every device that was given is one. */
int
check_ports(const struct options *o, bool has_eal)
{
	int ret = has_eal ? 0 : -ENODEV, error;
	struct rouse_check c;
	unsigned int i = 0;
	uint16_t port;

	if (has_eal && (rte_eth_dev_count_avail() != 0 || !devices_are_given()))
		ret = ports_start(o, 1);
	RTE_ETH_FOREACH_DEV (port) {
		error = check_port(port);
		if (ret == 0)
			ret = error;
	}
	while (devices_next_missing(&i, &c)) {
		print_check("device", &c, "");
		ret = -ENODEV;
	}
	if (o->check_nics && !devices_are_given())
		check_other_nics();
	if (has_eal && ports_stop() != 0)
		ret = -EFAULT;
	return ret;
}
