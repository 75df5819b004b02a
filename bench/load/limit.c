/* What a fan-out costs at the least with one system call a delivery: limit FRAME_BYTES
 *
 * Prints the port that it listens on. Every socket that asks is in; each text with a line in it goes to all of them by a plain loop of
 * send(), in a frame of that many bytes that is made once. Sockets block: what a client has not read yet is waited for, so nothing is lost.
 */
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

#include "wire.h"

enum { MOST = 20000, BUFFER = 64 * 1024, BATCH = 64 };

static const char ACCEPTED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
static const char WELCOME[] = "{\"type\":\"welcome\"}";
static int members[MOST], count, loop;
static size_t frame_bytes;

static void leave(int fd)
{
    for (int index = 0; index < count; index++)
        if (members[index] == fd)
            members[index--] = members[--count];
    close(fd);
}

static void put(int fd, const void *data, size_t size)
{
    /* A socket that is gone tells so where it is read. */
    if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size && errno != EPIPE && errno != ECONNRESET)
        die("send");
}

/* The line in an envelope as large as a room's, to everybody. */
static void fan_out(const char *line, size_t size)
{
    static char text[BUFFER];
    static uint8_t out[BUFFER + 14];
    int head = snprintf(text, sizeof text, "{\"type\":\"events\",\"text\":\"%.*s\",\"pad\":\"", (int)size, line);
    while ((size_t)head + 2 < frame_bytes)
        text[head++] = '.';
    memcpy(text + head, "\"}", 2);
    size_t whole = put_frame(out, TEXT, text, (size_t)head + 2, false);
    for (int index = 0; index < count; index++)
        put(members[index], out, whole);
}

static void take(int fd, const struct frame *frame)
{
    uint8_t out[64];
    const char *text = (const char *)frame->payload, *line = behind(text, frame->size, "\"text\":\"");
    if (line) {
        const char *end = memchr(line, '"', (size_t)(text + frame->size - line));
        fan_out(line, (size_t)(end - line));
    } else if (behind(text, frame->size, "room.join") && count < MOST) {
        members[count++] = fd;
        put(fd, out, put_frame(out, TEXT, WELCOME, sizeof WELCOME - 1, false));
    }
}

static void hear(int fd)
{
    static uint8_t data[BUFFER];
    struct frame frame;
    ssize_t have = recv(fd, data, sizeof data, MSG_DONTWAIT), at = 0;
    if (have <= 0) {
        if (have == 0 || errno != EAGAIN)
            leave(fd);
        return;
    }
    if (!memcmp(data, "GET ", 4)) {
        /* Nobody looks at the key: what is measured is not the handshake. */
        put(fd, ACCEPTED, sizeof ACCEPTED - 1);
        at = (ssize_t)head_size(data, (size_t)have);
    }
    /* A client's frames are short and sent whole. */
    for (; at < have && take_frame(data + at, (size_t)(have - at), &frame); at += (ssize_t)frame.whole)
        take(fd, &frame);
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static int listening(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) || listen(fd, 4096) || getsockname(fd, (struct sockaddr *)&here, &size))
        die("listen");
    printf("%u\n", ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct epoll_event events[BATCH];
    int yes = 1;
    if (argc != 2) {
        fprintf(stderr, "limit FRAME_BYTES\n");
        return 2;
    }
    frame_bytes = (size_t)atoi(argv[1]) < BUFFER - 2 ? (size_t)atoi(argv[1]) : BUFFER - 2;
    loop = epoll_create1(0);
    int door = listening();
    watch(door);
    for (;;) {
        int ready = epoll_wait(loop, events, BATCH, -1);
        for (int index = 0; index < ready; index++) {
            int fd = events[index].data.fd;
            if (fd != door) {
                hear(fd);
                continue;
            }
            fd = accept(door, NULL, NULL);
            if (fd >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                watch(fd);
            }
        }
    }
}
