import HTTPWire
import Runtime

/// The sample site: a small shop with a paper. Pure: a request in, an answer out; the server around it does the waiting.
///
/// It shows an edge all it should meet: pages that may be stored for seconds, assets for a day, answers that vary, are
/// private or must not be stored, validators of both kinds, redirects, slow pages, a back end that fails at times, and a
/// front page that the edge puts together (ESI).
struct SampleSite: Sendable {
    let catalogue: SampleCatalogue
    private let catalogueText: [UInt8]
    /// Value of Last-Modified of everything that has one.
    private let lastModified: String

    /// - Parameter startSeconds: seconds since 1970; the site was last changed an hour before.
    init(catalogue: SampleCatalogue = SampleCatalogue(), startSeconds: Int64) {
        self.catalogue = catalogue
        self.catalogueText = SampleStatics.catalogueText(catalogue)
        var date: [UInt8] = []
        HTTPDate.append(startSeconds - 3600, to: &date)
        self.lastModified = String(decoding: date, as: UTF8.self)
    }

    /// - Parameters:
    ///   - isFailing: the back end is broken: most of what needs it answers 5xx.
    ///   - random: how long answers take, and which ones fail.
    func answer(_ request: SampleRequest, isFailing: Bool, random: inout Random) -> SampleAnswer {
        if isFailing, needsBackEnd(request), random.chance(0.65) { return failure(&random) }
        var answer = route(request, &random)
        guard answer.status == 200, request.method == "GET" || request.method == "HEAD" else { return answer }
        if isUnchanged(request, answer) {
            answer.status = 304
            answer.body = []
            answer.headers.removeAll { $0.name == "Content-Type" }
        }
        return answer
    }

