/// Says when memory that the cache let go of is to go back to the system. A thread's heap keeps what is freed in it for that
/// thread, so that with several loops the process could grow to some times what is cached, and stay so after a purge.
struct FreedMemoryWatch {
    /// Bytes that may be free in heaps before somebody looks for them.
    private let slackBytes: Int
    /// The same; more where nothing came back: it is no cache that grows then, and looking for free memory holds others up.
    private var wantedBytes: Int
    private var residentBytes: Int
    private var cachedBytes: Int

    /// - Parameters:
    ///   - limitBytes: what may be cached.
    ///   - residentBytes: of the process.
    ///   - cachedBytes: of what is cached.
    init(limitBytes: Int, residentBytes: Int, cachedBytes: Int) {
        slackBytes = max(16 << 20, limitBytes / 16)
        wantedBytes = slackBytes
        self.residentBytes = residentBytes
        self.cachedBytes = cachedBytes
    }

    /// Whether the process has grown by so much more than what is cached, or shrunk by so much less, since memory was given
    /// back last.
    mutating func isDue(residentBytes: Int, cachedBytes: Int) -> Bool {
        let more = (residentBytes - self.residentBytes) - (cachedBytes - self.cachedBytes)
        // What others gave back is not ours to grow by.
        if more < 0 { note(residentBytes: residentBytes, cachedBytes: cachedBytes) }
        return more > wantedBytes
    }

    /// - Parameters:
    ///   - before: the process's bytes before memory was given back.
    ///   - residentBytes: those after it.
    mutating func noteGivenBack(before: Int, residentBytes: Int, cachedBytes: Int) {
        let isOfUse = before - residentBytes >= slackBytes / 2
        wantedBytes = isOfUse ? slackBytes : min(2 * wantedBytes, 64 * slackBytes)
        note(residentBytes: residentBytes, cachedBytes: cachedBytes)
    }

    private mutating func note(residentBytes: Int, cachedBytes: Int) {
        self.residentBytes = residentBytes
        self.cachedBytes = cachedBytes
    }
}
