import NIOCore
import NIOPosix

/// Asks whether a program listens on a port, by connecting to it.
enum TCPProbe {
    static func isListening(_ host: String, _ port: Int) async -> Bool {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.milliseconds(500))
                .connect(host: host, port: port).get()
            channel.close(promise: nil)
            return true
        } catch {
            return false
        }
    }
}
