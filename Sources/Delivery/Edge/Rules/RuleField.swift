import Geography
import SQL

/// What rules can read, by the names that events have (docs/rules.md).
enum RuleField: String, CaseIterable, Sendable {
    case method = "http.request.method"
    case scheme = "url.scheme"
    case domain = "url.domain"
    /// In one spelling, see `PlainPath`.
    case path = "url.path"
    case rawPath = "url.raw_path"
    case query = "url.query"
    case `extension` = "url.extension"
    case httpVersion = "http.version"
    case bodyBytes = "http.request.body.bytes"
    case userAgent = "user_agent.original"
    case referrer = "http.request.referrer"
    case clientAddress = "client.ip"
    case clientPort = "client.port"
    case country = "client.geo.country_iso_code"
    case continent = "client.geo.continent_code"
    case region = "client.geo.region_iso_code"
    case city = "client.geo.city_name"
    case asNumber = "client.as.number"
    case asName = "client.as.organization.name"
    case tlsVersion = "tls.version"
    case tlsCipher = "tls.cipher"
    case tlsResumed = "tls.resumed"
    case tlsProtocol = "tls.next_protocol"
    case tlsServerName = "tls.client.server_name"
    case tlsSubject = "tls.client.subject"
    case tlsIssuer = "tls.client.issuer"
    case tlsFingerprint = "tls.client.hash.sha256"
    case isFragment = "esi.fragment"
    case time = "@timestamp"
    // Known once there is an answer
    case status = "http.response.status_code"
    case mimeType = "http.response.mime_type"
    case cacheStatus = "cache.status"
    case cacheAge = "cache.age"
    case originName = "origin.name"
    case errorCode = "error.code"

    var type: SQLType {
        switch self {
        case .bodyBytes, .clientPort, .asNumber, .status, .cacheAge: .bigint
        case .clientAddress: .ip
        case .tlsResumed, .isFragment: .boolean
        case .time: .timestamp
        default: .varchar
        }
    }

    /// Of the answer, which earlier phases don't have.
    var isOfResponse: Bool {
        switch self {
        case .status, .mimeType, .cacheStatus, .cacheAge, .originName, .errorCode: true
        default: false
        }
    }

    /// Part of the URL, which every cache key tells apart.
    var isOfURL: Bool {
        switch self {
        case .scheme, .domain, .path, .rawPath, .query, .extension: true
        default: false
        }
    }

    var geography: GeoDatabase.Fact? {
        switch self {
        case .country: .countryCode
        case .continent: .continent
        case .region: .regionCode
        case .city: .city
        case .asNumber: .asn
        case .asName: .network
        default: nil
        }
    }

    static let planFields = allCases.map { PlanField(name: $0.rawValue, type: $0.type) }
}

/// Fields with many values by name.
enum RuleKeyed: Int, CaseIterable, Sendable {
    case header, cookie, parameter, responseHeader

    var binding: RowBinder.Keyed {
        switch self {
        case .header: .init(function: "HEADER", name: "request.headers", ignoresCase: true)
        case .cookie: .init(function: "COOKIE", name: "request.cookies", ignoresCase: false)
        case .parameter: .init(function: "PARAMETER", name: "url.parameters", ignoresCase: false)
        case .responseHeader: .init(function: "RESPONSE_HEADER", name: "response.headers", ignoresCase: true)
        }
    }
}
