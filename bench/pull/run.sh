#!/usr/bin/env bash
# `quern pull` (which hashes what it fetches, and syncs it) against curl (which does neither), in turns, from the same
# server on this machine over TLS. Prints the times, the medians and their ratio; curl+sum: with sha256sum behind it,
# curl+sync: with what it wrote on the disk. TMPDIR on a tmpfs leaves the disk out.
#   bench/pull/run.sh [build folder [rounds [shape [quant]]]]      default: build/release 5 tinyllama-1.1b f16 (2.2 GB)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:-build/release} rounds=${2:-5} shape=${3:-tinyllama-1.1b} quant=${4:-f16}
work=$(mktemp -d "${TMPDIR:-/tmp}/quern-bench-pull-XXXXXX")
hub_pid=
finish() {
  [ -z "$hub_pid" ] || kill "$hub_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

mkdir "$work/files" "$work/certificate"
"$build/quern" synth --shape "$shape" --quant "$quant" "$work/files/bench.gguf"
mkfifo "$work/stdin"
"$build/tests/support/test_hub" "$work/certificate" "$work/files" <"$work/stdin" >"$work/said" &
hub_pid=$!
exec 3>"$work/stdin" # open as long as the hub is wanted
until [ -s "$work/said" ]; do sleep 0.1; done
hub=$(sed -n 's/.*"hub":"\([^"]*\)".*/\1/p' "$work/said")
export SSL_CERT_FILE=$work/certificate/hub.crt HF_ENDPOINT=$hub XDG_DATA_HOME=$work/data
address=$hub/test/model/resolve/$(printf 'c%.0s' {1..40})/bench.gguf

calculate() { awk "BEGIN { printf \"%.6f\", $1 }"; }
seconds() { # of a command
  local begin end
  begin=$(date +%s.%N)
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  end=$(date +%s.%N)
  calculate "$end - $begin"
}
median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

bytes=$(stat -c %s "$work/files/bench.gguf")
echo "$bytes bytes, $rounds rounds, seconds:"
printf '%9s %9s %9s %9s\n' curl quern curl+sum curl+sync
for _ in $(seq "$rounds"); do
  curl_s=$(seconds curl --silent --show-error --fail --location --cacert "$SSL_CERT_FILE" --output "$work/curl.gguf" "$address")
  sync_s=$(seconds sync "$work/curl.gguf")
  sum_s=$(seconds sha256sum "$work/curl.gguf")
  rm "$work/curl.gguf"
  quern_s=$(seconds "$build/quern" pull hf.co/test/model/bench.gguf)
  rm -rf "$work/data"
  printf '%9.2f %9.2f %9.2f %9.2f\n' "$curl_s" "$quern_s" "$(calculate "$curl_s + $sum_s")" "$(calculate "$curl_s + $sync_s")"
  echo "$curl_s" >>"$work/curl_s"
  echo "$quern_s" >>"$work/quern_s"
done
curl_m=$(median <"$work/curl_s") quern_m=$(median <"$work/quern_s")
printf 'medians: curl %.2f s (%.0f MB/s), quern %.2f s (%.0f MB/s): %.0f%% of the rate of curl\n' \
  "$curl_m" "$(calculate "$bytes / $curl_m / 1000000")" "$quern_m" "$(calculate "$bytes / $quern_m / 1000000")" \
  "$(calculate "100 * $curl_m / $quern_m")"
