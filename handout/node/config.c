/*
 * config.c - reads the configuration file; see config.h.
 *
 * Line by line, word by word; whatever does not fit ends the reading with one
 * sentence that names the line and says what to change. The invariant: a
 * config that config_parse returned OK for has passed every check.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_check.h"
#include "outcome.h"
#include "resp.h"
#include "wire.h"

#define HOUR_MS 3600000u /* the longest time that makes sense here */

/* What the parser knows while it reads. */
struct parser {
    struct config *config; /* what it fills */
    char *error;           /* MAX_CONFIG_ERROR bytes for the sentence */
    int line;              /* being read, from 1 */
};

/* A number that the file may set. */
struct number {
    const char *name;  /* as written in the file */
    size_t offset;     /* of its uint32_t in struct config */
    uint32_t min;      /* the smallest that is taken */
    uint32_t max;      /* the largest */
    uint32_t standard; /* when the file is silent */
};

#define NUMBER(field, min, max, standard)                          \
    {                                                              \
#field, offsetof(struct config, field), min, max, standard \
    }

static const struct number numbers[] = {
    NUMBER(heartbeat_ms, 2, HOUR_MS, 50),
    NUMBER(election_min_ms, 4, HOUR_MS, 150),
    NUMBER(election_max_ms, 1, HOUR_MS, 300),
    NUMBER(rpc_timeout_ms, 1, HOUR_MS, 40),
    NUMBER(clock_drift_percent, 0, 50, 10),
    NUMBER(store_sync_ms, 0, HOUR_MS, 2),
    NUMBER(apply_ms, 0, HOUR_MS, 0),
    NUMBER(append_max_bytes, 1, 1000000, 256u << 10),
    NUMBER(append_window, 1, 1024, 8),
    NUMBER(proposals_max, 1, 1u << 20, 8192),
    NUMBER(sessions_max, 1, 1u << 24, 10000),
    NUMBER(segment_bytes, 4096, 1u << 30, 1u << 20),
    NUMBER(snapshot_log_bytes, 0, 1u << 31, 16u << 20),
    NUMBER(snapshot_chunk_bytes, 1, 1000000, 64u << 10),
    NUMBER(keepalive_ms, 1, HOUR_MS, 1000),
    NUMBER(serve_max, 1, 1u << 20, 256),
    NUMBER(serve_rate, 0, 1u << 30, 0),
    NUMBER(once_max, 1, 1u << 20, 1024),
    NUMBER(once_keep_ms, 0, HOUR_MS, 60000),
    NUMBER(drain_ms, 0, HOUR_MS, 2000),
};

#define NUMBER_COUNT (sizeof numbers / sizeof numbers[0])

static uint32_t *number_of(struct config *config, const struct number *number)
{
    return (uint32_t *)(void *)((char *)config + number->offset);
}

/* Writes the sentence; returns BAD_BYTES. */
static int refuse(const struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct parser *parser, const char *format, ...)
{
    int used = snprintf(parser->error, MAX_CONFIG_ERROR,
                        "configuration, line %d: ", parser->line);
    va_list args;

    va_start(args, format);
    vsnprintf(parser->error + used, MAX_CONFIG_ERROR - (size_t)used, format,
              args);
    va_end(args);
    return BAD_BYTES;
}

/* How a word is shown in a sentence: "%.*s" takes these two. */
#define SHOWN(word) \
    (int)((word).len < 60 ? (word).len : 60), (const char *)(word).data

/* Takes what lies before a separator (or all) from the front of text. */
static struct bytes cut(struct bytes *text, char separator)
{
    const uint8_t *end = text->len > 0
                             ? memchr(text->data, separator, text->len)
                             : NULL;
    size_t len = end ? (size_t)(end - text->data) : text->len;
    struct bytes front = bytes_of(text->data, len);
    size_t used = end ? len + 1 : len;

    text->data += used;
    text->len -= used;
    return front;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end. */
static struct bytes next_word(struct bytes *line)
{
    while (line->len > 0 && is_blank(line->data[0])) {
        line->data++;
        line->len--;
    }

    size_t len = 0;
    while (len < line->len && !is_blank(line->data[len]))
        len++;
    struct bytes word = bytes_of(line->data, len);
    line->data += len;
    line->len -= len;
    return word;
}

/* "host:port" into its field. */
static int read_address(const struct parser *parser, struct bytes word,
                        const char *key, char address[MAX_ADDRESS_BYTES])
{
    uint64_t port = 0;
    size_t colon = word.len;

    if (address[0])
        return refuse(parser, "%s= stands here twice; keep one", key);
    while (colon > 0 && word.data[colon - 1] != ':')
        colon--;
    if (colon < 2 ||
        resp_to_uint(bytes_of(word.data + colon, word.len - colon), &port) !=
            OK ||
        port == 0 || port > 65535)
        return refuse(parser,
                      "%s=%.*s is not an address; write it as host:port, "
                      "with a port from 1 to 65535",
                      key, SHOWN(word));
    if (word.len >= MAX_ADDRESS_BYTES)
        return refuse(parser, "%s= has %zu bytes; an address has %d at most",
                      key, word.len, MAX_ADDRESS_BYTES - 1);
    memcpy(address, word.data, word.len);
    address[word.len] = '\0';
    return OK;
}

/* "1,1,3": the terms of the entries that the node's log starts with. */
static int read_log(const struct parser *parser, struct bytes list,
                    struct config_node *node)
{
    uint64_t latest = 1;

