# What there is to do; `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CONFIGURATION ?= release
PREFIX ?= /usr/local
LISTEN ?= 127.0.0.1:8080
DATA ?= .lever
PEERS = Benchmarks/Endpoints/.build/release
SWIFT_SOURCES = Package.swift Sources Tests Simulation Benchmarks Examples/Package.swift Examples/*/Sources Examples/*/*/Sources Examples/chat/Service Examples/chat/Client \
	Examples/counter-actors/Client Interop/Package.swift Interop/Sources/GRPCInstance \
	Interop/Sources/CodecProtobufBenchmark Interop/Tests

.PHONY: help
help: ## Lists these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-20s %s\n", $$1, $$2 }'

.PHONY: demo
demo: dependencies ## Builds, starts a host, deploys a service, calls it four ways, stops everything
	swift build --product leveroshost
	swift build --product lever
	scripts/demo.sh "$$(swift build --show-bin-path)"

.PHONY: run
run: RUN_CONFIGURATION ?= debug
run: dependencies ## Runs a host on 127.0.0.1:8080 with its data in ./.lever
	swift build -c $(RUN_CONFIGURATION) --product leveroshost
	exec "$$(swift build -c $(RUN_CONFIGURATION) --show-bin-path)/leveroshost" --listen $(LISTEN) --data-dir $(DATA)

.PHONY: cli
cli: dependencies ## Builds the command line
	swift build -c $(CONFIGURATION) --product lever

.PHONY: build
build: dependencies ## Builds the host and the command line
	swift build -c $(CONFIGURATION) --product leveroshost
	swift build -c $(CONFIGURATION) --product lever

.PHONY: install
install: build ## Installs lever and leveroshost into PREFIX (/usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 "$$(swift build -c $(CONFIGURATION) --show-bin-path)/lever" "$(DESTDIR)$(PREFIX)/bin/lever"
	install -m 755 "$$(swift build -c $(CONFIGURATION) --show-bin-path)/leveroshost" "$(DESTDIR)$(PREFIX)/bin/leveroshost"

.PHONY: install-cli
install-cli: ## Installs lever, built before with `make cli`, into PREFIX
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 .build/$(CONFIGURATION)/lever "$(DESTDIR)$(PREFIX)/bin/lever"

.PHONY: fastrun
fastrun: run ## The same as run

.PHONY: pull-docker-images
pull-docker-images: ## Nothing: no images are needed
	@echo "Nothing to pull: Lever runs services as local processes and needs no images."

.PHONY: test
test: test-dependencies ## Installs what tests need, then runs all tests
	scripts/test.sh

.PHONY: test-docker
test-docker: test-dependencies ## Runs the tests of the Docker driver alone, with an engine of their own where none runs
	swift build --build-tests
	LEVER_TEST_DRIVER=docker scripts/with-docker.sh \
		swift test --skip-build --no-parallel --filter 'LeverDockerTests|ContainerFaultTests|AdoptionFaultTests|driver:'

.PHONY: test-podman
test-podman: test-dependencies ## Runs the tests of the Docker driver against a Podman of their own, where podman is installed
	swift build --build-tests
	LEVER_TEST_DRIVER=docker scripts/with-podman.sh \
		swift test --skip-build --no-parallel --filter 'LeverDockerTests|driver:'

.PHONY: test-examples
test-examples: test-dependencies ## Builds, deploys and calls all examples
	swift build --product lever
	swift build --product leveroshost
	scripts/test-examples.py --binaries "$$(swift build --show-bin-path)"

.PHONY: bench
bench: dependencies ## Runs all benchmarks; RECORD=1 puts the tables into Benchmarks/README.md
	Benchmarks/all.sh

.PHONY: simulate
simulate: SECONDS_TO_RUN ?= 120
simulate: dependencies ## Simulates hosts from random seeds for two minutes and checks the guarantees at every step
	swift build -c release --product simulate
	"$$(swift build -c release --show-bin-path)/simulate" --quiet --for $(SECONDS_TO_RUN)

.PHONY: bench-router
bench-router: dependencies bench-programs ## Measures the router beside nginx, haproxy and nghttpx
	Benchmarks/Router/run.py --binaries "$$(swift build -c release --show-bin-path)"

.PHONY: bench-endpoints
bench-endpoints: dependencies bench-programs bench-peers ## Measures the service SDK and the client beside grpc-swift-2
	Benchmarks/Endpoints/run.py --binaries "$$(swift build -c release --show-bin-path)" --endpoints $(PEERS)

.PHONY: bench-in-process
bench-in-process: dependencies bench-peers ## Measures calls within the process beside grpc-swift-2
	Benchmarks/InProcess/run.py --endpoints $(PEERS)

.PHONY: bench-swift-start
bench-swift-start: dependencies bench-peers ## Measures the start and the memory of a Swift service beside grpc-swift-2
	Examples/build.sh hello-swift .build/hello-swift
	Benchmarks/Start/run.py --hello .build/hello-swift --grpc $(PEERS)/grpc-endpoint

# With the standard library in them, as services are built.
.PHONY: bench-peers
bench-peers:
	swift build -c release --package-path Benchmarks/Endpoints --static-swift-stdlib -Xlinker -s

.PHONY: bench-memory
bench-memory: dependencies bench-programs ## Measures the memory of idle channels and of active resources
	swift build -c release --product benchmark-resources
	Benchmarks/Memory/run.py --binaries "$$(swift build -c release --show-bin-path)"

.PHONY: bench-start
bench-start: build ## Measures cold starts of a Node service, and deployments to the first reply
	Benchmarks/Host/start.py --binaries "$$(swift build -c release --show-bin-path)"

.PHONY: bench-docker
bench-docker: ROUNDS ?= 11
bench-docker: build test-dependencies ## Measures cold starts in containers beside `docker run`, and sockets beside TCP
	scripts/with-docker.sh Benchmarks/Docker/start.py --rounds $(ROUNDS) --binaries "$$(swift build -c release --show-bin-path)"
	scripts/with-docker.sh Benchmarks/Docker/ways.py --rounds $(ROUNDS) --binaries "$$(swift build -c release --show-bin-path)"

.PHONY: soak
soak: DURATION ?= 1800
soak: build bench-programs ## Mixed load on a host for DURATION seconds (1800); fails when its memory is not flat
	Benchmarks/Host/soak.py --binaries "$$(swift build -c release --show-bin-path)" --duration $(DURATION)

.PHONY: bench-programs
bench-programs:
	swift build -c release --product benchmark-backend
	swift build -c release --product benchmark-proxy
	swift build -c release --product benchmark-load

.PHONY: bench-scaling
bench-scaling: dependencies ## Simulates autoscaling beside the old policy and Knative's
	swift build -c release --product benchmark-scaling
	"$$(swift build -c release --show-bin-path)/benchmark-scaling" --seed 2026 Benchmarks/Scaling/Traces/evening.csv

.PHONY: bench-codec
bench-codec: dependencies ## Measures the codec beside orjson and SwiftProtobuf
	Benchmarks/codec.sh

.PHONY: dependencies
dependencies:
	@scripts/install-dependencies.sh

.PHONY: test-dependencies
test-dependencies:
	@scripts/install-dependencies.sh --tests

.PHONY: docs
docs: dependencies ## Builds the documentation of all modules with DocC, as a site in .build/documentation
	scripts/docs.sh

.PHONY: lint
lint: ## Checks the format of all Swift code
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)

.PHONY: format
format: ## Formats all Swift code
	swift format --in-place --recursive --parallel $(SWIFT_SOURCES)

.PHONY: clean
clean: ## Removes what was built
	rm -rf .build
