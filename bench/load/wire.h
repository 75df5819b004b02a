/* WebSocket frames (RFC 6455, 5.2), and looking into JSON for what a load client needs without parsing it. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

/* A whole frame in somebody's buffer. whole: its bytes with the header. */
struct frame {
    int opcode;
    uint8_t *payload;
    size_t size, whole;
};

/* CLOCK_MONOTONIC: the clock of Python's time.monotonic_ns(). */
uint64_t now_ns(void);

/* Print one line and exit 1: a load that is not what it should be measures nothing. */
_Noreturn void die(const char *what);

/* Write a frame and return its bytes; at most `size` + 14. */
size_t put_frame(uint8_t *out, int opcode, const void *payload, size_t size, bool masked);

/* Find the frame at the start of `data`, unmasked in place; false if it is not whole. */
bool take_frame(uint8_t *data, size_t have, struct frame *found);

/* The bytes up to and with the empty line that ends an HTTP head; 0 if it is not whole. */
size_t head_size(const uint8_t *data, size_t have);

/* Where `key` ends in `text`, NULL if it is not there. */
const char *behind(const char *text, size_t size, const char *key);

/* The whole number behind `key`, `otherwise` if there is none. */
uint64_t number_behind(const char *text, size_t size, const char *key, uint64_t otherwise);

/* What stands in "type", with or without a space before it; "" if a message does not begin with it. */
const char *type_of(const char *text, size_t size);

#endif
