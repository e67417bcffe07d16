import Foundation
import SQL

/// The first message of a subscription.
struct SubscriptionMeta: Encodable {
    private struct Column: Encodable {
        let name: String
        let type: String
    }

    private enum CodingKeys: String, CodingKey {
        case columns
        case clientID = "client_id"
        case subscriptionID = "subscription_id"
        case eventsPerSecond = "events_per_second"
        case bytesPerSecond = "bytes_per_second"
    }

    private let clientID: String?
    private let subscriptionID: String?
    private let eventsPerSecond: Int
    private let bytesPerSecond: Int
    private let columns: [Column]

    init(_ request: SubscriptionRequest, _ fields: [PlanField]) {
        clientID = request.clientID
        subscriptionID = request.subscriptionID
        eventsPerSecond = request.eventsPerSecond
        bytesPerSecond = request.bytesPerSecond
        columns = fields.map { Column(name: $0.name, type: $0.type.name) }
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
