/* A load client for room servers on loopback: client PORT HOST PATH COMMAND MOST
 *
 * It takes orders on its standard input, one a line, and answers each with one line of JSON. COMMAND is what a line is said with, MOST how
 * many sockets there may be at once.
 *
 *   open COUNT IN_FLIGHT          open so many sockets and join with them, so many on their way at once
 *   hold COUNT IN_FLIGHT          open them and do not join yet
 *   join                          join with those that were held
 *   say RATE SECONDS BYTES        say so many lines a second, evenly, and wait until everybody has them or nothing more comes
 *   input RATE SECONDS TEXT       send so many texts a second with each socket, evenly spread; # in it becomes a number that rises
 *   ask KEY TEXT                  send a text with the first socket; answers the number behind KEY in the reply
 *   stall COUNT BYTES             open sockets that read nothing once they are in, with so small a receive buffer
 *   thaw SECONDS                  let them read, until they have all lines, or so long; then close them
 *   storm RATE SECONDS            all are about to be lost: say a few lines all the while, until everybody is back
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "answer.h"
#include "crowd.h"
#include "link.h"
#include "wire.h"

static const uint64_t SECOND = 1000000000u;
/* A server that sent nothing for QUIET has sent all it will; LIMIT is for opening, TAIL for what is still on its way. */
static const uint64_t QUIET_NS = 2000000000u, LIMIT_S = 120, TAIL_S = 60;

static struct histogram unpunctual;

static void begin(void)
{
    int64_t owed = crowd.tally.owed;
    crowd.tally = (struct tally){.owed = owed, .heard_ns = now_ns()};
    unpunctual = (struct histogram){0};
    crowd.refused = crowd.replies = crowd.attempts = crowd.lost = crowd.welcomes = crowd.recovered = crowd.byes = crowd.last_code = 0;
    crowd.first_welcome_ns = crowd.last_welcome_ns = 0;
    crowd.away = (struct histogram){0};
}

static void until_in(unsigned wanted, enum state state)
{
    uint64_t limit = now_ns() + LIMIT_S * SECOND;
    unsigned gone = crowd.in[GONE];
    while (crowd.in[state] + crowd.in[GONE] - gone < wanted && now_ns() < limit)
        crowd_turn(limit);
}

static void order_open(unsigned count, unsigned in_flight, bool hold)
{
    enum state wanted = hold ? HELD : IN;
    unsigned before = crowd.in[wanted];
    crowd.hold = hold;
    crowd.in_flight = in_flight;
    crowd_add(count, false);
    until_in(before + count, wanted);
    put("opened", crowd.in[wanted] - before);
}

static void order_join(void)
{
    unsigned wanted = crowd.in[IN] + crowd.in[HELD];
    crowd.hold = false;
    for (unsigned index = 0; index < crowd.count; index++)
        if (crowd.links[index].state == HELD) {
            link_join(&crowd.links[index]);
            crowd_turn(0);
        }
    until_in(wanted, IN);
}

static void say_next(uint64_t due_ns)
{
    note(&unpunctual, now_ns() - due_ns);
    crowd.said++;
    crowd.tally.owed += crowd.members;
    crowd.tally.heard_ns = now_ns();
    say_line(crowd.said, due_ns);
}

/* Read until everybody has every line, or nothing more comes. */
static void until_settled(int64_t owed_before)
{
    uint64_t limit = now_ns() + TAIL_S * SECOND, now;
    while (crowd.tally.owed > owed_before && (now = now_ns()) < limit && now - crowd.tally.heard_ns < QUIET_NS)
        crowd_turn(crowd.tally.heard_ns + QUIET_NS);
}

static void order_say(double rate, double seconds, size_t bytes)
{
    uint64_t began = now_ns(), lines = (uint64_t)(rate * seconds + 0.5);
    int64_t owed_before = crowd.tally.owed;
    crowd.line_bytes = bytes;
    for (uint64_t index = 0; index < lines;) {
        uint64_t due_ns = began + (uint64_t)((double)index * 1e9 / rate);
        if (now_ns() >= due_ns) {
            say_next(due_ns);
            index++;
        }
        crowd_turn(due_ns);
    }
    /* A rate is kept to its end: the last line's time counts as well. */
    uint64_t end = began + (uint64_t)(seconds * 1e9);
    while (now_ns() < end)
        crowd_turn(end);
    until_settled(owed_before);
    put("lines", (int64_t)lines);
    put_tally(&crowd.tally, owed_before);
    put_ms("late_ms", &crowd.tally.late);
    put_ms("sender_late_ms", &unpunctual);
}

/* A copy of `text` with `number` for the first #. Returns its length. */
static size_t filled(char *out, size_t most, const char *text, uint64_t number)
{
    const char *mark = strchr(text, '#');
    int length = mark ? snprintf(out, most, "%.*s%llu%s", (int)(mark - text), text, (unsigned long long)number, mark + 1)
                      : snprintf(out, most, "%s", text);
    return (size_t)length < most ? (size_t)length : most - 1;
}

static void order_input(double rate, double seconds, const char *text)
{
    char out[1024];
    uint64_t began = now_ns(), sent = 0, total = (uint64_t)(rate * seconds * crowd.count + 0.5);
    double pause_ns = 1e9 / rate / crowd.count;
    for (uint64_t index = 0; index < total;) {
        uint64_t due_ns = began + (uint64_t)((double)index * pause_ns), now = now_ns();
        if (now >= due_ns) {
            struct link *link = &crowd.links[index % crowd.count];
            note(&unpunctual, now - due_ns);
            sent += link_say(link, out, filled(out, sizeof out, text, ++link->ref));
            index++;
        }
        crowd_turn(due_ns);
    }
    put("sent", (int64_t)sent);
    put_ms("sender_late_ms", &unpunctual);
}

