import System
import Testing

struct DurationTests {
    @Test(arguments: [
        (Duration.seconds(120), "120 seconds"), (.seconds(1), "1 second"), (.milliseconds(1500), "1.5 seconds"),
        (.zero, "0 seconds"), (.milliseconds(20), "0.02 seconds"), (.microseconds(1_000_900), "1 second"),
        (.seconds(Int64.max), "9223372036854775807 seconds"),
    ])
    func `a duration in words`(duration: Duration, words: String) { #expect(duration.words == words) }

    @Test(arguments: [
        (Duration.milliseconds(1999), "1 second"), (.milliseconds(500), "0.5 seconds"), (.seconds(90), "90 seconds"),
    ])
    func `whole words have no fractions from a second on`(duration: Duration, words: String) {
        #expect(duration.wholeWords == words)
    }

    @Test func `whole units are rounded up`() {
        #expect(Duration.seconds(2).wholeSeconds == 2)
        #expect((Duration.seconds(2) + .nanoseconds(1)).wholeSeconds == 3)
        #expect(Duration.seconds(Int64.max).wholeSeconds == .max)
        #expect(Duration.microseconds(1).wholeMilliseconds == 1)
        #expect(Duration.milliseconds(7).wholeMilliseconds == 7)
        #expect(Duration.seconds(-3).wholeMilliseconds == 0)
    }

    @Test(arguments: [Duration.milliseconds(Int64(Int32.max)), .seconds(1 << 40), .seconds(Int64.max)])
    func `milliseconds fit into a C int`(duration: Duration) {
        #expect(duration.wholeMilliseconds == Int(Int32.max))
    }

    @Test func `seconds with their fractions`() {
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.milliseconds(-250).inSeconds == -0.25)
    }
}
