package import Interpreter

extension CallingProgram {
    /// The program as the runner runs it: from its beginning to the first calls without a result.
    ///
    /// - Parameter id: the unique id of the run.
    package func workspaceProgram(_ record: ProgramRecord, id: String) -> WorkspaceProgram {
        let companion = ProgramCompanion(
            "/tmp/.program-\(id)",
            files: [
                "runner.py": PackageResources.runner_py, "tools.template.sh": PackageResources.tools_template_sh,
                "request.json": record.runnerRequest(self),
            ], report: "calls.json")
        // The order of a set is the same each time.
        let command =
            "PYTHONHASHSEED=\(record.seed) exec python3 -u \(companion.folder)/runner.py \(companion.folder)"
        var run = WorkspaceProgram(code: command, language: .bash, timeLimit: program.timeLimit)
        run.companion = companion
        return run
    }
}
