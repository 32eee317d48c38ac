# The few words people expect. The work is done by scripts/, which can be called alone.

VERSION ?=
FLINK_VERSION ?= 2.3.0
TASKMANAGERS ?= 2
COUNT ?= 1
BENCH ?= .

.PHONY: build
build: ## build bin/sluice
	CGO_ENABLED=0 go build -trimpath -o bin/sluice ./cmd/sluice

.PHONY: test
test: ## what every change must pass, in minutes (SLUICE_REAL=off: without a real Flink)
	scripts/test short

.PHONY: test-full
test-full: ## the long real-Flink runs and fuzzing too, in hours; writes docs/measured/test-full.md
	scripts/test full

.PHONY: lint
lint: ## check code, arrows between packages, format and scripts
	scripts/lint

.PHONY: fmt
fmt: ## format the code, then lint
	scripts/lint fix

.PHONY: bench
bench: ## run the benchmarks (BENCH=name, COUNT=10 for benchstat); without BENCH fleets of jobs too, half an hour, into docs/measured/fleet.md
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...
ifeq ($(BENCH),.)
	go run ./internal/fleetbench -out docs/measured/fleet.md
endif

.PHONY: docs
docs: ## write the generated pages anew and check the links
	scripts/docs

.PHONY: screenshots
screenshots: ## take the pictures of the page anew, from a demo and a made-up fleet, in four minutes
	mkdir -p docs/pictures
	SLUICE_PICTURES=$(CURDIR)/docs/pictures go test -count=1 -run 'TestPicturesOf' ./cmd/sluice ./dashboard

.PHONY: release
release: ## archives and checksums for all platforms into dist/ (VERSION=1.2.0)
	scripts/release $(VERSION)

.PHONY: flink-up
flink-up: ## start a real Flink on loopback (FLINK_VERSION, TASKMANAGERS)
	go run ./internal/realflink/flinkup up --version $(FLINK_VERSION) --taskmanagers $(TASKMANAGERS)

.PHONY: flink-down
flink-down: ## stop it
	go run ./internal/realflink/flinkup down

.PHONY: clean
clean: ## remove bin/ and dist/
	rm -rf bin dist

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
