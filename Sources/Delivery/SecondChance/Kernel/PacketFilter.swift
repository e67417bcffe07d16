import CPlatform
import Glibc

/// Attaches the program to an interface, where packets come in: a `clsact` qdisc and one `bpf` filter of a priority and
/// handle of its own, so that other filters stay as they are (tc-bpf(8)).
struct PacketFilter {
    private static let priority: UInt32 = 0x5351
    private static let handle: UInt32 = 1
    private static let qdiscParent: UInt32 = 0xFFFF_FFF1
    private static let ingressParent: UInt32 = 0xFFFF_FFF2
    private static let allProtocols = UInt32(UInt16(0x0003).bigEndian)
    private static let name = "squilla_lb"

    private enum Attribute {
        static let kind: UInt16 = 1, options: UInt16 = 2
        static let descriptor: UInt16 = 6, name: UInt16 = 7, flags: UInt16 = 8, number: UInt16 = 11
        static let directAction: UInt32 = 1
    }

    let interface: NetworkInterface

    /// Puts the program in the place of the one before, in one step.
    func attach(_ program: LoadedProgram) throws(SecondChanceError) {
        let socket = try NetlinkSocket(family: NETLINK_ROUTE)
        var qdisc = message(
            36, flags: NLM_F_CREATE | NLM_F_EXCL, handle: 0xFFFF_0000, parent: Self.qdiscParent, info: 0)
        qdisc.append(Attribute.kind, text: "clsact")
        let made = socket.acknowledge(qdisc)
        guard made == 0 || made == -EEXIST else { throw failure("add a clsact qdisc to", made) }
        var filter = message(
            44, flags: NLM_F_CREATE, handle: Self.handle, parent: Self.ingressParent, info: Self.filterInfo)
        filter.append(Attribute.kind, text: "bpf")
        filter.append(Attribute.options) { options in
            options.append(Attribute.descriptor, number: UInt32(bitPattern: program.fd))
            options.append(Attribute.name, text: Self.name)
            options.append(Attribute.flags, number: Attribute.directAction)
        }
        let added = socket.acknowledge(filter)
        guard added == 0 else { throw failure("attach the BPF program to", added) }
    }

    /// Takes the filter away; the qdisc stays, others may use it.
    func detach() throws(SecondChanceError) {
        let socket = try NetlinkSocket(family: NETLINK_ROUTE)
        var filter = message(45, flags: 0, handle: Self.handle, parent: Self.ingressParent, info: Self.filterInfo)
        filter.append(Attribute.kind, text: "bpf")
        let code = socket.acknowledge(filter)
        guard code == 0 || code == -ENOENT || code == -EINVAL else {
            throw failure("detach the BPF program from", code)
        }
    }

    /// The number, in the kernel, of the program that is attached.
    func attachedProgram() throws(SecondChanceError) -> UInt32? {
        let socket = try NetlinkSocket(family: NETLINK_ROUTE)
        let dump = message(46, flags: NLM_F_DUMP, handle: 0, parent: Self.ingressParent, info: 0)
        var found: UInt32?
        _ = socket.exchange(dump) { answer in
            guard let options = NetlinkAnswer.attributes(answer.payload, at: 20)[Attribute.options] else { return }
            let values = NetlinkAnswer.attributes(options, at: 0)
            guard let name = values[Attribute.name], name.elementsEqual(Array(Self.name.utf8) + [0]),
                let number = values[Attribute.number]
            else { return }
            found = NetlinkAnswer.number(number, at: 0)
        }
        return found
    }

    private static let filterInfo = priority << 16 | allProtocols

    private func message(_ type: UInt16, flags: Int32, handle: UInt32, parent: UInt32, info: UInt32) -> NetlinkMessage {
        var head: [UInt8] = []
        head.append(host: UInt32(0))
        head.append(host: Int32(interface.index))
        for number in [handle, parent, info] { head.append(host: number) }
        return NetlinkMessage(type: type, flags: UInt16(flags | NLM_F_ACK), fixedPart: head)
    }

    private func failure(_ what: String, _ code: Int32) -> SecondChanceError {
        LoadedProgram.failure("\(what) \(interface.name)", code)
    }
}

/// An interface of this host.
struct NetworkInterface: Hashable, Sendable {
    let name: String
    let index: Int
    let mac: MACAddress

    /// - Throws: `SecondChanceError` when there is none of that name.
    init(name: String) throws(SecondChanceError) {
        var mac = [UInt8](repeating: 0, count: 6)
        let index = squilla_interface(name, &mac)
        guard index > 0, let mac = MACAddress(mac) else {
            throw SecondChanceError("lb.interface: there is no interface \(name): \(String(cString: strerror(-index)))")
        }
        self.name = name
        self.index = Int(index)
        self.mac = mac
    }
}
