/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EVNIC_ENDS_H
#define EVNIC_ENDS_H

/*
 * What a port receives from and sends to: frames, sources, sinks and what joins ports. Part of
 * evnic.h, which includes it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_mbuf.h>

#include <rouse_attn.h>

struct evnic_port;
struct evnic_rules;

/* evnic_replay.c: the frames of a capture file, in memory and parsed */

struct evnic_frame {
	const uint8_t *data;
	uint64_t offset_ns; /* since the first frame, never falling */
	uint32_t len;
	uint32_t hash;
	uint32_t ptype;
	uint8_t flags;		/* ROUSE_EVENT_F_ and EVNIC_F_ bits */
	uint8_t fate;		/* EVNIC_FATE_ bits */
	uint32_t rules_version; /* by which the four above were found; 0: not yet */
};

struct evnic_chunk;

struct evnic_replay {
	struct evnic_frame *frames;
	size_t frames_size; /* bytes */
	uint64_t nb_frames;
	uint64_t span_ns; /* from the first frame of a loop to the first of the next */
	uint32_t longest; /* bytes of the longest frame */
	uint64_t nb_bad;  /* records that were left out */
	struct evnic_chunk *chunks;
};

int evnic_replay_load(struct evnic_replay *r, const char *name, const char *path, int numa_node);
void evnic_replay_free(struct evnic_replay *r);

/* Sources: what gives the wire its frames. The wire thread's alone while it runs. */

/* How the wire goes on. */
enum evnic_next {
	EVNIC_MORE,	 /* at once */
	EVNIC_WAIT_TIME, /* the next frame is not due yet */
	EVNIC_WAIT_ROOM, /* no buffer in the frame's queue, overrun=wait */
	EVNIC_SILENT,	 /* no frame: the source's fd or its handshake will say that there is one */
	EVNIC_ENDED,	 /* there will be no frame any more */
	EVNIC_FAILED,	 /* likewise, and there should have been; that was logged */
	EVNIC_HELD,	 /* there is no carrier */
};

/* What a source has to say. */
struct evnic_batch {
	struct evnic_frame *frames; /* valid until they are advanced over */
	uint32_t nb_frames;
	enum evnic_next next; /* without a frame: why */
	uint64_t due_ns;      /* EVNIC_WAIT_TIME: of CLOCK_MONOTONIC */
};

struct evnic_source;

/* Each but peek, advance and destroy may be NULL. */
struct evnic_source_ops {
	/* control thread, before the wire runs: begin from the beginning; 0 or -errno, logged */
	int (*start)(struct evnic_source *s);
	/* wire thread, first of all: the rules are known now */
	void (*prepare)(struct evnic_source *s, const struct evnic_rules *rules);
	/* wire thread: the carrier goes, the carrier is back; without this op what comes meanwhile
	 * is lost */
	void (*hold)(struct evnic_source *s, bool held);
	/* the next frames, at most max of them; asked again, it says the same */
	void (*peek)(struct evnic_source *s, uint32_t max, struct evnic_batch *out);
	/* n frames are finished with */
	void (*advance)(struct evnic_source *s, uint32_t n);
	/* the look before blocking of a source that was silent and follows the handshake */
	bool (*has_frames)(const struct evnic_source *s);
	/* control thread, after the wire has ended */
	void (*stop)(struct evnic_source *s);
	void (*destroy)(struct evnic_source *s);
};

struct evnic_source {
	const struct evnic_source_ops *ops;
	uint32_t longest; /* bytes of its longest frame; 0: not known, it leaves longer ones out */
	uint32_t max_len; /* bytes that the buffers of every queue hold; set before start */
	uint64_t nb_bad;  /* records that were no frame, since the start or of the whole capture */
	int fd;		  /* readable when there are frames, edge-triggered; -1: none */
	bool spins;	  /* waiting for a buffer, look for it so long before blocking */
};

/* evnic_source_pcap.c: the replay of a capture */

struct evnic_source *evnic_source_pcap_create(const struct evnic_port *p);

