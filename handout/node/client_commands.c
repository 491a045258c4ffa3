/*
 * client_commands.c - the commands that every node knows: those that tell how
 * the node is, and those that client libraries send before anything else.
 *
 * None of them waits. Errors have the words of Redis where it has such an
 * error, because libraries look at them.
 */
#include "client_commands.h"

#include <stdarg.h>
#include <stdio.h>

#include "app.h"
#include "client_table.h"
#include "co.h"
#include "node.h"

#define MAX_CLIENT_NAME_BYTES 64 /* in CLIENT SETNAME */
#define SPOKEN_VERSION        "7.0.0" /* whose answers ours look like, to libraries */

static void ping(struct client_request *requests[], int count)
{
    for (int i = 0; i < count; i++) {
        if (requests[i]->argc > 1)
            resp_bulk(requests[i]->reply, requests[i]->argv[1]);
        else
            resp_simple(requests[i]->reply, "PONG");
    }
}

static void echo(struct client_request *request)
{
    resp_bulk(request->reply, request->argv[1]);
}

/* The connection is closed when this has been answered; see client.c. */
static void quit(struct client_request *request)
{
    resp_simple(request->reply, "OK");
}

static void put_pair(struct buf *out, const char *key, int64_t value)
{
    resp_text(out, key);
    resp_int(out, value);
}

static void status(struct client_request *request)
{
    struct app_status app = app_status();
    struct buf *out = request->reply;

    resp_array(out, 2 * 7);
    resp_text(out, "role");
    resp_text(out, app.role);
    put_pair(out, "term", (int64_t)app.term);
    put_pair(out, "leader", app.leader);
    put_pair(out, "commit", (int64_t)app.commit_index);
    put_pair(out, "applied", (int64_t)app.last_applied);
    put_pair(out, "id", node_id());
    put_pair(out, "incarnation", (int64_t)node_incarnation());
}

