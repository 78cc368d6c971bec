#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# dpdk-flags.sh PREFIX --cflags|--libs|--libdir
# What pkg-config says of the DPDK installed under PREFIX; its libraries are found at run time too.
set -euo pipefail

prefix=$1
pc=$(find "$prefix" -name libdpdk.pc -printf '%h\n' -quit)
[[ -n $pc ]] || { echo "$prefix: no libdpdk.pc below it; give the prefix of a DPDK" >&2; exit 1; }
export PKG_CONFIG_PATH=$pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
libdir=$(pkg-config --variable=libdir libdpdk)
case $2 in
--cflags) pkg-config --cflags libdpdk | sed 's/-I/-isystem /g' ;;
--libs) echo "$(pkg-config --libs libdpdk) -Wl,-rpath,$libdir" ;;
--libdir) echo "$libdir" ;;
*) echo "$2: give --cflags, --libs or --libdir" >&2; exit 1 ;;
esac
