import Columns
import SQL

/// What an aggregate keeps as a list, in a checkpoint: a column with a batch of rows a group, as bytes; of an empty list
/// none.
enum GroupBatches {
    /// - Parameter batches: `nil` for an empty list.
    static func column(_ batches: [Batch?]) -> Column {
        var strings = ByteStrings()
        for batch in batches { strings.append(batch.map { BatchCodec.encode($0, compression: .none) } ?? []) }
        return Column(type: .bytes, count: batches.count, validity: nil, storage: .byteStrings(strings))
    }

    /// - Returns: `nil` for an empty list.
    /// - Throws: `corrupt_state`.
    static func batch(_ column: Column, _ row: Int) throws(SQLError) -> Batch? {
        guard let bytes = column.bytes(row) else { throw StateCodec.damaged("the columns of an aggregate") }
        if bytes.isEmpty { return nil }
        do throws(CodecError) {
            return try BatchCodec.decode(Array(bytes).span)
        } catch {
            throw StateCodec.damaged("\(error)")
        }
    }
}
