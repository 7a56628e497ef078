import E2B
import ImageGate
import Interpreter
import System

/// Reads the limits of the service, and checks that they fit together.
extension SettingReader {
    /// - Parameter e2b: gets the limits of what is read from E2B, which follow from the others.
    mutating func limits(
        _ e2b: inout E2BConfiguration, _ imagePolicy: ImagePolicy, hasSeveralOwners: Bool,
        ofKeys keys: [String: KeyLimits] = [:]
    ) -> InterpreterLimits {
        var executions = executions(hasSeveralOwners: hasSeveralOwners)
        executions.keys = keys
        let body = integer(.bodyLimit, 1 << 10...1 << 30)
        let fileSize = integer(.fileLimit, 1000...1 << 30)
        let memory = integer(.memory, 32 << 20...1 << 40)
        let time = TimeLimits(
            standard: seconds(.timeout, 1...86_400), maximum: seconds(.maximumTimeout, 1...86_400),
            call: e2b.requestTimeout)
        let text = integer(.textLimit, 1000...10_000_000)
        let images = ImageLimits(
            count: integer(.imageLimit, 0...1000), wait: seconds(.imageWait, 1...600),
            threads: integer(.imageThreads, 1...256), processorTime: seconds(.imageTime, 1...600),
            batchTime: seconds(.imagesTime, 1...600))
        // The wait for a place is limited to a part of the answer's time, so that a request that has waited still has
        // the time for its execution.
        executions.wait = min(executions.wait, time.answer / 4)
        e2b.connectionLimit = executions.connections
        // An image comes as base64, which may have line breaks.
        e2b.imageLimit = imagePolicy.inputByteLimit / 3 * 4 + imagePolicy.inputByteLimit / 32 + 64
        // The limit is far beyond the text that an answer shows, because cutting a text that is still arriving may cut
        // a secret in two, which is then not redacted.
        e2b.textLimit = max(memory / 64, 16 * text)
        e2b.lineLimit = e2b.imageLimit + 4 * e2b.textLimit
        checkDeadline(time)
        func makeLimits(reserve: Int) -> InterpreterLimits {
            InterpreterLimits(
                executions: executions, memory: ByteBudget(limit: memory, reserve: reserve), images: images, time: time,
                body: body, fileSize: fileSize, text: text)
        }
        // The memory has to suffice for the largest single request.
        let needs: [(what: String, size: Int, settings: [Setting])] = [
            ("the body of one request", makeLimits(reserve: 0).bodyWithFile, [.bodyLimit, .fileLimit]),
            ("one image of a result", 3 * e2b.imageLimit, [.imageInputBytes]),
        ]
        for need in needs where need.size > memory {
            refuse(
                "\(Setting.memory.name) is \(memory), and \(need.what) may take \(need.size) bytes: raise it, or lower "
                    + "\(need.settings.map(\.name).joined(separator: " or ")).")
        }
        // Whatever one owner holds, the largest request of another owner still finds memory.
        return makeLimits(reserve: hasSeveralOwners ? needs.map(\.size).max() ?? 0 : 0)
    }

    private mutating func executions(hasSeveralOwners: Bool) -> ExecutionLimits {
        let places = integer(.executions, 1...10_000)
        let share = optionalInteger(.ownerExecutions, 1...10_000)
        if let share, share > places {
            refuse("\(Setting.ownerExecutions.name) is \(share), more than \(Setting.executions.name) (\(places)).")
        }
        return ExecutionLimits(
            places: places, share: share ?? places, queue: integer(.queue, 0...10_000),
            wait: seconds(.queueWait, 1...300),
            ownerSandboxes: optionalInteger(.ownerSandboxes, 1...10_000)
                // By default one owner's sessions can take three quarters of the places, so that other owners can
                // always create some.
                ?? (hasSeveralOwners ? max(1, places * 3 / 4) : nil),
            warm: integer(.warm, 0...100), creationRate: optionalInteger(.creationRate, 1...1000))
    }

    /// Checks that every answer comes before the web server gives the request up.
    private mutating func checkDeadline(_ time: TimeLimits) {
        let readTimeout = seconds(.readTimeout, 10...100_000)
        guard time.answer > readTimeout - Deadline.margin else { return }
        refuse(
            "\(Setting.maximumTimeout.name) (\(time.maximum.words)) and \(Setting.requestTimeout.name) "
                + "(\(time.call.words)) are too much together: with what else an answer may take the web server would have "
                + "to wait for \((time.answer + Deadline.margin).words). Lower them, or raise its fastcgi_read_timeout, and "
                + "\(Setting.readTimeout.name) (\(readTimeout.words)) with it.")
    }

    mutating func imagePolicy() -> ImagePolicy {
        var policy = ImagePolicy()
        (policy.shortSide, policy.longSide) = box(.imageBox)
        policy.byteBudget = integer(.imageBytes, 1000...1 << 30)
        policy.inputByteLimit = integer(.imageInputBytes, 1000...1 << 30)
        policy.pixelLimit = integer(.imagePixels, 1...1_000_000_000)
        policy.svg = choice(.svg, else: .rasterise)
        policy.ground = choice(.imageGround, else: .white)
        return policy
    }
}
