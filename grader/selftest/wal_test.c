/*
 * wal_test.c - the reference's write-ahead log, killed thousands of times.
 *
 * Each life is a process: a node that holds nothing but the store, on the
 * simulator's disk. It makes random changes, syncs them from several
 * coroutines, and dies at a random disk operation; the disk then keeps, of what
 * was not synced, nothing or some of it, torn. The next life starts from there.
 *
 * The claim: what a life finds is what all changes up to some number come to,
 * and every change that a sync has covered is among them.
 */
#define _GNU_SOURCE

#include <sys/mman.h>
#include <sys/wait.h>

#include "disk.h"
#include "wal_host.h"

#define CHAINS 80  /* logs, one after another */
#define LIVES  50  /* of each */
#define CLEAN  20  /* logs that are closed well, and then spoiled */
#define FLIPS  100 /* of each, one bit a time */

static uint64_t steps_left; /* of this life */
static bool is_over;        /* it ends before that */

/* ---- A life -------------------------------------------------------------- */

static void make(struct change_made c)
{
    static uint8_t data[8192];
    uint64_t index = store_last_index() + 1;

    assert(world->made < CHANGES);
    world->changes[world->made++] = c;
    switch (c.kind) {
    case VOTE:
        store_set_vote(c.term, c.voted_for);
        break;
    case APPEND:
        for (uint32_t at = 0; at < c.len; at++)
            data[at] = byte_of(index, c.term, at);
        store_append(c.term, bytes_of(data, c.len));
        break;
    case TRUNCATE:
        store_truncate_after(c.index);
        break;
    case COMPACT:
        store_compact(c.index, c.term);
        break;
    }
}

static void change_something(void)
{
    uint64_t base = store_base_index(), last = store_last_index();
    uint64_t term = store_term();
    uint64_t what = draw(100);

    if (what < 15) {
        make((struct change_made){
            .kind = VOTE, .term = term + 1, .voted_for = (int)draw(4) - 1});
    } else if (what < 22 && last > base) {
        make((struct change_made){.kind = TRUNCATE,
                                  .index = base + draw(last - base)});
    } else if (what < 27 || last - base > LOG_SLOTS / 2) {
        bool is_ahead = draw(5) == 0 || last == base;
        uint64_t index = is_ahead ? last + draw(3) + 1
                                  : base + 1 + draw(last - base);
        make((struct change_made){.kind = COMPACT,
                                  .index = index,
                                  .term = index > last || draw(10) == 0
                                              ? term + 1
                                              : store_term_at(index)});
    } else {
        uint64_t len = draw(20) == 0 ? draw(8192) : draw(200);
        make((struct change_made){
            .kind = APPEND, .term = term, .len = (uint32_t)len});
    }
}

static void sync_and_note(void *arg)
{
    uint32_t made = world->made;
    (void)arg;

    int outcome = await_store_sync();
    if (outcome == OK) {
        world->syncs++;
        for (; world->acked < made; world->acked++)
            model_take(&world->durable, &world->changes[world->acked]);
    } else if (outcome == DISK_FULL) {
        disk_set(disk, "full=1000000000", world->sentence);
    } else if (!world->has_failed) {
        fprintf(stderr, "a sync says %s\n", outcome_name(outcome));
        _exit(1);
    }
}

/* The folder has other users, whose failed syncs take names away. */
static void neighbour(void *arg)
{
    (void)arg;
    while (await_sleep_us(100 + draw(8000)) == OK) {
        await_disk_write("other.new", 0, bytes_text("other"));
        await_disk_sync("other.new");
        await_disk_rename("other.new", "other");
        await_disk_sync_dir();
    }
}

static void live(void *arg)
{
    uint64_t rounds = 1 + draw(60);
    (void)arg;

    int outcome = await_store_open();
    if (outcome != OK) {
        is_over = true;
        if (!world->has_failed && outcome != DISK_FULL)
            _exit(1);
        return;
    }
    if (world->flips > 0)
        find_state(&world->before_last, 0);
    else
        find_state(&world->durable, world->acked);
    if (!world->must_end_well)
        co_spawn("neighbour", neighbour, NULL);
    for (uint64_t i = 0; i < rounds; i++) {
        for (uint64_t n = 1 + draw(8); n > 0; n--)
            change_something();
        co_spawn("sync", sync_and_note, NULL);
        if (draw(3) == 0)
            await_sleep_us(draw(1000));
    }
    if (world->must_end_well) {
        sync_and_note(NULL);
        await_sleep(100);
        if (!is_model(&world->durable))
            _exit(1);
        world->before_last = world->durable;
        make((struct change_made){
            .kind = APPEND, .term = store_term(), .len = 50});
        sync_and_note(NULL);
        await_sleep(100);
    }
    is_over = true;
}

void app_start(void)
{
    co_spawn("life", live, NULL);
}

