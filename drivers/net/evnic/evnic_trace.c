/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The trace: what the device did, in its order, a line each. Written by the wire thread.
 *
 *   event CODE QUEUE RING VECTOR DATA    CODE: rx tx link error; DATA: rx: RSS hash, or "-"; link:
 *                                        up down; error: its kind
 *   message VECTOR DEVICE RING FATE      bits of the owner's attention word and detail word;
 *                                        FATE: sent masked moderated
 *
 * A message that is held and sent later has a line for either.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evnic.h"

struct evnic_trace {
	FILE *file;
	const char *name; /* of the port, and of the file: for messages */
	const char *path;
};

static struct evnic_trace *
refuse(const char *name, const char *path, const char *why)
{
	EVNIC_LOG(ERR, "%s: trace=%s: cannot be written: %s; give a file that can, one a port",
		  name, path, why);
	return NULL;
}

/* Of the port `name`, with these arguments. NULL: logged. */
struct evnic_trace *
evnic_trace_open(const char *name, const struct evnic_args *args)
{
	struct evnic_trace *t;
	const char *why;

	if (evnic_file_is_same(args->trace, args->rx_pcap))
		return refuse(name, args->trace, "it is the capture that is replayed");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->name = name;
	t->path = args->trace;
	t->file = evnic_file_open(args->trace, &why);
	if (t->file != NULL)
		return t;
	free(t);
	return refuse(name, args->trace, why);
}

/* Says whether something is missing in it. */
void
evnic_trace_close(struct evnic_trace *t)
{
	bool failed;

	if (t == NULL)
		return;
	failed = ferror(t->file) != 0;
	if (fclose(t->file) != 0 || failed)
		EVNIC_LOG(ERR, "%s: trace=%s: not all of it could be written: %s", t->name, t->path,
			  strerror(errno));
	free(t);
}

void
evnic_trace_event(struct evnic_trace *t, const struct rouse_event *event,
		  struct rouse_steer_path path)
{
	static const char *const codes[ROUSE_NB_EVENT_CODES] = { "rx", "tx", "link", "error" };

	fprintf(t->file, "event %s %u %u %u ", codes[event->code], path.queue, path.ring,
		path.vector);
	if (event->code == ROUSE_EVENT_LINK)
		fprintf(t->file, "%s\n", event->data != 0 ? "up" : "down");
	else if (event->code == ROUSE_EVENT_ERROR)
		fprintf(t->file, "%u\n", event->len);
	else if ((event->flags & ROUSE_EVENT_F_HASH) != 0)
		fprintf(t->file, "%08" PRIx32 "\n", event->rss_hash);
	else
		fputs("-\n", t->file);
}

void
evnic_trace_message(struct evnic_trace *t, uint16_t vector, const struct rouse_attn_target *target,
		    const char *fate)
{
	fprintf(t->file, "message %u %u %u %s\n", vector, target->device, target->ring, fate);
}
