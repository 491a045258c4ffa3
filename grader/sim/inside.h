/*
 * inside.h - what a world is made of; for the files of the world alone.
 *
 *     world.c    making one, letting events happen, orders
 *     place.c    a node's life: start, upcalls, end
 *     door.c     what nodes ask of their host (host.h)
 *     streams.c, conns.c  the network     clients.c  clients
 *     clocks.c   time            leaders.c  who leads
 *     guest.c    what nodes ask of libc (shim.h)
 *     apart.c, cell.h, tenant.c  nodes in processes of their own
 */
#ifndef CONCLAVE_SIM_INSIDE_H
#define CONCLAVE_SIM_INSIDE_H

#include "events.h"
#include "memory.h"
#include "world.h"

#define CLOCK_START_US   UINT64_C(1000000)         /* a node's clock at start */
#define WALL_START_US    INT64_C(1700000000000000) /* the wall clock's zero */
#define TRAVEL_US        50  /* least time of anything over a network */
#define TRAVEL_SPREAD_US 100 /* up to so much more */
#define BACKOFF_MIN_MS   10  /* pause after a failed dial, as the real host's */
#define BACKOFF_MAX_MS   500 /* longest pause; it doubles up to here */
#define PROVEN_US        1000000 /* a stream that lives so long was good */
#define RATE_ONE         1000000 /* a clock's exact rate, in millionths */

/* What streams of random draws are for; see rng_init. */
enum {
    CHANCE_NODE = 0x6e6f6465,
    CHANCE_LIBC,
    CHANCE_TRAVEL,
    CHANCE_DIAL,
    CHANCE_ALARM
};

enum place_state { PLACE_DOWN, PLACE_UP, PLACE_PAUSED };

/* A pause between dials to one peer. */
struct backoff {
    uint32_t pause_ms; /* the latest; 0: the last dial was good */
    uint64_t until_us; /* no dial before */
};

/* One end's outgoing half of a stream. */
struct half {
    struct frame_decoder decoder; /* of the bytes sent */
    struct link_order order;      /* of what is under way */
    size_t waiting_bytes;         /* under way */
    uint64_t least_us;            /* nothing arrives before */
};

/* A stream between two places. End 0 dialled, end 1 was dialled. */
struct conn {
    uint64_t number;      /* its own, in records */
    struct host *end[2];  /* the places */
    uint64_t stream[2];   /* what each end calls it; 0: not yet */
    bool is_open[2];      /* up at this end: it may send, and hears */
    bool is_wanted;       /* the dialler has not closed it */
    bool is_up;           /* it was accepted */
    bool is_proven;       /* bytes came back to the dialler */
    bool is_told;         /* the watcher knows of its end */
    uint64_t up_us;       /* when it was accepted */
    uint64_t incarnation; /* of the dialler */
    struct half half[2];  /* by the end that sends */
    int events;           /* under way that name it */
};

/* A client of the test's. */
struct client {
    struct host *place;    /* whose client it is */
    enum client_port port; /* by which it came */
    uint64_t life;         /* of the place when it came */
    bool is_closed;        /* by either side */
    uint64_t floor_us[2]; /* nothing arrives before: at the node, at the test */
};

/*
 * A place: where a node runs or a test sits. A node's host is its place, so
 * this is what host.h leaves open.
 */
struct host {
    struct world *world;               /* whose place it is */
    int id;                            /* from the configuration */
    int index;                         /* among the places */
    bool is_seat;                      /* the test plays it */
    enum place_state state;            /* of the node */
    struct image *image;               /* its copy of the code */
    struct apart *apart;               /* or the process that has it */
    const struct node_ops *ops;        /* what it offers while it is up */
    struct memory memory;              /* what it holds */
    uint64_t incarnation;              /* of the latest start */
    uint64_t life;                     /* rises with every start and end */
    uint64_t sequence;                 /* of events at this place */
    uint64_t upcalls;                  /* into it, since its start */
    struct rng chance;                 /* its host's random() */
    struct rng libc_chance;            /* its rand() */
    struct rng dial_chance;            /* of backoffs */
    struct rng alarm_chance;           /* of late alarms */
    struct disk *disk;                 /* survives its lives */
    struct backoff backoff[MAX_NODES]; /* by peer's place */

    uint64_t rate;           /* of its clock, parts per million */
    uint64_t clock_zero_us;  /* virtual time from which rate counts */
    uint64_t clock_base_us;  /* the clock's time then */
    int64_t wall_offset_us;  /* of its wall clock */
    uint32_t jitter_us;      /* alarms ring up to so late */
    uint64_t alarm_us;       /* on its clock; UINT64_MAX: none */
    uint64_t alarm_event_us; /* when an event for it is due */

    struct conn **conns;     /* by stream, minus 1; NULL: gone */
    size_t conn_count;       /* streams so far */
    size_t conn_capacity;    /* room for so many */
    size_t queued_bytes;     /* under way on all that it sends on */
    struct event *held;      /* what came while it was paused */
    struct event **held_end; /* where the next is hung */

    uint32_t countdown[POINT_COUNT]; /* to a crash; 0: none */
    bool must_stop;                  /* it was told to while it was paused */
    bool is_dying;                   /* nothing that it does counts any more */
    enum world_end end;              /* of a dying node */
    char how[WORLD_MAX_HOW];         /* in words */
    bool is_advised;                 /* it was told of a call that it made */

    uint64_t led_term;     /* highest term in its AppendEntries */
    uint32_t acknowledged; /* who has said yes to them, by place */
};

