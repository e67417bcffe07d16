import Columns
import SQL

/// The search for matches in the rows of one partition: one attempt at a time, from the first row that may still begin
/// a match. All ways the pattern can take the rows are followed at once, in the order of preference.
struct MatchSearch {
    /// The places of the rows; those before `head` are no longer needed.
    var rows: [MatchRows.Place] = []
    /// The row that the attempt begins with. Registers count rows from it.
    private(set) var head = 0
    /// The row that is tried next.
    private var next = 0
    private(set) var isActive = false
    /// The live partial matches, the preferred first: the state of each, and its registers one behind the other.
    private var states: [Int] = []
    private var registers: [Int64] = []
    /// The best match so far: its registers, and its last row, counted from the first.
    private var best: [Int64] = []
    private var bestEnd = -1

    /// Rows from the attempt's first on.
    var heldRows: Int { rows.count - head }

    var byteCount: Int { (rows.capacity + states.capacity + registers.capacity + best.capacity) * 8 }

    /// Forgets the rows before the attempt.
    mutating func trim() {
        guard head > 0 else { return }
        rows.removeFirst(head)
        next -= head
        head = 0
    }

    /// Goes on until more rows are needed.
    mutating func advance(_ context: inout MatchContext, _ store: MatchRows) throws(SQLError) {
        while next < rows.count {
            if !isActive { begin(context.layout) }
            if let within = context.layout.within, next > head,
                store.integer(context.layout.timeColumn, rows[next]) - startTime(context.layout, store) > within
            {
                try conclude(&context, store)
                continue
            }
            try step(&context, store)
            next += 1
            if states.isEmpty { try conclude(&context, store) }
        }
    }

    /// No more rows come before `watermark`: ends attempts that it takes past `WITHIN`.
    mutating func expire(
        _ watermark: Int64, _ context: inout MatchContext, _ store: MatchRows
    ) throws(SQLError) {
        guard let within = context.layout.within else { return }
        while isActive, watermark - startTime(context.layout, store) >= within {
            try conclude(&context, store)
            try advance(&context, store)
        }
    }

    /// No more rows come.
    mutating func finish(_ context: inout MatchContext, _ store: MatchRows) throws(SQLError) {
        while isActive {
            try conclude(&context, store)
            try advance(&context, store)
        }
    }

    /// The event time of the attempt's first row.
    func startTime(_ layout: MatchLayout, _ store: MatchRows) -> Int64 {
        store.integer(layout.timeColumn, rows[head])
    }

    private mutating func begin(_ layout: MatchLayout) {
        isActive = true
        states = [PatternProgram.start]
        registers = layout.registers.initial
        bestEnd = -1
        next = head
    }

    /// Gives row `next` to every variable that may take it.
    private mutating func step(_ context: inout MatchContext, _ store: MatchRows) throws(SQLError) {
        try context.work.step()
        let layout = context.layout
        let program = layout.program
        let width = layout.registers.count
        let place = rows[next]
        let matched = MatchedRows(places: rows, start: head)
        context.clear()
        search: for thread in states.indices {
            for target in program.following[states[thread]] {
                let variable = program.variables[target]
                if let condition = layout.variables[variable].rowCondition, !store.isTrue(condition, place) {
                    continue
                }
                context.copy(registers, at: thread * width, width)
                layout.registers.update(
                    &context.scratch, variable: variable, sequence: next - head, rows: matched, store)
                if let condition = layout.variables[variable].matchCondition {
                    guard try context.isTrue(condition, place: place, rows: matched, store) else { continue }
                }
                guard try context.add(target) else { continue }
                if program.accepts[target] {
                    best = context.scratch
                    bestEnd = next - head
                    if program.following[target].isEmpty { context.dropLast(width) }
                    // What is less preferred than a match is no longer of interest.
                    break search
                }
            }
        }
        swap(&states, &context.states)
        swap(&registers, &context.registers)
    }

    /// Ends the attempt: tells of its match, if there is one, and goes to where the next begins.
    private mutating func conclude(_ context: inout MatchContext, _ store: MatchRows) throws(SQLError) {
        let start = head
        if bestEnd < 0 {
            head = start + 1
        } else {
            context.emit(best, rows: MatchedRows(places: rows, start: start), store)
            switch context.layout.skip {
            case .pastLastRow: head = start + bestEnd + 1
            case .toNextRow: head = start + 1
            case .to(let register, let words):
                let row = best[register]
                guard row > 0 else { throw Self.cannotSkip(words, isMissing: row < 0) }
                head = start + Int(row)
            }
        }
        isActive = false
        states.removeAll(keepingCapacity: true)
        registers.removeAll(keepingCapacity: true)
        bestEnd = -1
        next = head
        // All rows behind move, so not for each row that comes free.
        if head * 2 >= rows.count { trim() }
    }

    private static func cannotSkip(_ words: String, isMissing: Bool) -> SQLError {
        .init(
            code: .evaluation,
            message: isMissing
                ? "AFTER MATCH SKIP TO \(words): no row of the match is of that variable"
                : "AFTER MATCH SKIP TO \(words): that is the match's first row, and the search can't go on there",
            suggestion: "SKIP PAST LAST ROW or TO NEXT ROW always goes on")
    }
}
