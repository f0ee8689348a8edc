#!/usr/bin/env bash
# Builds the kernels and the engine for AArch64 and runs what tests the NEON tier under qemu. Says nothing about speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/install_packages.sh tools/packages_neon.txt
tools/arm64_sysroot.sh build/arm64-sysroot
if [ "${CI:-}" = true ]; then
  export QUERN_WERROR=ON
fi
cmake --preset neon
cmake --build --preset neon -j "$(nproc)"
ctest --preset neon -j2
