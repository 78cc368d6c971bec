/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Documentation/filesystems/proc.rst and core-api/irq/irq-affinity.rst of the kernel. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "irq.h"

/* Does one of the names at the end of the line, between blanks or commas, be that name? */
static bool
has_name(const char *line, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(line, name); at != NULL; at = strstr(at + 1, name))
		if (at != line && strchr(" \t,", at[-1]) != NULL &&
		    (at[len] == '\0' || strchr(" \t,\n", at[len]) != NULL))
			return true;
	return false;
}

/* A line of /proc/interrupts: is it of the interrupt of that name, and what is its number? Those
 * without a number (NMI, LOC, ...) have no name either. */
bool
irq_parse_line(const char *line, const char *name, unsigned int *irq)
{
	unsigned long n;
	char *end;

	while (*line == ' ')
		line++;
	if (!isdigit((unsigned char)*line))
		return false;
	errno = 0;
	n = strtoul(line, &end, 10);
	if (errno != 0 || n > INT_MAX || *end != ':' || !has_name(end + 1, name))
		return false;
	*irq = (unsigned int)n;
	return true;
}

/* As /proc/irq/N/smp_affinity_list takes it: 0-3,8. Its length; -EINVAL: there is no processor,
 * -ENOSPC */
int
irq_format_cpus(const cpu_set_t *cpus, char *text, size_t size)
{
	size_t len = 0;

	for (int first = 0, last; first < CPU_SETSIZE; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
			last++;
		len += (size_t)snprintf(text + len, size - len, first == last ? "%s%d" : "%s%d-%d",
					len == 0 ? "" : ",", first, last);
		if (len >= size)
			return -ENOSPC;
	}
	return len == 0 ? -EINVAL : (int)len;
}

/* The number of the interrupt of that name; -ENOENT: there is none, or -errno */
int
irq_find(const char *root, const char *name)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	unsigned int irq;
	int ret = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/interrupts", root);
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	while (ret < 0 && getline(&line, &size, f) >= 0)
		if (irq_parse_line(line, name, &irq))
			ret = (int)irq;
	free(line);
	fclose(f);
	return ret;
}

int
irq_path(const char *root, unsigned int irq, char *path, size_t size)
{
	int len = snprintf(path, size, "%s/proc/irq/%u/smp_affinity_list", root, irq);

	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

/* Let the interrupt be delivered on these processors, and no others. 0 or -errno: -EACCES,
 * -EPERM, -EROFS: the kernel lets only root do that, -EIO: it manages this one itself */
int
irq_move(const char *root, unsigned int irq, const cpu_set_t *cpus)
{
	char path[PATH_MAX], text[IRQ_CPUS_LEN];
	int len = irq_format_cpus(cpus, text, sizeof(text)), fd;
	int ret = len < 0 ? len : irq_path(root, irq, path, sizeof(path));

	if (ret != 0)
		return ret;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* the kernel takes what one call writes, or nothing */
	ret = write(fd, text, (size_t)len) == len ? 0 : -errno;
	close(fd);
	return ret;
}
