/*
 * symbols.c - see symbols.h. Reads ELF files of the machine it runs on.
 */
#define _GNU_SOURCE

#include "symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a node may call besides what shim.c defines, in order. */
static const char *const allowed[] = {
    "_IO_putc",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__asprintf_chk",
    "__ctype_b_loc",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "__cxa_finalize",
    "__errno_location",
    "__explicit_bzero_chk",
    "__fprintf_chk",
    "__gmon_start__",
    "__isoc23_sscanf",
    "__isoc23_strtol",
    "__isoc23_strtoll",
    "__isoc23_strtoul",
    "__isoc23_strtoull",
    "__isoc99_sscanf",
    "__longjmp_chk",
    "__memcpy_chk",
    "__memmove_chk",
    "__memset_chk",
    "__printf_chk",
    "__snprintf_chk",
    "__sprintf_chk",
    "__stack_chk_fail",
    "__stpcpy_chk",
    "__strcat_chk",
    "__strcpy_chk",
    "__strncat_chk",
    "__strncpy_chk",
    "__vfprintf_chk",
    "__vsnprintf_chk",
    "__vsprintf_chk",
    "_longjmp",
    "_setjmp",
    "abs",
    "atof",
    "atoi",
    "atol",
    "atoll",
    "bcmp",
    "bsearch",
    "bzero",
    "cbrt",
    "ceil",
    "cos",
    "difftime",
    "div",
    "exp",
    "exp2",
    "explicit_bzero",
    "expm1",
    "fabs",
    "fflush",
    "floor",
    "fmax",
    "fmin",
    "fmod",
    "fprintf",
    "fputc",
    "fputs",
    "fwrite",
    "gmtime_r",
    "hypot",
    "isalnum",
    "isalpha",
    "isblank",
    "iscntrl",
    "isdigit",
    "isgraph",
    "islower",
    "isprint",
    "ispunct",
    "isspace",
    "isupper",
    "isxdigit",
    "labs",
    "ldexp",
    "ldiv",
    "llabs",
    "llround",
    "log",
    "log10",
    "log1p",
    "log2",
    "longjmp",
    "lround",
    "memccpy",
    "memchr",
    "memcmp",
    "memcpy",
    "memmem",
    "memmove",
    "mempcpy",
    "memrchr",
    "memset",
    "perror",
    "pow",
    "printf",
    "putc",
    "putchar",
    "puts",
    "qsort",
    "rand_r",
    "rawmemchr",
    "rint",
    "round",
    "setjmp",
    "sin",
    "snprintf",
    "sprintf",
    "sqrt",
    "sscanf",
    "stderr",
    "stdout",
    "stpcpy",
    "stpncpy",
    "strcasecmp",
    "strcat",
    "strchr",
    "strchrnul",
    "strcmp",
    "strcpy",
    "strcspn",
    "strerror",
    "strftime",
    "strlen",
    "strncasecmp",
    "strncat",
    "strncmp",
    "strncpy",
    "strnlen",
    "strpbrk",
    "strrchr",
    "strsep",
    "strspn",
    "strstr",
    "strtod",
    "strtok",
    "strtok_r",
    "strtol",
    "strtoll",
    "strtoul",
    "strtoull",
    "sysconf",
    "tan",
    "timegm",
    "tolower",
    "toupper",
    "trunc",
    "vfprintf",
    "vprintf",
    "vsnprintf",
    "vsprintf",
    "vsscanf",
};

/* Families of names that are allowed: the tools' and the simulator's own. */
static const char *const families[] = {
    "sim_", "__asan_", "__ubsan_", "__sanitizer_", "__lsan_", "__sancov_",
};

/* Why some are refused; the others reach the world. */
static const struct {
    const char *prefix; /* of the name */
    const char *why;    /* the rest of the sentence */
} reasons[] = {
    {"pthread_", "a node is one thread; use co_spawn"},
    {"thrd_", "a node is one thread; use co_spawn"},
    {"fork", "a node is one process"},
    {"vfork", "a node is one process"},
    {"exec", "a node is one process"},
    {"system", "a node is one process"},
    {"atexit", "hooks at exit survive restarts"},
    {"__cxa_atexit", "hooks at exit survive restarts"},
    {"on_exit", "hooks at exit survive restarts"},
    {"at_quick_exit", "hooks at exit survive restarts"},
    {"sig", "signals come from outside of the world"},
    {"sleep", "it stops the whole node; use await_sleep"},
    {"usleep", "it stops the whole node; use await_sleep_us"},
    {"nanosleep", "it stops the whole node; use await_sleep_us"},
    {"clock_nanosleep", "it stops the whole node; use await_sleep_us"},
    {"getenv", "the environment is not the node's to read"},
    {"drand48", "its state cannot be seeded here; use node_random"},
    {"lrand48", "its state cannot be seeded here; use node_random"},
};

/* The symbols of an ELF file. */
struct table {
    const Elf64_Sym *symbols; /* all of them */
    size_t count;             /* how many */
    const char *names;        /* where st_name counts from */
    size_t names_bytes;       /* of the names */
};

static bool is_inside(const struct code *code, uint64_t at, uint64_t len)
{
    return at <= code->size_bytes && len <= code->size_bytes - at;
}

