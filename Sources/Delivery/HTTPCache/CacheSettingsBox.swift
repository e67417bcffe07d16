/// Settings behind a reference, so that reading one for a request copies nothing.
public final class CacheSettingsBox: Sendable {
    public let settings: CacheSettings
    public let compression: CompressionSettings
    public let signature: CacheSignature
    let storageRules: StorageRules

    init(_ settings: CacheSettings) {
        self.settings = settings
        compression = settings.compression
        signature = settings.signature
        storageRules = settings.storageRules
    }
}
