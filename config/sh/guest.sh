# SPDX-License-Identifier: BSD-3-Clause
# What the tests' guest boots: Debian's kernel and a static busybox, unpacked from their packages into
# .deps/guest and never installed. Sourced, never run.
#
#   vmlinux         the kernel, as QEMU boots it fastest
#   initramfs.cpio  busybox and the modules below, with what depmod says of them; the harness adds
#                   an init of its own, see tests/guest/guest.py
#   .packages       what it was made from, by this file and config/packages
# shellcheck shell=bash disable=SC2154

# Folders and files of the kernel package, below its module folder. Kernel drivers of the NICs are
# there for the tests of a NIC that they hold.
readonly GUEST_MODULES=(
	virt/lib drivers/vfio
	drivers/virtio drivers/char/virtio_console.ko fs/9p net/9p fs/netfs fs/fscache
	drivers/net/ethernet/intel/igb drivers/net/ethernet/intel/e1000e drivers/net/vmxnet3
	drivers/net/virtio_net.ko drivers/net/net_failover.ko net/core/failover.ko
	drivers/i2c/algos drivers/dca
)

guest_fingerprint()
{
	wanted_packages guest
	printf '%s\n' "${GUEST_MODULES[@]}"
	cat "$TOP/config/unpack_kernel.py"
}

# Makes .deps/guest unless it is there. Where it cannot be made the guest's tests say so.
unpack_guest()
{
	local stamp=$DEPS/guest/.packages
	[[ ! -r $stamp || $(<"$stamp") != "$(guest_fingerprint)" ]] || return 0
	[[ $(uname -m) == x86_64 ]] || return 0
	apt_open || return
	rm -rf "$DEPS/guest.part" "$DEPS/guest"
	mkdir -p "$DEPS/guest.part"
	step "unpacking the guest's kernel" "$DEPS/log/guest" make_guest "$DEPS/guest.part" || return
	guest_fingerprint >"$DEPS/guest.part/.packages"
	mv "$DEPS/guest.part" "$DEPS/guest"
}

# make_guest FOLDER
make_guest()
{
	local folder=$1 package version module
	local root=$1/root kernel
	local -a names
	mapfile -t names < <(wanted_packages guest)
	for package in "${names[@]}"; do
		# linux-image-amd64 is empty, and depends on the kernel of the day
		[[ $package != linux-image-amd64 ]] || package=$(newest_kernel) || return
		unpack_package "$package" "$folder" || return
	done
	version=$(basename "$folder"/all/lib/modules/*) || return
	kernel=lib/modules/$version
	mkdir -p "$root/bin" "$root/$kernel" &&
		mv "$folder/all/bin/busybox" "$root/bin" &&
		python3 "$TOP/config/unpack_kernel.py" "$folder/all/boot/vmlinuz-$version" "$folder/vmlinux" &&
		mv "$folder/all/$kernel"/modules.* "$root/$kernel" || return
	for module in "${GUEST_MODULES[@]}"; do
		mkdir -p "$(dirname "$root/$kernel/kernel/$module")" &&
			mv "$folder/all/$kernel/kernel/$module" "$root/$kernel/kernel/$module" || return
	done
	"$root/bin/busybox" depmod -b "$root" "$version" || return
	(cd "$root" && find . | bin/busybox cpio -o -H newc) >"$folder/initramfs.cpio" || return
	rm -r "$root" "$folder/all"
}

newest_kernel()
{
	LC_ALL=C apt-cache "${apt_options[@]}" depends linux-image-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | sort -V | tail -n 1 | grep .
}

# unpack_package PACKAGE FOLDER: into FOLDER/all
unpack_package()
{
	(cd "$2" && LC_ALL=C apt-get "${apt_options[@]}" download "$1") &&
		dpkg-deb -x "$2/$1"_*.deb "$2/all" &&
		rm "$2/$1"_*.deb
}
