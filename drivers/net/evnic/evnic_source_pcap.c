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

#define NEVER_NS 4e18 /* 126 years: with the clock's time added it still fits */

struct source_pcap {
	struct evnic_source base;
	struct evnic_replay replay;
	const struct evnic_args *args;
	uint64_t start_ns;
	uint64_t held_ns; /* since when time stands still */
	uint64_t next;	  /* index of the next frame */
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

/* When the recording has the frame, from the start of the replay. Clocks that jump, and slow
 * motion, make times that 64 bits do not hold: those are never. */
static uint64_t
recorded_ns(const struct source_pcap *s, const struct evnic_frame *f)
{
	double ns = ((double)s->loop * (double)s->replay.span_ns + (double)f->offset_ns) /
		    s->args->speed;

	return ns < NEVER_NS ? (uint64_t)ns : (uint64_t)NEVER_NS;
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
	return s->start_ns + recorded_ns(s, &s->replay.frames[s->next + n]);
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

/* Judge all of it before the first frame is due. */
static void
prepare(struct evnic_source *source, const struct evnic_rules *rules)
{
	struct source_pcap *s = of(source);

	for (uint64_t i = 0; i < s->replay.nb_frames; i++)
		evnic_rules_judge(rules, &s->replay.frames[i]);
	s->start_ns = now_ns();
}

/* Without carrier the replay stands still, its clock with it. */
static void
hold(struct evnic_source *source, bool held)
{
	struct source_pcap *s = of(source);

	if (held)
		s->held_ns = now_ns();
	else
		s->start_ns += now_ns() - s->held_ns;
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
	.hold = hold,
	.peek = peek,
	.advance = advance,
	.destroy = destroy,
};

/* A recording without a duration cannot be repeated at its own pace. */
static int
check_loops(const struct source_pcap *s, const char *name)
{
	if (s->args->pace != EVNIC_PACE_ORIG || s->args->loops == 1 || s->replay.span_ns != 0)
		return 0;
	EVNIC_LOG(ERR,
		  "%s: rx_pcap=%s: its frames all have one time, so pace=orig cannot repeat it; "
		  "give pace=<pps>",
		  name, s->args->rx_pcap);
	return -EINVAL;
}

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
	s->args = &p->args;
	ret = evnic_replay_load(&s->replay, p->data->name, p->args.rx_pcap, p->args.numa_node);
	if (ret == 0)
		ret = check_loops(s, p->data->name);
	if (ret != 0) {
		destroy(&s->base);
		rte_errno = -ret;
		return NULL;
	}
	if (p->args.pace == EVNIC_PACE_MAX && p->args.loops == 0)
		repeat(&s->replay);
	s->base = (struct evnic_source){
		.ops = &ops,
		.longest = s->replay.longest,
		.nb_bad = s->replay.nb_bad,
		.fd = -1,
		.spins = p->args.pace == EVNIC_PACE_MAX,
	};
	return &s->base;
}
