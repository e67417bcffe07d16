import Columns
import Runtime
import SQL

extension JobScript {
    /// What makes stages of a statement, as a launch does.
    ///
    /// - Parameters:
    ///   - target: the plan's, or another where its stages stand beside those that answer.
    ///   - now: wall time, microseconds since 1970.
    ///   - wake: called from other threads when something was fetched.
    func planner(
        of plan: Plan, for target: AnswerTarget, _ service: QueryService, account: MemoryAccount,
        deadLetters: DeadLetters?, now: Int64, wake: @escaping @Sendable () -> Void
    ) -> PhysicalPlanner {
        var planner = PhysicalPlanner(
            isLive: plan.isLive, context: EvaluationContext(now: now, clock: { [service] in service.clock.now() }),
            account: account)
        planner.take(settings, standard: service.limits.stateTimeToLiveMilliseconds)
        planner.emission = plan.emission
        planner.target = target
        planner.deadLetters = deadLetters
        planner.isBounded = { !plan.readsTopics($0) }
        planner.lookups = LookupEnvironment(catalog: plan.catalog, service: service, wake: wake)
        return planner
    }

    /// Makes the stages once, and lets go of them.
    ///
    /// - Throws: what no launch could plan. What may be right by then is left to it.
    func check(_ plans: [Plan], _ service: QueryService) throws(SQLError) {
        let now = service.clock.now()
        for plan in plans {
            // A view that is there would be published anew by stages of its own.
            let target: AnswerTarget = if case .view = plan.target { .nothing } else { plan.target }
            let planner = planner(
                of: plan, for: target, service, account: MemoryAccount(limitBytes: .max), deadLetters: nil, now: now,
                wake: {})
            do throws(SQLError) {
                _ = try planner.plan(plan.plan)
            } catch {
                guard !error.isPermanent else { throw error }
            }
        }
    }
}

extension SQLError {
    /// Whether a job that fails with it fails again, however often it is tried.
    var isPermanent: Bool {
        switch code {
        case .stateMismatch, .corruptState, .syntax, .unsupported, .limitExceeded, .typeMismatch: true
        default: false
        }
    }
}
