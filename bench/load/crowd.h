/* Many sockets of one process in one room. They come back by themselves, as docs/protocol.md says a client must (sections 5 and 6). */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally.h"

/* HELD: an open socket that has not joined, because it was told to wait. AWAY: it comes back at `due_ns`. GONE: it was told not to. */
enum state { NEW, CONNECTING, SHAKING, HELD, JOINING, IN, AWAY, GONE, STATES };

/* due_ns: when an AWAY one comes back, and when the patience of one on its way ends. left_ns: when it was lost. epoch, seq: its position.
 * known: it was welcomed before. back: welcomed since the storm began. stalled: it is to read nothing once it is in. deaf: it does so now.
 * rest: the part of a frame that has come. */
struct link {
    int fd;
    enum state state;
    uint64_t due_ns, left_ns;
    uint64_t epoch, seq;
    uint64_t ref;
    struct sight sight;
    uint8_t failures, slow;
    bool known, back, stalled, deaf;
    uint8_t *rest;
    size_t rest_size;
};

/* in_flight: how many may be on their way in at once while they come for the first time. members: links that have been in, without stalled
 * ones. hold: do not join yet. deafen: stalled ones read nothing from their welcome on. said: the number of the last line; replied: of the
 * last one that had its reply. key, value: a number that is looked for in the replies to the first link. away: from the loss of a
 * socket to its next welcome. */
struct crowd {
    const char *host, *path, *say;
    uint16_t port;
    unsigned count, in_flight, in[STATES], members;
    int small_rcvbuf;
    bool hold, deafen;
    size_t line_bytes;
    struct link *links;
    uint64_t said, replied, refused, replies;
    uint64_t attempts, lost, welcomes, recovered, byes, last_code, last_welcome_ns, first_welcome_ns;
    const char *key;
    uint64_t value;
    struct tally tally, stalled;
    struct histogram away;
};

extern struct crowd crowd;

/* Make room for so many links and set the loop up. */
void crowd_start(const char *host, uint16_t port, const char *path, const char *say, unsigned most);

/* Add links that are NEW; `crowd_turn` opens them, `in_flight` at once. */
void crowd_add(unsigned count, bool stalled);

/* Handle what has come, a bounded part of it, or wait for something until `until_ns`. */
void crowd_turn(uint64_t until_ns);

#endif
