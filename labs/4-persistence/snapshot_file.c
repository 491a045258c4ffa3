/*
 * snapshot_file.c - Lab 4, part B: a snapshot as a file; see snapshot_file.h.
 *
 *     0          8         12       20      28       36         44         52
 *     +----------+---------+--------+-------+--------+----------+----------+--
 *     |"CNCLSNAP"| version | index  | term  | length | sum of   | sum of   |
 *     | 8 bytes  | u32     | u64    | u64   | u64    | state u64| 0-43 u64 |
 *     +----------+---------+--------+-------+--------+----------+----------+--
 *                                             |  state: length bytes  |
 *                                           --+-----------------------+
 *
 * A sum is 64-bit FNV-1a. The header has one of its own, so that a length which
 * nobody wrote is never believed.
 *
 * The invariant: the name SNAPSHOT_FILE leads to a whole, synced file or to
 * none, whatever happens and whenever. Everything else goes by other names,
 * and what has such a name is worth nothing after a restart.
 */
#include "snapshot_file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "co.h"
#include "disk.h"
#include "event.h"
#include "node.h"

#define VERSION       1  /* of the format */
#define HEADER_SUM_AT 44 /* where the header's own checksum lies */
#define VERSION_AT    8
#define LENGTH_AT     28

static const char magic[8] = {'C', 'N', 'C', 'L', 'S', 'N', 'A', 'P'};

static struct snapshot_id current;  /* what SNAPSHOT_FILE holds */
static bool is_taken;               /* somebody has the turn */
static struct cancel *former_token; /* his, until he gives it back */
static struct cond turn;            /* broadcast when he has */

struct snapshot_id snapshot_file_current(void)
{
    return current;
}

void snapshot_file_start(struct snapshot_id found)
{
    cond_init(&turn, "the snapshot file's turn");
    current = found;
}

int await_snapshot_turn(void)
{
    int outcome = OK;

    while (is_taken && outcome == OK)
        outcome = await_cond(&turn);
    if (outcome != OK)
        return outcome;
    is_taken = true;
    former_token = co_use(NULL);
    return OK;
}

void snapshot_give_back_turn(void)
{
    co_use(former_token);
    is_taken = false;
    cond_broadcast(&turn);
}

/* ---- The format --------------------------------------------------------- */

#define NO_SUM 0xcbf29ce484222325u /* of no bytes */

/* FNV-1a: finds damage, not attackers. The sum of some bytes goes on with those
 * behind them: a whole state at once would keep the node from all else. */
static uint64_t checksum_on(uint64_t sum, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ bytes.data[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t checksum_of(struct bytes bytes)
{
    return checksum_on(NO_SUM, bytes);
}

/* What the header says. */
struct header {
    uint64_t index;     /* last_included_index */
    uint64_t term;      /* last_included_term */
    uint64_t length;    /* bytes of state */
    uint64_t state_sum; /* their checksum */
};

static void put_header(struct buf *out, const struct header *header)
{
    /* Your code here. */
    (void)out;
    (void)header;
    (void)magic;
    (void)checksum_of;
}

/* Describes damage; returns BAD_BYTES. */
static int damaged(struct damage *damage, uint64_t offset, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

static int damaged(struct damage *damage, uint64_t offset, const char *format,
                   ...)
{
    va_list args;

    va_start(args, format);
    damage->offset = offset;
    vsnprintf(damage->text, sizeof damage->text, format, args);
    va_end(args);
    return BAD_BYTES;
}

/* Reads the header of a file of file_bytes. OK or BAD_BYTES. */
static int get_header(struct bytes bytes, uint64_t file_bytes,
                      struct header *header, struct damage *damage)
{
    /* Your code here: believe nothing before you have checked it. */
    (void)bytes;
    (void)file_bytes;
    *header = (struct header){0};
    return damaged(damage, 0, "snapshots cannot be read yet");
}

/* ---- Writing and reading ------------------------------------------------ */

int await_snapshot_file_write(const char *path, struct snapshot_id *id,
                              struct bytes state)
{
    /* Your code here. */
    (void)path;
    (void)id;
    (void)state;
    (void)put_header;
    return DISK_ERROR;
}

int await_snapshot_file_seal(const char *path, struct snapshot_id id,
                             struct buf *state)
{
    /* Your code here. */
    (void)path;
    (void)id;
    (void)state;
    return DISK_ERROR;
}

int await_snapshot_file_read(const char *path, struct snapshot_id *id,
                             struct buf *state, struct damage *damage)
{
    /* Your code here. */
    (void)path;
    (void)id;
    (void)state;
    (void)damage;
    (void)get_header;
    return DISK_NOT_FOUND;
}

/* ---- The change of files ------------------------------------------------ */

int await_snapshot_file_publish(const char *path, struct snapshot_id id)
{
    /* Your code here. When does the new name outlast a crash? */
    (void)path;
    current = id;
    return DISK_ERROR;
}
