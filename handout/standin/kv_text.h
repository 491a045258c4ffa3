/*
 * kv_text.h - lab 5's commands in the words of the plain text port.
 */
#ifndef CONCLAVE_KV_TEXT_H
#define CONCLAVE_KV_TEXT_H

/* Registers them. */
void kv_text_start(void);

#endif
