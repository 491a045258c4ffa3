/*
 * client_batch.c - requests of one connection that came together; see
 * client_batch.h.
 *
 * The bytes are read first, into notes that all batches share; then it is known
 * how much memory the batch needs, and it is made in one piece:
 *
 *     struct client_batch | runs | requests | pointers to them | words | bytes
 *
 * The invariant: every run's requests lie one behind the other, and the runs in
 * the order of the requests.
 */
#include "client_batch.h"

#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "text.h"

#define MAX_KEPT_WORDS 65536 /* room for more is given back after use */

/* What was made out of one request. */
struct note {
    int argc;                             /* its words; 0: it is no request */
    const struct client_command *command; /* NULL: it is refused */
    bool is_first;                        /* it begins a run */
    bool is_silent;                       /* it wants no answer */
};

/* What a parser came to. */
struct parsed {
    int argc;                 /* words; 0: an empty or a bad line */
    const struct bytes *argv; /* the words; they live until the next call */
    bool is_bad;              /* a bad line: it is to be refused */
    bool is_silent;           /* it wants no answer */
};

static struct note notes[MAX_CLIENT_BATCH]; /* of the batch being read */
static int note_count;                      /* how many */
static int run_count;                       /* of them that begin a run */
static struct buf words;                    /* their struct bytes */
static const char *read_error;              /* what is wrong with the last */

/* ---- Reading --------------------------------------------------------------- */

static void begin_notes(void)
{
    note_count = 0;
    run_count = 0;
    read_error = NULL;
    buf_clear(&words);
    if (words.cap > MAX_KEPT_WORDS * sizeof(struct bytes))
        buf_free(&words);
}

static bool has_right_count(const struct client_command *command, int argc)
{
    return argc >= command->min_argc &&
           (!command->max_argc || argc <= command->max_argc);
}

static void add_note(int argc, const struct client_command *command)
{
    const struct note *before = note_count > 0 ? &notes[note_count - 1] : NULL;
    bool joins = before && command && before->command && command->batch_fn &&
                 before->command->batch_fn == command->batch_fn;

    notes[note_count++] = (struct note){
        .argc = argc, .command = command, .is_first = !joins};
    run_count += !joins;
}

/* Notes a request. Returns whether it is the client's last. */
static bool note_request(enum client_port port, const struct parsed *parsed,
                         bool is_draining)
{
    struct bytes name = parsed->argv[0];
    const struct client_command *command = client_table_find(port, name);

    if (is_draining || (command && !has_right_count(command, parsed->argc)))
        command = NULL;
    add_note(parsed->argc, command);
    notes[note_count - 1].is_silent = parsed->is_silent;
    put_bytes(&words, bytes_of(parsed->argv,
                               (size_t)parsed->argc * sizeof(struct bytes)));
    return port == PORT_RESP && resp_is(name, "QUIT");
}

/* One request of either language: as resp_parse, text_parse. */
static long parse(enum client_port port, struct bytes in, struct parsed *parsed)
{
    static struct resp_request resp; /* 16 KB, too much for a stack */
    static struct text_request text;

    if (port == PORT_TEXT) {
        long len = text_parse(in, &text);
        *parsed = (struct parsed){.argc = text.argc,
                                  .argv = text.argv,
                                  .is_bad = text.argc == 0,
                                  .is_silent = text.is_silent};
        return len;
    }
    long len = resp_parse(in, &resp, &read_error);
    *parsed = (struct parsed){.argc = resp.argc, .argv = resp.argv};
    return len;
}

/* ---- Refusing -------------------------------------------------------------- */

/* The words of Redis, so that client libraries know them. */
static void answer_unknown(const struct client_request *request,
                           struct buf *out)
{
    struct buf shown = {0};

    for (int i = 1; i < request->argc && shown.len < 128; i++) {
        struct bytes word = request->argv[i];
        put_u8(&shown, '\'');
        put_bytes(&shown, bytes_of(word.data, word.len < 128 ? word.len : 128));
        put_bytes(&shown, bytes_text("' "));
    }
    resp_error(out,
               "ERR unknown command '%.*s', with args beginning with: %.*s",
               request->argv[0].len < 128 ? (int)request->argv[0].len : 128,
               (const char *)request->argv[0].data, (int)shown.len,
               (const char *)shown.data);
    buf_free(&shown);
}

static void refuse_resp(const struct client_request *request, bool is_draining)
{
    struct buf *out = request->reply;

    if (request->argc == 0) {
        resp_error(out, "ERR %s", read_error);
        return;
    }
    if (is_draining) {
        resp_error(out, "ERR the node is shutting down");
        return;
    }
    const struct client_command *command = client_table_find(PORT_RESP,
                                                             request->argv[0]);
    if (command)
        resp_error(out, "ERR wrong number of arguments for '%s' command",
                   command->name);
    else
        answer_unknown(request, out);
}

/* Whoever gets a line wrong is told so, silent or not. */
static void refuse_text(const struct client_request *request, bool is_draining)
{
    if (request->argc == 0 || !is_draining)
        text_line(request->reply, "ERR_CMD_ERR");
    else if (!request->is_silent)
        text_line(request->reply, "ERR_INTERNAL");
}

/* Answers a request that no command executes. */
static void refuse(struct client_run *run, bool is_draining)
{
    if (run->batch->port == PORT_TEXT)
        refuse_text(run->requests[0], is_draining);
    else
        refuse_resp(run->requests[0], is_draining);
    run->is_done = true;
}

