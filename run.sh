#!/usr/bin/env bash
# Builds quern, starts the server on the built-in model, streams a story to the terminal, and keeps serving until Ctrl-C.
#   ./run.sh          ./run.sh --once   (stop after the story)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

once=false
case "${1:-}" in
  '') ;;
  --once) once=true ;;
  *)
    echo "usage: ./run.sh [--once]" >&2
    exit 2
    ;;
esac

tools/install_packages.sh
cmake --preset release >/dev/null
cmake --build --preset release --target quern -j "$(nproc)"

work=$(mktemp -d)
server=
# shellcheck disable=SC2317  # called by the traps
stop_server() {
  trap - EXIT INT TERM HUP
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server"
    wait "$server" || true
  fi
  rm -rf "$work"
}
trap stop_server EXIT
trap 'stop_server; exit 130' INT
trap 'stop_server; exit 143' TERM HUP

# 8080 where it is free, else any port: the server prints which one it got.
port=8080
if (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; then
  echo "Port 8080 is taken: using another one."
  port=0
fi
socket=$work/quern.sock
build/release/quern serve --port "$port" --socket "$socket" >"$work/out" 2>"$work/log" &
server=$!

url=
for _ in $(seq 200); do
  url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$work/out")
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.05
done
if [ -z "$url" ]; then
  echo "The server did not start:" >&2
  cat "$work/log" >&2
  exit 1
fi

# Server-sent events -> text: each "data:" line is a JSON object, "[DONE]" ends the stream. Fails without any text.
print_story() {
  python3 -u -c '
import json, sys
received = 0
for line in sys.stdin:
    if not line.startswith("data:"):
        continue
    data = line[len("data:"):].strip()
    if data == "[DONE]":
        break
    for choice in json.loads(data).get("choices", []):
        text = choice.get("text") or ""
        received += len(text)
        sys.stdout.write(text)
        sys.stdout.flush()
print()
sys.exit(0 if received else 1)
'
}

echo
printf 'Once upon a time'
curl --silent --show-error --fail --no-buffer --noproxy '*' "$url/v1/completions" \
  -H 'Content-Type: application/json' \
  -d '{"prompt": "Once upon a time", "max_tokens": 100, "temperature": 0.7, "seed": 7, "stream": true}' | print_story

cat <<END

quern is serving at $url and on the Unix socket $socket
  curl -N $url/v1/chat/completions -H 'Content-Type: application/json' \\
       -d '{"messages": [{"role": "user", "content": "Tell me a story"}], "stream": true}'
  curl -N --unix-socket $socket http://quern/v1/completions \\
       -H 'Content-Type: application/json' -d '{"prompt": "One day", "stream": true}'
  OpenAI clients: base_url = "$url/v1", any api_key
  build/release/quern ctl --socket $socket
END
if "$once"; then
  kill -TERM "$server"
  code=0
  wait "$server" || code=$?
  server=
  exit "$code"
fi
echo "Ctrl-C stops it."
code=0
wait "$server" || code=$?
echo "The server has ended:" >&2
tail -n 20 "$work/log" >&2
server=
exit "$code"
