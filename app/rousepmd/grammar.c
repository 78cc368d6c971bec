/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * From the list of commands to what understands them. A command is a pattern of words: a word as it
 * stands, several of which one is meant (on|off), or the name of a value (<port>). Both the tokens
 * by which rte_cmdline completes and helps, and the parser, which says what was expected where, are
 * made of it.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmdline_parse.h>
#include <cmdline_parse_string.h>

#include "app.h"
#include "prompt.h"

#define WORD_SIZE 48

struct grammar {
	const struct crew *crew;
	uint32_t nb;
	const struct command *commands;
	cmdline_parse_ctx_t *ctx; /* for rte_cmdline, NULL at its end */
};

/* ---- values ---- */

static bool
parse_number(const char *word, uint32_t *n)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	value = strtoull(word, &end, 0);
	*n = (uint32_t)value;
	return *end == '\0' && errno == 0 && value < COMMAND_ALL;
}

static bool
is_worker(const struct crew *crew, uint32_t lcore)
{
	for (uint32_t i = 0; i < crew->nb; i++)
		if (crew->members[i].lcore == lcore)
			return true;
	return false;
}

static bool
is_any(const struct crew *crew __rte_unused, uint32_t n __rte_unused)
{
	return true;
}

static bool
is_port(const struct crew *crew __rte_unused, uint32_t n)
{
	return n < RTE_MAX_ETHPORTS && rte_eth_dev_is_valid_port((uint16_t)n);
}

/* One list: the name in a pattern, which numbers are meant, whether all of them may be, what is
 * expected. */
static const struct value {
	const char *name;
	bool (*is_valid)(const struct crew *crew, uint32_t n);
	bool may_be_all;
	const char *expected;
} values[] = {
	{ "<port>", is_port, false, "the number of a port" },
	{ "<ports>", is_port, true, "the number of a port, or all" },
	{ "<lcore>", is_worker, false, "the lcore of a worker" },
	{ "<lcores>", is_worker, true, "the lcore of a worker, or all" },
	{ "<queue>", is_any, false, "the number of a queue" },
	{ "<number>", is_any, false, "a number" },
	{ "<text>", NULL, false, "a word" },
};

static const struct value *
find_value(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return &values[i];
	return NULL;
}

/* ---- one word ---- */

/* The next word at *at, which then is behind it; false: there is none. */
static bool
next_word(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t\r\n#");
	snprintf(word, size, "%.*s", (int)len, *at);
	*at += len;
	return len != 0;
}

static bool
is_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = choices; *at != '\0'; at += *at == '|') {
		size_t n = strcspn(at, "|");

		if (n == len && strncmp(at, word, n) == 0)
			return true;
		at += n;
	}
	return false;
}

static bool
word_fits(const struct grammar *g, const char *pattern, const char *word, struct command_arg *arg)
{
	const struct value *v = find_value(pattern);

	if (v == NULL)
		return is_choice(pattern, word);
	if (v->is_valid == NULL)
		return true;
	if (v->may_be_all && strcmp(word, "all") == 0) {
		arg->n = COMMAND_ALL;
		return true;
	}
	return parse_number(word, &arg->n) && v->is_valid(g->crew, arg->n);
}

/* ---- a line ---- */

/* How many words of the line the pattern takes; *is_whole: all of both. */
static uint32_t
match(const struct grammar *g, const char *pattern, struct command_line *line, bool *is_whole)
{
	char expected[WORD_SIZE * 4];
	const char *at = pattern;
	uint32_t n = 0;

	while (next_word(&at, expected, sizeof(expected))) {
		if (n == line->nb || !word_fits(g, expected, line->words[n].word, &line->words[n]))
			return n;
		n++;
	}
	*is_whole = n == line->nb;
	return n;
}

/* What the pattern has at a place; its end is "the end of the line". */
static void
expected_at(const char *pattern, uint32_t place, char *text, size_t size)
{
	const struct value *v;

	for (uint32_t i = 0; i <= place; i++) {
		if (!next_word(&pattern, text, size)) {
			snprintf(text, size, "the end of the line");
			return;
		}
	}
	v = find_value(text);
	if (v != NULL)
		snprintf(text, size, "%s", v->expected);
}

