import Bytes

/// Which column a key of a JSON object belongs to. Dotted names match in every way of nesting: column `a.b.c` is
/// `{"a.b.c": …}`, `{"a": {"b": {"c": …}}}`, `{"a.b": {"c": …}}` and so on.
struct JSONPaths: ~Copyable {
    /// What is known of one key of one object.
    struct Target {
        /// The column the value belongs to; -1 when none does.
        var column: Int32 = -1
        /// The node of the object within, whose keys belong to columns; -1 when none does.
        var node: Int32 = -1

        static var unknown: Target { Target() }
    }

    /// One entry of the memory of the line before: what its n-th key was.
    private struct Remembered {
        /// The key's first 16 bytes, zeros behind a shorter one, and which of them are its own.
        var words = KeyWords()
        var masks = KeyWords()
        var count: Int32 = -1
        var node: Int32 = -1
        var target = Target()
        /// The bytes of a key that the words do not hold, in `longKeys`.
        var offset = 0
    }

    private struct KeyWords {
        var low: UInt64 = 0
        var high: UInt64 = 0
    }

    private var edges = ByteTable()
    private var targets: [Target] = []
    private var remembered: [Remembered] = []
    private var longKeys: [UInt8] = []
    private var scratch: [UInt8] = []
    /// What stands before the keys of each node's object, with the dot at its end.
    private var prefixes: [[UInt8]] = [[]]

    private static let maximumRemembered = 512

    init(schema: Schema) {
        var nodes: [String: Int32] = ["": 0]
        for (column, field) in schema.fields.enumerated() {
            insert(field.name, column: Int32(column), nodes: &nodes)
        }
    }

    private mutating func insert(_ name: String, column: Int32, nodes: inout [String: Int32]) {
        let bytes = Array(name.utf8)
        var cuts = [0]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: ".") && cuts.count < 32 {
            cuts.append(index + 1)
        }
        for (at, cut) in cuts.enumerated() {
            let prefix = String(decoding: bytes[..<cut], as: UTF8.self)
            guard let node = nodes[prefix] else { continue }
            for next in cuts[(at + 1)...] {
                let whole = String(decoding: bytes[..<next], as: UTF8.self)
                let inner = nodes[whole] ?? Int32(nodes.count)
                nodes[whole] = inner
                if Int(inner) == prefixes.count { prefixes.append(Array(whole.utf8)) }
                let edge = self.edge(node, bytes[cut..<(next - 1)])
                targets[edge].node = inner
            }
            let edge = self.edge(node, bytes[cut...])
            targets[edge].column = column
        }
    }

    func prefix(of node: Int32) -> [UInt8] { prefixes[Int(node)] }

    private mutating func edge(_ node: Int32, _ key: ArraySlice<UInt8>) -> Int {
        scratch.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: node) { scratch.append(contentsOf: $0) }
        scratch.append(contentsOf: key)
        let path = scratch
        let index = edges.insert(path.span)
        if index == targets.count { targets.append(.unknown) }
        return index
    }

    /// The target of `key` in the object of `node`. Lines of one source have their keys mostly in the same order, so
    /// the `ordinal`-th key of the line before is the first guess.
    ///
    /// - Parameter readable: bytes there are from the key's first on.
    @inline(__always)
    mutating func target(_ key: UnsafeBufferPointer<UInt8>, readable: Int, node: Int32, ordinal: Int) -> Target {
        if readable >= 16, ordinal < remembered.count, let base = UnsafeRawPointer(key.baseAddress) {
            let last = remembered.span[ordinal]
            let low = base.loadUnaligned(as: UInt64.self) & last.masks.low
            let high = base.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & last.masks.high
            let isSame = last.words.low == low && last.words.high == high && Int(last.count) == key.count
            if isSame, last.node == node, key.count <= 16 || isLongKey(last.offset, key) { return last.target }
        }
        return findAndRemember(key, node: node, ordinal: ordinal)
    }

    @inline(never)
    private mutating func findAndRemember(
        _ key: UnsafeBufferPointer<UInt8>, node: Int32, ordinal: Int
    ) -> Target {
        let target = find(key, node: node)
        remember(key, node: node, ordinal: ordinal, target: target)
        return target
    }

    private func isLongKey(_ offset: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        longKeys.span.extracting(offset..<offset + key.count).isEqual(to: key.span)
    }

    private mutating func find(_ key: UnsafeBufferPointer<UInt8>, node: Int32) -> Target {
        scratch.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: node) { scratch.append(contentsOf: $0) }
        if key.span.firstIndex(of: UInt8(ascii: "\\")) != nil {
            guard JSONText.unescape(key.span, to: &scratch) else { return .unknown }
        } else {
            scratch.append(contentsOf: key)
        }
        guard let edge = edges.find(scratch.span) else { return .unknown }
        return targets[edge]
    }

    private mutating func remember(
        _ key: UnsafeBufferPointer<UInt8>, node: Int32, ordinal: Int, target: Target
    ) {
        guard ordinal < Self.maximumRemembered, key.count <= Int32.max else { return }
        while remembered.count <= ordinal { remembered.append(Remembered()) }
        var offset = 0
        if key.count > 16 {
            // Keys that change from line to line would fill this for ever.
            if longKeys.count + key.count > 1 << 16 {
                longKeys.removeAll(keepingCapacity: true)
                for index in remembered.indices where remembered[index].count > 16 { remembered[index].count = -1 }
                if key.count > 1 << 15 { return }
            }
            offset = longKeys.count
            longKeys.append(contentsOf: key)
        }
        var (words, masks) = (KeyWords(), KeyWords())
        for (place, byte) in key.prefix(16).enumerated() {
            let shift = UInt64(place & 7) * 8
            if place < 8 {
                words.low |= UInt64(byte) << shift
                masks.low |= 0xff << shift
            } else {
                words.high |= UInt64(byte) << shift
                masks.high |= 0xff << shift
            }
        }
        remembered[ordinal] = Remembered(
            words: words, masks: masks, count: Int32(key.count), node: node, target: target, offset: offset)
    }
}
