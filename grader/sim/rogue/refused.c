/*
 * refused.c - what a node may not be made of: for the test of `sim check`.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

_Thread_local int kept_by_thread;

int refused_calls(void);

static void *run(void *arg)
{
    return arg;
}

static void hook(void)
{
}

int refused_calls(void)
{
    pthread_t thread;

    kept_by_thread++;
    atexit(hook);
    sleep(1);
    return pthread_create(&thread, NULL, run, NULL) + kept_by_thread;
}
