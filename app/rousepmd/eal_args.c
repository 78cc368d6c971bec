/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * EAL's arguments: what the user gave, less the virtual devices (devices.c), plus what makes it
 * start on any machine:
 *
 *   - where no hugepage is free, ordinary memory, so that a replay needs no administrator; and then
 *     no PCI device, which could not reach it without an IOMMU;
 *   - --in-memory beside --no-huge, which DPDK 22.11 refuses, becomes --no-shconf, which leaves no
 *     files behind either;
 *   - EAL's account of the machine only when it is asked for (--log-level comes after these).
 */

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define MAX_ADDED  8
#define NO_HUGE_MB "192"

static bool
has_free_hugepages(void)
{
	bool has = false;
	glob_t files;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*/free_hugepages", 0, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && !has; i++) {
		FILE *f = fopen(files.gl_pathv[i], "r");
		unsigned long nb;

		if (f == NULL)
			continue;
		has = fscanf(f, "%lu", &nb) == 1 && nb > 0;
		fclose(f);
	}
	globfree(&files);
	return has;
}

static bool
is_given(int argc, char **argv, const char *option)
{
	size_t len = strlen(option);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], option, len) == 0 &&
		    (argv[i][len] == '\0' || argv[i][len] == '=' || option[1] != '-'))
			return true;
	return false;
}

/* The value of an argument of that name at argv[*i], or NULL; *i is moved on over a value of its
 * own.
 */
static const char *
value_of(const char *option, int argc, char **argv, int *i)
{
	size_t len = strlen(option);

	if (strncmp(argv[*i], option, len) != 0)
		return NULL;
	if (argv[*i][len] == '\0')
		return *i + 1 < argc ? argv[++*i] : NULL;
	if (option[1] != '-')
		return argv[*i] + len;
	return argv[*i][len] == '=' ? argv[*i] + len + 1 : NULL;
}

bool
eal_args_want_pci(int argc, char **argv)
{
	return !is_given(argc, argv, "--no-pci");
}

/* EAL is given these, too; whether there is room for them. */
static bool
note_allowed(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *device = value_of("-a", argc, argv, &i);

		if (device == NULL)
			device = value_of("--allow", argc, argv, &i);
		if (device != NULL && devices_allow(device) != 0)
			return false;
	}
	return true;
}

/* How many arguments *out has; -EINVAL after a complaint, -ENOMEM. */
int
eal_args_build(int argc, char **argv, char ***out)
{
	static char *const quiet[] = {
		"--log-level=lib.eal:warning",
		"--log-level=lib.telemetry:error",
	};
	bool no_huge = is_given(argc, argv, "--no-huge");
	char **args = calloc((size_t)argc + MAX_ADDED + 1, sizeof(*args));
	int nb = 0;

	if (args == NULL)
		return -ENOMEM;
	args[nb++] = argv[0];
	for (size_t i = 0; i < RTE_DIM(quiet); i++)
		args[nb++] = quiet[i];
	if (!no_huge && !is_given(argc, argv, "--allow") && !is_given(argc, argv, "-a") &&
	    !has_free_hugepages()) {
		fprintf(stderr,
			"rousepmd: no hugepage is free; using ordinary memory and no PCI device "
			"(--no-huge --no-pci)\n");
		args[nb++] = "--no-huge";
		no_huge = true;
	}
	if (no_huge && !is_given(argc, argv, "--allow") && !is_given(argc, argv, "-a"))
		args[nb++] = "--no-pci";
	if (no_huge && !is_given(argc, argv, "-m")) {
		args[nb++] = "-m";
		args[nb++] = NO_HUGE_MB;
	}
	if (!note_allowed(argc, argv)) {
		free(args);
		return -EINVAL;
	}
	for (int i = 1; i < argc; i++) {
		const char *vdev = value_of("--vdev", argc, argv, &i);

		if (vdev != NULL) {
			if (devices_add(vdev) != 0) {
				free(args);
				return -EINVAL;
			}
		} else if (no_huge && strcmp(argv[i], "--in-memory") == 0) {
			args[nb++] = "--no-shconf";
		} else if (!options_is_check(argv[i])) {
			args[nb++] = argv[i];
		}
	}
	*out = args;
	return nb;
}
