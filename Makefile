# make run      everything on this machine, on http://127.0.0.1:$PORT (3001)
# make help     the rest
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

PREFIX  ?= /usr/local
DESTDIR ?=
# The Swift runtime goes into the binaries: they run where no Swift is installed.
RELEASE := -c release --static-swift-stdlib
# Colours are an argument of each compiler call, which SwiftPM adds on a terminal only: a build in a pipe after one on a terminal would
# compile everything again. This is what a pipe has anyway.
PLAIN := --no-color-diagnostics

# Debian's names, by what needs them.
# What `swift build` itself loads and calls, where Swift came as an archive: without libncurses it does not even say its version.
SWIFT_PACKAGES := g++ git libncurses6 libsqlite3-0 tzdata
BUILD_PACKAGES := $(SWIFT_PACKAGES) libcurl4-openssl-dev libpng-dev libturbojpeg0-dev librsvg2-dev libfontconfig-dev \
	libwebp-dev liblcms2-dev libxml2-dev libssl-dev libyaml-dev pkg-config
# Jinja2, tabulate and openpyxl are what pandas needs to style tables, to write Markdown and to read and write Excel files.
RUN_PACKAGES := nginx-light bubblewrap util-linux python3-ipykernel python3-matplotlib python3-numpy python3-pandas \
	python3-jinja2 python3-tabulate python3-openpyxl python3-pil python3-pip python3-requests nodejs esbuild fonts-dejavu-core
TEST_PACKAGES := python3-venv spawn-fcgi libfcgi-bin curl openssl chromium
DIST_PACKAGES := dpkg-dev binutils xz-utils
BENCH_PACKAGES := python3-venv wrk gcc libvips-tools imagemagick

# What comes first in a list is to come first: it fails sooner.
.NOTPARALLEL:
.PHONY: run ready build check test test-debian test-deploy fuzz bench soak gallery format lint install dist deps deps-build deps-run deps-test deps-bench deps-dist swift help

run: ready build deps-run  ## start everything, in the foreground
	@exec nginx/run.sh

build: swift deps-build  ## the two programs, optimised, in .build/release
	swift build $(PLAIN) $(RELEASE) --product e2b-fcgi
	swift build $(PLAIN) $(RELEASE) --product e2b-local

# For the edit loop: what needs no server, no sandbox and no decoder. Nothing is installed.
check: swift lint  ## format, build, and the tests that take seconds
	swift build $(PLAIN) --build-tests
	@Tests/run.sh SystemTests EventLoopTests JSONTests FastCGITests FetchTests InterpreterTests LibreChatTests CodeAPITests ResponderTests

# The whole suite once; beside it what touches C, and the client of it, under AddressSanitizer; then a little fuzzing, too.
test: swift deps  ## every test, with real peers
	swift build $(PLAIN) --build-tests
	@Tests/all.sh

test-debian:  ## build and test in fresh trees of Debian 12 and 13, as root; SUITES=trixie, TARGETS="ImageGateTests" for less
	@Tests/debian.sh $(SUITES) $(if $(TARGETS),-- $(TARGETS))

# Skips what is not installed, and installs nothing but nginx: the others would start services of their own.
test-deploy: build deps-run  ## the service behind every web server that is installed: nginx, Apache, lighttpd, Caddy; SERVERS="caddy" for less
	@exec /usr/bin/python3 -B Tests/Deploy/deploy.py $(SERVERS)

fuzz: swift deps-build deps-run  ## libFuzzer on what reads strangers' bytes; FUZZ_SECONDS=60 for each, READERS="png svg"
	@exec Tests/Fuzz/run.sh $(READERS)

bench: build deps-run deps-bench  ## measure; QUICK=1 for a short run, RUNS=n for the number of runs
	@Tests/Bench/run.sh
	@Tests/Bench/quality.sh

soak: build deps-run  ## 5 minutes of everything at once, while E2B fails and recovers; SOAK_SECONDS=n, SOAK_CLIENTS=n
	@exec /usr/bin/python3 -B Tests/Soak/soak.py

gallery: build deps-run deps-bench  ## what the gate makes of pictures beside what others do: .build/gallery/index.html
	@GALLERY=.build/gallery/index.html Tests/Bench/quality.sh

format:  ## rewrite the sources in our format
	swift format --in-place --recursive Package.swift Sources Tests

lint:  ## complain about what is not in our format
	swift format lint --strict --recursive Package.swift Sources Tests
	@if command -v shellcheck >/dev/null; then shellcheck -x nginx/*.sh nginx/*/*.sh Tests/*.sh Tests/*/*.sh .ci/*; \
	else echo "lint: shellcheck is not installed; the scripts were not looked at" >&2; fi

install:  ## what was built, with man page, completions, units and samples, below $(DESTDIR)$(PREFIX)
	@nginx/packaging/install.sh "$(DESTDIR)" "$(PREFIX)"

dist: build deps-dist  ## an archive and a Debian package, in .build/dist
	@nginx/packaging/dist.sh

deps: deps-build deps-run deps-test  ## install what is missing, with apt
deps-build: ; @.ci/deps $(BUILD_PACKAGES)
deps-run:   ; @.ci/deps $(RUN_PACKAGES)
deps-test:  ; @.ci/deps $(TEST_PACKAGES)
deps-dist:  ; @.ci/deps $(DIST_PACKAGES)
deps-bench: ; @.ci/deps $(BENCH_PACKAGES)

swift:
	@.ci/swift $(SWIFT_PACKAGES)

ready:
	@.ci/ready

help:
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20
