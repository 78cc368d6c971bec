/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 *
 * The first process of the guest: it runs what the host asks for. Both speak frames of a header and
 * data, in the machine's byte order, over a virtio-serial port, and any number of programs run at a
 * time, each under a number that the host chose.
 *
 *   from the host   START   words of a command, each ended by a NUL
 *                   INPUT   for its standard input; none: the end of it
 *                   SIGNAL  a uint32_t: sent to its process group
 *   to the host     READY   once, when commands are taken
 *                   OUTPUT  of the program, standard output and error
 *                   EXITED  a uint32_t, as waitpid() says it; all of its output came before
 *
 * A program's output is a terminal, so that it comes line by line, and its input a pipe.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_JOBS  32
#define MAX_DATA  65536
#define MAX_WORDS 256

enum frame_type { START, INPUT, SIGNAL, READY, OUTPUT, EXITED };

struct header {
	uint32_t id;
	uint32_t type;
	uint32_t len;
};

/* A program that was started. */
struct job {
	uint32_t id;
	pid_t pid; /* 0: this entry is free */
	int input;
	int output; /* the terminal's master */
	int slave;  /* held open: a master whose slave nobody has is ready for ever */
};

static struct job jobs[MAX_JOBS];
static int port;     /* the host */
static int child[2]; /* written to when a child exits */
static char data[MAX_DATA];

static void
fail(const char *what)
{
	printf("agent: %s: %s\n", what, strerror(errno));
	exit(1); /* the kernel panics, and QEMU ends */
}

/* ---- frames ---- */

static void
read_all(void *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(port, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			fail("the host is gone");
		to = (char *)to + n;
		len -= n;
	}
}

static void
write_all(const void *from, size_t len)
{
	while (len > 0) {
		ssize_t n = write(port, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			fail("the host does not listen");
		from = (const char *)from + n;
		len -= n;
	}
}

static void
send_frame(uint32_t id, enum frame_type type, const void *from, uint32_t len)
{
	struct header header = { .id = id, .type = type, .len = len };

	write_all(&header, sizeof(header));
	write_all(from, len);
}

/* ---- programs ---- */

static struct job *
find_job(uint32_t id)
{
	for (unsigned int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid != 0 && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static struct job *
free_job(void)
{
	for (unsigned int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid == 0)
			return &jobs[i];
	return NULL;
}

static void
become(char **words, int input, int output)
{
	sigset_t none;

	setsid();
	ioctl(output, TIOCSCTTY, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execvp(words[0], words);
	printf("%s: %s\n", words[0], strerror(errno));
	fflush(stdout);
	_exit(127);
}

/* Words in data[], of which the last is ended by a NUL too. */
static void
start(uint32_t id, uint32_t len)
{
	struct job *job = free_job();
	char *words[MAX_WORDS + 1];
	unsigned int nb_words = 0;
	int input[2];
	struct termios raw;

	for (uint32_t at = 0; at < len && nb_words < MAX_WORDS; at += strlen(&data[at]) + 1)
		words[nb_words++] = &data[at];
	words[nb_words] = NULL;
	if (job == NULL || nb_words == 0) {
		uint32_t status = 126 << 8;

		send_frame(id, EXITED, &status, sizeof(status));
		return;
	}
	if (pipe2(input, O_CLOEXEC) != 0 ||
	    openpty(&job->output, &job->slave, NULL, NULL, NULL) != 0)
		fail("pipe, pty");
	fcntl(job->output, F_SETFD, FD_CLOEXEC);
	fcntl(job->slave, F_SETFD, FD_CLOEXEC);
	tcgetattr(job->slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(job->slave, TCSANOW, &raw);
	job->pid = fork();
	if (job->pid < 0)
		fail("fork");
	if (job->pid == 0)
		become(words, input[0], job->slave);
	close(input[0]);
	job->id = id;
	job->input = input[1];
}

static void
close_input(struct job *job)
{
	if (job->input >= 0)
		close(job->input);
	job->input = -1;
}

/* A frame from the host. */
static void
take_frame(void)
{
	struct header header;
	struct job *job;
	uint32_t number;

	read_all(&header, sizeof(header));
	if (header.len >= MAX_DATA) {
		errno = EMSGSIZE;
		fail("a frame of the host");
	}
	read_all(data, header.len);
	data[header.len] = '\0';
	if (header.type == START) {
		start(header.id, header.len);
		return;
	}
	job = find_job(header.id);
	if (job == NULL)
		return; /* it has ended meanwhile */
	if (header.type == INPUT && header.len == 0) {
		close_input(job);
	} else if (header.type == INPUT && job->input >= 0) {
		if (write(job->input, data, header.len) < 0)
			close_input(job);
	} else if (header.type == SIGNAL) {
		memcpy(&number, data, sizeof(number));
		kill(-job->pid, (int)number);
	}
}

static void
take_output(struct job *job)
{
	ssize_t n = read(job->output, data, sizeof(data));

	if (n > 0)
		send_frame(job->id, OUTPUT, data, n);
}

/* All that it wrote is in the terminal. Whoever it left behind is heard no longer. */
static void
end_job(struct job *job, uint32_t status)
{
	ssize_t n;

	fcntl(job->output, F_SETFL, O_NONBLOCK);
	while ((n = read(job->output, data, sizeof(data))) > 0)
		send_frame(job->id, OUTPUT, data, n);
	close(job->output);
	close(job->slave);
	close_input(job);
	send_frame(job->id, EXITED, &status, sizeof(status));
	job->pid = 0;
}

/* The first process is everybody's parent in the end. */
static void
reap(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned int i = 0; i < MAX_JOBS; i++)
			if (jobs[i].pid == pid)
				end_job(&jobs[i], (uint32_t)status);
}

static void
on_child(int number)
{
	char byte = 0;

	if (write(child[1], &byte, 1) < 0)
		return; /* full: there is a byte to be read */
}

int
main(int argc, char **argv)
{
	struct pollfd polled[MAX_JOBS + 2];
	struct job *of[MAX_JOBS + 2];

	port = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	if (port < 0)
		fail("the port that is the argument");
	if (pipe2(child, O_CLOEXEC | O_NONBLOCK) != 0)
		fail("pipe");
	signal(SIGCHLD, on_child);
	signal(SIGPIPE, SIG_IGN);
	send_frame(0, READY, NULL, 0);
	for (;;) {
		unsigned int nb = 2;

		polled[0] = (struct pollfd){ .fd = port, .events = POLLIN };
		polled[1] = (struct pollfd){ .fd = child[0], .events = POLLIN };
		for (unsigned int i = 0; i < MAX_JOBS; i++)
			if (jobs[i].pid != 0) {
				of[nb] = &jobs[i];
				polled[nb++] =
					(struct pollfd){ .fd = jobs[i].output, .events = POLLIN };
			}
		if (poll(polled, nb, -1) < 0)
			continue;
		for (unsigned int i = 2; i < nb; i++)
			if (polled[i].revents != 0)
				take_output(of[i]);
		if (polled[1].revents != 0) {
			while (read(child[0], data, sizeof(data)) > 0)
				;
			reap();
		}
		if (polled[0].revents != 0)
			take_frame();
	}
}
