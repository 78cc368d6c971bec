# SPDX-License-Identifier: BSD-3-Clause
# Which DPDK is used, and how ours is built. Sourced, never run.
#
# The order:
#   1. ROUSE_DPDK=<prefix>: what the user says, or an error.
#   2. .deps/dpdk, when it is built and matches config/dpdk.options.
#   3. one that pkg-config finds, 22.11 or later, with the driver SDK headers.
#   4. build .deps/dpdk.
#   5. where that cannot be done (another distribution, no mirror): one that pkg-config finds
#      without those headers. Libraries and application build against it, our drivers do not.
# A distribution's DPDK comes after building our own, because without our drivers the default run
# has no port to run on; ROUSE_DPDK=/usr asks for it all the same.
#
# choose_dpdk sets dpdk_prefix, and dpdk_pc: the folder of its libdpdk.pc.
# shellcheck shell=bash disable=SC2034

readonly DPDK_SERIES=22.11
readonly DPDK_LIBDIR=lib/x86_64-linux-gnu
dpdk_prefix=
dpdk_pc=

# The options for this machine: config/dpdk.options without comments.
dpdk_options()
{
	local options
	options=$(sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$TOP/config/dpdk.options")
	# An x86-64 without AVX2 could build the binaries, and would die running them.
	grep -qw -m 1 avx2 /proc/cpuinfo ||
		options=${options/cpu_instruction_set=x86-64-v3/cpu_instruction_set=generic}
	printf '%s\n' "$options"
}

# What a built prefix must match. The prefix is part of it: EAL has its plugin folder compiled in,
# so a tree that was moved builds anew.
dpdk_fingerprint()
{
	{ echo "$DPDK_SERIES $DEPS/dpdk $(open_folder)"; dpdk_options; } | cksum
}

# EAL loads no plugin from below a folder that everybody may write to. Prints the first such folder
# on the way down to the tree, if there is one, as "sticky <folder>" or "open <folder>".
open_folder()
{
	local folder=$DEPS/dpdk
	local -a way=()
	while [[ $folder != / ]]; do
		folder=$(dirname "$folder")
		way=("$folder" "${way[@]}")
	done
	stat -c '%A %n' "${way[@]}" 2>/dev/null |
		sed -n -e 's/^........w[tT] /sticky /p' -e 's/^........w. /open /p' | head -n 1
}

own_dpdk_is_current()
{
	[[ -r $DEPS/dpdk/.fingerprint && $(<"$DEPS/dpdk/.fingerprint") == "$(dpdk_fingerprint)" ]]
}

pkgconfig_folder()
{
	local folder
	for folder in "$DPDK_LIBDIR" lib64 lib share; do
		if [[ -r $1/$folder/pkgconfig/libdpdk.pc ]]; then
			echo "$1/$folder/pkgconfig"
			return 0
		fi
	done
	return 1
}

has_driver_sdk()
{
	local folder
	for folder in $(PKG_CONFIG_PATH=$1 pkg-config --cflags-only-I libdpdk 2>/dev/null); do
		[[ ! -r ${folder#-I}/ethdev_driver.h ]] || return 0
	done
	[[ -r $(PKG_CONFIG_PATH=$1 pkg-config --variable=includedir libdpdk)/ethdev_driver.h ]]
}

use_dpdk()
{
	dpdk_pc=$1
	dpdk_prefix=$(PKG_CONFIG_PATH=$1 pkg-config --variable=prefix libdpdk)
}

use_named_dpdk()
{
	local folder
	folder=$(pkgconfig_folder "${ROUSE_DPDK%/}") ||
		die "ROUSE_DPDK=$ROUSE_DPDK holds no libdpdk.pc; name the prefix that DPDK was installed under, or unset it"
	PKG_CONFIG_PATH=$folder pkg-config --atleast-version="$DPDK_SERIES" libdpdk ||
		die "ROUSE_DPDK=$ROUSE_DPDK is DPDK $(PKG_CONFIG_PATH=$folder pkg-config --modversion libdpdk); $DPDK_SERIES or later is needed"
	use_dpdk "$folder"
	has_driver_sdk "$folder" || without_drivers
}

without_drivers()
{
	say "the DPDK under $dpdk_prefix has no driver SDK headers (ethdev_driver.h), so net_evnic and net_igb are not built;" \
		"name with ROUSE_DPDK=<prefix> one that was configured with -Denable_driver_sdk=true, or on Debian 12 unset it to have one built"
}

choose_dpdk()
{
	local system=
	if [[ -n ${ROUSE_DPDK-} ]]; then
		use_named_dpdk
		return
	fi
	if own_dpdk_is_current; then
		use_dpdk "$DEPS/dpdk/$DPDK_LIBDIR/pkgconfig"
		return
	fi
	if pkg-config --atleast-version="$DPDK_SERIES" libdpdk 2>/dev/null; then
		system=$(pkg-config --variable=pcfiledir libdpdk)
		if has_driver_sdk "$system"; then
			use_dpdk "$system"
			return
		fi
	fi
	if build_dpdk; then
		use_dpdk "$DEPS/dpdk/$DPDK_LIBDIR/pkgconfig"
	elif [[ -n $system ]]; then
		use_dpdk "$system"
		without_drivers
	else
		die "there is no DPDK to build with; see above, or name one with ROUSE_DPDK=<prefix>"
	fi
}

# Each step is skipped when an earlier run finished it, and can be broken off anywhere.
build_dpdk()
{
	local source machine folder
	machine=$(uname -m)
	if [[ $machine != x86_64 ]]; then
		say "DPDK is built here for x86_64 only, this machine is $machine; name one with ROUSE_DPDK=<prefix>"
		return 1
	fi
	if ! is_debian_12; then
		say "DPDK is built here on Debian 12 only; name one with ROUSE_DPDK=<prefix>"
		return 1
	fi
	case $(open_folder) in
	open*)
		folder=$(open_folder)
		say "everybody may write to ${folder#open }, and DPDK loads no driver from below such a folder; chmod o-w it, or move this tree"
		return 1 ;;
	esac
	if ! compgen -G "$DEPS/src/dpdk-*/meson.build" >/dev/null; then
		fetch_source dpdk "$DPDK_SERIES" "$DEPS/src" || return
	fi
	source=$(compgen -G "$DEPS/src/dpdk-*/meson.build")
	configure_dpdk "${source%/meson.build}" || return
	[[ -d $DEPS/dpdk ]] || say "building DPDK $DPDK_SERIES into .deps/dpdk, once; about 3 minutes on 2 cores"
	step "building DPDK, once" "$DEPS/log/dpdk-build" \
		ninja -C "$DEPS/dpdk-build" || return
	step "installing DPDK" "$DEPS/log/dpdk-install" install_dpdk || return
	step "trying DPDK" "$DEPS/log/dpdk-try" try_dpdk || return
	dpdk_fingerprint >"$DEPS/dpdk/.fingerprint"
	rm -rf "$DEPS/dpdk-build"
}

configure_dpdk()
{
	local build=$DEPS/dpdk-build options
	[[ ! -r $build/.fingerprint || $(<"$build/.fingerprint") != "$(dpdk_fingerprint)" ]] || return 0
	rm -rf "$build"
	mapfile -t options < <(dpdk_options | sed 's/^/-D/')
	case $(open_folder) in
	sticky*) grep -q S_ISVTX "$1/lib/eal/common/eal_common_options.c" ||
		step "patching DPDK" "$DEPS/log/dpdk-patch" patch -d "$1" -p1 -i "$TOP/config/dpdk-sticky.patch" ||
		return ;;
	esac
	# The rpath lets the installed programs find their libraries without LD_LIBRARY_PATH. Compiler
	# and flags in the environment are meant for Rouse: they would stick in this build for good.
	step "configuring DPDK" "$DEPS/log/dpdk-configure" \
		env -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS meson setup "$build" "$1" --prefix="$DEPS/dpdk" --libdir="$DPDK_LIBDIR" \
		-Dc_link_args="-Wl,-rpath,$DEPS/dpdk/$DPDK_LIBDIR" "${options[@]}" || return
	dpdk_fingerprint >"$build/.fingerprint"
}

install_dpdk()
{
	rm -rf "$DEPS/dpdk" &&
		meson install -C "$DEPS/dpdk-build" --no-rebuild &&
		install_l3fwd_power
}

# DPDK installs its examples as sources only. The flags are separate words.
# shellcheck disable=SC2046
install_l3fwd_power()
{
	local libdir=$DEPS/dpdk/$DPDK_LIBDIR
	local -x PKG_CONFIG_PATH=$libdir/pkgconfig
	(cd "$DEPS/dpdk/share/dpdk/examples/l3fwd-power" &&
		gcc -O3 -DALLOW_EXPERIMENTAL_API $(pkg-config --cflags libdpdk) ./*.c \
			-o "$DEPS/dpdk/bin/dpdk-l3fwd-power" \
			$(pkg-config --libs libdpdk) "-Wl,-rpath,$libdir")
}

# Starts each program on this machine before anything relies on it. On an error EAL prints its whole
# usage after the cause: that is cut off.
try_dpdk()
{
	local bin=$DEPS/dpdk/bin cpu
	local -a eal
	cpu=$(allowed_cpus | head -n 1)
	eal=(--no-huge --no-shconf --no-pci --no-telemetry -m 64 "--lcores=0@$cpu,1@$cpu")
	if [[ ! -d /sys/devices/system/cpu/cpu$cpu ]]; then
		echo "/sys is not mounted: DPDK finds the CPUs there"
		return 1
	fi
	{ echo quit | "$bin/dpdk-testpmd" "${eal[@]}" --vdev=net_null0 -- -i --total-num-mbufs=2048 &&
		echo version_autotest | "$bin/dpdk-test" "${eal[@]}" &&
		ldd "$bin/dpdk-l3fwd-power" | { ! grep 'not found'; } &&
		"$bin/dpdk-telemetry.py" --help; } 2>&1 | sed '/^Usage:/,/^$/d; /^EAL .*options/,/^$/d'
}
