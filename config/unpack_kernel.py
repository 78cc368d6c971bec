#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Takes the kernel out of the image that unpacks itself: unpack_kernel.py VMLINUZ VMLINUX

An emulated processor takes seconds to unpack it, at every boot. QEMU starts an ELF by its PVH entry.
"""
import lzma
import sys

MAGIC = b"\xfd7zXZ\0"
ELF = b"\x7fELF"


def kernel_in(image):
    """What the image holds; None if it is not packed by xz, as Debian's are."""
    at = image.find(MAGIC)
    while at >= 0:
        try:
            unpacked = lzma.LZMADecompressor().decompress(image[at:])
        except lzma.LZMAError:
            unpacked = b""
        if unpacked.startswith(ELF):
            return unpacked
        at = image.find(MAGIC, at + 1)
    return None


def main():
    vmlinuz, vmlinux = sys.argv[1:]
    with open(vmlinuz, "rb") as file:
        kernel = kernel_in(file.read())
    if kernel is None:
        sys.exit(f"error: {vmlinuz}: there is no kernel in it that xz packed")
    with open(vmlinux, "wb") as file:
        file.write(kernel)


main()
