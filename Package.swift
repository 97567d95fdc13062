// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

extension Target.Dependency {
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioEmbedded: Self = .product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHPACK: Self = .product(name: "NIOHPACK", package: "swift-nio-http2")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let metrics: Self = .product(name: "CoreMetrics", package: "swift-metrics")
    static let metricsTestKit: Self = .product(name: "MetricsTestKit", package: "swift-metrics")
    static let tracing: Self = .product(name: "Tracing", package: "swift-distributed-tracing")
    static let inMemoryTracing: Self = .product(name: "InMemoryTracing", package: "swift-distributed-tracing")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let hashTree: Self = .product(name: "HashTreeCollections", package: "swift-collections")
    static let deque: Self = .product(name: "DequeModule", package: "swift-collections")
    static let grdb: Self = .product(name: "GRDB", package: "GRDB.swift")
    static let crypto: Self = .target(
        name: "CCrypto", condition: .when(platforms: [.linux]))
    static let subprocess: Self = .product(name: "Subprocess", package: "swift-subprocess")
    static let httpClient: Self = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let nioSSL: Self = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
}

let package = Package(
    name: "lever",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "LeverCore", targets: ["LeverCore"]),
        .library(name: "LeverClient", targets: ["LeverClient"]),
        .library(name: "LeverService", targets: ["LeverService"]),
        .library(name: "LeverActors", targets: ["LeverActors"]),
        .library(name: "LeverRouter", targets: ["LeverRouter"]),
        .library(name: "LeverRuntime", targets: ["LeverRuntime"]),
        .library(name: "LeverDocker", targets: ["LeverDocker"]),
        .library(name: "LeverTesting", targets: ["LeverTesting"]),
        .executable(name: "lever", targets: ["lever"]),
        .executable(name: "leveroshost", targets: ["leveroshost"]),
    ],
    traits: [
        .trait(
            name: "Docker",
            description: "leveroshost runs instances in containers, too. Without it neither TLS nor HTTP is built."),
        .default(enabledTraits: ["Docker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .target(name: "LeverCore", dependencies: [.deque], swiftSettings: settings),
        .target(
            name: "LeverTransport",
            dependencies: ["LeverCore", .nioCore, .nioPosix, .nioHTTP1, .nioHPACK, .logging, .deque],
            swiftSettings: settings),
        .target(
            name: "LeverClient",
            dependencies: [
                "LeverCore", "LeverTransport", "CZlib", .nioCore, .nioPosix, .logging, .metrics, .tracing,
            ],
            swiftSettings: settings),
        .target(
            name: "LeverService",
            dependencies: [
                "LeverCore", "LeverTransport", .nioCore, .nioPosix, .logging, .metrics, .tracing, .lifecycle,
                .unixSignals,
            ],
            swiftSettings: settings),
        .target(name: "CDistributed"),
        .target(
            name: "LeverActors", dependencies: ["CDistributed", "LeverCore", "LeverClient", "LeverService"],
            swiftSettings: settings),
        .target(
            name: "LeverRouter",
            dependencies: [
                "LeverCore", "LeverTransport", .nioCore, .nioPosix, .logging, .lifecycle, .hashTree, .deque,
            ],
            swiftSettings: settings),
        .target(
            name: "LeverNode",
            dependencies: ["LeverCore"],
            resources: [.embedInCode("Resources")],
            swiftSettings: settings),
        .target(name: "CProcess"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(
            name: "LeverRuntime",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverRouter", "LeverNode", "CProcess", "CZlib", .nioCore, .nioPosix,
                .nioHTTP1, .logging, .lifecycle, .grdb, .crypto, .deque,
            ],
            swiftSettings: settings),
        .target(
            name: "LeverDocker",
            dependencies: [
                "CProcess", "LeverCore", "LeverNode", "LeverRuntime", .httpClient, .nioCore, .nioPosix, .nioHTTP1,
                .nioSSL, .logging,
                .subprocess,
            ],
            swiftSettings: settings),
        .target(
            name: "LeverTesting",
            dependencies: ["LeverCore", "LeverClient", "LeverService"],
            swiftSettings: settings),
        .executableTarget(
            name: "lever",
            dependencies: ["LeverCore", "LeverClient", .argumentParser, .subprocess],
            swiftSettings: settings),
        .executableTarget(
            name: "leveroshost",
            dependencies: [
                "CProcess", "LeverCore", .target(name: "LeverDocker", condition: .when(traits: ["Docker"])),
                "LeverRuntime", .argumentParser, .logging, .lifecycle,
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "benchmark-codec", dependencies: ["LeverCore"], path: "Benchmarks/Codec",
            exclude: ["README.md", "documents.py", "orjson_times.py", "ratios.py"],
            sources: ["CodecBenchmark.swift"], swiftSettings: settings),
        .executableTarget(
            name: "benchmark-backend", dependencies: ["LeverTransport", .nioCore, .nioPosix],
            path: "Benchmarks/Router/Backend", swiftSettings: settings),
        .executableTarget(
            name: "benchmark-load", dependencies: ["LeverTransport", .nioCore, .nioPosix, .logging],
            path: "Benchmarks/Router/Load", swiftSettings: settings),
        .executableTarget(
            name: "benchmark-proxy",
            dependencies: [
                "CProcess", "LeverCore", "LeverTransport", "LeverRouter", .nioCore, .nioPosix, .logging, .hashTree,
            ],
            path: "Benchmarks/Router/Proxy", swiftSettings: settings),
        .executableTarget(
            name: "benchmark-resources", dependencies: ["LeverCore", "LeverTransport", "LeverRouter"],
            path: "Benchmarks/Memory/Resources", swiftSettings: settings),

        .executableTarget(
            name: "benchmark-actors",
            dependencies: ["LeverActors", "LeverCore", "LeverClient", "LeverRuntime", "LeverService", .logging],
            path: "Benchmarks/Actors", exclude: ["README.md"], swiftSettings: settings),

        .target(
            name: "ScalingSimulation", dependencies: ["LeverCore"], path: "Benchmarks/Scaling/Simulation",
            swiftSettings: settings),
        .executableTarget(
            name: "benchmark-scaling", dependencies: ["LeverCore", "ScalingSimulation"],
            path: "Benchmarks/Scaling/Command", swiftSettings: settings),

        .target(name: "HostSimulation", dependencies: ["LeverCore"], path: "Simulation/Host", swiftSettings: settings),
        .executableTarget(
            name: "simulate", dependencies: ["HostSimulation"], path: "Simulation/Command", swiftSettings: settings),

        .executableTarget(
            name: "DriverCrashHelper", dependencies: ["LeverCore", "LeverRuntime"],
            path: "Tests/Support/DriverCrashHelper", swiftSettings: settings),

        .executableTarget(
            name: "SwiftServiceHelper", dependencies: ["LeverCore", "LeverService", .logging],
            path: "Tests/Support/SwiftServiceHelper", swiftSettings: settings),
        .target(
            name: "DockerTestSupport", dependencies: [.subprocess], path: "Tests/Support/DockerTestSupport",
            swiftSettings: settings),
        .target(
            name: "ActorPeerInterface", dependencies: ["LeverActors"], path: "Tests/Support/ActorPeerInterface",
            swiftSettings: settings),
        .executableTarget(
            name: "ActorKeeper", dependencies: ["LeverActors", "LeverClient", "LeverCore", "LeverService"],
            path: "Tests/Support/ActorKeeper", swiftSettings: settings),
        .executableTarget(
            name: "ActorPeer", dependencies: ["ActorPeerInterface", "LeverActors", "LeverCore", "LeverService"],
            path: "Tests/Support/ActorPeer", swiftSettings: settings),

        .testTarget(name: "LeverCoreTests", dependencies: ["LeverCore"], swiftSettings: settings),
        .testTarget(
            name: "ScalingSimulationTests", dependencies: ["LeverCore", "ScalingSimulation"], swiftSettings: settings),
        .testTarget(name: "HostSimulationTests", dependencies: ["HostSimulation"], swiftSettings: settings),
        .testTarget(
            name: "LeverTransportTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverTesting", .nioCore, .nioPosix, .nioHTTP1, .nioEmbedded, .nioHPACK,
                .logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverClientTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverClient", "LeverService", .nioCore, .nioPosix, .logging, .metrics,
                .metricsTestKit, .tracing, .inMemoryTracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverServiceTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverClient", "LeverService", "LeverTesting", .nioCore, .nioPosix,
                .logging, .lifecycle,
                .metrics, .metricsTestKit, .tracing, .inMemoryTracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverServiceNonsendingTests",
            dependencies: ["LeverCore", "LeverTransport", "LeverClient", "LeverService"],
            swiftSettings: settings + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .testTarget(
            name: "LeverActorsTests",
            dependencies: [
                "LeverActors", "LeverCore", "LeverTransport", "LeverClient", "LeverService", "LeverTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverRouterTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverClient", "LeverRouter", .nioCore, .nioPosix, .nioEmbedded,
                .nioHPACK, .logging, .lifecycle, .hashTree,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverRuntimeTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverRouter", "LeverRuntime", "LeverTesting", "DriverCrashHelper",
                .nioCore, .nioPosix, .logging, .lifecycle,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverDockerTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverRuntime", "LeverDocker", "LeverTesting", "DockerTestSupport",
                .httpClient, .nioCore, .nioPosix, .nioHTTP1, .logging, .lifecycle,
            ],
            exclude: ["Programs"],
            swiftSettings: settings),
        .testTarget(
            name: "LeverTestingTests",
            dependencies: ["LeverCore", "LeverClient", "LeverService", "LeverTesting"],
            swiftSettings: settings),
        // The samples of the documentation, and the check that it shows no others.
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "LeverActors", "LeverCore", "LeverClient", "LeverDocker", "LeverRouter", "LeverRuntime", "LeverService",
                "LeverTesting",
                .logging, .lifecycle, .unixSignals, .metrics,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "leverTests",
            dependencies: [
                "LeverCore", "LeverTransport", "LeverClient", "LeverService", "lever", .argumentParser, .nioPosix,
                .logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LeverNodeTests", dependencies: ["LeverCore", "LeverNode"], exclude: ["js"], swiftSettings: settings),
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "LeverActors", "LeverCore", "LeverTransport", "LeverClient", "LeverService", "LeverRouter",
                "LeverRuntime", "ActorKeeper", "ActorPeer", "ActorPeerInterface", "SwiftServiceHelper",
                "DockerTestSupport",
                "LeverDocker",
                "lever", "leveroshost", .nioCore, .nioPosix, .logging, .lifecycle,
            ],
            exclude: ["Peers"],
            swiftSettings: settings),
    ]
)
