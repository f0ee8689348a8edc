#!/usr/bin/env bash
# Writes docs/API-FIELDS.md anew, after what requests may contain has changed: [build folder]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
QUERN_TEST_UPDATE_API_FIELDS=1 "${1:-build/release}/tests/server/server_test" --gtest_filter=Reference.TheDocsSayTheSame
