/*
 * disk_test.c - disk operations as functions that wait (handout/node/disk.c).
 */
#include "disk.h"

#include <string.h>

#include "co.h"
#include "fake_host.h"
#include "node.h"
#include "selftest.h"

static char order[32]; /* who went on, in order */

static void note_end(char who)
{
    size_t len = strlen(order);

    order[len] = who;
    order[len + 1] = '\0';
}

static void append(void *arg)
{
    uint64_t size = 0;

    (void)arg;
    CHECK_INT(await_disk_append("log", bytes_text("abc"), &size), OK);
    CHECK_INT(size, 10);
    note_end('a');
}

static void sync(void *arg)
{
    (void)arg;
    CHECK_INT(await_disk_sync("log"), DISK_ERROR);
    note_end('s');
}

static void read(void *arg)
{
    struct buf out = {0};

    (void)arg;
    put_u8(&out, '>');
    CHECK_INT(await_disk_read("log", 7, 5, &out), OK);
    CHECK(bytes_equal(buf_span(&out), bytes_text(">hello")));
    buf_free(&out);
    note_end('r');
}

static void operations_end_in_any_order(void)
{
    order[0] = '\0';
    fake_spawn(append, NULL);
    fake_spawn(sync, NULL);
    fake_spawn(read, NULL);
    CHECK_INT(fake_disk_count(), 3);
    CHECK_INT(fake_disk_op(0)->kind, DISK_APPEND);
    CHECK_TEXT(fake_disk_op(0)->path, "log");
    CHECK_INT(fake_disk_op(0)->len, 3);
    CHECK_INT(fake_disk_op(1)->kind, DISK_SYNC);
    CHECK_INT(fake_disk_op(2)->kind, DISK_READ);
    CHECK_INT(fake_disk_op(2)->offset, 7);
    CHECK_INT(fake_disk_op(2)->len, 5);
    fake_disk_end(0, OK, NULL, 10);
    fake_disk_end(1, OK, "hello", 0);
    fake_disk_end(0, DISK_ERROR, NULL, 0);
    CHECK_TEXT(order, "ars");
}

static void each_kind(void *arg)
{
    struct buf names = {0};
    uint64_t size = 0;

    (void)arg;
    CHECK_INT(await_disk_write("f", 4, bytes_text("x")), OK);
    CHECK_INT(await_disk_size("f", &size), OK);
    CHECK_INT(size, 5);
    CHECK_INT(await_disk_truncate("f", 2), DISK_BAD_RANGE);
    CHECK_INT(await_disk_rename("f", "g"), OK);
    CHECK_INT(await_disk_remove("g"), DISK_NOT_FOUND);
    CHECK_INT(await_disk_sync_dir(), OK);
    CHECK_INT(await_disk_list(&names), DISK_ERROR);
    CHECK_INT(names.len, 0); /* nothing is taken from what failed */
    buf_free(&names);
    note_end('.');
}

static void every_operation_reaches_the_host(void)
{
    order[0] = '\0';
    fake_spawn(each_kind, NULL);
    CHECK_INT(fake_disk_op(0)->kind, DISK_WRITE);
    CHECK_INT(fake_disk_op(0)->offset, 4);
    fake_disk_end(0, OK, NULL, 0);
    CHECK_INT(fake_disk_op(0)->kind, DISK_SIZE);
    fake_disk_end(0, OK, NULL, 5);
    CHECK_INT(fake_disk_op(0)->kind, DISK_TRUNCATE);
    CHECK_INT(fake_disk_op(0)->offset, 2);
    fake_disk_end(0, DISK_BAD_RANGE, NULL, 0);
    CHECK_INT(fake_disk_op(0)->kind, DISK_RENAME);
    CHECK_TEXT(fake_disk_op(0)->to, "g");
    fake_disk_end(0, OK, NULL, 0);
    CHECK_INT(fake_disk_op(0)->kind, DISK_REMOVE);
    fake_disk_end(0, DISK_NOT_FOUND, NULL, 0);
    CHECK_INT(fake_disk_op(0)->kind, DISK_SYNC_DIR);
    fake_disk_end(0, OK, NULL, 0);
    CHECK_INT(fake_disk_op(0)->kind, DISK_LIST);
    fake_disk_end(0, DISK_ERROR, "not to be seen", 0);
    CHECK_TEXT(order, ".");
}

static void sync_in_scope(void *arg)
{
    struct cancel scope;

    (void)arg;
    cancel_open(&scope);
    cancel_after(&scope, 10);
    CHECK_INT(await_disk_sync("log"), OK);
    CHECK_INT(await_sleep(1), TIMED_OUT); /* the token has not been forgotten */
    cancel_close(&scope);
    note_end('.');
}

static void a_wait_is_not_cancelled(void)
{
    order[0] = '\0';
    fake_spawn(sync_in_scope, NULL);
    fake_pass_ms(50);
    CHECK_TEXT(order, ""); /* the deadline has passed, the write goes on */
    fake_disk_end(0, OK, NULL, 0);
    CHECK_TEXT(order, ".");
}

int main(void)
{
    fake_boot();
    TEST("operations may end in any order", operations_end_in_any_order);
    TEST("every operation reaches the host", every_operation_reaches_the_host);
    TEST("a wait for the disk is not cancelled", a_wait_is_not_cancelled);
    return selftest_end();
}
