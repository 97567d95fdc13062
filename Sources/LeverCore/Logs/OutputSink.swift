/// Where the whole lines of an ``OutputLog`` go, beside its memory: to files, say.
package protocol OutputSink: Sendable {
    /// Takes the next lines, oldest first. It is called with the log's lock held: it must be quick, never wait, and leave the log
    /// alone.
    ///
    /// - Parameters:
    ///   - lines: The lines.
    ///   - number: The number of the line before them; the first line of a log is number 1.
    func take(_ lines: [OutputLog.Line], after number: Int)
}
