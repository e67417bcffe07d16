import Runtime

/// One visitor's way through the site. Pure: asked for the next request, it says which and after what pause.
struct VisitorWalk: Sendable {
    struct Step: Sendable {
        var method = "GET"
        var path: String
        var referrer: String?
        /// A form, sent as `application/x-www-form-urlencoded`.
        var form: String?
        /// Seconds between the end of the last request and this one.
        var pause: Double
    }

    let device: VisitorPopulation.Device
    let country: VisitorPopulation.Country
    private let catalogue: SampleCatalogue
    private let popularity: Zipf
    private var pagesLeft: Int
    /// Requests of the current page that are still to come.
    private var waiting: [Step] = []
    private var page: String?
    private var seenAssets: Set<String> = []

    init(catalogue: SampleCatalogue, popularity: Zipf, random: inout Random) {
        self.catalogue = catalogue
        self.popularity = popularity
        device = VisitorPopulation.device(&random)
        country = VisitorPopulation.country(&random)
        switch device.kind {
        case .person: pagesLeft = 1 + Int(random.interval(rate: 1 / 4.5))
        case .crawler: pagesLeft = 20 + random.below(40)
        case .monitor: pagesLeft = 24
        case .reader: pagesLeft = 2
        }
    }

    /// Requests a visit makes on average; the rate of visits follows from it.
    static let requestsPerVisit = 27.5

    /// The next request, or nil when the visitor leaves.
    mutating func next(_ random: inout Random) -> Step? {
        if waiting.isEmpty {
            guard pagesLeft > 0 else { return nil }
            pagesLeft -= 1
            plan(&random)
        }
        return waiting.isEmpty ? nil : waiting.removeFirst()
    }

    private mutating func plan(_ random: inout Random) {
        switch device.kind {
        case .person: planPage(&random)
        case .crawler: waiting = [Step(path: crawled(&random), pause: 0.3 + random.unit())]
        case .monitor: waiting = [Step(method: "HEAD", path: "/", pause: 5)]
        case .reader: waiting = [Step(path: "/feed.xml", pause: 20 * random.unit())]
        }
    }

    private mutating func planPage(_ random: inout Random) {
        let isFirst = page == nil
        let path = isFirst ? landing(&random) : onward(&random)
        let referrer = isFirst ? (random.chance(0.6) ? random.pick(VisitorPopulation.referrers) : nil) : page
        let think = isFirst ? 0 : 0.8 + random.interval(rate: 1 / 5)
        page = path
        if path == "/account/login", random.chance(0.7) {
            let password = random.chance(0.8) ? "open-sesame" : "letmein"
            waiting = [
                Step(path: path, referrer: referrer, pause: think),
                Step(method: "POST", path: path, referrer: path, form: "name=ada&password=\(password)", pause: 2),
            ]
        } else {
            waiting = [Step(path: path, referrer: referrer, pause: think)]
        }
        addAssets(of: path, &random)
        if path.hasPrefix("/p/"), random.chance(0.16) {
            let slug = path.dropFirst(3)
            waiting.append(
                Step(method: "POST", path: "/cart", referrer: path, form: "item=\(slug)", pause: 2 + 3 * random.unit()))
            waiting.append(Step(path: "/cart", referrer: path, pause: 0.05))
        }
    }

    private mutating func addAssets(of path: String, _ random: inout Random) {
        var assets = ["/static/site.css", "/static/site.js", "/static/logo.svg"]
        if path == "/" {
            assets += catalogue.products.prefix(12).prefix(device.agent.contains("Mobile") ? 4 : 12).map {
                "/img/\($0.slug).svg"
            }
        } else if path.hasPrefix("/p/") {
            assets.append("/img/\(path.dropFirst(3)).svg")
            assets += (0..<3).map { _ in "/img/\(catalogue.products[popularity.pick(&random)].slug).svg" }
        } else if path.hasPrefix("/c/") || path.hasPrefix("/search") {
            assets += (0..<6).map { _ in "/img/\(catalogue.products[popularity.pick(&random)].slug).svg" }
        }
        // A browser has a cache of its own; now and then it asks again, and validates.
        for asset in assets where seenAssets.insert(asset).inserted || random.chance(0.04) {
            waiting.append(Step(path: asset, referrer: path, pause: 0.01 + 0.04 * random.unit()))
        }
        waiting.append(Step(path: "/api/cart", referrer: path, pause: 0.02))
        if path.hasPrefix("/p/"), random.chance(0.5) {
            waiting.append(Step(path: "/api/stock/\(path.dropFirst(3))", referrer: path, pause: 0.02))
        }
    }

    private func landing(_ random: inout Random) -> String {
        switch random.below(100) {
        case ..<38: "/"
        case ..<66: product(&random)
        case ..<86: article(&random)
        case ..<92: "/c/\(random.pick(SampleCatalogue.categories))"
        case ..<96: "/old/\(catalogue.products[popularity.pick(&random)].slug)"
        case ..<98: "/about"
        default: "/p/sold-out-\(random.below(400))"
        }
    }

    private func onward(_ random: inout Random) -> String {
        switch random.below(100) {
        case ..<44: product(&random)
        case ..<58: "/c/\(random.pick(SampleCatalogue.categories))"
        case ..<70: article(&random)
        case ..<78: "/search?q=\(random.pick(["oak", "lamp", "wool", "kettle", "brass+lamp", "gift", "chair", "blue"]))"
        case ..<84: "/news"
        case ..<89: "/"
        case ..<92: "/account/login"
        case ..<95: "/for-you"
        case ..<97: "/api/catalogue"
        case ..<98: "/downloads/catalogue.txt"
        default: random.pick(["/apple-touch-icon.png", "/favicon.ico", "/c/garden", "/wp-login.php"])
        }
    }

    /// A crawler visits everything alike, what nobody asks for included.
    private func crawled(_ random: inout Random) -> String {
        switch random.below(12) {
        case 0: "/sitemap.xml"
        case 1: "/robots.txt"
        case 2: "/c/\(random.pick(SampleCatalogue.categories))"
        case 3: "/news/\(catalogue.articles[random.below(catalogue.articles.count)].slug)"
        default: "/p/\(catalogue.products[random.below(catalogue.products.count)].slug)"
        }
    }

    private func product(_ random: inout Random) -> String { "/p/\(catalogue.products[popularity.pick(&random)].slug)" }

    private func article(_ random: inout Random) -> String {
        "/news/\(catalogue.articles[min(catalogue.articles.count - 1, popularity.pick(&random) % 12)].slug)"
    }
}
