/*
 * frame.c - Lab 1, part A: frames out of bytes, bytes out of frames.
 *
 * The invariant: nothing behind the header is waited for, copied or given room
 * before the header has been checked.
 */
#include "frame.h"

#include "node.h"

// BEGIN SOLUTION:
/* The length of the whole frame, header included, or BAD_BYTES. */
static long check_header(const uint8_t *header)
{
    struct wire_in in = wire_in(bytes_of(header, FRAME_HEADER_BYTES));
    uint32_t length = get_u32(&in);
    uint8_t magic = get_u8(&in);
    uint8_t type = get_u8(&in);

    if (length < FRAME_HEADER_BYTES - FRAME_LENGTH_BYTES ||
        length > FRAME_HEADER_BYTES - FRAME_LENGTH_BYTES + FRAME_MAX_PAYLOAD)
        return BAD_BYTES;
    if (magic != FRAME_MAGIC || type < FRAME_REQUEST || type > FRAME_PONG)
        return BAD_BYTES;
    return (long)length + FRAME_LENGTH_BYTES;
}

/* Reads a frame from bytes that are known to hold it all. */
static void read_frame(const uint8_t *data, size_t len, struct frame *frame)
{
    struct wire_in in = wire_in(bytes_of(data, len));

    get_u32(&in);
    get_u8(&in);
    frame->type = get_u8(&in);
    frame->method = get_u16(&in);
    frame->call_id = get_u64(&in);
    frame->payload = get_rest(&in);
}

/* Moves bytes from in to the partial frame, until that has want of them. */
static bool fill(struct frame_reader *reader, struct bytes *in, size_t want)
{
    size_t missing = want - reader->partial.len;
    size_t take = in->len < missing ? in->len : missing;

    put_bytes(&reader->partial, bytes_of(in->data, take));
    in->data += take;
    in->len -= take;
    return take == missing;
}

// END SOLUTION
int frame_next(struct frame_reader *reader, struct bytes *in,
               struct frame *frame)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)reader;
    // | (void)frame;
    // | in->len = 0;
    // | return 0;
    struct buf *partial = &reader->partial;

    if (reader->was_given) {
        buf_clear(partial);
        reader->was_given = false;
    }

    /* The usual case: a whole frame lies before us and is not copied. */
    if (partial->len == 0 && in->len >= FRAME_HEADER_BYTES) {
        long size = check_header(in->data);

        if (size < 0)
            return (int)size;
        if (in->len >= (size_t)size) {
            read_frame(in->data, (size_t)size, frame);
            in->data += size;
            in->len -= (size_t)size;
            return 1;
        }
    }

    if (partial->len < FRAME_HEADER_BYTES &&
        !fill(reader, in, FRAME_HEADER_BYTES))
        return 0;

    long size = check_header(partial->data);
    if (size < 0)
        return (int)size;
    if (!fill(reader, in, (size_t)size))
        return 0;
    read_frame(partial->data, partial->len, frame);
    reader->was_given = true;
    return 1;
    // END SOLUTION
}

void frame_reader_free(struct frame_reader *reader)
{
    buf_free(&reader->partial);
    reader->was_given = false;
}

void frame_put_header(struct buf *out, enum frame_type type, uint16_t method,
                      uint64_t call_id, size_t payload_len)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)out;
    // | (void)type;
    // | (void)method;
    // | (void)call_id;
    // | (void)payload_len;
    put_u32(out,
            (uint32_t)(FRAME_HEADER_BYTES - FRAME_LENGTH_BYTES + payload_len));
    put_u8(out, FRAME_MAGIC);
    put_u8(out, (uint8_t)type);
    put_u16(out, method);
    put_u64(out, call_id);
    // END SOLUTION
}
