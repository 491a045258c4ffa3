/*
 * client_test.c - clients' connections and commands (handout/node/client.c,
 * client_commands.c), and log lines. What comes many at a time is in
 * client_pipeline_test.c.
 */
#include "client.h"

#include <string.h>

#include "co.h"
#include "fake_host.h"
#include "hold.h"
#include "node.h"
#include "selftest.h"
#include "text.h"

static void silent(struct client_request *request)
{
    (void)request;
}

static void the_usual_commands(void)
{
    CHECK_TEXT(fake_client_asks(1, "*1\r\n$4\r\nPING\r\n"), "+PONG\r\n");
    CHECK_TEXT(fake_client_asks(1, "ping hi\r\n"), "$2\r\nhi\r\n");
    CHECK_TEXT(fake_client_asks(1, "ECHO there\r\n"), "$5\r\nthere\r\n");
    CHECK_TEXT(fake_client_asks(1, "SELECT 0\r\n"), "+OK\r\n");
    CHECK_TEXT(fake_client_asks(1, "SELECT 1\r\n"),
               "-ERR DB index is out of range\r\n");
    CHECK_TEXT(fake_client_asks(1, "CONFIG GET save\r\n"),
               "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    CHECK_TEXT(fake_client_asks(1, "CONFIG GET maxmemory\r\n"), "*0\r\n");
    CHECK(strstr(fake_client_asks(1, "COMMAND\r\n"),
                 "*6\r\n$4\r\necho\r\n:2\r\n*0\r\n"
                 ":0\r\n:0\r\n:0\r\n") != NULL);
    client_keys("ECHO", 1, -1);
    CHECK(strstr(fake_client_asks(1, "COMMAND\r\n"),
                 "*6\r\n$4\r\necho\r\n:2\r\n*0\r\n"
                 ":1\r\n:-1\r\n:1\r\n") != NULL);
    CHECK_TEXT(fake_client_asks(1, "CLUSTER SLOTS\r\n"),
               "-CLUSTERDOWN no leader is known; try again\r\n");
    CHECK_TEXT(fake_client_asks(1, "CLUSTER INFO\r\n"),
               "$20\r\ncluster_state:fail\r\n\r\n");
    fake_leader_is(2);
    CHECK_TEXT(fake_client_asks(1, "CLUSTER SLOTS\r\n"),
               "*1\r\n*5\r\n:0\r\n:16383\r\n"
               "*3\r\n$1\r\nb\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000002\r\n"
               "*3\r\n$1\r\na\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000001\r\n"
               "*3\r\n$1\r\nc\r\n:2\r\n$40\r\n"
               "0000000000000000000000000000000000000003\r\n");
    fake_leader_is(NO_NODE);
    CHECK_TEXT(fake_client_asks(1, "COMMAND DOCS\r\n"), "*0\r\n");
    CHECK_TEXT(fake_client_asks(1, "COMMAND COUNT\r\n"), ":13\r\n");
    CHECK_TEXT(fake_client_asks(1, "CLIENT SETINFO LIB-NAME x\r\n"), "+OK\r\n");
    CHECK_TEXT(fake_client_asks(1, "CLIENT GETNAME\r\n"), "$-1\r\n");
    CHECK_TEXT(fake_client_asks(1, "CLIENT SETNAME me\r\nCLIENT GETNAME\r\n"),
               "+OK\r\n$2\r\nme\r\n");
    CHECK_TEXT(fake_client_asks(1, "CLIENT ID\r\n"), ":1\r\n");
    CHECK_TEXT(fake_client_asks(1, "HELLO 3\r\n"),
               "-NOPROTO unsupported protocol version\r\n");
    CHECK(strstr(fake_client_asks(1, "HELLO 2\r\n"),
                 "*14\r\n$6\r\nserver\r\n") != NULL);
    CHECK_TEXT(fake_client_asks(1, "STATUS\r\n"),
               "*14\r\n$4\r\nrole\r\n$4\r\nnone\r\n$4\r\nterm\r\n:0\r\n"
               "$6\r\nleader\r\n:-1\r\n$6\r\ncommit\r\n:0\r\n"
               "$7\r\napplied\r\n:0\r\n$2\r\nid\r\n:1\r\n"
               "$11\r\nincarnation\r\n:7\r\n");
    CHECK(strstr(fake_client_asks(1, "INFO\r\n"), "role:none\r\nterm:0\r\n") !=
          NULL);
    CHECK_TEXT(fake_client_asks(1, "\r\n*0\r\n"),
               ""); /* nothing asked, nothing said */
}

static void mistakes_of_clients(void)
{
    CHECK_TEXT(fake_client_asks(1, "SING a song\r\n"),
               "-ERR unknown command 'SING', with args beginning with: "
               "'a' 'song' \r\n");
    CHECK_TEXT(fake_client_asks(1, "echo\r\n"),
               "-ERR wrong number of arguments for 'ECHO' command\r\n");
    CHECK_TEXT(fake_client_asks(1, "ECHO a b\r\n"),
               "-ERR wrong number of arguments for 'ECHO' command\r\n");
    CHECK_TEXT(fake_client_asks(1, "SILENT\r\n"),
               "-ERR the command 'SILENT' wrote no reply\r\n");
    CHECK(!fake_client_is_closed(1));
}

static void replies_keep_their_order(void)
{
    fake_client_say(1, "HOLD 30\r\nHOLD 10\r\nECHO x\r\nSING\r\nHOLD 20\r\n");
    CHECK_INT(hold_waiting(), 3);
    fake_pass_ms(15);
    CHECK_INT(hold_waiting(), 2); /* they run side by side */
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
    int before = hold_ended();

    fake_client_say(4, "HOLD 10\r\nHOLD 20\r\nPING\r\n");
    fake_client_leave(4);
    fake_client_leave(4); /* somebody unknown by now */
    fake_pass_ms(15);
    fake_client_say(4, "PING\r\n"); /* another who got the same number */
    fake_pass_ms(15);
    CHECK_INT(hold_ended(), before + 2);
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
    CHECK_TEXT(fake_client_asks(1, "set e 0 1\r\n"),
               "-ERR unknown command 'set', with args beginning with: "
               "'e' '0' '1' \r\n");

    /* Nobody knows where this set ends. */
    fake_client_say(client, "get a\r\nset e 0\r\nget b\r\n");
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(client), "a of 1\r\nERR_CMD_ERR\r\n");
    CHECK(fake_client_is_closed(client));
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
    CHECK_TEXT(fake_client_asks(1, "PING\r\n"), "+PONG\r\n");
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
    CHECK_TEXT(fake_client_asks(1, "PING\r\n"), "");
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
    hold_start();
    client_command("SILENT", 1, 1, silent);
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
    TEST("the text port has its own commands",
         the_text_port_has_its_own_commands);
    TEST("stirred bytes do no harm", stirred_bytes_do_no_harm);
    TEST("log lines carry topic and term", lines_carry_topic_and_term);
    TEST("a drain lets commands end", a_drain_lets_commands_end);
    return selftest_end();
}
