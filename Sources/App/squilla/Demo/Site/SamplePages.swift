/// The HTML of the sample site.
enum SamplePages {
    /// Where the edge puts the visitor's part; a front page without it is better than none.
    static let visitorInclude = "<esi:include src=\"/parts/visitor\" onerror=\"continue\" maxwait=\"1000\"/>"

    static func visitor(_ items: Int) -> String {
        let text =
            switch items {
            case 0: "Your cart is empty."
            case 1: "One thing waits in your cart."
            default: "\(items) things wait in your cart."
            }
        return "<p class=\"visitor\">\(text)</p>"
    }

    /// - Parameter visitor: HTML of the part that differs from visitor to visitor.
    static func home(_ catalogue: SampleCatalogue, language: String, visitor: String) -> String {
        let greeting =
            switch language.prefix(2) {
            case "de": "Dinge, die bleiben"
            case "fr": "Des choses qui durent"
            case "es": "Cosas que duran"
            case "pt": "Coisas que ficam"
            case "ja": "長く使えるもの"
            default: "Things that last"
            }
        let picks = catalogue.products.prefix(12).map(card).joined()
        let news = catalogue.articles.prefix(4).map(articleLine).joined()
        return page(
            "Tidewater",
            """
            <section class="hero"><h1>\(greeting)</h1><p>Made by small workshops, mended for free, for ever.</p>\(visitor)\
            <a class="go" href="/c/lighting">See the autumn lights</a></section>\
            <h2>Picked this week</h2><div class="cards">\(picks)</div><h2>From the paper</h2><ul class="news">\(news)</ul>
            """)
    }

    static func category(_ name: String, _ products: [SampleCatalogue.Product]) -> String {
        page(
            name.capitalizedFirst,
            "<h1>\(name.capitalizedFirst)</h1><p>\(products.count) things.</p><div class=\"cards\">\(products.map(card).joined())</div>"
        )
    }

    static func product(_ product: SampleCatalogue.Product, related: [SampleCatalogue.Product]) -> String {
        page(
            product.name,
            """
            <article class="product"><img src="/img/\(product.slug).svg" alt="" width="480" height="360"><div>\
            <p class="crumb"><a href="/c/\(product.category)">\(product.category.capitalizedFirst)</a></p>\
            <h1>\(product.name)</h1><p class="price">€ \(product.price)</p>\
            <p>Made of \(product.material) in a workshop of four. If it breaks, send it back: we mend it.</p>\
            <form method="post" action="/cart"><input type="hidden" name="item" value="\(product.slug)">\
            <button class="go">Add to cart</button></form></div></article>\
            <h2>Goes well with it</h2><div class="cards">\(related.map(card).joined())</div>
            """)
    }

    static func news(_ articles: [SampleCatalogue.Article]) -> String {
        page("The paper", "<h1>The paper</h1><ul class=\"news\">\(articles.map(articleLine).joined())</ul>")
    }

    static func article(_ article: SampleCatalogue.Article) -> String {
        let paragraph =
            "<p>The workshop stands where the road ends. In the morning there is fog on the water, and the first thing one "
            + "hears is the lathe. Nobody hurries. What leaves the house has been looked at by three people, and each of "
            + "them has signed it somewhere you will not find.</p>"
        return page(
            article.title, "<article><h1>\(article.title)</h1>\(String(repeating: paragraph, count: 7))</article>")
    }

    static func search(_ query: String, _ found: [SampleCatalogue.Product]) -> String {
        let results =
            found.isEmpty
            ? "<p>Nothing found. Try a material, such as oak.</p>"
            : "<div class=\"cards\">\(found.map(card).joined())</div>"
        return page(
            "Search",
            "<h1>Search</h1><form action=\"/search\"><input name=\"q\" value=\"\(query.escapedForHTML)\"><button>Search</button></form>\(results)"
        )
    }

    static func cart(_ items: Int) -> String {
        page(
            "Cart",
            "<h1>Your cart</h1><p>\(items == 0 ? "Nothing in it yet." : "\(items) things, ready to go.")</p><a class=\"go\" href=\"/checkout\">Check out</a>"
        )
    }

    static let login = page(
        "Log in",
        "<h1>Log in</h1><form method=\"post\"><label>Name <input name=\"name\"></label><label>Password "
            + "<input type=\"password\" name=\"password\"></label><button class=\"go\">Log in</button></form>")

    static func message(_ title: String, _ text: String) -> String { page(title, "<h1>\(title)</h1><p>\(text)</p>") }

    private static func card(_ product: SampleCatalogue.Product) -> String {
        "<a class=\"card\" href=\"/p/\(product.slug)\"><img src=\"/img/\(product.slug).svg\" alt=\"\" loading=\"lazy\" width=\"240\" height=\"180\">"
            + "<b>\(product.name)</b><span>€ \(product.price)</span></a>"
    }

    private static func articleLine(_ article: SampleCatalogue.Article) -> String {
        "<li><a href=\"/news/\(article.slug)\">\(article.title)</a></li>"
    }

    private static func page(_ title: String, _ content: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
        <title>\(title)</title><link rel="stylesheet" href="/static/site.css"><link rel="icon" href="/static/logo.svg">\
        <script type="module" src="/static/site.js"></script></head><body><header><a class="logo" href="/">\
        <img src="/static/logo.svg" alt="" width="28" height="28">Tidewater</a><nav>\
        <a href="/c/lighting">Lighting</a><a href="/c/kitchen">Kitchen</a><a href="/c/textiles">Textiles</a>\
        <a href="/news">The paper</a><a href="/search?q=oak">Search</a><a href="/account/login">Log in</a>\
        <a href="/cart">Cart <b id="cart"></b></a></nav></header><main>\(content)</main>\
        <footer>Tidewater is the sample site of <code>squilla demo</code>. Nothing here is for sale.</footer></body></html>
        """
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

    /// Safe as text and inside a quoted attribute.
    var escapedForHTML: String {
        var out = ""
        for character in self {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.append(character)
            }
        }
        return out
    }
}
