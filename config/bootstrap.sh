#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a fresh Debian 12 to a machine that can build Rouse: packages, then DPDK.
#
#   config/bootstrap.sh [build|test]    "test" (the default) adds what the test suite needs
#
# run.sh and test.sh source it. Whatever is done already is not done again: with everything there
# it costs a few hundredths of a second. What it makes is under .deps/, logs in .deps/log/.
# shellcheck disable=SC2154
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
DEPS=$TOP/.deps

for piece in step apt cpus dpdk guest build; do
	# shellcheck disable=SC1090
	. "$TOP/config/sh/$piece.sh"
done

# bootstrap SECTION...: sections of config/packages.
bootstrap()
{
	prepare_environment
	lock_tree
	if is_debian_12; then
		install_packages "$@"
		[[ " $* " != *" test "* ]] || unpack_guest || say "so the suite \"guest\" cannot run"
	else
		require_tools
	fi
	choose_dpdk
	apt_close
}

# A Python from pyenv or a virtual environment lacks the Debian packages that DPDK's build and the
# tests import.
prepare_environment()
{
	# pkg-config and Meson split flags at blanks.
	[[ $TOP != *[[:space:]]* ]] ||
		die "the path '$TOP' holds a blank, which the build cannot take; move this tree"
	PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
	umask 022 # EAL loads no plugin from a folder that everybody may write to
	unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
	trap on_interrupt INT TERM
	trap 'stop_watching; apt_close' EXIT
}

# One bootstrap or build at a time in a tree; unlock_tree before the program is started.
lock_tree()
{
	mkdir -p "$DEPS/log" 2>/dev/null || true
	[[ -w $DEPS && -w $DEPS/log ]] ||
		die "$DEPS cannot be written; run as the user who owns this tree"
	exec {tree_lock}>"$DEPS/lock"
	flock -n "$tree_lock" && return 0
	say "another run.sh or test.sh is building in this tree; waiting for it"
	flock "$tree_lock"
}

unlock_tree()
{
	exec {tree_lock}>&-
}

# Elsewhere packages have other names: say what is needed, and go on when it is there.
require_tools()
{
	local tool
	for tool in gcc pkg-config meson ninja python3; do
		command -v "$tool" >/dev/null || needs_packages
	done
	[[ -n ${ROUSE_DPDK-} ]] || pkg-config --exists libdpdk || needs_packages
}

needs_packages()
{
	local names
	names=$(wanted_packages build test | tr '\n' ' ')
	die "packages are installed on Debian 12 only; here, install the counterparts of: ${names}and a DPDK" \
		"$DPDK_SERIES or later configured with -Denable_driver_sdk=true (name its prefix with ROUSE_DPDK=<prefix>)"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	case ${1-test} in
	build) bootstrap build ;;
	test) bootstrap build test ;;
	*) die "'$1' is not a set of packages; config/bootstrap.sh [build|test]" ;;
	esac
	say "ready: DPDK $(PKG_CONFIG_PATH=$dpdk_pc pkg-config --modversion libdpdk) in $dpdk_prefix"
fi
