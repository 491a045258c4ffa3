/*
 * host_disk_model_test.c - whatever a node does to its files, and whenever it
 * is killed: they hold what a simple model says.
 *
 * Each life does random operations, comparing what it reads with the model,
 * and is killed; the next one starts from what the model says is durable.
 */
#define _GNU_SOURCE

#include <sys/mman.h>

#include "host_disk_life.h"

#define RANDOM_LIVES 60 /* one after another, in one folder */
#define RANDOM_STEPS 80 /* operations of each */
#define MODEL_NAMES  4  /* a, b, c, d */
#define MODEL_BYTES  64 /* longest file */

/* A file's bytes. */
struct model_bytes {
    char data[MODEL_BYTES]; /* zeros behind the end */
    size_t len;             /* bytes of it */
};

/* What the disk should hold; shared with the parent, so that it outlives. */
struct model {
    unsigned seed;                         /* of the next life */
    struct model_bytes now[RANDOM_STEPS];  /* by file: as the node sees it */
    struct model_bytes kept[RANDOM_STEPS]; /* by file: what is durable */
    int files;                             /* files so far */
    int names[MODEL_NAMES];                /* file of a name, or -1 */
    int kept_names[MODEL_NAMES];           /* the same, durable */
};

static struct model *model;

static const char *const model_name[MODEL_NAMES] = {"a", "b", "c", "d"};

static int below(int limit)
{
    model->seed = model->seed * 1103515245u + 12345u;
    return (int)(model->seed >> 16) % limit;
}

static void compare_with_model(void)
{
    for (int i = 0; i < MODEL_NAMES; i++) {
        int outcome = finish((struct disk_op){
            .kind = DISK_READ, .path = model_name[i], .len = 1000});
        int file = model->names[i];
        check_number("whether it exists", file < 0 ? DISK_NOT_FOUND : OK,
                     outcome);
        if (file >= 0 && outcome == OK)
            check_bytes("a file", model->now[file].data, model->now[file].len);
    }
}

static void model_write(int name, bool is_append)
{
    int file = model->names[name];
    if (file < 0) {
        file = model->files++;
        model->now[file] = model->kept[file] = (struct model_bytes){.len = 0};
        model->names[name] = file;
    }
    struct model_bytes *bytes = &model->now[file];
    char text[] = {(char)('A' + below(26)), (char)('a' + below(26)), '\0'};
    size_t at = is_append ? bytes->len : (size_t)below(MODEL_BYTES - 2);
    if (at + 2 > MODEL_BYTES)
        at = MODEL_BYTES - 2, is_append = false;
    good("write", is_append ? append_op(model_name[name], text)
                            : write_op(model_name[name], at, text));
    memcpy(bytes->data + at, text, 2);
    if (bytes->len < at + 2)
        bytes->len = at + 2;
}

/* One operation on an existing file. */
static void model_use(int kind, int name, int file)
{
    struct model_bytes *bytes = &model->now[file];
    int to = below(MODEL_NAMES);
    size_t len = (size_t)below((int)bytes->len + 1);
    switch (kind) {
    case 0:
        good("cut", cut_op(model_name[name], len));
        memset(bytes->data + len, 0, MODEL_BYTES - len);
        bytes->len = len;
        break;
    case 1:
        good("rename", rename_op(model_name[name], model_name[to]));
        model->names[name] = -1;
        model->names[to] = file;
        break;
    case 2:
        good("remove", on_path(DISK_REMOVE, model_name[name]));
        model->names[name] = -1;
        break;
    default:
        good("sync", on_path(DISK_SYNC, model_name[name]));
        model->kept[file] = *bytes;
        break;
    }
}

static void random_life(void)
{
    compare_with_model();
    end_count = issued; /* no need for their order */
    for (int step = 0; step < RANDOM_STEPS - MODEL_NAMES; step++) {
        int name = below(MODEL_NAMES);
        int kind = below(10);
        if (kind >= 8) {
            good("sync of the folder", on_path(DISK_SYNC_DIR, NULL));
            memcpy(model->kept_names, model->names, sizeof model->names);
        } else if (kind >= 5 || model->names[name] < 0) {
            model_write(name, kind & 1);
        } else {
            model_use(kind, name, model->names[name]);
        }
        if (below(8) == 0)
            compare_with_model();
    }
}

/* The process is gone: what is durable is what there is. */
static void kill_model(void)
{
    struct model_bytes kept[MODEL_NAMES];
    for (int i = 0; i < MODEL_NAMES; i++) {
        if (model->kept_names[i] >= 0)
            kept[i] = model->kept[model->kept_names[i]];
    }
    model->files = 0;
    for (int i = 0; i < MODEL_NAMES; i++) {
        if (model->kept_names[i] >= 0) {
            model->kept_names[i] = model->files++;
            model->now[model->kept_names[i]] = kept[i];
            model->kept[model->kept_names[i]] = kept[i];
        }
        model->names[i] = model->kept_names[i];
    }
}

static bool live_at_random(const char *folder)
{
    model = mmap(NULL, sizeof *model, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (model == MAP_FAILED)
        return false;
    for (int i = 0; i < MODEL_NAMES; i++)
        model->names[i] = model->kept_names[i] = -1;
    for (unsigned seed = 1; seed <= RANDOM_LIVES; seed++) {
        model->seed = seed;
        if (!live(folder, random_life, seed != RANDOM_LIVES)) {
            printf("FAIL %s: expected a good life, saw number %u fail\n", test,
                   seed);
            return false;
        }
        kill_model();
    }
    return true;
}

int main(void)
{
    char folder[] = P_tmpdir "/host-disk-XXXXXX";
    test = "random operations and kills agree with a model";
    if (!mkdtemp(folder)) {
        printf("FAIL set-up: expected a folder, saw none in " P_tmpdir "\n");
        return 1;
    }
    bool is_good = live_at_random(folder);
    if (is_good)
        printf("ok %s\n", test);
    remove_folder(folder);
    return !is_good;
}