static bool
is_said(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		if ((at == text || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

/* One line that names the word, and what could have stood there. */
static void
complain(const struct grammar *g, struct command_line *line, uint32_t place, char *error,
	 size_t size)
{
	char expected[WORD_SIZE * 4], all[COMMAND_ERROR_SIZE / 2] = "";
	bool is_whole;

	for (uint32_t i = 0; i < g->nb; i++) {
		size_t len = strlen(all);

		if (match(g, g->commands[i].pattern, line, &is_whole) != place)
			continue;
		expected_at(g->commands[i].pattern, place, expected, sizeof(expected));
		if (!is_said(all, expected))
			snprintf(all + len, sizeof(all) - len, "%s%s", len != 0 ? ", " : "",
				 expected);
	}
	snprintf(error, size, "%s%s%s: expected %s", place < line->nb ? "\"" : "",
		 place < line->nb ? line->words[place].word : "end of the line",
		 place < line->nb ? "\"" : "", all);
}

static void
split(const char *text, struct command_line *line)
{
	line->nb = 0;
	while (line->nb < COMMAND_MAX_WORDS &&
	       next_word(&text, line->words[line->nb].word, sizeof(line->words[0].word)))
		line->nb++;
}

const struct command *
grammar_parse(const struct grammar *g, const char *text, struct command_line *line, char *error,
	      size_t size)
{
	uint32_t best = 0;

	error[0] = '\0';
	split(text, line);
	if (line->nb == 0)
		return NULL;
	for (uint32_t i = 0; i < g->nb; i++) {
		bool is_whole = false;
		uint32_t n = match(g, g->commands[i].pattern, line, &is_whole);

		if (is_whole)
			return &g->commands[i];
		best = RTE_MAX(best, n);
	}
	complain(g, line, best, error, size);
	return NULL;
}

/* ---- for rte_cmdline ---- */

/* It calls nothing: a line that is whole is parsed here. */
static cmdline_parse_inst_t *
create_inst(const struct command *c)
{
	cmdline_parse_inst_t *inst =
		calloc(1, sizeof(*inst) + (COMMAND_MAX_WORDS + 1) * sizeof(inst->tokens[0]));
	char word[WORD_SIZE * 4];
	const char *at = c->pattern;

	if (inst == NULL)
		return NULL;
	inst->help_str = c->help;
	for (unsigned int i = 0; i < COMMAND_MAX_WORDS && next_word(&at, word, sizeof(word)); i++) {
		cmdline_parse_token_string_t *token = calloc(1, sizeof(*token));

		if (token == NULL)
			break;
		token->hdr.ops = &cmdline_token_string_ops;
		token->hdr.offset = i * STR_TOKEN_SIZE;
		if (find_value(word) == NULL) {
			for (char *bar = word; (bar = strchr(bar, '|')) != NULL;)
				*bar = '#'; /* is how it parts them */
			token->string_data.str = strdup(word);
		}
		inst->tokens[i] = (cmdline_parse_token_hdr_t *)token;
	}
	return inst;
}

static void
destroy_inst(cmdline_parse_inst_t *inst)
{
	for (unsigned int i = 0; inst->tokens[i] != NULL; i++) {
		cmdline_parse_token_string_t *token =
			(cmdline_parse_token_string_t *)inst->tokens[i];

		free((void *)(uintptr_t)token->string_data.str);
		free(token);
	}
	free(inst);
}

struct grammar *
grammar_create(const struct command *commands, uint32_t nb, const struct crew *crew)
{
	struct grammar *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->crew = crew;
	g->nb = nb;
	g->commands = commands;
	g->ctx = calloc(nb + 1, sizeof(*g->ctx));
	for (uint32_t i = 0; g->ctx != NULL && i < nb; i++) {
		g->ctx[i] = create_inst(&commands[i]);
		if (g->ctx[i] == NULL)
			break; /* less is completed then */
	}
	return g;
}

void
grammar_destroy(struct grammar *g)
{
	if (g == NULL)
		return;
	for (uint32_t i = 0; g->ctx != NULL && g->ctx[i] != NULL; i++)
		destroy_inst(g->ctx[i]);
	free(g->ctx);
	free(g);
}

void *
grammar_ctx(const struct grammar *g)
{
	return g->ctx;
}
