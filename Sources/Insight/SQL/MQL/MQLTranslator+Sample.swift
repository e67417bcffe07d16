extension MQLTranslator {
    /// The members of `sample {…}` as they were written.
    private struct Configuration {
        var strategy = "RANDOM"
        var threshold: Double?
        var factor = 10_000.0
        var keys: [Expression] = []
        var salt: Int64 = 0
        var isExtrapolated = false
    }

    /// `{'strategy': 'RANDOM', 'threshold': 200, 'factor': 10000}` and the like, or `n%`.
    mutating func sample(at position: SourcePosition) throws(SQLError) -> SampleClause {
        if let number = scanner.number() {
            try scanner.expect("%")
            return SampleClause(
                method: .random(percent: try percent(Double(number), at: position), seed: nil), position: position)
        }
        let configuration = try configuration()
        guard let threshold = configuration.threshold else {
            throw SQLError(
                .syntax, "a sample needs its threshold", at: position,
                suggestion: "sample {'strategy': 'RANDOM', 'threshold': 200} keeps 200 of 10000")
        }
        let part = 100 * threshold / configuration.factor
        var clause: SampleClause
        switch configuration.strategy.uppercased() {
        case "RANDOM":
            clause = SampleClause(
                method: .random(percent: try percent(part, at: position), seed: nil), position: position)
        case "STICKY":
            guard !configuration.keys.isEmpty else {
                throw SQLError(
                    .syntax, "a sticky sample needs its keys", at: position, suggestion: "'keys': ['client.ip']")
            }
            clause = SampleClause(
                method: .sticky(
                    keys: configuration.keys, percent: try percent(part, at: position), salt: configuration.salt),
                position: position)
        case "RPS":
            guard threshold >= 1, let rows = Int(exactly: threshold.rounded()) else {
                throw SQLError(.invalidQuery, "RPS keeps at least one event a second", at: position)
            }
            clause = SampleClause(method: .rate(rowsPerSecond: rows), position: position)
        default:
            throw SQLError(
                .syntax, "there is no sampling called \(configuration.strategy)", at: position,
                suggestion: Suggestion.phrase(for: configuration.strategy, among: ["RANDOM", "STICKY", "RPS"])
                    ?? "there are RANDOM, STICKY and RPS")
        }
        if configuration.isExtrapolated { clause.extrapolation = position }
        return clause
    }

    private func percent(_ value: Double?, at position: SourcePosition) throws(SQLError) -> Double {
        guard let value, value > 0, value <= 100 else {
            throw SQLError(
                .invalidQuery, "a sample is more than none and at most all: 0 < threshold <= factor", at: position)
        }
        return value
    }

    private mutating func configuration() throws(SQLError) -> Configuration {
        var result = Configuration()
        try scanner.expect("{")
        if scanner.accept("}") { return result }
        repeat {
            let position = scanner.position
            let member = try scanner.text("a member's name in quotes")
            try scanner.expect(":")
            switch member {
            case "strategy": result.strategy = try scanner.text("a strategy in quotes")
            case "threshold": result.threshold = try number()
            case "factor":
                result.factor = try number()
                guard result.factor > 0 else { throw SQLError(.syntax, "the factor is more than 0", at: position) }
            case "salt":
                guard let salt = Int64(exactly: try number().rounded()) else {
                    throw SQLError(.syntax, "the salt is a whole number", at: position)
                }
                result.salt = salt
            case "extrapolate":
                result.isExtrapolated = scanner.accept(word: "true")
                if !result.isExtrapolated, !scanner.accept(word: "false") { throw scanner.unexpected("true or false") }
            case "keys": result.keys = try keys()
            default:
                throw SQLError(
                    .syntax, "a sample has no member '\(member)'", at: position,
                    suggestion: "there are strategy, threshold, factor, keys, salt and extrapolate")
            }
        } while scanner.accept(",")
        try scanner.expect("}")
        return result
    }

    private mutating func keys() throws(SQLError) -> [Expression] {
        var keys: [Expression] = []
        try scanner.expect("[")
        repeat {
            let position = scanner.position
            let name = try scanner.text("a key in quotes")
            keys.append(.name(Name(parts: [Identifier(text: name, position: position, isQuoted: true)])))
            guard keys.count <= limits.maximumListLength else {
                throw SQLError(.limitExceeded, "more than \(limits.maximumListLength) keys", at: position)
            }
        } while scanner.accept(",")
        try scanner.expect("]")
        return keys
    }

    private mutating func number() throws(SQLError) -> Double {
        guard let text = scanner.number(), let value = Double(text), value.isFinite else {
            throw scanner.unexpected("a number")
        }
        return value
    }
}
