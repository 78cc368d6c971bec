#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse and runs its test suite.
#
#   ./test.sh              everything
#   ./test.sh ARGUMENTS    hands the arguments to "meson test", as in ./test.sh --suite unit
#
# The last line is "N passed, N failed, N skipped"; the status is 0 when nothing failed and
# something ran. build/skipped-tests lists what was skipped and why.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/config/bootstrap.sh"

bootstrap build test
build_rouse
unlock_tree

cd "$TOP"
results=build/meson-logs/testlog.json
rm -f "$results"
status=0
meson test -C build --no-rebuild --print-errorlogs "$@" || status=$?
python3 config/summary.py "$results" build/skipped-tests "$status"
