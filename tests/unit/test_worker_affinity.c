/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The interrupt of a queue is delivered on the processor of the worker that owns it, as far as that
 * can be seen in a tree of the test's own in the place of /proc and /sys.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_ethdev.h>

#include "unit.h"
#include "worker_mock.h"

#define PORT	  0
#define PCI	  "0000:01:00.0"
#define FIRST_CPU 5 /* of worker 0 */

static struct rouse_worker workers[2], *const w = &workers[0], *const other = &workers[1];
static char root[] = "/tmp/rouse-affinity.XXXXXX";

/* ---- where a thread runs, in the kernel's place ---- */

static int cpu_of_thread;

int
pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *cpus)
{
	CPU_ZERO_S(size, cpus);
	CPU_SET_S(cpu_of_thread, size, cpus);
	return 0;
}

/* A worker runs on its processor: 5, 6. */
static void
begin(struct rouse_worker *worker)
{
	cpu_of_thread = FIRST_CPU + (int)(worker - workers);
	ethdev_vectors_follow(worker);
}

static void
end(struct rouse_worker *worker)
{
	ethdev_vectors_stay(worker);
}

/* ---- the tree ---- */

static const char *
in_root(const char *fmt, unsigned int irq)
{
	static char path[PATH_MAX];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s/", root);

	snprintf(path + len, sizeof(path) - len, fmt, irq);
	return path;
}

static void
make_folder(const char *fmt, unsigned int irq)
{
	assert_true(mkdir(in_root(fmt, irq), 0700) == 0 || errno == EEXIST);
}

/* Vector v of the device has the interrupt `base` + v, which is delivered anywhere. */
static void
set_irqs(unsigned int base)
{
	FILE *interrupts = fopen(in_root("proc/interrupts", 0), "w");

	assert_non_null(interrupts);
	for (unsigned int v = 0; v <= MOCK_QUEUES; v++) {
		FILE *list;

		fprintf(interrupts, " %u:  0  0  IR-PCI-MSI 1-edge  vfio-msix[%u](" PCI ")\n",
			base + v, v);
		make_folder("proc/irq/%u", base + v);
		list = fopen(in_root("proc/irq/%u/smp_affinity_list", base + v), "w");
		assert_non_null(list);
		fputs("0-7", list);
		fclose(list);
	}
	fclose(interrupts);
}

static void
assert_delivered(unsigned int irq, const char *cpus)
{
	FILE *list = fopen(in_root("proc/irq/%u/smp_affinity_list", irq), "r");
	char line[64] = "";

	assert_non_null(list);
	assert_non_null(fgets(line, sizeof(line), list));
	fclose(list);
	assert_string_equal(line, cpus);
}

static void
set_driver(const char *driver)
{
	char target[64];

	snprintf(target, sizeof(target), "../../../drivers/%s", driver);
	unlink(in_root("sys/bus/pci/devices/" PCI "/driver", 0));
	assert_int_equal(symlink(target, in_root("sys/bus/pci/devices/" PCI "/driver", 0)), 0);
}

static void
make_tree(void)
{
	static const char *const folders[] = {
		"proc",
		"proc/irq",
		"sys",
		"sys/bus",
		"sys/bus/pci",
		"sys/bus/pci/devices",
		"sys/bus/pci/devices/" PCI,
	};

	assert_non_null(mkdtemp(root));
	for (unsigned int i = 0; i < UNIT_DIM(folders); i++)
		make_folder(folders[i], 0);
	set_driver("vfio-pci");
	ethdev_irq_root = root;
	set_irqs(24);
}

/* ---- what is logged ---- */

static FILE *log_file;
static char *log_text;
static size_t log_len;

