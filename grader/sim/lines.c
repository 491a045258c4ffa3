/*
 * lines.c - see lines.h.
 */
#include "lines.h"

static void begin(struct lines *lines, char kind)
{
    fprintf(lines->out, "%c %llu ", kind,
            (unsigned long long)world_now_us(lines->world));
}

void lines_hex(FILE *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    if (len == 0)
        fputc('-', out);
    for (size_t i = 0; i < len; i++) {
        fputc(digits[bytes[i] >> 4], out);
        fputc(digits[bytes[i] & 15], out);
    }
}

/* A node's text must not look like a line of ours. */
static char printable(char c)
{
    return (unsigned char)c < ' ' || c == 127 ? '?' : c;
}

/* One word. */
static void put_word(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc(*text == ' ' ? '_' : printable(*text), out);
    fputc(' ', out);
}

/* Text on one line. */
static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs(" /", out);
        else
            fputc(printable(*text), out);
    fputc('\n', out);
}

void lines_mark(struct lines *lines, const char *text)
{
    if (!lines->is_watching)
        return;
    begin(lines, 'M');
    put_text(lines->out, text);
}

void lines_note(struct lines *lines, const char *node, const char *text)
{
    if (!lines->is_watching)
        return;
    begin(lines, 'B');
    fprintf(lines->out, "%s ", node);
    put_text(lines->out, text);
}

static void on_sent(void *arg, const struct seen_frame *seen)
{
    struct lines *lines = arg;
    const struct frame *frame = seen->frame;
    size_t shown = frame->payload_len;

    if (!lines->is_watching)
        return;
    if (frame->type != FRAME_REQUEST && frame->type != FRAME_REPLY)
        shown = 0;
    else if (shown > LINES_PAYLOAD_BYTES)
        shown = LINES_PAYLOAD_BYTES;
    begin(lines, 'F');
    fprintf(lines->out, "%llu %d %d %llu %d %s %u %llu %zu ",
            (unsigned long long)seen->number, seen->from, seen->to,
            (unsigned long long)seen->stream, seen->dialler,
            frame_type_name(frame->type), (unsigned)frame->method,
            (unsigned long long)frame->call_id, frame->payload_len);
    lines_hex(lines->out, frame->payload, shown);
    fputc('\n', lines->out);
}

static void on_delivered(void *arg, uint64_t number, int copy)
{
    struct lines *lines = arg;

    if (!lines->is_watching)
        return;
    begin(lines, 'D');
    fprintf(lines->out, "%llu %d\n", (unsigned long long)number, copy);
}

static void on_lost(void *arg, uint64_t number, const char *why)
{
    struct lines *lines = arg;

    if (!lines->is_watching)
        return;
    begin(lines, 'L');
    fprintf(lines->out, "%llu %s\n", (unsigned long long)number, why);
}

static void on_stream(void *arg, uint64_t stream, int from, int to,
                      const char *what, uint64_t incarnation)
{
    struct lines *lines = arg;

    if (!lines->is_watching)
        return;
    begin(lines, 'S');
    fprintf(lines->out, "%llu %d %d %s %llu\n", (unsigned long long)stream,
            from, to, what, (unsigned long long)incarnation);
}

static void on_garbage(void *arg, uint64_t stream, int from, int to, size_t len)
{
    struct lines *lines = arg;

    if (!lines->is_watching)
        return;
    begin(lines, 'G');
    fprintf(lines->out, "%llu %d %d %zu\n", (unsigned long long)stream, from,
            to, len);
}

static void on_violation(void *arg, const struct violation *violation)
{
    struct lines *lines = arg;

    begin(lines, 'V');
    fprintf(lines->out, "%d %s %s | ", violation->node, violation->rule,
            violation->expected);
    put_text(lines->out, violation->observed);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    static const char *const ends[] = {"killed", "stopped", "fatal", "wrong",
                                       "crashed"};
    struct lines *lines = arg;

    lines->is_awaited = true;
    begin(lines, 'X');
    fprintf(lines->out, "%d %s ", id, ends[end]);
    put_text(lines->out, how);
}

void lines_crashed(struct lines *lines, int id, const char *how)
{
    if (lines->world == NULL)
        return;
    begin(lines, 'X');
    fprintf(lines->out, "%d crashed ", id);
    put_text(lines->out, how);
    fflush(lines->out);
}