    private func route(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: true)
        if request.method == "POST" { return post(request, &random) }
        guard request.method == "GET" || request.method == "HEAD" else {
            return SampleAnswer(status: 405, headers: [("Allow", "GET, HEAD, POST"), ("Cache-Control", "no-store")])
        }
        switch parts.first {
        case nil: return home(request, &random)
        case "static": return asset(parts.dropFirst().first ?? "")
        case "img" where parts.count == 2: return picture(parts[1])
        case "c" where parts.count == 2: return category(parts[1], &random)
        case "p" where parts.count == 2: return product(parts[1], &random)
        case "news": return news(parts.dropFirst().first, &random)
        case "old" where parts.count == 2:
            return .redirect("/p/\(parts[1])", status: 301, cache: "public, max-age=3600")
        case "api": return api(parts.dropFirst(), &random)
        default: return page(request, &random)
        }
    }

    private func page(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        switch request.path {
        case "/search": return search(request, &random)
        case "/cart": return cart(request, &random)
        case "/parts/visitor": return visitor(request, &random)
        case "/checkout": return .redirect("/account/login")
        case "/account/login": return .html(SamplePages.login, cache: "no-store", delayMilliseconds: work(&random))
        case "/about":
            // No freshness at all: an edge may guess from Last-Modified (RFC 9111 section 4.2.2).
            var answer = SampleAnswer.html(
                SamplePages.message("About", "We are a sample site. Squilla started us."), cache: "public",
                delayMilliseconds: work(&random))
            answer.headers.append(("Last-Modified", lastModified))
            return answer
        case "/for-you":
            return .html(
                SamplePages.message("For you", "Somebody thought long about what you might like."),
                cache: "private, no-cache",
                delayMilliseconds: 400 + random.below(900))
        case "/feed.xml": return feed()
        case "/robots.txt":
            return text(Array("User-agent: *\nDisallow: /cart\nSitemap: /sitemap.xml\n".utf8), "text/plain", 3600)
        case "/sitemap.xml": return sitemap()
        case "/downloads/catalogue.txt": return text(catalogueText, "text/plain; charset=utf-8", 600)
        default:
            return .html(
                SamplePages.message("Not found", "There is no such page."), status: 404, cache: "public, max-age=5",
                delayMilliseconds: work(&random))
        }
    }

    // Pages

    private func home(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        // An edge that does ESI keeps the page for an hour and asks for the visitor's part alone.
        let isAssembled = request.surrogateCapability?.contains("ESI/1.") ?? false
        let visitor = isAssembled ? SamplePages.visitorInclude : SamplePages.visitor(items(request))
        var answer = SampleAnswer.html(
            SamplePages.home(catalogue, language: request.acceptLanguage ?? "en", visitor: visitor),
            cache: "private, no-cache", delayMilliseconds: work(&random))
        if isAssembled { answer.headers.append(("Surrogate-Control", "max-age=3600, content=\"ESI/1.0\"")) }
        answer.headers.append(("Vary", "Accept-Language"))
        return answer.withEntityTag()
    }

    /// What the front page says to one visitor.
    private func visitor(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        .html(SamplePages.visitor(items(request)), cache: "private, no-store", delayMilliseconds: work(&random))
    }

    private func category(_ name: Substring, _ random: inout Random) -> SampleAnswer {
        guard SampleCatalogue.categories.contains(String(name)) else { return notFound }
        let products = catalogue.products.filter { $0.category == name }
        return .html(
            SamplePages.category(String(name), products), cache: "public, max-age=30", delayMilliseconds: work(&random)
        )
        .withEntityTag()
    }

    private func product(_ slug: Substring, _ random: inout Random) -> SampleAnswer {
        guard let product = catalogue.product(slug) else { return notFound }
        let related = catalogue.products.filter { $0.category == product.category && $0.slug != product.slug }.prefix(4)
        var answer = SampleAnswer.html(
            SamplePages.product(product, related: Array(related)), cache: "public, max-age=60",
            delayMilliseconds: work(&random))
        answer.headers.append(("Last-Modified", lastModified))
        return answer.withEntityTag()
    }

    private func news(_ slug: Substring?, _ random: inout Random) -> SampleAnswer {
        let cache = "public, max-age=15, stale-while-revalidate=30"
        guard let slug else {
            return .html(SamplePages.news(catalogue.articles), cache: cache, delayMilliseconds: work(&random))
                .withEntityTag()
        }
        guard let article = catalogue.article(slug) else { return notFound }
        return .html(SamplePages.article(article), cache: cache, delayMilliseconds: work(&random)).withEntityTag()
    }

    private func search(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        let words = Self.formValue("q", in: request.query).prefix(100)
        let wanted = words.lowercased()
        let found = catalogue.products.filter { wanted.isEmpty || $0.slug.contains(wanted) || $0.material == wanted }
            .prefix(24)
        return .html(
            SamplePages.search(String(words), Array(found)), cache: "no-store",
            delayMilliseconds: 15 + random.below(120))
    }

    private func cart(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        .html(SamplePages.cart(items(request)), cache: "private, no-store", delayMilliseconds: work(&random))
    }

    private func post(_ request: SampleRequest, _ random: inout Random) -> SampleAnswer {
        switch request.path {
        case "/cart":
            var answer = SampleAnswer.redirect("/cart", status: 303)
            answer.headers.append(
                ("Set-Cookie", "items=\(min(99, items(request) + 1)); Path=/; HttpOnly; SameSite=Lax"))
            answer.delayMilliseconds = work(&random)
            return answer
        case "/account/login":
            let form = String(decoding: request.body.prefix(1000), as: UTF8.self)
            if Self.formValue("password", in: form) == "open-sesame" {
                return .redirect("/for-you", status: 303)
            }
            return .html(
                SamplePages.message("Log in", "Wrong name or password."), status: 401, cache: "no-store",
                delayMilliseconds: 20 + random.below(30))
        case "/api/beacon": return SampleAnswer(status: 204, headers: [("Cache-Control", "no-store")])
        default: return SampleAnswer(status: 405, headers: [("Allow", "GET, HEAD"), ("Cache-Control", "no-store")])
        }
    }

    private func api(_ parts: ArraySlice<Substring>, _ random: inout Random) -> SampleAnswer {
        switch parts.first {
        case "cart": return .json("{\"items\":0}", delayMilliseconds: work(&random))
        case "stock" where parts.count == 2:
            // A second of storage already takes the load of a rush off the back end.
            guard catalogue.product(parts[parts.endIndex - 1]) != nil else {
                return .json("{\"error\":\"unknown\"}", status: 404)
            }
            return .json("{\"left\":\(random.below(40))}", cache: "public, max-age=2", delayMilliseconds: work(&random))
        case "catalogue":
            let items = catalogue.products.map {
                "{\"slug\":\"\($0.slug)\",\"name\":\"\($0.name)\",\"price\":\($0.price)}"
            }
            return SampleAnswer.json(
                "[\(items.joined(separator: ","))]", cache: "public, max-age=120", delayMilliseconds: work(&random)
            )
            .withEntityTag()
        default: return .json("{\"error\":\"no such call\"}", status: 404)
        }
    }

    // Assets

    private func asset(_ name: Substring) -> SampleAnswer {
        switch name {
        case "site.css": return text(Array(SampleStatics.style.utf8), "text/css; charset=utf-8", 86_400)
        case "site.js": return text(Array(SampleStatics.script.utf8), "text/javascript; charset=utf-8", 86_400)
        case "logo.svg": return text(Array(SampleStatics.logo.utf8), "image/svg+xml", 86_400)
        default: return notFound
        }
    }

    private func picture(_ file: Substring) -> SampleAnswer {
        guard file.hasSuffix(".svg"), let product = catalogue.product(file.dropLast(4)) else { return notFound }
        var answer = text(SampleStatics.picture(product.slug), "image/svg+xml", 600)
        answer.delayMilliseconds = 2
        return answer
    }

    private func feed() -> SampleAnswer {
        let entries = catalogue.articles.map {
            "<entry><title>\($0.title)</title><link href=\"/news/\($0.slug)\"/></entry>"
        }
        return text(
            Array(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>The paper</title>\(entries.joined())</feed>".utf8),
            "application/atom+xml", 300)
    }

    private func sitemap() -> SampleAnswer {
        let lines = catalogue.products.map { "<url><loc>/p/\($0.slug)</loc></url>" }
        return text(
            Array("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\(lines.joined())</urlset>".utf8),
            "application/xml", 3600)
    }

    private func text(_ body: [UInt8], _ type: String, _ seconds: Int) -> SampleAnswer {
        SampleAnswer(
            headers: [
                ("Content-Type", type), ("Cache-Control", "public, max-age=\(seconds)"),
                ("Last-Modified", lastModified),
            ], body: body
        ).withEntityTag()
    }

    private var notFound: SampleAnswer {
        .html(SamplePages.message("Not found", "There is no such page."), status: 404, cache: "public, max-age=5")
    }
}

