#!/bin/sh
# Checks that need no build: format, include directions, file lengths. Run it before a commit, or let git do so:
#   ln -s ../../tools/check.sh .git/hooks/pre-commit
set -eu
cd "$(git rev-parse --show-toplevel)"
git ls-files -z -- '*.cpp' '*.hpp' | xargs -0 -r clang-format-14 --dry-run -Werror
python3 tools/check_includes.py
