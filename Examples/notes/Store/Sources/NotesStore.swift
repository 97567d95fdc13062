import GRDB
import LeverCore
import LeverService

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One notebook for each user, on whichever instance holds the user; all instances share the database.
@main struct NotesStore: LeverServiceMain {
    static var service: ServiceDefinition {
        get throws {
            let database = try Notebook.open(path)

            ResourceService { (user: ResourceContext) in
                try await Notebook(of: user.name, epoch: user.epoch, in: database)
            } methods: {
                ResourceMethod("Add") { (notebook: Notebook, text: String) in try await notebook.add(text) }
                ResourceMethod("List") { (notebook: Notebook) in await notebook.notes }
                ResourceMethod("Remove") { (notebook: Notebook, id: Int) in try await notebook.remove(id) }
            }
        }
    }

    private static var path: String {
        if let path = InstanceEnvironment.current.config["database"]?.stringValue { return path }
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        return "\(directory)/lever-notes.sqlite"
    }
}
