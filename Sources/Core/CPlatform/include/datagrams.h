#pragma once
// UDP as Swift can call it: plain integers in, a value or a negative errno out.

#include <poll.h>
#include "sockets.h"

/// A non-blocking, bound socket.
static inline int squilla_datagram_open(const struct squilla_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = squilla_address_to_sockaddr(address, &storage);
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    // An answer leaves from the family that was asked.
    if (storage.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&storage, length) == 0) return fd;
    int code = errno;
    close(fd);
    return -code;
}

/// One datagram, cut to `capacity`, and where it came from.
static inline long squilla_datagram_receive(int fd, void *bytes, long capacity, struct squilla_address *from) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    long result = recvfrom(fd, bytes, (size_t)capacity, MSG_DONTWAIT, (struct sockaddr *)&storage, &length);
    if (result < 0) return -(long)errno;
    squilla_address_from_sockaddr((struct sockaddr *)&storage, from);
    return result;
}

static inline long squilla_datagram_send(int fd, const void *bytes, long count, const struct squilla_address *to) {
    struct sockaddr_storage storage;
    socklen_t length = squilla_address_to_sockaddr(to, &storage);
    long result = sendto(fd, bytes, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&storage, length);
    return result < 0 ? -(long)errno : result;
}

/// 1 when there is something to read within the time, 0 when there isn't.
static inline int squilla_wait_readable(int fd, int timeout_milliseconds) {
    struct pollfd waiting = {fd, POLLIN, 0};
    int count = poll(&waiting, 1, timeout_milliseconds);
    return count < 0 ? -errno : count;
}
