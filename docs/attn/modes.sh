#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures what a signal and a wake cost in each mode, and draws it:
#
#   docs/attn/modes.sh [BUILD]     modes.csv and modes.svg beside this file; BUILD is build
#   docs/attn/modes.sh --plot      modes.svg from the modes.csv that is there
#
# It takes a minute or two, as callgrind runs 33 programs. meson test --benchmark attn_cost measures
# the same without drawing it.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$folder/../..

if [[ ${1-} != --plot ]]; then
	build=${1-$top/build}
	ninja -C "$build" tests/bench/attn_cost
	python3 -B "$top/tests/bench/attn_cost.py" "$build/tests/bench/attn_cost" --all --out "$folder"
fi
cd "$folder"
gnuplot modes.gnuplot
