#define _GNU_SOURCE
#include "tally.h"

#include <string.h>

const uint64_t IN_TIME_NS = 1000000000u;

void note(struct histogram *histogram, uint64_t ns)
{
    unsigned octave = 63 - (unsigned)__builtin_clzll(ns | STEPS);
    unsigned step = (unsigned)(ns >> (octave - 5)) & (STEPS - 1);
    histogram->bucket[octave * STEPS + step]++;
    histogram->count++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

double percentile(const struct histogram *histogram, double share)
{
    uint64_t below = 0, wanted = (uint64_t)((double)histogram->count * share);
    for (unsigned index = 0; index < BUCKETS; index++) {
        below += histogram->bucket[index];
        if (below > wanted) {
            unsigned octave = index / STEPS;
            double bottom = (double)(1ull << octave) / STEPS * (STEPS + index % STEPS + 0.5);
            double max_ns = (double)histogram->max_ns;
            return (bottom < max_ns ? bottom : max_ns) / 1e6;
        }
    }
    return 0;
}

static void come(struct tally *tally, struct sight *sight, uint64_t number)
{
    if (number > sight->number) {
        uint64_t ahead = number - sight->number;
        sight->seen = ahead < 64 ? sight->seen << ahead | 1 : 1;
        sight->number = number;
    } else {
        uint64_t back = sight->number - number;
        if (back >= 64 || sight->seen >> back & 1) {
            tally->repeated++;
            return;
        }
        sight->seen |= 1ull << back;
        tally->disordered++;
    }
    tally->lines++;
    tally->owed--;
}

void take_lines(struct tally *tally, struct sight *sight, const char *text, size_t size, uint64_t now, bool live, bool first)
{
    const char *end = text + size, *at = text;
    while ((at = memchr(at, '@', (size_t)(end - at)))) {
        bool opens = at > text && at[-1] == '"';
        at++;
        if (!opens)
            continue;
        uint64_t said_ns = 0, number = 0;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            said_ns = said_ns * 10 + (uint64_t)(*at - '0');
        if (at == end || *at != ',')
            continue;
        for (at++; at < end && *at >= '0' && *at <= '9'; at++)
            number = number * 10 + (uint64_t)(*at - '0');
        if (first) {
            *sight = (struct sight){number, ~0ull};
            continue;
        }
        come(tally, sight, number);
        tally->heard_ns = now;
        if (live) {
            uint64_t late_ns = now > said_ns ? now - said_ns : 0;
            note(&tally->late, late_ns);
            tally->in_time += late_ns <= IN_TIME_NS;
        }
    }
}
