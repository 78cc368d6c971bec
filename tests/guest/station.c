/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * station EAL-ARGUMENTS -- QUEUES [DESCRIPTORS [MBUFS [hybrid|interrupt]]]
 *
 * Commands are lines; each is answered by lines of which the last is "ok", or "error: " and what is
 * wrong. Lines that begin with "event: " come at any time.
 *
 *   stats                 a line a worker: its counters
 *   flows                 a line a flow: its queue, hash, frames; then what was received in all
 *   clear                 forget these
 *   echo on|off           send back what comes
 *   keep on|off           keep what comes, so that the pool becomes empty
 *   reta QUEUE...         entry i of the table is the i-th of them, over and over
 *   move QUEUE WORKER     to the worker of this number, from 0
 *   port stop|start|setup stop: pause the workers, stop; start: start, resume them; setup: its
 * queues link                  what the port says of it quit                  end; the status is 0
 * if every mbuf came back
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>

#include "station.h"

#define NB_DESC	  256
#define NB_MBUFS  8192
#define MAX_WORDS 160
#define MAX_LINE  1024
#define BLANKS	  " \n"

static struct station station;

static int
is_on(const char *word)
{
	return strcmp(word, "on") == 0;
}

static int
change_port(struct station *st, const char *what)
{
	int ret;

	if (strcmp(what, "setup") == 0)
		return port_set_up(st);
	if (strcmp(what, "start") == 0) {
		ret = port_start(st);
		return ret == 0 ? rouse_worker_port_resume(st->port) : ret;
	}
	ret = rouse_worker_port_pause(st->port);
	return ret == 0 ? port_stop(st) : ret;
}

static int
set_reta(struct station *st, char **words, unsigned int nb)
{
	unsigned int queues[MAX_WORDS];

	for (unsigned int i = 0; i < nb; i++)
		queues[i] = (unsigned int)strtoul(words[i], NULL, 10);
	return port_set_reta(st, queues, nb);
}

static int
move_queue(struct station *st, const char *queue, const char *worker)
{
	unsigned long q = strtoul(queue, NULL, 10), w = strtoul(worker, NULL, 10);

	return q < st->nb_queues && w < st->nb_workers ? crew_move_queue(st, (uint16_t)q, w)
						       : -EINVAL;
}

static int
print_link(const struct station *st)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(st->port, &link);

	if (ret == 0)
		printf("link %s\n", link.link_status ? "up" : "down");
	return ret;
}

/* 0 or -errno */
static int
obey(struct station *st, char **words, unsigned int nb)
{
	const char *word = words[0];

	if (strcmp(word, "stats") == 0)
		crew_print(st);
	else if (strcmp(word, "flows") == 0)
		flows_print();
	else if (strcmp(word, "clear") == 0)
		flows_clear();
	else if (strcmp(word, "link") == 0)
		return print_link(st);
	else if (strcmp(word, "reta") == 0)
		return set_reta(st, words + 1, nb - 1);
	else if (strcmp(word, "echo") == 0 && nb == 2)
		flows_set_echo(is_on(words[1]));
	else if (strcmp(word, "keep") == 0 && nb == 2)
		flows_set_keep(is_on(words[1]));
	else if (strcmp(word, "port") == 0 && nb == 2)
		return change_port(st, words[1]);
	else if (strcmp(word, "move") == 0 && nb == 3)
		return move_queue(st, words[1], words[2]);
	else
		return -ENOSYS;
	return 0;
}

static void
answer(int ret)
{
	if (ret == 0)
		printf("ok\n");
	else
		printf("error: %s\n", rte_strerror(-ret));
}

static void
obey_all(struct station *st)
{
	char line[MAX_LINE], *words[MAX_WORDS], *rest;
	unsigned int nb;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		nb = 0;
		for (char *word = strtok_r(line, BLANKS, &rest); word != NULL && nb < MAX_WORDS;
		     word = strtok_r(NULL, BLANKS, &rest))
			words[nb++] = word;
		if (nb != 0 && strcmp(words[0], "quit") == 0)
			return;
		if (nb != 0)
			answer(obey(st, words, nb));
	}
}

static unsigned long
number(int argc, char **argv, int at, unsigned long standard)
{
	return argc > at ? strtoul(argv[at], NULL, 10) : standard;
}

int
main(int argc, char **argv)
{
	struct station *st = &station;
	int nb_eal = rte_eal_init(argc, argv), ret;
	bool is_whole;

	if (nb_eal < 0)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	argc -= nb_eal;
	argv += nb_eal;
	st->nb_queues = (uint16_t)RTE_MIN(number(argc, argv, 1, 1), (unsigned long)MAX_QUEUES);
	st->nb_desc = (uint16_t)number(argc, argv, 2, NB_DESC);
	st->mode = argc > 4 && strcmp(argv[4], "interrupt") == 0 ? ROUSE_WORKER_INTERRUPT
								 : ROUSE_WORKER_HYBRID;
	ret = port_open(st, (uint16_t)number(argc, argv, 3, NB_MBUFS));
	if (ret == 0)
		ret = crew_create(st);
	if (ret == 0)
		ret = crew_run(st);
	answer(ret);
	if (ret == 0)
		obey_all(st);
	if (st->pool == NULL)
		return EXIT_FAILURE;
	crew_end(st);
	flows_set_keep(false);
	is_whole = port_close(st);
	rte_eal_cleanup();
	return ret == 0 && is_whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
