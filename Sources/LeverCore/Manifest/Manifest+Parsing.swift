extension Manifest {
    /// The longest `lever.json`, in bytes.
    public static let maximumLength = 256 * 1024
    /// The longest configuration, in bytes of compact JSON: it goes to the instance as one variable of its environment, and
    /// Linux allows 128 KiB for one.
    public static let maximumConfigLength = 120_000

    /// Reads a `lever.json`.
    ///
    /// A field that is `null` counts as left out. What is unknown is passed over with a warning, so that manifests for newer
    /// hosts work; a warning names the known field that was probably meant.
    ///
    /// - Returns: The manifest, and warnings in the order of the file.
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidInput``: the field, its value and the rule that it breaks; for
    ///   a text that is not JSON, line and column.
    public static func parse(_ json: [UInt8]) throws(RuntimeError) -> (manifest: Manifest, warnings: [String]) {
        guard json.count <= maximumLength else {
            throw RuntimeError(
                .invalidInput, "lever.json has \(json.count) bytes; at most \(maximumLength) are allowed")
        }
        let value: LeverValue
        do {
            value = try LeverValue(json: json)
        } catch {
            throw RuntimeError(.invalidInput, "lever.json is not JSON: \(error)")
        }
        return try parse(value)
    }

    /// Reads the value that a `lever.json` holds, or that ``json`` gave.
    ///
    /// - Throws: As ``parse(_:)-([UInt8])``.
    public static func parse(_ value: LeverValue) throws(RuntimeError) -> (manifest: Manifest, warnings: [String]) {
        guard case .object(let object) = value else {
            throw RuntimeError(.invalidInput, "lever.json must hold an object, not \(value.kind)")
        }
        let fields = ManifestFields(object)
        let minInstances = try fields.integer("minInstances", in: 0...10_000) ?? 0
        let manifest = Manifest(
            name: try fields.name(),
            description: try fields.text("description"),
            entry: try fields.entry(),
            build: try fields.build(),
            files: try fields.files(),
            isPrivate: try fields.flag("private") ?? false,
            maxInstanceLoad: try fields.number("maxInstanceLoad", above: 0, upTo: 1_000_000) ?? 10,
            minInstances: minInstances,
            maxInstances: try fields.maxInstances(minInstances: minInstances),
            channelLoad: try fields.number("channelLoad", from: 0, upTo: 1_000_000) ?? 0.01,
            drainTimeout: try fields.seconds("drainTimeout"),
            channelDrainTimeout: try fields.seconds("channelDrainTimeout"),
            ram: try fields.integer("ram", in: 1...16_000_000) ?? 50,
            cpus: try fields.number("cpus", from: 0.01, upTo: 1_024),
            image: try fields.image(),
            internet: try fields.flag("internet") ?? true,
            spares: try fields.integer("spares", in: 0...100) ?? 0,
            config: try fields.config())
        return (manifest, object.keys.compactMap(ManifestFields.warning))
    }

    /// The manifest as the value of a `lever.json`, every field written out; reading it gives an equal manifest.
    public var json: LeverValue {
        var fields = LeverObject([(key: "name", value: .string(name.rawValue))])
        if let description { fields["description"] = .string(description) }
        switch entry {
        case .command(let words): fields["entry"] = .array(words.map(LeverValue.string))
        case .javaScript(let module): fields["jsEntry"] = .string(module)
        }
        if let build { fields["build"] = .array(build.map(LeverValue.string)) }
        if let files { fields["files"] = .array(files.map(LeverValue.string)) }
        fields["private"] = .bool(isPrivate)
        fields["maxInstanceLoad"] = .number(maxInstanceLoad)
        fields["minInstances"] = .number(Double(minInstances))
        fields["maxInstances"] = .number(Double(maxInstances))
        fields["channelLoad"] = .number(channelLoad)
        for (field, time) in [("drainTimeout", drainTimeout), ("channelDrainTimeout", channelDrainTimeout)] {
            if let time { fields[field] = .number(time / .seconds(1)) }
        }
        fields["ram"] = .number(Double(ram))
        if let cpus { fields["cpus"] = .number(cpus) }
        if let image { fields["image"] = .string(image) }
        fields["internet"] = .bool(internet)
        fields["spares"] = .number(Double(spares))
        fields["config"] = config
        return .object(fields)
    }
}
