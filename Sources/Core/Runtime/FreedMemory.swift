import CPlatform

/// What the allocator does with memory that is free again.
public enum FreedMemory {
    /// Has it keep up to so many bytes at the end of each heap and ask the system for an eighth of that at a time. By itself it
    /// gives back what is over 128 KiB, and the kernel clears the pages anew for each batch of events.
    /// - Parameter bytes: at least 1 MiB.
    public static func keep(bytes: Int32 = 8 << 20) { squilla_keep_freed_memory(bytes) }

    /// Gives all whole pages that are free back to the system, of the heaps of all threads: what was freed in one is of no use
    /// to the others, and by itself only the end of a heap is given back. Takes a lock of each heap in turn.
    public static func giveBack() { squilla_give_back_freed_memory() }
}
