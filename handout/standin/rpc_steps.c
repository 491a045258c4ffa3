/*
 * rpc_steps.c - see rpc_steps.h.
 */
#include "rpc_steps.h"

#include <stdarg.h>
#include <stdio.h>

#include "node.h"

void step(struct steps *steps, const char *format, ...)
{
    va_list args;

    if (steps->count == MAX_STEPS)
        return;
    va_start(args, format);
    vsnprintf(steps->text[steps->count++], MAX_STEP_BYTES, format, args);
    va_end(args);
}

void steps_answer(const struct steps *steps, struct client_request *request,
                  const char *result)
{
    resp_array(request->reply, 1 + steps->count);
    resp_text(request->reply, result);
    for (int i = 0; i < steps->count; i++)
        resp_text(request->reply, steps->text[i]);
}

int steps_read_list(struct bytes word, int max, int64_t values[])
{
    int count = 0;
    size_t from = 0;

    for (size_t at = 0; at <= word.len; at++) {
        if (at < word.len && word.data[at] != ',')
            continue;
        if (count == max || resp_to_int(bytes_of(word.data + from, at - from),
                                        &values[count++]) != OK)
            return -1;
        from = at + 1;
    }
    return count;
}
