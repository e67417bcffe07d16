/// Something malformed or odd in a page, for `squilla esi lint` and the event.
public struct ESINote: Sendable, Equatable {
    public enum Severity: Sendable {
        /// Fails when it is reached.
        case fault
        /// Works, and is probably not what was meant.
        case warning
    }

    public var severity: Severity
    public var fault: ESIFault
    public var place: ESIPlace { fault.place ?? ESIPlace() }
}
