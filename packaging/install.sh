#!/bin/sh
# Puts the edge file, its units and its configuration in place; `install.sh --remove` takes all of it away again.
#   DESTDIR=/somewhere packaging/install.sh    installs below a folder, for images
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
lib=$root/usr/local/lib/stakecube
doc=$root/usr/local/share/doc/stakecube
units=$root/etc/systemd/system
conf=$root/etc/stakecube
bin=$root/usr/local/bin/stakecube
dist=$here/../dist/edge

fail() { echo "install: $2" >&2; exit "$1"; }
reload() { [ -n "$root" ] || ! command -v systemctl >/dev/null 2>&1 || systemctl daemon-reload; }

case "$#:${1:-}:${2:-}" in
  0:: | 1:--remove: | 2:--remove:--data) ;;
  *) fail 2 "usage: install.sh [--remove [--data]]" ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 3 "this needs root: sudo packaging/install.sh, or DESTDIR=FOLDER for an image"

if [ "${1:-}" = --remove ]; then
  if [ -z "$root" ] && command -v systemctl >/dev/null 2>&1; then
    systemctl disable --now stakecube-light.service stakecube-publish.service 2>/dev/null || true
  fi
  rm -f "$units/stakecube-light.service" "$units/stakecube-publish.service" "$bin"
  rm -rf "$lib" "$doc" "$root/run/stakecube"
  reload
  if [ "${2:-}" = --data ]; then
    rm -rf "$conf" "$root/var/lib/stakecube" "$root/var/lib/private/stakecube"
  else
    echo "kept: $conf and $root/var/lib/private/stakecube (install.sh --remove --data removes them too)"
  fi
  exit 0
fi

[ -f "$dist/stakecube.mjs" ] || fail 3 "$dist/stakecube.mjs is not there: npm run build"
command -v node >/dev/null 2>&1 || fail 3 "node is missing: apt-get install nodejs"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
  fail 3 "node is $(node --version), and at least 18 is needed: apt-get install nodejs"
mkdir -p "$lib" "$doc" "$units" "$conf" "$(dirname "$bin")"
install -m 0755 "$dist/stakecube.mjs" "$lib/stakecube.mjs"
install -m 0644 "$dist/third-party-notices.txt" "$here/../docs/board.md" "$doc/"
install -m 0755 "$here/stakecube" "$bin"
install -m 0644 "$here/systemd/stakecube-light.service" "$here/systemd/stakecube-publish.service" "$units/"
for command in light publish; do
  [ -f "$conf/$command.conf" ] || "$bin" "$command" --print-config >"$conf/$command.conf"
done
reload
echo "installed; now set spec and peer in $conf/light.conf, then: systemctl enable --now stakecube-light"
