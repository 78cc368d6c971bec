/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * rousepmd: start the ports, let the workers forward, report. The main lcore sleeps; it wakes for
 * a signal, and TICKS_PER_S times a second to see whether the replay or the duration is over.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "app.h"
#include "prompt.h"

#define TICKS_PER_S  10
#define TOP_PERIOD_S 1
#define TOP_FIRST_S  0.05 /* its first screen does not wait for a period */

/* Too large for a stack. */
static struct crew crew;
static struct report now_report, last_report;

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* a reader that went away must not take the report along */
	signal(SIGPIPE, SIG_IGN);
	/* before EAL starts threads: they inherit it */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int
open_ticker(void)
{
	const struct itimerspec period = {
		.it_value = { .tv_nsec = 1000000000 / TICKS_PER_S },
		.it_interval = { .tv_nsec = 1000000000 / TICKS_PER_S },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(fd, 0, &period, NULL);
	return fd;
}

static double
seconds_since(uint64_t tsc)
{
	return (double)(rte_rdtsc() - tsc) / (double)rte_get_tsc_hz();
}

static void
show_period(double seconds, bool has_view, double up_s)
{
	collect(&crew, &now_report);
	if (has_view)
		top_draw(&crew, &now_report, &last_report, seconds, up_s);
	else
		report_line(&now_report, &last_report, seconds);
	last_report = now_report;
}

/* In the live view, from which one comes back to the prompt. 1: the input has ended; 0 */
static int
read_view_keys(struct control *control)
{
	int keys = top_read_key();

	if (keys > 0) {
		top_close();
		control->has_view = control->is_view_new = false;
		prompt_show();
	}
	return keys < 0;
}

/* What was typed: 1: leave; 0: nothing of use; -1: nothing more will come */
static int
read_keys(struct control *control)
{
	if (!control->options->interactive)
		return top_read_key();
	return control->has_view ? read_view_keys(control) : prompt_read(control);
}

/* 0: there is nothing to show again and again. */
static double
period_of(const struct control *control)
{
	const struct options *o = control->options;
	bool is_watched = o->top || control->has_view;

	return is_watched && o->stats_period <= 0 ? TOP_PERIOD_S : o->stats_period;
}

/* What is due, at a tick. */
static void
show_what_is_due(struct control *control, uint64_t start, uint64_t *last_line)
{
	double period = control->is_view_new ? TOP_FIRST_S : period_of(control);

	if (!control->has_view)
		verbose_print();
	if (period <= 0 || seconds_since(*last_line) < period)
		return;
	control->is_view_new = false;
	show_period(seconds_since(*last_line), control->has_view, seconds_since(start));
	*last_line = rte_rdtsc();
}

/* Until a signal, 'q' in the live view, the end of the prompt, the end of the duration, or the end
 * of the replay. 0; -ENODEV: until a device is pulled out, after a complaint */
static int
wait_for_end(struct control *control, int signals)
{
	const struct options *o = control->options;
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = open_ticker(), .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	uint64_t start = rte_rdtsc(), last_line = start, ticks;
	bool had_view;
	int ret = 0, keys;

	control->has_view = control->is_view_new = o->top && top_open(&crew);
	if (control->has_view || o->interactive)
		fds[2].fd = STDIN_FILENO;
	collect(&crew, &last_report);
	for (;;) {
		if (poll(fds, RTE_DIM(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents != 0)
			break;
		had_view = control->has_view;
		keys = fds[2].revents != 0 ? read_keys(control) : 0;
		if (keys > 0)
			break;
		if (control->has_view && !had_view) { /* it shows what happens from here on */
			control->is_view_new = true;
			collect(&crew, &last_report);
			last_line = rte_rdtsc();
		}
		if (keys < 0)
			fds[2].fd = -1;
		if (fds[1].revents == 0 || read(fds[1].fd, &ticks, sizeof(ticks)) < 0)
			continue;
		show_what_is_due(control, start, &last_line);
		if (o->duration > 0 && seconds_since(start) >= o->duration)
			break;
		ret = devices_look();
		if (ret != 0 || (!o->interactive && ports_have_ended()))
			break;
	}
	close(fds[1].fd);
	top_close();
	return ret;
}

/* The commands of a file, then those of the prompt, or, without, until there is nothing to do. */
static int
run(struct control *control, int signals)
{
	const struct options *o = control->options;
	int ret = 0;

	if (o->auto_start)
		ret = forwarding_start(control);
	if (ret == 0 && o->cmdline_file != NULL)
		ret = prompt_run_file(control, o->cmdline_file);
	if (ret == 0 && o->interactive && !control->is_over)
		ret = prompt_open(control);
	else if (ret == 0 && !control->is_over)
		ret = forwarding_start(control);
	if (ret == 0 && !control->is_over)
		ret = wait_for_end(control, signals);
	prompt_close();
	return ret;
}

static int
forward(struct options *o, int signals)
{
	static struct control control;
	unsigned int nb_workers = crew_size(o);
	bool has_run;
	int ret;

	control.crew = &crew;
	control.options = o;
	ret = crew_check(o);
	if (ret == 0)
		ret = places_check(o);
	if (ret == 0)
		ret = ports_start(o, nb_workers);
	if (ret == 0)
		ret = crew_create(&crew, o);
	if (ret == 0)
		ret = telemetry_open(&crew);
	has_run = ret == 0;
	if (has_run)
		ret = run(&control, signals);
	crew_stop(&crew);
	verbose_close();
	if (has_run) {
		collect(&crew, &now_report);
		if (report_print(&now_report, stdout) != 0)
			ret = -EIO;
		if (o->json != NULL && report_json_write(&now_report, o->json) != 0)
			ret = -EIO;
		if (report_has_errors(&now_report))
			ret = -EIO;
	}
	telemetry_close();
	crew_destroy(&crew);
	if (ports_stop() != 0)
		ret = -EFAULT;
	return ret;
}

/* The index of "--", behind which the application's own options are; argc: there is none. */
static int
find_separator(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

/* Whether EAL is up, *ret says. */
static bool
start_eal(int argc, char **argv, int signals, int *ret)
{
	log_open();
	rte_set_application_usage_hook(options_help);
	if (rte_eal_init(argc, argv) < 0) {
		log_complain("cannot start: %s", rte_strerror(rte_errno));
		*ret = -EINVAL;
		return false;
	}
	devices_watch();
	starting_begin(signals);
	*ret = devices_plug();
	starting_end();
	return true;
}

/* What was asked for, before "--" or behind it. */
static int
parse(int argc, char **argv, int separator, struct options *options)
{
	int ret;

	/* getopt takes the word before the options for the program's name */
	if (separator < argc)
		ret = options_parse(argc - separator, argv + separator, options);
	else
		ret = options_parse(1, argv, options);
	for (int i = 1; i < separator && ret == 0; i++)
		options->check |= options_is_check(argv[i]);
	if (ret == 0)
		options->check_nics = options->check && eal_args_want_pci(separator, argv);
	if (ret == 0 && options->json != NULL)
		ret = report_json_check(options->json);
	return ret;
}

int
main(int argc, char **argv)
{
	int separator = find_separator(argc, argv);
	struct options options;
	int signals = open_signals();
	char **eal_argv;
	bool has_eal;
	int ret = parse(argc, argv, separator, &options);

	if (ret != 0)
		return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

	argc = eal_args_build(separator, argv, &eal_argv);
	if (argc < 0)
		return EXIT_FAILURE;
	has_eal = start_eal(argc, eal_argv, signals, &ret);
	if (options.check)
		ret = check_ports(&options, has_eal) != 0 ? -ENODEV : ret;
	else if (devices_check() != 0)
		ret = -ENODEV;
	else if (ret == 0)
		ret = forward(&options, signals);
	if (has_eal)
		rte_eal_cleanup();
	free(eal_argv);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
