/*
 * client_test.c - clients' connections and commands (handout/node/client.c,
 * client_commands.c), and log lines.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "co.h"
#include "fake_host.h"
#include "node.h"
#include "selftest.h"
#include "text.h"

static int held;  /* commands that wait now */
static int ended; /* commands that have waited */

/* HOLD ms: answers its own argument after a while. */
static void await_hold(struct client_request *request)
{
    int64_t ms = 0;

    CHECK_INT(resp_to_int(request->argv[1], &ms), OK);
    held++;
    await_sleep((uint32_t)ms);
    held--;
    ended++;
    resp_int(request->reply, ms);
}

static void silent(struct client_request *request)
{
    (void)request;
}

static int batch_counts[8]; /* how many requests each call was given */
static int batches;         /* calls */

/* TOGETHER x: how many came with it, and its argument. */
static void await_together(struct client_request *requests[], int count)
{
    batch_counts[batches++ % 8] = count;
    await_sleep(5);
    for (int i = 0; i < count; i++) {
        resp_array(requests[i]->reply, 2);
        resp_int(requests[i]->reply, count);
        resp_bulk(requests[i]->reply, requests[i]->argv[1]);
    }
}

/* What client 1 hears when it says this, in its own connection. */
static const char *answer(const char *text)
{
    fake_client_say(1, text);
    return fake_client_heard(1);
}

