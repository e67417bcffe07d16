import Codings
import Columns
import Edge
import HTTPCache
import HTTPWire
import Reactor
import Settings

// What the sections of the edge and its cache say, in the terms of the modules that do it.

extension EdgeSection {
    /// Whose word counts about a request, and what origins are told of it.
    func applyForwarding(to settings: inout EdgeSettings) {
        settings.trustedProxies = trustedProxies.compactMap(\.addressBlock)
        if let names = untrustedHeaders { settings.untrusted = UntrustedFields(names) }
        settings.forwardedHeaders =
            switch forwardedHeader {
            case .both: .both
            case .forwarded: .forwarded
            case .xForwardedFor: .xForwardedFor
            case .none: .none
            }
    }

    /// Sizes and times of requests and connections; after those of `limits`.
    func applyBounds(to settings: inout EdgeSettings) {
        settings.wireLimits.startLineBytes = maxRequestLineBytes
        settings.wireLimits.headBytes = maxHeaderBytes
        settings.wireLimits.fieldLineBytes = min(settings.wireLimits.fieldLineBytes, maxHeaderBytes)
        settings.wireLimits.fieldCount = maxHeaderCount
        settings.maximumBodyBytes = UInt64(maxBodyBytes)
        settings.headerTimeoutMilliseconds = headerTimeoutMilliseconds
        settings.bodyTimeoutMilliseconds = bodyTimeoutMilliseconds
        settings.keepAliveTimeoutMilliseconds = keepAliveTimeoutMilliseconds
        settings.writeTimeoutMilliseconds = writeTimeoutMilliseconds
        settings.halfClosedTimeoutMilliseconds = halfClosedTimeoutMilliseconds
        settings.tunnelTimeoutMilliseconds = tunnelTimeoutMilliseconds
    }
}

extension HTTP2Section {
    func apply(to settings: inout EdgeSettings) {
        settings.http2.maximumStreams = maxStreams
        settings.http2.streamWindowBytes = streamWindowBytes
        settings.http2.connectionWindowBytes = connectionWindowBytes
        settings.http2.resetsPerSecond = resetsPerSecond
        settings.http2.resetBurst = 4 * resetsPerSecond
        settings.http2.controlsPerSecond = controlFramesPerSecond
        settings.http2.controlBurst = 6 * controlFramesPerSecond
        settings.http2.continuationFrames = continuationFrames
        settings.http2.settingsPerFrame = settingsPerFrame
    }
}

extension CacheSection {
    var edgeSettings: EdgeCacheSettings {
        var settings = EdgeCacheSettings()
        settings.isEnabled = isEnabled
        settings.memoryBytes = memoryBytes
        settings.maximumObjectBytes = maxObjectBytes
        settings.segmentBytes = segmentBytes
        settings.segmentedAboveBytes = UInt64(segmentedAboveBytes)
        settings.partialBytes = partialBytes
        settings.vary = vary.rules
        settings.heuristicFraction = heuristicFraction
        settings.maximumHeuristicSeconds = Int64(maxHeuristicMilliseconds / 1000)
        settings.collapseTimeoutMilliseconds = collapseTimeoutMilliseconds
        settings.staleWhenUnreachableSeconds = Int64(staleWhenUnreachableMilliseconds / 1000)
        settings.storesSetCookie = storesSetCookie
        settings.guardsAgainstDeception = deceptionGuard
        settings.maximumTags = maxTags
        settings.sendsTags = sendsTags
        settings.honorsRequestDirectives = honorsRequestDirectives
        settings.hitForMissSeconds = Int64(hitForMissMilliseconds / 1000)
        settings.compression = compression.settings
        limits.apply(to: &settings)
        return settings
    }
}

extension CacheVarySection {
    fileprivate var rules: VaryRules {
        let encoding: VaryRules.Encoding =
            switch acceptEncoding {
            case .codings: .codings
            case .original: .original
            case .asSent: .asSent
            }
        return VaryRules(encoding: encoding, languages: languages, usesContentLanguage: contentLanguage)
    }
}

extension CompressionSection {
    fileprivate var settings: CompressionSettings {
        var settings = CompressionSettings(
            codings: codings.map { coding in
                switch coding {
                case .br: .brotli
                case .zstd: .zstd
                case .gzip: .gzip
                }
            }, minimumBytes: minBytes, maximumBytes: maxBytes, types: types ?? CompressionSettings.usualTypes)
        settings.encodesPassed = passed
        settings.storedLevels = levels.settings
        settings.passedLevels = passedLevels.settings
        return settings
    }
}

extension CompressionLevels {
    fileprivate var settings: CompressionSettings.Levels {
        CompressionSettings.Levels(gzip: gzip, brotli: br, zstd: zstd)
    }
}

extension CIDRBlock {
    fileprivate var addressBlock: AddressBlock? {
        let text = IPAddress(networkBytes: address.span)?.description
        return text.flatMap { SocketAddress(numeric: $0, port: 0) }.map {
            AddressBlock(base: $0, prefixLength: prefixLength)
        }
    }
}
