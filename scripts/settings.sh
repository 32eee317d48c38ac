# Sourced by the scripts: where things are kept. Callers stand at the root of the checkout.
# shellcheck shell=bash

# Downloads and built tools, outside the checkout.
SLUICE_CACHE="${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}"
export SLUICE_CACHE

GOLANGCI_LINT_VERSION=v2.15.0
# One binary per toolchain too: a linter built by an older Go refuses newer code.
GOLANGCI_LINT="$SLUICE_CACHE/bin/golangci-lint-$GOLANGCI_LINT_VERSION-$(go env GOVERSION)"
export GOLANGCI_LINT_VERSION GOLANGCI_LINT