static void the_usual_commands(void)
{
    CHECK_TEXT(answer("*1\r\n$4\r\nPING\r\n"), "+PONG\r\n");
    CHECK_TEXT(answer("ping hi\r\n"), "$2\r\nhi\r\n");
    CHECK_TEXT(answer("ECHO there\r\n"), "$5\r\nthere\r\n");
    CHECK_TEXT(answer("SELECT 0\r\n"), "+OK\r\n");
    CHECK_TEXT(answer("SELECT 1\r\n"), "-ERR DB index is out of range\r\n");
    CHECK_TEXT(answer("CONFIG GET save\r\n"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    CHECK_TEXT(answer("CONFIG GET maxmemory\r\n"), "*0\r\n");
    CHECK(strstr(answer("COMMAND\r\n"), "*6\r\n$4\r\necho\r\n:2\r\n*0\r\n"
                                        ":0\r\n:0\r\n:0\r\n") != NULL);
    client_keys("ECHO", 1, -1);
    CHECK(strstr(answer("COMMAND\r\n"), "*6\r\n$4\r\necho\r\n:2\r\n*0\r\n"
                                        ":1\r\n:-1\r\n:1\r\n") != NULL);
    CHECK_TEXT(answer("CLUSTER SLOTS\r\n"),
               "-CLUSTERDOWN no leader is known; try again\r\n");
    CHECK_TEXT(answer("CLUSTER INFO\r\n"), "$20\r\ncluster_state:fail\r\n\r\n");
    fake_leader_is(2);
    CHECK_TEXT(answer("CLUSTER SLOTS\r\n"),
               "*1\r\n*5\r\n:0\r\n:16383\r\n"
               "*3\r\n$1\r\nb\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000002\r\n"
               "*3\r\n$1\r\na\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000001\r\n"
               "*3\r\n$1\r\nc\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000003\r\n");
    fake_leader_is(NO_NODE);
    CHECK_TEXT(answer("COMMAND DOCS\r\n"), "*0\r\n");
    CHECK_TEXT(answer("COMMAND COUNT\r\n"), ":15\r\n");
    CHECK_TEXT(answer("CLIENT SETINFO LIB-NAME x\r\n"), "+OK\r\n");
    CHECK_TEXT(answer("CLIENT GETNAME\r\n"), "$-1\r\n");
    CHECK_TEXT(answer("CLIENT SETNAME me\r\nCLIENT GETNAME\r\n"),
               "+OK\r\n$2\r\nme\r\n");
    CHECK_TEXT(answer("CLIENT ID\r\n"), ":1\r\n");
    CHECK_TEXT(answer("HELLO 3\r\n"),
               "-NOPROTO unsupported protocol version\r\n");
    CHECK(strstr(answer("HELLO 2\r\n"), "*14\r\n$6\r\nserver\r\n") != NULL);
    CHECK_TEXT(answer("STATUS\r\n"),
               "*14\r\n$4\r\nrole\r\n$4\r\nnone\r\n$4\r\nterm\r\n:0\r\n"
               "$6\r\nleader\r\n:-1\r\n$6\r\ncommit\r\n:0\r\n"
               "$7\r\napplied\r\n:0\r\n$2\r\nid\r\n:1\r\n"
               "$11\r\nincarnation\r\n:7\r\n");
    CHECK(strstr(answer("INFO\r\n"), "role:none\r\nterm:0\r\n") != NULL);
    CHECK_TEXT(answer("\r\n*0\r\n"), ""); /* nothing asked, nothing said */
}

static void mistakes_of_clients(void)
{
    CHECK_TEXT(answer("SING a song\r\n"),
               "-ERR unknown command 'SING', with args beginning with: "
               "'a' 'song' \r\n");
    CHECK_TEXT(answer("echo\r\n"),
               "-ERR wrong number of arguments for 'ECHO' command\r\n");
    CHECK_TEXT(answer("ECHO a b\r\n"),
               "-ERR wrong number of arguments for 'ECHO' command\r\n");
    CHECK_TEXT(answer("SILENT\r\n"),
               "-ERR the command 'SILENT' wrote no reply\r\n");
    CHECK(!fake_client_is_closed(1));
}

static void replies_keep_their_order(void)
{
    fake_client_say(1, "HOLD 30\r\nHOLD 10\r\nECHO x\r\nSING\r\nHOLD 20\r\n");
    CHECK_INT(held, 3);
    fake_pass_ms(15);
    CHECK_INT(held, 2); /* they run side by side */
    CHECK_TEXT(fake_client_heard(1), "");
    fake_pass_ms(20);
    CHECK_TEXT(fake_client_heard(1),
               ":30\r\n:10\r\n$1\r\nx\r\n-ERR unknown command 'SING', with "
               "args beginning with: \r\n:20\r\n");
}

static void requests_may_be_split(void)
{
    const char *whole = "*2\r\n$4\r\nECHO\r\n$3\r\na\nb\r\nPING\r\n";

    for (const char *at = whole; *at; at++)
        fake_client_send(1, bytes_of(at, 1));
    CHECK_TEXT(fake_client_heard(1), "$3\r\na\nb\r\n+PONG\r\n");
}

static void garbage_ends_the_connection(void)
{
    fake_client_say(2, "HOLD 10\r\n*1\r\n+\r\nPING\r\n");
    fake_client_say(2, "PING\r\n");
    CHECK(!fake_client_is_closed(2)); /* what was asked before is answered */
    fake_pass_ms(20);
    CHECK_TEXT(fake_client_heard(2),
               ":10\r\n-ERR Protocol error: expected '$' before each word\r\n");
    CHECK(fake_client_is_closed(2));
}

static void quit_ends_the_connection(void)
{
    fake_client_say(3, "HOLD 10\r\nquit\r\nPING\r\n");
    fake_pass_ms(20);
    CHECK_TEXT(fake_client_heard(3), ":10\r\n+OK\r\n");
    CHECK(fake_client_is_closed(3));
}

static void a_gone_client_is_worked_for(void)
{
    int before = ended;

    fake_client_say(4, "HOLD 10\r\nHOLD 20\r\nPING\r\n");
    fake_client_leave(4);
    fake_client_leave(4); /* somebody unknown by now */
    fake_pass_ms(15);
    fake_client_say(4, "PING\r\n"); /* another who got the same number */
    fake_pass_ms(15);
    CHECK_INT(ended, before + 2);
    CHECK_TEXT(fake_client_heard(4), "+PONG\r\n");
    fake_client_leave(4);
}

static void a_client_that_does_not_read(void)
{
    fake_client_say(5, "HOLD 10\r\nHOLD 20\r\n");
    fake_client_write_fails(TOO_LARGE);
    fake_pass_ms(15);
    CHECK(fake_client_is_closed(5));
    fake_client_write_fails(OK);
    fake_pass_ms(15);
    CHECK_TEXT(fake_client_heard(5), "");
}

/* Many requests at once: "HOLD 5" or some such, count times. */
static void ask_often(uint64_t client, const char *text, int count)
{
    struct buf in = {0};

    for (int i = 0; i < count; i++)
        put_bytes(&in, bytes_text(text));
    fake_client_send(client, buf_span(&in));
    buf_free(&in);
}

static void neighbours_are_a_batch(void)
{
    batches = 0;
    fake_client_say(1, "TOGETHER a\r\nalso b\r\n\r\nTOGETHER c\r\n"
                       "PING\r\nTOGETHER d\r\nTOGETHER\r\nALSO e\r\n"
                       "ALSO f\r\nTOGET");
    fake_client_say(1, "HER g\r\n");
    CHECK_INT(batches, 1);         /* one after the other */
    CHECK_INT(batch_counts[0], 3); /* two names of one function, a blank line */
    CHECK_TEXT(fake_client_heard(1), "");
    fake_pass_ms(5);
    CHECK_INT(batches, 2);
    CHECK_INT(batch_counts[1], 1); /* a refusal ends a batch */
    fake_pass_ms(5);
    CHECK_INT(batches, 3);
    CHECK_INT(batch_counts[2], 2);
    fake_pass_ms(5);
    CHECK_INT(batches, 4);
    CHECK_INT(batch_counts[3], 1);    /* it came later */
    fake_client_say(1, "ALSO h\r\n"); /* and these wait for it, ... */
    fake_client_say(1, "ALSO i\r\nHOLD 1\r\n");
    CHECK_INT(batches, 4);
    fake_pass_ms(5);
    CHECK_INT(batches, 5);
    CHECK_INT(batch_counts[4], 2); /* ... together */
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(1),
               "*2\r\n:3\r\n$1\r\na\r\n*2\r\n:3\r\n$1\r\nb\r\n"
               "*2\r\n:3\r\n$1\r\nc\r\n+PONG\r\n"
               "*2\r\n:1\r\n$1\r\nd\r\n"
               "-ERR wrong number of arguments for 'TOGETHER' command\r\n"
               "*2\r\n:2\r\n$1\r\ne\r\n*2\r\n:2\r\n$1\r\nf\r\n"
               "*2\r\n:1\r\n$1\r\ng\r\n"
               "*2\r\n:2\r\n$1\r\nh\r\n*2\r\n:2\r\n$1\r\ni\r\n:1\r\n");
}

static void batches_have_a_limit(void)
{
    batches = 0;
    ask_often(1, "TOGETHER x\r\n", 3000);
    CHECK_INT(batches, 1);
    CHECK_INT(batch_counts[0], MAX_CLIENT_PIPELINE);
    fake_pass_ms(5);
    fake_pass_ms(5);
    CHECK_INT(batches, 3);
    CHECK_INT(batch_counts[2], 3000 - 2 * MAX_CLIENT_PIPELINE);
    fake_pass_ms(5);
    fake_client_heard(1);
    CHECK_TEXT(answer("PING\r\n"), "+PONG\r\n");

    fake_client_say(1, "TOGETHER x\r\nTOGETHER y\r\nHOLD 1\r\n");
    fake_client_leave(1); /* the batch goes on, and is let go of */
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(1), "");
}

