#pragma once
// A channel between two processes that carries bytes and descriptors: blocking, whole or an error.

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/// Sends bytes; the first of them carry up to `count` descriptors (SCM_RIGHTS). 0, or a negative errno.
static inline int squilla_send_descriptors(int fd, const void *bytes, long length, const int *descriptors, int count) {
    char control[CMSG_SPACE(64 * sizeof(int))];
    long sent = 0;
    while (sent < length) {
        struct iovec part = {(char *)bytes + sent, (size_t)(length - sent)};
        struct msghdr message;
        memset(&message, 0, sizeof(message));
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (sent == 0 && count > 0) {
            if (count > 64) return -E2BIG;
            memset(control, 0, sizeof(control));
            message.msg_control = control;
            message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
            struct cmsghdr *head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
            memcpy(CMSG_DATA(head), descriptors, (size_t)count * sizeof(int));
        }
        long result = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0) return -errno;
        sent += result;
    }
    return 0;
}

/// Receives up to `length` bytes and the descriptors that come with them, at most 64; `count` says how many. The number
/// of bytes, 0 at the end, or a negative errno.
static inline long squilla_receive_descriptors(int fd, void *bytes, long length, int *descriptors, int *count) {
    char control[CMSG_SPACE(64 * sizeof(int))];
    struct iovec part = {bytes, (size_t)length};
    struct msghdr message;
    memset(&message, 0, sizeof(message));
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    *count = 0;
    long result;
    do {
        result = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        *count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(head), (size_t)*count * sizeof(int));
    }
    return result;
}

/// Starts a program with one descriptor of ours as its number `target`. The process id, or a negative errno.
static inline int squilla_spawn_with(
    const char *path, char *const arguments[], char *const environment[], int descriptor, int target) {
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&actions) != 0) return -ENOMEM;
    posix_spawn_file_actions_adddup2(&actions, descriptor, target);
    int code = posix_spawn(&pid, path, &actions, 0, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? pid : -code;
}
