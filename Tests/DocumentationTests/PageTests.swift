import Testing

/// What the README, `docs` and the modules' catalogues show in Swift is code that is compiled: with these tests, as an example,
/// or in the library itself.
@Suite struct PageTests {
    private static let code = Result { try CompiledCode() }

    @Test(arguments: try Page.all())
    func everySampleIsCompiled(page: Page) throws {
        let code = try Self.code.get()
        for block in page.blocks where !isManifest(block.text) {
            guard code.file(of: block.text) == nil else { continue }
            let missing = code.missing(of: block.text) ?? "its pieces stand in different files"
            Issue.record("\(page.path):\(block.line): no compiled file has this sample: \(missing)")
        }
    }

    @Test func thePagesAreFound() throws {
        let pages = try Page.all()
        for path in ["README.md", "docs/services.md", "Sources/LeverService/LeverService.docc/YourFirstService.md"] {
            #expect(pages.contains { $0.path == path })
        }
    }

    /// Packages of the reader's own: what they need stands in the examples' manifest.
    private func isManifest(_ text: String) -> Bool {
        text.contains("import PackageDescription") || text.hasPrefix(".testTarget(")
    }
}

@Suite struct CompiledCodeTests {
    private let code = CompiledCode([
        "import A\nimport B\n\nstruct Hello {\n    func greet(_ name: String) {\n        print(name)\n    }\n}\n",
        "import A\n\nfunc other() { run() }\n",
    ])

    @Test(arguments: [
        "struct Hello {\n  func greet(_ name: String) {\n    print(name)\n  }\n}",
        "@main struct Hello {",
        "import B\n\nstruct Hello { … }",
        "func greet(_ name: String) { … }",
        "import A\n\nfunc other() { run() }",
        "print(name)\n\nimport A",
    ])
    func whatStandsInAFileIsFound(block: String) {
        #expect(code.file(of: block) != nil)
    }

    @Test(arguments: [
        "struct Hello { func greet(_ name: Int)",
        "import C\n\nstruct Hello {",
        "import B\n\nfunc other() { run() }",
        "struct Hello {\n\nfunc other()",
        "func greet(_ name: String) { … return",
        "truct Hello {",
    ])
    func whatDoesNotIsMissed(block: String) {
        #expect(code.file(of: block) == nil)
    }
}
