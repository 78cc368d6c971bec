/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What libraries and drivers log, on stderr. A driver that refuses something says why in a line of
 * its own, which names the file or the number: then the application adds none that only says that
 * something was refused.
 */

#include <stdarg.h>

#include <rte_log.h>

#include "app.h"

static _Atomic bool was_written; /* any thread logs */

static ssize_t
write_log(void *cookie __rte_unused, const char *text, size_t size)
{
	if (rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR)
		was_written = true;
	return (ssize_t)fwrite(text, 1, size, stderr);
}

void
log_open(void)
{
	static const cookie_io_functions_t functions = { .write = write_log };
	FILE *stream = fopencookie(NULL, "w", functions);

	if (stream == NULL)
		return; /* then EAL's own goes to stderr, too */
	setvbuf(stream, NULL, _IOLBF, 0);
	rte_openlog_stream(stream);
}

void
log_mark(void)
{
	was_written = false;
}

void
log_complain(const char *fmt, ...)
{
	va_list args;

	if (was_written)
		return;
	va_start(args, fmt);
	fprintf(stderr, "rousepmd: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
}
