import Runtime

/// The shop's products and the paper's articles: always the same ones for a seed.
struct SampleCatalogue: Sendable {
    struct Product: Sendable {
        let slug: String
        let name: String
        let category: String
        /// Whole euros.
        let price: Int
        let material: String
    }

    struct Article: Sendable {
        let slug: String
        let title: String
    }

    static let categories = ["lighting", "seating", "storage", "kitchen", "textiles", "outdoor", "desk", "travel"]

    let products: [Product]
    let articles: [Article]
    private let positions: [String: Int]

    init(productCount: Int = 200, seed: UInt64 = 16) {
        var random = Random(seed: seed)
        let names = [
            "Aurora", "Tide", "Kelp", "Harbour", "Drift", "Lantern", "Pebble", "Cove", "Marsh", "Heron", "Sable",
            "Fjord",
            "Plover", "Willow", "Ember", "Cinder", "Juniper", "Slate", "Anchor", "Meridian", "Quay", "Thistle",
            "Orchard",
            "Solstice", "Bramble",
        ]
        let things: [String: [String]] = [
            "lighting": ["lamp", "pendant", "candle holder", "reading light"],
            "seating": ["stool", "bench", "armchair"],
            "storage": ["shelf", "basket", "cabinet", "hook rail"],
            "kitchen": ["kettle", "bowl", "knife", "jug", "mug"],
            "textiles": ["blanket", "cushion", "rug", "towel"], "outdoor": ["lounger", "planter", "parasol"],
            "desk": ["clock", "tray", "notebook", "pen"], "travel": ["bag", "flask", "case"],
        ]
        let materials = ["oak", "ash", "brass", "steel", "linen", "wool", "stoneware", "cork", "glass", "leather"]
        var products: [Product] = []
        var positions: [String: Int] = [:]
        while products.count < productCount {
            let category = Self.categories[random.below(Self.categories.count)]
            let kinds = things[category] ?? ["thing"]
            let name = "\(names[random.below(names.count)]) \(kinds[random.below(kinds.count)])"
            var slug = String(name.lowercased().map { $0 == " " ? "-" : $0 })
            if positions[slug] != nil { slug += "-\(products.count)" }
            positions[slug] = products.count
            products.append(
                Product(
                    slug: slug, name: name, category: category, price: 9 + random.below(390),
                    material: materials[random.below(materials.count)]))
        }
        self.products = products
        self.positions = positions
        self.articles = [
            "How a lighthouse lamp is made", "The return of the three-legged stool", "Seven ways to store a blanket",
            "What the tide leaves behind", "Letters from the workshop", "A kettle for every kitchen",
            "Why we stopped shipping by air", "Wool, from hill to home", "The quiet joy of mending",
            "Harbour towns in winter", "Cork: a short history", "An afternoon with a knife maker",
        ].map { title in
            Article(
                slug: String(title.lowercased().filter { $0 != "," && $0 != ":" }.map { $0 == " " ? "-" : $0 }),
                title: title)
        }
    }

    func product(_ slug: some StringProtocol) -> Product? {
        positions[String(slug)].map { products[$0] }
    }

    func article(_ slug: some StringProtocol) -> Article? {
        articles.first { $0.slug == slug }
    }
}
