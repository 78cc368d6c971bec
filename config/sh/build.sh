# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse itself: into build/, and with sanitizers into build-sanitize/ and build-thread/.
# Sourced, never run.
# shellcheck shell=bash disable=SC2154

# What a folder was configured for: drivers built against one DPDK do not load into another.
build_fingerprint()
{
	echo "$dpdk_prefix $(cat "$dpdk_prefix/.fingerprint" 2>/dev/null || true)"
}

# configure_rouse FOLDER OPTION...: one that was configured for another DPDK, or by hand, is
# configured anew; its other options are kept.
configure_rouse()
{
	local build=$TOP/$1
	local stamp=$build/.dpdk
	[[ ! -r $build/build.ninja || ! -r $stamp || $(<"$stamp") != "$(build_fingerprint)" ]] || return 0
	local -a wipe=()
	[[ ! -r $build/meson-private/coredata.dat ]] || wipe=(--wipe)
	step "configuring Rouse in $1" "$DEPS/log/rouse-configure" \
		meson setup "${wipe[@]}" "$build" "$TOP" "-Dpkg_config_path=$dpdk_pc" "${@:2}" || exit
	build_fingerprint >"$stamp"
}

# build_rouse TARGET...: all of it without a target.
build_rouse()
{
	configure_rouse build
	step "building Rouse" "$DEPS/log/rouse-build" ninja -C "$TOP/build" "$@" || exit
}

# The same for the test setup "sanitize", which is the default there.
build_sanitized()
{
	configure_rouse build-sanitize -Dbuildtype=debugoptimized -Db_sanitize=address,undefined
	step "building Rouse with sanitizers" "$DEPS/log/rouse-build-sanitize" \
		ninja -C "$TOP/build-sanitize" || exit
}

# And for the test setup "thread".
build_threaded()
{
	configure_rouse build-thread -Dbuildtype=debugoptimized -Db_sanitize=thread
	step "building Rouse with ThreadSanitizer" "$DEPS/log/rouse-build-thread" \
		ninja -C "$TOP/build-thread" || exit
}
