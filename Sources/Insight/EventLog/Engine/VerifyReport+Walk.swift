import Runtime

extension VerifyReport {
    /// Walks the published frames of a partition.
    mutating func walk(_ view: PartitionView, frameBytes: Int) throws(LogError) {
        var expected: Int64?
        for segment in view.segments {
            let index = segment.index
            if let expected, expected < index.baseOffset {
                add(view, segment, expected..<index.baseOffset, 0..<0, "offsets are missing before the segment")
            }
            let file = try segment.file.opened()
            var scanner = SegmentScanner(
                file: file, from: 0, to: index.bytes, expectedOffset: index.baseOffset, frameBytes: frameBytes,
                isDeep: true, windowBytes: 1 << 20)
            while let item = try storing({ () throws(StorageError) in try scanner.next() }) {
                switch item {
                case .frame(let header, _):
                    frames += 1
                    rows += Int64(header.rowCount)
                case .damage(let damage): add(view, segment, damage.offsets, damage.bytes, damage.reason)
                }
            }
            if scanner.expectedOffset < index.nextOffset {
                add(view, segment, scanner.expectedOffset..<index.nextOffset, 0..<0, "offsets are missing at the end")
            }
            expected = index.nextOffset
            segments += 1
            bytes += index.bytes
        }
    }

    private mutating func add(
        _ view: PartitionView, _ segment: PartitionView.Segment, _ offsets: Range<Int64>, _ bytes: Range<Int>,
        _ reason: String
    ) {
        gaps.append(
            LogGap(
                topic: view.topic, partition: view.number, offsets: offsets, file: segment.file.path, bytes: bytes,
                reason: reason))
    }
}
