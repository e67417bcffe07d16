/// Carries something of one loop through that loop's own mailbox, `EventLoop.execute`: it is made and read on its thread.
public struct Confined<Value>: @unchecked Sendable {
    public let value: Value

    public init(_ value: Value) { self.value = value }
}
