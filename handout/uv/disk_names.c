/*
 * disk_names.c - the names of the node's files, and the steps on them that are
 * not durable yet.
 */
#define _GNU_SOURCE

#include "disk_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outcome.h"
#include "trace.h"

#define HIDDEN_PREFIX ".unnamed-" /* of files that no sync has named yet */

/* One step in the real folder. */
struct step {
    struct list link;               /* in the order they were issued */
    bool is_taken;                  /* it is in the real folder now */
    char from[MAX_DISK_PATH_BYTES]; /* the name before */
    char to[MAX_DISK_PATH_BYTES];   /* the name after; "": none, removed */
};

bool disk_is_name(const char *text)
{
    return text && text[0] != '\0' && text[0] != '.' && !strchr(text, '/') &&
           strlen(text) < MAX_DISK_PATH_BYTES;
}

void disk_prepend(struct list *to, struct list *from)
{
    while (!list_empty(from)) {
        struct list *last = from->prev;
        list_remove(last);
        list_add(to->next, last); /* before the first of to */
    }
}

/* ---- What the node sees ------------------------------------------------ */

struct disk_file *disk_find(const struct host_disk *disk, const char *name)
{
    list_each(at, &disk->files) {
        struct disk_file *file = list_entry(at, struct disk_file, link);
        if (strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

/* Puts a file among the names, in their order. */
static void enter_name(struct host_disk *disk, struct disk_file *file,
                       const char *name)
{
    struct list *before = &disk->files;
    snprintf(file->name, sizeof file->name, "%s", name);
    list_each(at, &disk->files) {
        if (strcmp(list_entry(at, struct disk_file, link)->name, name) > 0) {
            before = at;
            break;
        }
    }
    list_add(before, &file->link);
    file->is_named = true;
    disk->file_count++;
}

static struct disk_file *file_new(int fd, uint64_t len)
{
    struct disk_file *file = calloc(1, sizeof *file);
    if (!file)
        abort(); /* out of memory */
    file->fd = fd;
    file->durable_len = len;
    file->len = len;
    list_init(&file->link);
    list_init(&file->changes);
    list_init(&file->syncs);
    return file;
}

void disk_forget(struct host_disk *disk, struct disk_file *file)
{
    list_remove(&file->link);
    disk->unsynced_bytes -= disk_changes_free(&file->changes);
    close(file->fd);
    free(file);
}

/* The node cannot reach the file any more; a sync of it may still run. */
static void drop_name(struct host_disk *disk, struct disk_file *file)
{
    list_remove(&file->link);
    file->is_named = false;
    disk->file_count--;
    if (list_empty(&file->syncs))
        disk_forget(disk, file);
}

static void add_step(struct host_disk *disk, const char *from, const char *to)
{
    struct step *step = calloc(1, sizeof *step);
    if (!step)
        abort(); /* out of memory */
    snprintf(step->from, sizeof step->from, "%s", from);
    snprintf(step->to, sizeof step->to, "%s", to);
    list_add(&disk->steps, &step->link);
    disk->step_count++;
}

int disk_create(struct host_disk *disk, const char *name,
                struct disk_file **file)
{
    char hidden[MAX_DISK_PATH_BYTES];
    if (disk->file_count == MAX_DISK_FILES ||
        disk->step_count == MAX_UNSYNCED_NAMES)
        return DISK_FULL;
    snprintf(hidden, sizeof hidden, HIDDEN_PREFIX "%llu",
             (unsigned long long)++disk->last_hidden);
    int fd = openat(disk->folder_fd, hidden,
                    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        trace_say("disk", "cannot create %s: %s", name, strerror(errno));
        return disk_outcome(errno);
    }
    *file = file_new(fd, 0);
    enter_name(disk, *file, name);
    add_step(disk, hidden, name);
    return OK;
}

int disk_rename(struct host_disk *disk, struct disk_file *file, const char *to)
{
    struct disk_file *replaced = disk_find(disk, to);
    if (replaced == file)
        return OK;
    if (disk->step_count == MAX_UNSYNCED_NAMES)
        return DISK_FULL;
    add_step(disk, file->name, to);
    if (replaced)
        drop_name(disk, replaced);
    list_remove(&file->link);
    disk->file_count--;
    enter_name(disk, file, to);
    return OK;
}

int disk_remove(struct host_disk *disk, struct disk_file *file)
{
    if (disk->step_count == MAX_UNSYNCED_NAMES)
        return DISK_FULL;
    add_step(disk, file->name, "");
    drop_name(disk, file);
    return OK;
}

/* ---- The real folder --------------------------------------------------- */

/* Takes one step. 0 or an errno. */
static int take_step(int folder_fd, const struct step *step)
{
    if (step->to[0] != '\0')
        return renameat(folder_fd, step->from, folder_fd, step->to) ? errno : 0;
    if (unlinkat(folder_fd, step->from, 0) != 0 && errno != ENOENT)
        return errno;
    return 0;
}

void disk_names_apply(struct disk_sync *sync)
{
    int folder_fd = sync->disk->folder_fd;
    int error = 0;
    for (struct list *at = sync->work.next; at != &sync->work && error == 0;
         at = at->next) {
        struct step *step = list_entry(at, struct step, link);
        error = take_step(folder_fd, step);
        step->is_taken = error == 0;
    }
    if (error == 0 && fsync(folder_fd) != 0)
        error = errno;
    /* A name that vanished behind our back is no answer to the node. */
    sync->outcome = error == ENOENT ? DISK_ERROR : disk_outcome(error);
}

void disk_names_settle(struct disk_sync *sync)
{
    struct host_disk *disk = sync->disk;
    struct list taken;
    list_init(&taken);
    list_each(at, &sync->work) {
        if (list_entry(at, struct step, link)->is_taken) {
            list_remove(at);
            list_add(&taken, at);
        }
    }
    disk_steps_free(&taken);
    struct list *next = &disk->steps;
    if (!list_empty(&disk->syncs))
        next = &list_entry(disk->syncs.next, struct disk_sync, link)->work;
    disk_prepend(next, &sync->work);
}

void disk_steps_free(struct list *steps)
{
    list_each(at, steps) {
        list_remove(at);
        free(list_entry(at, struct step, link));
    }
}

/* Brings up one name of the real folder. 0 or an errno. */
static int load_name(struct host_disk *disk, const char *name)
{
    struct stat info;
    if (strncmp(name, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX)) == 0)
        return unlinkat(disk->folder_fd, name, 0) ? errno : 0;
    if (fstatat(disk->folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (!disk_is_name(name) || !S_ISREG(info.st_mode))
        return 0; /* not the node's */
    if (disk->file_count == MAX_DISK_FILES)
        return EMFILE;
    int fd = openat(disk->folder_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    enter_name(disk, file_new(fd, (uint64_t)info.st_size), name);
    return 0;
}

int disk_load_names(struct host_disk *disk, char *error, size_t error_bytes)
{
    int fd = openat(disk->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        snprintf(error, error_bytes, "the data folder cannot be read: %s",
                 strerror(errno));
        return -1;
    }
    int code = 0;
    const struct dirent *entry;
    while (code == 0 && (entry = readdir(folder)) != NULL) {
        code = load_name(disk, entry->d_name);
        if (code)
            snprintf(error, error_bytes, "data file %s: %s", entry->d_name,
                     strerror(code));
    }
    closedir(folder);
    return code ? -1 : 0;
}
