/*
 * lin_words.c - requests and their answers, as clients write and read them.
 *
 *     GET k          value or nil          SET k v        OK
 *     GETM k         value version, nil    MSET k v k v   OK
 *     EXISTS k       1 or 0                DEL k          1 or 0
 *     MGET k k       value or nil, each    APPEND k v     length, or OK
 *     INCRBY k n     sum                   CAS k n v      OK or 1; 0 or nil
 *     INCR k, DECR k, DECRBY k n           CASV k old v   OK or 1; 0 or nil
 *     MULTI request ; request ...          answer ; answer ...
 *
 * CAS writes if the version is n, CASV if the value is `old` (nil: none). What
 * SET, CAS, APPEND and INCRBY answer may be followed by the version that they
 * made.
 *
 * Errors that say that nothing happened: those of `nothing` below. An INCRBY
 * that is answered with ERR tells more: that the value was no number, or too
 * large. Any other error leaves open whether the operation takes effect.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../net/alloc.h"
#include "lin_history.h"

#define NUMBER_MAX 20 /* bytes of a number's digits */
#define NO_LENGTH  (-1)

static const char *const nothing[] = {"MOVED",   "ASK", "CLUSTERDOWN", "BUSY",
                                      "LOADING", "ERR", "NOAUTH"};

/* How a request is written. */
struct form {
    const char *name;    /* its first word */
    enum step_kind kind; /* what it does */
    size_t words;        /* in all */
};

static const struct form forms[] = {
    {"GET", STEP_GET, 2},       {"GETM", STEP_GETM, 2},
    {"EXISTS", STEP_EXISTS, 2}, {"SET", STEP_SET, 3},
    {"DEL", STEP_DEL, 2},       {"INCRBY", STEP_INCRBY, 3},
    {"DECRBY", STEP_INCRBY, 3}, {"INCR", STEP_INCRBY, 2},
    {"DECR", STEP_INCRBY, 2},   {"APPEND", STEP_APPEND, 3},
    {"CAS", STEP_CAS, 4},       {"CASV", STEP_CASV, 4},
};

/* Some words in a row. */
struct words {
    const struct lin_word *first; /* of them */
    size_t count;                 /* how many */
};

static bool is_word(const struct lin_word *word, const char *text)
{
    return word->kind == LIN_TEXT && word->len_bytes == strlen(text) &&
           strncasecmp(word->bytes, text, word->len_bytes) == 0;
}

static bool is_error(const struct lin_word *word, const char *name)
{
    size_t len = strlen(name);

    return word->kind == LIN_ERROR && word->len_bytes >= len &&
           memcmp(word->bytes, name, len) == 0 &&
           (word->len_bytes == len || word->bytes[len] == ' ');
}

static bool read_number(const struct lin_word *word, int64_t *number)
{
    char digits[NUMBER_MAX + 1];
    char *end;

    if (word->kind != LIN_TEXT || word->len_bytes == 0 ||
        word->len_bytes > NUMBER_MAX)
        return false;
    memcpy(digits, word->bytes, word->len_bytes);
    digits[word->len_bytes] = '\0';
    *number = strtoll(digits, &end, 10);
    return *end == '\0';
}

static uint32_t value_of(struct lin *lin, const struct lin_word *word)
{
    return word->kind == LIN_TEXT
               ? values_text(&lin->values, word->bytes, word->len_bytes)
               : VALUE_NONE;
}

/* ---- requests -------------------------------------------------------------*/

static int read_request(struct lin *lin, struct words words, struct step *step)
{
    const struct form *form = NULL;
    const struct lin_word *word = words.first;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (words.count > 0 && is_word(word, forms[i].name))
            form = &forms[i];
    }
    if (form == NULL || words.count != form->words)
        return LIN_E_REQUEST;
    *step = (struct step){.kind = form->kind, .key = lin_key(lin, &word[1])};
    step->value = value_of(lin, &word[words.count - 1]);
    if (form->kind == STEP_CASV)
        step->expected = value_of(lin, &word[2]);
    if (form->kind == STEP_CAS && !read_number(&word[2], &step->number))
        return LIN_E_REQUEST;
    if (form->kind == STEP_INCRBY) {
        step->value = VALUE_NONE;
        step->number = 1;
        if (form->words == 3 && !read_number(&word[2], &step->number))
            return LIN_E_REQUEST;
        if (form->name[0] == 'D') {
            if (step->number == INT64_MIN)
                return LIN_E_REQUEST;
            step->number = -step->number;
        }
    }
    return 0;
}

