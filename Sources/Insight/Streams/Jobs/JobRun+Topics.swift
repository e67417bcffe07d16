import Columns
import EventLog
import SQL

extension JobRun {
    /// Makes those topics of the inputs that aren't there yet, without columns: who writes into them brings these.
    func awaitTopics(_ scans: [JobScan]) throws(SQLError) {
        guard let log = service.log else { return }
        for topic in Set(scans.compactMap { $0.reading.topic }).sorted() where log.topic(topic) == nil {
            do throws(LogError) {
                try log.createTopic(topic, settings: settings.topicSettings, schema: Schema([]))
            } catch {
                throw SQLError(writing: topic, error)
            }
            report(.note("topic \(topic) is not there yet: it is made, and read when something comes into it"))
        }
    }
}

extension JobScript {
    /// Refuses rows that would give a topic's column another type, for all who read it.
    static func checkTypes(_ plans: [Plan], _ log: EventLog?) throws(SQLError) {
        // What the statements before bring along counts too: they make the topic together.
        var schemas: [String: Schema] = [:]
        for output in plans.flatMap({ [$0.output, $0.late].compactMap(\.self) }) {
            guard case .topic(let topic) = output.sink else { continue }
            let known = schemas[topic] ?? log?.topic(topic)?.schema ?? Schema([])
            for field in output.schema.fields {
                guard let type = known.typeThatRefuses(field) else { continue }
                let (kept, given) = (SQLType(carriedBy: type).name, SQLType(carriedBy: field.type).name)
                throw SQLError(
                    code: .typeMismatch,
                    message: "column \(field.name) of topic \(topic) is \(kept), and the query gives \(given)",
                    suggestion: "CAST(… AS \(kept)), another name for the column, or another topic")
            }
            schemas[topic] = Schema(known.fields + output.schema.fields.filter { known.index(of: $0.name) == nil })
        }
    }
}