struct link_state {
    struct link link;        /* faults and fates */
    struct rng travel;       /* what every frame takes */
    struct event *held;      /* what waits for the link */
    struct event **held_end; /* where the next is hung */
};

struct world {
    uint64_t seed;                 /* of everything random */
    const struct code *code;       /* of the nodes */
    const struct host_ops *door;   /* what it offers them */
    char *config;                  /* text for the nodes */
    struct world_watch watch;      /* who is told */
    struct host places[MAX_NODES]; /* in the order of their ids */
    int ids[MAX_NODES];            /* theirs */
    int count;                     /* of places */
    struct link_state links[MAX_NODES][MAX_NODES]; /* from, to */
    struct events events;                          /* what will happen */
    uint64_t now_us;                               /* virtual time */
    struct check check;                            /* the invariants */
    struct client *clients;                        /* by number, minus 1 */
    uint64_t client_count;                         /* so far */
    uint64_t client_capacity;                      /* room for so many */
    uint64_t conns;             /* streams so far, all places */
    struct world_counts counts; /* what it has gone through */
    uint64_t busy_ms;           /* the millisecond that is counted */
    uint64_t busy_upcalls;      /* upcalls within it */
    uint8_t *gathered;          /* bytes that arrive together */
    size_t gathered_capacity;   /* room for so many */
};

/* ---- place.c ----------------------------------------------------------- */

/* An upcall, as data. */
struct upcall {
    enum upcall_kind {
        UPCALL_START,
        UPCALL_STREAM_UP,
        UPCALL_STREAM_BYTES,
        UPCALL_STREAM_DOWN,
        UPCALL_ALARM,
        UPCALL_DISK,
        UPCALL_CLIENT_BYTES,
        UPCALL_CLIENT_CLOSED,
        UPCALL_SHUT_DOWN,
    } kind;                /* which function of node_ops */
    uint64_t id;           /* stream, client or token */
    int peer;              /* STREAM_UP */
    enum client_port port; /* CLIENT_BYTES */
    bool is_dialled;       /* STREAM_UP */
    int outcome;           /* DISK */
    const void *data;      /* bytes */
    size_t len;            /* how many */
    uint64_t size;         /* DISK */
};

/* Is told just before each upcall, for replay.c; NULL: nobody is. */
extern void (*before_upcall)(struct host *place, const struct upcall *upcall);

/* Makes an upcall; if the node dies of it, buries it. */
void place_upcall(struct host *place, const struct upcall *upcall);

/* Makes an upcall, given as arg, as the running node. */
void place_call_node(struct host *place, const void *arg);

/* Loads the node into this process. False: a sentence in error says why. */
bool place_load(struct host *place, char error[LOADER_MAX_ERROR]);

/* Buries the node if it is dying, outside of an upcall. */
void place_bury_dying(struct host *place);

/* Marks the running node as dying; it is buried when its upcall ends. */
void place_doom(struct host *place, enum world_end end, const char *how);

/* Counts down to a crash point; dooms the node there. */
void place_count(struct host *place, enum world_point point);

/* An act at the door: into the hash, and to the watcher. */
void place_act(struct host *place, const char *what, uint64_t a, uint64_t b,
               const void *data, size_t len);

struct host *place_of(const struct world *world, int id);
void place_init(struct world *world, int index, int id);
void place_free(struct host *place);

/* Whether something that is due at this place can happen there now. */
bool place_hears(const struct host *place);

/* ---- door.c, clocks.c -------------------------------------------------- */

extern const struct host_ops sim_host_ops;

/* As fatal, of a node that is not running here. */
void door_give_up(struct host *place, const char *sentence);

void clock_init(struct host *place, uint64_t rate, int64_t wall_offset_us);
uint64_t clock_now_us(const struct host *place);
int64_t clock_wall_us(const struct host *place);
void clock_set_alarm(struct host *place, uint64_t at_us);
void clock_on_event(struct host *place);

/* Lets an event happen later, at a place. */
struct event *world_put(struct host *place, enum event_kind kind,
                        uint64_t at_us, const void *data, size_t len);

/* Puts back what was held, to happen now. */
void world_put_held(struct host *place, struct event **held,
                    struct event ***end);

/* ---- streams.c, conns.c ------------------------------------------------ */

uint64_t streams_open(struct host *place, int peer);
int streams_write(struct host *place, uint64_t stream, const void *data,
                  size_t len);
void streams_close(struct host *place, uint64_t stream);
void streams_on_event(struct host *place, struct event *event);
void streams_end_all(struct host *place);  /* the node is no more */
void streams_release(struct event *event); /* an event that will not happen */
void streams_free(struct host *place);

/* ---- clients.c --------------------------------------------------------- */

int clients_write(struct host *place, uint64_t client, const void *data,
                  size_t len);
void clients_close(struct host *place, uint64_t client);
void clients_on_event(struct host *place, const struct event *event);
void clients_end_all(struct host *place);

/* ---- leaders.c: what frames show of leadership -------------------------- */

void leaders_saw(struct world *world, const struct seen_frame *seen);

/* ---- guest.c: which node runs, and how it can be made to stop ----------- */

/* Whose work is being done, for bench.c: changed around calls, not counted. */
extern volatile enum part { PART_WORLD, PART_NODE, PART_NET, PART_CHECK } part;

/* Runs fn(place) as the node of a place. False: it was cut short. */
bool guest_run(struct host *place, void (*fn)(struct host *, const void *),
               const void *arg);

/* Cuts the running node short. Does not return. */
_Noreturn void guest_leave(void);

/* The place whose node runs, or NULL. Signal-safe. */
struct host *guest_running(void);

#endif
