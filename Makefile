# What a person types. CI calls nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# One folder serves `run` and `test`; CI compiles with less optimisation, in half the time.
PRESET ?= $(if $(CI),ci,release)
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)
export GANNET_PRESET := $(PRESET)
RELEASE ?= build/release-$(shell sed -nE 's/^project\(gannet VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)

.PHONY: help setup configure build run up-local down-local test test-unit test-integration test-sim test-long test-engines test-chart test-pods test-kube test-repro images scan release verify-release publish canary up down bench fmt lint docs rules dashboards clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing (packages, pinned); safe to repeat
	@tools/setup run

configure: setup
	@cmake --preset $(PRESET) -DCMAKE_MESSAGE_LOG_LEVEL=WARNING >/dev/null

build: configure ## configure and build everything
	@cmake --build $(BUILD) -j $(JOBS)

run: configure ## start the platform on paper and show what happens; Ctrl-C ends it
	@cmake --build $(BUILD) -j $(JOBS) --target gannet gannet-venue-sim
	@$(BUILD)/bin/gannet run $(ARGS)

up-local: build ## the platform as separate processes: real Kafka, each service its own
	@tools/setup test && tools/local up --bin $(BUILD)/bin $(ARGS)

down-local: ## drain and stop it
	@tools/local down $(ARGS)

test: ## set up, build once, run the suite (a time budget a step is printed)
	@tools/run-tests

test-unit: build ## what needs no other program (part of test)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) --no-tests=error -L '^(unit|tidy)$$'

test-integration: build ## whole programs, Kafka, PostgreSQL (part of test)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) --no-tests=error -LE '^(unit|tidy|simulation)$$'

test-sim: build ## the platform and its exchange under seeded faults (part of test)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -L '^simulation$$'

test-long: ## more seeds, second compiler full build, sanitizers, long fuzz
	@tools/run-tests-long

test-engines: ## engines under ASan+UBSan and clang: same tests, same decisions hash
	@tools/check-cross-build

test-chart: ## the Helm chart as it renders: lint, refusals, rules, policies; no cluster
	@python3 -B tests/chart/chart_test.py; code=$$?; [ $$code = 4 ] || exit $$code

test-pods: images ## the chart's pods on a Docker engine, killed while they trade; ARGS=--kills risk,execution
	@python3 -B tests/kube/pods_test.py $(BUILD)/bin $(ARGS); code=$$?; [ $$code = 4 ] || exit $$code

test-kube: build ## the chart on a real Kubernetes of one node, pods killed while it trades
	@tools/kube/cluster build && tools/images --bin $(BUILD)/bin --save build/images-tar && python3 -B tests/kube/kube_test.py $(BUILD)/bin build/images-tar/images.tar $(ARGS)

images: build ## an image of each program, and of the servers that development needs
	@tools/images --bin $(BUILD)/bin

scan: ## what is known to be vulnerable in the images; ARGS='--data FILE': Debian's security tracker
	@tools/scan $(ARGS); code=$$?; [ $$code = 4 ] || exit $$code

release: build ## what a version consists of, signed: KEY=private key (docs/releases.md)
	@tools/release make $(RELEASE) --bin $(BUILD)/bin $(if $(KEY),--key $(KEY))

verify-release: ## whether it is genuine: PUBLIC_KEY=public key
	@tools/release verify $(RELEASE) $(if $(PUBLIC_KEY),--public-key $(PUBLIC_KEY))

publish: ## its images and chart to REGISTRY, each the one that the manifest names
	@tools/publish $(RELEASE) $(REGISTRY) $(if $(KEY),--key $(KEY)) $(if $(PUBLIC_KEY),--public-key $(PUBLIC_KEY))

canary: ## upgrade a cluster to it; back by itself when an error budget burns: VALUES='FILE…'
	@tools/canary $(RELEASE) $(VALUES)

test-repro: setup ## the same sources make the same programs in another folder; ARGS: only these
	@tools/check-repro $(ARGS)

up: ## the platform in containers, against the exchange simulator; ARGS=--obs: and who watches it
	@tools/compose up $(ARGS)

down: ## drain and stop them; ARGS=--wipe takes their volumes too
	@tools/compose down $(ARGS)

bench: build ## every benchmark: value, peer or floor of the same run, ratio
	@tools/run-benches $(BUILD)

fmt: ## format the sources
	@tools/format fix

lint: build ## formatter, compiler warnings, clang-tidy, proto lint, shell syntax
	@tools/lint $(BUILD)

rules: ## write the rules of the error budgets from their table
	@tools/make-rules

dashboards: ## write Grafana's dashboards from their source
	@tools/make-dashboards

docs: build ## regenerate the tables in docs that come from code
	@tools/make-docs $(BUILD)

clean: ## remove build output (not the data folder)
	rm -rf build
