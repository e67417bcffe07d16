import CPlatform
import Glibc

/// How often each way was taken, since the program was first installed.
struct SecondChanceCounters: Hashable, Sendable {
    /// Packets of connections that are here.
    var known: UInt64 = 0
    /// Packets of unknown connections that were handed on.
    var passedOn: UInt64 = 0
    /// Openings of connections that were handed on, because this host drains or nothing listens.
    var openingsPassedOn: UInt64 = 0
    /// ICMP errors about connections that are elsewhere.
    var errorsPassedOn: UInt64 = 0
    /// Packets that another host handed on and that were at home here.
    var found: UInt64 = 0
    /// Packets that no host knew; the kernel answers them with a reset.
    var seenByAll: UInt64 = 0

    static let count = 6

    init(_ values: [UInt64]) {
        (known, passedOn, openingsPassedOn) = (values[0], values[1], values[2])
        (errorsPassedOn, found, seenByAll) = (values[3], values[4], values[5])
    }
}

/// The program in the kernel, not yet attached. The kernel frees it when nothing holds it: neither a descriptor nor an
/// interface.
struct LoadedProgram {
    let fd: Int32

    /// - Parameter counters: the program that is to go on counting where it is, by its number in the kernel.
    init(_ settings: ProgramSettings, countersOf program: UInt32?) throws(SecondChanceError) {
        let settingsMap = squilla_bpf_array(UInt32(ProgramSettings.byteCount), 1, 0)
        guard settingsMap >= 0 else { throw Self.failure("create a BPF map", settingsMap) }
        defer { close(settingsMap) }
        let stored = settings.bytes.withUnsafeBytes { squilla_bpf_store(settingsMap, 0, $0.baseAddress) }
        guard stored == 0 else { throw Self.failure("store in a BPF map", stored) }
        var countersMap = program.flatMap(Self.countersMap(of:)) ?? -1
        if countersMap < 0 { countersMap = squilla_bpf_array(8, UInt32(SecondChanceCounters.count), 1) }
        guard countersMap >= 0 else { throw Self.failure("create a BPF map", countersMap) }
        defer { close(countersMap) }
        fd = try Self.load(settingsMap: settingsMap, countersMap: countersMap)
    }

    private static func load(settingsMap: Int32, countersMap: Int32) throws(SecondChanceError) -> Int32 {
        var instructions = SecondChanceProgram.instructions
        let places = [
            (SecondChanceProgram.settingsPlaces, settingsMap), (SecondChanceProgram.countersPlaces, countersMap),
        ]
        for (places, map) in places {
            // The immediate becomes the map's descriptor, and the source register says so (BPF_PSEUDO_MAP_FD).
            for place in places {
                instructions[place] |= UInt64(UInt32(bitPattern: map)) << 32 | UInt64(BPF_PSEUDO_MAP_FD) << 12
            }
        }
        let count = UInt32(instructions.count)
        let fd = squilla_bpf_load(instructions, count, nil, 0)
        if fd >= 0 { return fd }
        guard fd == -EINVAL || fd == -EACCES else { throw failure("load a BPF program", fd) }
        // Once more for the verifier's reasons, whose end tells.
        var log = [CChar](repeating: 0, count: 1 << 20)
        let again = squilla_bpf_load(instructions, count, &log, UInt32(log.count))
        if again >= 0 { return again }
        let text = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let end = text.split(separator: "\n").suffix(3).joined(separator: "; ")
        throw SecondChanceError("\(failure("load a BPF program", fd)): \(end)")
    }

    static func failure(_ what: String, _ code: Int32) -> SecondChanceError {
        let hint = code == -EPERM ? " (run as root, or with CAP_BPF and CAP_NET_ADMIN)" : ""
        return SecondChanceError("cannot \(what): \(String(cString: strerror(-code)))\(hint)")
    }

    private static func countersMap(of program: UInt32) -> Int32? {
        var numbers = [UInt32](repeating: 0, count: 8)
        let count = squilla_bpf_maps_of(program, &numbers, UInt32(numbers.count))
        guard count > 0 else { return nil }
        for number in numbers[..<Int(count)] {
            let map = squilla_bpf_counters(number, 8)
            if map >= 0 { return map }
        }
        return nil
    }

    /// What the loaded program of that number has counted, on all CPUs together.
    static func counters(of program: UInt32) -> SecondChanceCounters? {
        guard let map = countersMap(of: program) else { return nil }
        defer { close(map) }
        let cpus = max(1, sysconf(Int32(_SC_NPROCESSORS_CONF)))
        var totals: [UInt64] = []
        for key in 0..<SecondChanceCounters.count {
            // Some kernels count more possible CPUs than are configured; room for many costs nothing.
            var values = [UInt64](repeating: 0, count: max(cpus, 1024))
            guard squilla_bpf_read(map, UInt32(key), &values) == 0 else { return nil }
            totals.append(values.reduce(0, &+))
        }
        return SecondChanceCounters(totals)
    }
}
