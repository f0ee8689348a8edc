#!/usr/bin/env bash
# Coding agents against the server and a model that follows a script (tests/e2e/agents): tools/test_agents.sh [agent ...]
# Installs their packages once (2 GB from the package registry); they themselves see no network. Needs node, npm, and
# namespaces (unshare) for what they may see.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake --preset release
cmake --build --preset release --target scripted_server
export QUERN_AGENTS="$*"
ctest --preset release -C agents -L agents --verbose
