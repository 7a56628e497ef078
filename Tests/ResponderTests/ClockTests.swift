import Foundation
import Testing

@testable import Responder

/// What another machine's `Date` header says of this machine's clock.
struct ClockTests {
    @Test func `a date is read as it is written`() throws {
        for seconds in [0.0, 784_111_777, 1_709_210_096, 1_798_761_599, 4_102_444_800] {
            let date = Date(timeIntervalSince1970: seconds)
            #expect(HTTPDate.date(HTTPDate.text(date)) == date)
        }
        #expect(HTTPDate.date("Sun, 06 Nov 1994 08:49:37 GMT")?.timeIntervalSince1970 == 784_111_777)
    }

    @Test(arguments: [
        "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 99999999999 08:49:37 GMT",
    ])
    func `what is no date is none`(text: String) { #expect(HTTPDate.date(text) == nil) }

    @Test(arguments: [
        (0.0, ClockComparison.Judgement.right, "as E2B's, within 5 s"), (-4.9, .right, "as E2B's, within 5 s"),
        (5.1, .off, "this machine's is 5 s ahead of E2B's"), (-60, .off, "this machine's is 60 s behind E2B's"),
        (61, .wrong, "this machine's is 61 s ahead of E2B's"),
        (-1e15, .wrong, "this machine's is 1000000000000 s behind E2B's"),
    ])
    func `a clock is judged by how far it is off`(seconds: Double, judgement: ClockComparison.Judgement, words: String)
    {
        let theirs = Date(timeIntervalSince1970: 0)
        let clock = ClockComparison(ours: theirs + seconds, theirs: theirs)
        #expect(clock.judgement == judgement)
        #expect(clock.description == words)
    }
}
