import Columns
import EventLog
import Runtime
import SQL

extension JobRun {
    /// Says so where a job reads what it writes: without a condition that ends it, that goes on for ever.
    private func noteLoops() {
        let written = outputs.prefix(queries.count).compactMap { output in
            if case .topic(let topic) = output.sink { topic } else { nil }
        }
        for topic in Set(inputs.compactMap(\.topic)).intersection(written).sorted() {
            report(.note("it reads \(topic) and writes into it: its own rows come back"))
        }
    }

    /// Plans the job, and takes it to where its last checkpoint says that it stood.
    func launch() throws(SQLError) {
        let record = try folder.readCheckpoint()
        if let record {
            epoch = record.epoch
            counts = record.counts
        }
        let plans = try script.plans(service)
        let targets = plans.map(\.output.target)
        let checkpoint = record?.renumbered(for: targets)
        let goesOn = record != nil && !from.rewindsInputs
        let fresh = goesOn ? Set(record?.unknown(among: targets) ?? []) : Set(plans.indices)
        let known = from.rewindsInputs ? [] : checkpoint?.inputs ?? []
        let saved = Dictionary(known.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        var scans: [JobScan] = []
        let now = service.clock.now()
        for (index, plan) in plans.enumerated() {
            let planner = makePlanner(plan, deadLetters: deadLetters, target: plan.target, now: now)
            let query = try planner.plan(plan.plan)
            queries.append(query)
            outputs.append(plan.output)
            pending.append([])
            if let log = service.log { try plan.output.prepare(log, settings: settings.topicSettings) }
            for literal in query.literals where fresh.contains(index) {
                try literal.input.stage.accept(literal.batch, port: literal.input.port)
            }
            for literal in query.literals { try literal.input.stage.close(port: literal.input.port) }
            for (number, scan) in query.scans.enumerated() {
                let key = Self.key(statement: index, number, scan)
                scans.append(
                    JobScan(
                        place: (index, number), reading: try plan.reading(scan, now: now), scan: scan,
                        saved: saved[key], now: now, deadLetters: deadLetters))
            }
        }
        meetings = queries.map { InputMeetings(of: $0.scans.map(\.input.stage)) }
        try awaitTopics(scans)
        try shareStatements(&scans, plans, now: now)
        inputs = try Self.inputs(scans, service: service, from: from, saved: saved, deadLetters: deadLetters)
        try shareInputs(plans, now: now)
        try exchangeInputs(plans, now: now)
        for (index, plan) in plans.enumerated() {
            guard let late = plan.late else { continue }
            lateOutputs[index] = outputs.count
            outputs.append(late)
            pending.append([])
            if let log = service.log { try late.prepare(log, settings: settings.topicSettings) }
        }
        if deadLetters != nil {
            outputs.append(
                JobOutput(
                    target: "dead letters", sink: .topic(settings.deadLetterTopic), schema: DeadLetters.schema))
            pending.append([])
        }
        rowsAnswered = Array(repeating: (0, 0), count: outputs.count)
        let (plan, parts) = makePlan()
        planParts = parts
        report(.planned(plan, targets: outputs.prefix(queries.count).map(\.target)))
        noteLoops()
        if let record, !from.rewindsInputs {
            for note in record.differences(from: targets) { report(.note(note)) }
        }
        if let checkpoint, !from.rewindsInputs { try restore(checkpoint, plans, now: now) }
        try openSinks(checkpoint)
        if let checkpoint { try completeEpoch(checkpoint) }
        schedule.began(after: checkpoint?.sequence ?? 0, offsets: checkpoint == nil ? [] : offsets, now: self.now())
        try follow()
    }

    /// Which scan it is, for a checkpoint.
    static func key(statement: Int, _ number: Int, _ scan: PhysicalQuery.Scan) -> String {
        "\(statement).\(number) \(scan.table.name)"
    }

    /// Scans of one topic that stand at one place are read together.
    private static func inputs(
        _ scans: [JobScan], service: QueryService, from: JobStart, saved: [String: Checkpoint.Input],
        deadLetters: DeadLetters?
    ) throws(SQLError) -> [JobInput] {
        var inputs: [JobInput] = []
        var left = scans
        while let first = left.first {
            let offsets = saved[first.key]?.offsets
            var group: [JobScan] = []
            left.removeAll { scan in
                let isTogether =
                    saved[scan.key]?.offsets == offsets && scan.isTable == first.isTable
                    && scan.sharing == first.sharing
                    && scan.reading.canShare(with: group.map(\.reading))
                if isTogether { group.append(scan) }
                return isTogether
            }
            inputs.append(
                try JobInput(
                    group, service: service, from: first.isTable ? .earliest : from.position, offsets: offsets,
                    deadLetters: deadLetters))
        }
        return inputs
    }

    /// Makes the topic of dead letters, at the first of them.
    func prepareDeadLetters() throws(SQLError) {
        guard let log = service.log, deadLetters != nil, let output = outputs.last else { return }
        try output.prepare(log, settings: settings.topicSettings)
    }

    private func restore(_ checkpoint: Checkpoint, _ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        let known = try joinedStates(checkpoint, plans, now: now)
        for (index, query) in queries.enumerated() {
            let prefix = "\(index) "
            let states = known.filter { $0.key.hasPrefix(prefix) && !isKeyed($0.key) }
                .map { (key: String($0.key.dropFirst(prefix.count)), state: $0.state) }
            for note in try query.restore(states) { report(.note("statement \(index + 1): \(note)")) }
        }
        try restoreShards(checkpoint, plans, now: now)
        try restoreKeyed(checkpoint, plans, now: now)
    }

    /// Starts the sinks outside of the log; they complete the checkpoint's epoch themselves.
    private func openSinks(_ checkpoint: Checkpoint?) throws(SQLError) {
        do throws(StorageError) {
            incarnation = try folder.incarnation(now: service.clock.now())
        } catch {
            throw SQLError(code: .sinkFailed, message: "the files of job \(name) can't be written: \(error)")
        }
        let before = counts.updateValue(incarnation, forKey: "incarnation") ?? incarnation
        for (index, output) in outputs.enumerated() {
            guard case .outside(let sink) = output.sink else { continue }
            let context = SinkContext(
                job: name, statement: index, storage: folder.storage, clock: service.clock, http: service.http)
            try outbox.open(sink, context)
            guard let checkpoint else { continue }
            let saved = checkpoint.output(like: index, of: outputs)
            outbox.resume(sink, saved, SinkEpoch(incarnation: before, epoch: checkpoint.epoch))
        }
    }

    /// Appends what of the checkpoint's rows is not in the topics yet.
    private func completeEpoch(_ checkpoint: Checkpoint) throws(SQLError) {
        guard let log = service.log else { return }
        // Statements that write to one topic wrote one after the other.
        var written: [String: Int] = [:]
        for (index, output) in outputs.enumerated() {
            guard case .topic(let topic) = output.sink, let saved = checkpoint.output(like: index, of: outputs),
                !saved.batches.isEmpty
            else { continue }
            var skip = written[topic] ?? 0
            if written[topic] == nil {
                skip = try output.rowsWritten(log, job: name, epoch: checkpoint.epoch, from: saved.firstOffset)
            }
            var left: [Batch] = []
            for batch in saved.batches {
                let known = min(skip, batch.rowCount)
                skip -= known
                if known < batch.rowCount { left.append(batch.slice(known..<batch.rowCount)) }
            }
            written[topic] = skip
            if output.target == outputs.last?.target { try prepareDeadLetters() }
            outbox.add(
                output.rows(left, job: name, epoch: checkpoint.epoch, compression: output.compression(log)), to: output,
                SinkEpoch(incarnation: incarnation, epoch: checkpoint.epoch))
        }
        let kept = outputs.indices.count { !(checkpoint.output(like: $0, of: outputs)?.batches.isEmpty ?? true) }
        guard checkpoint.outputs.count(where: { !$0.batches.isEmpty }) > kept else { return }
        report(.note("rows that were not written yet to targets that the job has no more are left behind"))
    }

    /// Has the log wake the job when something comes.
    private func follow() throws(SQLError) {
        guard let log = service.log else { return }
        for topic in Set(inputs.compactMap(\.topic)) {
            do throws(LogError) {
                subscriptions.append(try log.subscribe(topic: topic) { [weak self] _ in self?.wake() })
            } catch {
                throw SQLError(reading: topic, error)
            }
        }
    }
}
