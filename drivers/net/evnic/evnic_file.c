/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Files that a port writes: a capture, a trace. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evnic.h"

bool
evnic_file_is_same(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

/* Written by the wire thread, which waits for nobody. */
static const char objection[] = "what is no file may stop taking, and the port with it";

/* Why a port does not write there, NULL: no reason so far. */
const char *
evnic_file_objection(const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0 || S_ISREG(file.st_mode) || S_ISCHR(file.st_mode))
		return NULL;
	return S_ISDIR(file.st_mode) ? strerror(EISDIR) : objection;
}

/* The same of what is open, and emptied if it is a file. */
static const char *
take(int fd)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return strerror(errno);
	if (!S_ISREG(file.st_mode))
		return S_ISCHR(file.st_mode) && !isatty(fd) ? NULL : objection;
	/* before it is emptied */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return strerror(errno == EWOULDBLOCK ? EBUSY : errno);
	return ftruncate(fd, 0) < 0 ? strerror(errno) : NULL;
}

/*
 * An open file that nobody else writes: neither another port nor another program. Devices take what
 * comes; a pipe whose reader stops, or a terminal that is held, would hold the port for ever. NULL:
 * *why.
 */
FILE *
evnic_file_open(const char *path, const char **why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
	FILE *file = NULL;

	/* that of a pipe without a reader is hard to read */
	if (fd < 0)
		*why = errno == ENXIO ? objection : strerror(errno);
	else
		*why = take(fd);
	if (fd >= 0 && *why == NULL) {
		fcntl(fd, F_SETFL, 0);
		file = fdopen(fd, "w");
		if (file == NULL)
			*why = strerror(errno);
	}
	if (fd >= 0 && file == NULL)
		close(fd);
	return file;
}
