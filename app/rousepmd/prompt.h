/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef PROMPT_H
#define PROMPT_H

/* rousepmd's prompt: private declarations, grouped by the file that defines them. */

#include "app.h"

#define COMMAND_ALL	   UINT32_MAX /* of ports or workers */
#define COMMAND_MAX_WORDS  12
#define COMMAND_ERROR_SIZE 2048

/* What commands are about; the main lcore's. */
struct control {
	struct crew *crew;
	struct options *options;
	bool is_forwarding;
	bool is_over;
	bool has_view;	  /* the live view is on the terminal, not the prompt */
	bool is_view_new; /* and shows nothing yet */
	struct rte_eth_stats zero[RTE_MAX_ETHPORTS]; /* at the last start */
};

struct command_arg {
	char word[512];
	uint32_t n; /* where a number, a port or a worker is meant; COMMAND_ALL: all of them */
};

struct command_line {
	uint32_t nb;
	struct command_arg words[COMMAND_MAX_WORDS];
};

struct command {
	const char *pattern; /* see grammar.c */
	void (*run)(struct control *c, const struct command_line *line);
	const char *help;
};

/* One line that says why a command was not carried out. */
#define REFUSE(fmt, ...) printf(fmt "\n", ##__VA_ARGS__)

/* grammar.c */

struct grammar;

struct grammar *grammar_create(const struct command *commands, uint32_t nb,
			       const struct crew *crew);
void grammar_destroy(struct grammar *g);
/* NULL: `error` says why, or is empty as the line is. */
const struct command *grammar_parse(const struct grammar *g, const char *text,
				    struct command_line *line, char *error, size_t size);
void *grammar_ctx(const struct grammar *g); /* rte_cmdline's */

/* commands.c: the list */

extern const struct command commands[];
extern const uint32_t nb_commands;

void commands_help(FILE *out, const char *indent);

/* prompt.c */

int prompt_open(struct control *c);
void prompt_close(void);
int prompt_run_file(struct control *c, const char *path);
int prompt_read(struct control *c);
bool prompt_is_open(void);
void prompt_show(void);

/* cmd_forward.c */

int forwarding_start(struct control *c);
void forwarding_stop(struct control *c);
void cmd_start(struct control *c, const struct command_line *line);
void cmd_stop(struct control *c, const struct command_line *line);
void cmd_quit(struct control *c, const struct command_line *line);
void cmd_set_flush(struct control *c, const struct command_line *line);
void cmd_set_verbose(struct control *c, const struct command_line *line);
void cmd_top(struct control *c, const struct command_line *line);
void cmd_set_fwd(struct control *c, const struct command_line *line);
void cmd_show_fwd(struct control *c, const struct command_line *line);
void cmd_clear_fwd(struct control *c, const struct command_line *line);

/* cmd_config.c */

void cmd_show_config(struct control *c, const struct command_line *line);

/* cmd_show_port.c */

void cmd_show_port(struct control *c, const struct command_line *line);
void cmd_show_summary(struct control *c, const struct command_line *line);
void cmd_clear_port(struct control *c, const struct command_line *line);

/* cmd_port.c */

void cmd_port_start(struct control *c, const struct command_line *line);
void cmd_port_stop(struct control *c, const struct command_line *line);
void cmd_port_close(struct control *c, const struct command_line *line);
void cmd_port_reset(struct control *c, const struct command_line *line);
void cmd_queue(struct control *c, const struct command_line *line);
void cmd_set_promisc(struct control *c, const struct command_line *line);
void cmd_set_allmulti(struct control *c, const struct command_line *line);
void cmd_set_link(struct control *c, const struct command_line *line);
void cmd_mtu(struct control *c, const struct command_line *line);
void cmd_set_rxmode(struct control *c, const struct command_line *line);
void cmd_set_moderation(struct control *c, const struct command_line *line);

/* cmd_rss.c */

void rss_show_offloads(uint64_t what);
void cmd_show_reta(struct control *c, const struct command_line *line);
void cmd_set_reta(struct control *c, const struct command_line *line);
void cmd_show_rss(struct control *c, const struct command_line *line);
void cmd_set_key(struct control *c, const struct command_line *line);

/* cmd_worker.c */

void cmd_show_worker(struct control *c, const struct command_line *line);
void cmd_show_wake(struct control *c, const struct command_line *line);
void cmd_show_attn(struct control *c, const struct command_line *line);
void cmd_show_vector(struct control *c, const struct command_line *line);
void cmd_show_map(struct control *c, const struct command_line *line);
void cmd_set_policy(struct control *c, const struct command_line *line);
void cmd_signal(struct control *c, const struct command_line *line);
void cmd_move(struct control *c, const struct command_line *line);
void cmd_rebalance(struct control *c, const struct command_line *line);
void cmd_worker(struct control *c, const struct command_line *line);

#endif /* PROMPT_H */
