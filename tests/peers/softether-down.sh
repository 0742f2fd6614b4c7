#!/usr/bin/env bash
# Stops the instance NAME (default softether) that softether-up.sh started, and removes the directories made for it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

NAME=${NAME:-softether}
HOME_DIR=$RIG_DIR/$NAME
stop "$NAME"
for place in /var/lib/softether /var/log/softether /run/softether; do
  case $(readlink "$place" || true) in "$HOME_DIR"/*) rm -f "$place" ;; esac
done
if [ -s "$HOME_DIR/made" ]; then
  while read -r place; do rmdir "$place" 2>/dev/null || true; done <"$HOME_DIR/made"
  rm -f "$HOME_DIR/made"
fi
