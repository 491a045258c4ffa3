/*
 * lin_search.c - the rules of the search, and how far it goes where. See
 * lin_search.h. The search itself is lin_dive.c.
 *
 * Of the operations that must be taken and are not, let D be the one that was
 * answered first. Whatever was called before D's answer may be taken next; what
 * was called later may not, since D comes before it. So the choices at each
 * point are a few: what was going on at one moment. Among them go, in order of
 * their answers, those that were answered; then the optional ones.
 *
 * Rules leave choices out. Each is sound because of any orders that explain the
 * history one is kept: the best, by what follows first.
 *   (a) fewest optional operations taken;
 *   (b) the later these stand, the better (by the sum of their places);
 *   (c) among optional ones, by key, then earlier calls first.
 * A rule forbids an order only if a change of it gives a better one, or if it
 * can never be completed.
 *
 * 1. A read that fits, or another operation whose answer says that it wrote
 *    nothing, is taken at once, without a choice. In any order that goes on
 *    from here it can be moved to this place: its call allows it, it fits, and
 *    for the others nothing changes. No optional operation comes earlier by
 *    that, and none is added. (If it would tell a version not known until
 *    then, it is a choice like others.)
 *
 * 2. Of optional operations that do the same, the one called first is taken
 *    first. In an order that takes the later one, exchange the two: no worse by
 *    (a) and (b), better by (c). (If the earlier one is taken further on, it is
 *    optional and may stand as late as it likes.)
 *
 * 3. Optional operations are taken only if they are of use to what comes next.
 *    Let a run be those taken since the last one that must be taken, W its
 *    last, s the state before W, and X what is taken next.
 *    - If W and X are on one key, X fits in s and leads to a state that covers
 *      that after W and X, then W can be left out: better by (a). If X fits in
 *      s and X then W leads to a state that covers that after W then X, they
 *      can be exchanged, since W may stand as late as it likes: better by (b)
 *      if X must be taken, by (c) if X is optional and was called before W.
 *    - If both are optional and on different keys, they stand by (c).
 *    - If X must be taken, it touches all keys of the run. What the run did on
 *      another key can be moved behind X: better by (b).
 *    - So the run goes on only if there is such an X among those that may come
 *      next, whose answer the run, with more APPENDs and compare-and-sets on
 *      W's key, can still lead to. (SET and DEL are not of use to a run that
 *      has been on their key: by the first point.)
 *    Of operations with several steps the points about one key say nothing, and
 *    a run that holds an optional one is judged from there on only.
 *
 * 4. An optional operation that changes nothing is not taken, nor one that is
 *    the last: (a).
 *
 * 5. Appends that reads to come will not find: see lin_ahead.h.
 *
 * 6. What takes away for good what an answer to come needs: see lin_needs.h.
 *
 * Rule 3 makes what may follow depend on how a configuration was reached. So a
 * configuration reached by an optional W is remembered together with W, s and
 * the keys of the run.
 *
 * States that stand for several stores (lin_model.h) change none of this: "a
 * covers b" means that whatever explains the rest from b does so from a.
 *
 * How far. With many optional operations a wrong choice among them may cost
 * more steps than there are, though an order is near that takes hardly any. So
 * when a share of the steps is used up, the search is laid aside, and others
 * try their luck that may take at most 0, 1, 2, 4, 8, ... of them, for a
 * smaller share each. An order that one of these finds is an order. That it finds none
 * proves something only if it never wanted to take one more. After them the
 * first search goes on, without a limit, where it was.
 */
#include "lin_search.h"

#include <stdlib.h>

#include "lin_dive.h"

#define PLAIN_SHARE 16 /* one step in so many before others are tried */
#define DEPTH_SHARE 32 /* one step in so many for each of these */

static int by_call(const void *a, const void *b)
{
    const struct search_item *x = a;
    const struct search_item *y = b;

    if (x->call_us != y->call_us)
        return x->call_us < y->call_us ? -1 : 1;
    return x->op->number < y->op->number ? -1 : x->op->number > y->op->number;
}

/* Takes over what a dive found, and lets it go. */
static void end_dive(struct dive *dive, struct search_result *result)
{
    struct search_result *found = dive_result(dive);

    found->steps += result->steps;
    found->remembered += result->remembered;
    free(result->order);
    *result = *found;
    found->order = NULL;
    dive_free(dive);
}

static uint32_t count_optional(const struct search_task *task)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < task->count; i++)
        count += task->items[i].return_us == LIN_NEVER;
    return count;
}

/* Searches with few optional operations taken, then with more. */
static void deepen(const struct search_task *task, struct search_result *result)
{
    uint32_t optional = count_optional(task);

    for (uint32_t max = 0; max < optional; max = max == 0 ? 1 : max * 2) {
        struct dive *dive = dive_new(task, max);

        dive_go(dive, task->steps_max / DEPTH_SHARE);
        end_dive(dive, result);
        if (result->verdict != LIN_UNKNOWN)
            return;
    }
}

void search_run(const struct search_task *task, struct search_result *result)
{
    struct dive *plain;
    uint64_t steps = task->deepens ? task->steps_max / PLAIN_SHARE
                                   : task->steps_max;

    qsort(task->items, task->count, sizeof(*task->items), by_call);
    *result = (struct search_result){.verdict = LIN_UNKNOWN};
    plain = dive_new(task, UINT32_MAX);
    dive_go(plain, steps);
    if (task->deepens && !dive_is_over(plain)) {
        deepen(task, result);
        steps = result->steps + dive_result(plain)->steps;
        if (result->verdict != LIN_UNKNOWN) {
            result->steps = steps;
            result->remembered += dive_result(plain)->remembered;
            dive_free(plain);
            return;
        }
        if (steps < task->steps_max)
            dive_go(plain, task->steps_max - steps);
    }
    end_dive(plain, result);
}