static bool is_write(const struct step *step)
{
    return step->kind != STEP_GET && step->kind != STEP_GETM &&
           step->kind != STEP_EXISTS;
}

/* ---- answers --------------------------------------------------------------*/

/* The version that may stand at the end. */
static int read_version(struct words words, size_t at, struct step *step)
{
    int64_t version;

    if (words.count == at)
        return 0;
    if (words.count != at + 1 || !read_number(&words.first[at], &version) ||
        version <= 0)
        return LIN_E_ANSWER;
    step->seen_version = (uint64_t)version;
    return 0;
}

static int read_swap(struct words words, struct step *step)
{
    const struct lin_word *word = words.first;

    if (word->kind == LIN_NIL || is_word(word, "0"))
        return words.count == 1 ? 0 : LIN_E_ANSWER;
    if (!is_word(word, "OK") && !is_word(word, "1"))
        return LIN_E_ANSWER;
    step->seen_number = 1;
    return read_version(words, 1, step);
}

static int read_integer(struct words words, struct step *step)
{
    if (!read_number(words.first, &step->seen_number))
        return LIN_E_ANSWER;
    return read_version(words, 1, step);
}

static int read_answer(struct lin *lin, struct words words, struct step *step)
{
    const struct lin_word *word = words.first;

    if (words.count == 0)
        return LIN_E_ANSWER;
    if (step->kind == STEP_INCRBY && is_error(word, "ERR")) {
        step->is_refused = true;
        return 0;
    }
    if (word->kind == LIN_ERROR)
        return LIN_E_ANSWER;
    switch (step->kind) {
    case STEP_GET:
        step->seen_value = value_of(lin, word);
        return words.count == 1 ? 0 : LIN_E_ANSWER;
    case STEP_GETM:
        step->seen_value = value_of(lin, word);
        if (words.count != (word->kind == LIN_NIL ? 1u : 2u))
            return LIN_E_ANSWER;
        return read_version(words, 1, step);
    case STEP_SET:
        return is_word(word, "OK") ? read_version(words, 1, step)
                                   : LIN_E_ANSWER;
    case STEP_CAS:
    case STEP_CASV:
        return read_swap(words, step);
    case STEP_APPEND:
        step->seen_number = NO_LENGTH;
        if (is_word(word, "OK"))
            return read_version(words, 1, step);
        return read_integer(words, step);
    case STEP_INCRBY:
        if (read_integer(words, step) != 0)
            return LIN_E_ANSWER;
        step->seen_value = values_integer(&lin->values, step->seen_number);
        return 0;
    case STEP_EXISTS:
    case STEP_DEL:
        if (words.count != 1 || read_integer(words, step) != 0 ||
            step->seen_number < 0 || step->seen_number > 1)
            return LIN_E_ANSWER;
        return 0;
    }
    return LIN_E_ANSWER;
}

/* ---- operations of several steps ------------------------------------------*/

/* Takes the words up to the next ";" off the front of `rest`. */
static struct words next_part(struct words *rest)
{
    struct words part = {rest->first, 0};

    while (part.count < rest->count && !is_word(&part.first[part.count], ";"))
        part.count++;
    rest->first += part.count;
    rest->count -= part.count;
    if (rest->count > 0) {
        rest->first++;
        rest->count--;
    }
    return part;
}

/* MULTI, MGET and MSET: the request's words of the next step, and its own. */
static struct words next_request(const struct lin_call *call,
                                 struct words *rest, struct lin_word buffer[3])
{
    size_t count = is_word(call->request, "MGET") ? 2 : 3;

