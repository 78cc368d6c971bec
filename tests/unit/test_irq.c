/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Interrupts of the kernel, by what it says in /proc: here a tree of the test's own. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "irq.h"
#include "unit.h"

static char root[] = "/tmp/rouse-irq.XXXXXX";

/* ---- lines ---- */

/* What kernels of Debian 12 and 13 say; the number is that of vfio-msix[1](0000:01:00.0), or
 * negative: it is another interrupt's line. */
static const struct {
	int irq;
	const char *text;
} lines[] = {
	{ -1, "            CPU0       CPU1       CPU2       CPU3       \n" },
	{ -1, "   0:         47          0          0          0   IO-APIC   2-edge      timer\n" },
	{ -1, "  24:          0          0          0          0  IR-PCI-MSI 16384-edge      "
	      "PCIe PME, aerdrv, pciehp\n" },
	{ -1, "  26:          0          0          1          0  IR-PCI-MSI 524288-edge      "
	      "vfio-msix[0](0000:01:00.0)\n" },
	{ 27, "  27:          0         12          0          0  IR-PCI-MSI 524289-edge      "
	      "vfio-msix[1](0000:01:00.0)\n" },
	{ 127, " 127:          0         12  IR-PCI-MSIX-0000:01:00.0    1-edge      "
	       "vfio-msix[1](0000:01:00.0)\n" },
	{ 4096, "4096:  1  IR-PCI-MSI 524289-edge vfio-msix[1](0000:01:00.0)" },
	{ 28, "  28:  1  IR-PCI-MSI 524289-edge other, vfio-msix[1](0000:01:00.0), third\n" },
	{ -1, "  28:  1  IR-PCI-MSI 524299-edge vfio-msix[11](0000:01:00.0)\n" },
	{ -1, "  29:  1  IR-PCI-MSI 524299-edge vfio-msix[1](0000:01:00.01)\n" },
	{ -1, "  29:  1  IR-PCI-MSI 524299-edge xvfio-msix[1](0000:01:00.0)\n" },
	{ -1, "  30:  1  IR-PCI-MSI 524289-edge vfio-msix[1](0001:01:00.0)\n" },
	{ -1, " NMI:          0          0          0          0   vfio-msix[1](0000:01:00.0)\n" },
	{ -1, "99999999999999999999:  1  vfio-msix[1](0000:01:00.0)\n" },
	{ -1, "vfio-msix[1](0000:01:00.0)\n" },
	{ -1, "31 vfio-msix[1](0000:01:00.0)\n" },
	{ -1, "" },
};

static void
a_line_is_that_of_its_whole_name(void **state)
{
	for (unsigned int i = 0; i < UNIT_DIM(lines); i++) {
		unsigned int irq = 77;
		bool is = irq_parse_line(lines[i].text, "vfio-msix[1](0000:01:00.0)", &irq);

		if (is != (lines[i].irq >= 0) || (is && (int)irq != lines[i].irq))
			fail_msg("%d, %u: %s", is, irq, lines[i].text);
	}
}

/* ---- processors ---- */

static void
processors_are_written_as_the_kernel_reads_them(void **state)
{
	char text[IRQ_CPUS_LEN], small[4];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	assert_int_equal(irq_format_cpus(&cpus, text, sizeof(text)), -EINVAL);
	CPU_SET(3, &cpus);
	assert_int_equal(irq_format_cpus(&cpus, text, sizeof(text)), 1);
	assert_string_equal(text, "3");
	CPU_SET(4, &cpus);
	CPU_SET(5, &cpus);
	CPU_SET(8, &cpus);
	CPU_SET(0, &cpus);
	CPU_SET(CPU_SETSIZE - 1, &cpus);
	assert_int_equal(irq_format_cpus(&cpus, text, sizeof(text)), 12);
	assert_string_equal(text, "0,3-5,8,1023");
	assert_int_equal(irq_format_cpus(&cpus, small, sizeof(small)), -ENOSPC);
	/* every other one: the longest list */
	CPU_ZERO(&cpus);
	for (int cpu = 1; cpu < CPU_SETSIZE; cpu += 2)
		CPU_SET(cpu, &cpus);
	assert_true(irq_format_cpus(&cpus, text, sizeof(text)) > 2000);
	assert_string_equal(strrchr(text, ','), ",1023");
}

/* ---- the tree ---- */

static char *
in_root(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_root(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
assert_file(const char *name, const char *text)
{
	char line[64] = "";
	FILE *f = fopen(in_root(name), "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_string_equal(line, text);
}

static int
make(void **state)
{
	assert_non_null(mkdtemp(root));
	assert_int_equal(mkdir(in_root("proc"), 0700), 0);
	assert_int_equal(mkdir(in_root("proc/irq"), 0700), 0);
	assert_int_equal(mkdir(in_root("proc/irq/27"), 0700), 0);
	return 0;
}

static int
destroy(void **state)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
	strcpy(root, "/tmp/rouse-irq.XXXXXX");
	return 0;
}

static void
an_interrupt_is_found_by_its_name(void **state)
{
	FILE *f;

	assert_int_equal(irq_find(root, "vfio-msix[0](0000:01:00.0)"), -ENOENT);
	f = fopen(in_root("proc/interrupts"), "w");
	assert_non_null(f);
	fputs(lines[3].text, f);
	/* as long as it is on a machine of 4096 processors */
	fputs(" 25: ", f);
	for (unsigned int i = 0; i < 4096; i++)
		fprintf(f, "%10u ", i);
	fputs(" IR-PCI-MSI 1-edge vfio-msix[2](0000:01:00.0)\n", f);
	fputs(lines[4].text, f);
	fclose(f);
	assert_int_equal(irq_find(root, "vfio-msix[0](0000:01:00.0)"), 26);
	assert_int_equal(irq_find(root, "vfio-msix[1](0000:01:00.0)"), 27);
	assert_int_equal(irq_find(root, "vfio-msix[2](0000:01:00.0)"), 25);
	assert_int_equal(irq_find(root, "vfio-msix[3](0000:01:00.0)"), -ENOENT);
}

static void
an_interrupt_is_moved(void **state)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	assert_int_equal(irq_move(root, 27, &cpus), -EINVAL);
	CPU_SET(1, &cpus);
	CPU_SET(2, &cpus);
	assert_int_equal(irq_move(root, 27, &cpus), -ENOENT);
	write_file("proc/irq/27/smp_affinity_list", "");
	assert_int_equal(irq_move(root, 27, &cpus), 0);
	assert_file("proc/irq/27/smp_affinity_list", "1-2");
}

/* What the kernel says when it is written to: files of this kernel that say the same. */
static void
what_the_kernel_refuses_is_told(void **state)
{
	char *name = in_root("proc/irq/27/smp_affinity_list");
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_int_equal(symlink("/dev/full", name), 0);
	assert_int_equal(irq_move(root, 27, &cpus), -ENOSPC);
	unlink(in_root("proc/irq/27/smp_affinity_list"));
	assert_int_equal(mkdir(in_root("proc/irq/27/smp_affinity_list"), 0700), 0);
	assert_int_equal(irq_move(root, 27, &cpus), -EISDIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_that_of_its_whole_name),
		cmocka_unit_test(processors_are_written_as_the_kernel_reads_them),
		TEST(an_interrupt_is_found_by_its_name),
		TEST(an_interrupt_is_moved),
		TEST(what_the_kernel_refuses_is_told),
	};

	return UNIT_RUN(tests);
}
