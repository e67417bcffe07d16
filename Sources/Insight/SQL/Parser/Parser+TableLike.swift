/// `LIKE table [({INCLUDING | EXCLUDING | OVERWRITING} feature …)]` behind CREATE TABLE: another table of the text, with what
/// the statement says besides.
extension Parser {
    mutating func like(_ table: TableDeclaration) throws(SQLError) -> TableDeclaration {
        try expect(.like)
        let source = try objectName("a table")
        guard let base = declared[source.text] else {
            throw SQLError(
                .unknownTable, "LIKE takes a table that the text declares, and \(source.text) is none",
                at: source.position,
                suggestion: Suggestion.phrase(for: source.text, among: declared.keys.sorted())
                    ?? "SHOW CREATE TABLE tells how a topic would be declared")
        }
        let options = try likeOptions()
        return try LikeMerge(base: base, own: table, options: options, position: source.position).merged()
    }

    private mutating func likeOptions() throws(SQLError) -> LikeOptions {
        var options = LikeOptions()
        guard accept(.leftParenthesis) else { return options }
        repeat {
            let position = token.position
            let word = token.text.uppercased()
            guard let strategy = LikeOptions.Strategy(rawValue: word) else {
                throw unexpected(expecting: "INCLUDING, EXCLUDING or OVERWRITING")
            }
            advance()
            let name = token.text.uppercased()
            guard case .word = token.kind, name == "ALL" || LikeOptions.Feature(rawValue: name) != nil else {
                throw unexpected(
                    expecting: "ALL, CONSTRAINTS, GENERATED, METADATA, OPTIONS, WATERMARKS, PARTITIONS or DISTRIBUTION")
            }
            advance()
            guard options.set(name, strategy) else {
                throw SQLError(
                    .invalidQuery, "LIKE: \(word) \(name) can't stand here", at: position,
                    suggestion: "each feature once; OVERWRITING is for GENERATED, METADATA, OPTIONS and WATERMARKS")
            }
            _ = accept(.comma)
        } while !at(.rightParenthesis)
        try expect(.rightParenthesis)
        return options
    }
}

/// What is taken of the other table, and how.
struct LikeOptions {
    enum Strategy: String {
        case including = "INCLUDING"
        case excluding = "EXCLUDING"
        case overwriting = "OVERWRITING"
    }

    enum Feature: String, CaseIterable {
        case constraints = "CONSTRAINTS"
        case generated = "GENERATED"
        case metadata = "METADATA"
        case options = "OPTIONS"
        case watermarks = "WATERMARKS"
        // There are none here; what is said of them holds for nothing.
        case partitions = "PARTITIONS"
        case distribution = "DISTRIBUTION"

        fileprivate var canBeOverwritten: Bool {
            switch self {
            case .generated, .metadata, .options, .watermarks, .distribution: true
            case .constraints, .partitions: false
            }
        }
    }

    private var all: Strategy?
    private var each: [Feature: Strategy] = [:]

    /// - Returns: false where it is said already, or can't be said.
    mutating func set(_ name: String, _ strategy: Strategy) -> Bool {
        guard let feature = Feature(rawValue: name) else {
            guard all == nil, strategy != .overwriting else { return false }
            all = strategy
            return true
        }
        guard each[feature] == nil, strategy != .overwriting || feature.canBeOverwritten else { return false }
        each[feature] = strategy
        return true
    }

    /// Without a word all is taken, and options are overwritten.
    subscript(_ feature: Feature) -> Strategy {
        each[feature] ?? all ?? (feature == .options ? .overwriting : .including)
    }
}

private struct LikeMerge {
    let base: TableDeclaration
    let own: TableDeclaration
    let options: LikeOptions
    let position: SourcePosition

    /// A column of a table, computed or not, in the order of the text.
    private enum Part {
        case field(PlanField, MetadataColumn?)
        case computed(ComputedColumn)

        var name: String {
            switch self {
            case .field(let field, _): field.name
            case .computed(let column): column.name.text
            }
        }

        /// What says whether it is taken; `nil` for a column that always is.
        var feature: LikeOptions.Feature? {
            switch self {
            case .field(_, let metadata): metadata == nil ? nil : .metadata
            case .computed: .generated
            }
        }
    }

    func merged() throws(SQLError) -> TableDeclaration {
        var table = own
        var parts = Self.parts(of: base).filter { $0.feature.map { options[$0] != .excluding } ?? true }
        for part in Self.parts(of: own) {
            guard let place = parts.firstIndex(where: { $0.name == part.name }) else {
                parts.append(part)
                continue
            }
            guard let feature = parts[place].feature, feature == part.feature, options[feature] == .overwriting else {
                throw conflict("column \(part.name)", parts[place].feature)
            }
            parts[place] = part
        }
        set(parts, in: &table)
        if base.timeColumn != nil, options[.watermarks] != .excluding {
            if own.timeColumn == nil {
                table.timeColumn = base.timeColumn
                table.watermarkDelay = base.watermarkDelay
            } else if options[.watermarks] == .including {
                throw conflict("a watermark", .watermarks)
            }
        }
        if !base.primaryKey.isEmpty, options[.constraints] == .including {
            guard own.primaryKey.isEmpty else { throw conflict("a primary key", nil) }
            table.primaryKey = base.primaryKey
        }
        guard options[.options] != .excluding else { return table }
        if options[.options] == .including,
            let twin = own.options.keys.sorted().first(where: { base.options[$0] != nil })
        {
            throw conflict("option '\(twin)'", .options)
        }
        table.options = base.options.merging(own.options) { $1 }
        return table
    }

    private static func parts(of table: TableDeclaration) -> [Part] {
        var parts: [Part] = []
        var fields = table.fields[...]
        var computed = table.computed[...]
        while parts.count < table.fields.count + table.computed.count {
            if let column = computed.first, column.place == parts.count || fields.isEmpty {
                parts.append(.computed(column))
                computed.removeFirst()
            } else if let field = fields.popFirst() {
                parts.append(.field(field, table.metadata.first { $0.name.text == field.name }))
            }
        }
        return parts
    }

    private func set(_ parts: [Part], in table: inout TableDeclaration) {
        table.fields = []
        table.metadata = []
        table.computed = []
        for (place, part) in parts.enumerated() {
            switch part {
            case .field(let field, let metadata):
                table.fields.append(field)
                if let metadata { table.metadata.append(metadata) }
            case .computed(var column):
                column.place = place
                table.computed.append(column)
            }
        }
    }

    private func conflict(_ what: String, _ feature: LikeOptions.Feature?) -> SQLError {
        let suggestion = feature.map {
            "(OVERWRITING \($0.rawValue)) replaces it, (EXCLUDING \($0.rawValue)) leaves it out"
        }
        return SQLError(
            .ambiguousName, "\(what) is there already, of table \(base.name)", at: position,
            suggestion: suggestion ?? (what.hasPrefix("column") ? nil : "(EXCLUDING CONSTRAINTS) leaves it out"))
    }
}
