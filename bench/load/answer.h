/* Members of the object that answers an order; whoever opens and closes it puts its braces. */
#ifndef ANSWER_H
#define ANSWER_H

#include "tally.h"

void put(const char *name, int64_t value);

/* Median, 99th percentile and the largest. */
void put_ms(const char *name, const struct histogram *histogram);

/* What came of lines, beside those that had not come before. */
void put_tally(const struct tally *tally, int64_t owed_before);

/* How many links are in, and what became of them since the order was given. */
void put_links(void);

#endif
