/// The columns that names can mean at one place of a query, in the order of the input's fields.
struct Scope {
    struct Column {
        /// The table's alias or name.
        var qualifier: String?
        var name: String
        var type: SQLType
        /// `*` leaves it out.
        var isHidden = false
        /// Of what was joined for a sub-query: the columns that alone tell its value.
        var sources: Set<Int>?
    }

    enum Resolution {
        case column(Int)
        case ambiguous
        case unknown
    }

    let columns: [Column]
    private var byName: [String: Int] = [:]
    private var byQualifiedName: [String: Int] = [:]
    private static let ambiguousIndex = -1

    init(_ columns: [Column] = []) {
        self.columns = columns
        for (index, column) in columns.enumerated() {
            byName[column.name] = byName[column.name] == nil ? index : Self.ambiguousIndex
            guard let qualifier = column.qualifier else { continue }
            let name = qualifier + "." + column.name
            byQualifiedName[name] = byQualifiedName[name] == nil ? index : Self.ambiguousIndex
        }
    }

    init(fields: [PlanField], qualifier: String? = nil) {
        self.init(fields.map { Column(qualifier: qualifier, name: $0.name, type: $0.type) })
    }

    /// The columns of a sub-query behind those of the query around it, which its own names hide.
    init(outer: Scope, inner: Scope) {
        columns = outer.columns + inner.columns
        byName = outer.byName
        byQualifiedName = outer.byQualifiedName
        let width = outer.columns.count
        for (name, index) in inner.byName { byName[name] = index == Self.ambiguousIndex ? index : index + width }
        for (name, index) in inner.byQualifiedName {
            byQualifiedName[name] = index == Self.ambiguousIndex ? index : index + width
        }
        // A name without a qualifier inside is not the column `inner.name` outside, and the other way round.
        for name in inner.byName.keys { byQualifiedName[name] = inner.byQualifiedName[name].map { $0 + width } }
        for name in inner.byQualifiedName.keys where inner.byName[name] == nil { byName[name] = nil }
    }

    /// The column a dotted name means: one of that whole name first, then one behind a table's alias.
    func resolve(_ name: String) -> Resolution {
        guard let index = byName[name] ?? byQualifiedName[name] else { return .unknown }
        return index == Self.ambiguousIndex ? .ambiguous : .column(index)
    }

    /// The columns behind one alias, for `t.*`.
    func columns(of qualifier: String) -> [Int] {
        columns.indices.filter { columns[$0].qualifier == qualifier }
    }

    /// What may have been meant by an unknown name.
    func suggestion(for name: String) -> String? {
        let names = columns.map(\.name)
        if let near = Suggestion.nearest(to: name, among: names) { return near }
        // The beginning or the end of a dotted name, perhaps misspelt (`status_code` for `http.response.status_code`).
        let lower = name.lowercased()
        let begun = names.filter { $0.lowercased().hasPrefix(lower) }
        if lower.utf8.count >= 4, let shortest = begun.min(by: { $0.utf8.count < $1.utf8.count }) { return shortest }
        if let longer = names.first(where: { $0.lowercased().hasSuffix("." + lower) }) { return longer }
        let last = String(lower.split(separator: ".").last ?? "")
        let ends = names.compactMap { full in full.split(separator: ".").last.map { (String($0), full) } }
        guard let end = Suggestion.nearest(to: last, among: ends.map(\.0)) else { return nil }
        return ends.first { $0.0 == end }?.1
    }
}