/* One life, in a process of its own. */
static void run_life(void)
{
    static const struct host_ops ops = {
        .now_us = host_now_us,
        .random = host_random,
        .alarm = host_alarm,
        .disk = host_disk,
        .trace = host_trace,
        .fatal = host_fatal,
    };
    const struct node_ops *node = conclave_node();

    disk = disk_new(draw(1u << 31), 1);
    image_load();
    disk_faults(disk)->torn = 0.8;
    disk_faults(disk)->slow_ms = 5;
    disk_faults(disk)->slow = draw(2) ? 0.3 : 0;
    if (!world->must_end_well && draw(6) == 0)
        disk_faults(disk)->fail = draw(2) ? 0.03 : 0.3;
    if (!world->must_end_well && draw(6) == 0)
        disk_faults(disk)->full_bytes = world->image_len + draw(20000);
    steps_left = draw(4) == 0 ? draw(30) : draw(400);
    if (world->must_end_well)
        steps_left = UINT64_MAX;
    node->start(&ops, NULL,
                &(struct node_args){.id = 1,
                                    .incarnation = 1,
                                    .config = "node 1 listen=a:1 client=a:2\n"
                                              "segment_bytes 4096\n"});
    while (!is_over && steps_left-- > 0) {
        uint64_t next_us = UINT64_MAX;
        for (int i = 0; i < work_count; i++)
            if (works[i]->due_us < next_us)
                next_us = works[i]->due_us;
        if (alarm_us <= next_us && alarm_us != UINT64_MAX) {
            now_us = alarm_us > now_us ? alarm_us : now_us;
            alarm_us = UINT64_MAX;
            node->alarm_rang();
        } else if (next_us != UINT64_MAX) {
            finish_first();
        } else {
            fprintf(stderr, "nothing can happen any more\n");
            _exit(1);
        }
    }
    disk_crash(disk);
    image_save();
    _exit(0);
}

static int fork_life(void)
{
    int status;

    fflush(NULL);
    world->has_failed = false;
    pid_t pid = fork();
    if (pid == 0)
        run_life();
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void new_log(uint64_t seed)
{
    memset(world, 0, offsetof(__typeof__(*world), image));
    world->seed = seed;
    world->durable.voted_for = NO_NODE;
    world->before_last = world->durable;
}

static void every_promise_is_kept(void)
{
    uint64_t syncs = 0;

    for (uint64_t chain = 0; chain < CHAINS; chain++) {
        new_log(1000 + chain);
        for (int i = 0; i < LIVES; i++) {
            int status = fork_life();
            if (status != 0)
                fprintf(stderr, "log %d, life %d: %s\n", (int)chain, i,
                        world->sentence);
            CHECK_INT(status, 0);
            if (status != 0)
                break;
        }
        syncs += world->syncs;
    }
    CHECK(syncs > 10000);
}

static void flip(size_t *where)
{
    *where = draw(world->image_len);
    world->image[*where] ^= (uint8_t)(1u << draw(8));
}

/* Which file, and where in it, a byte of the image is; NULL: in its head. */
static const char *file_at(size_t where, size_t *offset)
{
    for (size_t at = 0; at < world->image_len;) {
        const char *name = (char *)world->image + at;
        size_t len;
        memcpy(&len, world->image + at + MAX_DISK_PATH_BYTES, 8);
        at += MAX_DISK_PATH_BYTES + 8;
        if (where < at)
            return NULL;
        if (where < at + len) {
            *offset = where - at;
            return name;
        }
        at += len;
    }
    return NULL;
}

static void no_damage_is_believed(void)
{
    int refused = 0, unharmed = 0;
    static uint8_t copy[IMAGE_BYTES];

    for (uint64_t chain = 0; chain < CLEAN; chain++) {
        new_log(5000 + chain);
        world->must_end_well = true;
        CHECK_INT(fork_life(), 0);
        size_t image_len = world->image_len;
        memcpy(copy, world->image, IMAGE_BYTES);
        struct model before = world->before_last;
        struct change_made last = world->changes[world->made - 1];
        for (int i = 0; i < FLIPS; i++) {
            size_t where, offset;
            memcpy(world->image, copy, IMAGE_BYTES);
            world->image_len = image_len;
            flip(&where);
            if (!file_at(where, &offset))
                continue;
            world->before_last = before;
            world->changes[0] = last;
            world->made = 1;
            world->acked = 0;
            world->flips = 1;
            world->must_end_well = false;
            int status = fork_life();
            if (status != 0 && status != EXIT_FATAL)
                fprintf(stderr, "%s flipped at %zu\n", file_at(where, &offset),
                        offset);
            CHECK(status == 0 || status == EXIT_FATAL);
            refused += status == EXIT_FATAL;
            unharmed += status == 0;
            if (status == EXIT_FATAL) {
                CHECK(strstr(world->sentence, "wal.0000") != NULL);
                CHECK(strstr(world->sentence, " offset ") != NULL);
            }
        }
    }
    CHECK(refused > 100);
    CHECK(unharmed > 100);
}

int main(void)
{
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(world != MAP_FAILED);
    TEST("a log gives back what was synced, whenever its node dies",
         every_promise_is_kept);
    TEST("a flipped bit is told, or takes the last batch at most",
         no_damage_is_believed);
    return selftest_end();
}
