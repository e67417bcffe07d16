/// What the settings say about whether a response is stored and how long: apart from all else, so that they are handed on
/// without a copy of lists and names.
public struct StorageRules: Sendable {
    let heuristicFraction: Double
    let maximumHeuristicSeconds: Int64
    let storesSetCookie: Bool
    let guardsAgainstDeception: Bool
}

extension CacheSettings {
    public var storageRules: StorageRules {
        StorageRules(
            heuristicFraction: heuristicFraction, maximumHeuristicSeconds: maximumHeuristicSeconds,
            storesSetCookie: storesSetCookie, guardsAgainstDeception: guardsAgainstDeception)
    }
}
