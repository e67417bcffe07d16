import Testing

@testable import SQL

/// Times (all UTC) and casts, as Flink has them.
struct TimeAndCastTests {
    @Test(arguments: [
        ("TIMESTAMP '2024-02-29 12:34:56.789'", "2024-02-29 12:34:56.789"), ("DATE '2024-02-29'", "2024-02-29"),
        ("TIME '12:34:56'", "12:34:56"),
        ("NOW()", "2023-11-14 22:13:20"), ("CURRENT_TIMESTAMP", "2023-11-14 22:13:20"), ("CURRENT_DATE", "2023-11-14"),
        ("UNIX_TIMESTAMP()", "1700000000"), ("YEAR(DATE '2024-02-29')", "2024"),
        ("EXTRACT(QUARTER FROM DATE '2024-12-31')", "4"),
        ("MONTH(TIMESTAMP '1969-12-31 23:59:59')", "12"), ("DAYOFMONTH(DATE '2024-02-29')", "29"),
        ("DAYOFYEAR(DATE '2024-12-31')", "366"),
        ("DAYOFWEEK(DATE '2024-01-07')", "1"), ("EXTRACT(ISODOW FROM DATE '2024-01-07')", "7"),
        ("WEEK(DATE '2021-01-03')", "53"), ("WEEK(DATE '2018-12-31')", "1"),
        ("EXTRACT(ISOYEAR FROM DATE '2018-12-31')", "2019"), ("HOUR(TIMESTAMP '1969-12-31 23:59:59')", "23"),
        ("MINUTE(TIME '12:34:56')", "34"),
        ("SECOND(TIMESTAMP '2024-01-01 00:00:07.5')", "7"),
        ("EXTRACT(MILLISECOND FROM TIMESTAMP '2024-01-01 00:00:07.5')", "500"),
        ("EXTRACT(EPOCH FROM TIMESTAMP '1970-01-02 00:00:00')", "86400"),
        ("EXTRACT(EPOCH FROM TIMESTAMP '1969-12-31 23:59:59.5')", "-1"),
        ("EXTRACT(CENTURY FROM DATE '2000-01-01')", "20"), ("EXTRACT(CENTURY FROM DATE '2001-01-01')", "21"),
        ("EXTRACT(DECADE FROM DATE '2024-01-01')", "202"),
        ("EXTRACT(MILLENNIUM FROM DATE '2001-01-01')", "3"),
        ("EXTRACT(HOUR FROM INTERVAL '1 02:03:04' DAY TO SECOND)", "2"),
        ("EXTRACT(MONTH FROM INTERVAL '1-6' YEAR TO MONTH)", "6"),
        ("FLOOR(TIMESTAMP '2024-05-17 13:45:59' TO HOUR)", "2024-05-17 13:00:00"),
        ("CEIL(TIMESTAMP '2024-05-17 13:45:59' TO HOUR)", "2024-05-17 14:00:00"),
        ("CEIL(TIMESTAMP '2024-05-17 13:00:00' TO HOUR)", "2024-05-17 13:00:00"),
        ("FLOOR(TIMESTAMP '1969-12-31 23:45:59' TO DAY)", "1969-12-31 00:00:00"),
        ("FLOOR(TIMESTAMP '2024-05-17 13:45:59' TO MONTH)", "2024-05-01 00:00:00"),
        ("FLOOR(TIMESTAMP '2024-05-17 13:45:59' TO QUARTER)", "2024-04-01 00:00:00"),
        ("FLOOR(DATE '2024-05-17' TO YEAR)", "2024-01-01"), ("CEIL(DATE '2024-05-17' TO YEAR)", "2025-01-01"),
        ("FLOOR(DATE '2024-05-17' TO WEEK)", "2024-05-12"),
        ("CEIL(TIMESTAMP '2024-12-31 00:00:01' TO MONTH)", "2025-01-01 00:00:00"),
        ("FLOOR(DATE '2024-05-17' TO CENTURY)", "2001-01-01"), ("FLOOR(DATE '2024-05-17' TO DECADE)", "2020-01-01"),
        ("DATE_FORMAT(TIMESTAMP '2024-02-03 04:05:06.7', 'yyyy-MM-dd HH:mm:ss.SSS')", "2024-02-03 04:05:06.700"),
        ("DATE_FORMAT(TIMESTAMP '2024-02-03 16:05:06', 'EEE, d MMM yy h:mm a')", "Sat, 3 Feb 24 4:05 PM"),
        (
            "DATE_FORMAT(TIMESTAMP '2024-02-03 00:05:06', 'hh ''o''''clock'' EEEE MMMM D')",
            "12 o'clock Saturday February 34"
        ),
        ("TO_TIMESTAMP('2024-02-03 04:05:06')", "2024-02-03 04:05:06"), ("TO_TIMESTAMP('nonsense')", "NULL"),
        ("TO_TIMESTAMP('03/Feb/2024 04', 'dd/MMM/yyyy HH')", "2024-02-03 04:00:00"),
        ("TO_TIMESTAMP('31.02.2024', 'dd.MM.yyyy')", "NULL"),
        ("TO_TIMESTAMP('2024-02-03T04:05:06+02:00')", "2024-02-03 02:05:06"),
        ("TO_TIMESTAMP('1.2.24', 'd.M.yy')", "2024-02-01 00:00:00"),
        ("TO_TIMESTAMP('05:06 PM', 'hh:mm a')", "1970-01-01 17:06:00"),
        ("TO_TIMESTAMP('2024-01-01 00:00:00 +0130', 'yyyy-MM-dd HH:mm:ss Z')", "2023-12-31 22:30:00"),
        ("TO_DATE('2024-02-03')", "2024-02-03"), ("TO_DATE('20240203', 'yyyyMMdd')", "2024-02-03"),
        ("TO_TIMESTAMP_LTZ(1700000000, 0)", "2023-11-14 22:13:20"),
        ("TO_TIMESTAMP_LTZ(1700000000123, 3)", "2023-11-14 22:13:20.123"),
        ("TO_TIMESTAMP_LTZ(1700000000123)", "2023-11-14 22:13:20.123"),
        ("TO_TIMESTAMP_LTZ(1.5, 0)", "1970-01-01 00:00:01.500"),
        ("FROM_UNIXTIME(0)", "1970-01-01 00:00:00"), ("FROM_UNIXTIME(1700000000, 'yyyy')", "2023"),
        ("UNIX_TIMESTAMP('1970-01-01 00:01:00')", "60"), ("UNIX_TIMESTAMP('x')", "NULL"),
        ("UNIX_TIMESTAMP('02.01.1970', 'dd.MM.yyyy')", "86400"),
        ("TIMESTAMPADD(DAY, 1, DATE '2024-02-28')", "2024-02-29"),
        ("TIMESTAMPADD(MONTH, 1, DATE '2024-01-31')", "2024-02-29"),
        ("TIMESTAMPADD(WEEK, -1, TIMESTAMP '2024-01-01 00:00:00')", "2023-12-25 00:00:00"),
        ("TIMESTAMPADD(SECOND, 90, TIMESTAMP '2024-01-01 00:00:00')", "2024-01-01 00:01:30"),
        ("TIMESTAMPADD(QUARTER, 1, TIMESTAMP '2024-11-30 10:00:00')", "2025-02-28 10:00:00"),
        ("TIMESTAMPDIFF(DAY, TIMESTAMP '2024-01-01 12:00:00', TIMESTAMP '2024-01-03 11:00:00')", "1"),
        ("TIMESTAMPDIFF(MONTH, DATE '2024-01-31', DATE '2024-02-29')", "1"),
        ("TIMESTAMPDIFF(MONTH, DATE '2024-01-31', DATE '2024-02-28')", "0"),
        ("TIMESTAMPDIFF(MONTH, DATE '2024-02-29', DATE '2024-01-29')", "-1"),
        ("TIMESTAMPDIFF(YEAR, DATE '2000-03-01', DATE '2024-02-29')", "23"),
        ("TIMESTAMPDIFF(HOUR, TIMESTAMP '2024-01-01 12:00:00', TIMESTAMP '2024-01-01 10:30:00')", "-1"),
        ("TIMESTAMP '2024-01-31 00:00:00' + INTERVAL '1' MONTH", "2024-02-29 00:00:00"),
        ("INTERVAL '1' DAY + DATE '2024-02-28'", "2024-02-29"),
        ("DATE '2024-03-01' - DATE '2024-02-01'", "+29 00:00:00"),
        ("TIMESTAMP '2024-01-01 00:00:00' - INTERVAL '90' MINUTE", "2023-12-31 22:30:00"),
        ("TIME '23:30:00' + INTERVAL '1' HOUR", "00:30:00"), ("INTERVAL '1' HOUR * 2.5", "+0 02:30:00"),
        ("INTERVAL '10' DAY / 4", "+2 12:00:00"), ("-INTERVAL '1-6' YEAR TO MONTH", "-1-06"),
        ("2 * INTERVAL '1' SECOND", "+0 00:00:02"),
        ("TIMESTAMP '2024-01-02 00:00:00' - DATE '2024-01-01'", "+1 00:00:00"),
    ])
    func times(_ text: String, _ wanted: String) { #expect(Shown.value(text) == wanted, "\(text)") }

    @Test func badTimesAreRefused() {
        #expect(Shown.value("DATE_FORMAT(ts, 'yyyy-bb')").hasPrefix("invalid_literal"))
        #expect(Shown.value("DATE_FORMAT(ts, '''open')").hasPrefix("invalid_literal"))
        #expect(Shown.value("DATE_FORMAT(ts, s)").hasPrefix("unsupported"))
        #expect(Shown.value("TIMESTAMPADD(HOUR, 1, day)").hasPrefix("type_mismatch"))
        #expect(Shown.value("TO_TIMESTAMP_LTZ(5, 4)").hasPrefix("out_of_range"))
        #expect(Shown.value("IP_IN_CIDR(ip, '10.0.0.0/33')").hasPrefix("invalid_literal"))
        #expect(Shown.value("IP_IN_CIDR(ip, 'x')").hasPrefix("invalid_literal"))
    }

    @Test(arguments: [
        ("CAST('12' AS INT)", "12"), ("CAST(' 12 ' AS INT)", "12"), ("CAST('+12' AS INT)", "12"),
        ("CAST('12.9' AS INT)", "12"), ("CAST('-12.9' AS INT)", "-12"),
        ("CAST('abc' AS INT)", "cast_failure: 'abc' can't be cast to INT"),
        ("CAST('' AS INT)", "cast_failure: '' can't be cast to INT"),
        ("CAST('1e3' AS INT)", "cast_failure: '1e3' can't be cast to INT"),
        ("CAST('2147483648' AS INT)", "out_of_range: 2147483648 is out of the range of INT"),
        ("CAST('99999999999999999999' AS BIGINT)", "out_of_range: 99999999999999999999 is out of the range of BIGINT"),
        ("TRY_CAST('abc' AS INT)", "NULL"), ("TRY_CAST('2147483648' AS INT)", "NULL"),
        ("CAST(300 AS TINYINT)", "out_of_range: 300 is out of the range of TINYINT"),
        ("TRY_CAST(300 AS TINYINT)", "NULL"),
        ("CAST(2.9 AS INT)", "2"), ("CAST(-2.9 AS INT)", "-2"),
        ("CAST(1e10 AS INT)", "out_of_range: 10000000000.0 is out of the range of INT"),
        ("CAST(1e10 AS BIGINT)", "10000000000"),
        ("TRY_CAST(1e19 AS BIGINT)", "NULL"), ("TRY_CAST(0e0 / 0 AS INT)", "NULL"), ("CAST(5 AS DOUBLE)", "5.0"),
        ("CAST('1.5e3' AS DOUBLE)", "1500.0"), ("CAST('NaN' AS DOUBLE)", "nan"),
        ("CAST('-Infinity' AS DOUBLE)", "-inf"), ("CAST('x' AS DOUBLE)", "cast_failure: 'x' can't be cast to DOUBLE"),
        ("CAST(0.1 AS FLOAT)", "0.1"),
        ("CAST(1.255 AS DECIMAL(5, 2))", "1.26"), ("CAST(5 AS DECIMAL(5, 2))", "5.00"),
        ("CAST(1000 AS DECIMAL(5, 2))", "NULL"),
        ("TRY_CAST(1000 AS DECIMAL(5, 2))", "NULL"), ("CAST(CAST(-0.999 AS DECIMAL(5, 2)) AS VARCHAR)", "-1.00"),
        ("CAST(TRUE AS INT)", "1"), ("CAST(FALSE AS VARCHAR)", "FALSE"), ("CAST(2 AS BOOLEAN)", "TRUE"),
        ("CAST('yes' AS BOOLEAN)", "TRUE"), ("CAST('F' AS BOOLEAN)", "FALSE"),
        ("CAST('maybe' AS BOOLEAN)", "cast_failure: 'maybe' can't be cast to BOOLEAN"),
        ("TRY_CAST('maybe' AS BOOLEAN)", "NULL"),
        ("CAST(1.0 AS VARCHAR)", "1.0"), ("CAST(1.5e300 AS VARCHAR)", "1.5e+300"),
        ("CAST(-9223372036854775808 AS VARCHAR)", "-9223372036854775808"), ("CAST('2024-02-29' AS DATE)", "2024-02-29"),
        ("CAST('2024-02-30' AS DATE)", "cast_failure: '2024-02-30' can't be cast to DATE"),
        ("CAST('2024-02-29 10:00' AS TIMESTAMP)", "2024-02-29 10:00:00"),
        ("CAST('10:11:12.5' AS TIME)", "10:11:12.500"),
        ("TRY_CAST('25:00:00' AS TIME)", "NULL"), ("CAST(TIMESTAMP '1969-12-31 23:00:00' AS DATE)", "1969-12-31"),
        ("CAST(TIMESTAMP '1969-12-31 23:00:00' AS TIME)", "23:00:00"),
        ("CAST(DATE '2024-01-01' AS TIMESTAMP)", "2024-01-01 00:00:00"), ("CAST('10.0.0.1' AS IP)", "10.0.0.1"),
        ("CAST('2001:DB8:0::1' AS IP)", "2001:db8::1"), ("TRY_CAST('10.0.0.256' AS IP)", "NULL"),
        ("CAST(NULL AS INT)", "NULL"), ("CAST('abcdef' AS VARCHAR(3))", "abc"), ("CAST('ab' AS VARBINARY)", "ab"),
        ("CAST(CAST('ab' AS VARBINARY) AS VARCHAR)", "ab"),
    ])
    func casts(_ text: String, _ wanted: String) { #expect(Shown.value(text) == wanted, "\(text)") }

    @Test func castsThatDoNotExistAreRefused() {
        for text in [
            "CAST(i AS TIMESTAMP)", "CAST(ip AS INT)", "CAST(ts AS BIGINT)", "CAST(b AS DATE)", "CAST(day AS BOOLEAN)",
        ] {
            #expect(Shown.value(text).hasPrefix("type_mismatch"), "\(text)")
        }
    }

    @Test func longTextIsCutInMessages() {
        let text = String(repeating: "x", count: 5_000)
        #expect(Shown.value("CAST('\(text)' AS INT)").count < 150)
    }
}