/* Lines with these words since the last call. */
static unsigned int
lines_with(const char *words)
{
	unsigned int nb = 0;

	fflush(log_file);
	for (char *line = strtok(log_text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		nb += strstr(line, words) != NULL;
	rewind(log_file);
	memset(log_text, 0, log_len);
	return nb;
}

static int
make(void **state)
{
	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
	make_tree();
	mock_init();
	mock_make_plain(PORT);
	mock_ports[PORT].device = PCI;
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++) {
		mock_worker_init(&workers[i]);
		worker_enlist(&workers[i]);
	}
	return 0;
}

static int
destroy(void **state)
{
	char command[PATH_MAX + 16];

	for (unsigned int i = 0; i < UNIT_DIM(workers); i++) {
		worker_delist(&workers[i]);
		mock_worker_fini(&workers[i]);
	}
	mock_fini();
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
	strcpy(root, "/tmp/rouse-affinity.XXXXXX");
	rte_openlog_stream(NULL);
	fclose(log_file);
	free(log_text);
	return 0;
}

/* ---- one worker a vector ---- */

static void
interrupts_go_where_the_worker_begins_to_run(void **state)
{
	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(mock_add(w, PORT, 3), 0);
	assert_int_equal(mock_add(other, PORT, 1), 0);
	for (unsigned int v = 0; v <= MOCK_QUEUES; v++)
		assert_delivered(24 + v, "0-7");
	begin(w);
	assert_delivered(24 + 1, "5");
	assert_delivered(24 + 4, "5");
	assert_delivered(24 + 2, "0-7");
	begin(other);
	assert_delivered(24 + 2, "6");
	/* not that of other causes, nor those of queues that nobody has */
	assert_delivered(24, "0-7");
	assert_delivered(24 + 3, "0-7");
	assert_delivered(24 + 5, "0-7");
	assert_int_equal(mock_wrong_guesses, 0);
	assert_int_equal(lines_with("interrupts stay"), 0);
}

static void
both_forms_begin_with_that(void **state)
{
	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(rouse_worker_ethdev_watch(other, PORT, 1, NULL), 0);
	cpu_of_thread = 1;
	atomic_store(&w->stop_wanted, true);
	assert_int_equal(rouse_worker_run(w), 0);
	assert_delivered(24 + 1, "1");
	cpu_of_thread = 2;
	assert_int_equal(worker_begin(other, true), 0);
	rouse_worker_leave(other);
	assert_delivered(24 + 2, "2");
	/* it may begin anew, elsewhere */
	cpu_of_thread = 3;
	assert_int_equal(worker_begin(other, true), 0);
	rouse_worker_leave(other);
	assert_delivered(24 + 2, "3");
}

static void
the_interrupt_of_a_queue_that_is_added_later_follows_at_once(void **state)
{
	begin(w);
	assert_delivered(24 + 3, "0-7");
	assert_int_equal(mock_add(w, PORT, 2), 0);
	assert_delivered(24 + 3, "5");
	assert_delivered(24 + 2, "0-7");
}

static void
the_interrupt_of_a_queue_that_moves_moves_too(void **state)
{
	begin(w);
	begin(other);
	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(mock_add(w, PORT, 1), 0);
	for (unsigned int i = 0; i < 3; i++) {
		mock_remove(w, PORT, 1);
		assert_int_equal(mock_add(other, PORT, 1), 0);
		assert_delivered(24 + 2, "6");
		assert_delivered(24 + 1, "5");
		mock_remove(other, PORT, 1);
		assert_int_equal(mock_add(w, PORT, 1), 0);
		assert_delivered(24 + 2, "5");
	}
}

/* A port that starts again has its interrupts from the kernel anew. */
static void
interrupts_of_a_new_start_go_to_the_same_worker(void **state)
{
	begin(w);
	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(rouse_worker_port_pause(PORT), 0);
	set_irqs(40);
	assert_int_equal(rouse_worker_port_resume(PORT), 0);
	assert_delivered(40 + 1, "5");
	assert_delivered(40 + 2, "0-7");
}

/* VFIO is asked by signalling it. Who waited for it then would wake for nothing. */
static void
finding_the_interrupt_leaves_no_signal(void **state)
{
	uint64_t nb;

	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(read(mock_ports[PORT].queues[0].fd, &nb, sizeof(nb)), -1);
	assert_int_equal(errno, EAGAIN);
}

/* ---- fewer vectors than queues: from 2 on they have vector 3 ---- */

static void
share_vectors(void)
{
	for (uint16_t q = 0; q < MOCK_QUEUES; q++)
		close(mock_ports[PORT].queues[q].fd);
	mock_make_shared(PORT, 3);
}

static void
a_shared_interrupt_goes_to_the_first_worker_and_when_that_goes_to_the_next(void **state)
{
	share_vectors();
	begin(w);
	begin(other);
	assert_int_equal(mock_add(w, PORT, 4), 0);
	assert_delivered(24 + 3, "5");
	assert_int_equal(mock_add(other, PORT, 2), 0);
	assert_int_equal(mock_add(other, PORT, 7), 0);
	assert_int_equal(mock_add(w, PORT, 5), 0);
	assert_delivered(24 + 3, "5");
	mock_remove(w, PORT, 4);
	assert_delivered(24 + 3, "6");
	mock_remove(other, PORT, 2);
	assert_delivered(24 + 3, "6");
	mock_remove(other, PORT, 7);
	assert_delivered(24 + 3, "5");
	/* the first of its queues told VFIO where to look */
	assert_int_equal(mock_wrong_guesses, 0);
}

static void
a_shared_interrupt_goes_to_a_worker_that_runs(void **state)
{
	share_vectors();
	assert_int_equal(mock_add(w, PORT, 2), 0);
	assert_int_equal(mock_add(other, PORT, 3), 0);
	begin(other);
	assert_delivered(24 + 3, "6");
	begin(w);
	assert_delivered(24 + 3, "6");
	end(other);
	end(w);
	begin(w);
	assert_delivered(24 + 3, "5");
}

/* ---- where it cannot be ---- */

static void
a_refusal_is_said_once_and_the_queue_works(void **state)
{
	set_irqs(50);
	for (unsigned int v = 1; v <= MOCK_QUEUES; v++) {
		unlink(in_root("proc/irq/%u/smp_affinity_list", 50 + v));
		assert_int_equal(
			symlink("/dev/full", in_root("proc/irq/%u/smp_affinity_list", 50 + v)), 0);
	}
	begin(w);
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(w, PORT, q), 0);
	assert_int_equal(w->plain.nb, 3);
	fflush(log_file);
	assert_non_null(strstr(log_text, "port 0 queue 0: its interrupt does not follow the worker "
					 "to processor 5: "));
	assert_non_null(strstr(log_text, "/proc/irq/51/smp_affinity_list: No space left on device; "
					 "these have no vector left; give the worker another "
					 "lcore\n"));
	assert_int_equal(lines_with("does not follow"), 1);
}

