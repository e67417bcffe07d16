public import Columns
public import SQL

extension JSONWriter {
    /// Writes a query's answer: dates and times of day, which are numbers in its columns, as people write them.
    public init(fields: [PlanField]) {
        self.init(
            names: fields.map(\.name),
            styles: fields.map { field in
                switch field.type {
                case .date: .date
                case .time: .timeOfDay
                default: .natural
                }
            })
    }
}