/* get: says its key after a while. */
static void await_get(struct client_request *requests[], int count)
{
    await_sleep(5);
    for (int i = 0; i < count; i++)
        if (!requests[i]->is_silent)
            text_line(requests[i]->reply, "%.*s of %d",
                      (int)requests[i]->argv[1].len,
                      (const char *)requests[i]->argv[1].data, count);
}

static void the_text_port_has_its_own_commands(void)
{
    uint64_t client = FAKE_TEXT_CLIENT;

    fake_client_say(client, "get a\r\nPING\r\nget b\r\nset c 0 1 noreply\r\n"
                            "x\r\ngetm d\r\nset e 0 1 noreply\r\ny\r\n");
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(client),
               "a of 1\r\nERR_CMD_ERR\r\nb of 2\r\nERR_CMD_ERR\r\n");
    CHECK(!fake_client_is_closed(client));
    CHECK_TEXT(answer("set e 0 1\r\n"),
               "-ERR unknown command 'set', with args beginning with: "
               "'e' '0' '1' \r\n");

    /* Nobody knows where this set ends. */
    fake_client_say(client, "get a\r\nset e 0\r\nget b\r\n");
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(client), "a of 1\r\nERR_CMD_ERR\r\n");
    CHECK(fake_client_is_closed(client));
}

static void a_pipeline_has_a_limit(void)
{
    ask_often(1, "HOLD 5\r\n", 3000);
    CHECK_INT(held, MAX_CLIENT_PIPELINE);
    fake_client_say(1, "PING\r\n");
    CHECK_INT(held, MAX_CLIENT_PIPELINE);
    fake_pass_ms(5);
    CHECK_INT(held, MAX_CLIENT_PIPELINE);
    fake_pass_ms(20);
    CHECK_INT(held, 0);
    const char *heard = fake_client_heard(1);
    CHECK_INT(strlen(heard), 3000 * 4 + 7);
    CHECK_TEXT(heard + strlen(heard) - 11, ":5\r\n+PONG\r\n");

    /* Refusals need no coroutine, and must not hold up what follows. */
    ask_often(1, "SING\r\n", 3000);
    fake_client_heard(1);
    CHECK_TEXT(answer("PING\r\n"), "+PONG\r\n");
}

