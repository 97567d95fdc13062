import Testing

@testable import LeverClient

@Suite struct IgnoreRulesTests {
    /// Checked against `git check-ignore`, for which `?` is a byte, here a character.
    @Test(arguments: [
        ("*.log", "a.log", false, true),
        ("*.log", "deep/er/a.log", false, true),
        ("*.log", "a.logs", false, false),
        ("/a.log", "a.log", false, true),
        ("/a.log", "deep/a.log", false, false),
        ("build/", "build", true, true),
        ("build/", "build", false, false),
        ("build/", "deep/build", true, true),
        ("doc/*.txt", "doc/a.txt", false, true),
        ("doc/*.txt", "doc/deep/a.txt", false, false),
        ("doc/*.txt", "other/doc/a.txt", false, false),
        ("doc/**/*.txt", "doc/a.txt", false, true),
        ("doc/**/*.txt", "doc/deep/er/a.txt", false, true),
        ("**/cache", "cache", true, true),
        ("**/cache", "a/b/cache", true, true),
        ("cache/**", "cache", true, false),
        ("cache/**", "cache/x", false, true),
        ("**/a/**", "a", true, false),
        ("**/a/**", "a/x", false, true),
        ("**/a/**", "b/a/x/y", false, true),
        ("a?c", "abc", false, true),
        ("a?c", "aéc", false, true),
        ("a?c", "ac", false, false),
        ("[a-c]x", "bx", false, true),
        ("[!a-c]x", "bx", false, false),
        ("[]x]y", "]y", false, true),
        ("[a", "[a", false, false),
        ("# no rule", "# no rule", false, false),
        (##"\#rule"##, "#rule", false, true),
        (#"\!rule"#, "!rule", false, true),
        ("space  ", "space", false, true),
        (#"space\ "#, "space ", false, true),
        (#"a\*"#, "a*", false, true),
        (#"a\*"#, "ab", false, false),
        ("", "a", false, false),
        ("/", "a", true, false),
        ("a*b*c", "a-b-b-c", false, true),
        ("a*b*c", "a-b-b-d", false, false),
    ])
    func onePattern(_ pattern: String, _ path: String, _ isDirectory: Bool, _ isIgnored: Bool) {
        #expect(IgnoreRules(pattern).ignore(path, isDirectory: isDirectory) == isIgnored)
    }

    @Test func theLastMatchDecides() {
        let rules = IgnoreRules("*.js\n!keep.js\r\n\n# a comment\n/keep.js\n")
        #expect(rules.ignore("other.js", isDirectory: false))
        #expect(!rules.ignore("deep/keep.js", isDirectory: false))
        #expect(rules.ignore("keep.js", isDirectory: false))
    }

    @Test func manyStarsEndInTime() {
        let stars = String(repeating: "*a", count: 60) + "b"
        #expect(!IgnoreRules(stars).ignore(String(repeating: "a", count: 5_000), isDirectory: false))
        let names = String(repeating: "**/a/", count: 60) + "b"
        #expect(!IgnoreRules(names).ignore(String(repeating: "a/", count: 2_000) + "c", isDirectory: false))
    }
}
