// swift-tools-version: 6.2
import PackageDescription

extension Target.Dependency {
    static let leverCore: Self = .product(name: "LeverCore", package: "lever")
    static let leverClient: Self = .product(name: "LeverClient", package: "lever")
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
    ],
    targets: [
        .executableTarget(
            name: "hello-swift", dependencies: [.leverCore, .leverService], path: "hello-swift/Sources"),
        .executableTarget(name: "chat-service", dependencies: [.leverCore, .leverService], path: "chat/Service"),
        .executableTarget(
            name: "chat",
            dependencies: [
                .leverCore, .leverClient, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "chat/Client"),
        .executableTarget(
            name: "notes", dependencies: [.leverCore, .leverClient, .leverService], path: "notes/Notes/Sources"),
        .executableTarget(
            name: "notes-store",
            dependencies: [.leverCore, .leverService, .product(name: "GRDB", package: "GRDB.swift")],
            path: "notes/Store/Sources"),
    ]
)
