# SPDX-License-Identifier: GPL-2.0-or-later
# ioascope. 'make help' lists the targets.

prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
mandir ?= $(prefix)/share/man
datadir ?= $(prefix)/share
DESTDIR ?=
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
RST2MAN ?= rst2man
V ?= 0
B := build

ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
else
Q :=
say = @:
endif

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

CORE_LIBS := libzstd inih
LIBS := libbpf smartcols $(CORE_LIBS)
WARN := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wno-sign-compare
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -ffile-prefix-map=$(CURDIR)/= \
	-Iinclude -Iuser -I$(B)/bpf $(shell $(PKG_CONFIG) --cflags $(LIBS))
ALL_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBS))
UNIT_LIBS = $(shell $(PKG_CONFIG) --libs $(CORE_LIBS)) -lcmocka
ARCH_INCLUDE := /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -Wall -Werror -ffile-prefix-map=$(CURDIR)/= \
	-Iinclude -Ibpf -isystem $(ARCH_INCLUDE)

CORE := $(wildcard user/core/*.c)
USER := $(CORE) $(wildcard user/live/*.c user/view/*.c user/cli/*.c)
BPF := $(wildcard bpf/*.bpf.c)
SKEL := $(BPF:bpf/%.bpf.c=$(B)/bpf/%.skel.h)
USER_OBJ := $(USER:%.c=$(B)/%.o)
MAN := $(patsubst docs/man/%.rst,$(B)/man/%,$(wildcard docs/man/*.rst))
CLIENT := $(wildcard tests/clients/*.c)
FD_CLIENT := $(wildcard tests/clients/iommufd/*.c) $(addprefix tests/clients/,args.c edu.c log.c memory.c testdev.c)
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
TESTED := $(CORE) user/live/device.c user/live/symbols.c user/cli/groups.c $(wildcard user/view/*.c) $(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c))
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -O1
UNIT_SAN := $(UNIT:$(B)/tests/%=$(B)/san/%)

all: check-tools $(B)/ioascope $(B)/tests/type1-client $(B)/tests/iommufd-client $(B)/tests/backend-test \
		$(B)/tests/backend-load $(B)/tests/pinner $(B)/tests/pin-count $(B)/tests/count.bpf.o $(MAN)

# A part that is absent is named once, with the package that brings it.
check-tools:
	$(Q)tests/lab/setup.sh --build-check

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

# Line information serves the verifier's log; DWARF only grows the tool.
$(B)/bpf/%.stripped.o: $(B)/bpf/%.bpf.o
	$(Q)llvm-strip -g -o $@ $<

$(B)/bpf/%.skel.h: $(B)/bpf/%.stripped.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(filter $(B)/user/live/% $(B)/user/cli/%,$(USER_OBJ)): | $(SKEL)
$(B)/user/%.o: user/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/ioascope: $(USER_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(ALL_LIBS) -o $@

$(B)/tests/type1-client: $(CLIENT) $(wildcard tests/clients/*.h tests/modules/*/*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) \
		-Itests/modules/ioas_testdev $(CLIENT) -lpthread -o $@

$(B)/tests/iommufd-client: $(FD_CLIENT) $(wildcard tests/clients/*.h tests/clients/iommufd/*.h tests/modules/*/*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) \
		-Itests/clients $(FD_CLIENT) -lpthread -o $@

# What tests link: core and the views, and what the tests share. Of an archive
# only what is used comes along. In $(B)/san with sanitizers.
$(B)/san/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -Itests/unit -MMD -MP -c $< -o $@

$(B)/tests/unit/%.o: tests/unit/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -c $< -o $@

