/* What comes over a link. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "link.h"
#include "wire.h"

/* LARGEST: of a frame; a welcome after a long absence has some hundred kilobytes. */
enum { READ = 256 * 1024, LARGEST = 16 * 1024 * 1024, RESEND = 100 };

static uint8_t shared[LARGEST];

static void welcome(struct link *link, const char *text, size_t size, uint64_t now)
{
    const char *at = behind(text, size, "\"position\":[");
    if (at) {
        char *next;
        link->epoch = strtoull(at, &next, 10);
        link->seq = strtoull(next + 1, NULL, 10);
    }
    struct tally *tally = link->stalled ? &crowd.stalled : &crowd.tally;
    take_lines(tally, &link->sight, text, size, now, false, !link->known);
    crowd.welcomes++;
    crowd.recovered += behind(text, size, "\"recovered\":true") != NULL;
    crowd.last_welcome_ns = now;
    if (!crowd.first_welcome_ns)
        crowd.first_welcome_ns = now;
    if (link->left_ns)
        note(&crowd.away, now - link->left_ns);
    if (!link->known && !link->stalled)
        crowd.members++;
    link->failures = link->slow = 0;
    link->left_ns = 0;
    link->known = link->back = true;
    link_become(link, IN);
    if (link->stalled && crowd.deafen) {
        link_watch(link, EPOLL_CTL_DEL, 0);
        link->deaf = true;
    }
    /* Section 5: what had no reply goes again, in order, with its old ref. */
    if (link == crowd.links && crowd.replied)
        for (uint64_t number = crowd.replied + 1; number <= crowd.said && number <= crowd.replied + RESEND; number++)
            say_line(number, now);
}

/* The position behind a message of events: `epoch` stands before them, and `seq` first in each. */
static void move_on(struct link *link, const char *text, size_t size)
{
    static const char first[] = "{\"seq\":";
    const char *at = text + size;
    while ((at = memrchr(text, '{', (size_t)(at - text)))) {
        if ((size_t)(text + size - at) > sizeof first && !memcmp(at, first, sizeof first - 1)) {
            link->seq = strtoull(at + sizeof first - 1, NULL, 10);
            link->epoch = number_behind(text, size, "\"epoch\":", link->epoch);
            return;
        }
    }
}

static void reply(struct link *link, const char *text, size_t size)
{
    bool refused = behind(text, size, "\"ok\":false") != NULL;
    crowd.replies++;
    crowd.refused += refused;
    if (link != crowd.links)
        return;
    if (crowd.key)
        crowd.value = number_behind(text, size, crowd.key, UINT64_MAX);
    crowd.replied = number_behind(text, size, "\"ref\":", 0);
    /* Nobody gets what was refused. */
    if (refused)
        crowd.tally.owed -= crowd.members;
}

/* False when the link is not what it was: what else came over it is not read. */
static bool message(struct link *link, const char *text, size_t size, uint64_t now)
{
    const char *type = type_of(text, size);
    if (!strncmp(type, "events\"", 7)) {
        struct tally *tally = link->stalled ? &crowd.stalled : &crowd.tally;
        tally->frames++;
        tally->bytes += size;
        take_lines(tally, &link->sight, text, size, now, true, false);
        move_on(link, text, size);
    } else if (!strncmp(type, "reply\"", 6)) {
        reply(link, text, size);
    } else if (!strncmp(type, "welcome\"", 8)) {
        welcome(link, text, size, now);
    } else if (!strncmp(type, "bye\"", 4)) {
        crowd.byes++;
        crowd.last_code = number_behind(text, size, "\"code\":", 0);
        link_lose(link, number_behind(text, size, "\"retry_ms\":", 0), now);
        if (crowd.last_code >= 4500)
            link_become(link, GONE);
        return false;
    }
    return true;
}

static bool take(struct link *link, struct frame *frame, uint64_t now)
{
    if (frame->opcode == TEXT)
        return message(link, (const char *)frame->payload, frame->size, now);
    if (frame->opcode == PING)
        link_send(link, PONG, frame->payload, frame->size);
    if (frame->opcode != CLOSE)
        return true;
    crowd.last_code = frame->size >= 2 ? (uint64_t)frame->payload[0] << 8 | frame->payload[1] : 1005;
    link_lose(link, 0, now);
    return false;
}

/* Take what is whole out of the shared buffer; what is not goes to the link. */
static void take_all(struct link *link, size_t have, uint64_t now)
{
    size_t at = 0;
    struct frame frame;
    if (link->state == SHAKING) {
        at = head_size(shared, have);
        if (at && memcmp(shared, "HTTP/1.1 101", 12)) {
            link_lose(link, 0, now);
            return;
        }
        if (at && crowd.hold)
            link_become(link, HELD);
        else if (at)
            link_join(link);
    }
    while (link->state != SHAKING && take_frame(shared + at, have - at, &frame)) {
        at += frame.whole;
        if (!take(link, &frame, now))
            return;
    }
    link->rest_size = have - at;
    if (link->rest_size) {
        link->rest = malloc(link->rest_size);
        if (!link->rest)
            die("no memory");
        memcpy(link->rest, shared + at, link->rest_size);
    }
}

void link_hear(struct link *link, uint64_t now)
{
    size_t have = link->rest_size;
    if (have + READ > LARGEST)
        die("a frame is larger than any should be");
    if (have) {
        memcpy(shared, link->rest, have);
        free(link->rest);
        link->rest = NULL;
        link->rest_size = 0;
    }
    ssize_t got = recv(link->fd, shared + have, READ, MSG_DONTWAIT);
    if (got <= 0 && (got == 0 || errno != EAGAIN)) {
        link_lose(link, 0, now);
        return;
    }
    take_all(link, have + (got > 0 ? (size_t)got : 0), now);
}
