import ESI
import Edge
import Geography
import Settings

extension ESISection {
    /// - Parameter origins: hosts that they name may give fragments.
    func edgeSettings(origins: [OriginSection]) -> EdgeESISettings {
        var settings = EdgeESISettings()
        settings.isEnabled = isEnabled
        settings.processedHosts = processHosts.map { $0.lowercased() }
        settings.processedTypes = contentTypes.map { $0.lowercased() }
        settings.compiledBytes = compiledBytes
        settings.maximumDecodedBytes = maxDecodedBytes
        settings.maximumDecodedRatio = maxDecodedRatio
        settings.page = pageSettings
        settings.page.allowedHosts += origins.flatMap(\.hosts).map { $0.lowercased() }
        // Read anew by `reload`, which is how a newer file comes into use. A file that can't be read was reported when
        // the configuration was checked.
        if isEnabled, let geoDatabase { settings.geography = try? GeoDatabase(path: geoDatabase) }
        return settings
    }

    var pageSettings: ESISettings {
        var page = ESISettings()
        page.errorDefault = onError == .fail ? .fail : .empty
        page.holding =
            switch hold {
            case .none: .none
            case .lookAhead: .lookAhead
            case .whole: .whole
            }
        page.encodesVariables = encodesVariables
        page.evaluatesFragments = evaluatesFragments
        page.allowedHosts = allowedHosts.map { $0.lowercased() }
        page.allowsPrivateHosts = allowsPrivateHosts
        page.publishesInlines = fetchableInlines
        page.hiddenCookies = hiddenCookies
        page.lookAheadBytes = lookAheadBytes
        page.maximumHeldBytes = maxHeldBytes
        page.maximumIncludes = maxIncludes
        page.maximumParallelFetches = maxParallelFetches
        page.maximumDepth = maxDepth
        page.maximumRedirects = maxRedirects
        page.maximumFragmentBytes = maxFragmentBytes
        page.maximumBufferedBytes = maxBufferedBytes
        page.maximumOutputBytes = maxOutputBytes
        page.fragmentMilliseconds = fragmentMilliseconds
        page.pageMilliseconds = pageMilliseconds
        setLanguageBounds(&page)
        return page
    }

    private func setLanguageBounds(_ page: inout ESISettings) {
        page.maximumSteps = maxSteps
        page.maximumIterations = maxIterations
        page.maximumCallDepth = maxCallDepth
        page.maximumVariables = maxVariables
        page.maximumItems = maxItems
        page.maximumTextBytes = maxTextBytes
        page.maximumMatchSteps = UInt32(maxMatchSteps)
        page.maximumTagBytes = maxTagBytes
        page.maximumElementBytes = maxElementBytes
        page.maximumNesting = maxNesting
        page.maximumExpressionBytes = maxExpressionBytes
        page.maximumExpressionDepth = maxExpressionDepth
        page.maximumAddedFields = maxAddedFields
    }

    /// Why the database for `GEO` can't be used.
    var geoDatabaseProblem: String? {
        guard isEnabled, let geoDatabase else { return nil }
        do throws(GeoDatabaseError) {
            _ = try GeoDatabase(path: geoDatabase)
            return nil
        } catch {
            return "esi.geo_database: \(error.message)"
        }
    }
}
