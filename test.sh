#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse and runs its test suite.
#
#   ./test.sh                       the suite
#   ./test.sh all [ARGUMENTS]       with the mutants, and then what makes sense with ASan and UBSan
#                                   once more, and that in which threads meet with ThreadSanitizer
#   ./test.sh ARGUMENTS             hands the arguments to "meson test", as in ./test.sh --suite unit
#   ./test.sh sanitize [ARGUMENTS]  the same with ASan and UBSan only
#   ./test.sh thread [ARGUMENTS]    the same with ThreadSanitizer only
#
# The last line is "N passed, N failed, N skipped"; the status is 0 when nothing failed and
# something ran. build/skipped-tests lists what was skipped and why.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/config/bootstrap.sh"

results=()
status=0

# run_tests FOLDER ARGUMENT...
run_tests()
{
	local log=$1/meson-logs/testlog.json
	rm -f "$log"
	meson test -C "$1" --no-rebuild --print-errorlogs "${@:2}" || status=$?
	results+=("$log")
}

plain=true sanitized=false threaded=false
case ${1-} in
'') set -- --no-suite mutants ;;
all) sanitized=true threaded=true && shift ;;
sanitize) plain=false sanitized=true && shift ;;
thread) plain=false threaded=true && shift ;;
esac

bootstrap build test
mkdir -p "$TOP/build"
! $plain || build_rouse
! $sanitized || build_sanitized
! $threaded || build_threaded
unlock_tree

cd "$TOP"
! $plain || run_tests build "$@"
! $sanitized || run_tests build-sanitize "$@"
! $threaded || run_tests build-thread "$@"
python3 config/summary.py build/skipped-tests "$status" "${results[@]}"
