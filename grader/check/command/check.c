/*
 * check.c - the command line of the linearizability checker.
 *
 *     check [--format conclave|porcupine-kv|jepsen-register] [--effort]
 *           [--steps N] FILE...
 *
 * Prints the verdict, before it the file's name if there are several, and
 * after `not linearizable` or `unknown` why. Exits with 0 if all files are
 * linearizable, 1 if one is not, else 2 if one is unknown; 3: wrong usage, or a
 * file that cannot be read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../net/alloc.h"
#include "../lin_read.h"

#define EXIT_USAGE 3
#define BLOCK      65536 /* bytes read at once */

static const char *const verdicts[] = {"linearizable", "not linearizable",
                                       "unknown"};

struct options {
    enum lin_format format; /* of the files */
    uint64_t steps_max;     /* for each group of keys */
    int with_effort;        /* say what it cost */
    int with_names;         /* there are several files */
};

static int usage(void)
{
    fprintf(stderr,
            "usage: check [--format conclave|porcupine-kv|jepsen-register] "
            "[--steps N] [--effort] FILE...\n");
    return EXIT_USAGE;
}

/* A whole file; the caller frees it. NULL: it cannot be read. */
static char *slurp(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t got = 1;

    *len = 0;
    if (file == NULL)
        return NULL;
    while (got > 0) {
        text = alloc_resize(text, *len + BLOCK);
        got = fread(text + *len, 1, BLOCK, file);
        *len += got;
    }
    if (ferror(file)) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static int check_file(const struct options *options, const char *path)
{
    struct lin *lin = lin_new();
    uint64_t line = 0;
    uint64_t steps, remembered;
    size_t len;
    char *text = slurp(path, &len);
    int status = EXIT_USAGE;
    int error;

    if (text == NULL) {
        fprintf(stderr, "check: %s: %s\n", path, strerror(errno));
        goto out;
    }
    error = lin_read(lin, options->format, text, len, &line);
    if (error != 0) {
        fprintf(stderr, "check: %s:%llu: %s\n", path, (unsigned long long)line,
                lin_error(error));
        goto out;
    }
    if (lin_count(lin) == 0) {
        fprintf(stderr, "check: %s: holds no operation\n", path);
        goto out;
    }
    status = (int)lin_check(lin, options->steps_max);
    if (options->with_names)
        printf("%s: ", path);
    printf("%s\n%s", verdicts[status], lin_explanation(lin));
    lin_effort(lin, &steps, &remembered);
    if (options->with_effort)
        printf("%llu steps, %llu configurations\n", (unsigned long long)steps,
               (unsigned long long)remembered);
out:
    lin_free(lin);
    free(text);
    return status;
}

static int read_format(const char *name, enum lin_format *format)
{
    static const char *const names[] = {"conclave", "porcupine-kv",
                                        "jepsen-register"};

    for (int i = 0; i < 3; i++) {
        if (name != NULL && strcmp(name, names[i]) == 0) {
            *format = (enum lin_format)i;
            return 0;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    /* Which of two files' exit codes is told: usage, bad, unknown, good. */
    static const int ranks[] = {0, 2, 1, 3};
    struct options options = {.steps_max = LIN_STEPS};
    int worst = 0;
    int at = 1;

    for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
        if (strcmp(argv[at], "--effort") == 0)
            options.with_effort = 1;
        else if (strcmp(argv[at], "--steps") == 0 && at + 1 < argc)
            options.steps_max = strtoull(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "--format") == 0 && at + 1 < argc &&
                 read_format(argv[at + 1], &options.format) == 0)
            at++;
        else
            return usage();
    }
    if (at == argc)
        return usage();
    options.with_names = argc - at > 1;
    for (; at < argc; at++) {
        int status = check_file(&options, argv[at]);
        if (ranks[status] > ranks[worst])
            worst = status;
    }
    return worst;
}
