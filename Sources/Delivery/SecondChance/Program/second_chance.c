// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//
// The second chance (README.md), attached where packets come in (tc clsact, kernel 5.10 or later).
//
// A packet of a TCP connection that this host does not know is sent on, at layer 2, to the next host of the place that
// has not seen it. Who has seen it stands in the source MAC address: 02:53, the sender's number, and 24 bits, one a host.
// A packet that all have seen is delivered here, and the kernel answers with a reset.
//
// `scripts/second_chance.py` compiles this into SecondChanceProgram.swift.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#define SECTION(name) __attribute__((section(name), used))
#define INLINE inline __attribute__((always_inline))
#define NET16(x) __builtin_bswap16(x)

// As in linux/icmp.h, which needs a C library of this machine.
#define ICMP_DEST_UNREACH 3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_BYTES 8

#define MAX_HOSTS 24
#define MAX_ADDRESSES 16
#define MAX_PORTS 16

// The order of fields is that of ProgramSettings.swift.
struct host {
    __u8 mac[6];
    __u8 number;
    __u8 draining;
};

struct settings {
    __u32 number;
    __u32 draining;
    __u32 host_count;
    __u32 address_count;
    __u32 port_count;
    __u32 unused;                        // aligns what follows
    __u16 ports[MAX_PORTS];              // network order
    __u8 addresses[MAX_ADDRESSES][16];   // IPv4 as ::ffff:a.b.c.d
    struct host hosts[32];               // those to try first come first; 32, so that an index can be masked
};

// The order is that of SecondChanceCounters.swift.
enum counter { KNOWN, PASSED_ON, OPENING_PASSED_ON, ERRORS_PASSED_ON, FOUND, SEEN_BY_ALL, COUNTERS };

struct map;
extern struct map settings_map, counters_map;

static void *(*lookup)(struct map *, const void *) = (void *)BPF_FUNC_map_lookup_elem;
static long (*load_bytes)(const void *, __u32, void *, __u32) = (void *)BPF_FUNC_skb_load_bytes;
static long (*store_bytes)(void *, __u32, const void *, __u32, __u64) = (void *)BPF_FUNC_skb_store_bytes;
static long (*redirect)(__u32, __u64) = (void *)BPF_FUNC_redirect;
static __u32 (*flow_hash)(void *) = (void *)BPF_FUNC_get_hash_recalc;
static struct bpf_sock *(*lookup_tcp)(void *, struct bpf_sock_tuple *, __u32, __u64, __u64) =
    (void *)BPF_FUNC_skc_lookup_tcp;
static long (*release)(void *) = (void *)BPF_FUNC_sk_release;
static long (*check_cookie)(void *, void *, __u32, void *, __u32) = (void *)BPF_FUNC_tcp_check_syncookie;

// What is needed of a packet, whichever version of IP it is.
struct packet {
    struct bpf_sock_tuple tuple;
    __u32 is_v4;
    __u32 is_opening;       // SYN without ACK
    __u32 is_error;         // an ICMP error about a connection
    union {
        struct iphdr v4;
        struct ipv6hdr v6;
    } network;
    struct tcphdr tcp;
};

static INLINE void count(enum counter which) {
    __u32 key = which;
    __u64 *value = lookup(&counters_map, &key);
    if (value) *value += 1;     // one copy for each CPU
}

static INLINE int is_ours(const struct settings *settings, const __u8 address[16], __u16 port) {
    int found = 0;
    for (__u32 index = 0; index < MAX_PORTS; index++)
        if (index < settings->port_count && settings->ports[index] == port) found = 1;
    if (!found) return 0;
    const __u64 *wanted = (const __u64 *)address;
    for (__u32 index = 0; index < MAX_ADDRESSES; index++) {
        if (index >= settings->address_count) break;
        const __u64 *own = (const __u64 *)settings->addresses[index];
        if (own[0] == wanted[0] && own[1] == wanted[1]) return 1;
    }
    return 0;
}

static INLINE void map_v4(__u8 address[16], __u32 v4) {
    ((__u32 *)address)[0] = 0;
    ((__u32 *)address)[1] = 0;
    ((__u32 *)address)[2] = __builtin_bswap32(0xffff);
    ((__u32 *)address)[3] = v4;
}

