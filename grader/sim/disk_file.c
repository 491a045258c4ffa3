/*
 * disk_file.c - see disk_file.h.
 */
#include "disk_file.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

/* ---- Contents ---------------------------------------------------------- */

/* Sets a content's length; what it grows by is zeros. */
static void content_resize(struct content *content, uint64_t len)
{
    if (len > content->capacity) {
        content->capacity = 2 * (size_t)len;
        content->bytes = alloc_resize(content->bytes, content->capacity);
    }
    if (len > content->len)
        memset(content->bytes + content->len, 0, (size_t)len - content->len);
    content->len = (size_t)len;
}

/* Makes the first `part` bytes of a change (all of it: change->len). */
static void make_change(struct content *content, const struct change *change,
                        size_t part)
{
    if (change->is_cut) {
        if (change->offset < content->len)
            content_resize(content, change->offset);
        return;
    }
    if (part == 0)
        return;
    if (change->offset + part > content->len)
        content_resize(content, change->offset + part);
    memcpy(content->bytes + change->offset, change->bytes, part);
}

static void copy_content(struct content *to, const struct content *from)
{
    content_resize(to, from->len);
    if (from->len > 0)
        memcpy(to->bytes, from->bytes, from->len);
}

/* ---- Changes ----------------------------------------------------------- */

static struct change *add_change(struct disk *disk, struct file *file,
                                 size_t len)
{
    struct change **end = &file->changes;
    struct change *change = alloc_new(sizeof(*change) + len);

    while (*end != NULL)
        end = &(*end)->next;
    *end = change;
    change->number = ++disk->changes;
    change->len = len;
    return change;
}

void file_write(struct disk *disk, struct file *file, uint64_t offset,
                const void *data, size_t len)
{
    struct change *change;

    if (len == 0)
        return;
    change = add_change(disk, file, len);
    change->offset = offset;
    memcpy(change->bytes, data, len);
    make_change(&file->live, change, len);
}

void file_cut(struct disk *disk, struct file *file, uint64_t len)
{
    struct change *change = add_change(disk, file, 0);

    change->is_cut = true;
    change->offset = len;
    make_change(&file->live, change, 0);
}

static void drop_first_change(struct file *file)
{
    struct change *first = file->changes;

    file->changes = first->next;
    free(first);
}

void file_settle(struct file *file, uint64_t covers, bool is_kept)
{
    while (file->changes != NULL && file->changes->number <= covers) {
        if (is_kept)
            make_change(&file->durable, file->changes, file->changes->len);
        drop_first_change(file);
    }
    if (is_kept)
        return;
    copy_content(&file->live, &file->durable);
    for (struct change *at = file->changes; at != NULL; at = at->next)
        make_change(&file->live, at, at->len);
}

void file_take_first(struct file *file, bool is_kept, size_t part)
{
    if (is_kept)
        make_change(&file->durable, file->changes, part);
    drop_first_change(file);
}

void file_reread(struct file *file)
{
    copy_content(&file->live, &file->durable);
}

void file_replace(struct file *file, const void *data, size_t len)
{
    content_resize(&file->durable, len);
    if (len > 0)
        memcpy(file->durable.bytes, data, len);
    file_reread(file);
}

/* ---- Names ------------------------------------------------------------- */

static size_t name_at(const struct names *names, const char *text)
{
    size_t i = 0;

    while (i < names->count && strcmp(names->list[i].text, text) != 0)
        i++;
    return i;
}

static void name_remove(struct names *names, const char *text)
{
    size_t i = name_at(names, text);

    if (i == names->count)
        return;
    names->count--;
    memmove(&names->list[i], &names->list[i + 1],
            (names->count - i) * sizeof(*names->list));
}

static void name_put(struct names *names, const char *text, struct file *file)
{
    size_t i = 0;

    name_remove(names, text);
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 8 : 2 * names->capacity;
        names->list = alloc_resize(names->list,
                                   names->capacity * sizeof(*names->list));
    }
    while (i < names->count && strcmp(names->list[i].text, text) < 0)
        i++;
    memmove(&names->list[i + 1], &names->list[i],
            (names->count - i) * sizeof(*names->list));
    names->count++;
    memcpy(names->list[i].text, text, strlen(text) + 1);
    names->list[i].file = file;
}

bool files_is_name(const char *text)
{
    return text != NULL && text[0] != '\0' && text[0] != '.' &&
           strchr(text, '/') == NULL && strlen(text) < MAX_DISK_PATH_BYTES;
}

static void copy_names(struct names *to, const struct names *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++)
        name_put(to, from->list[i].text, from->list[i].file);
}

static void take_step(struct names *names, const struct step *step)
{
    if (step->from[0] != '\0')
        name_remove(names, step->from);
    if (step->to[0] != '\0')
        name_put(names, step->to, step->file);
}

