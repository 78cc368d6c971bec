/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What a sanitizer must report, by its name; for the test of the sanitized run itself. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	volatile int one = 1, many = 31;
	volatile char *bytes = malloc(8);

	if (bytes == NULL)
		return EXIT_FAILURE;
	bytes[0] = 0;
	if (strcmp(what, "overflow") == 0)
		bytes[8 * one] = 1;
	else if (strcmp(what, "freed") == 0) {
		free((char *)(uintptr_t)bytes);
		bytes[0] = 1;
		return EXIT_SUCCESS;
	} else if (strcmp(what, "shift") == 0)
		one = (one + 1) << many;
	else if (strcmp(what, "leak") == 0)
		bytes = NULL;
	free((char *)(uintptr_t)bytes);
	printf("%s: not stopped\n", what);
	return EXIT_SUCCESS;
}
