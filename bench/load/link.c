/* The way of one link into the room, and out of it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "wire.h"

/* From docs/protocol.md, sections 1 and 6. */
static const uint64_t MS = 1000000u, HANDSHAKE_MS = 8000, WELCOME_MS = 10000, FIRST_MS = 300, MOST_MS = 15000;
enum { MAX_LINE = 2200 };

static void hang_up(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    free(link->rest);
    link->fd = -1;
    link->rest = NULL;
    link->rest_size = 0;
    link->deaf = false;
}

void link_lose(struct link *link, uint64_t retry_ms, uint64_t now)
{
    hang_up(link);
    if (link->state == IN) {
        crowd.lost++;
        link->left_ns = now;
    }
    if (!retry_ms) {
        uint64_t most_ms = FIRST_MS << (link->failures < 10 ? link->failures : 10);
        retry_ms = (uint64_t)random() % (most_ms < MOST_MS ? most_ms : MOST_MS);
    }
    if (link->failures < 255)
        link->failures++;
    link->due_ns = now + retry_ms * MS;
    link_become(link, AWAY);
}

void link_send(struct link *link, int opcode, const void *payload, size_t size)
{
    uint8_t out[16 * 1024 + 14];
    size_t whole = put_frame(out, opcode, payload, size, true);
    ssize_t sent = send(link->fd, out, whole, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)whole || (sent < 0 && (errno == EPIPE || errno == ECONNRESET)))
        return;
    die("the server does not read what it is sent");
}

void link_open(struct link *link, uint64_t now)
{
    int yes = 1, mss = 1400;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(crowd.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        die("socket");
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (link->stalled) {
        /* What the kernel keeps for a peer grows with its segments, and those of loopback are fifty times those of a real line. */
        setsockopt(link->fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss);
        setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &crowd.small_rcvbuf, sizeof crowd.small_rcvbuf);
    }
    crowd.attempts++;
    link->due_ns = now + HANDSHAKE_MS * MS;
    link_become(link, CONNECTING);
    if (connect(link->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        link_lose(link, 0, now);
    else
        link_watch(link, EPOLL_CTL_ADD, EPOLLOUT);
}

void link_shake(struct link *link, uint64_t now)
{
    char head[1024];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        link_lose(link, 0, now);
        return;
    }
    int length = snprintf(head, sizeof head,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyAxNg==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          crowd.path, crowd.host);
    if (send(link->fd, head, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length) {
        link_lose(link, 0, now);
        return;
    }
    link_become(link, SHAKING);
    link_watch(link, EPOLL_CTL_MOD, EPOLLIN);
}

void link_join(struct link *link)
{
    char text[256], position[64] = "";
    if (link->known)
        snprintf(position, sizeof position, ",\"position\":[%llu,%llu]", (unsigned long long)link->epoch, (unsigned long long)link->seq);
    int length = snprintf(text, sizeof text, "{\"cmd\":\"room.join\",\"v\":1,\"sid\":\"load-%010u-%010u\"%s}", (unsigned)getpid(),
                          (unsigned)(link - crowd.links), position);
    link->due_ns = now_ns() + (WELCOME_MS << (link->slow < 3 ? link->slow : 3)) * MS;
    link_become(link, JOINING);
    link_send(link, TEXT, text, (size_t)length);
}

bool link_say(struct link *link, const char *text, size_t size)
{
    if (link->state != IN)
        return false;
    link_send(link, TEXT, text, size);
    return true;
}

void say_line(uint64_t number, uint64_t due_ns)
{
    size_t bytes = crowd.line_bytes < MAX_LINE ? crowd.line_bytes : MAX_LINE;
    char text[MAX_LINE + 256];
    int at = snprintf(text, sizeof text, "{\"cmd\":\"%s\",\"ref\":%llu,\"text\":\"", crowd.say, (unsigned long long)number);
    size_t start = (size_t)at;
    at += snprintf(text + at, sizeof text - (size_t)at, "@%llu,%llu ", (unsigned long long)due_ns, (unsigned long long)number);
    /* A line has 500 characters at most: a longer one is of characters with four bytes. */
    const char *pad = bytes > 500 ? "\xf0\x9f\x8c\x8a" : "~";
    size_t step = strlen(pad);
    for (; (size_t)at - start + step <= bytes; at += (int)step)
        memcpy(text + at, pad, step);
    memcpy(text + at, "\"}", 2);
    link_say(&crowd.links[0], text, (size_t)at + 2);
}

void link_thaw(struct link *link)
{
    if (link->deaf)
        link_watch(link, EPOLL_CTL_ADD, EPOLLIN);
    link->deaf = false;
}

void link_end(struct link *link)
{
    hang_up(link);
    link_become(link, GONE);
}
