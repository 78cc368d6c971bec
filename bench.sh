#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse and measures it beside stock DPDK, in one run on this machine.
#
#   ./bench.sh                      every measure, an hour at most; nothing else should run
#   ./bench.sh MEASURE...           of: throughput doorbells load latency curve
#                                   cotenant bursts settings watched worker
#   ./bench.sh --quick [MEASURE...] a look at them in 3 minutes, which resolves little
#
# Each prints its progress and a table, and all targets are in one at the end; tables and raw data are left in build/tests/bench/MEASURE.
# The status is 0 whatever the figures are, and 1 if one could not be had.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/config/bootstrap.sh"

readonly MEASURES=(throughput doorbells load latency curve cotenant bursts settings watched worker)

arguments=()
if [[ ${1-} == --quick ]]; then
	arguments+=(--test-args=--quick)
	shift
fi
for name; do
	[[ " ${MEASURES[*]} " == *" $name "* ]] ||
		die "there is no measure '$name'; give some of: ${MEASURES[*]}"
done
(($# > 0)) || set -- "${MEASURES[@]}"

bootstrap build
build_rouse
unlock_tree

cd "$TOP"
status=0
meson test -C build --no-rebuild --benchmark --verbose --num-processes 1 "${arguments[@]}" "$@" ||
	status=$?
(cd build/tests/bench && python3 -B "$TOP/tests/bench/targets.py" "$@")
exit $status
