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

static void
write_port(const struct port_report *p, FILE *f)
{
	fprintf(f,
		"{\"port\":%u,\"name\":\"%s\",\"kind\":\"%s\",\"ipackets\":%" PRIu64
		",\"ibytes\":%" PRIu64 ",\"opackets\":%" PRIu64 ",\"obytes\":%" PRIu64
		",\"imissed\":%" PRIu64 ",\"oerrors\":%" PRIu64 ",\"rx_nombuf\":%" PRIu64
		",\"queues\":[",
		p->port, p->name, p->kind, p->stats.ipackets, p->stats.ibytes, p->stats.opackets,
		p->stats.obytes, p->stats.imissed, p->stats.oerrors, p->stats.rx_nombuf);
	for (uint16_t q = 0; q < p->nb_queues; q++)
		fprintf(f, "%s{\"queue\":%u,\"ipackets\":%" PRIu64 ",\"opackets\":%" PRIu64 "}",
			q > 0 ? "," : "", q, p->q_ipackets[q], p->q_opackets[q]);
	fprintf(f, "]}");
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
		",\"busy_pct\":%.4f,\"asleep_pct\":%.4f,\"cpu_seconds\":%.6f,"
		"\"wall_seconds\":%.6f,\"packets_per_second\":%.1f,\"cycles_per_packet\":%.1f",
		w->busy_pct, w->asleep_pct, w->cpu_s, w->wall_s,
		w->wall_s > 0 ? (double)s->rx_packets / w->wall_s : 0, w->cycles_per_packet);
	fprintf(f,
		",\"wake_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
		",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 "}}",
		w->wake_count, w->wake_ns_p50, w->wake_ns_p99, w->wake_ns_p999, w->wake_ns_max);
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

static char *
temporary_name(const char *path)
{
	char *name;

	return asprintf(&name, "%s.%ld.tmp", path, (long)getpid()) < 0 ? NULL : name;
}

/* Before the run: can the file be made where it shall be? */
int
report_json_check(const char *path)
{
	char *name = temporary_name(path);
	FILE *f = name == NULL ? NULL : fopen(name, "w");
	struct stat there;

	if (f != NULL && stat(path, &there) == 0 && S_ISDIR(there.st_mode)) {
		fclose(f);
		unlink(name);
		f = NULL;
		errno = EISDIR;
	}
	if (f == NULL) {
		COMPLAIN("--json=%s: cannot be written: %s; give a file that can", path,
			 strerror(errno));
		free(name);
		return -EINVAL;
	}
	fclose(f);
	unlink(name);
	free(name);
	return 0;
}

int
report_json_write(const struct report *r, const char *path)
{
	char *name = temporary_name(path);
	FILE *f = name == NULL ? NULL : fopen(name, "w");
	bool ok = f != NULL;

	if (ok) {
		write_report(r, f);
		ok = ferror(f) == 0;
		ok = fclose(f) == 0 && ok;
		ok = ok && rename(name, path) == 0;
	}
	if (!ok) {
		COMPLAIN("--json=%s: cannot be written: %s", path, strerror(errno));
		if (f != NULL)
			unlink(name);
	}
	free(name);
	return ok ? 0 : -EIO;
}