static void add_step(struct disk *disk, struct file *file, const char *from,
                     const char *to)
{
    struct step **end = &disk->steps;
    struct step *step = alloc_new(sizeof(*step));

    while (*end != NULL)
        end = &(*end)->next;
    *end = step;
    step->number = ++disk->changes;
    step->file = file;
    memcpy(step->from, from, strlen(from) + 1);
    memcpy(step->to, to, strlen(to) + 1);
    take_step(&disk->live, step);
}

struct file *files_find(const struct disk *disk, const char *name)
{
    size_t i = name_at(&disk->live, name);

    return i < disk->live.count ? disk->live.list[i].file : NULL;
}

struct file *files_numbered(const struct disk *disk, uint64_t number)
{
    struct file *file = disk->files;

    while (file != NULL && file->number != number)
        file = file->next;
    return file;
}

/* A new one, without a name. */
static struct file *add_file(struct disk *disk)
{
    struct file *file = alloc_new(sizeof(*file));

    file->number = ++disk->last_number;
    file->next = disk->files;
    disk->files = file;
    return file;
}

struct file *files_create(struct disk *disk, const char *name)
{
    struct file *file;

    if (disk->live.count == DISK_MAX_FILES)
        return NULL;
    file = add_file(disk);
    add_step(disk, file, "", name);
    return file;
}

struct file *files_add_durable(struct disk *disk, const char *name)
{
    struct file *file = add_file(disk);

    name_put(&disk->durable, name, file);
    files_reread(disk);
    return file;
}

void files_drop_durable(struct disk *disk, const char *name)
{
    name_remove(&disk->durable, name);
    files_reread(disk);
    files_forget_unused(disk);
}

struct file *files_durable(const struct disk *disk, const char *name)
{
    size_t i = name_at(&disk->durable, name);

    return i < disk->durable.count ? disk->durable.list[i].file : NULL;
}

void files_rename(struct disk *disk, const char *from, const char *to)
{
    struct file *file = files_find(disk, from);

    if (file != NULL && strcmp(from, to) != 0)
        add_step(disk, file, from, to);
}

uint8_t *files_list(const struct disk *disk, size_t *len)
{
    uint8_t *text = alloc_new(disk->live.count * MAX_DISK_PATH_BYTES + 1);

    *len = 0;
    for (size_t i = 0; i < disk->live.count; i++) {
        size_t size = strlen(disk->live.list[i].text) + 1;

        memcpy(text + *len, disk->live.list[i].text, size);
        *len += size;
    }
    return text;
}

uint64_t files_grown_bytes(const struct disk *disk, const struct file *file,
                           uint64_t len)
{
    bool grows = file == NULL || len > file->live.len;
    uint64_t total = grows ? len : 0;

    for (size_t i = 0; i < disk->live.count; i++)
        if (!grows || disk->live.list[i].file != file)
            total += disk->live.list[i].file->live.len;
    return total;
}

static void drop_first_step(struct disk *disk)
{
    struct step *first = disk->steps;

    disk->steps = first->next;
    free(first);
}

void files_settle(struct disk *disk, uint64_t covers, bool is_kept)
{
    while (disk->steps != NULL && disk->steps->number <= covers) {
        if (is_kept)
            take_step(&disk->durable, disk->steps);
        drop_first_step(disk);
    }
    if (!is_kept) {
        copy_names(&disk->live, &disk->durable);
        for (struct step *at = disk->steps; at != NULL; at = at->next)
            take_step(&disk->live, at);
    }
    files_forget_unused(disk);
}

static bool is_named(const struct disk *disk, const struct file *file)
{
    for (size_t i = 0; i < disk->live.count; i++)
        if (disk->live.list[i].file == file)
            return true;
    for (size_t i = 0; i < disk->durable.count; i++)
        if (disk->durable.list[i].file == file)
            return true;
    for (const struct step *at = disk->steps; at != NULL; at = at->next)
        if (at->file == file)
            return true;
    return false;
}

static void file_free(struct file *file)
{
    while (file->changes != NULL)
        drop_first_change(file);
    free(file->live.bytes);
    free(file->durable.bytes);
    free(file);
}

void files_forget_unused(struct disk *disk)
{
    struct file **at = &disk->files;

    while (*at != NULL) {
        struct file *file = *at;

        if (file->syncs > 0 || is_named(disk, file)) {
            at = &file->next;
            continue;
        }
        *at = file->next;
        file_free(file);
    }
}

void files_take_first(struct disk *disk, bool is_kept)
{
    if (is_kept)
        take_step(&disk->durable, disk->steps);
    drop_first_step(disk);
}

void files_reread(struct disk *disk)
{
    copy_names(&disk->live, &disk->durable);
}

void files_free(struct disk *disk)
{
    while (disk->files != NULL) {
        struct file *next = disk->files->next;

        file_free(disk->files);
        disk->files = next;
    }
    while (disk->steps != NULL)
        drop_first_step(disk);
    free(disk->live.list);
    free(disk->durable.list);
}
