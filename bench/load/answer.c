#include "answer.h"

#include <stdio.h>

#include "crowd.h"

void put(const char *name, int64_t value)
{
    printf("\"%s\": %lld, ", name, (long long)value);
}

void put_ms(const char *name, const struct histogram *histogram)
{
    printf("\"%s\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}, ", name, percentile(histogram, 0.5), percentile(histogram, 0.99),
           (double)histogram->max_ns / 1e6);
}

void put_tally(const struct tally *tally, int64_t owed_before)
{
    put("delivered", (int64_t)tally->lines);
    put("lost", tally->owed - owed_before);
    put("repeated", (int64_t)tally->repeated);
    put("disordered", (int64_t)tally->disordered);
    put("in_time", (int64_t)tally->in_time);
    put("frames", (int64_t)tally->frames);
    put("bytes", (int64_t)tally->bytes);
}

void put_links(void)
{
    put("in", crowd.in[IN]);
    put("members", crowd.members);
    put("gone", crowd.in[GONE]);
    put("attempts", (int64_t)crowd.attempts);
    put("drops", (int64_t)crowd.lost);
    put("byes", (int64_t)crowd.byes);
    put("last_code", (int64_t)crowd.last_code);
    put("replies", (int64_t)crowd.replies);
    put("refused", (int64_t)crowd.refused);
}
