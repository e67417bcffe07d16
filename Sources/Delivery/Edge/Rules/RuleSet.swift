import Bytes
import HTTPWire
public import SQL

/// The rules of an edge, compiled. Immutable; shared by the loops.
public struct RuleSet: Sendable {
    /// The most rules that are taken.
    public static let maximumRules = 5_000

    struct Phase: Sendable {
        /// One condition a rule.
        var conditions: RowProgram
        var rules: [CompiledRule]
        /// What is read in the phase, by conditions and actions.
        var fills: [RuleFill]
        /// Which of `fills` the conditions read, those of one rule after those of another. Flat, so that the walk over
        /// them counts no references.
        var needs: [UInt16]
        /// Where each rule's begin; one more than there are rules.
        var needStarts: [Int32]

        @inline(__always)
        func needs(of index: Int) -> ArraySlice<UInt16> {
            needs[Int(needStarts[index])..<Int(needStarts[index + 1])]
        }
    }

    /// By `RulePhase.index`; nil where a phase has no rules.
    var phases: [Phase?] = Array(repeating: nil, count: RulePhase.allCases.count)
    var slotCount = 0
    /// The tables that rules ask, in the order in which a loop has them at hand.
    public internal(set) var tables: [String] = []
    /// By number.
    public internal(set) var names: [String] = []
    /// By number.
    public internal(set) var rulePhases: [RulePhase] = []
    /// The conditions as they are written, by number; nil where there is none.
    var conditions: [String?] = []

    func has(_ phase: RulePhase) -> Bool { phases[phase.index] != nil }

    /// Some are asked where the cache answers.
    var concernsHits: Bool { has(.receive) || has(.deliver) }
}

/// A column that has to be set before a phase's programs run.
struct RuleFill: Sendable {
    enum Source: Sendable {
        case field(RuleField)
        case keyed(RuleKeyed, name: [UInt8], id: KnownHeader)
    }

    let column: Int
    let source: Source

    init(_ column: Int, _ binder: RowBinder) {
        self.column = column
        guard column >= binder.fields.count else {
            source = .field(RuleField.allCases[column])
            return
        }
        guard case .keyed(let number, let key) = binder.lookups[column - binder.fields.count],
            let keyed = RuleKeyed(rawValue: number)
        else {
            // Tables are asked by the programs themselves.
            source = .field(.isFragment)
            return
        }
        let bytes = Array(key.utf8)
        let isHeader = keyed == .header || keyed == .responseHeader
        source = .keyed(keyed, name: bytes, id: isHeader ? KnownHeader(name: bytes.span) : .other)
    }
}

/// How a table that rules ask is reached; one reader for each loop.
public struct RuleTables: Sendable {
    public var reader: @Sendable (String) -> any RowTable

    public init(reader: @escaping @Sendable (String) -> any RowTable) { self.reader = reader }
}

/// The rules with what they need of their surroundings.
public struct EdgeRuleSettings: Sendable {
    /// Nil where there are none.
    public var set: RuleSet?
    public var tables: RuleTables?
    /// Keys whose buckets are remembered at a time; needs a restart.
    public var throttleKeys = 100_000
    /// Backtracking steps that one regular expression may take.
    public var maximumMatchSteps = 100_000

    public init() {}
}
