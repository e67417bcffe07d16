import Runtime

/// Opens what a partition's folder holds: indexes are read or made again, the end of the last segment is scanned, and
/// a torn write there is cut off.
struct PartitionRecovery {
    let topic: String
    let number: Int
    let folder: String
    let storage: any Storage
    let frameBytes: Int
    let isReadOnly: Bool
    private(set) var report = RecoveryReport()

    init(topic: String, number: Int, folder: String, storage: any Storage, frameBytes: Int, isReadOnly: Bool) {
        self.topic = topic
        self.number = number
        self.folder = folder
        self.storage = storage
        self.frameBytes = frameBytes
        self.isReadOnly = isReadOnly
    }

    mutating func segments() throws(LogError) -> [PartitionView.Segment] {
        let names = try storing { () throws(StorageError) in try storage.list(folder) }
        let bases = names.compactMap(SegmentFile.baseOffset).sorted()
        if !isReadOnly { sweep(names, bases: bases) }
        var segments: [PartitionView.Segment] = []
        for (index, base) in bases.enumerated() {
            let path = StoragePath.join(folder, SegmentFile.name(baseOffset: base))
            let isLast = index == bases.count - 1
            let end = isLast ? nil : bases[index + 1]
            segments.append(try segment(path, base: base, nextBase: end))
        }
        return segments
    }

    /// Removes what a crash left beside the segments: indexes without a segment, files half replaced.
    private func sweep(_ names: [String], bases: [Int64]) {
        let known = Set(bases.map { SegmentFile.indexPath(of: SegmentFile.name(baseOffset: $0)) })
        for name in names where name.hasSuffix(".new") || (name.hasSuffix(".idx") && !known.contains(name)) {
            try? storage.remove(StoragePath.join(folder, name))
        }
    }

    /// - Parameter nextBase: The base offset of the following segment; `nil` for the last.
    private mutating func segment(
        _ path: String, base: Int64, nextBase: Int64?
    ) throws(LogError) -> PartitionView.Segment {
        let isLast = nextBase == nil
        let mode: OpenMode = isLast && !isReadOnly ? .readWrite : .read
        let file = try storing { () throws(StorageError) in try storage.open(path, mode: mode) }
        let size = try storing { () throws(StorageError) in try file.size() }
        var index = readIndex(path, of: file, base: base, size: size) ?? SegmentIndex(baseOffset: base)
        let indexed = index.bytes
        if indexed < size {
            let cut = try scan(file, from: &index, to: size, isLast: isLast)
            if let cut { try cutTail(file, at: cut, size: size, offset: index.nextOffset) }
            if isLast, !isReadOnly { try storing { () throws(StorageError) in try file.sync() } }
        }
        if let nextBase, index.nextOffset < nextBase {
            report(
                gap: index.nextOffset..<nextBase, path, index.bytes..<size,
                "offsets are missing before the next segment")
        }
        if !isLast, indexed < size || index.frames == 0 {
            report.rebuiltIndexes.append(path)
            // An index is a convenience: what cannot be written now is made again at the next start.
            if !isReadOnly { try? storage.replaceAtomically(SegmentFile.indexPath(of: path), with: index.encoded()) }
        }
        // Beside a log that is written the descriptor is kept: compaction may put another file under the name.
        // The writer itself opens a segment when somebody reads it.
        let kept = isReadOnly ? file : nil
        return PartitionView.Segment(file: SegmentFile(path: path, storage: storage, file: kept), index: index)
    }

    /// The index beside the segment, if it is sound and of this segment: as long at most, and a frame where its last
    /// block says.
    private func readIndex(_ path: String, of file: any StorageFile, base: Int64, size: Int) -> SegmentIndex? {
        guard let bytes = try? storage.readAll(SegmentFile.indexPath(of: path), limit: 64 << 20),
            let index = SegmentIndex(bytes.span), index.baseOffset == base, index.bytes <= size
        else { return nil }
        guard let last = index.blocks.last else { return index }
        guard let head = try? file.read(at: last.position, count: FrameHeader.size),
            let header = FrameHeader(head.span, frameBytes: frameBytes), header.baseOffset == last.firstOffset
        else { return nil }
        return index
    }

    /// Adds the frames from the index's end on.
    /// - Returns: Where the torn end begins, if there is one.
    private mutating func scan(
        _ file: any StorageFile, from index: inout SegmentIndex, to size: Int, isLast: Bool
    ) throws(LogError) -> Int? {
        var scanner = SegmentScanner(
            file: file, from: index.bytes, to: size, expectedOffset: index.nextOffset, frameBytes: frameBytes,
            isDeep: true)
        var open: [SegmentScanner.Damage] = []
        while let item = try storing({ () throws(StorageError) in try scanner.next() }) {
            switch item {
            case .damage(let damage): open.append(damage)
            case .frame(let header, let position):
                // Frames follow, so this is damage in the middle and not a torn end.
                for damage in open { report(gap: damage.offsets, file.path, damage.bytes, damage.reason) }
                open.removeAll()
                index.add(header, at: position)
            }
        }
        guard let first = open.first else { return nil }
        if isLast { return first.bytes.lowerBound }
        for damage in open { report(gap: damage.offsets, file.path, damage.bytes, damage.reason) }
        return nil
    }

    private mutating func cutTail(_ file: any StorageFile, at cut: Int, size: Int, offset: Int64) throws(LogError) {
        report.cutTails.append(
            RecoveryReport.CutTail(topic: topic, partition: number, file: file.path, bytes: cut..<size, offset: offset))
        if isReadOnly { return }
        try storing { () throws(StorageError) in try file.truncate(to: cut) }
    }

    private mutating func report(gap offsets: Range<Int64>, _ path: String, _ bytes: Range<Int>, _ reason: String) {
        report.gaps.append(
            LogGap(topic: topic, partition: number, offsets: offsets, file: path, bytes: bytes, reason: reason))
    }
}
