/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The live view on a terminal: one screen, drawn anew in place each period and cut to the window as
 * it is then. Where the output is no terminal there is a plain line a period instead.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app.h"

/* ECMA-48, and the alternate screen of xterm. */
#define ENTER	 "\033[?1049h\033[?25l"
#define LEAVE	 "\033[?25h\033[?1049l"
#define HOME	 "\033[H"
#define LINE_END "\033[K\r\n"
#define REST	 "\033[J"

#define CTRL_D 4 /* no end of file here: lines are not waited for */

static struct {
	bool is_open;
	bool is_terminal; /* the input */
	struct termios before;
	struct top_worker workers[RTE_MAX_LCORE];
	struct rouse_histogram wake_ns[RTE_MAX_LCORE]; /* as they stood at the last period */
} top;

/* Whether there is a terminal to draw on. */
bool
top_open(const struct crew *crew)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO))
		return false;
	top.is_open = true;
	for (uint32_t i = 0; i < crew->nb; i++)
		rouse_histogram_copy(&top.wake_ns[i],
				     rouse_worker_wake_ns(crew->members[i].worker));
	top.is_terminal = tcgetattr(STDIN_FILENO, &top.before) == 0;
	if (top.is_terminal) {
		raw = top.before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C is a signal still */
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	fputs(ENTER, stdout);
	fflush(stdout);
	return true;
}

void
top_close(void)
{
	if (!top.is_open)
		return;
	top.is_open = false;
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (top.is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &top.before);
}

/* A key that was typed: 1: leave; 0: it is of no use; -1: nothing more will come. What follows it
 * may be for the prompt, and is left. */
int
top_read_key(void)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return -1;
	return n > 0 && (key == 'q' || key == CTRL_D);
}

static struct winsize
window(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

/* As many lines as the window has, each as long as it is wide. */
static void
draw(const char *text, struct winsize size)
{
	fputs(HOME, stdout);
	for (unsigned int row = 1; *text != '\0'; row++) {
		size_t len = strcspn(text, "\n");

		fwrite(text, 1, RTE_MIN(len, (size_t)size.ws_col), stdout);
		text += len + (text[len] != '\0');
		if (row == size.ws_row || *text == '\0')
			break;
		fputs(LINE_END, stdout);
	}
	fputs("\033[K" REST, stdout);
	fflush(stdout);
}

/* What the workers did since the last call. */
static void
take_period(const struct crew *crew, const struct report *now, const struct report *before)
{
	static struct rouse_histogram all, since;

	for (uint32_t i = 0; i < now->nb_workers; i++) {
		struct top_worker *w = &top.workers[i];

		w->lcore = now->workers[i].lcore;
		w->stats = now->workers[i].stats;
		rouse_worker_stats_since(&w->stats, &before->workers[i].stats);
		rouse_histogram_copy(&all, rouse_worker_wake_ns(crew->members[i].worker));
		rouse_histogram_copy(&since, &all);
		rouse_histogram_since(&since, &top.wake_ns[i]);
		rouse_histogram_copy(&top.wake_ns[i], &all);
		w->p50_ns = rouse_histogram_percentile(&since, 0.5);
		w->p99_ns = rouse_histogram_percentile(&since, 0.99);
	}
}

void
top_draw(const struct crew *crew, const struct report *now, const struct report *before,
	 double seconds, double up_s)
{
	const struct top_period period = {
		.now = now,
		.before = before,
		.workers = top.workers,
		.seconds = seconds,
		.up_s = up_s,
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return;
	take_period(crew, now, before);
	top_put(out, &period);
	if (fclose(out) == 0)
		draw(text, window());
	free(text);
}
