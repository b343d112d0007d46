/*
 * An open-loop HTTP/1.1 client: sends GET requests at a fixed rate over a few connections and prints the latency of each, counted from
 * the instant it was scheduled for, so that a proxy that holds everything up for a while is charged for all requests it held up.
 *
 *   open-loop PORT PATH CONNECTIONS RATE SECONDS
 *
 * Prints one line: requests done, then p50, p90, p99 and p99.9 in microseconds. Answers must have a content-length.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, BUFFER = 65536 };

struct connection {
  int fd, busy, used;
  long long scheduled;
  char buffer[BUFFER];
};

static struct connection connections[MAX_CONNECTIONS];
static char request[4096];
static int request_length;
static long long *latencies;
static int done;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "open-loop: %s\n", what);
  exit(1);
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void send_request(struct connection *c, long long scheduled) {
  c->busy = 1;
  c->used = 0;
  c->scheduled = scheduled;
  if (write(c->fd, request, request_length) != request_length) fail("short write");
}

/* Reads what came; true once the whole answer is there. */
static int read_answer(struct connection *c) {
  int n = read(c->fd, c->buffer + c->used, BUFFER - 1 - c->used);
  if (n <= 0) fail("the connection was closed");
  c->used += n;
  c->buffer[c->used] = 0;
  char *body = strstr(c->buffer, "\r\n\r\n");
  if (!body) return 0;
  if (strncmp(c->buffer, "HTTP/1.1 200", 12)) fail("an answer is not 200");
  char *length = strcasestr(c->buffer, "\r\ncontent-length:");
  if (!length || length > body) fail("an answer has no content-length");
  return c->used >= (body + 4 - c->buffer) + atoi(length + 17);
}

static int by_value(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static double percentile(double fraction) { return latencies[(int)(fraction * (done - 1))] / 1000.0; }

int main(int argc, char **argv) {
  if (argc != 6) fail("usage: open-loop PORT PATH CONNECTIONS RATE SECONDS");
  int port = atoi(argv[1]), count = atoi(argv[3]), total = atoi(argv[4]) * atoi(argv[5]);
  long long interval = 1000000000LL / atoi(argv[4]);
  if (count > MAX_CONNECTIONS) fail("too many connections");
  latencies = calloc(total, sizeof *latencies);
  request_length = snprintf(request, sizeof request,
                            "GET %s HTTP/1.1\r\nhost: bench.test\r\nauthorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2ln\r\n"
                            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\naccept: application/json\r\n"
                            "accept-encoding: gzip, deflate, br\r\nuser-agent: bench/1.0\r\nx-tenant: blue\r\n\r\n",
                            argv[2]);
  int poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);
  for (int i = 0; i < count; i++) {
    connections[i].fd = open_connection(port);
    event.data.ptr = &connections[i];
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  long long start = now_ns() + 50000000LL;
  struct itimerspec ticks = {{0, interval}, {start / 1000000000LL, start % 1000000000LL}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &ticks, NULL);
  int sent = 0, next = 0;
  while (done < total) {
    struct epoll_event events[64];
    int n = epoll_wait(poll, events, 64, 10000);
    if (n <= 0) fail("no answer for 10 s");
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) {
        long long expirations;
        if (read(timer, &expirations, sizeof expirations) < 0) continue;
      } else if (read_answer(c)) {
        latencies[done++] = now_ns() - c->scheduled;
        c->busy = 0;
      }
    }
    /* What is due goes out on any idle connection, in turn; the rest waits and its clock runs. */
    long long now = now_ns();
    for (int tries = 0; tries < count && sent < total && start + sent * interval <= now; tries++) {
      struct connection *c = &connections[next++ % count];
      if (!c->busy) send_request(c, start + sent++ * interval);
    }
  }
  qsort(latencies, done, sizeof *latencies, by_value);
  printf("%d %.0f %.0f %.0f %.0f\n", done, percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999));
  return 0;
}
