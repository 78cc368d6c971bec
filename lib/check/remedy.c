/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * From what is there to what is missing, and what to do about it, in the order in which it has to
 * be done. The commands are those of docs/bare-metal.md.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_string_fns.h>

#include "check.h"

#define MIN_KB UINT64_C(65536) /* of memory for mbufs, at the least */

/* ---- words ---- */

static void __attribute__((format(printf, 2, 3)))
advise(struct rouse_check *c, const char *fmt, ...)
{
	size_t len = strlen(c->remedy);
	va_list args;

	if (len != 0)
		len += (size_t)snprintf(c->remedy + len, sizeof(c->remedy) - len, "; ");
	if (len >= sizeof(c->remedy))
		return;
	va_start(args, fmt);
	vsnprintf(c->remedy + len, sizeof(c->remedy) - len, fmt, args);
	va_end(args);
}

static enum rouse_check_answer
answer(bool is)
{
	return is ? ROUSE_CHECK_YES : ROUSE_CHECK_NO;
}

/* ---- one thing after the other ---- */

bool
check_is_vfio(const char *driver)
{
	return strstr(driver, "vfio") != NULL;
}

static bool
is_uio(const char *driver)
{
	return strstr(driver, "uio") != NULL;
}

/* A kernel driver under which there is a port keeps the device, and DPDK's shares it (mlx5). */
static bool
needs_vfio(const struct check_device *d, const struct rouse_check *c)
{
	return check_is_vfio(d->driver) || is_uio(d->driver) || c->driver[0] == '\0';
}

static void
judge_driver(const struct check_machine *m, const struct check_device *d, struct rouse_check *c)
{
	const char *load = m->has_vfio_pci ? "" : "modprobe vfio-pci && ";

	if (check_is_vfio(d->driver))
		return;
	if (d->netdev[0] != '\0')
		advise(c,
		       "the kernel's interface %s is up: if the machine can do without, ip link "
		       "set %s down",
		       d->netdev, d->netdev);
	if (is_uio(d->driver))
		advise(c, "%s hands out no Rx interrupts: %sdpdk-devbind.py --bind=vfio-pci %s",
		       d->driver, load, d->address);
	else
		advise(c, "bind it: %sdpdk-devbind.py --bind=vfio-pci %s", load, d->address);
}

static void
judge_iommu(const struct check_machine *m, const struct check_device *d, struct rouse_check *c)
{
	bool is_noiommu = strstr(d->node, "noiommu") != NULL;

	c->iommu = answer(d->group >= 0 && !is_noiommu);
	c->remapping = c->iommu == ROUSE_CHECK_YES ? m->remapping : ROUSE_CHECK_NO;
	if (c->iommu == ROUSE_CHECK_NO && !is_noiommu && !m->has_noiommu)
		advise(c,
		       "turn the IOMMU on: %s in the firmware, and %s on the kernel's command line",
		       m->is_amd ? "AMD-Vi" : "VT-d",
		       m->is_amd ? "iommu=pt" : "intel_iommu=on iommu=pt");
	else if (c->remapping == ROUSE_CHECK_NO && !is_noiommu && !m->has_noiommu)
		advise(c,
		       "turn interrupt remapping on: no intremap=off on the kernel's command line, "
		       "and x2APIC in the firmware");
}

static void
judge_group(const struct check_device *d, struct rouse_check *c)
{
	if (d->neighbour[0] != '\0')
		advise(c,
		       "%s, in the same IOMMU group, is bound to %s: dpdk-devbind.py --unbind %s",
		       d->neighbour, d->neighbour_driver, d->neighbour);
}

static void
judge_permissions(const struct check_machine *m, const struct check_device *d,
		  struct rouse_check *c)
{
	uint64_t kb = m->hugepages_kb > MIN_KB ? m->hugepages_kb : MIN_KB;

	/* what is not bound yet has no file */
	c->permissions = d->has_node ? ROUSE_CHECK_YES : ROUSE_CHECK_UNKNOWN;
	if (d->has_node && !d->may_open) {
		c->permissions = ROUSE_CHECK_NO;
		advise(c, "this user may not open %s and /dev/vfio/vfio: as root, chown USER %s",
		       d->node, d->node);
	}
	/* what is started has pinned what there is to pin */
	if (!c->is_usable && m->memlock_kb < kb) {
		c->permissions = ROUSE_CHECK_NO;
		advise(c,
		       "this user may lock %" PRIu64 " kB of memory: as root, give it memlock "
		       "%" PRIu64 " in /etc/security/limits.conf, and log in again",
		       m->memlock_kb, kb);
	}
}

