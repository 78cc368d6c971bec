# SPDX-License-Identifier: BSD-3-Clause
"""Boots a guest for a person: tests/guest/shell says how it is called."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import guest
import wire

DEFAULT = ["igb", "igb"]
OPTIONS = {"virtio-net-pci": "disable-legacy=on,iommu_platform=on"}  # to be behind the IOMMU


def main():
    if reason := guest.missing():
        sys.exit(f"error: {reason}")
    nics = [guest.Nic(model, OPTIONS.get(model, "")) for model in sys.argv[1:] or DEFAULT]
    ends = [end for _ in nics[::2] for end in wire.cable()]
    for index, nic in enumerate(nics):
        nic.index, nic.wire = index, ends[index]
    devices = [word for nic in nics for word in nic.arguments()]
    size = shutil.get_terminal_size()
    programs = ":".join([os.path.dirname(guest.ROUSEPMD), str(guest.STOCK)])
    with tempfile.TemporaryDirectory(prefix="rouse-guest.") as folder:
        argv = [*guest.machine(nb_cpus=5, iommu="intremap=on", memory_mb=1536),
                *guest.boot_arguments(folder, nics, "intremap=on", nb_hugepages=256,
                                      GREETING=pathlib.Path(__file__).with_name("greeting.sh"),
                                      PROGRAMS=programs, SIZE=f"{size.lines}x{size.columns}",
                                      NICS=",".join(nic.address for nic in nics)),
                *devices, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
        sys.exit(subprocess.run(argv, pass_fds=[peer.fileno() for end in ends for peer in end.peers],
                                check=False).returncode)


main()
