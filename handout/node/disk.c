/*
 * disk.c - disk operations as functions that wait; see disk.h.
 *
 * The invariant: every operation handed to the host has its struct wait in the
 * list pending, on the stack of the coroutine that waits for it, until
 * disk_on_done says that it has ended. No cancel token can end the wait, so no
 * operation outlives its struct.
 */
#include "disk.h"

#include <assert.h>
#include <string.h>

#include "co.h"
#include "event.h"
#include "list.h"
#include "node.h"

/* One operation under way. */
struct wait {
    struct list link;  /* in pending */
    uint64_t token;    /* the host gives it back */
    struct event done; /* set with the outcome */
    struct buf *out;   /* takes what was read or listed, or NULL */
    uint64_t size;     /* the size that the host reported */
};

static struct list pending = {&pending, &pending}; /* in order of issue */
static uint64_t last_token;                        /* given to the host */

static void check_path(const char *path)
{
    assert(path[0] != '\0' && strlen(path) < MAX_DISK_PATH_BYTES);
    assert(!strchr(path, '/'));
}

/* Hands an operation to the host and waits for its end. */
static int await_op(struct disk_op op, struct buf *out, uint64_t *size)
{
    struct wait wait = {.token = ++last_token, .out = out};

    if (op.path)
        check_path(op.path);
    if (op.to)
        check_path(op.to);
    op.token = wait.token;
    event_init(&wait.done, "disk operation");
    list_add(&pending, &wait.link);
    node_disk(&op);

    /* What is under way on a disk cannot be called back. */
    struct cancel *former = co_use(NULL);
    await_event(&wait.done);
    co_use(former);
    if (size)
        *size = wait.size;
    return (int)wait.done.value;
}

void disk_on_done(uint64_t token, int outcome, const void *data, size_t len,
                  uint64_t size)
{
    /* Most often the oldest: operations end in order, but for syncs. */
    list_each(at, &pending) {
        struct wait *wait = list_entry(at, struct wait, link);
        if (wait->token != token)
            continue;
        list_remove(&wait->link);
        if (wait->out && outcome == OK)
            put_bytes(wait->out, bytes_of(data, len));
        wait->size = size;
        event_set(&wait->done, outcome);
        return;
    }
    node_fatal("the host ended disk operation %llu, which is not under way",
               (unsigned long long)token);
}

int await_disk_append(const char *path, struct bytes data, uint64_t *size)
{
    struct disk_op op = {
        .kind = DISK_APPEND, .path = path, .data = data.data, .len = data.len};

    return await_op(op, NULL, size);
}

int await_disk_write(const char *path, uint64_t offset, struct bytes data)
{
    struct disk_op op = {.kind = DISK_WRITE,
                         .path = path,
                         .offset = offset,
                         .data = data.data,
                         .len = data.len};

    return await_op(op, NULL, NULL);
}

int await_disk_read(const char *path, uint64_t offset, size_t len,
                    struct buf *out)
{
    struct disk_op op = {
        .kind = DISK_READ, .path = path, .offset = offset, .len = len};

    return await_op(op, out, NULL);
}

int await_disk_size(const char *path, uint64_t *size)
{
    struct disk_op op = {.kind = DISK_SIZE, .path = path};

    return await_op(op, NULL, size);
}

int await_disk_sync(const char *path)
{
    struct disk_op op = {.kind = DISK_SYNC, .path = path};

    return await_op(op, NULL, NULL);
}

int await_disk_truncate(const char *path, uint64_t size)
{
    struct disk_op op = {.kind = DISK_TRUNCATE, .path = path, .offset = size};

    return await_op(op, NULL, NULL);
}

int await_disk_rename(const char *path, const char *to)
{
    struct disk_op op = {.kind = DISK_RENAME, .path = path, .to = to};

    return await_op(op, NULL, NULL);
}

int await_disk_remove(const char *path)
{
    struct disk_op op = {.kind = DISK_REMOVE, .path = path};

    return await_op(op, NULL, NULL);
}

int await_disk_sync_dir(void)
{
    struct disk_op op = {.kind = DISK_SYNC_DIR};

    return await_op(op, NULL, NULL);
}

int await_disk_list(struct buf *out)
{
    struct disk_op op = {.kind = DISK_LIST};

    return await_op(op, out, NULL);
}
