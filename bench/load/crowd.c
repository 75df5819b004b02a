/* The loop over all links. */
#define _GNU_SOURCE
#include "crowd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "link.h"
#include "wire.h"

static const uint64_t MS = 1000000u, SECOND = 1000000000u;
/* Sockets between two looks at the clock: a line must not be late because five thousand sockets can be read. */
enum { BATCH = 64 };

struct crowd crowd;
static unsigned most_links;
static int loop;
static uint64_t looked_ns;

void link_become(struct link *link, enum state state)
{
    crowd.in[link->state]--;
    crowd.in[state]++;
    link->state = state;
}

void crowd_start(const char *host, uint16_t port, const char *path, const char *say, unsigned most)
{
    crowd.host = host;
    crowd.port = port;
    crowd.path = path;
    crowd.say = say;
    crowd.links = calloc(most, sizeof *crowd.links);
    most_links = most;
    loop = epoll_create1(EPOLL_CLOEXEC);
    if (!crowd.links || loop < 0)
        die("no memory");
    srandom((unsigned)getpid());
}

void crowd_add(unsigned count, bool stalled)
{
    if (count > most_links - crowd.count) {
        errno = 0;
        die("more sockets than were allowed");
    }
    for (; count; count--) {
        struct link *link = &crowd.links[crowd.count++];
        *link = (struct link){.fd = -1, .state = NEW, .stalled = stalled};
        crowd.in[NEW]++;
    }
}

void link_watch(struct link *link, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = link};
    if (epoll_ctl(loop, operation, link->fd, &event))
        die("epoll_ctl");
}

/* Whether no link is on its way, or will be. */
static bool settled(void)
{
    return !(crowd.in[NEW] + crowd.in[CONNECTING] + crowd.in[SHAKING] + crowd.in[JOINING] + crowd.in[AWAY]);
}

/* Open what is new, bring back what is due, give up what takes too long. */
static void look_after(uint64_t now)
{
    unsigned coming = crowd.in[CONNECTING] + crowd.in[SHAKING] + crowd.in[JOINING];
    if (now - looked_ns < MS || settled())
        return;
    looked_ns = now;
    for (unsigned index = 0; index < crowd.count; index++) {
        struct link *link = &crowd.links[index];
        if (link->state == NEW && coming < crowd.in_flight) {
            link_open(link, now);
            coming++;
        } else if (link->state == AWAY && now >= link->due_ns) {
            link_open(link, now);
        } else if ((link->state == CONNECTING || link->state == SHAKING || link->state == JOINING) && now >= link->due_ns) {
            if (link->state == JOINING)
                link->slow++;
            link_lose(link, 0, now);
        }
    }
}

void crowd_turn(uint64_t until_ns)
{
    struct epoll_event events[BATCH];
    uint64_t now = now_ns();
    look_after(now);
    int ready = epoll_wait(loop, events, BATCH, 0);
    if (!ready && now < until_ns) {
        uint64_t wait_ns = settled() || until_ns - now < MS ? until_ns - now : MS;
        struct timespec wait = {.tv_sec = (time_t)(wait_ns / SECOND), .tv_nsec = (long)(wait_ns % SECOND)};
        struct pollfd polled = {.fd = loop, .events = POLLIN};
        /* epoll_wait counts in milliseconds, and a socket's turn comes several times in one. */
        ppoll(&polled, 1, &wait, NULL);
        ready = epoll_wait(loop, events, BATCH, 0);
    }
    for (int index = 0; index < ready; index++) {
        struct link *link = events[index].data.ptr;
        if (link->state == CONNECTING)
            link_shake(link, now_ns());
        else
            link_hear(link, now_ns());
    }
}

