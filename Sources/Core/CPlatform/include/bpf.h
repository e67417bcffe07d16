#pragma once
// bpf(2) for one small program with two maps, and what netlink needs to know of an interface: a value or a negative errno
// out. See SecondChance.

#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int squilla_bpf(int command, union bpf_attr *attributes) {
    long result = syscall(__NR_bpf, command, attributes, sizeof(*attributes));
    return result < 0 ? -errno : (int)result;
}

/// An array with `entries` values of `value_bytes`; a copy for each CPU with `per_cpu`.
static inline int squilla_bpf_array(uint32_t value_bytes, uint32_t entries, int per_cpu) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.map_type = per_cpu ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY;
    attributes.key_size = sizeof(uint32_t);
    attributes.value_size = value_bytes;
    attributes.max_entries = entries;
    return squilla_bpf(BPF_MAP_CREATE, &attributes);
}

static inline int squilla_bpf_store(int map, uint32_t key, const void *value) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.map_fd = (uint32_t)map;
    attributes.key = (uint64_t)(uintptr_t)&key;
    attributes.value = (uint64_t)(uintptr_t)value;
    return squilla_bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

/// `value` has room for one value, of a map with copies for one of each possible CPU.
static inline int squilla_bpf_read(int map, uint32_t key, void *value) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.map_fd = (uint32_t)map;
    attributes.key = (uint64_t)(uintptr_t)&key;
    attributes.value = (uint64_t)(uintptr_t)value;
    return squilla_bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
}

/// Loads a program for tc. What the verifier has to say goes into `log`, where there is one.
static inline int squilla_bpf_load(const uint64_t *instructions, uint32_t count, char *log, uint32_t log_bytes) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = count;
    // Some of the kernel's functions are for programs under the GPL alone.
    attributes.license = (uint64_t)(uintptr_t)"GPL";
    attributes.log_buf = (uint64_t)(uintptr_t)log;
    attributes.log_size = log_bytes;
    attributes.log_level = log_bytes ? 1 : 0;
    memcpy(attributes.prog_name, "squilla_lb", 11);
    return squilla_bpf(BPF_PROG_LOAD, &attributes);
}

/// A descriptor of what has that number: a program (BPF_PROG_GET_FD_BY_ID) or a map (BPF_MAP_GET_FD_BY_ID).
static inline int squilla_bpf_open(int command, uint32_t number) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_id = number;
    return squilla_bpf(command, &attributes);
}

static inline int squilla_bpf_info(int fd, void *info, uint32_t info_bytes) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.info.bpf_fd = (uint32_t)fd;
    attributes.info.info = (uint64_t)(uintptr_t)info;
    attributes.info.info_len = info_bytes;
    return squilla_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
}

/// The maps of the loaded program of that number: their numbers. How many, or a negative errno.
static inline int squilla_bpf_maps_of(uint32_t program, uint32_t *numbers, uint32_t capacity) {
    struct bpf_prog_info info;
    int fd = squilla_bpf_open(BPF_PROG_GET_FD_BY_ID, program);
    if (fd < 0) return fd;
    memset(&info, 0, sizeof(info));
    info.map_ids = (uint64_t)(uintptr_t)numbers;
    info.nr_map_ids = capacity;
    int code = squilla_bpf_info(fd, &info, sizeof(info));
    close(fd);
    if (code < 0) return code;
    return info.nr_map_ids < capacity ? (int)info.nr_map_ids : (int)capacity;
}

/// The map of that number when it is an array with copies for each CPU and values of `value_bytes`; -ENOENT when it isn't.
static inline int squilla_bpf_counters(uint32_t number, uint32_t value_bytes) {
    struct bpf_map_info info;
    int fd = squilla_bpf_open(BPF_MAP_GET_FD_BY_ID, number);
    if (fd < 0) return fd;
    memset(&info, 0, sizeof(info));
    int code = squilla_bpf_info(fd, &info, sizeof(info));
    if (code == 0 && info.type == BPF_MAP_TYPE_PERCPU_ARRAY && info.value_size == value_bytes) return fd;
    close(fd);
    return code < 0 ? code : -ENOENT;
}

/// The number of an interface and its MAC address.
static inline int squilla_interface(const char *name, uint8_t mac[6]) {
    struct ifreq request;
    if (strlen(name) >= sizeof(request.ifr_name)) return -ENODEV;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    memset(&request, 0, sizeof(request));
    strcpy(request.ifr_name, name);
    int index = -1;
    if (ioctl(fd, SIOCGIFINDEX, &request) == 0) {
        index = request.ifr_ifindex;
        if (ioctl(fd, SIOCGIFHWADDR, &request) == 0) memcpy(mac, request.ifr_hwaddr.sa_data, 6);
        else index = -1;
    }
    int code = errno;
    close(fd);
    return index < 0 ? -code : index;
}

static inline int squilla_netlink(int protocol) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    struct timeval patience = {5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}
