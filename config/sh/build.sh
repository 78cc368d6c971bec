# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse itself into build/. Sourced, never run.
# shellcheck shell=bash disable=SC2154

# What build/ was configured for: drivers built against one DPDK do not load into another.
build_fingerprint()
{
	echo "$dpdk_prefix $(cat "$dpdk_prefix/.fingerprint" 2>/dev/null || true)"
}

# A folder that was configured for another DPDK, or by hand, is configured anew; its other options
# are kept.
configure_rouse()
{
	local build=$TOP/build stamp=$TOP/build/.dpdk
	[[ ! -r $build/build.ninja || ! -r $stamp || $(<"$stamp") != "$(build_fingerprint)" ]] || return 0
	local -a wipe=()
	[[ ! -r $build/meson-private/coredata.dat ]] || wipe=(--wipe)
	step "configuring Rouse" "$DEPS/log/rouse-configure" \
		meson setup "${wipe[@]}" "$build" "$TOP" "-Dpkg_config_path=$dpdk_pc" || exit
	build_fingerprint >"$stamp"
}

# build_rouse TARGET...: all of it without a target.
build_rouse()
{
	configure_rouse
	step "building Rouse" "$DEPS/log/rouse-build" ninja -C "$TOP/build" "$@" || exit
}
