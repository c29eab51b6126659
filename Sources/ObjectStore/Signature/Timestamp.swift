// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The spellings of an instant that S3 uses, always in UTC.
package struct Timestamp: Sendable, Hashable {
    private let year: Int
    private let month: Int
    private let day: Int
    private let secondOfDay: Int

    /// The second in which an instant lies.
    package init(_ date: Date) {
        let seconds = Int(date.timeIntervalSince1970.rounded(.down))
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        secondOfDay = seconds - days * 86_400
        (year, month, day) = Self.civil(days)
    }

    /// `20130524`, the scope of a signature.
    package var day8: String { Self.digits(year, 4) + Self.digits(month, 2) + Self.digits(day, 2) }

    /// `20130524T000000Z`, the header `x-amz-date`.
    package var compact: String {
        day8 + "T" + Self.digits(secondOfDay / 3600, 2) + Self.digits(secondOfDay / 60 % 60, 2)
            + Self.digits(secondOfDay % 60, 2) + "Z"
    }

    /// Reads `2013-05-24T00:00:00.000Z` (S3's XML), `20130524T000000Z`, and `Fri, 24 May 2013 00:00:00 GMT` (HTTP).
    ///
    /// - Returns: nil for anything else.
    package static func parse(_ text: String) -> Date? {
        text.contains(",") ? parseHTTP(text) : parseISO(text)
    }

    private static func parseISO(_ text: String) -> Date? {
        let numbers = text.utf8.filter { $0 >= 48 && $0 <= 57 }.map { Int($0) - 48 }
        guard numbers.count >= 14, text.utf8.count <= 40, text.utf8.contains(UInt8(ascii: "T")) else { return nil }
        func number(_ range: Range<Int>) -> Int { numbers[range].reduce(0) { $0 * 10 + $1 } }
        let fraction = numbers.dropFirst(14).prefix(9).reversed().reduce(0.0) { ($0 + Double($1)) / 10 }
        guard
            let whole = date(
                number(0..<4),
                number(4..<6),
                number(6..<8),
                number(8..<10),
                number(10..<12),
                number(12..<14)
            )
        else { return nil }
        return whole.addingTimeInterval(fraction)
    }

    private static func parseHTTP(_ text: String) -> Date? {
        let words = text.split { $0 == " " || $0 == ":" }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 8, words[7] == "GMT", let day = Int(words[1]),
            let month = months.firstIndex(of: String(words[2])),
            let year = Int(words[3]), let hour = Int(words[4]), let minute = Int(words[5]), let second = Int(words[6])
        else { return nil }
        return date(year, month + 1, day, hour, minute, second)
    }

    private static func date(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int) -> Date?
    {
        guard 1970...9999 ~= year, 1...12 ~= month, 1...31 ~= day, 0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        return Date(timeIntervalSince1970: Double(seconds))
    }

    /// Days since 1970 as a date of the Gregorian calendar, by eras of 400 years that start in March.
    private static func civil(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