static bool is_elf(const struct code *code)
{
    const Elf64_Ehdr *head = (const void *)code->bytes;

    return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
           head->e_ident[EI_CLASS] == ELFCLASS64 &&
           is_inside(code, head->e_shoff,
                     (uint64_t)head->e_shnum * sizeof(Elf64_Shdr));
}

/* Finds the table of this kind (SHT_DYNSYM or SHT_SYMTAB). */
static bool find_table(const struct code *code, uint32_t kind,
                       struct table *table)
{
    const Elf64_Ehdr *head = (const void *)code->bytes;
    const Elf64_Shdr *parts = (const void *)(code->bytes + head->e_shoff);

    for (size_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *part = &parts[i];

        if (part->sh_type != kind || part->sh_link >= head->e_shnum ||
            !is_inside(code, part->sh_offset, part->sh_size) ||
            !is_inside(code, parts[part->sh_link].sh_offset,
                       parts[part->sh_link].sh_size))
            continue;
        table->symbols = (const void *)(code->bytes + part->sh_offset);
        table->count = part->sh_size / sizeof(Elf64_Sym);
        table->names = (const char *)code->bytes +
                       parts[part->sh_link].sh_offset;
        table->names_bytes = parts[part->sh_link].sh_size;
        return true;
    }
    return false;
}

static const char *name_of(const struct table *table, size_t i)
{
    uint32_t at = table->symbols[i].st_name;

    return at < table->names_bytes ? table->names + at : "";
}

static bool is_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (strcmp(allowed[i], name) == 0)
            return true;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (strncmp(families[i], name, strlen(families[i])) == 0)
            return true;
    return false;
}

/* Whether a library has it: the real world's host is linked with libuv as
 * well, and we with what else there is. */
static bool is_of_library(const char *name)
{
    return strncmp(name, "uv_", 3) == 0 || dlsym(RTLD_NEXT, name) != NULL;
}

static const char *why_refused(const char *name)
{
    /* missing.py knows these two: a function may be missing of that name. */
    if (!is_of_library(name) && dlsym(RTLD_DEFAULT, name) != NULL)
        return "a node reaches the world through the kit's functions only, and "
               "this one is the simulator's";
    if (!is_of_library(name))
        return "nothing defines it";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strncmp(reasons[i].prefix, name, strlen(reasons[i].prefix)) == 0)
            return reasons[i].why;
    return "a node reaches the world through the kit's functions only";
}

/* Whether an object uses a name; NULL: whether it has thread-local storage. */
static bool uses(const struct code *object, const char *name)
{
    struct table table;

    if (!is_elf(object) || !find_table(object, SHT_SYMTAB, &table))
        return false;
    for (size_t i = 1; i < table.count; i++) {
        const Elf64_Sym *symbol = &table.symbols[i];

        if (name == NULL ? ELF64_ST_TYPE(symbol->st_info) == STT_TLS
                         : symbol->st_shndx == SHN_UNDEF &&
                               strcmp(name_of(&table, i), name) == 0)
            return true;
    }
    return false;
}

/* Prints who does what, once for each object that does. */
static void blame(const struct code *code, const char *name, const char *why,
                  char **objects, int object_count)
{
    const char *what = name == NULL ? "has thread-local storage" : "calls ";
    bool is_found = false;
    char error[LOADER_MAX_ERROR];

    for (int i = 0; i < object_count; i++) {
        struct code *object = code_read(objects[i], error);

        if (object != NULL && uses(object, name)) {
            is_found = true;
            printf("%s %s%s%s: %s\n", objects[i], what, name ? name : "",
                   name ? "()" : "", why);
        }
        code_free(object);
    }
    if (!is_found)
        printf("%s %s%s%s: %s\n", code->path, what, name ? name : "",
               name ? "()" : "", why);
}

static bool has_thread_storage(const struct code *code)
{
    const Elf64_Ehdr *head = (const void *)code->bytes;
    const Elf64_Phdr *parts = (const void *)(code->bytes + head->e_phoff);

    for (size_t i = 0; i < head->e_phnum; i++)
        if (is_inside(code, head->e_phoff, (i + 1) * sizeof(*parts)) &&
            parts[i].p_type == PT_TLS)
            return true;
    return false;
}

int symbols_check(const struct code *code, char **objects, int object_count)
{
    struct table table;
    int refused = 0;

    if (!is_elf(code) || !find_table(code, SHT_DYNSYM, &table)) {
        printf("%s is no shared object of this machine\n", code->path);
        return -1;
    }
    for (size_t i = 1; i < table.count; i++) {
        const char *name = name_of(&table, i);

        if (table.symbols[i].st_shndx != SHN_UNDEF || is_allowed(name) ||
            strncmp(name, "__tls", 5) == 0) /* said once, below */
            continue;
        const char *why = why_refused(name);
        if (strcmp(name, "__cxa_atexit") == 0)
            name = "atexit"; /* which libc makes of it */
        blame(code, name, why, objects, object_count);
        refused++;
    }
    if (has_thread_storage(code)) {
        blame(code, NULL,
              "thread-local storage survives restarts; use a static", objects,
              object_count);
        refused++;
    }
    return refused;
}
