#pragma once
// Sockets, epoll and eventfd as Swift can call them: plain integers in, a value or a negative errno out.
// Every function is one or two system calls without policy; the policy is in Reactor.

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <arpa/inet.h>

// glibc declares it only under _GNU_SOURCE, which a Swift importer may not have set.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern long syscall(long, ...);

/// An IPv6 address in host order of its two halves, IPv4 as ::ffff:a.b.c.d, with a port in host order.
struct squilla_address {
    uint64_t high;
    uint64_t low;
    uint32_t scope;
    uint16_t port;
};

static inline uint64_t squilla_load_be64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, 8);
    return __builtin_bswap64(value);
}

static inline void squilla_store_be64(uint8_t *bytes, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, 8);
}

static inline int squilla_address_is_v4(const struct squilla_address *address) {
    return address->high == 0 && (address->low >> 32) == 0xffff;
}

static inline socklen_t squilla_address_to_sockaddr(
    const struct squilla_address *address, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof(*storage));
    if (squilla_address_is_v4(address)) {
        struct sockaddr_in *in = (struct sockaddr_in *)storage;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        in->sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    in6->sin6_scope_id = address->scope;
    squilla_store_be64(in6->sin6_addr.s6_addr, address->high);
    squilla_store_be64(in6->sin6_addr.s6_addr + 8, address->low);
    return sizeof(*in6);
}

static inline void squilla_address_from_sockaddr(
    const struct sockaddr *from, struct squilla_address *address) {
    memset(address, 0, sizeof(*address));
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        address->low = 0xffff00000000ull | ntohl(in->sin_addr.s_addr);
        address->port = ntohs(in->sin_port);
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        address->high = squilla_load_be64(in6->sin6_addr.s6_addr);
        address->low = squilla_load_be64(in6->sin6_addr.s6_addr + 8);
        address->scope = in6->sin6_scope_id;
        address->port = ntohs(in6->sin6_port);
    }
}

/// Parses a numeric IPv4 or IPv6 address (no brackets, no port). 0, or -EINVAL.
static inline int squilla_address_parse(const char *text, struct squilla_address *address) {
    struct in_addr in;
    struct in6_addr in6;
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &in) == 1) {
        address->low = 0xffff00000000ull | ntohl(in.s_addr);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &in6) == 1) {
        address->high = squilla_load_be64(in6.s6_addr);
        address->low = squilla_load_be64(in6.s6_addr + 8);
        return 0;
    }
    return -EINVAL;
}

/// Writes the numeric form into `text` (at least INET6_ADDRSTRLEN bytes) and returns its length.
static inline int squilla_address_print(const struct squilla_address *address, char *text, int capacity) {
    struct sockaddr_storage storage;
    squilla_address_to_sockaddr(address, &storage);
    const void *source = squilla_address_is_v4(address)
        ? (const void *)&((struct sockaddr_in *)&storage)->sin_addr
        : (const void *)&((struct sockaddr_in6 *)&storage)->sin6_addr;
    if (!inet_ntop(storage.ss_family, source, text, (socklen_t)capacity)) return -errno;
    return (int)strlen(text);
}

/// Asks the system resolver (blocks). Returns how many addresses were written, or a negative EAI_ code.
static inline int squilla_resolve(const char *host, struct squilla_address *out, int capacity) {
    struct addrinfo hints;
    struct addrinfo *list = 0;
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    int code = getaddrinfo(host, 0, &hints, &list);
    if (code != 0) return code < 0 ? code : -code;
    int count = 0;
    for (struct addrinfo *each = list; each && count < capacity; each = each->ai_next) {
        if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
        squilla_address_from_sockaddr(each->ai_addr, &out[count++]);
    }
    freeaddrinfo(list);
    return count;
}

/// Whether `squilla_resolve` says that there is no such name, or none with an address, rather than that nobody answers.
static inline int squilla_is_no_such_name(int code) {
#ifdef EAI_NODATA
    if (code == EAI_NODATA) return 1;
#endif
    return code == EAI_NONAME || code == 0;
}

/// A non-blocking listening socket with SO_REUSEPORT; accepted sockets inherit TCP_NODELAY.
static inline int squilla_listen(const struct squilla_address *address, int backlog) {
    struct sockaddr_storage storage;
    socklen_t length = squilla_address_to_sockaddr(address, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&storage, length) != 0 || listen(fd, backlog) != 0) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

/// True where another socket already listens on the address (SO_REUSEPORT would hide it). Binds without it.
static inline int squilla_probe_bind(const struct squilla_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = squilla_address_to_sockaddr(address, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int code = bind(fd, (struct sockaddr *)&storage, length) == 0 ? 0 : -errno;
    close(fd);
    return code;
}

static inline int squilla_accept(int listener, struct squilla_address *peer) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    int fd = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    squilla_address_from_sockaddr((struct sockaddr *)&storage, peer);
    return fd;
}

