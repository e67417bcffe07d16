/// One part of a name as written.
struct Identifier: Hashable, Sendable {
    var text: String
    var position: SourcePosition
    /// Written in back-ticks.
    var isQuoted = false
}

/// A name of one or more parts: `t`, `url.path`, `` t.`odd name` ``. Dots may be part of a column's or table's name
/// (`http.request.method`), so what the parts mean is settled by the binder.
struct Name: Hashable, Sendable {
    /// At least one.
    var parts: [Identifier]

    var position: SourcePosition { parts[0].position }

    var text: String { parts.map(\.text).joined(separator: ".") }
}
