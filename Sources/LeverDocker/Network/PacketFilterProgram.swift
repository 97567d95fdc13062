#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import LeverCore
internal import Subprocess

/// The programs that the packet filter runs: `nft`, and two of everybody's.
struct PacketFilterProgram: Sendable {
    /// Ends each error's message.
    static let wayOut = "To go without isolation, start the host with --allow-weak-isolation."

    /// What comes before each command: `ip netns exec NAME` lets it run there.
    var prefix: [String] = []
    /// The program of nftables.
    var nft = "nft"

    /// Sets rules in one transaction.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    func apply(_ rules: String, onlyCheck: Bool = false) async throws {
        let ended: Ended
        do {
            ended = try await run([nft] + (onlyCheck ? ["-c"] : []) + ["-f", "-"], input: rules)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw RuntimeError(
                .driver,
                "the program \(nft), which keeps instances from each other and from this machine's ports, is not installed: "
                    + "install nftables. \(Self.wayOut)")
        } catch {
            throw RuntimeError(.driver, "\(nft) could not be run. \(Self.wayOut)", cause: error)
        }
        guard !ended.isSuccess else { return }
        if ended.complaint.contains("not permitted") {
            throw RuntimeError(
                .driver,
                "this host may not set a packet filter (\(ended.complaint)): run it as root, or give it CAP_NET_ADMIN "
                    + "(AmbientCapabilities=CAP_NET_ADMIN in a unit of systemd). \(Self.wayOut)")
        }
        throw RuntimeError(.driver, "nft refused the packet filter: \(ended.complaint). \(Self.wayOut)")
    }

    /// Whether the tables of rules are there.
    func lists(_ rules: PacketFilterRules) async -> Bool {
        for family in rules.families {
            guard let ended = try? await run([nft, "list", "table", family, rules.table]), ended.isSuccess else {
                return false
            }
        }
        return true
    }

    /// Whether `br_netfilter` shows traffic within bridges to the hooks of routed traffic.
    func seesBridgedTraffic() async -> Bool {
        let folder = "/proc/sys/net/bridge"
        let values = try? await run(
            ["cat", "\(folder)/bridge-nf-call-iptables", "\(folder)/bridge-nf-call-ip6tables"])
        return values?.output == "1\n1\n"
    }

    /// Whether a bridge of that name exists.
    func hasBridge(_ name: String) async -> Bool {
        (try? await run(["test", "-d", "/sys/class/net/\(name)/bridge"]))?.isSuccess == true
    }

    /// How a program ended.
    private struct Ended {
        var isSuccess: Bool
        var output: String
        /// The first line that it wrote to standard error, or how it ended.
        var complaint: String
    }

    private func run(_ words: [String], input: String = "") async throws -> Ended {
        let words = prefix + words
        // Administrators' programs are often not in PATH.
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        // Apart from the task that asks: a program that is cancelled while it starts ends this process, too (swift-subprocess 1.0
        // insists on descriptors which it then has not closed).
        let result = try await Task {
            try await Subprocess.run(
                .name(words[0]), arguments: Arguments(Array(words.dropFirst())),
                environment: .inherit.updating(["PATH": "\(path):/usr/sbin:/sbin"]), input: .string(input),
                output: .string(limit: 1024 * 1024), error: .string(limit: 64 * 1024))
        }.value
        return Ended(
            isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
            complaint: result.standardError.split(separator: "\n").first.map(String.init)
                ?? "\(result.terminationStatus)")
    }
}
