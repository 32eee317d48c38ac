# Sourced by scripts/test: runs stages one after the other, prints the time of
# each and keeps a table of name, outcome and seconds.
# shellcheck shell=bash

STAGES=$(mktemp)
stages_failed=0

stage() { # NAME COMMAND...: a stage that fails fails the run, which goes on
  local name=$1 started=$SECONDS outcome=ok
  shift
  printf '\n==> %s\n' "$name"
  "$@" || outcome=FAILED
  [ "$outcome" = ok ] || stages_failed=$((stages_failed + 1))
  printf '<== %s: %s, %d s\n' "$name" "$outcome" $((SECONDS - started))
  printf '%s\t%s\t%d\n' "$name" "$outcome" $((SECONDS - started)) >>"$STAGES"
  [ "$outcome" = ok ]
}

skip_stage() { # NAME REASON
  printf '\n==> %s: skipped, %s\n' "$1" "$2"
  printf '%s\t%s\t%d\n' "$1" skipped 0 >>"$STAGES"
}

print_stages() {
  printf '\n%-10s  %-8s %7s\n' stage outcome seconds
  local name outcome seconds
  while IFS=$'\t' read -r name outcome seconds; do
    printf '%-10s  %-8s %7d\n' "$name" "$outcome" "$seconds"
  done <"$STAGES"
  printf '%-10s  %-8s %7d\n\n' total '' "$SECONDS"
}
