/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Files that a port writes: a capture, a trace. */

#include <errno.h>
#include <fcntl.h>
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

/*
 * An open file that nobody else writes: neither another port nor another program. Devices and pipes
 * take what comes; a pipe that nobody reads is refused rather than waited for. NULL: errno says
 * why.
 */
FILE *
evnic_file_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	struct stat file;

	if (fd < 0)
		return NULL;
	fcntl(fd, F_SETFL, 0); /* writing may wait */
	/* before it is emptied */
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
	    (flock(fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(fd, 0) < 0)) {
		if (errno == EWOULDBLOCK)
			errno = EBUSY;
		close(fd);
		return NULL;
	}
	return fdopen(fd, "w");
}
