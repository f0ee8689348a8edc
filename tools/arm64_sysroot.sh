#!/usr/bin/env bash
# arm64_sysroot.sh DIR: unpacks the arm64 packages of tools/packages_arm64.txt below DIR, for the cross build. Needs no
# root and leaves the system's own package lists alone: apt works on lists below DIR. Quick when there is nothing to do.
set -euo pipefail
list=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/packages_arm64.txt
mkdir -p "$1"
root=$(cd "$1" && pwd)
cmp -s "$list" "$root/unpacked.txt" && exit 0

mkdir -p "$root"/apt/{lists,cache}/partial "$root/debs"
: >"$root/apt/status"
apt_arm64() {
  apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$root/apt" \
    -o Dir::State::Lists="$root/apt/lists" -o Dir::State::status="$root/apt/status" -o Dir::Cache="$root/apt/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_arm64 update
mapfile -t packages < <(grep -v '^#' "$list")
(cd "$root/debs" && apt_arm64 download "${packages[@]}")
for deb in "$root"/debs/*.deb; do
  dpkg -x "$deb" "$root"
done
rm -rf "$root/debs" "$root/apt"
cp "$list" "$root/unpacked.txt"
