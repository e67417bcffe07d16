import Bytes

/// `$html_encode` and `$html_decode`.
enum HTMLText {
    /// The four characters that the dialect names: `<`, `>`, `&` and `"`.
    static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "<"): out.append(contentsOf: "&lt;")
            case UInt8(ascii: ">"): out.append(contentsOf: "&gt;")
            case UInt8(ascii: "&"): out.append(contentsOf: "&amp;")
            case UInt8(ascii: "\""): out.append(contentsOf: "&quot;")
            default: out.append(bytes[index])
            }
        }
        return out
    }

    /// Numbers and the names of HTML 4; what is no reference stays.
    static func decode(_ bytes: Span<UInt8>) -> [UInt8] {
        Entities.decodeMarkup(bytes, names: names)
    }

    /// Names beyond those of XML.
    private static let names: [[UInt8]: [UInt8]] = {
        var names: [[UInt8]: [UInt8]] = [:]
        for (index, name) in latin1.split(separator: " ").enumerated() {
            names[Array(name.utf8)] = Array(String(UnicodeScalar(UInt8(160 + index))).utf8)
        }
        for pair in others.split(separator: " ") {
            let parts = pair.split(separator: "=")
            names[Array(parts[0].utf8)] = Array(parts[1].utf8)
        }
        return names
    }()

    /// U+00A0 to U+00FF in their order.
    private static let latin1 = """
        nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute \
        micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
        Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash \
        Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute \
        ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc \
        uuml yacute thorn yuml
        """

    private static let others = """
        euro=€ hellip=… ndash=– mdash=— lsquo=‘ rsquo=’ ldquo=“ rdquo=” sbquo=‚ bdquo=„ bull=• trade=™ larr=← rarr=→ \
        uarr=↑ darr=↓ infin=∞ ne=≠ le=≤ ge=≥ OElig=Œ oelig=œ Scaron=Š scaron=š Yuml=Ÿ fnof=ƒ dagger=† permil=‰ \
        lsaquo=‹ rsaquo=› alpha=α beta=β gamma=γ delta=δ pi=π sigma=σ omega=ω Omega=Ω minus=− radic=√
        """
}
