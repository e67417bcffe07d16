/// Something that went wrong in a page: what, where, and what `except` calls it.
public struct ESIFault: Error, Sendable, Equatable {
    /// The kinds that `<esi:except type="…">` and events name.
    public enum Kind: String, Sendable, CaseIterable {
        /// Malformed elements and expressions.
        case markup
        /// Wrong types, division by zero, overflow, unknown functions.
        case expression
        /// A fragment answered with an error status.
        case status
        /// A fragment could not be had.
        case network
        /// A fragment, or the page, took too long.
        case timeout
        /// A guard said no: hosts, addresses, depth, loops.
        case refused
        /// A bound of the settings.
        case limit
    }

    public var kind: Kind
    /// A short name for counting, such as `division_by_zero`.
    public var code: String
    public var message: String
    public var place: ESIPlace?
    /// Status of the fragment, 0 where there was none.
    public var status: Int

    public init(_ kind: Kind, _ code: String, _ message: String, place: ESIPlace? = nil, status: Int = 0) {
        self.kind = kind
        self.code = code
        self.message = message
        self.place = place
        self.status = status
    }

    /// Status for the page when this makes it fail before anything was sent.
    public var pageStatus: Int {
        switch kind {
        case .timeout: 504
        case .status, .network: 502
        case .markup, .expression, .refused, .limit: 500
        }
    }

    /// The message with the place.
    public var explanation: String {
        message + (place.map { " at line \($0.line), column \($0.column)" } ?? "")
    }

    static func expression(_ code: String, _ message: String) -> ESIFault { ESIFault(.expression, code, message) }

    static func limit(_ setting: String, _ what: String) -> ESIFault {
        ESIFault(.limit, setting, "\(what) (esi.\(setting))")
    }

    func at(_ place: ESIPlace) -> ESIFault {
        guard self.place == nil else { return self }
        var fault = self
        fault.place = place
        return fault
    }
}
