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

    init(_ set: RuleSet, settings: EdgeRuleSettings, throttle: ThrottleTable, geography: GeoDatabase?) {
        self.set = set
        self.throttle = throttle
        self.geography = geography
        values = RowValues(matchLimit: UInt32(clamping: settings.maximumMatchSteps))
        fired = Array(repeating: 0, count: set.names.count)
        failed = Array(repeating: 0, count: set.names.count)
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
        fill(rules.fills, subject, head, response, knowsResponse: phase.knowsResponse)
        for index in 0..<rules.rules.count where holds(rules, index) {
            let rule = rules.rules[index]
            hasFired = true
            note(rule, phase, &decisions)
            // What is lent would be copied as soon as somebody changes it.
            release()
            var isChanged = false
            for action in rule.actions {
                if isChanged {
                    fill(rules.fills, subject, head, response, knowsResponse: phase.knowsResponse)
                } else {
                    lend(head, response)
                }
                do throws(SQLError) {
                    let edit = try prepare(action, subject, &decisions)
                    release()
                    isChanged = apply(edit, phase, &head, &response, &decisions) || isChanged
                } catch {
                    release()
                    noteFailure(rule.number, error, &decisions)
                }
            }
            if decisions.answer != nil || rule.stops { break }
            if index + 1 < rules.rules.count {
                if isChanged {
                    fill(rules.fills, subject, head, response, knowsResponse: phase.knowsResponse)
                } else {
                    lend(head, response)
                }
            }
        }
        release()
        return hasFired
    }

    @inline(__always)
    private func holds(_ phase: RuleSet.Phase, _ index: Int) -> Bool {
        do throws(SQLError) {
            return try phase.conditions.test(index, &values) == true
        } catch {
            // What can't be told is not true; the count tells the operator.
            failed[phase.rules[index].number] += 1
            return false
        }
    }

    private func note(_ rule: CompiledRule, _ phase: RulePhase, _ decisions: inout RuleDecisions) {
        fired[rule.number] += 1
        if decisions.fired.count < RuleDecisions.maximumNames { decisions.fired.append(UInt16(rule.number)) }
        decisions.reasons?.append("\(phase.rawValue): \(String(decoding: rule.name, as: UTF8.self)) fired")
    }

    private func noteFailure(_ number: Int, _ error: SQLError, _ decisions: inout RuleDecisions) {
        failed[number] += 1
        decisions.reasons?.append("\(set.names[number]): \(error)")
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
