/* One socket of the crowd. */
#ifndef LINK_H
#define LINK_H

#include "crowd.h"

/* Send a text to the server. False if the link is not in. */
bool link_say(struct link *link, const char *text, size_t size);

/* Join with a link that is HELD. */
void link_join(struct link *link);

/* Say line `number` of `line_bytes` with the first link; it was due at `due_ns`. */
void say_line(uint64_t number, uint64_t due_ns);

/* Let a stalled link read again. */
void link_thaw(struct link *link);

/* Close a link for good. */
void link_end(struct link *link);

/* The connection is lost, or was no good: come back after what the server asked for, else after a random time that grows. */
void link_lose(struct link *link, uint64_t retry_ms, uint64_t now);

/* The steps of its way: connect; send the handshake once connected; take what has come. */
void link_open(struct link *link, uint64_t now);
void link_shake(struct link *link, uint64_t now);
void link_hear(struct link *link, uint64_t now);

/* Send a frame. A server that takes nothing more from a client that says little ends the run. */
void link_send(struct link *link, int opcode, const void *payload, size_t size);

/* The crowd's books, and its loop: operation and events are those of epoll_ctl. */
void link_become(struct link *link, enum state state);
void link_watch(struct link *link, int operation, uint32_t events);

#endif
