import Bytes
import Columns
import Geography
import HTTPWire
import SQL

/// Runs the rules of one loop: its values, its readers of tables, its counts. Confined to its loop.
final class RuleRunner {
    let set: RuleSet
    let throttle: ThrottleTable
    let geography: GeoDatabase?
    @exclusivity(unchecked) var values: RowValues
    /// How often each rule fired, and how often something of it could not be computed.
    @exclusivity(unchecked) private(set) var fired: [Int64]
    @exclusivity(unchecked) private(set) var failed: [Int64]
    /// By the column's place among a phase's: the round in which it was set. A round is a phase, or what is left of it after
    /// a message has changed.
    @exclusivity(unchecked) private var filledIn: [UInt32]
    @exclusivity(unchecked) private var round: UInt32 = 0

    init(_ set: RuleSet, settings: EdgeRuleSettings, throttle: ThrottleTable, geography: GeoDatabase?) {
        self.set = set
        self.throttle = throttle
        self.geography = geography
        values = RowValues(matchLimit: UInt32(clamping: settings.maximumMatchSteps))
        fired = Array(repeating: 0, count: set.names.count)
        failed = Array(repeating: 0, count: set.names.count)
        filledIn = Array(repeating: 0, count: set.phases.map { $0?.fills.count ?? 0 }.max() ?? 0)
        if let tables = settings.tables { values.tables = set.tables.map(tables.reader) }
    }

    /// Asks the rules of a phase one after the other.
    /// - Parameters:
    ///   - head: the request; rules of receive and miss change it.
    ///   - response: the answer, from fetch on, which the rules change.
    /// - Returns: whether any fired.
    @discardableResult
    func run(
        _ phase: RulePhase, _ subject: RuleSubject, head: inout RequestHead, response: inout ResponseHead,
        _ decisions: inout RuleDecisions
    ) -> Bool {
        guard let rules = set.phases[phase.index] else { return false }
        var hasFired = false
        values.begin(slots: set.slotCount)
        values.now = subject.wallMicroseconds
        let message = (subject, phase.knowsResponse)
        forget()
        lend(head, response)
        for index in 0..<rules.rules.count {
            need(rules.needs(of: index), rules.fills, message, head, response)
            guard holds(phase, rules, index, &decisions) else { continue }
            let rule = rules.rules[index]
            hasFired = true
            note(rule, &decisions)
            for action in rule.actions {
                need(rule.needs[...], rules.fills, message, head, response)
                do throws(SQLError) {
                    let edit = try prepare(action, subject, &decisions)
                    // What is lent would be copied as soon as somebody changes it.
                    release()
                    // What was read of the message is old then.
                    if apply(edit, phase, &head, &response, &decisions) { forget() }
                    if decisions.trace != nil {
                        let deed = RuleTrace.deed(action, edit, head, decisions)
                        decisions.trace?.did(deed)
                    }
                } catch {
                    noteFailure(rule.number, error, &decisions)
                }
                lend(head, response)
            }
            if decisions.answer != nil || rule.stops {
                if decisions.trace != nil { traceRest(phase, rules, after: index, &decisions) }
                break
            }
        }
        release()
        return hasFired
    }

    /// Asks every condition of a phase and does nothing about it.
    func test(
        _ phase: RulePhase, _ rules: RuleSet.Phase, _ subject: RuleSubject, _ head: RequestHead,
        _ decisions: inout RuleDecisions
    ) {
        let response = ResponseHead()
        values.begin(slots: set.slotCount)
        values.now = subject.wallMicroseconds
        forget()
        lend(head, response)
        for index in 0..<rules.rules.count {
            need(rules.needs(of: index), rules.fills, (subject, phase.knowsResponse), head, response)
            _ = holds(phase, rules, index, &decisions)
        }
        release()
    }

    /// Gives a request the path and query that a rule of receive gives it, whatever its condition asks for besides the
    /// URL.
    /// - Returns: whether it may fire for the URL.
    func retarget(
        _ index: Int, _ rules: RuleSet.Phase, _ subject: RuleSubject, _ head: inout RequestHead
    ) -> Bool {
        let rule = rules.rules[index]
        var (response, decisions) = (ResponseHead(), RuleDecisions())
        values.begin(slots: set.slotCount)
        values.now = subject.wallMicroseconds
        forget()
        lend(head, response)
        defer { release() }
        need(rules.needs(of: index), rules.fills, (subject, false), head, response)
        for condition in rule.targetConditions {
            guard (try? condition.test(0, &values)) == true else { return false }
        }
        for action in rule.actions where action.changesTarget {
            need(rule.needs[...], rules.fills, (subject, false), head, response)
            if let edit = try? prepare(action, subject, &decisions) {
                release()
                if apply(edit, .receive, &head, &response, &decisions) { forget() }
            }
            lend(head, response)
        }
        return true
    }

    private func holds(
        _ phase: RulePhase, _ rules: RuleSet.Phase, _ index: Int, _ decisions: inout RuleDecisions
    ) -> Bool {
        do throws(SQLError) {
            let holds = try rules.conditions.test(index, &values)
            if decisions.trace != nil { trace(phase, rules, index, .success(holds), &decisions) }
            return holds == true
        } catch {
            // What can't be told is not true; the count tells the operator.
            failed[rules.rules[index].number] += 1
            if decisions.trace != nil { trace(phase, rules, index, .failure(error), &decisions) }
            return false
        }
    }

    private func note(_ rule: CompiledRule, _ decisions: inout RuleDecisions) {
        fired[rule.number] += 1
        if decisions.fired.count < RuleDecisions.maximumNames { decisions.fired.append(set.names[rule.number]) }
    }

    private func noteFailure(_ number: Int, _ error: SQLError, _ decisions: inout RuleDecisions) {
        failed[number] += 1
        decisions.trace?.did("failed: \(error.message)")
    }

    // MARK: Columns

    /// Sets those columns that are not set yet.
    @inline(__always)
    private func need(
        _ columns: ArraySlice<UInt16>, _ fills: [RuleFill], _ message: (subject: RuleSubject, knowsResponse: Bool),
        _ head: RequestHead, _ response: ResponseHead
    ) {
        for column in columns where filledIn[Int(column)] != round {
            filledIn[Int(column)] = round
            fill(fills[Int(column)], message.subject, head, response, knowsResponse: message.knowsResponse)
        }
    }

    /// Has every column set anew when it is needed next.
    private func forget() {
        round &+= 1
        guard round == 0 else { return }
        filledIn = Array(repeating: 0, count: filledIn.count)
        round = 1
    }

    var counts: RuleCounts { RuleCounts(fired: fired, failed: failed) }

    func lend(_ head: RequestHead, _ response: ResponseHead) {
        values.first = head.block.bytes
        values.second = response.block.bytes
    }

    private func release() {
        values.first = []
        values.second = []
    }
}
