/*
 * config_test.c - the cluster's configuration file (handout/node/config.c).
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "outcome.h"
#include "selftest.h"

#define NODE1 "node 1 listen=h:1 client=h:2\n"

static struct config config;
static char error[MAX_CONFIG_ERROR];

/* "" when the text is good, else the sentence. */
static const char *verdict(const char *text)
{
    error[0] = '\0';
    int outcome = config_parse(text, &config, error);

    CHECK(outcome == OK || outcome == BAD_BYTES);
    CHECK((outcome == OK) == (error[0] == '\0'));
    return error;
}

static void a_whole_file(void)
{
    CHECK_TEXT(verdict("# a cluster of two\r\n"
                       "cluster 7\r\n"
                       "\n"
                       "  heartbeat_ms\t60   # a note\n"
                       "election_min_ms 160\n"
                       "election_max_ms 310\n"
                       "rpc_timeout_ms 30\n"
                       "store_sync_ms 0\n"
                       "serve_max 9\n"
                       "node 4 listen=h:41 dial=proxy:42 client=[::1]:43 "
                       "text=h:44\n"
                       "node 0 client=h:3 listen=h:1 log=1,1,3"),
               "");
    CHECK_INT(config.cluster, 7);
    CHECK_INT(config.heartbeat_ms, 60);
    CHECK_INT(config.election_min_ms, 160);
    CHECK_INT(config.election_max_ms, 310);
    CHECK_INT(config.rpc_timeout_ms, 30);
    CHECK_INT(config.store_sync_ms, 0);
    CHECK_INT(config.serve_max, 9);
    CHECK_INT(config.once_keep_ms, 60000); /* the file is silent */
    CHECK_INT(config.node_count, 2);
    CHECK_INT(config.nodes[0].id, 0); /* in the order of ids */
    CHECK_TEXT(config.nodes[0].dial, "h:1");
    CHECK_INT(config.nodes[0].log_count, 3);
    CHECK_INT(config.nodes[0].log[2], 3);

    const struct config_node *four = config_find(&config, 4);
    CHECK(four == &config.nodes[1]);
    CHECK_TEXT(four->listen, "h:41");
    CHECK_TEXT(four->dial, "proxy:42");
    CHECK_TEXT(four->client, "[::1]:43");
    CHECK_INT(four->log_count, 0);
    CHECK(config_find(&config, 3) == NULL);
}

static void defaults(void)
{
    CHECK_TEXT(verdict(NODE1), "");
    CHECK_INT(config.heartbeat_ms, 50);
    CHECK_INT(config.election_min_ms, 150);
    CHECK_INT(config.election_max_ms, 300);
    CHECK_INT(config.rpc_timeout_ms, 40);
    CHECK_INT(config.clock_drift_percent, 10);
    CHECK_INT(config.store_sync_ms, 2);
    CHECK_INT(config.keepalive_ms, 1000);
    CHECK_INT(config.serve_max, 256);
    CHECK_INT(config.serve_rate, 0);
    CHECK_INT(config.once_max, 1024);
    CHECK_INT(config.drain_ms, 2000);
}

