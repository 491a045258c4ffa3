/*
 * drive_disk.c - see drive_disk.h.
 */
#include "drive_disk.h"

#include <stdlib.h>
#include <string.h>

#include "lines.h"

static void answer_files(FILE *out, const struct disk *disk)
{
    const char *name;

    fputs("ok", out);
    for (size_t i = 0; (name = disk_name(disk, i)) != NULL; i++) {
        bool is_there;
        size_t len;

        disk_bytes(disk, name, &len, &is_there);
        fprintf(out, " %s %zu", name, len);
    }
    fputc('\n', out);
}

static void answer_file(FILE *out, const struct disk *disk, const char *name)
{
    bool is_there;
    size_t len;
    const uint8_t *bytes = disk_bytes(disk, name, &len, &is_there);

    if (!is_there) {
        fprintf(out, "error no file '%.60s' is durable\n", name);
        return;
    }
    fputs("ok ", out);
    lines_hex(out, bytes, len);
    fputc('\n', out);
}

static void answer_counts(FILE *out, const struct disk *disk)
{
    struct disk_counts counts = disk_counts(disk);

    fprintf(out, "ok %llu %llu %llu\n", (unsigned long long)counts.writes,
            (unsigned long long)counts.bytes, (unsigned long long)counts.syncs);
}

void drive_disk(struct world *world, FILE *out, char **words, size_t len)
{
    int id = atoi(words[1]);
    struct disk *disk = world_disk(world, id);
    const char *what = words[0];
    bool is_done;

    if (disk == NULL) {
        fprintf(out, "error there is no node %d\n", id);
    } else if (strcmp(what, "files") == 0) {
        answer_files(out, disk);
    } else if (strcmp(what, "file") == 0) {
        answer_file(out, disk, words[2]);
    } else if (strcmp(what, "diskcount") == 0) {
        answer_counts(out, disk);
    } else if (world_is_up(world, id)) {
        fprintf(out,
                "error node %d runs: its disk is written while it is "
                "down\n",
                id);
    } else {
        is_done = strcmp(what, "put") == 0
                      ? disk_put(disk, words[2], words[3], len)
                      : disk_drop(disk, words[2]);
        fputs(is_done ? "ok\n" : "error there can be no such file\n", out);
    }
    fflush(out);
}