static void all_pipelines_have_a_limit(void)
{
    int before = ended;

    for (uint64_t client = 0; client < 7; client++) {
        fake_client_leave(client);
        ask_often(client, "HOLD 5\r\n", 1000);
    }
    CHECK_INT(held, 4096);
    fake_client_leave(6); /* which waits for its turn */
    fake_client_leave(0); /* whose commands run */
    fake_pass_ms(5);
    CHECK_INT(held, 1904);
    fake_pass_ms(5);
    CHECK_INT(ended - before, 6000);
    for (uint64_t client = 1; client < 6; client++)
        CHECK_INT(strlen(fake_client_heard(client)), 4000);
    CHECK_INT(strlen(fake_client_heard(0)), 0);
    CHECK_INT(strlen(fake_client_heard(6)), 0);
}

static void too_much_ahead_ends_the_connection(void)
{
    struct buf part = {0};

    memset(buf_room(&part, 1 << 20), '\n', 1 << 20);
    part.len = 1 << 20;
    fake_client_leave(7);
    ask_often(7, "HOLD 50\r\n", MAX_CLIENT_PIPELINE);
    for (int i = 0; i < 18; i++)
        fake_client_send(7, buf_span(&part));
    buf_free(&part);
    fake_pass_ms(60);
    CHECK(strstr(fake_client_heard(7), "-ERR Protocol error: too much is sent "
                                       "ahead of the replies\r\n") != NULL);
    CHECK(fake_client_is_closed(7));
}

static void stirred_bytes_do_no_harm(void)
{
    static const char whole[] = "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n";
    static const char likely[] = "*$\r\n0123456789- ";
    char bytes[sizeof whole];

    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, whole, sizeof whole);
        for (uint32_t k = selftest_random(4) + 1; k > 0; k--)
            bytes[selftest_random(sizeof bytes - 1)] =
                likely[selftest_random(sizeof likely - 1)];
        size_t cut = selftest_random(sizeof bytes);
        fake_client_send(2, bytes_of(bytes, cut));
        fake_client_send(2, bytes_of(bytes + cut, sizeof bytes - 1 - cut));
        fake_client_leave(2);
    }
    fake_client_heard(2);
    CHECK_TEXT(answer("PING\r\n"), "+PONG\r\n");
}

static void lines_carry_topic_and_term(void)
{
    char text[1000];

    LOG("vote", "granted to %d", 3);
    CHECK_TEXT(fake_traced(), "vote|0|granted to 3");
    log_term(7);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    LOG("long", "%s", text);
    CHECK_INT(strlen(fake_traced()), strlen("long|7|") + MAX_LOG_TEXT - 1);
    log_term(0);
}

static void a_drain_lets_commands_end(void)
{
    size_t before = co_count();

    fake_client_say(1, "HOLD 50\r\n");
    fake_shut_down();
    CHECK_TEXT(answer("PING\r\n"), "");
    fake_pass_ms(49);
    CHECK(!fake_is_stopped());
    fake_pass_ms(2);
    CHECK(fake_is_stopped());
    CHECK_TEXT(fake_client_heard(1),
               ":50\r\n-ERR the node is shutting down\r\n");
    CHECK_INT(co_count(), before);
}

int main(void)
{
    fake_boot();
    client_command("HOLD", 2, 2, await_hold);
    client_command("SILENT", 1, 1, silent);
    client_batch_command("TOGETHER", 2, 2, await_together);
    client_batch_command("ALSO", 2, 2, await_together);
    client_text_command("get", await_get);
    client_text_command("set", await_get);
    TEST("the commands of every node", the_usual_commands);
    TEST("mistakes are answered as Redis does", mistakes_of_clients);
    TEST("replies keep the order of requests", replies_keep_their_order);
    TEST("requests may be split anywhere", requests_may_be_split);
    TEST("garbage ends the connection", garbage_ends_the_connection);
    TEST("QUIT ends the connection", quit_ends_the_connection);
    TEST("a gone client's commands end", a_gone_client_is_worked_for);
    TEST("a client that does not read is closed", a_client_that_does_not_read);
    TEST("neighbours are a batch", neighbours_are_a_batch);
    TEST("batches have a limit", batches_have_a_limit);
    TEST("the text port has its own commands",
         the_text_port_has_its_own_commands);
    TEST("a pipeline has a limit", a_pipeline_has_a_limit);
    TEST("all pipelines together have a limit", all_pipelines_have_a_limit);
    TEST("asking far ahead ends the connection",
         too_much_ahead_ends_the_connection);
    TEST("stirred bytes do no harm", stirred_bytes_do_no_harm);
    TEST("log lines carry topic and term", lines_carry_topic_and_term);
    TEST("a drain lets commands end", a_drain_lets_commands_end);
    return selftest_end();
}
