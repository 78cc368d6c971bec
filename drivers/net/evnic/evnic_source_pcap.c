/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The replay of a capture: its frames lie in memory, so that a batch of them is a pointer. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#include "evnic.h"

struct source_pcap {
	struct evnic_source base;
	struct evnic_replay replay;
	const struct evnic_args *args;
	uint64_t start_ns;
	uint64_t next; /* index of the next frame */
	uint64_t loop;
	uint64_t sent;
};

static struct source_pcap *
of(struct evnic_source *s)
{
	return RTE_PTR_SUB(s, offsetof(struct source_pcap, base));
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* When the n-th frame from the next one on is due, in ns of CLOCK_MONOTONIC. */
static uint64_t
due_ns(const struct source_pcap *s, uint32_t n)
{
	const struct evnic_args *args = s->args;
	uint64_t sent = s->sent + n;

	if (args->pace == EVNIC_PACE_PPS)
		return s->start_ns + sent / args->pps * NS_PER_S +
		       sent % args->pps * NS_PER_S / args->pps;
	return s->start_ns + (uint64_t)((double)(s->loop * s->replay.span_ns +
						 s->replay.frames[s->next + n].offset_ns) /
					args->speed);
}

/* A batch ends where the capture does: one played for ever is repeated, or bursts would be short.
 */
static void
repeat(struct evnic_replay *r)
{
	uint64_t n = r->nb_frames;

	while (r->nb_frames < EVNIC_BURST &&
	       (r->nb_frames + n) * sizeof(*r->frames) <= r->frames_size) {
		memcpy(&r->frames[r->nb_frames], r->frames, n * sizeof(*r->frames));
		r->nb_frames += n;
	}
}

static int
start(struct evnic_source *source)
{
	struct source_pcap *s = of(source);

	s->next = s->loop = s->sent = 0;
	return 0;
}

/* Hash all of it before the first frame is due. */
static void
prepare(struct evnic_source *source, const struct evnic_rss *rss, uint32_t version)
{
	struct source_pcap *s = of(source);

	for (uint64_t i = 0; i < s->replay.nb_frames; i++)
		evnic_rss_frame(rss, version, &s->replay.frames[i]);
	s->start_ns = now_ns();
}

static void
peek(struct evnic_source *source, uint32_t max, struct evnic_batch *out)
{
	struct source_pcap *s = of(source);
	uint64_t now;
	uint32_t n;

	out->nb_frames = 0;
	out->next = EVNIC_ENDED;
	if (s->args->loops != 0 && s->loop == s->args->loops)
		return;
	n = (uint32_t)RTE_MIN(s->replay.nb_frames - s->next, (uint64_t)max);
	out->frames = &s->replay.frames[s->next];
	if (s->args->pace == EVNIC_PACE_MAX) {
		out->nb_frames = n;
		return;
	}
	now = now_ns();
	for (uint32_t i = 0; i < n; i++) {
		out->due_ns = due_ns(s, i);
		if (out->due_ns > now)
			break;
		out->nb_frames++;
	}
	out->next = EVNIC_WAIT_TIME;
}

static void
advance(struct evnic_source *source, uint32_t n)
{
	struct source_pcap *s = of(source);

	s->sent += n;
	s->next += n;
	if (s->next == s->replay.nb_frames) {
		s->next = 0;
		s->loop++;
	}
}

static void
destroy(struct evnic_source *source)
{
	struct source_pcap *s = of(source);

	evnic_replay_free(&s->replay);
	free(s);
}

static const struct evnic_source_ops ops = {
	.start = start,
	.prepare = prepare,
	.peek = peek,
	.advance = advance,
	.destroy = destroy,
};

/* NULL with rte_errno, logged. */
struct evnic_source *
evnic_source_pcap_create(const struct evnic_port *p)
{
	struct source_pcap *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	ret = evnic_replay_load(&s->replay, p->data->name, p->args.rx_pcap, p->args.numa_node);
	if (ret != 0) {
		rte_errno = -ret;
		free(s);
		return NULL;
	}
	if (p->args.pace == EVNIC_PACE_MAX && p->args.loops == 0)
		repeat(&s->replay);
	s->args = &p->args;
	s->base = (struct evnic_source){
		.ops = &ops,
		.longest = s->replay.longest,
		.fd = -1,
		.spins = p->args.pace == EVNIC_PACE_MAX,
	};
	return &s->base;
}
