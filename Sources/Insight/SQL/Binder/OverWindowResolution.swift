/// Finds out what `OVER name` and `OVER (name …)` are.
struct OverWindowResolution {
    private let windows: [NamedWindow]

    init(_ windows: [NamedWindow]) { self.windows = windows }

    func resolve(_ reference: OverReference) throws(SQLError) -> OverWindow {
        switch reference {
        case .named(let name): return try window(name, among: windows[...])
        case .window(let window): return try extended(window, among: windows[...])
        }
    }

    /// Windows stand on those before them.
    private func window(_ name: Identifier, among known: ArraySlice<NamedWindow>) throws(SQLError) -> OverWindow {
        guard let index = known.firstIndex(where: { $0.name.text == name.text }) else {
            throw SQLError(
                .unknownColumn, "there is no window \(name.text)", at: name.position,
                suggestion: Suggestion.phrase(for: name.text, among: windows.map(\.name.text))
                    ?? "WINDOW \(name.text) AS (PARTITION BY … ORDER BY …) declares it, before QUALIFY and ORDER BY")
        }
        if let twin = windows[(index + 1)...].first(where: { $0.name.text == name.text }) {
            throw SQLError(
                .ambiguousName, "WINDOW declares \(name.text) twice", at: twin.name.position)
        }
        return try extended(known[index].window, among: known[..<index])
    }

    private func extended(
        _ window: OverWindow, among known: ArraySlice<NamedWindow>
    ) throws(SQLError) -> OverWindow {
        guard let name = window.base else { return window }
        let base = try self.window(name, among: known)
        guard window.partitionBy.isEmpty else {
            throw SQLError(
                .invalidQuery, "a window that adds to \(name.text) can't have a PARTITION BY of its own",
                at: window.partitionBy[0].position)
        }
        guard window.orderBy.isEmpty || base.orderBy.isEmpty else {
            throw SQLError(
                .invalidQuery, "\(name.text) has an ORDER BY already", at: window.orderBy[0].expression.position)
        }
        guard base.frame == nil else {
            throw SQLError(
                .invalidQuery, "nothing can be added to \(name.text), which has a frame", at: name.position,
                suggestion: "OVER \(name.text), without parentheses, takes it as it is")
        }
        var result = base
        if !window.orderBy.isEmpty { result.orderBy = window.orderBy }
        result.frame = window.frame
        return result
    }
}
