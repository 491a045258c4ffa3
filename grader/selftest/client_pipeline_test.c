/*
 * client_pipeline_test.c - requests of clients that come many at a time:
 * batches, and the limits of pipelines (handout/node/client_batch.c, client.c).
 */
#include <string.h>

#include "client.h"
#include "co.h"
#include "fake_host.h"
#include "hold.h"
#include "selftest.h"

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
    CHECK_TEXT(fake_client_asks(1, "PING\r\n"), "+PONG\r\n");

    fake_client_say(1, "TOGETHER x\r\nTOGETHER y\r\nHOLD 1\r\n");
    fake_client_leave(1); /* the batch goes on, and is let go of */
    fake_pass_ms(10);
    CHECK_TEXT(fake_client_heard(1), "");
}

static void a_pipeline_has_a_limit(void)
{
    ask_often(1, "HOLD 5\r\n", 3000);
    CHECK_INT(hold_waiting(), MAX_CLIENT_PIPELINE);
    fake_client_say(1, "PING\r\n");
    CHECK_INT(hold_waiting(), MAX_CLIENT_PIPELINE);
    fake_pass_ms(5);
    CHECK_INT(hold_waiting(), MAX_CLIENT_PIPELINE);
    fake_pass_ms(20);
    CHECK_INT(hold_waiting(), 0);
    const char *heard = fake_client_heard(1);
    CHECK_INT(strlen(heard), 3000 * 4 + 7);
    CHECK_TEXT(heard + strlen(heard) - 11, ":5\r\n+PONG\r\n");

    /* Refusals need no coroutine, and must not hold up what follows. */
    ask_often(1, "SING\r\n", 3000);
    fake_client_heard(1);
    CHECK_TEXT(fake_client_asks(1, "PING\r\n"), "+PONG\r\n");
}

static void all_pipelines_have_a_limit(void)
{
    int before = hold_ended();

    for (uint64_t client = 0; client < 7; client++) {
        fake_client_leave(client);
        ask_often(client, "HOLD 5\r\n", 1000);
    }
    CHECK_INT(hold_waiting(), 4096);
    fake_client_leave(6); /* which waits for its turn */
    fake_client_leave(0); /* whose commands run */
    fake_pass_ms(5);
    CHECK_INT(hold_waiting(), 1904);
    fake_pass_ms(5);
    CHECK_INT(hold_ended() - before, 6000);
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

int main(void)
{
    fake_boot();
    hold_start();
    client_batch_command("TOGETHER", 2, 2, await_together);
    client_batch_command("ALSO", 2, 2, await_together);
    TEST("neighbours are a batch", neighbours_are_a_batch);
    TEST("batches have a limit", batches_have_a_limit);
    TEST("a pipeline has a limit", a_pipeline_has_a_limit);
    TEST("all pipelines together have a limit", all_pipelines_have_a_limit);
    TEST("asking far ahead ends the connection",
         too_much_ahead_ends_the_connection);
    return selftest_end();
}
