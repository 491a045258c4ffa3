/*
 * loader.c - see loader.h.
 */
#define _GNU_SOURCE

#include "loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../net/alloc.h"

#define ENTRY "conclave_node" /* the one symbol of a node's shared object */

struct image {
    const struct code *code; /* its bytes */
    int fd;                  /* the anonymous file with a copy of them */
    char path[PATH_MAX];     /* by which that file can be opened */
    void *handle;            /* the loader's; NULL: not loaded */
    uintptr_t base;          /* where it was loaded */
    uintptr_t end;           /* the first address behind it */
};

static struct image *spares[MAX_SPARE_IMAGES]; /* not loaded, of one code */
static size_t spare_count;                     /* how many */

struct code *code_read(const char *path, char error[LOADER_MAX_ERROR])
{
    struct code *code = alloc_new(sizeof(*code));
    FILE *file = fopen(path, "re");
    struct stat info;

    if (file == NULL || fstat(fileno(file), &info) != 0) {
        snprintf(error, LOADER_MAX_ERROR, "%s: %s", path, strerror(errno));
    } else if (info.st_size < (off_t)sizeof(Elf64_Ehdr) ||
               info.st_size > (off_t)CODE_MAX_BYTES) {
        snprintf(error, LOADER_MAX_ERROR, "%s is no shared object", path);
    } else {
        code->path = strdup(path);
        code->size_bytes = (size_t)info.st_size;
        code->bytes = alloc_new(code->size_bytes);
        if (fread(code->bytes, 1, code->size_bytes, file) == code->size_bytes) {
            fclose(file);
            return code;
        }
        snprintf(error, LOADER_MAX_ERROR, "%s cannot be read", path);
    }
    if (file != NULL)
        fclose(file);
    code_free(code);
    return NULL;
}

void code_free(struct code *code)
{
    if (code == NULL)
        return;
    free(code->path);
    free(code->bytes);
    free(code);
}

/* A new file for a copy. */
static void open_copy(struct image *image)
{
    static unsigned count;

    if (image->code->copies == NULL) {
        image->fd = memfd_create("node", MFD_CLOEXEC);
        snprintf(image->path, sizeof(image->path), "/proc/self/fd/%d",
                 image->fd);
        return;
    }
    snprintf(image->path, sizeof(image->path), "%s/copy-%u.so",
             image->code->copies, ++count);
    image->fd = open(image->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static struct image *image_new(const struct code *code)
{
    struct image *image = alloc_new(sizeof(*image));
    size_t done = 0;

    image->code = code;
    open_copy(image);
    while (image->fd >= 0 && done < code->size_bytes) {
        ssize_t n = write(image->fd, code->bytes + done,
                          code->size_bytes - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done < code->size_bytes) {
        fprintf(stderr, "no room for a copy of %s: %s\n", code->path,
                strerror(errno));
        abort();
    }
    return image;
}

static void image_free(struct image *image)
{
    if (image->handle != NULL)
        dlclose(image->handle);
    close(image->fd);
    free(image);
}

void image_drop_spares(void)
{
    while (spare_count > 0)
        image_free(spares[--spare_count]);
}

struct image *image_take(const struct code *code)
{
    if (spare_count > 0 && spares[0]->code != code)
        image_drop_spares();
    return spare_count > 0 ? spares[--spare_count] : image_new(code);
}

void image_give(struct image *image)
{
    if (image == NULL)
        return;
    if (spare_count == MAX_SPARE_IMAGES || image->handle != NULL ||
        (spare_count > 0 && spares[0]->code != image->code)) {
        image_free(image);
        return;
    }
    spares[spare_count++] = image;
}

/* The bytes of address space that a shared object takes. */
static size_t span_bytes(const struct code *code)
{
    const Elf64_Ehdr *head = (const void *)code->bytes;
    size_t end = 0;

    for (size_t i = 0; i < head->e_phnum; i++) {
        size_t at = head->e_phoff + i * sizeof(Elf64_Phdr);
        const Elf64_Phdr *part = (const void *)(code->bytes + at);

        if (at + sizeof(*part) > code->size_bytes)
            break;
        if (part->p_type == PT_LOAD && part->p_vaddr + part->p_memsz > end)
            end = part->p_vaddr + part->p_memsz;
    }
    return end;
}

const struct node_ops *image_load(struct image *image,
                                  char error[LOADER_MAX_ERROR])
{
    const struct node_ops *(*entry)(void);
    void *symbol;
    Dl_info info;

    image->handle = dlopen(image->path, RTLD_NOW | RTLD_LOCAL);
    if (image->handle == NULL) {
        snprintf(error, LOADER_MAX_ERROR, "%s does not load: %s",
                 image->code->path, dlerror());
        return NULL;
    }
    symbol = dlsym(image->handle, ENTRY);
    if (symbol == NULL || dladdr(symbol, &info) == 0) {
        snprintf(error, LOADER_MAX_ERROR, "%s does not export %s",
                 image->code->path, ENTRY);
        return NULL;
    }
    image->base = (uintptr_t)info.dli_fbase;
    image->end = image->base + span_bytes(image->code);
    memcpy(&entry, &symbol, sizeof(entry));
    return entry();
}

int image_unload(struct image *image, char error[LOADER_MAX_ERROR])
{
    void *inside = (void *)image->base;
    void *still;
    Dl_info info;

    if (image->handle == NULL)
        return 0;
    dlclose(image->handle);
    image->handle = NULL;
    still = dlopen(image->path, RTLD_NOW | RTLD_NOLOAD);
    if (still != NULL || dladdr(inside, &info) != 0) {
        snprintf(error, LOADER_MAX_ERROR,
                 "%s stays loaded after its node has ended, so its globals "
                 "would survive a restart; thread-local storage and hooks at "
                 "exit do that",
                 image->code->path);
        return -1;
    }
    image->base = image->end = 0;
    return 0;
}

uintptr_t image_offset(const struct image *image, const void *address)
{
    uintptr_t at = (uintptr_t)address;

    return at >= image->base && at < image->end ? at - image->base : 0;
}
