package import LeverCore

/// A handler's end of a channel that can send fields beside its status, such as `lever-version`.
package protocol TrailerChannel: RPCChannel {
    /// Adds a field to the trailers with which the channel will end; the name in lower case, the value in ASCII.
    func setTrailer(_ name: String, _ value: String)
}