extension SampleSite {
    /// A believable time at the back end: mostly 3 to 20 ms, one in fifty much longer.
    private func work(_ random: inout Random) -> Int {
        random.chance(0.02) ? 80 + random.below(300) : 3 + random.below(8) + random.below(10)
    }

    private func needsBackEnd(_ request: SampleRequest) -> Bool {
        !request.path.hasPrefix("/static/") && !request.path.hasPrefix("/img/")
            && !request.path.hasPrefix("/downloads/")
    }

    private func failure(_ random: inout Random) -> SampleAnswer {
        let status = [503, 503, 503, 500, 502][random.below(5)]
        return .html(
            SamplePages.message("Out of order", "The shop is mending its own shelves. Please come back in a minute."),
            status: status,
            cache: "no-store", delayMilliseconds: status == 500 ? 5 : 40 + random.below(260))
    }

    private func isUnchanged(_ request: SampleRequest, _ answer: SampleAnswer) -> Bool {
        if let tags = request.ifNoneMatch {
            guard let own = answer.headers.first(where: { $0.name == "ETag" })?.value else { return false }
            return tags.contains(own) || tags == "*"
        }
        guard let since = request.ifModifiedSince, answer.headers.contains(where: { $0.name == "Last-Modified" }) else {
            return false
        }
        return since == lastModified
    }

    private func items(_ request: SampleRequest) -> Int {
        guard let cookie = request.cookie else { return 0 }
        for pair in cookie.split(separator: ";") {
            let trimmed = pair.drop { $0 == " " }
            if trimmed.hasPrefix("items=") { return max(0, min(99, Int(trimmed.dropFirst(6)) ?? 0)) }
        }
        return 0
    }

    /// A value of a form or query, with `+` and percent escapes undone; empty where it is missing.
    static func formValue(_ name: String, in form: String) -> String {
        for pair in form.split(separator: "&") where pair.hasPrefix(name + "=") {
            var bytes: [UInt8] = []
            var rest = Array(pair.utf8.dropFirst(name.utf8.count + 1))[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "%"), rest.count >= 2,
                    let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        return ""
    }
}
