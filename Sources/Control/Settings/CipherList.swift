/// A list of ciphers in OpenSSL's words (openssl-ciphers(1)).
enum CipherList {
    /// Alone, and within names such as `ADH-AES128-SHA`. What stands for all ciphers has these too.
    private static let refusedWords: Set<String> = [
        "NULL", "ENULL", "ANULL", "ADH", "AECDH", "EXP", "EXPORT", "EXPORT40", "EXPORT56", "LOW", "ALL",
        "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT",
    ]

    /// What lets in ciphers that protect nobody; nil where nothing does. What is taken out (`!aNULL`) may be named.
    static func refused(in list: String) -> String? {
        // A command needs no separator in front.
        let commands = list.split(separator: "@", omittingEmptySubsequences: false).dropFirst()
        if let level = commands.first(where: { $0.hasPrefix("SECLEVEL=0") || $0.hasPrefix("SECLEVEL=1") }) {
            return "@\(level.prefix(10))"
        }
        return list.split { ": ;,".contains($0) }.first { isRefused($0) }.map(String.init)
    }

    private static func isRefused(_ element: Substring) -> Bool {
        guard let first = element.first, !"!-+".contains(first) else { return false }
        return element.uppercased().split { "+-@!".contains($0) }.contains { refusedWords.contains(String($0)) }
    }
}
