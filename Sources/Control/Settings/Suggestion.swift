/// "Did you mean": the candidate closest to what was written.
enum Suggestion {
    /// The candidate within a third of the written length (at least 2 edits), or nil.
    static func closest(to written: String, among candidates: [String]) -> String? {
        let limit = max(2, written.count / 3)
        let ranked = candidates.map { ($0, distance(written.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= limit else { return nil }
        return best.0
    }

    /// Levenshtein distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.unicodeScalars)
        var row = Array(0...right.count)
        for (i, a) in left.unicodeScalars.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
