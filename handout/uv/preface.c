/*
 * preface.c - what the host of a dialler says before the first lab byte.
 */
#include "preface.h"

#include "outcome.h"

void put_preface(struct buf *out, const struct preface *preface)
{
    put_bytes(out, bytes_text(PREFACE_MAGIC));
    put_u64(out, preface->cluster);
    put_u32(out, preface->from);
    put_u32(out, preface->to);
    put_u64(out, preface->incarnation);
}

int get_preface(struct bytes bytes, struct preface *preface)
{
    struct bytes magic = bytes_text(PREFACE_MAGIC);
    struct wire_in in = wire_in(bytes);
    if (!bytes_equal(get_bytes(&in, magic.len), magic))
        return BAD_BYTES;
    preface->cluster = get_u64(&in);
    preface->from = get_u32(&in);
    preface->to = get_u32(&in);
    preface->incarnation = get_u64(&in);
    return wire_end(&in);
}
