#!/usr/bin/env bash
# Builds everything and runs all tests. Ends with ctest's summary; the exit code is its result.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tools/install_packages.sh
if [ "${CI:-}" = true ]; then
  export QUERN_WERROR=ON
fi
cmake --preset release
cmake --build --preset release -j "$(nproc)"
# A machine with a shared data folder checks against all of it; elsewhere the committed subset is enough.
ctest --preset release -j2 --output-on-failure
