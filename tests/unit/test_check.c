/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a NIC needs of the machine, and what to do where it is missing: in a tree of the test's own
 * in the place of /sys, /proc and /dev, that is as a machine is on which all is well, less one
 * thing at a time.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "unit.h"

#define NIC   "0000:01:00.0"
#define OTHER "0000:01:00.1"

static char root[] = "/tmp/rouse-check.XXXXXX";

/* ---- what a test, which may be root, cannot be refused, and what it is limited to ---- */

static const char *forbidden; /* ends in that */
static unsigned int user;
static struct rlimit memlock;

int
faccessat(int dir, const char *path, int mode, int flags)
{
	size_t len = strlen(path), end = forbidden == NULL ? 0 : strlen(forbidden);

	if (end != 0 && len >= end && strcmp(path + len - end, forbidden) == 0) {
		errno = EACCES;
		return -1;
	}
	return access(path, F_OK);
}

/* What another process has open. */
static const char *busy;

int
open(const char *path, int flags, ...)
{
	size_t len = strlen(path), end = busy == NULL ? 0 : strlen(busy);

	if (end != 0 && len >= end && strcmp(path + len - end, busy) == 0) {
		errno = EBUSY;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0); /* nobody makes a file by it */
}

uid_t
geteuid(void)
{
	return user;
}

int
getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
	assert_int_equal(resource, RLIMIT_MEMLOCK);
	*limit = memlock;
	return 0;
}

/* ---- the tree ---- */

static const char *
in_root(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return path;
}

