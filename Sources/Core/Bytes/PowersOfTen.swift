/// 10^0 to 10^38, all that a decimal of 38 digits needs.
public enum PowersOfTen {
    public static let int128: [Int128] = {
        var powers: [Int128] = [1]
        for exponent in 1...38 { powers.append(powers[exponent - 1] * 10) }
        return powers
    }()
}
