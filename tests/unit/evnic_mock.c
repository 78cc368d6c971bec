/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What the pure parts of net_evnic ask of the rest of it, and a stream that keeps what they log. */

#include <stdlib.h>
#include <string.h>

#include "evnic_mock.h"
#include "unit.h"

int evnic_logtype = RTE_LOGTYPE_USER1;

unsigned int mock_syncs;
uint32_t mock_version_at_sync;
uint32_t mock_queue_at_sync;

/* There is no wire thread that could honour it. */
void
evnic_wire_sync(struct evnic_port *p)
{
	mock_syncs++;
	mock_version_at_sync = p->rules.version;
	mock_queue_at_sync = rouse_steer_reta_get(&p->steer, MOCK_ENTRY);
}

static char *log_text;
static size_t log_size;
static FILE *log_stream;

void
mock_log_begin(void)
{
	log_stream = open_memstream(&log_text, &log_size);
	assert_non_null(log_stream);
	assert_int_equal(rte_openlog_stream(log_stream), 0);
}

unsigned int
mock_log_end(const char *word)
{
	unsigned int lines = 0;

	rte_openlog_stream(NULL);
	fclose(log_stream);
	for (const char *at = log_text; *at != '\0'; at++)
		lines += *at == '\n';
	if (word != NULL && strstr(log_text, word) == NULL)
		fail_msg("\"%s\" is not in the log: %s", word, log_text);
	free(log_text);
	log_text = NULL;
	return lines;
}
