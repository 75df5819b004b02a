#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void die(const char *what)
{
    if (errno)
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
    else
        fprintf(stderr, "%s\n", what);
    exit(1);
}

size_t put_frame(uint8_t *out, int opcode, const void *payload, size_t size, bool masked)
{
    const uint8_t *from = payload;
    uint8_t flag = masked ? 0x80 : 0;
    size_t at = 2;
    out[0] = (uint8_t)(0x80 | opcode);
    if (size < 126) {
        out[1] = flag | (uint8_t)size;
    } else if (size < 65536) {
        out[1] = flag | 126;
        out[2] = (uint8_t)(size >> 8);
        out[3] = (uint8_t)size;
        at = 4;
    } else {
        out[1] = flag | 127;
        for (int byte = 0; byte < 8; byte++)
            out[2 + byte] = (uint8_t)((uint64_t)size >> (56 - 8 * byte));
        at = 10;
    }
    if (!masked) {
        memcpy(out + at, from, size);
        return at + size;
    }
    memcpy(out + at, MASK, 4);
    at += 4;
    for (size_t byte = 0; byte < size; byte++)
        out[at + byte] = from[byte] ^ MASK[byte & 3];
    return at + size;
}

bool take_frame(uint8_t *data, size_t have, struct frame *found)
{
    if (have < 2)
        return false;
    bool masked = data[1] & 0x80;
    size_t size = data[1] & 0x7f, at = 2;
    if (size == 126) {
        if (have < 4)
            return false;
        size = (size_t)data[2] << 8 | data[3];
        at = 4;
    } else if (size == 127) {
        if (have < 10)
            return false;
        size = 0;
        for (int byte = 2; byte < 10; byte++)
            size = size << 8 | data[byte];
        at = 10;
    }
    const uint8_t *mask = data + at;
    if (masked)
        at += 4;
    if (have < at || have - at < size)
        return false;
    if (!(data[0] & 0x80)) {
        errno = 0;
        die("A fragment came: no server that is measured here sends any.");
    }
    if (masked)
        for (size_t byte = 0; byte < size; byte++)
            data[at + byte] ^= mask[byte & 3];
    *found = (struct frame){data[0] & 0x0f, data + at, size, at + size};
    return true;
}

size_t head_size(const uint8_t *data, size_t have)
{
    const uint8_t *end = memmem(data, have, "\r\n\r\n", 4);
    return end ? (size_t)(end - data) + 4 : 0;
}

const char *behind(const char *text, size_t size, const char *key)
{
    size_t length = strlen(key);
    const char *found = memmem(text, size, key, length);
    return found ? found + length : NULL;
}

uint64_t number_behind(const char *text, size_t size, const char *key, uint64_t otherwise)
{
    const char *at = behind(text, size, key);
    if (at && at < text + size && *at == ' ')
        at++;
    if (!at || at == text + size || *at < '0' || *at > '9')
        return otherwise;
    uint64_t number = 0;
    for (; at < text + size && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

const char *type_of(const char *text, size_t size)
{
    static const char start[] = "{\"type\":";
    size_t at = sizeof start - 1;
    if (size < at + 4 || memcmp(text, start, at))
        return "";
    at += text[at] == ' ';
    return text + at + 1;
}
