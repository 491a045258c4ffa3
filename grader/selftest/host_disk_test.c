/*
 * host_disk_test.c - the real host's disk keeps what was synced, and nothing
 * else.
 *
 * Every test has two lives in one folder (host_disk_life.h): a process that
 * works and is then killed, and one that looks at what is left.
 */
#define _GNU_SOURCE

#include <sys/resource.h>

#include "host_disk_life.h"

/* ---- Tests ------------------------------------------------------------- */

static void write_half(void)
{
    good("append", append_op("log", "synced"));
    check_number("size", 6, (int64_t)result.size);
    make_durable("log");
    good("append", append_op("log", " and lost"));
    good("write", write_op("log", 0, "SYN"));
    check_file("unsynced bytes", "log", "SYNced and lost");
}

static void see_half(void)
{
    check_file("synced bytes only", "log", "synced");
}

static void leave_unnamed(void)
{
    good("append", append_op("gone", "bytes"));
    good("sync", on_path(DISK_SYNC, "gone"));
    good("append", append_op("empty", "bytes"));
    good("sync of the folder", on_path(DISK_SYNC_DIR, NULL));
    good("append", append_op("gone-too", "bytes"));
    good("sync", on_path(DISK_SYNC, "gone-too"));
    good("remove", on_path(DISK_REMOVE, "gone"));
    check_file("removed", "gone", NULL);
}

static void see_unnamed(void)
{
    /* Its removal was not durable, but its bytes and name were. */
    check_file("removal without a folder sync", "gone", "bytes");
    check_file("a name without its bytes", "empty", "");
    check_file("bytes without a name", "gone-too", NULL);
    good("list", on_path(DISK_LIST, NULL));
    check_bytes("names, sorted, none hidden", "empty\0gone", 11);
}

static void cut_some(void)
{
    good("append", append_op("a", "0123456789"));
    make_durable("a");
    good("cut", cut_op("a", 6));
    good("cut", cut_op("a", 4));
    good("write", write_op("a", 8, "xy"));
    good("read", (struct disk_op){.kind = DISK_READ, .path = "a", .len = 100});
    check_bytes("a gap after a cut", "0123\0\0\0\0xy", 10);
    good("sync", on_path(DISK_SYNC, "a"));
    good("read", (struct disk_op){
                     .kind = DISK_READ, .path = "a", .offset = 3, .len = 6});
    check_bytes("the same, synced", "3\0\0\0\0x", 6);
    good("cut", cut_op("a", 1));
    check_file("an unsynced cut", "a", "0");
    check_number("a cut behind the end", DISK_BAD_RANGE,
                 finish(cut_op("a", 2)));
    check_number("a read behind the end", DISK_BAD_RANGE,
                 finish((struct disk_op){
                     .kind = DISK_READ, .path = "a", .offset = 2, .len = 1}));
}

static void see_cut(void)
{
    good("read", (struct disk_op){.kind = DISK_READ, .path = "a", .len = 100});
    check_bytes("the synced cut only", "0123\0\0\0\0xy", 10);
}

static void rename_some(void)
{
    good("append", append_op("a", "old a"));
    make_durable("a");
    good("append", append_op("b", "new a"));
    good("sync", on_path(DISK_SYNC, "b"));
    good("rename", rename_op("b", "a"));
    check_file("the renamed file", "a", "new a");
    check_file("its old name", "b", NULL);
    good("sync of the folder", on_path(DISK_SYNC_DIR, NULL));
    good("rename", rename_op("a", "c"));
    good("append", append_op("c", "!"));
    good("sync", on_path(DISK_SYNC, "c"));
    good("append", append_op("a", "another a"));
    check_file("a name used again", "a", "another a");
    check_file("the moved file", "c", "new a!");
}

static void see_renames(void)
{
    /* The bytes of the file called c were synced, that name was not. */
    check_file("the rename that was synced", "a", "new a!");
    check_file("the one that was not", "c", NULL);
}