// 1 when it is a packet that this is about.
static INLINE int read_v4(struct __sk_buff *skb, const struct settings *settings, struct packet *packet) {
    __u8 address[16] __attribute__((aligned(8)));
    struct iphdr *ip = &packet->network.v4;
    if (load_bytes(skb, ETH_HLEN, ip, sizeof(*ip))) return 0;
    if (ip->ihl < 5 || ip->frag_off & NET16(0x3fff)) return 0;
    __u32 offset = ETH_HLEN + 4 * ip->ihl;
    packet->is_v4 = 1;
    map_v4(address, ip->daddr);
    if (ip->protocol == IPPROTO_TCP) {
        if (load_bytes(skb, offset, &packet->tcp, sizeof(packet->tcp))) return 0;
        packet->tuple.ipv4.saddr = ip->saddr;
        packet->tuple.ipv4.daddr = ip->daddr;
    } else if (ip->protocol == IPPROTO_ICMP) {
        __u8 type;
        struct iphdr inner;
        if (load_bytes(skb, offset, &type, 1)) return 0;
        if (type != ICMP_DEST_UNREACH && type != ICMP_TIME_EXCEEDED) return 0;
        offset += ICMP_BYTES;
        if (load_bytes(skb, offset, &inner, sizeof(inner)) || inner.protocol != IPPROTO_TCP) return 0;
        if (inner.ihl < 5 || inner.saddr != ip->daddr) return 0;
        if (load_bytes(skb, offset + 4 * inner.ihl, &packet->tcp, 4)) return 0;
        __u16 port = packet->tcp.source;
        packet->tcp.source = packet->tcp.dest;
        packet->tcp.dest = port;
        packet->tuple.ipv4.saddr = inner.daddr;
        packet->tuple.ipv4.daddr = inner.saddr;
        packet->is_error = 1;
    } else {
        return 0;
    }
    packet->tuple.ipv4.sport = packet->tcp.source;
    packet->tuple.ipv4.dport = packet->tcp.dest;
    return is_ours(settings, address, packet->tcp.dest);
}

// Extension headers are not looked behind: such packets stay here.
static INLINE int read_v6(struct __sk_buff *skb, const struct settings *settings, struct packet *packet) {
    struct ipv6hdr *ip = &packet->network.v6;
    if (load_bytes(skb, ETH_HLEN, ip, sizeof(*ip))) return 0;
    __u32 offset = ETH_HLEN + sizeof(*ip);
    if (ip->nexthdr == IPPROTO_TCP) {
        if (load_bytes(skb, offset, &packet->tcp, sizeof(packet->tcp))) return 0;
        __builtin_memcpy(packet->tuple.ipv6.saddr, &ip->saddr, 16);
        __builtin_memcpy(packet->tuple.ipv6.daddr, &ip->daddr, 16);
    } else if (ip->nexthdr == IPPROTO_ICMPV6) {
        __u8 type;
        struct ipv6hdr inner;
        if (load_bytes(skb, offset, &type, 1) || type < 1 || type > 4) return 0;
        offset += ICMP_BYTES;
        if (load_bytes(skb, offset, &inner, sizeof(inner)) || inner.nexthdr != IPPROTO_TCP) return 0;
        if (load_bytes(skb, offset + sizeof(inner), &packet->tcp, 4)) return 0;
        __u16 port = packet->tcp.source;
        packet->tcp.source = packet->tcp.dest;
        packet->tcp.dest = port;
        __builtin_memcpy(packet->tuple.ipv6.saddr, &inner.daddr, 16);
        __builtin_memcpy(packet->tuple.ipv6.daddr, &inner.saddr, 16);
        packet->is_error = 1;
    } else {
        return 0;
    }
    packet->tuple.ipv6.sport = packet->tcp.source;
    packet->tuple.ipv6.dport = packet->tcp.dest;
    __u8 address[16] __attribute__((aligned(8)));
    __builtin_memcpy(address, packet->tuple.ipv6.daddr, 16);
    return is_ours(settings, address, packet->tcp.dest);
}

