import Runtime

/// Who visits: countries, networks, languages and devices.
enum VisitorPopulation {
    struct Country: Sendable {
        /// Second byte of its visitors' addresses, 127.NETWORK.x.y.
        let network: UInt8
        let languages: String
        /// Share of the visitors, in percent.
        let share: Int
    }

    enum Kind: Sendable { case person, crawler, monitor, reader }

    struct Device: Sendable {
        let agent: String
        let kind: Kind
        let share: Int
    }

    static let countries = [
        Country(network: 20, languages: "de-DE,de;q=0.9,en;q=0.6", share: 26),
        Country(network: 21, languages: "en-GB,en;q=0.9", share: 19),
        Country(network: 22, languages: "fr-FR,fr;q=0.9,en;q=0.5", share: 14),
        Country(network: 23, languages: "en-US,en;q=0.9", share: 17),
        Country(network: 24, languages: "es-ES,es;q=0.9", share: 8),
        Country(network: 25, languages: "pt-BR,pt;q=0.9,en;q=0.4", share: 7),
        Country(network: 26, languages: "ja-JP,ja;q=0.9", share: 6),
        Country(network: 27, languages: "nl-NL,nl;q=0.8,en;q=0.6", share: 3),
    ]

    static let devices = [
        Device(
            agent:
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            kind: .person, share: 25),
        Device(
            agent:
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            kind: .person, share: 24),
        Device(
            agent:
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            kind: .person, share: 21),
        Device(
            agent:
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            kind: .person, share: 9),
        Device(
            agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", kind: .person,
            share: 6),
        Device(
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", kind: .person, share: 2),
        Device(
            agent:
                "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            kind: .person, share: 3),
        Device(
            agent:
                "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            kind: .person, share: 4),
        Device(
            agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", kind: .crawler, share: 3),
        Device(
            agent: "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", kind: .crawler, share: 1),
        Device(agent: "UptimeCheck/2.1 (+https://uptime.example/bot)", kind: .monitor, share: 1),
        Device(agent: "NetNewsWire (RSS Reader; https://netnewswire.com/)", kind: .reader, share: 1),
    ]

    static let referrers = [
        "https://www.google.com/", "https://www.google.com/", "https://duckduckgo.com/", "https://www.bing.com/",
        "https://news.ycombinator.com/", "https://www.pinterest.com/", "https://t.co/",
    ]

    static func country(_ random: inout Random) -> Country { pick(countries, \.share, &random) }

    static func device(_ random: inout Random) -> Device { pick(devices, \.share, &random) }

    private static func pick<Element>(_ all: [Element], _ share: (Element) -> Int, _ random: inout Random) -> Element {
        var left = random.below(all.reduce(0) { $0 + share($1) })
        for element in all {
            left -= share(element)
            if left < 0 { return element }
        }
        return all[0]
    }
}
