/// A name whose addresses depend on who asks, on how the endpoints are, and on chance.
public struct AddressPool: Hashable, Sendable {
    public enum Policy: String, CaseIterable, Sendable {
        /// Each answer begins with the next one.
        case roundRobin = "round_robin"
        /// By chance, as often as the weights say.
        case weighted
    }

    public struct Endpoint: Hashable, Sendable {
        public var address: NumericAddress
        /// 0 is never answered while another one is there.
        public var weight = 1
        /// ISO 3166-1 codes, for askers from there.
        public var countries: [String] = []
        /// Two-letter codes (`EU`, `NA`, …), for askers from there whose country no endpoint names.
        public var continents: [String] = []

        public init(address: NumericAddress) { self.address = address }
    }

    public var policy = Policy.roundRobin
    /// Addresses in one answer, at most.
    public var answers = 4
    public var timeToLiveSeconds: UInt32 = 30
    public var endpoints: [Endpoint] = []

    public init() {}

    var dependsOnPlace: Bool { endpoints.contains { !$0.countries.isEmpty || !$0.continents.isEmpty } }

    /// Which endpoints to answer, in order.
    ///
    /// Those of the right family that are well; of these the ones nearest to the asker: of the country, else of the
    /// continent, else those that name no place, else all. Where none is well all count as well, for an address that
    /// may be reached is better than none.
    func chosen(
        isIPv4: Bool, from place: AskerPlace?, isWell: (Int) -> Bool, turn: Int,
        random: inout some RandomNumberGenerator
    ) -> [Int] {
        let family = endpoints.indices.filter { endpoints[$0].address.isIPv4 == isIPv4 }
        let well = family.filter(isWell)
        var candidates = near(place, well.isEmpty ? family : well)
        let loaded = candidates.filter { endpoints[$0].weight > 0 }
        if !loaded.isEmpty { candidates = loaded }
        guard !candidates.isEmpty else { return [] }
        switch policy {
        case .roundRobin:
            let start = turn % candidates.count
            return (0..<min(answers, candidates.count)).map { candidates[(start + $0) % candidates.count] }
        case .weighted: return drawn(candidates, &random)
        }
    }

    private func near(_ place: AskerPlace?, _ candidates: [Int]) -> [Int] {
        guard dependsOnPlace else { return candidates }
        if let place {
            let national = candidates.filter { endpoints[$0].countries.contains(place.country) }
            if !national.isEmpty { return national }
            let continental = candidates.filter { endpoints[$0].continents.contains(place.continent) }
            if !continental.isEmpty { return continental }
        }
        let anywhere = candidates.filter { endpoints[$0].countries.isEmpty && endpoints[$0].continents.isEmpty }
        return anywhere.isEmpty ? candidates : anywhere
    }

    /// Without putting back.
    private func drawn(_ candidates: [Int], _ random: inout some RandomNumberGenerator) -> [Int] {
        var rest = candidates
        var total = rest.reduce(0) { $0 + max(1, endpoints[$1].weight) }
        var chosen: [Int] = []
        while chosen.count < answers, !rest.isEmpty {
            var ticket = Int.random(in: 0..<total, using: &random)
            var place = 0
            while ticket >= max(1, endpoints[rest[place]].weight) {
                ticket -= max(1, endpoints[rest[place]].weight)
                place += 1
            }
            let index = rest.remove(at: place)
            total -= max(1, endpoints[index].weight)
            chosen.append(index)
        }
        return chosen
    }
}

/// Where somebody is who asks.
public struct AskerPlace: Hashable, Sendable {
    public var country: String
    public var continent: String

    public init(country: String, continent: String) {
        self.country = country
        self.continent = continent
    }
}
