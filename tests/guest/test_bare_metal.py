# SPDX-License-Identifier: BSD-3-Clause
"""The commands of docs/bare-metal.md, word for word and in their order, in a guest with an 82576 that
the kernel's own driver has, and without hugepages.

A block of the document says who runs it: "sh root", "sh alice", or "sh untried". What the guest lacks of
a machine is made beforehand: an /etc that can be written, and a modprobe that finds the modules.
"""

import os
import re
import shutil
import sys

import guest

DOCUMENT = guest.TOP / "docs/bare-metal.md"
BLOCK = re.compile(r"^```sh (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOOLS = ("lspci", "driverctl", "useradd", "su")

# The host's root cannot be written to, and its modules, if it has any, are those of another kernel.
PREPARE = f"""
mkdir /run/etc /run/home /run/bin
cp -a /etc/. /run/etc && mount --bind /run/etc /etc
mount --bind /run/home /home
printf '#!/bin/sh\\ncd /mnt && exec chroot initramfs /bin/modprobe "$@"\\n' >/run/bin/modprobe
chmod +x /run/bin/modprobe
mount --bind /run/bin/modprobe "$(readlink -f /sbin/modprobe)"
modprobe igb
ip link set "$(ls /sys/bus/pci/devices/0000:01:00.0/net)" up
"""


def blocks():
    """(who runs it, commands) of each, in the document's order; a shell block that says nobody is an
    error."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = BLOCK.findall(text)
    assert text.count("```") == 2 * len(found), "a block of bare-metal.md does not say who runs it"
    return found


class BareMetal(guest.Test):
    NICS = [("igb", "", "igb")]
    OPTIONS = {"nb_hugepages": 0}

    def run_as(self, who, script, status):
        """Runs it from the tree's folder; its output."""
        path = f"{guest.STOCK}:/usr/sbin:/usr/bin:/sbin:/bin"
        words = ["sh", "-euc", f"cd {guest.TOP}; {script}"]
        if who != "root":
            words = ["su", who, "-s", "/bin/sh", "-c", f"set -eu; cd {guest.TOP}; {script}"]
        done = self.vm.run(words, env={"PATH": path})
        self.assertEqual(done.status, status, f"{who}: {script}{done.output}{self.vm.console_tail()}")
        return done.output

    def test_its_commands_do_what_it_says(self):
        self.vm.shell(PREPARE)
        said = {}
        for who, script in blocks():
            if who != "untried":
                print(f"{who}: {script}", end="", file=sys.stderr)
                # the first says what is missing
                said[script] = self.run_as(who, script, 0 if said else 1)
        checks = [output for script, output in said.items() if "rousepmd --check" in script]
        nic = "0000:01:00.0"

        first, as_root, as_alice, by_mount = checks
        self.assertRegex(first, f"NIC {nic}: driver none, kernel's igb; vectors 10; .*; to do: "
                                r"the kernel's interface \w+ is up: .*; bind it: (modprobe vfio-pci "
                                f"&& )?dpdk-devbind.py --bind=vfio-pci {nic}; there are no hugepages: ")
        self.assertRegex(as_root, f"port 0 {nic}: driver net_e1000_igb, kernel's vfio-pci; vectors 10; "
                                  "Rx interrupts yes; IOMMU yes; interrupt remapping yes; permissions "
                                  r"yes; interrupts follow workers yes; hugepages 512 MB, \d+ free\s")
        for output in as_alice, by_mount:
            self.assertRegex(output, f"port 0 {nic}: .*; vectors unknown; Rx interrupts yes; IOMMU yes; "
                                     "interrupt remapping yes; permissions yes; interrupts follow "
                                     "workers no; hugepages 512 MB, .*only root may choose")
            self.assertNotIn("Cannot set up DMA remapping", output)
        self.assertIn("port 0 queue 0: its interrupt does not follow the worker to processor 1: /proc/irq/",
                      as_alice)
        self.assertEqual(as_alice.count("does not follow the worker"), 1)

    def test_a_queue_block_is_found(self):
        """The test would pass if it found no command."""
        who = [name for name, _ in blocks()]
        self.assertGreaterEqual(who.count("root"), 8)
        self.assertGreaterEqual(who.count("alice"), 2)
        self.assertLessEqual(set(who), {"root", "alice", "untried"})


def missing():
    """Why it cannot be run here, or None."""
    for tool in TOOLS:
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"{tool} is not there: install what config/packages names"
    if guest.BUILD.resolve() != guest.TOP / "build":
        return f"the document's build folder is {guest.TOP / 'build'}, not {guest.BUILD}"
    for folder in guest.ROUSEPMD, guest.STOCK:
        for part in guest.pathlib.Path(folder).resolve().parents:
            if not part.stat().st_mode & 0o001:
                return f"a user who is not root cannot get below {part}"
    return None


if __name__ == "__main__":
    if reason := missing():
        print(reason, file=sys.stderr)
        sys.exit(guest.EXIT_SKIP)
    guest.main()
