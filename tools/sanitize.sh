#!/usr/bin/env bash
# Runs the tests under sanitizers: tools/sanitize.sh asan [ctest arguments] | tsan [ctest arguments]
#   asan  AddressSanitizer and UndefinedBehaviorSanitizer, all tests
#   tsan  ThreadSanitizer, the tests of what has threads
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-}
case "$preset" in
  asan) selection=() ;;
  tsan) selection=(-R '^(base|machine|kv|sched|net|models|remote|registry|pull|sources|server|app)_') ;;
  *)
    echo "usage: tools/sanitize.sh asan|tsan [ctest arguments]" >&2
    exit 2
    ;;
esac
shift

tools/install_packages.sh
cmake --preset "$preset"
cmake --build --preset "$preset" -j "$(nproc)"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
if [ "$#" -gt 0 ]; then
  selection=("$@")
fi
ctest --preset "$preset" -j2 --output-on-failure "${selection[@]}"
