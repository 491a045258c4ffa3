/*
 * link.c - the fate of frames. See link.h.
 */
#include "link.h"

void link_init(struct link *link, uint64_t seed, int from, int to)
{
    *link = (struct link){0};
    for (int use = 0; use < LINK_USES; use++)
        rng_init(&link->chance[use], seed, (uint64_t)from, (uint64_t)to,
                 (uint64_t)use);
}

/* Whether something of this use happens. Always one draw. */
static bool happens(struct link *link, enum link_use use, double probability)
{
    return rng_chance(&link->chance[use], probability);
}

/* A random time of 0 to range_ms. Always one draw. */
static uint64_t up_to_us(struct link *link, enum link_use use,
                         uint32_t range_ms)
{
    return rng_below(&link->chance[use], range_ms * 1000 + 1);
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Every draw that a frame makes, made for every frame. */
struct draws {
    bool is_lost;        /* by loss */
    bool has_copy;       /* by dup */
    bool has_tail;       /* by tail */
    bool is_held_back;   /* by reorder */
    uint64_t jitter_us;  /* added always */
    uint64_t tail_us;    /* added if has_tail */
    uint64_t reorder_us; /* added if is_held_back */
    uint64_t copy_us;    /* how much later the copy comes */
};

static struct draws draw(struct link *link)
{
    const struct link_faults *faults = &link->faults;
    uint32_t copy_ms = max_u32(max_u32(faults->jitter_ms, faults->reorder_ms),
                               LINK_COPY_SPREAD_MS);
    struct draws d;

    d.is_lost = happens(link, LINK_LOSS, faults->loss);
    d.has_copy = happens(link, LINK_DUP, faults->dup);
    d.has_tail = happens(link, LINK_TAIL, faults->tail);
    d.is_held_back = happens(link, LINK_REORDER, faults->reorder);
    d.jitter_us = up_to_us(link, LINK_JITTER, faults->jitter_ms);
    d.tail_us = up_to_us(link, LINK_TAIL, faults->tail_ms);
    d.reorder_us = up_to_us(link, LINK_REORDER, faults->reorder_ms);
    d.copy_us = up_to_us(link, LINK_COPY, copy_ms);
    return d;
}

struct link_fate link_fate(struct link *link, struct link_order *order,
                           uint64_t now_us)
{
    const struct link_faults *faults = &link->faults;
    struct draws d = draw(link);
    bool may_be_overtaken = d.is_held_back ||
                            (d.has_tail && faults->reorder > 0);
    struct link_fate fate = {0};

    if (faults->is_cut || d.is_lost) {
        fate.lost = faults->is_cut ? "cut" : "loss";
        return fate;
    }
    fate.at_us = now_us + faults->delay_ms * UINT64_C(1000) + d.jitter_us;
    if (d.has_tail)
        fate.at_us += d.tail_us;
    if (d.is_held_back)
        fate.at_us += d.reorder_us;
    if (!may_be_overtaken) {
        fate.at_us = max_u64(fate.at_us, order->floor_us);
        order->floor_us = fate.at_us;
    }
    fate.has_copy = d.has_copy;
    fate.copy_at_us = fate.at_us + d.copy_us;
    order->latest_us = max_u64(order->latest_us,
                               d.has_copy ? fate.copy_at_us : fate.at_us);
    return fate;
}

uint64_t link_raw_at(struct link *link, struct link_order *order,
                     uint64_t now_us)
{
    uint64_t at_us = now_us + link->faults.delay_ms * UINT64_C(1000) +
                     up_to_us(link, LINK_RAW, link->faults.jitter_ms);

    at_us = max_u64(at_us, order->latest_us);
    order->latest_us = order->floor_us = at_us;
    return at_us;
}

size_t link_piece(struct link *link, size_t left_bytes)
{
    uint32_t largest = link->faults.chunk;
    size_t piece;

    if (largest == 0)
        return left_bytes;
    if (left_bytes / LINK_MAX_PIECES > largest)
        largest = (uint32_t)(left_bytes / LINK_MAX_PIECES);
    piece = 1 + rng_below(&link->chance[LINK_CHUNK], largest);
    return piece < left_bytes ? piece : left_bytes;
}
