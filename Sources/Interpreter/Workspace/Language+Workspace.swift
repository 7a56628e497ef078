/// How a kernel becomes what a program of its own would find: the workspace as its directory, and its arguments.
extension Language {
    /// Code that runs before a program, in an execution of its own.
    func workspacePreparation(_ arguments: [String]) -> String {
        let list = arguments.map { "'\(escaped(variable: $0))'" }.joined(separator: ", ")
        return switch self {
        case .python:
            // In a namespace of its own, so that the program finds no names that it did not make.
            """
            \(nothing)
            exec('''\(Self.pythonPreparation)''', {'arguments': [\(list)]})
            """
        case .javascript, .typescript:
            """
            \(nothing)
            ;process.chdir('\(Workspace.path)');
            ;process.argv = [process.argv[0], 'main.js'\(arguments.isEmpty ? "" : ", \(list)")];
            """
        case .r:
            """
            \(nothing)
            setwd('\(Workspace.path)')
            \(arguments.isEmpty ? "" : "commandArgs <- function(trailingOnly = FALSE) c(\(list))")
            """
        // The directory of a Java machine is the one in which it was started.
        case .java:
            """
            \(nothing)
            String[] args = {\(arguments.map { "\"\(escaped(variable: $0))\"" }.joined(separator: ", "))};
            """
        case .bash: nothing
        }
    }

    /// Prints the time, makes the workspace, and sets the directory and the arguments.
    ///
    /// E2B displays what is saved as a picture, and a notebook displays each figure at the end: a picture would come twice, as the
    /// file and as what is displayed. So what has been saved in the workspace is not displayed any more, by the method with which
    /// objects display themselves. `dict` does nothing in its place, and can be pickled.
    private static let pythonPreparation = """
        import os, sys, time, warnings
        print(time.time())
        if not os.path.isdir('\(Workspace.path)'):
            import subprocess
            quiet = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
            subprocess.run(['/bin/bash', '-c', \"""\(Workspace.making)\"""], **quiet)
        # IPython says with each sys.exit() how to leave it.
        warnings.filterwarnings('ignore', message='To exit: use ')
        os.chdir('\(Workspace.path)')
        sys.argv = ['main.py', *arguments]
        pictures = sys.modules.get('PIL.Image')
        if pictures:
            from IPython.utils.capture import capture_output
            save = pictures.Image.save
            place = os.path.realpath('\(Workspace.path)') + '/'

            def save_quietly(self, fp, *arguments, **options):
                with capture_output(stdout=False, stderr=False, display=True):
                    result = save(self, fp, *arguments, **options)
                if isinstance(fp, (str, os.PathLike)) and os.path.realpath(fp).startswith(place):
                    # What matplotlib saves is a copy of its figure.
                    frame, saved = sys._getframe(), self
                    for _ in range(20):
                        frame = frame.f_back
                        if frame is None:
                            break
                        if frame.f_code.co_name == 'savefig' and hasattr(frame.f_locals.get('self'), 'canvas'):
                            saved = frame.f_locals['self']
                            break
                    saved._ipython_display_ = dict
                return result

            pictures.Image.save = save_quietly
        # A drawing is not saved as a picture, but gets one beside it.
        canvases = sys.modules.get('matplotlib.backend_bases')
        if canvases:
            print_figure = canvases.FigureCanvasBase.print_figure
            place = os.path.realpath('\(Workspace.path)') + '/'

            def print_quietly(self, filename, *arguments, **options):
                result = print_figure(self, filename, *arguments, **options)
                if isinstance(filename, (str, os.PathLike)):
                    path = os.path.realpath(filename)
                    if path.startswith(place) and path.lower().endswith('.svg'):
                        self.figure._ipython_display_ = dict
                return result

            canvases.FigureCanvasBase.print_figure = print_quietly

        """

    /// Whether ``workspacePreparation(_:)`` makes the workspace, and prints the time by the sandbox's clock.
    var tellsTime: Bool { self == .python }

    /// Whether ``workspacePreparation(_:)`` can change a kernel's directory.
    var canChangeDirectory: Bool { self != .java }
}
