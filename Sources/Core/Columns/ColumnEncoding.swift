/// How the values of a column are written. The raw value is the number on disk.
enum ColumnEncoding: UInt8 {
    /// No row has a value; no bytes at all.
    case allNull = 0
    /// One value for all rows, in the plain form of one row.
    case constant = 1
    /// 8 bytes an integer or double, 16 an address or decimal, a bit a bool; strings as packed lengths and then the bytes.
    case plain = 2
    /// Integers as least value, width, and packed distances from the least. Likewise addresses, all IPv4, and decimals
    /// that fit 64 bits.
    case frameOfReference = 3
    /// Integers, or decimals that fit 64 bits, as first value, least step, width, and packed distances of the steps from the least.
    case delta = 4
    /// The distinct strings in plain form, width, and packed codes.
    case dictionary = 5
}