/* ---- Making ---------------------------------------------------------------- */

/* Where the parts of a batch lie, in bytes from its beginning. */
struct layout {
    size_t runs;     /* struct client_run */
    size_t requests; /* struct client_request */
    size_t order;    /* pointers to them */
    size_t words;    /* struct bytes */
    size_t bytes;    /* what came */
    size_t end;      /* behind all */
};

/* Where the next part begins: malloc's alignment is kept. */
static size_t behind(size_t at, size_t count, size_t size)
{
    return (at + count * size + 15) & ~(size_t)15;
}

static struct layout lay_out(size_t len)
{
    struct layout at;
    size_t count = (size_t)note_count;

    at.runs = behind(0, 1, sizeof(struct client_batch));
    at.requests = behind(at.runs, (size_t)run_count, sizeof(struct client_run));
    at.order = behind(at.requests, count, sizeof(struct client_request));
    at.words = behind(at.order, count, sizeof(struct client_request *));
    at.bytes = behind(at.words, words.len, 1);
    at.end = at.bytes + len;
    return at;
}

/* Copies the words to where they belong, and has them point at bytes. */
static void copy_words(struct bytes *to, struct bytes in, uint8_t *bytes)
{
    if (in.len > 0)
        memcpy(bytes, in.data, in.len);
    if (words.len > 0)
        memcpy(to, words.data, words.len);
    for (size_t i = 0; i < words.len / sizeof *to; i++)
        to[i].data = bytes + (to[i].data - in.data);
}

/* A batch of what the notes say, with a copy of the bytes they are about. */
static struct client_batch *make_batch(struct client *client,
                                       enum client_port port, struct bytes in,
                                       bool is_draining)
{
    struct layout at = lay_out(in.len);
    uint8_t *memory = malloc(at.end);

    if (!memory)
        node_fatal("out of memory for requests of %zu bytes", in.len);
    struct client_batch *batch = (void *)memory;
    struct client_run *runs = (void *)(memory + at.runs);
    struct client_request *requests = (void *)(memory + at.requests);
    struct client_request **order = (void *)(memory + at.order);
    struct bytes *argv = (void *)(memory + at.words);
    struct client_run *run = runs - 1;

    *batch = (struct client_batch){.client = client,
                                   .port = port,
                                   .input_bytes = in.len,
                                   .kept_runs = run_count,
                                   .run_count = run_count,
                                   .runs = runs};
    copy_words(argv, in, memory + at.bytes);
    for (int i = 0; i < note_count; i++) {
        if (notes[i].is_first)
            *++run = (struct client_run){.command = notes[i].command,
                                         .requests = order + i,
                                         .batch = batch};
        requests[i] = (struct client_request){.argc = notes[i].argc,
                                              .argv = argv,
                                              .reply = &run->reply,
                                              .is_silent = notes[i].is_silent,
                                              .client = client};
        order[i] = &requests[i];
        argv += notes[i].argc;
        run->count++;
        if (!run->command)
            refuse(run, is_draining);
    }
    return batch;
}

struct client_batch *client_batch_read(struct client *client,
                                       enum client_port port, struct bytes in,
                                       struct client_room room,
                                       bool is_draining, size_t *used)
{
    struct parsed parsed;
    size_t at = 0;
    bool is_last = false;

    begin_notes();
    while (!is_last && at < in.len && at < room.bytes &&
           note_count < room.requests && note_count < MAX_CLIENT_BATCH) {
        long len = parse(port, bytes_of(in.data + at, in.len - at), &parsed);
        if (len == 0)
            break;
        if (len < 0) {
            add_note(0, NULL);
            is_last = true;
            break;
        }
        at += (size_t)len;
        if (parsed.is_bad)
            add_note(0, NULL);
        else if (parsed.argc > 0) /* an empty line is skipped, as Redis does */
            is_last = note_request(port, &parsed, is_draining);
    }
    *used = at;
    if (note_count == 0)
        return NULL;
    struct client_batch *batch = make_batch(client, port, bytes_of(in.data, at),
                                            is_draining);
    batch->is_last = is_last;
    return batch;
}

struct client_batch *client_batch_refusal(struct client *client,
                                          enum client_port port,
                                          const char *error)
{
    begin_notes();
    read_error = error;
    add_note(0, NULL);
    struct client_batch *batch = make_batch(client, port, bytes_of(NULL, 0),
                                            false);
    batch->is_last = true;
    return batch;
}

/* ---- Executing ------------------------------------------------------------- */

static bool wants_answer(const struct client_run *run)
{
    for (int i = 0; i < run->count; i++)
        if (!run->requests[i]->is_silent)
            return true;
    return false;
}

void await_client_run(struct client_run *run)
{
    const struct client_command *command = run->command;

    if (command->batch_fn)
        command->batch_fn(run->requests, run->count);
    else
        command->fn(run->requests[0]);
    if (run->reply.len == 0 && wants_answer(run)) {
        if (command->port == PORT_TEXT)
            text_line(&run->reply, "ERR_INTERNAL");
        else
            resp_error(&run->reply, "ERR the command '%s' wrote no reply",
                       command->name);
    }
    run->is_done = true;
}

void client_run_free(struct client_run *run)
{
    struct client_batch *batch = run->batch;

    list_remove(&run->link);
    buf_free(&run->reply);
    if (--batch->kept_runs == 0)
        free(batch);
}
