/// The description is for people: it says what happened, at which step, what E2B said and what to do. It has no secrets.
extension E2BError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let step, let why):
            "\(step.failed): E2B cannot be reached, \(why). Check the address and the network."
        case .outOfDescriptors(let step):
            "\(step.failed): this process has no file left to open (EMFILE). Raise its limit of open files (ulimit -n, "
                + "LimitNOFILE)."
        case .tls(let step, let why):
            "\(step.failed): no secure connection to E2B, \(why). Check the certificates and the address."
        case .unauthorized(let step, let message):
            "\(step.failed): E2B refuses the credentials\(quote(message)). \(step.whenUnauthorized)"
        case .notFound(let step, let message):
            "\(step.failed): E2B does not know it\(quote(message)). \(step.whenNotFound)"
        case .rateLimited(let step, let message, let pause):
            "\(step.failed): E2B's limit is reached\(quote(message)). \(advice(pause))"
        case .noCapacity(let step, let message, let pause):
            "\(step.failed): E2B has no capacity\(quote(message)). \(advice(pause))"
        case .sandboxGone(let message):
            "The sandbox is gone\(quote(message)). Create another one."
        case .refused(let step, let status, let message):
            "\(step.failed): E2B answered with status \(status)\(quote(message))."
        case .timedOut(let step): "\(step.failed): E2B did not answer in time. Try again."
        case .executionTimedOut: "The time limit was reached, and what was running was stopped."
        case .notStarted(let limit): "\(Step.execute.failed): it did not start within \(limit). Try again."
        case .broken(let step, let why): "\(step.failed): \(why)."
        case .tooLarge(let step, let limit):
            "\(step.failed): the answer is larger than the limit of \(limit) bytes."
        case .outOfMemory(let step):
            "\(step.failed): the service's memory is taken by other requests. Try again in a few seconds."
        case .cancelled: "The call was cancelled."
        case .shutDown: "The client has been stopped."
        case .invalidConfiguration(let what): "The configuration is not valid: \(what)."
        }
    }

    private func quote(_ message: String) -> String { message.isEmpty ? "" : " (\"\(message)\")" }

    private func advice(_ pause: Duration?) -> String {
        guard let pause else { return "Try again later." }
        return "Try again in \(max(1, pause.components.seconds)) s."
    }
}

extension E2BError.Step {
    fileprivate var failed: String { "Failed at \(rawValue)" }

    fileprivate var whenUnauthorized: String {
        isControl ? "Check the API key." : "Check the sandbox's access token and the user."
    }

    fileprivate var whenNotFound: String {
        switch self {
        case .create: "Check the template's name and that the API key's team may use it."
        case .execute, .createContext, .listContexts, .restartContext, .deleteContext:
            "The context may have been deleted."
        case .kill, .list, .info, .setTimeout, .connect, .health: "The sandbox may have timed out."
        case .attach, .signal, .sendInput: "The command may have ended."
        case .startProcess, .runProcess, .listProcesses: "Check the command and its directory."
        case .writeFile, .readFile, .fileURL, .lookUpFile, .listFiles, .makeDirectory, .moveFile, .removeFile:
            "Check the path."
        }
    }
}
