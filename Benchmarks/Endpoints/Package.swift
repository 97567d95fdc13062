// swift-tools-version: 6.2
import PackageDescription

// The service SDK and the client beside grpc-swift-2. A package of its own because the peer takes minutes to build.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "lever-endpoints-benchmark",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "lever", path: "../.."),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "Measuring", swiftSettings: settings),
        .executableTarget(
            name: "lever-endpoint",
            dependencies: [
                "Measuring", .product(name: "LeverCore", package: "lever"),
                .product(name: "LeverClient", package: "lever"), .product(name: "LeverService", package: "lever"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/LeverEndpoint", swiftSettings: settings),
        .executableTarget(
            name: "lever-in-process",
            dependencies: [
                "Measuring", .product(name: "LeverCore", package: "lever"),
                .product(name: "LeverClient", package: "lever"), .product(name: "LeverRuntime", package: "lever"),
                .product(name: "LeverService", package: "lever"), .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/LeverInProcess", swiftSettings: settings),
        .target(
            name: "GRPCHello", dependencies: [.product(name: "GRPCCore", package: "grpc-swift-2")],
            swiftSettings: settings),
        .executableTarget(
            name: "grpc-endpoint",
            dependencies: [
                "GRPCHello", "Measuring", .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/GRPCEndpoint", swiftSettings: settings),
        .executableTarget(
            name: "grpc-in-process",
            dependencies: [
                "GRPCHello", "Measuring", .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCInProcessTransport", package: "grpc-swift-2"),
            ],
            path: "Sources/GRPCInProcess", swiftSettings: settings),
    ]
)