static void
an_interrupt_that_is_not_known_is_said_once_and_the_queue_works(void **state)
{
	mock_vfio_error = -EPERM;
	begin(w);
	assert_int_equal(mock_add(w, PORT, 0), 0);
	assert_int_equal(mock_add(w, PORT, 1), 0);
	assert_int_equal(w->plain.nb, 2);
	assert_int_equal(w->nb_timed, 0);
	assert_int_equal(lines_with("port 0 (" PCI "): which interrupt is that of queue 0 is not "
				    "known: Operation not permitted; interrupts stay on"),
			 1);
}

/* The driver asked for more vectors than there are: EAL goes on with none, and the driver arms what
 * nothing signals. */
static void
a_queue_that_no_vector_signals_is_looked_at_by_the_timer(void **state)
{
	mock_ports[PORT].has_no_vectors = true;
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(w, PORT, q), 0);
	assert_int_equal(w->nb_timed, 3);
	fflush(log_file);
	assert_non_null(strstr(log_text, "port 0 (?): queue 0 has no interrupt: the device has 9 "
					 "vectors, one of them for other causes; configure at "
					 "most 8 Rx queues\n"));
	assert_non_null(strstr(log_text, "port 0 (?): no interrupt: looked at every "));
	assert_int_equal(lines_with("queue "), 1);
	/* it may have them when it has started anew */
	mock_ports[PORT].has_no_vectors = false;
	assert_int_equal(rouse_worker_port_pause(PORT), 0);
	assert_int_equal(rouse_worker_port_resume(PORT), 0);
	assert_int_equal(w->nb_timed, 0);
	begin(w);
	assert_delivered(24 + 3, "5");
}

/* Neither is looked for, nor is anything said. */
static void
other_devices_have_no_such_interrupts(void **state)
{
	mock_vfio_error = -EIO;
	begin(w);
	set_driver("uio_pci_generic");
	assert_int_equal(mock_add(w, PORT, 0), 0);
	mock_ports[PORT].device = "net_software0";
	assert_int_equal(mock_add(w, PORT, 1), 0);
	mock_ports[PORT].device = NULL;
	assert_int_equal(mock_add(w, PORT, 2), 0);
	assert_int_equal(w->plain.nb, 3);
	assert_int_equal(lines_with("interrupt"), 1); /* how the worker is woken */
	for (unsigned int v = 0; v <= MOCK_QUEUES; v++)
		assert_delivered(24 + v, "0-7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interrupts_go_where_the_worker_begins_to_run),
		TEST(both_forms_begin_with_that),
		TEST(the_interrupt_of_a_queue_that_is_added_later_follows_at_once),
		TEST(the_interrupt_of_a_queue_that_moves_moves_too),
		TEST(interrupts_of_a_new_start_go_to_the_same_worker),
		TEST(finding_the_interrupt_leaves_no_signal),
		TEST(a_shared_interrupt_goes_to_the_first_worker_and_when_that_goes_to_the_next),
		TEST(a_shared_interrupt_goes_to_a_worker_that_runs),
		TEST(a_refusal_is_said_once_and_the_queue_works),
		TEST(an_interrupt_that_is_not_known_is_said_once_and_the_queue_works),
		TEST(a_queue_that_no_vector_signals_is_looked_at_by_the_timer),
		TEST(other_devices_have_no_such_interrupts),
	};

	return UNIT_RUN(tests);
}
