/*
 * disk_file.h - the files and names of a simulated disk; for disk.c alone.
 */
#ifndef CONCLAVE_SIM_DISK_FILE_H
#define CONCLAVE_SIM_DISK_FILE_H

#include "../net/rng.h"
#include "disk.h"

/* Bytes that grow. */
struct content {
    uint8_t *bytes;  /* the first len are in use */
    size_t len;      /* bytes in use */
    size_t capacity; /* bytes allocated */
};

/* One change to a file that is not durable yet. */
struct change {
    struct change *next; /* the one after it */
    uint64_t number;     /* its place among all changes of the disk */
    bool is_cut;         /* cut to offset bytes, instead of written there */
    uint64_t offset;     /* where */
    size_t len;          /* bytes written */
    uint8_t bytes[];     /* what */
};

/* A file, whatever its names. */
struct file {
    struct file *next;      /* among all of the disk */
    uint64_t number;        /* its own; never used twice */
    struct content live;    /* what the node sees */
    struct content durable; /* what a crash leaves */
    struct change *changes; /* what makes the one the other */
    uint64_t busy_us;       /* when its last sync ends */
    int syncs;              /* syncs under way */
};

/* A name of a file. */
struct name {
    char text[MAX_DISK_PATH_BYTES]; /* the name */
    struct file *file;              /* what it names */
};

/* Names, in their order. */
struct names {
    struct name *list; /* count of them */
    size_t count;      /* how many */
    size_t capacity;   /* room for so many */
};

/* One step in the folder that is not durable yet. */
struct step {
    struct step *next;              /* the one after it */
    uint64_t number;                /* as of a change */
    struct file *file;              /* what gets or loses a name */
    char from[MAX_DISK_PATH_BYTES]; /* its name before; "": created */
    char to[MAX_DISK_PATH_BYTES];   /* its name after; "": removed */
};

struct disk {
    struct disk_faults faults; /* what is wrong with it */
    struct disk_counts counts; /* what was done to it */
    struct rng chance;         /* decides which of these happen */
    struct file *files;        /* all that have a name or a sync */
    struct names live;         /* what the node sees */
    struct names durable;      /* what a crash leaves */
    struct step *steps;        /* what makes the one the other */
    uint64_t changes;          /* changes and steps so far */
    uint64_t last_number;      /* of files */
    uint64_t busy_us;          /* when the folder's last sync ends */
    uint64_t last_us;          /* when the last other operation ends */
};

struct file *files_find(const struct disk *disk, const char *name);
struct file *files_numbered(const struct disk *disk, uint64_t number);

/* A new file with this name; NULL: too many. */
struct file *files_create(struct disk *disk, const char *name);

/* A file's name becomes another ("": none). */
void files_rename(struct disk *disk, const char *from, const char *to);

/* The names, each ended by a NUL byte; the caller frees them. */
uint8_t *files_list(const struct disk *disk, size_t *len);

/* Whether a text may name a file. */
bool files_is_name(const char *text);

/* The file that a durable name names, or NULL. */
struct file *files_durable(const struct disk *disk, const char *name);

/* Bytes of all files if this one (NULL: a new one) had at least len. */
uint64_t files_grown_bytes(const struct disk *disk, const struct file *file,
                           uint64_t len);

/* Changes, seen at once. */
void file_write(struct disk *disk, struct file *file, uint64_t offset,
                const void *data, size_t len);
void file_cut(struct disk *disk, struct file *file, uint64_t len);

/* Changes (or steps) up to a number become durable, or are gone. */
void file_settle(struct file *file, uint64_t covers, bool is_kept);
void files_settle(struct disk *disk, uint64_t covers, bool is_kept);

/* The oldest change of a file, or step in the folder, leaves: the first part
 * bytes of it are durable, or (not kept) nothing is. A cut is kept whole. */
void file_take_first(struct file *file, bool is_kept, size_t part);
void files_take_first(struct disk *disk, bool is_kept);

/* What the node sees is what is durable, and nothing else. */
void file_reread(struct file *file);
void files_reread(struct disk *disk);

/* Nothing is unsynced: a file has these bytes now; there is a new, empty one;
 * a name is gone. */
void file_replace(struct file *file, const void *data, size_t len);
struct file *files_add_durable(struct disk *disk, const char *name);
void files_drop_durable(struct disk *disk, const char *name);

/* Frees files without a name or a sync under way. */
void files_forget_unused(struct disk *disk);
void files_free(struct disk *disk);

#endif
