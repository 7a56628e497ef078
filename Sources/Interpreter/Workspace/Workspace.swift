/// The folder in which the programs of a caller find their files and leave others: `/mnt/data`, as models are told.
enum Workspace {
    static let path = "/mnt/data"

    /// A script that makes the folder if it is not there: another name of the home directory, as
    /// ``Language/preparation(isFresh:setting:)`` makes it, so that the sandbox of a session has one such place for all
    /// surfaces. Where a link cannot be made, it is a folder.
    static let making = """
        if [ ! -d /mnt/data ]; then
          sudo -n ln -s "$HOME" /mnt/data || ln -s "$HOME" /mnt/data || mkdir -p /mnt/data
        fi </dev/null >/dev/null 2>&1

        """
}
