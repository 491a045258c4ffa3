/*
 * list.h - a circular doubly linked list whose links live in its members.
 *
 * A head and a lone member are both linked to themselves, so that taking a
 * member out twice does no harm.
 */
#ifndef CONCLAVE_LIST_H
#define CONCLAVE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next; /* itself when alone */
    struct list *prev; /* itself when alone */
};

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Puts a member last. */
static inline void list_add(struct list *head, struct list *member)
{
    member->prev = head->prev;
    member->next = head;
    head->prev->next = member;
    head->prev = member;
}

static inline void list_remove(struct list *member)
{
    member->prev->next = member->next;
    member->next->prev = member->prev;
    list_init(member);
}

/* The struct that holds a link. */
#define list_entry(link, type, field) \
    ((type *)(void *)((char *)(link)-offsetof(type, field)))

/* Walks the links; the body may remove the link it is at. */
#define list_each(at, head)                                                   \
    for (struct list *at = (head)->next, *at##_next = at->next; at != (head); \
         at = at##_next, at##_next = at->next)

#endif
