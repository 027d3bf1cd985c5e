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

reload() { [ -n "$root" ] || ! command -v systemctl >/dev/null 2>&1 || systemctl daemon-reload; }

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
[ $# -eq 0 ] || { echo "usage: install.sh [--remove [--data]]" >&2; exit 2; }

file=$here/../dist/edge/stakecube.mjs
[ -f "$file" ] || { echo "install: $file is not there: npm run build" >&2; exit 3; }
command -v node >/dev/null 2>&1 || { echo "install: node is missing: apt-get install nodejs" >&2; exit 3; }
mkdir -p "$lib" "$doc" "$units" "$conf" "$(dirname "$bin")"
install -m 0755 "$file" "$lib/stakecube.mjs"
install -m 0644 "$here/../dist/edge/third-party-notices.txt" "$here/../docs/board.md" "$doc/"
ln -sf /usr/local/lib/stakecube/stakecube.mjs "$bin"
install -m 0644 "$here/systemd/stakecube-light.service" "$here/systemd/stakecube-publish.service" "$units/"
for command in light publish; do
  [ -f "$conf/$command.conf" ] || node "$lib/stakecube.mjs" "$command" --print-config >"$conf/$command.conf"
done
reload
echo "installed; now set spec and peer in $conf/light.conf, then: systemctl enable --now stakecube-light"
