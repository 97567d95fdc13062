import LeverCore
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// One listening port or unix socket for all protocols: HTTP/2 with prior knowledge and HTTP/1.1, told apart by the first bytes.
package final class Listener: Sendable {
    private let channel: any Channel
    private let registry: ConnectionRegistry
    /// Where it listens, with the port that was given to it.
    package let localAddress: TransportAddress

    private init(_ channel: any Channel, _ registry: ConnectionRegistry, _ localAddress: TransportAddress) {
        self.channel = channel
        self.registry = registry
        self.localAddress = localAddress
    }

    /// Connections that are open now.
    package var connectionCount: Int { registry.count }

    /// Starts to listen.
    ///
    /// - Throws: ``RuntimeError`` with the code `bindFailed`, naming the address.
    package static func start(
        on address: TransportAddress, group: any EventLoopGroup, acceptor: any ListenerAcceptor,
        configuration: ListenerConfiguration = .defaults, logger: Logger
    ) async throws -> Listener {
        let registry = ConnectionRegistry()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(configuration.backlog))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try ConnectionSetup(registry, acceptor, configuration, logger).begin(channel)
                }
            }
        do {
            switch address {
            case .unix(let path):
                try UnixSocketFile.prepare(path)
                let channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
                do {
                    try UnixSocketFile.setMode(path, configuration.socketMode)
                } catch {
                    try? await channel.close()
                    throw error
                }
                return Listener(channel, registry, address)
            case .tcp(let host, let port):
                var bootstrap = bootstrap
                #if os(Linux)
                if configuration.mayPrecedeAddress {
                    bootstrap = bootstrap.serverChannelOption(
                        .socket(SocketOptionLevel(IPPROTO_IP), SocketOptionName(IP_FREEBIND)), value: 1)
                }
                #endif
                let channel =
                    try await bootstrap
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .bind(host: host, port: port).get()
                return Listener(channel, registry, .tcp(host: host, port: channel.localAddress?.port ?? port))
            }
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw RuntimeError(.bindFailed, "cannot listen on \(address)", cause: error)
        }
    }

    /// Takes no more connections and breaks those that are open without a word, as the end of a process does.
    package func abort() async {
        registry.abort()
        try? await channel.close()
        if case .unix(let path) = localAddress { UnixSocketFile.remove(path) }
        await registry.waitUntilEmpty()
    }

    /// Takes no more connections, lets those that are open finish what they have begun, and ends what is left when the time
    /// is over. Returns once all are closed.
    package func drain(within time: Duration) async {
        try? await channel.close()
        if case .unix(let path) = localAddress { UnixSocketFile.remove(path) }
        registry.drain()
        let registry = registry
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await registry.waitUntilEmpty() }
            group.addTask {
                // Cancelled as soon as the last connection is closed, or with the task that drains: then it hurries.
                try? await Task.sleep(for: time)
                registry.close()
                // What does not close by itself now is a socket that takes nothing more.
                if !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
                registry.stopWaiting()
            }
            await group.next()
            group.cancelAll()
        }
    }
}
