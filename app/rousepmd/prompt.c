/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The prompt: rte_cmdline edits the line, remembers, completes and helps; what a whole line says is
 * done here, on the main lcore, between two looks at signals. Ctrl-C stays a signal, so that it
 * ends the program as it does without a prompt; so does the end of the input.
 */

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmdline.h>
#include <cmdline_rdline.h>

#include "prompt.h"

#define PROMPT	  "rousepmd> "
#define LINE_SIZE 1024

static struct {
	struct grammar *grammar;
	struct cmdline *cl;
	bool is_terminal;
	struct termios before;
	struct command_line line; /* too large for a stack */
} prompt;

static int
need_grammar(struct control *c)
{
	if (prompt.grammar == NULL)
		prompt.grammar = grammar_create(commands, nb_commands, c->crew);
	if (prompt.grammar == NULL)
		COMPLAIN("no memory for the prompt");
	return prompt.grammar == NULL ? -ENOMEM : 0;
}

static void
run_line(struct control *c, const char *text)
{
	char error[COMMAND_ERROR_SIZE];
	const struct command *command =
		grammar_parse(prompt.grammar, text, &prompt.line, error, sizeof(error));

	log_mark();
	if (command != NULL)
		command->run(c, &prompt.line);
	else if (error[0] != '\0')
		REFUSE("%s", error);
	fflush(stdout);
}

/* Each line of a file, until one ends the program. 0, -errno after a complaint */
int
prompt_run_file(struct control *c, const char *path)
{
	char line[LINE_SIZE];
	FILE *f;
	int ret = need_grammar(c);

	if (ret != 0)
		return ret;
	f = fopen(path, "r");
	if (f == NULL) {
		COMPLAIN("--cmdline-file=%s: cannot be read: %s; give a file that can", path,
			 strerror(errno));
		return -EINVAL;
	}
	while (!c->is_over && fgets(line, sizeof(line), f) != NULL) {
		printf(PROMPT "%s%s", line, strchr(line, '\n') != NULL ? "" : "\n");
		run_line(c, line);
	}
	fclose(f);
	if (!c->is_over)
		printf("Read CLI commands from %s\n", path);
	fflush(stdout);
	return 0;
}

static void
make_raw(void)
{
	struct termios raw;

	prompt.is_terminal = tcgetattr(STDIN_FILENO, &prompt.before) == 0;
	if (!prompt.is_terminal)
		return;
	raw = prompt.before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C is a signal still */
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void
restore(void)
{
	if (prompt.is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &prompt.before);
}

int
prompt_open(struct control *c)
{
	if (need_grammar(c) != 0)
		return -ENOMEM;
	make_raw(); /* first: the next prints the prompt, and what is typed then is echoed once */
	prompt.cl = cmdline_new(grammar_ctx(prompt.grammar), PROMPT, STDIN_FILENO, STDOUT_FILENO);
	if (prompt.cl != NULL)
		return 0;
	restore();
	COMPLAIN("the prompt cannot be made");
	return -ENOMEM;
}

void
prompt_close(void)
{
	if (prompt.cl != NULL) {
		restore();
		cmdline_free(prompt.cl); /* leaves standard input open */
		prompt.cl = NULL;
		printf("\n");
	}
	grammar_destroy(prompt.grammar);
	prompt.grammar = NULL;
}

static void
end_line(struct control *c)
{
	struct rdline *rdl = cmdline_get_rdline(prompt.cl);
	char text[LINE_SIZE];

	snprintf(text, sizeof(text), "%s", rdline_get_buffer(rdl));
	text[strcspn(text, "\r\n")] = '\0';
	cmdline_printf(prompt.cl, "\r\n");
	if (text[strspn(text, " \t")] != '\0')
		rdline_add_history(rdl, text);
	run_line(c, text);
	if (!c->is_over && !c->has_view)
		rdline_newline(rdl, PROMPT);
}

bool
prompt_is_open(void)
{
	return prompt.cl != NULL;
}

/* Once more, after what was on the terminal meanwhile. */
void
prompt_show(void)
{
	rdline_newline(cmdline_get_rdline(prompt.cl), PROMPT);
}

/* A key that was typed. 0; 1: it was the end. The next may be for the live view, and is left. */
int
prompt_read(struct control *c)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n < 0)
		return errno != EINTR && errno != EAGAIN;
	if (n == 0)
		return 1;
	if (key == '\n' || key == '\r')
		end_line(c);
	else if (cmdline_in(prompt.cl, &key, 1) < 0)
		return 1; /* Ctrl-D */
	return c->is_over;
}