/// The address of a Unix socket; a path that begins with `@` is a name in the abstract space. 0 for one too long.
static inline socklen_t squilla_unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    memset(address, 0, sizeof(*address));
    if (length == 0 || length >= sizeof(address->sun_path)) return 0;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    if (path[0] != '@') return (socklen_t)sizeof(*address);
    address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/// A connected Unix socket, or a negative errno; -EAGAIN where the listener's queue is full.
static inline int squilla_connect_unix(const char *path) {
    struct sockaddr_un address;
    socklen_t length = squilla_unix_address(path, &address);
    if (length == 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, length) != 0) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

/// Sends a datagram to a Unix socket, as far as it can be sent at once. 0, or a negative errno.
static inline int squilla_send_datagram(const char *path, const char *text) {
    struct sockaddr_un address;
    socklen_t length = squilla_unix_address(path, &address);
    if (length == 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    long sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
    int code = sent < 0 ? -errno : 0;
    close(fd);
    return code;
}

/// A listening Unix socket whose file has the permissions `mode`. The file of a socket that nobody listens on any more
/// is replaced.
static inline int squilla_listen_unix(const char *path, int mode, int backlog) {
    struct sockaddr_un address;
    socklen_t length = squilla_unix_address(path, &address);
    if (length == 0) return -ENAMETOOLONG;
    struct stat known;
    if (path[0] != '@' && lstat(path, &known) == 0 && S_ISSOCK(known.st_mode)) {
        int probe = squilla_connect_unix(path);
        if (probe >= 0) close(probe);
        if (probe == -ECONNREFUSED) unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    // The permissions must be right before the first client can connect.
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || (path[0] != '@' && chmod(path, (mode_t)mode) != 0) ||
        listen(fd, backlog) != 0) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

/// Starts a non-blocking connect; the descriptor becomes writable when it is decided.
static inline int squilla_connect(const struct squilla_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = squilla_address_to_sockaddr(address, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&storage, length) != 0 && errno != EINPROGRESS) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

static inline int squilla_local_address(int fd, struct squilla_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    if (getsockname(fd, (struct sockaddr *)&storage, &length) != 0) return -errno;
    squilla_address_from_sockaddr((struct sockaddr *)&storage, address);
    return 0;
}

/// The pending error of a socket as an errno value, 0 if none.
static inline int squilla_socket_error(int fd) {
    int code = 0;
    socklen_t length = sizeof(code);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) != 0) return errno;
    return code;
}

// The calls of each request go past glibc's wrappers: these make a thread cancellable for the time of the call, which costs
// two atomic operations, and no thread here is ever cancelled. `syscall` doesn't, but moves all arguments about and keeps an
// errno for the thread, a hundredth of a request's time.

/// The kernel's own answer: a value, or a negative errno.
static inline long squilla_call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#else
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -(long)errno : result;
#endif
}

static inline long squilla_read(int fd, void *bytes, long count) {
    return squilla_call(SYS_recvfrom, fd, (long)bytes, count, 0, 0, 0);
}

static inline long squilla_send(int fd, const void *bytes, long count) {
    return squilla_call(SYS_sendto, fd, (long)bytes, count, MSG_NOSIGNAL, 0, 0);
}

static inline long squilla_sendv(int fd, struct iovec *parts, int count) {
    struct msghdr message;
    memset(&message, 0, sizeof(message));
    message.msg_iov = parts;
    message.msg_iovlen = (size_t)count;
    long result = sendmsg(fd, &message, MSG_NOSIGNAL);
    return result < 0 ? -(long)errno : result;
}

/// After this, close sends a reset instead of waiting for the peer.
static inline void squilla_set_reset_on_close(int fd) {
    struct linger linger = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static inline int squilla_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static inline int squilla_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static inline int squilla_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : -errno;
}

/// Must come before the close of a descriptor that another process holds too: epoll would go on reporting it.
static inline void squilla_epoll_remove(int epoll, int fd) {
    struct epoll_event none;
    memset(&none, 0, sizeof(none));
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &none);
}

static inline int squilla_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_milliseconds) {
    return (int)squilla_call(SYS_epoll_pwait, epoll, (long)events, capacity, timeout_milliseconds, 0, 8);
}

static inline int squilla_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static inline void squilla_eventfd_signal(int fd) {
    uint64_t one = 1;
    (void)!write(fd, &one, sizeof(one));
}

static inline void squilla_eventfd_clear(int fd) {
    uint64_t count;
    (void)!read(fd, &count, sizeof(count));
}

/// Names the calling thread; the kernel keeps 15 bytes.
static inline void squilla_name_thread(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

static inline uint32_t squilla_epoll_in(void) { return EPOLLIN; }
static inline uint32_t squilla_epoll_out(void) { return EPOLLOUT; }
static inline uint32_t squilla_epoll_failed(void) { return EPOLLERR | EPOLLHUP; }
/// The peer sends no more.
static inline uint32_t squilla_epoll_ended(void) { return EPOLLRDHUP; }
/// All that a connection wants to hear of, told once each time that it comes about.
static inline uint32_t squilla_epoll_edges(void) { return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET; }
