#!/usr/bin/env bash
# Writes the option tables of etc/quern.yaml and docs/CLI.md anew, after an option has changed: [quern binary]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
quern=${1:-build/release/quern}
"$quern" help yaml >etc/quern.yaml
head=$(sed '/^| option | environment |/,$d' docs/CLI.md)
{
  printf '%s\n\n' "$head"
  "$quern" help options
} >docs/CLI.md.new
mv docs/CLI.md.new docs/CLI.md
