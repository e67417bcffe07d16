import Columns
import EventLog
import SQL

/// A job's plan as others see it, and what its nodes have done.
extension JobRun {
    /// What stands behind a node of the plan.
    enum PlanPart {
        case input(JobInput)
        /// With the same stage of each shard, where it is shared out.
        case stage(Stage, shards: [Stage])
        /// A place in `outputs`.
        case output(Int)
    }

    /// - Returns: the plan, and the part behind each of its nodes. An input that several statements share is one node, of
    ///   the first of them.
    func makePlan() -> (plan: JobPlan, parts: [PlanPart]) {
        var plan = JobPlan()
        var parts: [PlanPart] = []
        var known: [ObjectIdentifier: Int] = [:]
        for (statement, query) in queries.enumerated() {
            func add(_ kind: JobPlan.Kind, _ name: String, _ detail: String?, _ part: PlanPart) -> Int {
                plan.nodes.append(.init(kind: kind, statement: statement + 1, name: name, detail: detail))
                parts.append(part)
                return parts.count - 1
            }
            let sink = add(.sink, outputs[statement].target, outputs[statement].kind, .output(statement))
            known[ObjectIdentifier(query.output)] = sink
            for (number, scan) in query.scans.enumerated() {
                let key = Self.key(statement: statement, number, scan)
                guard let input = inputs.first(where: { $0.serves(key) }) else { continue }
                var from =
                    known[ObjectIdentifier(input)]
                    ?? add(.source, scan.table.name, input.place, .input(input))
                known[ObjectIdentifier(input)] = from
                var next: Stage? = scan.input.stage
                var shards = input.shardStages(of: key)
                let byKey = keyed[statement]
                while let stage = next {
                    let place = known[ObjectIdentifier(stage)]
                    let isShared = byKey == nil && !shards.isEmpty && stage === scan.input.stage.shardedAggregate
                    if let byKey { shards = byKey.stages.first { $0.own === stage }?.shards ?? [] }
                    var detail = stage.keeps.map { $0 + (isShared ? "; in \(shards.count) shards" : "") }
                    if let byKey, shards.first?.keyPlaces.isEmpty == false {
                        let key = byKey.part.words.joined(separator: ", ")
                        detail = (detail ?? "") + "; in \(shards.count) shards by \(key)"
                    }
                    let to =
                        place
                        ?? add(
                            .step, stage.name.isEmpty ? "UNION" : stage.name, detail, .stage(stage, shards: shards))
                    shards = stage === scan.input.stage.shardedAggregate ? [] : shards.compactMap(\.downstream)
                    known[ObjectIdentifier(stage)] = to
                    plan.edges.append(.init(from: from, to: to))
                    if place != nil { break }
                    from = to
                    next = stage.downstream
                }
            }
        }
        return (plan, parts)
    }

    /// As of now, one a node of the plan.
    func measured() -> [JobNodeProgress] {
        planParts.map { part in
            var progress = JobNodeProgress()
            switch part {
            case .input(let input):
                progress.rowsOut = input.rows
                progress.bytesIn = input.bytes
                progress.watermark = input.watermark == .min ? nil : input.watermark
                progress.lagRows = lag(of: input)
                (progress.lagBytes, progress.malformedLines) = input.waiting
            case .stage(let stage, let shards):
                for part in [stage] + shards {
                    progress.rowsIn += part.meter.rowsIn
                    progress.rowsOut += part.meter.rowsOut
                    progress.bytesIn += part.meter.bytesIn
                    progress.busyMicroseconds += part.meter.busyNanoseconds / 1_000
                    progress.stateBytes += part.stateBytes
                }
                progress.watermark = stage.meter.watermark == .min ? nil : stage.meter.watermark
            case .output(let index):
                progress.rowsIn = rowsAnswered[index].rows
                progress.bytesIn = rowsAnswered[index].bytes
            }
            return progress
        }
    }

    /// Events of the input's topic that were not read yet.
    func lag(of input: JobInput) -> Int64 {
        guard let topic = input.topic, let info = service.log?.topic(topic) else { return 0 }
        let offsets = input.offsets
        return info.partitions.reduce(0) { $0 + max(0, $1.nextOffset - (offsets[$1.partition] ?? 0)) }
    }
}

extension JobOutput {
    /// What the target is, in words.
    fileprivate var kind: String {
        switch sink {
        case .topic(let topic): "topic \(topic)"
        case .blackhole: "blackhole"
        case .outside(let sink): sink.standing.connector
        }
    }
}
