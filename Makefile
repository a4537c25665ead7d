# The commands of a working copy. Each installs what it needs (tools/setup) and builds what it uses.
BUILD := build
PROGRAM := $(BUILD)/dbrefresh

.PHONY: all install package test-package demo demo-aws test lint bench bench-aws bench-lambda lambda lambda-arm64 soak fuzz sanitize sanitize-quick clean format docs setup

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

setup:
	@tools/setup

$(BUILD)/build.ninja: CMakeLists.txt | setup
	@cmake -S . -B $(BUILD) -G Ninja >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

# PREFIX (/usr/local) and DESTDIR say where.
install: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet dbrefresh manual
	@cmake --install $(BUILD) --strip --prefix $(or $(PREFIX),/usr/local) >/dev/null

# Debian's package, $(BUILD)/dbrefresh_VERSION_ARCHITECTURE.deb.
package: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet dbrefresh manual lambda_zip
	@cd $(BUILD) && cpack >package.log || { cat package.log; exit 1; }
	@ls $(BUILD)/*.deb

# The package in a clean Debian that is booted: installed, used, upgraded, removed.
test-package: package
	@tools/setup package
	@tools/test-package $(BUILD)

demo: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet dbrefresh
	@tools/demo $(PROGRAM)

# A stack of CloudFormation, a refresh by Step Functions and Lambda, without an account.
demo-aws: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet dbrefresh bootstrap
	@tools/demo-aws $(BUILD)

test: setup all
	@tools/test $(BUILD)/tests

lint:
	@tools/setup lint
	@tools/lint $(BUILD)

bench: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet dbrefresh bench
	@$(BUILD)/bench $(PROGRAM)

# 1, 20 and 200 refreshes at once, each number on a test bed of its own for Amazon's services.
bench-aws: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet bench_aws
	@printf '%s\n' 1 20 200 | xargs -n 1 -P 3 $(BUILD)/bench_aws

# The function of AWS Lambda as a package that brings all it needs; that for Graviton is compiled in a folder of its own.
lambda: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet lambda_zip

lambda-arm64:
	@tools/setup lambda
	@cmake -S . -B build-arm64 -G Ninja --toolchain cmake/arm64.cmake -DARM64_ROOT=$$(tools/lambda-arm64) \
	  -DDBREFRESH_TESTS=OFF >/dev/null
	@ninja -C build-arm64 --quiet lambda_zip
	@mkdir -p $(BUILD)/lambda
	@ln -f build-arm64/lambda/dbrefresh-arm64.zip $(BUILD)/lambda/

bench-lambda: lambda
	@bench/lambda/cold_start.py $(BUILD)/lambda/dbrefresh-x86_64.zip

soak: setup all
	@SOAK_CLONES=$${SOAK_CLONES:-200} $(BUILD)/tests --gtest_filter='*Soak*'

# Each target for FUZZ_SECONDS; what is found is in build-fuzz/found.
fuzz:
	@tools/setup fuzz
	@tools/fuzz $${FUZZ_SECONDS:-60}

# The part of the tests that tools/sanitize names, under ASan with UBSan, and under TSan.
sanitize: setup
	@tools/sanitize

# Those that need no server and little time under ASan with UBSan, beside the fuzz targets.
sanitize-quick:
	@tools/setup fuzz
	@tools/fuzz-build quick_tests
	@tools/test build-fuzz/quick_tests

docs: all
	@tools/docs $(PROGRAM)

format:
	@git ls-files -co --exclude-standard '*.h' '*.cpp' | xargs clang-format -i

clean:
	@tools/demo --clean $(PROGRAM) || true
	@rm -rf $(BUILD) build-fuzz build-asan build-tsan build-arm64