/* evnic_iface.c: a kernel interface, by libpcap */

struct pcap;

struct evnic_iface {
	const char *port; /* for messages: the port, and the argument that named the interface */
	const char *key;
	const char *name;
	bool is_rx;
};

int evnic_iface_open(const struct evnic_iface *i, struct pcap **out);
int evnic_iface_check(const struct evnic_iface *i);

/* evnic_source_iface.c: what a kernel interface receives */

struct evnic_source *evnic_source_iface_create(struct evnic_port *p);

/* Sinks: where the wire puts the frames that were sent. The wire thread's alone while it runs. */

struct evnic_sink;

/* Each but write and destroy may be NULL. */
struct evnic_sink_ops {
	/* control thread, before the wire runs; 0 or -errno, logged */
	int (*start)(struct evnic_sink *s);
	/* how many of the frames, 64 at most, it is done with: for the rest it has no room now; a
	 * bit of *refused for each of those that it could not take */
	uint32_t (*write)(struct evnic_sink *s, struct rte_mbuf *const *pkts, uint32_t nb_pkts,
			  uint64_t *refused);
	/* when there was no room, before blocking: wake the wire when there is room, or no longer
	 */
	void (*want_room)(struct evnic_sink *s, bool wanted);
	/* the look after that */
	bool (*has_room)(const struct evnic_sink *s);
	/* control thread, after the wire has ended */
	void (*stop)(struct evnic_sink *s);
	void (*destroy)(struct evnic_sink *s);
};

struct evnic_sink {
	const struct evnic_sink_ops *ops;
};

/* evnic_file.c: files that a port writes */

bool evnic_file_is_same(const char *a, const char *b);
const char *evnic_file_objection(const char *path);
FILE *evnic_file_open(const char *path, const char **why);

/* evnic_sink_pcap.c: a capture file */

struct evnic_sink *evnic_sink_pcap_create(const struct evnic_port *p);

/* evnic_sink_iface.c: a kernel interface that frames go out of */

struct evnic_sink *evnic_sink_iface_create(struct evnic_port *p);

/* evnic_pipe.c: frames from one wire thread to another, or to itself */

struct evnic_pipe;
struct evnic_wire_stats;

struct evnic_pipe *evnic_pipe_create(int numa_node);
void evnic_pipe_destroy(struct evnic_pipe *pipe);
void evnic_pipe_set_receiver(struct evnic_pipe *pipe, struct rouse_attn *receiver);
void evnic_pipe_set_sender(struct evnic_pipe *pipe, struct rouse_attn *sender);
void evnic_pipe_drain(struct evnic_pipe *pipe);
struct evnic_sink *evnic_pipe_sink(struct evnic_pipe *pipe);
struct evnic_source *evnic_pipe_source(struct evnic_pipe *pipe, struct evnic_wire_stats *stats);

/* evnic_cable.c: two ports joined by two pipes */

struct evnic_cable;

int evnic_cable_attach(struct evnic_port *p);
void evnic_cable_detach(struct evnic_port *p);
void evnic_cable_plug_in(struct evnic_port *p);
void evnic_cable_pull_out(struct evnic_port *p);

/* evnic_loopback.c: a port that receives what it sends, rte_eth_conf.lpbk_mode */

int evnic_loopback_set(struct evnic_port *p, bool wanted);
void evnic_loopback_destroy(struct evnic_port *p);

/* evnic_ends.c: a port's source and sink */

int evnic_ends_create(struct evnic_port *p);
int evnic_ends_start(struct evnic_port *p);
void evnic_ends_stop(struct evnic_port *p);
void evnic_ends_destroy(struct evnic_port *p);
uint32_t evnic_ends_longest(const struct evnic_port *p);
void evnic_ends_name(const struct evnic_port *p, char *text, size_t size);
struct evnic_source *evnic_ends_source(const struct evnic_port *p);
struct evnic_sink *evnic_ends_sink(const struct evnic_port *p);

#endif /* EVNIC_ENDS_H */