    if (is_word(call->request, "MULTI"))
        return next_part(rest);
    buffer[0] = (struct lin_word){count == 2 ? "GET" : "SET", 3, LIN_TEXT};
    if (rest->count < count - 1)
        return (struct words){rest->first, 0};
    memcpy(&buffer[1], rest->first, (count - 1) * sizeof(*buffer));
    rest->first += count - 1;
    rest->count -= count - 1;
    return (struct words){buffer, count};
}

static struct words next_answer(const struct lin_call *call, struct words *rest)
{
    struct words part = *rest;

    if (is_word(call->request, "MULTI"))
        return next_part(rest);
    if (is_word(call->request, "MGET") && rest->count > 0) {
        part.count = 1;
        rest->first++;
        rest->count--;
    }
    return part;
}

static int read_steps(struct lin *lin, const struct lin_call *call,
                      struct lin_op *op)
{
    struct words asked = {call->request + 1, call->request_count - 1};
    struct words told = {call->answer, call->answer_count};
    bool is_set = is_word(call->request, "MSET");
    struct lin_word buffer[3];
    int status = asked.count == 0 ? LIN_E_REQUEST : 0;

    op->steps = alloc_new((asked.count + 1) * sizeof(*op->steps));
    while (status == 0 && asked.count > 0) {
        struct step *step = &op->steps[op->step_count++];

        status = read_request(lin, next_request(call, &asked, buffer), step);
        if (status == 0 && op->return_us != LIN_NEVER)
            status = read_answer(lin, next_answer(call, &told), step);
        if (status == 0)
            lin_join(lin, op->steps[0].key, step->key);
    }
    if (status == 0 && op->return_us != LIN_NEVER && !is_set && told.count != 0)
        status = LIN_E_ANSWER;
    return status;
}

/* ---- whole operations -----------------------------------------------------*/

static bool says_nothing_happened(const struct lin_call *call)
{
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        if (is_error(call->answer, nothing[i]))
            return true;
    }
    return false;
}

int words_read(struct lin *lin, const struct lin_call *call, struct lin_op *op)
{
    bool is_answered = call->return_us != LIN_NEVER;
    bool writes = false;
    bool is_error_answer;
    int status;

    if (call->request_count == 0 || (is_answered && call->answer_count == 0))
        return call->request_count == 0 ? LIN_E_REQUEST : LIN_E_ANSWER;
    is_error_answer = is_answered && call->answer->kind == LIN_ERROR;
    for (size_t i = 1; is_error_answer && i < call->answer_count; i++) {
        if (is_word(&call->answer[i], ";"))
            is_error_answer = false; /* only its first step's */
    }
    if (is_error_answer && !says_nothing_happened(call))
        op->return_us = LIN_NEVER; /* who knows */
    if (is_word(call->request, "MULTI") || is_word(call->request, "MGET") ||
        is_word(call->request, "MSET")) {
        if (is_error_answer)
            op->return_us = LIN_NEVER; /* its answer is not to be read */
        status = read_steps(lin, call, op);
        if (status == 0 && is_error_answer && says_nothing_happened(call))
            return WORDS_NOTHING;
    } else {
        op->steps = alloc_new(sizeof(*op->steps));
        op->step_count = 1;
        status = read_request(
            lin, (struct words){call->request, call->request_count}, op->steps);
        if (status == 0 && is_error_answer && says_nothing_happened(call) &&
            !(op->steps->kind == STEP_INCRBY && is_error(call->answer, "ERR")))
            return WORDS_NOTHING;
        if (status == 0 && op->return_us != LIN_NEVER)
            status = read_answer(
                lin, (struct words){call->answer, call->answer_count},
                op->steps);
    }
    for (uint32_t i = 0; status == 0 && i < op->step_count; i++)
        writes = writes || is_write(&op->steps[i]);
    if (status == 0 && op->return_us == LIN_NEVER && !writes)
        return WORDS_NOTHING;
    return status;
}
