import SQL

extension Stage {
    /// The aggregate that takes the rows of this stage, when all on the way looks at each row alone: then the work up
    /// to there can be shared out, and the states merged.
    func aggregateBehind() -> Stage? {
        if let stage = self as? OperatorStage<HashAggregate> { return stage.op.layout.isOrdered ? nil : stage }
        if let stage = self as? OperatorStage<WindowAggregate> { return stage.op.layout.isOrdered ? nil : stage }
        if let stage = self as? OperatorStage<Filter> { return stage.next.stage.aggregateBehind() }
        if let stage = self as? OperatorStage<Expand> { return stage.next.stage.aggregateBehind() }
        if let stage = self as? OperatorStage<DeclaredDigits> { return stage.next.stage.aggregateBehind() }
        if let stage = self as? OperatorStage<Unnest> { return stage.next.stage.aggregateBehind() }
        if let stage = self as? OperatorStage<Project> { return stage.next.stage.aggregateBehind() }
        if let stage = self as? OperatorStage<AssignWindows> { return stage.next.stage.aggregateBehind() }
        return nil
    }

    /// The aggregate that shards of a job can compute together: of windows, on the way of one scan.
    var shardedAggregate: OperatorStage<WindowAggregate>? { aggregateBehind() as? OperatorStage<WindowAggregate> }

    /// Merges the state of the same stage of another worker into this one's.
    func absorb(_ other: Stage) throws(SQLError) {
        if let mine = self as? OperatorStage<HashAggregate>, let theirs = other as? OperatorStage<HashAggregate> {
            try mine.op.absorb(theirs.op)
        } else if let mine = self as? OperatorStage<WindowAggregate>,
            let theirs = other as? OperatorStage<WindowAggregate>
        {
            try mine.op.absorb(theirs.op)
        }
    }
}

extension OperatorStage<WindowAggregate> {
    /// Takes over what a shard has of the windows that close by `watermark`; `nil` for all it has.
    func absorb(_ shard: OperatorStage<WindowAggregate>, closingBy watermark: Int64?) throws(SQLError) {
        guard op.absorb(&shard.op, closingBy: watermark) else { return }
        try shard.charge()
        try charge()
    }
}