/* The driver hands out none. Of those of Linux's own NICs most do; with more queues than vectors
 * EAL gives them none. */
static void
judge_interrupts(const struct check_device *d, struct rouse_check *c)
{
	if (!c->has_kind || c->kind != ROUSE_SOURCE_TIMED)
		return;
	if (d->nb_vectors == 0) {
		advise(c, "the device has no MSI-X vectors: give it some, if it is a virtual "
			  "machine's, or let its packets wait for the timer");
		return;
	}
	if (d->nb_vectors > 1 && c->nb_queues >= d->nb_vectors)
		advise(c, "configure at most %d Rx queues, as one vector is for other causes",
		       d->nb_vectors - 1);
	else if (strcmp(c->driver, "net_e1000_em") == 0 && d->nb_vectors > 0)
		advise(c, "its driver leaves the MSI-X vectors of this NIC unused: start with "
			  "--vfio-intr=msi");
	else
		advise(c,
		       "its driver hands out no Rx interrupts for %u queues: configure fewer, or "
		       "let its packets wait for the timer",
		       c->nb_queues);
}

/* A port that is there has its memory. */
static void
judge_hugepages(const struct check_machine *m, struct rouse_check *c)
{
	if (c->driver[0] != '\0')
		return;
	if (m->hugepages_kb == 0)
		advise(c,
		       "there are no hugepages: as root, dpdk-hugepages.py --pagesize 2M --reserve "
		       "512M");
	else if (m->hugepages_kb < MIN_KB)
		advise(c,
		       "there are only %" PRIu64 " MB of hugepages: as root, dpdk-hugepages.py "
		       "--pagesize 2M --reserve 512M",
		       m->hugepages_kb / 1024);
	else if (!m->has_hugetlbfs)
		advise(c, "hugepages are mounted nowhere that this user may write: give "
			  "--in-memory, or see docs/bare-metal.md");
}

/* Of a port it is this process that has it. */
static void
judge_use(const struct check_device *d, struct rouse_check *c)
{
	if (d->is_busy && c->driver[0] == '\0')
		advise(c,
		       "it is in use, as %s is open: end the process that has it, or leave it to "
		       "that one and give another NIC (-a)",
		       d->node);
}

static void
fill(const struct check_machine *m, struct rouse_check *c)
{
	c->hugepages_kb = m->hugepages_kb;
	c->free_kb = m->free_kb;
	c->affinity = answer(m->may_move_irqs);
	c->iommu = c->remapping = c->permissions = ROUSE_CHECK_UNNEEDED;
}

/* ---- what others call ---- */

/* A device on PCI; c->driver is known, and so is whether packets can be received. */
void
check_judge(const struct check_machine *m, const struct check_device *d, struct rouse_check *c)
{
	fill(m, c);
	c->is_pci = true;
	strlcpy(c->device, d->address, sizeof(c->device));
	strlcpy(c->kernel_driver, d->driver, sizeof(c->kernel_driver));
	c->nb_vectors = d->nb_vectors;
	if (!d->exists) {
		c->iommu = c->remapping = c->permissions = ROUSE_CHECK_UNKNOWN;
		advise(c, "there is no such device: dpdk-devbind.py --status lists them");
		return;
	}
	if (!needs_vfio(d, c))
		return;
	judge_iommu(m, d, c);
	judge_driver(m, d, c);
	judge_group(d, c);
	judge_permissions(m, d, c);
	judge_hugepages(m, c);
	judge_interrupts(d, c);
	judge_use(d, c);
	c->is_guess = c->driver[0] == '\0' && c->remedy[0] == '\0';
	if (c->is_guess)
		advise(c, "EAL made no port of it: its driver may have to be loaded (-d), or says "
			  "why (--log-level=bus.pci:debug)");
	if (c->permissions == ROUSE_CHECK_YES && c->affinity == ROUSE_CHECK_NO)
		advise(c, "interrupts do not follow the workers, as only root may choose their "
			  "processors: see docs/bare-metal.md");
}

/* A device that is not on PCI. */
void
check_judge_software(const struct check_machine *m, struct rouse_check *c)
{
	fill(m, c);
	c->affinity = ROUSE_CHECK_UNNEEDED;
	c->nb_vectors = -1;
}
