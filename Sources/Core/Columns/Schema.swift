/// A named, typed column of a schema. Names are ECS names where ECS has one (`http.request.method`).
public struct Field: Hashable, Sendable {
    public var name: String
    public var type: FieldType

    public init(_ name: String, _ type: FieldType) {
        self.name = name
        self.type = type
    }
}

/// An ordered list of fields with unique names. Every field may be null.
public struct Schema: Hashable, Sendable {
    public let fields: [Field]
    private let indexByName: [String: Int]

    /// - Precondition: names are unique.
    public init(_ fields: [Field]) {
        self.fields = fields
        self.indexByName = Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($1.name, $0) })
    }

    public var count: Int { fields.count }

    public func index(of name: String) -> Int? { indexByName[name] }

    public static func == (left: Schema, right: Schema) -> Bool { left.fields == right.fields }

    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}
