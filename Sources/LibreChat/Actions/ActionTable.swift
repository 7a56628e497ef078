extension ActionDefinition {
    /// All actions, in the order in which `help` lists them.
    package static let all: [ActionDefinition] = [
        help, create, listSandboxes, setTimeout, kill, execute, shell, killCommand, writeFile, readFile, install,
        getFileDownloadURL, getHost, listTemplates, commandRun, startServer, commandList, commandKill, processInfo,
        systemInstall,
    ]
}
