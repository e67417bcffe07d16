import Testing

@testable import HTTPWire

@Suite struct PlainPathTests {
    static let spellings: [(String, String)] = [
        ("/", "/"), ("/a/b.css", "/a/b.css"), ("/a/", "/a/"), ("/%61dmin", "/admin"),
        ("/%41%5a%7E%2d%2E%5f", "/AZ~-._"),
        ("//admin", "/admin"), ("/a///b//", "/a/b/"), ("/./admin", "/admin"), ("/x/../admin", "/admin"),
        ("/x/%2e%2E/admin", "/admin"), ("/x%2f..%2Fadmin", "/admin"), ("/x%5c..%5Cadmin", "/admin"),
        ("/\\admin", "/admin"), ("/x\\..\\admin", "/admin"), ("/..", "/"), ("/../../a", "/a"), ("/a/.", "/a/"),
        ("/a/..", "/"), ("/a/b/..", "/a/"), ("/a/b/../", "/a/"), ("/x/..;v=1/admin", "/admin"), ("/.;/admin", "/admin"),
        ("/;/admin", "/admin"), ("/;v=1/admin", "/admin"), ("/%3b/admin", "/admin"), ("/a/;v", "/a/"),
        ("/a;v/b", "/a;v/b"),
        ("/a/..b/.c/...", "/a/..b/.c/..."), ("/.well-known/x", "/.well-known/x"),
        // A slash in a name stays there, unless there are dots to resolve.
        ("/projects/a%2fb/x", "/projects/a%2Fb/x"), ("/projects/a%2fb/../c", "/projects/a/c"),
        ("/user%3Aadmin%40x%2C%3B%3D%2B%24%26%27%28%29%2A%21", "/user:admin@x,;=+$&'()*!"),
        ("/caf%c3%a9%20x%25%3f%23%00%0d", "/caf%C3%A9%20x%25%3F%23%00%0D"), ("/%2561", "/%2561"),
        ("/%", "/%25"), ("/%6", "/%256"), ("/%zz", "/%25zz"), ("/100%/%61", "/100%25/a"), ("/%%361", "/%2561"),
    ]

    @Test(arguments: spellings) func onePath(path: String, expected: String) {
        #expect(plain(path) == expected)
        #expect(plain(expected) == expected)
        if isPlain(path) { #expect(path == expected) }
    }

    @Test func whatIsNoPathIsPlain() {
        for text in ["", "*", "a%61"] { #expect(isPlain(text)) }
    }

    @Test func whatStandsBeforeStays() {
        var out = Array("x/".utf8)
        PlainPath.append(Array("/a/../..".utf8).span, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "x//")
    }

    private func plain(_ path: String) -> String {
        var out: [UInt8] = []
        PlainPath.append(Array(path.utf8).span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private func isPlain(_ path: String) -> Bool { PlainPath.isPlain(Array(path.utf8).span) }
}