static void on_client(void *arg, uint64_t client, const void *data, size_t len)
{
    struct lines *lines = arg;

    lines->is_awaited = true;
    begin(lines, 'C');
    fprintf(lines->out, "%llu ", (unsigned long long)client);
    if (data != NULL)
        lines_hex(lines->out, data, len);
    else
        fputs("closed", lines->out);
    fputc('\n', lines->out);
}

static void on_seat_up(void *arg, int seat, uint64_t stream, int peer,
                       bool is_dialled)
{
    struct lines *lines = arg;

    lines->is_awaited = true;
    begin(lines, 'U');
    fprintf(lines->out, "%d %llu %d %s\n", seat, (unsigned long long)stream,
            peer, is_dialled ? "dialled" : "accepted");
}

static void on_seat_bytes(void *arg, int seat, uint64_t stream,
                          const void *data, size_t len)
{
    struct lines *lines = arg;

    lines->is_awaited = true;
    begin(lines, 'R');
    fprintf(lines->out, "%d %llu ", seat, (unsigned long long)stream);
    lines_hex(lines->out, data, len);
    fputc('\n', lines->out);
}

static void on_seat_down(void *arg, int seat, uint64_t stream)
{
    struct lines *lines = arg;

    lines->is_awaited = true;
    begin(lines, 'E');
    fprintf(lines->out, "%d %llu\n", seat, (unsigned long long)stream);
}

/* FNV-1a, 64 bits, as in the acts file of the real host. */
static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void tell_machine(struct lines *lines, int id, const char *what,
                         uint64_t index, uint64_t term, const void *data,
                         size_t len)
{
    begin(lines, 'P');
    fprintf(lines->out, "%d %s %llu %llu %zu %016llx ", id, what,
            (unsigned long long)index, (unsigned long long)term, len,
            (unsigned long long)hash_of(data, len));
    lines_hex(lines->out, data, len < LINES_ACT_BYTES ? len : LINES_ACT_BYTES);
    fputc('\n', lines->out);
}

static void on_applied(void *arg, int id, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    tell_machine(arg, id, "apply", index, term, data, len);
}

static void on_snapshot(void *arg, int id, uint64_t index, uint64_t term,
                        const void *data, size_t len)
{
    tell_machine(arg, id, "snapshot", index, term, data, len);
}

static void on_restored(void *arg, int id, uint64_t index, uint64_t term,
                        const void *data, size_t len)
{
    tell_machine(arg, id, "restore", index, term, data, len);
}

static void on_log(void *arg, int id, const char *topic, uint64_t term,
                   const char *text)
{
    struct lines *lines = arg;

    if (!lines->has_logs)
        return;
    begin(lines, 'T');
    fprintf(lines->out, "%d ", id);
    put_word(lines->out, topic);
    fprintf(lines->out, "%llu ", (unsigned long long)term);
    put_text(lines->out, text);
}

static void on_act(void *arg, int id, const char *what, uint64_t a, uint64_t b,
                   const void *data, size_t len)
{
    struct lines *lines = arg;

    if (!lines->has_acts)
        return;
    begin(lines, 'A');
    fprintf(lines->out, "%d %s %llu %llu ", id, what, (unsigned long long)a,
            (unsigned long long)b);
    lines_hex(lines->out, data, len);
    fputc('\n', lines->out);
}

static void on_advice(void *arg, int id, const char *text)
{
    struct lines *lines = arg;

    begin(lines, 'N');
    fprintf(lines->out, "%d ", id);
    put_text(lines->out, text);
}

struct world_watch lines_watch(struct lines *lines)
{
    return (struct world_watch){
        .arg = lines,
        .sent = on_sent,
        .delivered = on_delivered,
        .lost = on_lost,
        .stream = on_stream,
        .garbage = on_garbage,
        .violation = on_violation,
        .ended = on_ended,
        .client = on_client,
        .seat_up = on_seat_up,
        .seat_bytes = on_seat_bytes,
        .seat_down = on_seat_down,
        .applied = on_applied,
        .snapshot = on_snapshot,
        .restored = on_restored,
        .log = on_log,
        .act = on_act,
        .advice = on_advice,
    };
}