static void order_ask(const char *key, const char *text)
{
    char out[1024], quoted[64];
    uint64_t limit = now_ns() + TAIL_S * SECOND;
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    crowd.key = quoted;
    crowd.value = UINT64_MAX;
    link_say(&crowd.links[0], out, filled(out, sizeof out, text, ++crowd.links[0].ref));
    while (crowd.value == UINT64_MAX && now_ns() < limit)
        crowd_turn(limit);
    crowd.key = NULL;
    put("value", (int64_t)crowd.value);
}

static void order_stall(unsigned count, int bytes)
{
    crowd.hold = false;
    crowd.deafen = true;
    crowd.in_flight = count;
    crowd.small_rcvbuf = bytes;
    unsigned wanted = crowd.in[IN] + count;
    crowd_add(count, true);
    until_in(wanted, IN);
}

static void order_thaw(double seconds)
{
    uint64_t limit = now_ns() + (uint64_t)(seconds * 1e9), short_of = 1;
    crowd.stalled = (struct tally){0};
    crowd.deafen = false;
    for (unsigned index = 0; index < crowd.count; index++)
        if (crowd.links[index].stalled)
            link_thaw(&crowd.links[index]);
    while (short_of && now_ns() < limit) {
        crowd_turn(now_ns() + SECOND / 100);
        short_of = 0;
        for (unsigned index = 0; index < crowd.count; index++)
            if (crowd.links[index].stalled && crowd.links[index].state != GONE)
                short_of += crowd.said - crowd.links[index].sight.number;
    }
    for (unsigned index = 0; index < crowd.count; index++)
        if (crowd.links[index].stalled && crowd.links[index].state != GONE)
            link_end(&crowd.links[index]);
    put_tally(&crowd.stalled, 0);
    put("missing", (int64_t)short_of);
}

static unsigned not_back(void)
{
    unsigned found = 0;
    for (unsigned index = 0; index < crowd.count; index++)
        found += !crowd.links[index].back && crowd.links[index].state != GONE;
    return found;
}

static void order_storm(double rate, double seconds)
{
    uint64_t began = now_ns(), limit = began + (uint64_t)(seconds * 1e9), lines = 0;
    int64_t owed_before = crowd.tally.owed;
    for (unsigned index = 0; index < crowd.count; index++)
        crowd.links[index].back = false;
    while ((crowd.welcomes < crowd.members || not_back() || crowd.in[IN] + crowd.in[GONE] < crowd.count) && now_ns() < limit) {
        uint64_t due_ns = began + (uint64_t)((double)lines * 1e9 / rate);
        if (now_ns() >= due_ns) {
            say_next(due_ns);
            lines++;
        }
        crowd_turn(due_ns);
    }
    put("first_welcome_ns", (int64_t)crowd.first_welcome_ns);
    put("last_welcome_ns", (int64_t)crowd.last_welcome_ns);
    put("welcomes", (int64_t)crowd.welcomes);
    put("recovered", (int64_t)crowd.recovered);
    say_next(now_ns());
    until_settled(owed_before);
    put("lines", (int64_t)lines + 1);
    put_tally(&crowd.tally, owed_before);
    put_ms("away_ms", &crowd.away);
}

static void obey(char *line)
{
    unsigned count, in_flight;
    double rate, seconds;
    char key[48];
    int at = 0;
    uint64_t began = now_ns();
    begin();
    printf("{");
    if (sscanf(line, "open %u %u", &count, &in_flight) == 2)
        order_open(count, in_flight, false);
    else if (sscanf(line, "hold %u %u", &count, &in_flight) == 2)
        order_open(count, in_flight, true);
    else if (!strcmp(line, "join"))
        order_join();
    else if (sscanf(line, "say %lf %lf %u", &rate, &seconds, &count) == 3)
        order_say(rate, seconds, count);
    else if (sscanf(line, "input %lf %lf %n", &rate, &seconds, &at) == 2 && at)
        order_input(rate, seconds, line + at);
    else if (sscanf(line, "ask %47s %n", key, &at) == 1 && at)
        order_ask(key, line + at);
    else if (sscanf(line, "stall %u %u", &count, &in_flight) == 2)
        order_stall(count, (int)in_flight);
    else if (sscanf(line, "thaw %lf", &seconds) == 1)
        order_thaw(seconds);
    else if (sscanf(line, "storm %lf %lf", &rate, &seconds) == 2)
        order_storm(rate, seconds);
    else
        die("there is no such order");
    put_links();
    printf("\"seconds\": %.6f}\n", (double)(now_ns() - began) / 1e9);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[1024];
    if (argc != 6) {
        fprintf(stderr, "client PORT HOST PATH COMMAND MOST\n");
        return 2;
    }
    /* Linux lets a sleeper sleep 50 us longer than asked; six thousand texts a second leave 167. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    crowd_start(argv[2], (uint16_t)atoi(argv[1]), argv[3], argv[4], (unsigned)atoi(argv[5]));
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        errno = 0;
        obey(line);
    }
    return 0;
}
