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
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)out;
    // | (void)header;
    // | (void)magic;
    // | (void)checksum_of;
    size_t start = out->len;

    put_bytes(out, bytes_of(magic, sizeof magic));
    put_u32(out, VERSION);
    put_u64(out, header->index);
    put_u64(out, header->term);
    put_u64(out, header->length);
    put_u64(out, header->state_sum);
    put_u64(out, checksum_of(bytes_of(out->data + start, HEADER_SUM_AT)));
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your code here: believe nothing before you have checked it. */
    // | (void)bytes;
    // | (void)file_bytes;
    // | *header = (struct header){0};
    // | return damaged(damage, 0, "snapshots cannot be read yet");
    struct wire_in in = wire_in(bytes);

    if (bytes.len < SNAPSHOT_HEADER_BYTES)
        return damaged(damage, bytes.len, "the file ends within its header");
    if (memcmp(get_bytes(&in, sizeof magic).data, magic, sizeof magic) != 0)
        return damaged(damage, 0, "the file does not begin as a snapshot does");
    uint32_t version = get_u32(&in);
    header->index = get_u64(&in);
    header->term = get_u64(&in);
    header->length = get_u64(&in);
    header->state_sum = get_u64(&in);
    if (get_u64(&in) != checksum_of(bytes_of(bytes.data, HEADER_SUM_AT)))
        return damaged(damage, 0, "the header does not match its checksum");
    if (version != VERSION)
        return damaged(damage, VERSION_AT,
                       "the format's version is %u, this node knows only %u",
                       version, VERSION);
    if (header->length != file_bytes - SNAPSHOT_HEADER_BYTES)
        return damaged(
            damage, LENGTH_AT,
            "the header promises %llu bytes of state, there are "
            "%llu",
            (unsigned long long)header->length,
            (unsigned long long)(file_bytes - SNAPSHOT_HEADER_BYTES));
    return OK;
    // END SOLUTION
}

/* ---- Writing and reading ------------------------------------------------ */

// BEGIN SOLUTION:
/* Reads the state that a file holds behind its header, and its sum, piece by
 * piece: nothing keeps others waiting for long. */
static int await_read_state(const char *path, uint64_t length,
                            struct buf *state, uint64_t *sum)
{
    int outcome = OK;

    *sum = NO_SUM;
    for (uint64_t done = 0; outcome == OK && done < length;) {
        uint64_t left = length - done;
        size_t had = state->len;

        outcome = await_disk_read(
            path, SNAPSHOT_HEADER_BYTES + done,
            left < SNAPSHOT_PIECE_BYTES ? (size_t)left : SNAPSHOT_PIECE_BYTES,
            state);
        if (outcome == OK && state->len == had)
            outcome = DISK_BAD_RANGE;
        *sum = checksum_on(*sum, bytes_of(state->data + had, state->len - had));
        done += state->len - had;
    }
    return outcome;
}

/* Writes a file's header and makes the file durable. */
static int await_finish(const char *path, const struct snapshot_id *id,
                        uint64_t state_sum)
{
    struct buf front = {0};

    put_header(&front, &(struct header){.index = id->index,
                                        .term = id->term,
                                        .length = id->size_bytes,
                                        .state_sum = state_sum});
    int outcome = await_disk_write(path, 0, buf_span(&front));
    buf_free(&front);
    if (outcome == OK)
        outcome = await_disk_sync(path);
    return outcome;
}
// END SOLUTION

int await_snapshot_file_write(const char *path, struct snapshot_id *id,
                              struct bytes state)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)path;
    // | (void)id;
    // | (void)state;
    // | (void)put_header;
    // | return DISK_ERROR;
    uint64_t sum = NO_SUM;
    int outcome = OK;

    if (state.len > SNAPSHOT_MAX_BYTES)
        return TOO_LARGE;
    id->size_bytes = state.len;
    for (size_t done = 0; outcome == OK && done < state.len;) {
        size_t left = state.len - done;
        size_t len = left < SNAPSHOT_PIECE_BYTES ? left : SNAPSHOT_PIECE_BYTES;
        struct bytes piece = bytes_of(state.data + done, len);

        outcome = await_disk_write(path, SNAPSHOT_HEADER_BYTES + done, piece);
        sum = checksum_on(sum, piece);
        done += len;
    }
    return outcome == OK ? await_finish(path, id, sum) : outcome;
    // END SOLUTION
}

int await_snapshot_file_seal(const char *path, struct snapshot_id id,
                             struct buf *state)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)path;
    // | (void)id;
    // | (void)state;
    // | return DISK_ERROR;
    uint64_t sum;
    int outcome = await_read_state(path, id.size_bytes, state, &sum);

    return outcome == OK ? await_finish(path, &id, sum) : outcome;
    // END SOLUTION
}

int await_snapshot_file_read(const char *path, struct snapshot_id *id,
                             struct buf *state, struct damage *damage)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)path;
    // | (void)id;
    // | (void)state;
    // | (void)damage;
    // | (void)get_header;
    // | return DISK_NOT_FOUND;
    struct header header = {0};
    struct buf front = {0};
    uint64_t file_bytes = 0;
    uint64_t sum = NO_SUM;

    int outcome = await_disk_size(path, &file_bytes);
    if (outcome == OK)
        outcome = await_disk_read(path, 0, SNAPSHOT_HEADER_BYTES, &front);
    if (outcome == OK)
        outcome = get_header(buf_span(&front), file_bytes, &header, damage);
    buf_free(&front);
    if (outcome == OK)
        outcome = await_read_state(path, header.length, state, &sum);
    if (outcome != OK)
        return outcome;
    if (sum != header.state_sum)
        return damaged(damage, SNAPSHOT_HEADER_BYTES,
                       "the %llu bytes of state from here on do not match "
                       "their checksum",
                       (unsigned long long)header.length);
    *id = (struct snapshot_id){header.index, header.term, header.length};
    return OK;
    // END SOLUTION
}

/* ---- The change of files ------------------------------------------------ */

// BEGIN SOLUTION:
/* Whether SNAPSHOT_FILE is the one that we have put there. */
static int await_check_name(struct snapshot_id id)
{
    struct header header = {0};
    struct damage damage;
    struct buf front = {0};

    int outcome = await_disk_read(SNAPSHOT_FILE, 0, SNAPSHOT_HEADER_BYTES,
                                  &front);
    if (outcome == OK &&
        (get_header(buf_span(&front), SNAPSHOT_HEADER_BYTES + id.size_bytes,
                    &header, &damage) != OK ||
         header.index != id.index || header.term != id.term))
        outcome = DISK_ERROR;
    buf_free(&front);
    return outcome == DISK_NOT_FOUND ? DISK_ERROR : outcome;
}

// END SOLUTION

int await_snapshot_file_publish(const char *path, struct snapshot_id id)
{
    // BEGIN SOLUTION:
    // | /* Your code here. When does the new name outlast a crash? */
    // | (void)path;
    // | current = id;
    // | return DISK_ERROR;
    struct snapshot_id former = current;

    assert(id.index > former.index);
    /* An operation takes effect when it is issued: whoever reads from now on
     * reads the new file. It is durable only when the folder is. */
    current = id;
    int outcome = await_disk_rename(path, SNAPSHOT_FILE);
    if (outcome == OK)
        outcome = await_disk_sync_dir();
    /* The log syncs the folder too. Had such a sync failed meanwhile, it would
     * have taken our rename along, and ours would not have known. */
    if (outcome == OK)
        outcome = await_check_name(id);
    if (outcome != OK)
        current = former;
    return outcome;
    // END SOLUTION
}
