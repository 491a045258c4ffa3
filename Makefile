# Conclave: every command that a person types. `make help` lists them.
#
# All that is made goes under $(BUILD), a folder for each flavour:
#
#   build/release/handout, build/release/grader   objects of the kit
#   build/release/proxy                           the real world's network
#   build/release/labs/node-rpc, …/node-election  nodes, from the stages named
#   build/release/grader/selftest/wire_test …     the kit's own tests

FLAVOUR ?= release
BUILD ?= build
O := $(BUILD)/$(if $(filter asan,$(MAKECMDGOALS)),asan,$(FLAVOUR))

# Which stages the nodes are made of, and where they and their objects go.
STAGE_RPC ?= labs/1-rpc
STAGE_ELECTION ?= labs/2-election
STAGE_REPLICATION ?= labs/3-replication
STAGE_PERSISTENCE ?= labs/4-persistence
STAGE_KV ?= labs/5-kv
STAGE_LEASE ?= labs/6-lease
OUT ?= $(O)/labs

# ---- flags ------------------------------------------------------------------

flags_release := -O2 -g
flags_debug := -O0 -g
flags_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
              -fno-sanitize-recover=undefined
ifneq ($(words $(BUILD)),1)
$(error BUILD='$(BUILD)' is no folder's name without blanks: take another)
endif
flavour_flags := $(flags_$(notdir $(O)))
ifeq ($(flavour_flags),)
$(error FLAVOUR=$(FLAVOUR) is unknown: take release, debug or asan)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla $(if $(WERROR),-Werror)
# A file that includes itself would keep a compiler busy for hours, unless it
# gives up by itself (as clang does).
MAX_ERRORS := $(shell $(CC) -Werror -fmax-errors=20 -fsyntax-only -xc /dev/null \
                2>/dev/null && echo -fmax-errors=20)
COMPILE := $(CC) -std=c11 $(flavour_flags) $(WARNINGS) $(MAX_ERRORS) $(CFLAGS)
LINK := $(CC) $(flavour_flags) $(LDFLAGS) -rdynamic
UV_CFLAGS := $(shell pkg-config --cflags libuv 2>/dev/null)
UV_LIBS := $(shell pkg-config --libs libuv 2>/dev/null || echo -luv)

KIT_INCLUDES := -Ilabs/1-rpc -Ilabs/2-election -Ilabs/3-replication \
                -Ilabs/4-persistence -Ilabs/5-kv -Ilabs/6-lease \
                -Ihandout/standin -Ihandout/node
TOOL_INCLUDES := -Igrader/net -Igrader/check -Igrader/proxy

# ---- sources ----------------------------------------------------------------

objects = $(patsubst %,$(O)/%.o,$(filter-out %_test.c,$(wildcard $1)))

NODE := $(call objects,handout/node/*.c handout/node/*.S)
HOST := $(call objects,handout/uv/*.c)
PROXY := $(call objects,grader/net/*.c grader/check/*.c grader/proxy/*.c)
CHECK := $(call objects,grader/check/lin*.c grader/check/command/*.c \
                        grader/net/alloc.c)
RPC_APP := $(call objects,handout/standin/rpc_*.c)
STATUS := $(call objects,handout/standin/raft_status.c)
ELECTION_APP := $(STATUS) $(call objects,handout/standin/memstore.c \
                                         handout/standin/heartbeat_app.c)
BOOT := $(STATUS) $(call objects,handout/standin/boot.c)
NO_LEASE := $(call objects,handout/standin/no_lease.c)
LEDGER_APP := $(call objects,handout/standin/ledger*.c) $(BOOT) $(NO_LEASE)
REPLICATION_APP := $(LEDGER_APP) $(call objects,handout/standin/memstore.c \
                                                handout/standin/no_snapshot.c)
LEASE_APP := $(call objects,handout/standin/kv_*.c) $(BOOT)
KV_APP := $(LEASE_APP) $(NO_LEASE)
SELFTEST := $(call objects,grader/selftest/*.c)

# The simulated world, and what is linked into every node that it loads.
SHIM := $(call objects,grader/sim/shim.c)
SIM := $(filter-out $(SHIM),$(call objects,grader/sim/*.c grader/net/*.c \
                                           grader/check/*.c))
ROGUE := $(call objects,grader/sim/rogue/*.c)

# What runs programs that are not trusted, and what of it the simulator uses.
CONFINE := $(call objects,grader/confine/*.c)
SIM += $(call objects,grader/confine/f*.c)

# One node for each lab, made of its stage and those below it.
NODE_PROGRAMS := node-rpc node-election node-replication node-persistence \
         node-kv node-lease

# SEALED=compile or link: a step of a build in the grader's sandbox, which sees
# the kit's objects and not what they are made of (grader/conclave/sealed.py).
SEALED ?=
NEEDS := $(if $(SEALED),,$(BUILD)/needs)

# The reference of a past lab may be handed out as objects.
stage = $(strip $(patsubst $1/%,$(OUT)/obj/$2/%.o,$(wildcard $1/*.c)) \
                $(wildcard $1/*.c.o))

RPC := $(call stage,$(STAGE_RPC),1-rpc)
ELECTION := $(call stage,$(STAGE_ELECTION),2-election)
REPLICATION := $(call stage,$(STAGE_REPLICATION),3-replication)
PERSISTENCE := $(call stage,$(STAGE_PERSISTENCE),4-persistence)
KV := $(call stage,$(STAGE_KV),5-kv)
LEASE := $(call stage,$(STAGE_LEASE),6-lease)

# A program for each *_test.c: those of the grader's own C parts lie beside
# them, those of the runtime and the host in grader/selftest.
programs = $(patsubst %.c,$(O)/%,$(wildcard $1))

NODE_TESTS := $(call programs,grader/selftest/*_test.c)

# The reference's log is tried on the simulator's disk, where it is at hand.
WAL := $(call objects,$(addprefix solution/4-persistence/,wal.c wal_files.c \
                          record.c segment.c recover.c mirror.c))
WAL_TEST := $(O)/grader/selftest/wal_test
ifeq ($(WAL),)
NODE_TESTS := $(filter-out $(WAL_TEST),$(NODE_TESTS))
endif
TOOL_TESTS := $(call programs,grader/net/*_test.c grader/check/*_test.c \
                              grader/proxy/*_test.c)

# The RPC is measured beside a bare echo: the reference's, where it is at hand.
BENCH := $(O)/bench/echo $(O)/bench/switch $(O)/bench/node-bench
BENCH_RAFT := $(addprefix $(O)/bench/,echo load sync node-persistence)
BENCH_STORE := $(addprefix $(O)/bench/,echo load sync h2 node-kv node-lease)
BENCH_RPC := $(or $(call objects,solution/1-rpc/*.c),$(RPC))
BENCH_ELECTION := $(or $(call objects,solution/2-election/*.c),$(ELECTION))
BENCH_REPLICATION := $(or $(call objects,solution/3-replication/*.c),\
                          $(REPLICATION))
BENCH_PERSISTENCE := $(or $(call objects,solution/4-persistence/*.c),\
                          $(PERSISTENCE))
BENCH_KV := $(or $(call objects,solution/5-kv/*.c),$(KV))
BENCH_LEASE := $(or $(call objects,solution/6-lease/*.c),$(LEASE))
BENCH_SO := $(addprefix $(O)/bench/node-,election.so replication.so \
                                         persistence.so)

C_FILES := $(wildcard handout/*/*.[ch] labs/*/*.[ch] solution/*/*.[ch] \
                      grader/*/*.[ch] grader/sim/rogue/*.c)

# ---- how make behaves -------------------------------------------------------

MAKEFLAGS += -r -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# (Its files for that go to /tmp, which is not there in a sandbox.)
ifneq ($(if $(SEALED),,$(filter output-sync,$(.FEATURES))),)
MAKEFLAGS += --output-sync=target
endif
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $1 $2)
export BUILD FLAVOUR CC CFLAGS LDFLAGS UV_CFLAGS UV_LIBS WERROR

.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: help all grade test tools nodes selftest bench bench-rpc bench-sim \
        confine kit \
        bench-raft bench-kv submission update \
        debug demo sim rogue asan skeletons format check-format clean FORCE \
        compile_commands.json $(NODE_PROGRAMS) $(NODE_PROGRAMS:=.so)
.DEFAULT_GOAL := help

# ---- what a person types ----------------------------------------------------

help: ## this list
	@echo 'make TARGET [VARIABLE=VALUE …]'
	@echo
	@sed -n 's/^\([a-z_.-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
	    awk -F'|' '{ printf "%-25s %s\n", $$1, $$2 }'
	@echo
	@echo 'FLAVOUR=release|debug|asan   how to compile (release)'
	@echo 'SUBMISSION=DIR               whose stages to grade (labs: yours)'
	@echo 'ARGS="..."                   more words for grader/grade: try --help'
	@echo 'V=1                          show every command'
	@echo
	@echo 'make grade                   sees the reference solution graded'
	@echo 'make grade SUBMISSION=labs   grades what you wrote'

# A student's copy has no solution/: there, `make grade` grades the student.
submission := $(if $(SUBMISSION),--submission $(SUBMISSION),$(if \
                $(wildcard solution),--solution))

grade: $(BUILD)/needs ## grade the reference, or with SUBMISSION=labs your work
	+@MAKEFLAGS= FLAVOUR=$(notdir $(O)) grader/grade $(submission) $(ARGS)

demo: $(BUILD)/needs ## a cluster to play with: NODES=5, KEEP=1, SUBMISSION=
	+@MAKEFLAGS= PYTHONPATH=grader exec python3 -B -m conclave.demo \
	    $(if $(NODES),--nodes $(NODES)) $(if $(KEEP),--keep) \
	    $(if $(SUBMISSION),--submission $(SUBMISSION)) \
	    $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA)) $(ARGS)

# The + keeps make from holding back what is printed.
debug: $(BUILD)/needs ## gdb on a test's cluster: TEST=, SEED=, SUBMISSION=
	+@MAKEFLAGS= PYTHONPATH=grader python3 -B -m conclave.debug \
	    $(or $(TEST),TEST):$(or $(SEED),1) \
	    $(if $(BUG),--bug $(BUG),$(submission)) $(if $(ARGS),-- $(ARGS))

all: tools nodes selftest ## build everything, the nodes from STAGE_RPC= …
tools: $(O)/proxy $(O)/check ## build the grader's proxy and its checker
nodes: $(NODE_PROGRAMS) ## build the nodes of all labs into OUT=DIR
confine: $(O)/confine
kit: sim $(NODE) $(HOST) $(SHIM) $(RPC_APP) $(ELECTION_APP) $(REPLICATION_APP) \
     $(KV_APP) ## build all that nodes are linked with
$(NODE_PROGRAMS): %: $(OUT)/%
$(NODE_PROGRAMS:=.so): %: $(OUT)/% # for the simulated world
sim: $(O)/sim ## build the simulated world
rogue: $(O)/rogue.so $(O)/refused.so $(O)/stays.so
selftest: $(NODE_TESTS) $(TOOL_TESTS)

asan: all ## the same with the address and undefined-behaviour sanitizers

test: $(BUILD)/needs ## test the kit itself; ends with "N passed, N failed"
	+@MAKEFLAGS= python3 grader/selftest/run.py $(ARGS)

bench: bench-rpc bench-raft bench-kv bench-sim ## measure all there is to measure

bench-rpc: $(BENCH) ## measure the reference RPC beside a bare libuv echo
	+@python3 grader/bench/rpc.py $(O)/bench $(ARGS)

bench-raft: $(BENCH_RAFT) ## measure proposals beside bare syncs and round trips
	+@python3 grader/bench/raft.py $(O)/bench $(ARGS)

bench-kv: $(BENCH_STORE) ## measure the store beside Redis and etcd, if there
	+@python3 grader/bench/kv.py $(O)/bench $(ARGS)

bench-sim: $(BENCH_SO) ## measure the simulated world
	@$(O)/sim bench $<
	@$(O)/sim explore $< seeds=1000
	@$(O)/sim --isolate bench $< 5 2000
	@$(O)/sim --isolate explore $< seeds=200
	@$(O)/sim bench $(O)/bench/node-replication.so 5 30 20
	@$(O)/sim bench $(O)/bench/node-persistence.so 5 2000 20
	@$(O)/sim --isolate bench $(O)/bench/node-persistence.so 5 200 20

skeletons: $(BUILD)/needs ## make labs/*/*.c anew from solution/
	@python3 grader/skeleton.py $(ARGS)

submission: ## a tar file of your stages, to hand in
	@mkdir -p $(BUILD)
	@tar -czf $(BUILD)/submission.tar.gz -C labs \
	    $(patsubst labs/%,%,$(wildcard labs/*/*.[ch]))
	@echo '$(BUILD)/submission.tar.gz'

update: ## lay a newer kit over your work: KIT=conclave-1.1.tar.gz
	@python3 -B grader/update.py \
	    $(or $(KIT),$(error name the newer kit: make update KIT=FILE))

# What instructors type; a student's copy has no use for it.
ifneq ($(if $(SEALED),,$(wildcard solution)),)
include grader/packing/instructor.mk
endif

format: ## lay out all C files as .clang-format says
	clang-format -i $(C_FILES)

check-format: ## fail if `make format` would change something
	clang-format --dry-run -Werror $(C_FILES)

clean: ## remove all that was built
	rm -rf $(BUILD) compile_commands.json

# ---- rules ------------------------------------------------------------------

# What is missing on this machine is installed before anything is compiled.
$(BUILD)/needs: grader/needs
	@grader/needs && mkdir -p $(BUILD) && touch $@

# Holds the commands that objects were made with; newer when they change. Each
# make has a file of its own for that: two may run at once.
remember = @mkdir -p $(@D); new=$@.new.$$$$; printf '%s\n' '$1' >$$new; \
    if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

ifndef SEALED
$(O)/commands: FORCE
	$(call remember,$(COMPILE) $(LINK))
endif

# A stage without a file would only be told by what the linker misses.
holds_c = @if [ -z '$2' ]; then \
    echo '$1 holds no .c file: is the folder right?'; exit 1; fi

define compile
$(call say,CC,$<)
@mkdir -p $(@D)
$(Q)$(COMPILE) $(PIC) $(INCLUDES) -MMD -MP -c $< -o $@
endef

$(O)/handout/%: INCLUDES = $(KIT_INCLUDES)
$(O)/handout/uv/%: INCLUDES = $(KIT_INCLUDES) $(UV_CFLAGS)
$(O)/solution/%: INCLUDES = $(KIT_INCLUDES)
$(O)/grader/%: INCLUDES = $(TOOL_INCLUDES) $(UV_CFLAGS)
$(O)/grader/selftest/%: INCLUDES = $(KIT_INCLUDES) $(UV_CFLAGS)
# A sanitizer would not live within the limits that it sets.
$(O)/grader/confine/%: INCLUDES = -fno-sanitize=all
$(O)/grader/bench/%: INCLUDES = $(KIT_INCLUDES) $(UV_CFLAGS) -D_GNU_SOURCE
$(O)/grader/sim/rogue/%: INCLUDES = $(KIT_INCLUDES)
$(OUT)/obj/%: INCLUDES = $(KIT_INCLUDES)

# What nodes are made of goes into programs and shared objects alike.
$(O)/handout/node/% $(O)/handout/standin/% $(O)/grader/sim/rogue/% \
    $(O)/solution/% $(OUT)/obj/%: PIC = -fPIC -fno-semantic-interposition
$(SHIM): PIC = -fPIC -fvisibility=hidden -fno-builtin

ifndef SEALED
$(O)/%.c.o: %.c Makefile $(O)/commands | $(NEEDS)
	$(compile)

$(O)/%.S.o: %.S Makefile $(O)/commands | $(NEEDS)
	$(compile)
endif

# A stage's objects: $1 is its folder's name, $2 the folder, $3 the objects.
define stage_rules
$(OUT)/obj/$1.commands: FORCE
	$$(call holds_c,$2,$3)
	$$(call remember,$$(COMPILE) $$(LINK) $2 $(notdir $3))

$(OUT)/obj/$1/%.c.o: $2/%.c Makefile $(OUT)/obj/$1.commands | $(NEEDS)
	$$(compile)

.PHONY: objects-$1
objects-$1: $3
endef

ifneq ($(SEALED),link)
$(eval $(call stage_rules,1-rpc,$(STAGE_RPC),$(RPC)))
$(eval $(call stage_rules,2-election,$(STAGE_ELECTION),$(ELECTION)))
$(eval $(call stage_rules,3-replication,$(STAGE_REPLICATION),$(REPLICATION)))
$(eval $(call stage_rules,4-persistence,$(STAGE_PERSISTENCE),$(PERSISTENCE)))
$(eval $(call stage_rules,5-kv,$(STAGE_KV),$(KV)))
$(eval $(call stage_rules,6-lease,$(STAGE_LEASE),$(LEASE)))
endif

define link
$(call say,LD,$@)
@mkdir -p $(@D)
$(Q)$(LINK) $(filter %.o %.a,$^) $(UV_LIBS) -lm -o $@
endef

$(O)/proxy: $(PROXY)
	$(link)

$(O)/confine: $(CONFINE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $^ -o $@

$(O)/check: $(CHECK)
	$(call say,LD,$@)
	$(Q)$(LINK) $^ -o $@

# What each lab's node holds, in both forms.
node_holds = $(OUT)/$1 $(OUT)/$1.so
TO_RPC := $(RPC) $(OUT)/obj/1-rpc.commands
TO_ELECTION := $(TO_RPC) $(ELECTION) $(OUT)/obj/2-election.commands
TO_REPLICATION := $(TO_ELECTION) $(REPLICATION) \
                  $(OUT)/obj/3-replication.commands
TO_PERSISTENCE := $(TO_REPLICATION) $(PERSISTENCE) \
                  $(OUT)/obj/4-persistence.commands
TO_KV := $(TO_PERSISTENCE) $(KV) $(OUT)/obj/5-kv.commands
TO_LEASE := $(TO_KV) $(LEASE) $(OUT)/obj/6-lease.commands

$(call node_holds,node-rpc): $(TO_RPC) $(RPC_APP)
$(call node_holds,node-election): $(TO_ELECTION) $(ELECTION_APP)
$(call node_holds,node-replication): $(TO_REPLICATION) $(REPLICATION_APP)
$(call node_holds,node-persistence): $(TO_PERSISTENCE) $(LEDGER_APP)
$(call node_holds,node-kv): $(TO_KV) $(KV_APP)
$(call node_holds,node-lease): $(TO_LEASE) $(LEASE_APP)

$(addprefix $(OUT)/,$(NODE_PROGRAMS)): $(NODE) $(HOST)
	$(link)

# A node for the simulated world (grader/sim/loader.h): a shared object that
# exports one symbol and calls nothing but what symbols.c allows.
define link_shared
$(call say,LD,$@)
@mkdir -p $(@D)
$(Q)$(CC) $(flavour_flags) $(LDFLAGS) -shared -Wl,-Bsymbolic \
    -Wl,--version-script=grader/sim/node.map $(filter %.o,$^) \
    -Wl,--as-needed -lm -o $@
endef
check_shared = $(Q)$(O)/sim check $@ $(filter %.o,$^)

$(O)/sim: $(SIM)
	$(call say,LD,$@)
	$(Q)$(LINK) $^ -ldl -lpthread -Wl,--no-as-needed -lm -o $@

$(addprefix $(OUT)/,$(NODE_PROGRAMS:=.so)): $(NODE) $(SHIM) grader/sim/node.map \
    $(O)/sim
	$(link_shared)
	$(check_shared)

$(O)/bench/node-election.so: $(ELECTION_APP)
$(O)/bench/node-replication.so: $(BENCH_REPLICATION) $(REPLICATION_APP)
$(O)/bench/node-persistence.so: $(BENCH_REPLICATION) $(BENCH_PERSISTENCE) \
    $(LEDGER_APP)
$(BENCH_SO): $(NODE) $(BENCH_RPC) $(BENCH_ELECTION) $(SHIM) \
    grader/sim/node.map $(O)/sim
	$(link_shared)
	$(check_shared)

$(O)/rogue.so: $(NODE) $(filter %/app.c.o,$(ROGUE)) $(SHIM) $(O)/sim
	$(link_shared)
	$(check_shared)

$(O)/refused.so: $(NODE) $(ROGUE) $(SHIM)
	$(link_shared)

$(O)/stays.so: LDFLAGS += -Wl,-z,nodelete
$(O)/stays.so: $(NODE) $(filter %/app.c.o,$(ROGUE) $(WAL)) $(SHIM)
	$(link_shared)

# Tests take from an archive what they use, and put their own in its place.
define archive
@rm -f $@
$(Q)$(AR) rcs $@ $^
endef

$(O)/node.a: $(SELFTEST) $(HOST) $(NODE)
	$(archive)

$(O)/proxy.a: $(PROXY)
	$(archive)

$(NODE_TESTS): $(O)/%: $(O)/%.c.o $(O)/node.a
	$(link)

$(WAL_TEST): $(WAL) $(call objects,grader/sim/disk*.c grader/net/alloc.c \
                                   grader/net/rng.c)

$(TOOL_TESTS): $(O)/%: $(O)/%.c.o $(O)/proxy.a
	$(link)

$(addprefix $(O)/bench/,echo switch load sync h2): $(O)/bench/%: \
    $(O)/grader/bench/%.c.o $(O)/node.a
	$(link)

$(O)/bench/node-persistence: $(BENCH_RPC) $(BENCH_ELECTION) \
    $(BENCH_REPLICATION) $(BENCH_PERSISTENCE) $(LEDGER_APP) $(HOST) $(NODE)
	$(link)

$(O)/bench/node-kv: $(KV_APP)
$(O)/bench/node-lease: $(BENCH_LEASE) $(LEASE_APP)
$(O)/bench/node-kv $(O)/bench/node-lease: $(BENCH_RPC) $(BENCH_ELECTION) \
    $(BENCH_REPLICATION) $(BENCH_PERSISTENCE) $(BENCH_KV) $(HOST) $(NODE)
	$(link)

$(O)/bench/node-bench: $(O)/grader/bench/rpc_bench.c.o $(BENCH_RPC) \
    $(HOST) $(NODE)
	$(link)

# For editors and language servers.
compile_commands.json: ## tell editors how files are compiled
	@{ separator='['; for file in $(filter %.c,$(C_FILES)); do \
	    printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' \
	        "$$separator" "$(CURDIR)" "$$file" \
	        "$(COMPILE) $(KIT_INCLUDES) $(TOOL_INCLUDES) -c $$file"; \
	    separator=','; done; printf '\n]\n'; } >$@

-include $(patsubst %.o,%.d,$(NODE) $(HOST) $(PROXY) $(RPC) $(ELECTION) \
    $(REPLICATION) $(PERSISTENCE) $(KV) $(LEASE) $(RPC_APP) \
    $(ELECTION_APP) $(REPLICATION_APP) $(KV_APP) $(SELFTEST) $(BENCH_RPC) $(BENCH_ELECTION) \
    $(BENCH_REPLICATION) $(BENCH_PERSISTENCE) $(BENCH_KV) $(BENCH_LEASE) \
    $(SIM) $(SHIM) $(ROGUE) $(CHECK) $(WAL))
-include $(patsubst %,%.c.d,$(NODE_TESTS) $(TOOL_TESTS)) \
    $(wildcard $(O)/grader/bench/*.d)
