/// Where things are in an instance's container.
enum ContainerPlaces {
    /// The deployed code, the working directory.
    static let code = "/lever/code"
    /// The directory of the instance's own socket.
    static let run = "/lever/run"
    /// The directory of the gateway's socket.
    static let gateway = "/lever/gateway"
    /// The Node runtime.
    static let node = "/lever/node"
    /// The name of the instance's socket.
    static let socketName = "instance.sock"
    /// The name of the gateway's socket.
    static let gatewayName = "gateway.sock"

    /// What our SDKs are told of the gateway.
    static let gatewayAddress = "unix:\(gateway)/\(gatewayName)"
    /// The port of programs that cannot be told where to listen.
    static let port = 3837
}
