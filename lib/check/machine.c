/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What the kernel says of the machine: IOMMU, interrupt remapping, hugepages, limits. */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

#define HUGEPAGES "/sys/kernel/mm/hugepages"

static FILE *
open_file(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return fopen(path, "re");
}

/* Whether a line of the file has one of the two words; NULL: there is no second. */
static bool
has_line(const char *root, const char *name, const char *word, const char *or_word)
{
	FILE *f = open_file(root, name);
	char *line = NULL;
	bool has = false;
	size_t size = 0;

	if (f == NULL)
		return false;
	while (!has && getline(&line, &size, f) >= 0)
		has = strstr(line, word) != NULL ||
		      (or_word != NULL && strstr(line, or_word) != NULL);
	free(line);
	fclose(f);
	return has;
}

static uint64_t
read_number(const char *root, const char *folder, const char *name)
{
	char path[PATH_MAX];
	uint64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), HUGEPAGES "/%s/%s", folder, name);
	f = open_file(root, path);
	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

static bool
is_folder_filled(const char *root, const char *name)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	bool is_filled = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", root, name);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!is_filled && (entry = readdir(dir)) != NULL)
		is_filled = entry->d_name[0] != '.';
	closedir(dir);
	return is_filled;
}

static void
count_hugepages(const char *root, struct check_machine *m)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	uint64_t kb;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" HUGEPAGES, root);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kb) != 1)
			continue;
		m->hugepages_kb += kb * read_number(root, entry->d_name, "nr_hugepages");
		m->free_kb += kb * read_number(root, entry->d_name, "free_hugepages");
	}
	closedir(dir);
}

/* Is one of the hugepages' file systems where this user may write? */
static bool
has_hugetlbfs(const char *root)
{
	FILE *mounts = open_file(root, "/proc/mounts");
	char line[1024], where[PATH_MAX], type[64], path[PATH_MAX + 8];
	bool has = false;

	if (mounts == NULL)
		return false;
	while (!has && fgets(line, sizeof(line), mounts) != NULL) {
		if (sscanf(line, "%*s %1023s %63s", where, type) != 2 ||
		    strcmp(type, "hugetlbfs") != 0)
			continue;
		snprintf(path, sizeof(path), "%s%s", root, where);
		has = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
	}
	fclose(mounts);
	return has;
}

/* x86 names its interrupt chips IR-... when they are behind a table of the IOMMU; of others the
 * kernel does not say it there. */
static enum rouse_check_answer
find_remapping(const char *root)
{
	if (has_line(root, "/proc/interrupts", " IR-PCI-MSI", " IR-IO-APIC"))
		return ROUSE_CHECK_YES;
	return has_line(root, "/proc/interrupts", "PCI-MSI", "IO-APIC") ? ROUSE_CHECK_NO
									: ROUSE_CHECK_UNKNOWN;
}

static uint64_t
memlock_kb(void)
{
	struct rlimit limit;

	/* root may lock as much as there is */
	if (geteuid() == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur / 1024;
}

void
check_machine(const char *root, struct check_machine *m)
{
	char path[PATH_MAX];

	memset(m, 0, sizeof(*m));
	m->is_amd = has_line(root, "/proc/cpuinfo", "AuthenticAMD", "HygonGenuine");
	m->has_iommu = is_folder_filled(root, "/sys/class/iommu");
	m->has_noiommu =
		has_line(root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y", "1");
	m->has_vfio_pci = is_folder_filled(root, "/sys/bus/pci/drivers/vfio-pci");
	m->remapping = find_remapping(root);
	count_hugepages(root, m);
	m->has_hugetlbfs = has_hugetlbfs(root);
	m->memlock_kb = memlock_kb();
	snprintf(path, sizeof(path), "%s/proc/irq/default_smp_affinity", root);
	m->may_move_irqs = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}
