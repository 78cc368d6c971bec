/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a kernel interface receives. The frames that are there are copied out of the kernel's ring,
 * a burst at most, since libpcap gives a slot back before the next one can be had.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pcap/pcap.h>
#include <rte_cycles.h>
#include <rte_common.h>
#include <rte_errno.h>

#include "evnic.h"

#define DOWN_LOOK_NS (NS_PER_S / 10) /* between two looks at an interface that is down */
#define ARENA_SIZE   (4 * RTE_CACHE_LINE_ROUNDUP(EVNIC_MAX_FRAME)) /* bytes: a batch's frames */

struct source_iface {
	struct evnic_source base;
	struct evnic_iface iface;
	struct evnic_wire_stats *stats;
	int numa_node;
	pcap_t *pcap;	    /* NULL: not started */
	bool has_ended;	    /* the interface failed; that was logged */
	bool has_received;  /* since the kernel's drops were looked at */
	uint32_t nb_lost;   /* the kernel's drops at that look */
	uint32_t next;	    /* of the batch: what was advanced over */
	uint32_t nb_frames; /* of the batch */
	size_t used;	    /* bytes of the arena */
	uint8_t *arena;
	struct evnic_frame frames[EVNIC_BURST];
};

static struct source_iface *
of(struct evnic_source *s)
{
	return RTE_PTR_SUB(s, offsetof(struct source_iface, base));
}

static int
start(struct evnic_source *source)
{
	struct source_iface *s = of(source);
	int ret = evnic_iface_open(&s->iface, &s->pcap);

	if (ret != 0)
		return ret;
	s->base.fd = pcap_get_selectable_fd(s->pcap);
	s->has_ended = s->has_received = false;
	s->nb_lost = 0;
	s->base.nb_bad = 0;
	s->next = s->nb_frames = 0;
	return 0;
}

static void
keep(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct source_iface *s = (void *)user;
	struct evnic_frame *f = &s->frames[s->nb_frames];

	if (header->caplen == 0) {
		s->base.nb_bad++;
		return;
	}
	/* cut short by libpcap, or longer than a buffer */
	if (header->len != header->caplen || header->caplen > s->base.max_len) {
		rouse_counter_add(&s->stats->too_long, 1);
		return;
	}
	memcpy(s->arena + s->used, data, header->caplen);
	f->data = s->arena + s->used;
	f->len = header->caplen;
	f->rules_version = 0; /* the wire judges it */
	s->used += RTE_CACHE_LINE_ROUNDUP(header->caplen);
	s->nb_frames++;
}

static void
fail(struct source_iface *s)
{
	EVNIC_LOG(ERR, "%s: %s=%s: nothing more is received: %s", s->iface.port, s->iface.key,
		  s->iface.name, pcap_geterr(s->pcap));
	s->has_ended = true;
}

/* What the kernel had no room for, looked at when a burst is over. */
static void
count_lost(struct source_iface *s)
{
	struct pcap_stat stat;

	s->has_received = false;
	if (pcap_stats(s->pcap, &stat) != 0)
		return;
	rouse_counter_add(&s->stats->lost, stat.ps_drop - s->nb_lost);
	s->nb_lost = stat.ps_drop;
}

/*
 * While an interface is down libpcap wants to be asked again, since the kernel says only once that
 * it went, and not whether it is still there. *due_ns is when.
 */
static enum evnic_next
wait_for(struct source_iface *s, uint64_t *due_ns)
{
	struct timespec now;

	if (s->has_ended)
		return EVNIC_FAILED;
	if (pcap_get_required_select_timeout(s->pcap) == NULL)
		return EVNIC_SILENT;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*due_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec + DOWN_LOOK_NS;
	return EVNIC_WAIT_TIME;
}

/* Take a burst from the kernel. */
static enum evnic_next
fill(struct source_iface *s, uint64_t *due_ns)
{
	int got = 1;

	s->next = s->nb_frames = 0;
	s->used = 0;
	for (int i = 0; i < EVNIC_BURST && s->used + EVNIC_MAX_FRAME <= ARENA_SIZE; i++) {
		got = pcap_dispatch(s->pcap, 1, keep, (void *)s);
		if (got <= 0)
			break;
		s->has_received = true;
	}
	if (got < 0)
		fail(s);
	else if (got > 0 || s->nb_frames != 0)
		return EVNIC_MORE;
	if (s->has_received)
		count_lost(s);
	return wait_for(s, due_ns);
}

static void
peek(struct evnic_source *source, uint32_t max, struct evnic_batch *out)
{
	struct source_iface *s = of(source);

	out->next = EVNIC_MORE;
	if (s->next == s->nb_frames)
		out->next = s->has_ended ? EVNIC_FAILED : fill(s, &out->due_ns);
	out->frames = &s->frames[s->next];
	out->nb_frames = RTE_MIN(s->nb_frames - s->next, max);
}

static void
advance(struct evnic_source *source, uint32_t n)
{
	of(source)->next += n;
}

static void
stop(struct evnic_source *source)
{
	struct source_iface *s = of(source);

	pcap_close(s->pcap);
	s->pcap = NULL;
	s->base.fd = -1;
}

static void
destroy(struct evnic_source *source)
{
	struct source_iface *s = of(source);

	evnic_numa_free(s->arena, ARENA_SIZE);
	free(s);
}

static const struct evnic_source_ops ops = {
	.start = start,
	.peek = peek,
	.advance = advance,
	.stop = stop,
	.destroy = destroy,
};

/* NULL with rte_errno, logged. */
struct evnic_source *
evnic_source_iface_create(struct evnic_port *p)
{
	struct source_iface *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	s->base.ops = &ops;
	s->base.fd = -1;
	s->stats = &p->wire.stats;
	s->iface = (struct evnic_iface){
		.port = p->data->name,
		.key = p->args.rx_iface_key,
		.name = p->args.rx_iface,
		.is_rx = true,
	};
	s->arena = evnic_numa_alloc(ARENA_SIZE, p->args.numa_node);
	ret = s->arena == NULL ? -ENOMEM : evnic_iface_check(&s->iface);
	if (ret != 0) {
		destroy(&s->base);
		rte_errno = -ret;
		return NULL;
	}
	return &s->base;
}