/* One line of INFO. */
static void put_info(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_info(struct buf *out, const char *format, ...)
{
    char line[128];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    put_bytes(out, bytes_text(line));
    put_bytes(out, bytes_text("\r\n"));
}

static void info(struct client_request *request)
{
    struct app_status app = app_status();
    struct node_counts counts = node_counts();
    struct buf text = {0};

    put_info(&text, "# Server");
    put_info(&text, "redis_version:%s", SPOKEN_VERSION);
    put_info(&text, "server_name:conclave");
    put_info(&text, "node_id:%d", node_id());
    put_info(&text, "incarnation:%llu", (unsigned long long)node_incarnation());
    put_info(&text, "coroutines:%zu", co_count());
    put_info(&text, "\r\n# Raft");
    put_info(&text, "role:%s", app.role);
    put_info(&text, "term:%llu", (unsigned long long)app.term);
    put_info(&text, "leader:%d", app.leader);
    put_info(&text, "commit:%llu", (unsigned long long)app.commit_index);
    put_info(&text, "applied:%llu", (unsigned long long)app.last_applied);
    put_info(&text, "nodes:%d", node_config()->node_count);
    put_info(&text, "\r\n# Cluster");
    put_info(&text, "cluster_enabled:1");
    put_info(&text, "\r\n# Work");
    put_info(&text, "stream_writes:%llu",
             (unsigned long long)counts.stream_writes);
    put_info(&text, "stream_bytes:%llu",
             (unsigned long long)counts.stream_bytes);
    put_info(&text, "disk_writes:%llu", (unsigned long long)counts.disk_writes);
    put_info(&text, "disk_syncs:%llu", (unsigned long long)counts.disk_syncs);
    resp_bulk(request->reply, buf_span(&text));
    buf_free(&text);
}

/* HELLO [2 [SETNAME name] ...]: which protocol shall we speak? */
static void hello(struct client_request *request)
{
    struct buf *out = request->reply;
    int64_t protocol = 2;

    if (request->argc > 1 && resp_to_int(request->argv[1], &protocol) != OK) {
        resp_error(out, "ERR Protocol version is not an integer or out of "
                        "range");
        return;
    }
    if (protocol != 2) {
        resp_error(out, "NOPROTO unsupported protocol version");
        return;
    }
    resp_array(out, 2 * 7);
    resp_text(out, "server");
    resp_text(out, "conclave");
    resp_text(out, "version");
    resp_text(out, SPOKEN_VERSION);
    put_pair(out, "proto", 2);
    put_pair(out, "id", (int64_t)client_id(request->client));
    resp_text(out, "mode");
    resp_text(out, "cluster");
    resp_text(out, "role");
    resp_text(out, "master");
    resp_text(out, "modules");
    resp_array(out, 0);
}

static void set_name(struct client_request *request)
{
    struct bytes name = request->argv[2];

    if (name.len > MAX_CLIENT_NAME_BYTES) {
        resp_error(request->reply, "ERR a client's name has %d bytes at most",
                   MAX_CLIENT_NAME_BYTES);
        return;
    }
    buf_clear(client_name(request->client));
    put_bytes(client_name(request->client), name);
    resp_simple(request->reply, "OK");
}

/* CLIENT SETNAME | GETNAME | SETINFO | ID */
static void client(struct client_request *request)
{
    struct bytes what = request->argv[1];
    struct buf *out = request->reply;

    if (resp_is(what, "SETNAME") && request->argc == 3) {
        set_name(request);
    } else if (resp_is(what, "GETNAME") && request->argc == 2) {
        struct bytes name = buf_span(client_name(request->client));
        if (name.len > 0)
            resp_bulk(out, name);
        else
            resp_null(out);
    } else if (resp_is(what, "SETINFO") && request->argc == 4) {
        resp_simple(out, "OK");
    } else if (resp_is(what, "ID") && request->argc == 2) {
        resp_int(out, (int64_t)client_id(request->client));
    } else {
        resp_error(out,
                   "ERR unknown subcommand or wrong number of arguments for "
                   "'%.*s'. Try CLIENT SETNAME, GETNAME, SETINFO or ID.",
                   what.len < 128 ? (int)what.len : 128,
                   (const char *)what.data);
    }
}

/* CONFIG GET parameter ...: nothing of ours is a setting of Redis, but some
 * tools ask how durable it is. */
static void config(struct client_request *request)
{
    static const char *const settings[][2] = {{"save", ""},
                                              {"appendonly", "yes"}};
    struct buf *out = request->reply;
    struct buf found = {0};
    int count = 0;

    if (!resp_is(request->argv[1], "GET")) {
        resp_error(out, "ERR only CONFIG GET is known here; the node is set up "
                        "by its configuration file");
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        for (int word = 2; word < request->argc; word++)
            if (resp_is(request->argv[word], settings[i][0])) {
                resp_text(&found, settings[i][0]);
                resp_text(&found, settings[i][1]);
                count += 2;
                break;
            }
    resp_array(out, count);
    put_bytes(out, buf_span(&found));
    buf_free(&found);
}

static void select_database(struct client_request *request)
{
    int64_t number;

    if (resp_to_int(request->argv[1], &number) != OK)
        resp_error(request->reply, "ERR value is not an integer or out of "
                                   "range");
    else if (number != 0)
        resp_error(request->reply, "ERR DB index is out of range");
    else
        resp_simple(request->reply, "OK");
}

void client_commands_start(void)
{
    client_batch_command("PING", 1, 2, ping);
    client_command("ECHO", 2, 2, echo);
    client_command("QUIT", 1, 0, quit);
    client_command("STATUS", 1, 1, status);
    client_command("INFO", 1, 0, info);
    client_command("HELLO", 1, 0, hello);
    client_command("CLIENT", 2, 0, client);
    client_command("CONFIG", 2, 0, config);
    client_command("SELECT", 2, 2, select_database);
}
