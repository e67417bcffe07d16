import Edge
import EventLog

extension ManagementService {
    /// `GET /api/v1/topics/NAME`.
    func serveTopic(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", in: request)
        guard let topic = context.log.topic(name) else { throw .unknownTopic(name, in: context.log) }
        respond(responder, TopicDocument(topic))
    }

    /// `POST /api/v1/topics/NAME/events?durability=none|interval|commit&partition=0` appends JSON lines;
    /// `GET …?from=earliest|latest|OFFSET&limit=1000&partition=0` reads them.
    func serveEvents(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "POST", in: request)
        let values = QueryString(request.query)
        let partition = try Self.integer("partition", values["partition"], default: 0, in: 0...255)
        if request.method == "POST" {
            let durability = try Self.durability(values["durability"])
            let body = request.body
            let appender = TopicAppender(log: context.log, settings: context.topicSettings)
            // One worker a topic: its events keep the order in which they came.
            return onWorker(name, responder) { [self] () throws(APIError) in
                try appender.append(body, to: name, partition: partition, durability: durability) { result in
                    switch result {
                    case .success(let receipt): self.respond(responder, receipt)
                    case .failure(let error): self.respond(responder, error)
                    }
                }
            }
        }
        let limit = try Self.integer("limit", values["limit"], default: 1000, in: 1...1_000_000)
        let position = try TopicReader.position(values["from"] ?? "earliest")
        onWorker("read", responder) { [self] () throws(APIError) in
            let reader = try TopicReader(context.log, topic: name, partition: partition, from: position)
            TopicResponse(reader, limit: limit, responder, worker: worker("read")).start()
        }
    }

    /// `GET` and `PUT /api/v1/topics/NAME/consumers/CONSUMER?partition=0` with `{"offset": N}`: how far a named reader
    /// has come.
    func serveConsumer(
        topic: String, consumer: String, _ request: HTTPRequest, _ responder: Responder
    ) throws(APIError) {
        try only("GET", "PUT", in: request)
        guard context.log.topic(topic) != nil else { throw .unknownTopic(topic, in: context.log) }
        let values = QueryString(request.query)
        let partition = try Self.integer("partition", values["partition"], default: 0, in: 0...255)
        if request.method != "PUT" {
            guard let offset = context.log.position(consumer: consumer, topic: topic, partition: partition) else {
                throw APIError(404, "unknown_consumer", "consumer \(consumer) has no position in \(topic)/\(partition)")
            }
            return respond(responder, ["offset": offset])
        }
        let body = try JSONBody(request.body, known: ["offset"])
        guard let offset = try body.integer("offset"), offset >= 0 else {
            throw .badRequest("expected {\"offset\": N}, N from 0 on")
        }
        onWorker("consumers", responder) { [self] () throws(APIError) in
            do throws(LogError) {
                try context.log.commitPosition(consumer: consumer, topic: topic, partition: partition, offset: offset)
            } catch {
                throw APIError(error)
            }
            respond(responder, ["offset": offset])
        }
    }

    private static func durability(_ text: String?) throws(APIError) -> Durability? {
        guard let text else { return nil }
        guard let durability = Durability(rawValue: text) else {
            throw .badRequest("durability: expected none, interval or commit, found \"\(text)\"")
        }
        return durability
    }

    private static func integer(
        _ name: String, _ text: String?, default value: Int, in range: ClosedRange<Int>
    ) throws(APIError) -> Int {
        guard let text else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw .badRequest(
                "\(name): expected a number from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"")
        }
        return number
    }
}

extension APIError {
    static func unknownTopic(_ name: String, in log: EventLog) -> APIError {
        let names = log.topics.map(\.name)
        return APIError(404, "unknown_topic", "no topic \(name); there are \(names.joined(separator: ", "))")
    }

    init(_ error: LogError) {
        let status =
            switch error.code {
            case .unknownTopic, .unknownPartition: 404
            case .overloaded: 503
            case .tooLarge: 413
            case .storageFull: 507
            default: error.fault == .caller ? 400 : 500
            }
        self.init(status, Self.snakeCase(error.code.rawValue), "\(error.where): \(error.what)")
    }

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}
