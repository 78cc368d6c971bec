/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The report for programs. The file appears whole or not at all. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"

/* A string of JSON: a device's name may hold what JSON does not take as it is. */
static void
write_string(const char *s, FILE *f)
{
	fputc('"', f);
	for (; *s != '\0'; s++)
		if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ')
			fprintf(f, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, f);
	fputc('"', f);
}

/* What the device did to tell the workers of what it received. */
static void
write_wire(const struct port_report *p, FILE *f)
{
	const char *separator = "";

	fprintf(f, ",\"wire\":{");
#define X(member, xstat)                                                                           \
	fprintf(f, "%s\"%s\":%" PRIu64, separator, #member, p->wire.member);                       \
	separator = ",";
	PORT_WIRE_STATS(X)
#undef X
	fprintf(f, "}");
}

static void
write_port(const struct port_report *p, FILE *f)
{
	fprintf(f, "{\"port\":%u,\"name\":", p->port);
	write_string(p->name, f);
	fprintf(f,
		",\"kind\":\"%s\",\"ipackets\":%" PRIu64 ",\"ibytes\":%" PRIu64
		",\"opackets\":%" PRIu64 ",\"obytes\":%" PRIu64 ",\"imissed\":%" PRIu64
		",\"oerrors\":%" PRIu64 ",\"rx_nombuf\":%" PRIu64 ",\"queues\":[",
		p->kind, p->stats.ipackets, p->stats.ibytes, p->stats.opackets, p->stats.obytes,
		p->stats.imissed, p->stats.oerrors, p->stats.rx_nombuf);
	for (uint16_t q = 0; q < p->nb_queues; q++)
		fprintf(f, "%s{\"queue\":%u,\"ipackets\":%" PRIu64 ",\"opackets\":%" PRIu64 "}",
			q > 0 ? "," : "", q, p->q_ipackets[q], p->q_opackets[q]);
	fprintf(f, "]");
	if (p->has_wire)
		write_wire(p, f);
	fprintf(f, "}");
}

/* What is not counted is null. */
static void
write_perf(const struct worker_report *w, FILE *f)
{
	static const char *const names[] = {
#define X(member, text, type, config) #member,
		PERF_EVENTS(X)
#undef X
	};

	fprintf(f, ",\"perf\":{");
	for (unsigned int i = 0; i < PERF_NB; i++) {
		fprintf(f, "%s\"%s\":", i > 0 ? "," : "", names[i]);
		if (w->perf[i].error != 0)
			fprintf(f, "null");
		else
			fprintf(f, "%" PRIu64, w->perf[i].value);
	}
	fprintf(f, "}");
}

static void
write_worker(const struct worker_report *w, FILE *f)
{
	const struct rouse_worker_stats *s = &w->stats;

	fprintf(f,
		"{\"lcore\":%u,\"numa_node\":%d,\"tx_packets\":%" PRIu64 ",\"tx_dropped\":%" PRIu64,
		w->lcore, w->numa_node, w->tx_packets, w->tx_dropped);
#define X(member, help) fprintf(f, ",\"%s\":%" PRIu64, #member, s->member);
	ROUSE_WORKER_STATS(X)
#undef X
	fprintf(f,
		",\"asleep_tsc\":%" PRIu64
		",\"busy_pct\":%.4f,\"asleep_pct\":%.4f,\"cpu_seconds\":%.6f,"
		"\"wall_seconds\":%.6f,\"packets_per_second\":%.1f,\"cycles_per_packet\":%.1f",
		s->asleep_tsc, w->busy_pct, w->asleep_pct, w->cpu_s, w->wall_s,
		w->wall_s > 0 ? (double)s->rx_packets / w->wall_s : 0, w->cycles_per_packet);
	fprintf(f,
		",\"wake_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
		",\"p999\":%" PRIu64 ",\"p9999\":%" PRIu64 ",\"max\":%" PRIu64 "}",
		w->wake_count, w->wake_ns_p50, w->wake_ns_p99, w->wake_ns_p999, w->wake_ns_p9999,
		w->wake_ns_max);
	fprintf(f,
		",\"spin_ns\":%" PRIu64 ",\"brief_spin_ns\":%" PRIu64 ",\"break_even_ns\":%" PRIu64,
		w->spin.spin_ns, w->spin.brief_ns, w->spin.break_even_ns);
	if (w->has_perf)
		write_perf(w, f);
	fprintf(f, "}");
}

static void
write_report(const struct report *r, FILE *f)
{
	fprintf(f, "{\"ports\":[");
	for (uint32_t i = 0; i < r->nb_ports; i++) {
		fprintf(f, "%s\n ", i > 0 ? "," : "");
		write_port(&r->ports[i], f);
	}
	fprintf(f, "],\n\"workers\":[");
	for (uint32_t i = 0; i < r->nb_workers; i++) {
		fprintf(f, "%s\n ", i > 0 ? "," : "");
		write_worker(&r->workers[i], f);
	}
	fprintf(f,
		"],\n\"process\":{\"cpu_seconds\":%.6f,\"rss_kb\":%" PRIu64
		",\"hugetlb_kb\":%" PRIu64 "}}\n",
		r->process_cpu_s, r->rss_kb, r->hugetlb_kb);
}

/* Where the report is written: beside the file that it then becomes, or, if there is a device or a
 * pipe of that name, right into it. */
struct place {
	char *final; /* links followed, NULL: write in place */
	char *now;
};

static bool
find_place(const char *path, struct place *p)
{
	struct stat there;
	bool exists = stat(path, &there) == 0;

	p->final = NULL;
	p->now = NULL;
	if (exists && S_ISDIR(there.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (exists && !S_ISREG(there.st_mode)) {
		p->now = strdup(path);
		return p->now != NULL;
	}
	p->final = exists ? realpath(path, NULL) : strdup(path);
	if (p->final == NULL || asprintf(&p->now, "%s.%ld.tmp", p->final, (long)getpid()) < 0) {
		free(p->final);
		p->final = NULL;
		return false;
	}
	return true;
}

static void
forget_place(struct place *p)
{
	free(p->final);
	free(p->now);
}

/* Before the run: can the file be made where it shall be? */
int
report_json_check(const char *path)
{
	struct place p;
	FILE *f = find_place(path, &p) ? fopen(p.now, "w") : NULL;

	if (f == NULL) {
		COMPLAIN("--json=%s: cannot be written: %s; give a file that can", path,
			 strerror(errno));
		forget_place(&p);
		return -EINVAL;
	}
	fclose(f);
	if (p.final != NULL)
		unlink(p.now);
	forget_place(&p);
	return 0;
}

int
report_json_write(const struct report *r, const char *path)
{
	struct place p;
	FILE *f = find_place(path, &p) ? fopen(p.now, "w") : NULL;
	bool ok = f != NULL;

	if (ok) {
		write_report(r, f);
		ok = ferror(f) == 0;
		ok = fclose(f) == 0 && ok;
		ok = ok && (p.final == NULL || rename(p.now, p.final) == 0);
	}
	if (!ok) {
		COMPLAIN("--json=%s: cannot be written: %s", path, strerror(errno));
		if (f != NULL && p.final != NULL)
			unlink(p.now);
	}
	forget_place(&p);
	return ok ? 0 : -EIO;
}
