/// Decides which of the instances of one service that an earlier run of the host has left may go on, so that no two act for one
/// resource.
public struct AdoptionPlan: Sendable, Equatable {
    /// Those that go on, in the order in which they were given.
    public private(set) var adopted: [InstanceHoldings] = []
    /// Those that must be dead before anything else happens, with the reason.
    public private(set) var refused: [InstanceID: String] = [:]

    /// Decides.
    ///
    /// - Parameters:
    ///   - answers: What each instance says of itself.
    ///   - term: The term of this run of the host: all epochs that are known are of earlier ones.
    public init(_ answers: [(instance: InstanceID, holdings: InstanceHoldings)], term: UInt32) {
        var owners: [ResourceID: InstanceID] = [:]
        for (instance, holdings) in answers {
            if holdings.instance != instance {
                refused[instance] = "it calls itself \"\(holdings.instance)\""
            }
            for resource in holdings.all {
                if resource.epoch.term >= term {
                    refused[instance] =
                        "resource \(resource.id.quoted) has the epoch \(resource.epoch), which no earlier run can have given"
                }
                // Where two have it, nobody can say which of them acts for it: none does.
                if let other = owners.updateValue(instance, forKey: resource.id) {
                    let text = "resource \(resource.id.quoted) is on"
                    refused[instance] = "\(text) \(other == instance ? "it twice" : "instance \(other), too")"
                    if other != instance { refused[other] = "\(text) instance \(instance), too" }
                }
            }
        }
        adopted = answers.filter { [refused] in refused[$0.instance] == nil }.map(\.holdings)
    }
}