/* Syncs cover what was issued before them, and the rest may go on meanwhile. */
static void overlap_syncs(void)
{
    issue(append_op("a", "one "));
    issue(on_path(DISK_SYNC, "a"));
    issue(append_op("a", "two "));
    issue(on_path(DISK_SYNC, "a"));
    issue(append_op("a", "three"));
    issue(on_path(DISK_SYNC_DIR, NULL));
    check_number("completions inside the calls", 0, (int64_t)end_count);
    finish_all();
    static const uint64_t in_order[][2] = {{1, 3}, {3, 5}, {2, 4}};
    for (size_t i = 0; i < 3; i++) {
        size_t at[2] = {0, 0};
        for (size_t k = 0; k < end_count; k++) {
            for (int j = 0; j < 2; j++) {
                if (ended[k] == in_order[i][j])
                    at[j] = k;
            }
        }
        check_number("order of completions", 1, at[0] < at[1]);
    }
    check_file("all of it", "a", "one two three");
}

static void see_overlap(void)
{
    check_file("what the two syncs covered", "a", "one two ");
}

/* A limit on the size of files stands in for a full disk. */
static void fill_disk(void)
{
    signal(SIGXFSZ, SIG_IGN);
    good("append", append_op("a", "0123456789"));
    make_durable("a");
    struct rlimit limit = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    issue(write_op("a", 8, "89abcdefGHIJ"));
    issue(on_path(DISK_SYNC, "a"));
    issue(write_op("a", 12, "late"));
    finish_all();
    check_number("a sync of a full disk", DISK_FULL, result.outcome);
    good("read", (struct disk_op){.kind = DISK_READ, .path = "a", .len = 100});
    check_number("length without what was lost", 16, (int64_t)result.len);
    check_number("a lost byte", 0, result.data[10]);
    good("the next sync", on_path(DISK_SYNC, "a"));
}

static void see_full(void)
{
    good("read", (struct disk_op){.kind = DISK_READ, .path = "a", .len = 100});
    check_number("length", 16, (int64_t)result.len);
    check_number("a byte that a failed sync lost", 0, result.data[10]);
    check_number("a byte of the next sync", 'l', result.data[12]);
}

static void misuse(void)
{
    check_number("a folder's name", DISK_ERROR, finish(append_op("a/b", "x")));
    check_number("a hidden name", DISK_ERROR, finish(append_op(".a", "x")));
    check_number("no name", DISK_ERROR, finish(append_op("", "x")));
    check_number("sync of nothing", DISK_NOT_FOUND,
                 finish(on_path(DISK_SYNC, "none")));
    check_number("rename of nothing", DISK_NOT_FOUND,
                 finish(rename_op("none", "a")));
    good("append of nothing", append_op("a", ""));
    check_file("an empty file", "a", "");
    good("rename to itself", rename_op("a", "a"));
    good("list", on_path(DISK_LIST, NULL));
    check_bytes("names", "a", 2);
}

static void see_nothing(void)
{
    good("list", on_path(DISK_LIST, NULL));
    check_bytes("names", "", 0);
}

/* ---- All of them ------------------------------------------------------- */

static const struct {
    const char *name;    /* what it proves */
    void (*life)(void);  /* before the kill */
    void (*after)(void); /* after it */
} tests[] = {
    {"a kill loses what was not synced", write_half, see_half},
    {"names live by the folder's sync", leave_unnamed, see_unnamed},
    {"cuts are volatile, and growth is by zeros", cut_some, see_cut},
    {"renames are volatile", rename_some, see_renames},
    {"a sync covers what was issued before it", overlap_syncs, see_overlap},
    {"a failed sync loses its bytes", fill_disk, see_full},
    {"bad names and files that are not there", misuse, see_nothing},
};

int main(void)
{
    char folder[] = P_tmpdir "/host-disk-XXXXXX";
    int failed = 0;
    if (!mkdtemp(folder)) {
        printf("FAIL set-up: expected a folder, saw none in " P_tmpdir "\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        test = tests[i].name;
        bool is_good = live(folder, tests[i].life, true) &&
                       live(folder, tests[i].after, false);
        printf("%s %s\n", is_good ? "ok" : "FAIL", test);
        failed += !is_good;
        remove_folder(folder);
    }
    return failed > 0;
}