/* Folders are made as they are needed. */
static void
make_folders(const char *name)
{
	char path[PATH_MAX];

	for (const char *at = strchr(name + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		snprintf(path, sizeof(path), "%s%.*s", root, (int)(at - name), name);
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
}

static void
write_file(const char *name, const void *data, size_t len)
{
	FILE *f;

	make_folders(name);
	f = fopen(in_root(name), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void
write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static void
make_link(const char *name, const char *target)
{
	make_folders(name);
	unlink(in_root(name));
	assert_int_equal(symlink(target, in_root(name)), 0);
}

static void
remove_all(const char *name)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -r '%s'", in_root(name));
	assert_int_equal(system(command), 0);
}

/* As a NIC of this many vectors has it behind a capability of another kind; 0: it has none. */
static void
make_config(uint8_t *config, unsigned int nb_vectors)
{
	memset(config, 0, 256);
	config[0x06] = 0x10;
	config[0x34] = 0x40;
	config[0x40] = 0x01; /* power management */
	if (nb_vectors == 0)
		return;
	config[0x41] = 0x70;
	config[0x70] = 0x11;
	config[0x72] = (uint8_t)(nb_vectors - 1);
	config[0x73] = (uint8_t)(0x80 | (nb_vectors - 1) >> 8); /* enabled */
}

static int
make(void **state)
{
	uint8_t config[256];

	forbidden = busy = NULL;
	user = 0;
	memlock = (struct rlimit){ .rlim_cur = 8 << 20, .rlim_max = 8 << 20 };
	assert_non_null(mkdtemp(root));
	write_text("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
	write_text("/proc/interrupts", "           CPU0\n"
				       " 24:  0  DMAR-MSI   0-edge      dmar0\n"
				       " 26:  0  IR-PCI-MSI 524288-edge      other\n");
	write_text("/proc/mounts", "proc /proc proc rw 0 0\n"
				   "hugetlbfs /dev/hugepages hugetlbfs rw,pagesize=2M 0 0\n");
	write_text("/proc/irq/default_smp_affinity", "f\n");
	write_text("/dev/hugepages/map", "");
	write_text("/dev/vfio/vfio", "");
	write_text("/dev/vfio/4", "");
	write_text("/sys/class/iommu/dmar0", "");
	write_text("/sys/bus/pci/drivers/vfio-pci/bind", "");
	write_text("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "100\n");
	write_text("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "40\n");
	write_text("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "1\n");
	write_text("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "0\n");
	make_config(config, 10);
	write_file("/sys/bus/pci/devices/" NIC "/config", config, sizeof(config));
	write_text("/sys/bus/pci/devices/" NIC "/class", "0x020000\n");
	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/vfio-pci");
	make_link("/sys/bus/pci/devices/" NIC "/iommu_group", "../../../../kernel/iommu_groups/4");
	write_text("/sys/kernel/iommu_groups/4/devices/" NIC, "");
	return 0;
}

static int
destroy(void **state)
{
	remove_all("");
	strcpy(root, "/tmp/rouse-check.XXXXXX");
	return 0;
}

/* What is found of the NIC; driver: DPDK's, of a port that is started, NULL: there is no port. */
static struct rouse_check
check(const char *driver)
{
	struct check_machine m;
	struct check_device d;
	struct rouse_check c;

	memset(&c, 0, sizeof(c));
	if (driver != NULL) {
		snprintf(c.driver, sizeof(c.driver), "%s", driver);
		c.is_usable = c.has_kind = true;
		c.kind = ROUSE_SOURCE_INTERRUPT;
		c.nb_queues = 4;
	}
	check_machine(root, &m);
	check_device(root, NIC, &d);
	check_judge(&m, &d, &c);
	assert_string_equal(c.device, NIC);
	return c;
}

static void
assert_remedy(const struct rouse_check *c, const char *remedy)
{
	assert_string_equal(c->remedy, remedy);
}

/* ---- a NIC on which all is well ---- */

static void
a_port_that_has_everything_has_nothing_to_do(void **state)
{
	struct rouse_check c = check("net_e1000_igb");

	assert_remedy(&c, "");
	assert_string_equal(c.kernel_driver, "vfio-pci");
	assert_int_equal(c.nb_vectors, 10);
	assert_int_equal(c.iommu, ROUSE_CHECK_YES);
	assert_int_equal(c.remapping, ROUSE_CHECK_YES);
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_int_equal(c.affinity, ROUSE_CHECK_YES);
	assert_int_equal(c.hugepages_kb, 100 * 2048 + 1048576);
	assert_int_equal(c.free_kb, 40 * 2048);
	assert_true(c.is_pci);
}

static void
a_device_that_has_everything_and_is_no_port_lacks_a_driver(void **state)
{
	struct rouse_check c = check(NULL);

	assert_remedy(&c, "EAL made no port of it: its driver may have to be loaded (-d), or says "
			  "why (--log-level=bus.pci:debug)");
}

static void
a_device_that_is_in_use_is_said_to_be(void **state)
{
	struct rouse_check c;

	c = check(NULL);
	assert_true(c.is_guess);
	busy = "/dev/vfio/4";
	c = check(NULL);
	assert_false(c.is_guess);
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_remedy(&c, "it is in use, as /dev/vfio/4 is open: end the process that has it, or "
			  "leave it to that one and give another NIC (-a)");
	c = check("net_e1000_igb"); /* by us */
	assert_remedy(&c, "");
}

/* ---- the kernel's driver ---- */

static void
a_device_of_a_kernel_driver_is_to_be_bound(void **state)
{
	struct rouse_check c;

	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/igb");
	unlink(in_root("/dev/vfio/4"));
	c = check(NULL);
	assert_string_equal(c.kernel_driver, "igb");
	assert_int_equal(c.permissions, ROUSE_CHECK_UNKNOWN);
	assert_remedy(&c, "bind it: dpdk-devbind.py --bind=vfio-pci " NIC);
	remove_all("/sys/bus/pci/drivers/vfio-pci");
	c = check(NULL);
	assert_remedy(&c, "bind it: modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci " NIC);
	unlink(in_root("/sys/bus/pci/devices/" NIC "/driver"));
	c = check(NULL);
	assert_string_equal(c.kernel_driver, "");
	assert_remedy(&c, "bind it: modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci " NIC);
}

static void
an_interface_that_is_up_may_be_the_one_that_one_sits_on(void **state)
{
	struct rouse_check c;

	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/igb");
	write_text("/sys/bus/pci/devices/" NIC "/net/eth0/flags", "0x1003\n");
	c = check(NULL);
	assert_remedy(&c, "the kernel's interface eth0 is up: if the machine can do without, ip "
			  "link set eth0 down; bind it: dpdk-devbind.py --bind=vfio-pci " NIC);
	write_text("/sys/bus/pci/devices/" NIC "/net/eth0/flags", "0x1002\n");
	c = check(NULL);
	assert_remedy(&c, "bind it: dpdk-devbind.py --bind=vfio-pci " NIC);
}

static void
uio_hands_out_no_interrupts(void **state)
{
	struct rouse_check c;

	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/uio_pci_generic");
	c = check("net_e1000_igb");
	assert_remedy(&c, "uio_pci_generic hands out no Rx interrupts: dpdk-devbind.py "
			  "--bind=vfio-pci " NIC);
}

/* Of a driver that shares the device with the kernel's there is nothing to bind. */
static void
a_port_that_the_kernel_keeps_does_without_vfio(void **state)
{
	struct rouse_check c;

	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/mlx5_core");
	remove_all("/sys/class/iommu");
	c = check("mlx5_pci");
	assert_remedy(&c, "");
	assert_int_equal(c.iommu, ROUSE_CHECK_UNNEEDED);
	assert_int_equal(c.permissions, ROUSE_CHECK_UNNEEDED);
}

static void
a_device_that_is_not_there_is_said_to_be(void **state)
{
	struct rouse_check c;

	remove_all("/sys/bus/pci/devices/" NIC);
	c = check(NULL);
	assert_remedy(&c, "there is no such device: dpdk-devbind.py --status lists them");
	assert_int_equal(c.iommu, ROUSE_CHECK_UNKNOWN);
	assert_int_equal(c.nb_vectors, -1);
}

/* ---- IOMMU ---- */

static void
without_an_iommu_it_is_to_be_turned_on(void **state)
{
	struct rouse_check c;

	unlink(in_root("/sys/bus/pci/devices/" NIC "/iommu_group"));
	c = check(NULL);
	assert_int_equal(c.iommu, ROUSE_CHECK_NO);
	assert_int_equal(c.remapping, ROUSE_CHECK_NO);
	assert_remedy(&c, "turn the IOMMU on: VT-d in the firmware, and intel_iommu=on iommu=pt on "
			  "the kernel's command line");
	write_text("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n");
	c = check(NULL);
	assert_remedy(&c, "turn the IOMMU on: AMD-Vi in the firmware, and iommu=pt on the kernel's "
			  "command line");
}

static void
without_remapping_it_is_to_be_turned_on(void **state)
{
	struct rouse_check c;

	write_text("/proc/interrupts", " 26:  0  PCI-MSI 524288-edge      IR-other\n");
	c = check(NULL);
	assert_int_equal(c.iommu, ROUSE_CHECK_YES);
	assert_int_equal(c.remapping, ROUSE_CHECK_NO);
	assert_remedy(&c, "turn interrupt remapping on: no intremap=off on the kernel's command "
			  "line, and x2APIC in the firmware");
	write_text("/proc/interrupts", " 26:  0  ITS-MSI 524288 Edge      other\n");
	c = check("net_e1000_igb");
	assert_int_equal(c.remapping, ROUSE_CHECK_UNKNOWN);
	assert_remedy(&c, "");
}

static void
without_an_iommu_on_purpose_there_is_nothing_to_turn_on(void **state)
{
	struct rouse_check c;

	write_text("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	write_text("/dev/vfio/noiommu-4", "");
	unlink(in_root("/dev/vfio/4"));
	c = check("net_e1000_igb");
	assert_int_equal(c.iommu, ROUSE_CHECK_NO);
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_remedy(&c, "");
}

static void
a_group_is_given_away_as_a_whole(void **state)
{
	struct rouse_check c;

	write_text("/sys/kernel/iommu_groups/4/devices/" OTHER, "");
	c = check("net_e1000_igb");
	assert_remedy(&c, "");
	make_link("/sys/bus/pci/devices/" OTHER "/driver", "../../drivers/pcieport");
	c = check("net_e1000_igb");
	assert_remedy(&c, "");
	make_link("/sys/bus/pci/devices/" OTHER "/driver", "../../drivers/vfio-pci");
	c = check("net_e1000_igb");
	assert_remedy(&c, "");
	make_link("/sys/bus/pci/devices/" OTHER "/driver", "../../drivers/igb");
	c = check(NULL);
	assert_remedy(&c, OTHER ", in the same IOMMU group, is bound to igb: dpdk-devbind.py "
				"--unbind " OTHER);
}

/* ---- users ---- */

static void
a_user_may_open_the_device_and_lock_memory_or_is_told_how(void **state)
{
	struct rouse_check c;

	forbidden = "/dev/vfio/4";
	user = 1000;
	memlock.rlim_cur = RLIM_INFINITY;
	c = check(NULL);
	assert_int_equal(c.permissions, ROUSE_CHECK_NO);
	assert_remedy(&c, "this user may not open /dev/vfio/4 and /dev/vfio/vfio: as root, chown "
			  "USER /dev/vfio/4");
	forbidden = NULL;
	memlock.rlim_cur = 64 << 20;
	c = check(NULL);
	assert_int_equal(c.permissions, ROUSE_CHECK_NO);
	assert_remedy(&c, "this user may lock 65536 kB of memory: as root, give it memlock 1253376 "
			  "in /etc/security/limits.conf, and log in again");
	c = check("net_e1000_igb"); /* it was enough for a port that has started */
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_remedy(&c, "");
	user = 0; /* root is not limited */
	c = check(NULL);
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_true(c.is_guess);
}

static void
only_root_may_move_interrupts(void **state)
{
	struct rouse_check c;

	forbidden = "/proc/irq/default_smp_affinity";
	c = check("net_e1000_igb");
	assert_int_equal(c.permissions, ROUSE_CHECK_YES);
	assert_int_equal(c.affinity, ROUSE_CHECK_NO);
	assert_remedy(&c, "interrupts do not follow the workers, as only root may choose their "
			  "processors: see docs/bare-metal.md");
}

/* ---- memory ---- */

static void
hugepages_are_there_and_mounted_or_it_is_said_how(void **state)
{
	struct rouse_check c;

	write_text("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n");
	write_text("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "2\n");
	c = check(NULL);
	assert_remedy(&c, "there are only 4 MB of hugepages: as root, dpdk-hugepages.py --pagesize "
			  "2M --reserve 512M");
	write_text("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "100\n");
	forbidden = "/dev/hugepages";
	c = check(NULL);
	assert_remedy(&c, "hugepages are mounted nowhere that this user may write: give "
			  "--in-memory, or see docs/bare-metal.md");
	remove_all("/sys/kernel/mm/hugepages");
	c = check(NULL);
	assert_int_equal(c.hugepages_kb, 0);
	assert_remedy(&c, "there are no hugepages: as root, dpdk-hugepages.py --pagesize 2M "
			  "--reserve 512M");
	c = check("net_e1000_igb");
	assert_remedy(&c, ""); /* it has its memory */
}

/* ---- vectors ---- */

static void
vectors_are_counted_by_the_configuration_space(void **state)
{
	static const unsigned int counts[] = { 1, 2, 10, 25, 256, 257, 2048 };
	uint8_t config[256];

	for (unsigned int i = 0; i < UNIT_DIM(counts); i++) {
		make_config(config, counts[i]);
		assert_int_equal(check_msix_vectors(config, sizeof(config)), counts[i]);
	}
	make_config(config, 0);
	assert_int_equal(check_msix_vectors(config, sizeof(config)), 0);
	/* a user who is not root gets the header only */
	make_config(config, 10);
	assert_int_equal(check_msix_vectors(config, 64), -1);
	assert_int_equal(check_msix_vectors(config, 0x72), -1);
	assert_int_equal(check_msix_vectors(config, 0), -1);
	config[0x06] = 0;
	assert_int_equal(check_msix_vectors(config, sizeof(config)), 0);
	/* a list that bites its tail, and one that leaves the space */
	make_config(config, 0);
	config[0x41] = 0x40;
	assert_int_equal(check_msix_vectors(config, sizeof(config)), 0);
	config[0x41] = 0xff;
	assert_int_equal(check_msix_vectors(config, sizeof(config)), 0);
	memset(config, 0xff, sizeof(config)); /* a device that is gone */
	assert_true(check_msix_vectors(config, sizeof(config)) <= 0);
}

static void
a_port_with_more_queues_than_vectors_is_told_how_many_it_may_have(void **state)
{
	struct check_machine m;
	struct check_device d;
	struct rouse_check c = {
		.driver = "net_e1000_igb",
		.has_kind = true,
		.kind = ROUSE_SOURCE_TIMED,
		.nb_queues = 10,
	};
	struct rouse_check again = c;

	check_machine(root, &m);
	check_device(root, NIC, &d);
	check_judge(&m, &d, &c);
	assert_remedy(&c, "configure at most 9 Rx queues, as one vector is for other causes");
	again.nb_queues = 9;
	check_judge(&m, &d, &again);
	assert_remedy(&again, "its driver hands out no Rx interrupts for 9 queues: configure "
			      "fewer, or let its packets wait for the timer");
	d.nb_vectors = 0;
	again.remedy[0] = '\0';
	check_judge(&m, &d, &again);
	assert_remedy(&again, "the device has no MSI-X vectors: give it some, if it is a virtual "
			      "machine's, or let its packets wait for the timer");
}

static void
a_driver_that_uses_msi_alone_is_told_of(void **state)
{
	struct check_machine m;
	struct check_device d;
	struct rouse_check c = {
		.driver = "net_e1000_em",
		.has_kind = true,
		.kind = ROUSE_SOURCE_TIMED,
		.nb_queues = 1,
	};

	check_machine(root, &m);
	check_device(root, NIC, &d);
	check_judge(&m, &d, &c);
	assert_remedy(&c, "its driver leaves the MSI-X vectors of this NIC unused: start with "
			  "--vfio-intr=msi");
}

/* ---- the rest ---- */

static void
a_device_that_is_not_on_pci_needs_none_of_this(void **state)
{
	struct check_machine m;
	struct rouse_check c = { .driver = "net_null", .device = "net_null0" };

	remove_all("/sys/kernel/mm/hugepages");
	check_machine(root, &m);
	check_judge_software(&m, &c);
	assert_remedy(&c, "");
	assert_false(c.is_pci);
	assert_int_equal(c.iommu, ROUSE_CHECK_UNNEEDED);
	assert_int_equal(c.affinity, ROUSE_CHECK_UNNEEDED);
}

static void
an_address_is_taken_with_and_without_its_domain(void **state)
{
	static const char *const bad[] = { "", "net_null0", "01:00", "eth0", "01:00.0x", "pci" };
	char address[ROUSE_CHECK_ADDRESS_LEN];

	assert_int_equal(check_parse_address("01:00.0", address, sizeof(address)), 0);
	assert_string_equal(address, NIC);
	assert_int_equal(check_parse_address("0000:01:00.0", address, sizeof(address)), 0);
	assert_string_equal(address, NIC);
	for (unsigned int i = 0; i < UNIT_DIM(bad); i++)
		assert_int_equal(check_parse_address(bad[i], address, sizeof(address)), -EINVAL);
}

static void
nics_are_listed_in_their_order(void **state)
{
	char found[4][ROUSE_CHECK_ADDRESS_LEN];

	write_text("/sys/bus/pci/devices/0000:05:00.0/class", "0x020000\n");
	write_text("/sys/bus/pci/devices/0000:00:1f.0/class", "0x060100\n");
	write_text("/sys/bus/pci/devices/0000:00:03.0/class", "0x028000\n");
	assert_int_equal(check_nics(root, found, UNIT_DIM(found)), 3);
	assert_string_equal(found[0], "0000:00:03.0");
	assert_string_equal(found[1], NIC);
	assert_string_equal(found[2], "0000:05:00.0");
	assert_int_equal(check_nics(root, found, 2), 2);
	remove_all("/sys/bus/pci");
	assert_int_equal(check_nics(root, found, UNIT_DIM(found)), 0);
}

/* Everything at once has room, and ends whole. */
static void
a_machine_with_nothing_is_told_everything(void **state)
{
	struct rouse_check c;

	remove_all("/sys/class");
	remove_all("/sys/kernel/mm");
	remove_all("/sys/bus/pci/drivers");
	unlink(in_root("/sys/bus/pci/devices/" NIC "/iommu_group"));
	make_link("/sys/bus/pci/devices/" NIC "/driver", "../../drivers/igb");
	write_text("/sys/bus/pci/devices/" NIC "/net/eth0/flags", "0x1003\n");
	user = 1000;
	c = check(NULL);
	assert_non_null(strstr(c.remedy, "turn the IOMMU on: "));
	assert_non_null(strstr(c.remedy, "; the kernel's interface eth0 is up: "));
	assert_non_null(strstr(c.remedy, "; bind it: modprobe vfio-pci && "));
	assert_non_null(strstr(c.remedy, "; this user may lock 8192 kB of memory: "));
	assert_non_null(strstr(c.remedy, "; there are no hugepages: "));
	assert_string_equal(c.remedy + strlen(c.remedy) - strlen("512M"), "512M");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_that_has_everything_has_nothing_to_do),
		TEST(a_device_that_has_everything_and_is_no_port_lacks_a_driver),
		TEST(a_device_that_is_in_use_is_said_to_be),
		TEST(a_device_of_a_kernel_driver_is_to_be_bound),
		TEST(an_interface_that_is_up_may_be_the_one_that_one_sits_on),
		TEST(uio_hands_out_no_interrupts),
		TEST(a_port_that_the_kernel_keeps_does_without_vfio),
		TEST(a_device_that_is_not_there_is_said_to_be),
		TEST(without_an_iommu_it_is_to_be_turned_on),
		TEST(without_remapping_it_is_to_be_turned_on),
		TEST(without_an_iommu_on_purpose_there_is_nothing_to_turn_on),
		TEST(a_group_is_given_away_as_a_whole),
		TEST(a_user_may_open_the_device_and_lock_memory_or_is_told_how),
		TEST(only_root_may_move_interrupts),
		TEST(hugepages_are_there_and_mounted_or_it_is_said_how),
		cmocka_unit_test(vectors_are_counted_by_the_configuration_space),
		TEST(a_port_with_more_queues_than_vectors_is_told_how_many_it_may_have),
		TEST(a_driver_that_uses_msi_alone_is_told_of),
		TEST(a_device_that_is_not_on_pci_needs_none_of_this),
		cmocka_unit_test(an_address_is_taken_with_and_without_its_domain),
		TEST(nics_are_listed_in_their_order),
		TEST(a_machine_with_nothing_is_told_everything),
	};

	return UNIT_RUN(tests);
}
