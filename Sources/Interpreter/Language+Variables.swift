/// Code that sets variables in a kernel, in an execution of its own.
///
/// The code interpreter would put assignments into the program's own cell (Protocol.md, 5.6), where they shift its lines, stand in
/// its tracebacks and change what its first line means.
extension Language {
    /// Code that does nothing. The code interpreter puts the sandbox's variables before the first code that a kernel gets.
    var nothing: String {
        switch self {
        case .python, .r, .bash: "# \(Self.preparationMark)"
        case .javascript, .typescript, .java: "// \(Self.preparationMark)"
        }
    }

    /// By which what the interpreter runs of its own is told from a program.
    package static let preparationMark = "Variables of the sandbox"

    /// What has to run before a program.
    ///
    /// - Parameter isFresh: whether the kernel may not have run anything yet.
    /// - Returns: nil: nothing.
    func preparation(isFresh: Bool, setting variables: [String: String]) -> String? {
        guard isFresh || !variables.isEmpty else { return nil }
        return ([nothing] + (isFresh ? [place] : []) + (variables.isEmpty ? [] : [setting(variables)]))
            .joined(separator: "\n")
    }

    /// Makes `/mnt/data` another name of the home directory, for models look for files there and write them there.
    private var place: String {
        switch self {
        case .python:
            """
            exec('''import os
            if not os.path.lexists('/mnt/data'):
                import subprocess
                try:
                    link = ['sudo', '-n', 'ln', '-s', os.path.expanduser('~'), '/mnt/data']
                    subprocess.run(link, stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
                except Exception:
                    pass
            ''', {})
            """
        case .bash: "[ -e /mnt/data ] || sudo -n ln -s \"$HOME\" /mnt/data </dev/null >/dev/null 2>&1 || true"
        case .javascript, .typescript, .r, .java: ""
        }
    }

    /// The values from before come back with ``restoring(_:)``.
    private func setting(_ variables: [String: String]) -> String {
        let pairs = variables.sorted { $0.key < $1.key }.map { ($0.key, escaped(variable: $0.value)) }
        switch self {
        case .python:
            // In a namespace of its own, so that the program finds no names that it did not make.
            return """
                exec('''import os
                before = os.environ.__dict__.setdefault('before_call', {})
                for name, value in variables.items():
                    before.setdefault(name, os.environ.get(name))
                    os.environ[name] = value
                ''', {'variables': {\(pairs.map { "'\($0)': '\($1)'" }.joined(separator: ", "))}})
                """
        case .javascript, .typescript:
            // The semicolon ends the assignments before it.
            return """
                ;((variables) => {
                    const key = Symbol.for('before_call');
                    const before = Reflect.get(globalThis, key) ?? {};
                    Reflect.set(globalThis, key, before);
                    for (const name in variables) {
                        if (!(name in before)) before[name] = process.env[name];
                        process.env[name] = variables[name];
                    }
                })({\(pairs.map { "'\($0)': '\($1)'" }.joined(separator: ", "))});
                """
        case .r:
            return """
                invisible(local({
                    variables <- list(\(pairs.map { "'\($0)' = '\($1)'" }.joined(separator: ", ")))
                    options(before_call = Sys.getenv(names(variables), unset = NA, names = TRUE))
                    do.call(Sys.setenv, variables)
                }))
                """
        case .java:
            return pairs.map { name, value in
                """
                if (System.getProperty("\(name)") != null) System.setProperty("before_call.\(name)", System.getProperty("\(name)"));
                System.setProperty("\(name)", "\(value)");
                """
            }.joined(separator: "\n")
        case .bash:
            return pairs.map { name, value in
                """
                if [ -n "${\(name)+x}" ]; then before_call_\(name)=$\(name); else unset before_call_\(name); fi
                export \(name)='\(value)'
                """
            }.joined(separator: "\n")
        }
    }

    /// What has to run after a program, so that the next one does not find its variables.
    func restoring(_ variables: [String: String]) -> String {
        let names = variables.keys.sorted()
        switch self {
        case .python:
            return """
                \(nothing)
                exec('''import os
                for name, value in os.environ.__dict__.pop('before_call', {}).items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value
                ''', {})
                """
        case .javascript, .typescript:
            return """
                \(nothing)
                ;(() => {
                    const key = Symbol.for('before_call');
                    for (const [name, value] of Object.entries(Reflect.get(globalThis, key) ?? {})) {
                        if (value === undefined) delete process.env[name];
                        else process.env[name] = value;
                    }
                    Reflect.deleteProperty(globalThis, key);
                })();
                """
        case .r:
            return """
                \(nothing)
                invisible(local({
                    before <- getOption('before_call')
                    for (name in names(before)) {
                        if (is.na(before[[name]])) Sys.unsetenv(name)
                        else do.call(Sys.setenv, setNames(list(before[[name]]), name))
                    }
                    options(before_call = NULL)
                }))
                """
        case .java:
            return nothing + "\n"
                + names.map { name in
                    """
                    if (System.getProperty("before_call.\(name)") == null) System.clearProperty("\(name)"); else System.setProperty("\(name)", System.getProperty("before_call.\(name)"));
                    System.clearProperty("before_call.\(name)");
                    """
                }.joined(separator: "\n")
        case .bash:
            return nothing + "\n"
                + names.map { name in
                    "if [ -n \"${before_call_\(name)+x}\" ]; then export \(name)=\"$before_call_\(name)\"; unset before_call_\(name); else unset \(name); fi"
                }.joined(separator: "\n")
        }
    }
}
