// swift-tools-version: 6.2
import PackageDescription

extension Target.Dependency {
    static let leverCore: Self = .product(name: "LeverCore", package: "lever")
    static let leverClient: Self = .product(name: "LeverClient", package: "lever")
    static let leverActors: Self = .product(name: "LeverActors", package: "lever")
    static let leverRouter: Self = .product(name: "LeverRouter", package: "lever")
    static let leverRuntime: Self = .product(name: "LeverRuntime", package: "lever")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let leverService: Self = .product(name: "LeverService", package: "lever")
}

let package = Package(
    name: "lever-examples",
    platforms: [.macOS(.v15)],
    dependencies: [
        // In a program of your own: .package(url: …) or the path of a checkout. The name is needed where the folder has another.
        .package(name: "lever", path: ".."),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        .executableTarget(
            name: "hello-swift", dependencies: [.leverCore, .leverService], path: "hello-swift/Sources"),
        .executableTarget(name: "chat-service", dependencies: [.leverCore, .leverService], path: "chat/Service"),
        .executableTarget(
            name: "chat",
            dependencies: [.leverCore, .leverClient, .argumentParser], path: "chat/Client"),
        .executableTarget(
            name: "notes", dependencies: [.leverCore, .leverClient, .leverService], path: "notes/Notes/Sources"),
        .executableTarget(
            name: "notes-store",
            dependencies: [.leverCore, .leverService, .product(name: "GRDB", package: "GRDB.swift")],
            path: "notes/Store/Sources"),
        .executableTarget(
            name: "counter-service", dependencies: [.leverActors, .leverService], path: "counter-actors/Sources"),
        .executableTarget(
            name: "counter", dependencies: [.leverActors, .leverClient], path: "counter-actors/Client"),
        .executableTarget(
            name: "embed-hummingbird",
            dependencies: [
                .leverClient, .leverRuntime, .leverService, .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "embed-hummingbird/Sources"),
        .executableTarget(
            name: "custom-scaling", dependencies: [.leverCore, .leverClient, .leverRuntime, .leverService],
            path: "custom-scaling/Sources"),
        .executableTarget(
            name: "router-only",
            dependencies: [
                .leverRouter, .argumentParser, .lifecycle, .product(name: "Logging", package: "swift-log"),
            ],
            path: "router-only/Sources"),
    ]
)