/* A bad file, and what its sentence must say. */
static const struct {
    const char *text; /* of the file */
    const char *says; /* the start of the sentence */
} bad[] = {
    {"", "configuration: there is no node; add lines"},
    {NODE1 "heartbeat 50\n", "configuration, line 2: 'heartbeat' is unknown;"},
    {NODE1 "\n\nheartbeat_ms ten\n",
     "configuration, line 4: heartbeat_ms is 'ten'; give a number from 2 to "
     "3600000"},
    {"heartbeat_ms 0\n", "configuration, line 1: heartbeat_ms is '0';"},
    {"clock_drift_percent 51\n",
     "configuration, line 1: clock_drift_percent is '51'; give a number from 0 "
     "to 50"},
    {"heartbeat_ms\n", "configuration, line 1: heartbeat_ms is '';"},
    {"heartbeat_ms 50 60\n",
     "configuration, line 1: '60' is one word too many"},
    {"drain_ms 1\ndrain_ms 1\n",
     "configuration, line 2: drain_ms is already set on line 1; keep one"},
    {"cluster x\n", "configuration, line 1: cluster is 'x'; give a number"},
    {"node x\n", "configuration, line 1: 'x' is not a node's id;"},
    {"node\n", "configuration, line 1: '' is not a node's id;"},
    {"node -1\n", "configuration, line 1: '-1' is not a node's id;"},
    {"node 2147483648\n", "configuration, line 1: '2147483648' is not a"},
    {NODE1 NODE1, "configuration, line 2: node 1 stands here twice;"},
    {"node 1 listen=h:1\n",
     "configuration, line 1: node 1 lacks its address for clients; add "
     "client=host:port"},
    {"node 1 client=h:1\n",
     "configuration, line 1: node 1 lacks its address for peers; add "
     "listen=host:port"},
    {"node 1 listen=h client=h:2\n",
     "configuration, line 1: listen=h is not an address; write it as "
     "host:port"},
    {"node 1 listen=:1 client=h:2\n",
     "configuration, line 1: listen=:1 is not an address;"},
    {"node 1 listen=h:0 client=h:2\n",
     "configuration, line 1: listen=h:0 is not an address;"},
    {"node 1 listen=h:65536 client=h:2\n",
     "configuration, line 1: listen=h:65536 is not an address;"},
    {"node 1 listen=h:1 listen=h:2\n",
     "configuration, line 1: listen= stands here twice; keep one"},
    {"node 1 listen=0123456789012345678901234567890123456789012345678901234567"
     "890123:1\n",
     "configuration, line 1: listen= has 66 bytes; an address has 63 at most"},
    {"node 1 at=h:1\n", "configuration, line 1: 'at=h:1' is unknown here;"},
    {"node 1 listen=h:1 client=h:2 log=1,3,2\n",
     "configuration, line 1: log= holds '2'; write terms"},
    {"node 1 listen=h:1 client=h:2 log=0\n",
     "configuration, line 1: log= holds '0';"},
    {"node 1 listen=h:1 client=h:2 log=1,,2\n",
     "configuration, line 1: log= holds '';"},
    {NODE1 "node 2 listen=h:3 client=h:1\n",
     "configuration: listen= of node 1 and client= of node 2 are both h:1;"},
    {NODE1 "node 2 listen=h:3 dial=h:1 client=h:4\n",
     "configuration: listen= of node 1 and dial= of node 2 are both h:1;"},
    {NODE1 "node 2 listen=h:3 client=h:4 text=h:2\n",
     "configuration: client= of node 1 and text= of node 2 are both h:2;"},
    {"node 1 listen=h:1 client=h:2 text=h\n",
     "configuration, line 1: text=h is not an address;"},
    {"node 1 listen=h:1 client=h:1\n",
     "configuration: listen= of node 1 and client= of node 1 are both h:1;"},
    {NODE1 "heartbeat_ms 76\n",
     "configuration: heartbeat_ms is 76, over half of election_min_ms, 150; "
     "lower it to 75 or raise election_min_ms to 152"},
    {NODE1 "election_max_ms 150\n",
     "configuration: election_min_ms is 150, not under election_max_ms, 150;"},
    {NODE1 "rpc_timeout_ms 50\n",
     "configuration: rpc_timeout_ms is 50, not under heartbeat_ms, 50; lower "
     "it to 40 or raise heartbeat_ms"},
};

static void sentences(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *says = verdict(bad[i].text);
        if (strncmp(says, bad[i].says, strlen(bad[i].says)) != 0)
            CHECK_TEXT(says, bad[i].says);
    }
}

static void limits(void)
{
    char text[4096] = "";
    size_t used = 0;

    for (int i = 0; i < MAX_NODES; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "node %d listen=h:%d client=h:%d\n", 100 - i,
                                 i + 1, i + 1000);
    CHECK_TEXT(verdict(text), "");
    for (int i = 1; i < config.node_count; i++)
        CHECK(config.nodes[i - 1].id < config.nodes[i].id);
    snprintf(text + used, sizeof text - used, "node 200 listen=x:1\n");
    CHECK_TEXT(verdict(text), "configuration, line 17: a cluster has 16 nodes "
                              "at most; leave this out");

    used = (size_t)snprintf(text, sizeof text,
                            "node 1 listen=h:1 client=h:2 log=1");
    for (int i = 1; i < MAX_SEEDED_ENTRIES; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",%d", i);
    CHECK_TEXT(verdict(text), "");
    CHECK_INT(config.nodes[0].log_count, MAX_SEEDED_ENTRIES);
    snprintf(text + used, sizeof text - used, ",99");
    CHECK_TEXT(verdict(text), "configuration, line 1: log= has over 64 terms; "
                              "leave some out");
}

static void stirred_bytes_do_no_harm(void)
{
    static const char whole[] =
        "cluster 7\nheartbeat_ms 60\n# note\nnode 1 listen=h:1 client=h:2 "
        "log=1,1\nnode 2 listen=h:3 dial=h:4 client=h:5\n";
    static const char likely[] = "\n\r #=:,0129x\377";
    char text[sizeof whole];

    for (int i = 0; i < 50000; i++) {
        memcpy(text, whole, sizeof whole);
        for (uint32_t k = selftest_random(4) + 1; k > 0; k--)
            text[selftest_random(sizeof text - 1)] =
                likely[selftest_random(sizeof likely - 1)];
        text[selftest_random(sizeof text)] = '\0';
        verdict(text);
    }
}

int main(void)
{
    TEST("a whole file is read", a_whole_file);
    TEST("what the file leaves out has a default", defaults);
    TEST("each mistake has its sentence", sentences);
    TEST("limits hold", limits);
    TEST("stirred bytes do no harm", stirred_bytes_do_no_harm);
    return selftest_end();
}