    if (node->log_count > 0)
        return refuse(parser, "log= stands here twice; keep one");
    while (list.len > 0) {
        struct bytes word = cut(&list, ',');
        uint64_t term;

        if (node->log_count == MAX_SEEDED_ENTRIES)
            return refuse(parser, "log= has over %d terms; leave some out",
                          MAX_SEEDED_ENTRIES);
        if (resp_to_uint(word, &term) != OK || term < latest)
            return refuse(parser,
                          "log= holds '%.*s'; write terms from 1 up that "
                          "never fall, with commas between: log=1,1,3",
                          SHOWN(word));
        node->log[node->log_count++] = term;
        latest = term;
    }
    return OK;
}

static int read_id(const struct parser *parser, struct bytes word, int *id)
{
    uint64_t number;

    if (resp_to_uint(word, &number) != OK || number > INT32_MAX)
        return refuse(parser,
                      "'%.*s' is not a node's id; write a number from 0 up "
                      "behind 'node'",
                      SHOWN(word));
    if (config_find(parser->config, (int)number))
        return refuse(parser, "node %d stands here twice; give each its own id",
                      (int)number);
    *id = (int)number;
    return OK;
}

/* Puts a node among the others, in the order of their ids. */
static void add_node(struct config *config, const struct config_node *node)
{
    int at = config->node_count++;

    for (; at > 0 && config->nodes[at - 1].id > node->id; at--)
        config->nodes[at] = config->nodes[at - 1];
    config->nodes[at] = *node;
}

/* What follows the word "node". */
static int read_node(const struct parser *parser, struct bytes line)
{
    struct config_node node = {0};

    if (parser->config->node_count == MAX_NODES)
        return refuse(parser, "a cluster has %d nodes at most; leave this out",
                      MAX_NODES);
    int outcome = read_id(parser, next_word(&line), &node.id);
    while (outcome == OK) {
        struct bytes value = next_word(&line);
        struct bytes word = value;
        if (word.len == 0)
            break;
        struct bytes key = cut(&value, '=');
        if (resp_is(key, "listen"))
            outcome = read_address(parser, value, "listen", node.listen);
        else if (resp_is(key, "dial"))
            outcome = read_address(parser, value, "dial", node.dial);
        else if (resp_is(key, "client"))
            outcome = read_address(parser, value, "client", node.client);
        else if (resp_is(key, "text"))
            outcome = read_address(parser, value, "text", node.text);
        else if (resp_is(key, "log"))
            outcome = read_log(parser, value, &node);
        else
            return refuse(parser,
                          "'%.*s' is unknown here; a node's line takes "
                          "listen=, dial=, client=, text= and log=",
                          SHOWN(word));
    }
    if (outcome != OK)
        return outcome;
    if (!node.listen[0] || !node.client[0])
        return refuse(parser,
                      "node %d lacks its address for %s; add %s=", node.id,
                      node.listen[0] ? "clients" : "peers",
                      node.listen[0] ? "client=host:port" : "listen=host:port");
    if (!node.dial[0])
        memcpy(node.dial, node.listen, sizeof node.dial);
    add_node(parser->config, &node);
    return OK;
}

/* "heartbeat_ms 50" */
static int read_number(const struct parser *parser, struct bytes name,
                       struct bytes word, int set_on_line[])
{
    uint64_t value = 0;

    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        const struct number *number = &numbers[i];

        if (!resp_is(name, number->name))
            continue;
        if (set_on_line[i])
            return refuse(parser, "%s is already set on line %d; keep one",
                          number->name, set_on_line[i]);
        if (resp_to_uint(word, &value) != OK || value < number->min ||
            value > number->max)
            return refuse(parser, "%s is '%.*s'; give a number from %u to %u",
                          number->name, SHOWN(word), (unsigned)number->min,
                          (unsigned)number->max);
        set_on_line[i] = parser->line;
        *number_of(parser->config, number) = (uint32_t)value;
        return OK;
    }
    return refuse(parser,
                  "'%.*s' is unknown; config.h lists what may stand here",
                  SHOWN(name));
}

static int read_setting(const struct parser *parser, struct bytes name,
                        struct bytes line, int set_on_line[])
{
    struct bytes word = next_word(&line);
    struct bytes more = next_word(&line);

    if (more.len > 0)
        return refuse(parser, "'%.*s' is one word too many; take it away",
                      SHOWN(more));
    if (!resp_is(name, "cluster"))
        return read_number(parser, name, word, set_on_line);
    if (resp_to_uint(word, &parser->config->cluster) != OK)
        return refuse(parser, "cluster is '%.*s'; give a number", SHOWN(word));
    return OK;
}

int config_parse(const char *text, struct config *config,
                 char error[MAX_CONFIG_ERROR])
{
    struct parser parser = {.config = config, .error = error};
    struct bytes left = bytes_text(text);
    int set_on_line[NUMBER_COUNT] = {0};
    int outcome = OK;

    *config = (struct config){0};
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        *number_of(config, &numbers[i]) = numbers[i].standard;

    while (outcome == OK && left.len > 0) {
        struct bytes line = cut(&left, '\n');
        parser.line++;
        line = cut(&line, '#');
        struct bytes word = next_word(&line);
        if (resp_is(word, "node"))
            outcome = read_node(&parser, line);
        else if (word.len > 0)
            outcome = read_setting(&parser, word, line, set_on_line);
    }
    return outcome == OK ? config_check(config, error) : outcome;
}

const struct config_node *config_find(const struct config *config, int id)
{
    for (int i = 0; i < config->node_count; i++)
        if (config->nodes[i].id == id)
            return &config->nodes[i];
    return NULL;
}