$(B)/libtest.a: $(TESTED:%.c=$(B)/%.o)
$(B)/san/libtest.a: $(TESTED:%.c=$(B)/san/%.o)
$(B)/libtest.a $(B)/san/libtest.a:
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/tests/test_%: tests/unit/test_%.c $(B)/libtest.a $(wildcard tests/unit/*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit $< $(B)/libtest.a $(UNIT_LIBS) -o $@

$(B)/san/test_%: tests/unit/test_%.c $(B)/san/libtest.a $(wildcard tests/unit/*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -Itests/unit $< $(B)/san/libtest.a $(UNIT_LIBS) -o $@

$(B)/tests/%-bench: tests/bench/%-bench.c $(B)/libtest.a $(wildcard tests/unit/*.h)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit $< $(B)/libtest.a $(UNIT_LIBS) -o $@

$(B)/tests/make-%: tests/cli/make-%.c $(B)/libtest.a
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit $< $(B)/libtest.a $(UNIT_LIBS) -o $@

$(B)/man/%: docs/man/%.rst
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(RST2MAN) --strict $< $@

$(B)/tests/backend-policy.bpf.o: tests/backend/policy.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/tests/backend-test: $(filter-out %.bpf.c,$(wildcard tests/backend/*.c)) $(wildcard tests/backend/*.h) \
		tests/clients/util.h include/ioascope/ioas_backend.h | $(B)/tests/backend-policy.bpf.o
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) -Iinclude \
		-Itests/clients $(filter %.c,$^) $(shell $(PKG_CONFIG) --libs libbpf) -lpthread -o $@

$(B)/tests/backend-load: $(wildcard tests/backend/load/*.c tests/backend/load/*.h) tests/backend/be.c tests/backend/be.h \
		tests/clients/util.h include/ioascope/ioas_backend.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) -Iinclude \
		-Itests/clients $(filter %.c,$^) -lpthread -o $@

$(B)/tests/trackers-bench: tests/bench/trackers.c tests/clients/util.h include/ioascope/ioas_backend.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) -Iinclude \
		-Itests/clients $< -o $@

$(B)/tests/pinner: tests/policy/pinner.c tests/policy/ways.c tests/policy/pinner.h tests/backend/be.c tests/backend/be.h \
		tests/clients/util.h tests/clients/iommufd_uapi.h include/ioascope/ioas_backend.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) -Iinclude -Itests/clients \
		tests/policy/pinner.c tests/policy/ways.c tests/backend/be.c -lpthread -o $@

$(B)/tests/pin-count: tests/policy/count.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) $< $(shell $(PKG_CONFIG) --libs libbpf) -o $@

$(B)/tests/count.bpf.o: tests/policy/count.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# The bundled backend, for a kernel of the lab; prints where it is.
module:
	$(Q)tests/lab/module.sh $(or $(K),6.12) kernel/ioas_backend \
		$(wildcard include/ioascope/ioas_backend*.h)

# What makes the kernel's pins refusable (docs/enforcement.md).
module-gate:
	$(Q)tests/lab/module.sh $(or $(K),6.12) kernel/ioas_gate

bpf: $(SKEL)

setup:
	$(Q)tests/lab/setup.sh

# What 'make' builds cannot be built without it; demo and test bring it themselves.
ready:
	$(Q)tests/lab/setup.sh --check >/dev/null || tests/lab/setup.sh
	$(Q)$(MAKE) --no-print-directory all

# IOASCOPE_SAN_SCALE: with sanitizers all takes five times as long.
unit: $(UNIT) $(UNIT_SAN)
	$(Q)status=0; for t in $(UNIT); do $$t || status=1; done; \
	[ -z "$$IOASCOPE_SAN_SCALE" ] || export IOASCOPE_SCALE=$$IOASCOPE_SAN_SCALE; \
	for t in $(UNIT_SAN); do $$t || status=1; done; exit $$status

# The sanitizers do not see what is read before it is written.
valgrind: $(UNIT)
	$(Q)status=0; for t in $(filter-out %/test_mirror_scale,$^); do \
		valgrind -q --leak-check=full --error-exitcode=9 $$t || status=1; done; exit $$status

demo: ready
	$(Q)tests/demo.sh

test: ready
	$(Q)tests/run.sh

test-7.x: ready
	$(Q)tests/newest.sh

# KASAN, lockdep, kmemleak, failing allocations.
test-backend-debug: $(B)/tests/backend-test
	$(Q)tests/debug.sh

soak: ready
	$(Q)tests/run.sh --soak

lab: all
	$(Q)tests/lab/lab.sh -k $(or $(KERNEL),6.12) -- $(if $(CMD),'$(subst ','\'',$(value CMD))')

programs: all
	$(Q)tests/programs.sh

support-matrix: all
	$(Q)tests/support-matrix.py $(KERNEL)

bench: all $(B)/tests/memory-bench $(B)/tests/trackers-bench
	$(Q)tests/bench.sh

# FUZZ_SECONDS for each target, FUZZ='recording event ...' for some of them.
fuzz:
	$(Q)FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) CLANG='$(CLANG)' CC='$(CC)' tests/fuzz/run.sh $(FUZZ)

# Writes what it measures into docs/trackers.md.
bench-trackers: $(B)/tests/trackers-bench
	$(Q)tests/bench/trackers.py

bench-mirror bench-recording: bench-%: $(B)/tests/%-bench
	$(Q)$<

install: all
	install -D -m 0755 $(B)/ioascope $(DESTDIR)$(sbindir)/ioascope
	for m in $(MAN); do install -D -m 0644 $$m $(DESTDIR)$(mandir)/man8/$$(basename $$m); done
	install -D -m 0644 docs/completion/ioascope.bash \
		$(DESTDIR)$(datadir)/bash-completion/completions/ioascope
	install -D -m 0644 -t $(DESTDIR)$(datadir)/ioascope/policies policies/*.conf

help:
	@echo 'make             build the tool and the test clients (V=1 shows the commands)'
	@echo 'make setup       install what building and testing need, with apt'
	@echo 'make demo        from a fresh machine to a live trace, in a virtual machine'
	@echo 'make test        all tests, scaled (half an hour or less)'
	@echo 'make soak        all tests at full size'
	@echo 'make test-7.x    the tests of the newest kernel, which is built first'
	@echo 'make test-backend-debug  the bundled backend in a kernel that looks for its mistakes'
	@echo 'make unit        the tests that need no virtual machine'
	@echo 'make lab         a shell in the lab; KERNEL=6.1|6.12|6.12+iommufd|7.x CMD=... runs a command'
	@echo 'make module      the bundled kernel backend, for a kernel of the lab; K=6.12'
	@echo 'make module-gate the module that makes pins refusable, for a kernel of the lab; K=6.12'
	@echo 'make programs    BPF programs, verifier counts and attach points per kernel'
	@echo 'make support-matrix  the tables of docs/support-matrix.md; KERNEL=... asks only that one'
	@echo 'make bench       what tracing costs the traced, as ratios'
	@echo 'make bench-mirror what a change costs, by the number of areas'
	@echo 'make bench-trackers  memory and time of the trackers of pins, for docs/trackers.md'
	@echo 'make valgrind    the unit tests under valgrind'
	@echo 'make fuzz        fuzz what reads files and events; FUZZ_SECONDS=60'
	@echo 'make bench-recording  size, write and read rate of recordings'
	@echo 'make install     prefix=$(prefix) DESTDIR=$(DESTDIR)'
	@echo 'make clean       remove what was built'

clean:
	$(Q)rm -rf $(B)

.PHONY: all bench bench-mirror bench-recording bench-trackers bpf check-tools clean demo fuzz help install lab module module-gate programs ready setup soak support-matrix test test-7.x test-backend-debug unit valgrind
-include $(USER_OBJ:.o=.d) $(BPF:bpf/%.bpf.c=$(B)/bpf/%.bpf.d) $(TESTED:%.c=$(B)/san/%.d) $(TESTED:%.c=$(B)/%.d)
