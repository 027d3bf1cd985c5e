#!/bin/sh
# The emulated board: Debian's armel Node in a folder, run by qemu's user emulation as an ARM1176 (ARMv6, no SIMD), the
# processor of the first Raspberry Pi. Figures from it are of an "emulated ARM1176" and of nothing else: the emulator
# translates, it does not model a cache or a pipeline.
#
#   tools/board.sh setup            makes the root in .cache/board (once, about 150 MB)
#   tools/board.sh run FILE [ARG…]  runs a script in its Node
#   tools/board.sh exec PROG [ARG…] runs a program of the root
#
# Needs qemu-arm-static and debootstrap (apt-get install qemu-user-static debootstrap). No root rights beyond what
# debootstrap asks for: nothing is mounted and nothing of the root runs during setup.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
root=${STAKECUBE_BOARD_ROOT:-$here/.cache/board}
suite=bookworm

need() {
  command -v "$1" >/dev/null 2>&1 || { echo "board: $1 is missing: apt-get install $2" >&2; exit 3; }
}

setup() {
  [ -x "$root/usr/bin/node" ] && return 0
  need debootstrap debootstrap
  need dpkg dpkg
  rm -rf "$root.part"
  mkdir -p "$root.part"
  # --foreign stops after the download: the second stage would need the emulator registered with the kernel.
  debootstrap --foreign --arch=armel --variant=minbase --include=nodejs "$suite" "$root.part" >"$root.log" 2>&1 ||
    { echo "board: debootstrap failed, see $root.log" >&2; tail -n 5 "$root.log" >&2; exit 3; }
  for package in "$root.part"/var/cache/apt/archives/*.deb; do
    dpkg -x "$package" "$root.part"
  done
  rm -rf "$root.part/var/cache/apt/archives" "$root.part/debootstrap"
  mv "$root.part" "$root"
}

emulate() {
  need qemu-arm-static qemu-user-static
  program=$1
  shift
  exec qemu-arm-static -L "$root" -cpu arm1176 "$root$program" "$@"
}

case ${1:-} in
  setup) setup && echo "board: emulated ARM1176 in $root" ;;
  run) shift; setup; emulate /usr/bin/node "$@" ;;
  exec) shift; setup; emulate "$@" ;;
  *) sed -n '2,11p' "$0"; exit 2 ;;
esac
