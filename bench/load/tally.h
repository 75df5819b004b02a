/* What came of the lines that were said: how many, in which order, how late. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Thirty-two buckets an octave: a percentile is right to 3%. */
enum { STEPS = 32, BUCKETS = 64 * STEPS };

struct histogram {
    uint64_t bucket[BUCKETS], count, max_ns;
};

/* owed: lines that were said and have not come, over all sockets that wait for them. */
struct tally {
    uint64_t frames, bytes, lines, repeated, disordered, in_time;
    int64_t owed;
    uint64_t heard_ns;
    struct histogram late;
};

/* What one socket has seen. number: of the last line; bit i of `seen`: whether line `number - i` has come. */
struct sight {
    uint64_t number, seen;
};

/* A line is in time that comes within this. */
extern const uint64_t IN_TIME_NS;

void note(struct histogram *histogram, uint64_t ns);
/* In ms. */
double percentile(const struct histogram *histogram, double share);

/* Take every line out of a message: "@<ns when it was due>,<number>. live: it came as it was said, so that its delay counts;
 * first: nothing was seen before, and what comes is where the count begins. */
void take_lines(struct tally *tally, struct sight *sight, const char *text, size_t size, uint64_t now, bool live, bool first);

#endif
