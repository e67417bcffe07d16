/// Whether a body ends with the piece that is available.
public enum HTTP2BodyEnd {
    case goesOn, ends
    case endsWithTrailers(HeaderBlock)
}