// The verifier wants sizes that are constants, so each version of IP has calls of its own, which must not be merged.
#define APART __asm__ volatile("")

static INLINE struct bpf_sock *find(struct __sk_buff *skb, struct packet *packet) {
    if (packet->is_v4)
        return lookup_tcp(skb, &packet->tuple, sizeof(packet->tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
    APART;
    return lookup_tcp(skb, &packet->tuple, sizeof(packet->tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

// The last packet of a handshake whose first was answered with a cookie has no socket yet.
static INLINE int has_cookie(struct bpf_sock *socket, struct packet *packet) {
    struct tcphdr *tcp = &packet->tcp;
    if (packet->is_v4)
        return check_cookie(socket, &packet->network.v4, sizeof(struct iphdr), tcp, sizeof(*tcp)) == 0;
    APART;
    return check_cookie(socket, &packet->network.v6, sizeof(struct ipv6hdr), tcp, sizeof(*tcp)) == 0;
}

// Whether the packet's connection lives here. A SYN opens one here unless this host drains or nobody listens.
static INLINE int is_known(struct __sk_buff *skb, const struct settings *settings, struct packet *packet) {
    struct bpf_sock *socket = find(skb, packet);
    if (!socket) return 0;
    int known = 1;
    if (socket->state == BPF_TCP_LISTEN)
        known = packet->is_opening ? !settings->draining : !packet->is_error && has_cookie(socket, packet);
    release(socket);
    return known;
}

// Sends the packet to the first host that has not seen it; a connection is opened only where nobody drains.
static INLINE int pass_on(
    struct __sk_buff *skb, const struct settings *settings, const struct packet *packet, __u32 seen
) {
    __u32 start = packet->is_opening ? flow_hash(skb) : 0;
    __u32 hosts = settings->host_count;
    if (hosts == 0 || hosts > MAX_HOSTS) return -1;
    start %= hosts;
    for (__u32 step = 0; step < MAX_HOSTS; step++) {
        if (step >= hosts) break;
        __u32 index = start + step;
        if (index >= hosts) index -= hosts;
        const struct host *host = &settings->hosts[index & 31];
        if (seen & (1u << (host->number & 31))) continue;
        if (packet->is_opening && host->draining) continue;
        __u8 head[12] = {
            host->mac[0], host->mac[1], host->mac[2], host->mac[3], host->mac[4], host->mac[5],
            0x02, 0x53, settings->number, seen >> 16, seen >> 8, seen,
        };
        if (store_bytes(skb, 0, head, sizeof(head), 0)) return -1;
        return redirect(skb->ifindex, 0);
    }
    return -1;
}

SECTION("tc") int second_chance(struct __sk_buff *skb) {
    __u32 key = 0;
    const struct settings *settings = lookup(&settings_map, &key);
    if (!settings) return TC_ACT_UNSPEC;
    struct packet packet = {};
    int is_ours = 0;
    if (skb->protocol == NET16(ETH_P_IP)) is_ours = read_v4(skb, settings, &packet);
    else if (skb->protocol == NET16(ETH_P_IPV6)) is_ours = read_v6(skb, settings, &packet);
    if (!is_ours) return TC_ACT_UNSPEC;
    if (!packet.is_error) packet.is_opening = packet.tcp.syn && !packet.tcp.ack;

    __u8 source[6];
    __u32 seen = 0;
    if (load_bytes(skb, ETH_ALEN, source, sizeof(source))) return TC_ACT_UNSPEC;
    int was_passed_on = source[0] == 0x02 && source[1] == 0x53;
    if (was_passed_on) seen = (__u32)source[3] << 16 | (__u32)source[4] << 8 | source[5];

    if (is_known(skb, settings, &packet)) {
        count(was_passed_on ? FOUND : KNOWN);
        return TC_ACT_UNSPEC;
    }
    int action = pass_on(skb, settings, &packet, seen | 1u << (settings->number & 31));
    if (action < 0) {
        count(SEEN_BY_ALL);
        return TC_ACT_UNSPEC;
    }
    count(packet.is_error ? ERRORS_PASSED_ON : packet.is_opening ? OPENING_PASSED_ON : PASSED_ON);
    return action;
}
